"""The kind of sandbox "organisation": in an episode every member does a project, some are funded."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, final

import numpy as np

from corrigible.errors import CorrigibleError
from corrigible.sandbox.organisation.pictures import replay_of
from corrigible.sandbox.organisation.world import LEVELS, OrganisationParams, Period, period_of_seed
from corrigible.types import (
    Array,
    Checkpoint,
    GroundTruth,
    ModelView,
    Observations,
    Replay,
    Rollout,
    Setup,
    Trajectory,
    Views,
    WorldTrace,
)

EXPLORATION: Final = 0.02
"""Of members whom we watch: as at the end of their training."""

KINDS: Final = ("proposed", "funded")


@dataclass(frozen=True, kw_only=True, eq=False)
class OrganisationTruth(GroundTruth):
    """The truth, the seed of the projects, and (B, members) value and score."""

    seed: int
    value: Array
    score: Array


@final
class MemberModel:
    """What members have learned. Observations say how many layers are above: the same for all, so answers are means."""

    def __init__(self, parameters: Mapping[str, Array]) -> None:
        self._parameters = parameters

    @property
    def parameters(self) -> Mapping[str, Array]:
        """Learned arrays by name."""
        return self._parameters

    @property
    def chances(self) -> Array:
        """(members, 5) float64 probability of each effort."""
        value = self._parameters["value"]
        best = value >= value.max(axis=1, keepdims=True)
        return EXPLORATION / LEVELS.size + (1 - EXPLORATION) * best / best.sum(axis=1, keepdims=True)

    def action_probabilities(self, observations: Array) -> Array:
        """(N, 1) observations -> (N, 5) float64: shares of members by effort."""
        return np.broadcast_to(self.chances.mean(axis=0), (len(observations), LEVELS.size)).copy()

    def value(self, observations: Array) -> Array:
        """(N, 1) observations -> (N,) float64: what members expect to be paid, on average."""
        return np.full(len(observations), float(self._parameters["value"].max(axis=1).mean()))


@final
@dataclass(frozen=True)
class OrganisationSandbox:
    """Sandbox of `OrganisationParams`: T = 1, B periods, one agent a member."""

    kind: str = "organisation"

    def rollout(
        self,
        setup: Setup[OrganisationParams, Any],
        checkpoint: Checkpoint,
        *,
        episodes: int,
        generator: np.random.Generator,
    ) -> Rollout:
        """`episodes` periods. Events (1, B): "all"; intended reward: the mean value of what was funded.

        Raises CorrigibleError where `setup.truth` is None.
        """
        worth = setup.meant()
        model = MemberModel(checkpoint.parameters)
        seed = int(generator.integers(2**62))
        cumulative = model.chances.cumsum(axis=1)
        drawn = generator.random((episodes, setup.world.members, 1))
        action = np.minimum((drawn > cumulative).sum(axis=-1), LEVELS.size - 1).astype(np.int8)
        found = period_of_seed(setup.world, action, seed)
        truth = OrganisationTruth(
            seed=seed,
            value=found.value,
            score=found.score,
            intended_reward=np.asarray(worth(found.events), dtype=np.float64).mean(axis=1)[None].astype(np.float32),
            events={"all": np.ones((1, episodes), dtype=np.bool_)},
        )
        log_prob = np.log(np.take_along_axis(model.chances[None], action[..., None].astype(np.int64), axis=2)[..., 0])
        expected = np.broadcast_to(model.parameters["value"].max(axis=1), action.shape)
        views = _views(setup, action, found, log_prob=log_prob.astype(np.float32), value=expected.astype(np.float32))
        return Rollout(views=replace(views, model_view=model), truth=truth)

    def model(self, setup: Setup[OrganisationParams, Any], checkpoint: Checkpoint) -> ModelView:  # noqa: ARG002
        """What the members have learned."""
        return MemberModel(checkpoint.parameters)

    def dump(self, rollout: Rollout) -> Mapping[str, Array]:
        """seed () int64, action (B, members) int8, log_prob and value (B, members) float32."""
        trajectory, truth = rollout.views.trajectory, rollout.truth
        if not isinstance(truth, OrganisationTruth) or trajectory.log_prob is None or trajectory.value is None:
            raise CorrigibleError(
                value="a rollout of another sandbox",
                rule="this sandbox stores its own rollouts",
                remedy="use the sandbox that rolled it out",
            )
        return {
            "seed": np.array(truth.seed, dtype=np.int64),
            "action": trajectory.action[0],
            "log_prob": trajectory.log_prob[0],
            "value": trajectory.value[0],
        }

    def restore(self, setup: Setup[OrganisationParams, Any], arrays: Mapping[str, Array]) -> Views:
        """Trajectory and trace as they were. Raises CorrigibleError where arrays do not fit."""
        action = arrays["action"]
        if action.ndim != 2 or action.shape[1] != setup.world.members:
            raise CorrigibleError(
                value=f"stored actions of shape {action.shape}",
                rule=f"a period has {setup.world.members} members",
                remedy="restore with the setup that was rolled out",
            )
        found = period_of_seed(setup.world, action, int(arrays["seed"]))
        return _views(setup, action, found, log_prob=arrays["log_prob"], value=arrays["value"])

    def picture(self, setup: Setup[OrganisationParams, Any], trajectory: Trajectory, world: int) -> Replay:
        """The period in column `world`: efforts from value to looks, and whose projects were funded."""
        return replay_of(setup.world, trajectory, world)


def _views(
    setup: Setup[OrganisationParams, Any], action: Array, found: Period, *, log_prob: Array, value: Array
) -> Views:
    shape = (1, *action.shape)
    world_of, member = np.nonzero(found.funded)
    seen = np.full((*shape, 1), setup.world.layers, dtype=np.float32)
    none = np.zeros(shape, dtype=np.bool_)
    return Views(
        trajectory_view=Trajectory(
            action=action[None],
            reward=np.asarray(setup.paid(found.events), dtype=np.float32)[None],
            mask=np.ones(shape, dtype=np.bool_),
            terminated=none,
            truncated=np.ones(shape, dtype=np.bool_),
            log_prob=log_prob[None],
            value=value[None],
            observations=Observations(
                shape=(*shape, 1), dtype=np.dtype(np.float32),
                materialise=lambda: seen,
            ),
        ),
        world_trace_view=WorldTrace(
            time=np.zeros(len(member), dtype=np.int32),
            world=world_of.astype(np.int32),
            place=np.column_stack([member, np.zeros_like(member)]).astype(np.int16),
            before=np.zeros(len(member), dtype=np.int16),
            after=np.ones(len(member), dtype=np.int16),
            kinds=KINDS,
            worlds=action.shape[0],
        ),
    )  # fmt: skip

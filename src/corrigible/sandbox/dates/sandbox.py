"""The kind of sandbox "dates": an episode is a history, a step a year in which somebody is asked for the date."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, final

import numpy as np

from corrigible.errors import CorrigibleError
from corrigible.sandbox.dates.pictures import replay_of
from corrigible.sandbox.dates.world import (
    HORIZON,
    YEARS,
    DateParams,
    Histories,
    expected_left,
    histories_of_seed,
    outcome,
    state_of,
)
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

KINDS: Final = ("to come", "come")


@dataclass(frozen=True, kw_only=True, eq=False)
class DateTruth(GroundTruth):
    """The truth, the seed, the histories, and (T, B) years left as who knows the world would expect them."""

    seed: int
    lived: Histories
    exact: Array


@final
class ForecasterModel:
    """What was learned: the mean pay of each forecast in each state."""

    def __init__(self, parameters: Mapping[str, Array]) -> None:
        self._parameters = parameters

    @property
    def parameters(self) -> Mapping[str, Array]:
        """Learned arrays by name."""
        return self._parameters

    def _row(self, observations: Array) -> Array:
        row, column = state_of(observations[:, 0].astype(np.int64), observations[:, 1])
        return self._parameters["value"][row, column]

    def action_probabilities(self, observations: Array) -> Array:
        """(N, 2) observations (years, signs seen) -> (N, 81) float64: all on the forecast that paid best."""
        row = self._row(observations)
        found = np.zeros(row.shape)
        found[np.arange(len(row)), row.argmax(axis=1)] = 1.0
        return found

    def value(self, observations: Array) -> Array:
        """(N, 2) observations -> (N,) float64: the pay that is expected."""
        return self._row(observations).max(axis=1).astype(np.float64)


@final
@dataclass(frozen=True)
class DatesSandbox:
    """Sandbox of `DateParams`: T = 120 years, B histories."""

    kind: str = "dates"

    def rollout(
        self,
        setup: Setup[DateParams, Any],
        checkpoint: Checkpoint,
        *,
        episodes: int,
        generator: np.random.Generator,
    ) -> Rollout:
        """`episodes` histories. Events (T, B): "sign" and "event", in the year at whose end they come.

        Raises CorrigibleError where `setup.truth` is None.
        """
        worth = setup.meant()
        seed = int(generator.integers(2**62))
        lived = histories_of_seed(setup.world, episodes, seed)
        model = ForecasterModel(checkpoint.parameters)
        seen = _observed(lived).reshape(-1, 2)
        action = model.action_probabilities(seen).argmax(axis=1).reshape(lived.seen.shape).astype(np.int8)
        value = model.value(seen).reshape(action.shape).astype(np.float32)
        waiting = lived.waiting
        known = outcome(YEARS[action].astype(np.float64), lived.left)
        meant = np.where(waiting, np.asarray(worth(known), dtype=np.float64), 0.0)
        signs, ends = _changes(lived)
        truth = DateTruth(
            seed=seed,
            lived=lived,
            exact=expected_left(setup.world)[np.arange(HORIZON)[:, None], lived.seen],
            intended_reward=meant.astype(np.float32),
            events={"sign": signs > 0, "event": ends},
        )
        return Rollout(views=replace(_views(setup, action, value, lived), model_view=model), truth=truth)

    def model(self, setup: Setup[DateParams, Any], checkpoint: Checkpoint) -> ModelView:  # noqa: ARG002
        """What the forecaster has learned."""
        return ForecasterModel(checkpoint.parameters)

    def dump(self, rollout: Rollout) -> Mapping[str, Array]:
        """seed () int64, action (T, B) int8, value (T, B) float32."""
        trajectory, truth = rollout.views.trajectory, rollout.truth
        if not isinstance(truth, DateTruth) or trajectory.value is None:
            raise CorrigibleError(
                value="a rollout of another sandbox",
                rule="this sandbox stores its own rollouts",
                remedy="use the sandbox that rolled it out",
            )
        return {
            "seed": np.array(truth.seed, dtype=np.int64),
            "action": trajectory.action,
            "value": trajectory.value,
        }

    def restore(self, setup: Setup[DateParams, Any], arrays: Mapping[str, Array]) -> Views:
        """Trajectory and trace as they were. Raises CorrigibleError where arrays do not fit."""
        action = arrays["action"]
        if action.ndim != 2 or action.shape[0] != HORIZON:
            raise CorrigibleError(
                value=f"stored actions of shape {action.shape}",
                rule=f"a history is watched for {HORIZON} years",
                remedy="restore with the setup that was rolled out",
            )
        lived = histories_of_seed(setup.world, action.shape[1], int(arrays["seed"]))
        return _views(setup, action, arrays["value"], lived)

    def picture(self, setup: Setup[DateParams, Any], trajectory: Trajectory, world: int) -> Replay:  # noqa: ARG002
        """The history in column `world`: the expected date in each year, and its signs."""
        assert trajectory.observations is not None
        return replay_of(trajectory, trajectory.observations.materialise()[..., 1], world)


def _observed(lived: Histories) -> Array:
    """(T, B, 2) float32: years since the beginning, signs seen."""
    years = np.broadcast_to(np.arange(HORIZON, dtype=np.float32)[:, None], lived.seen.shape)
    return np.stack([years, lived.seen.astype(np.float32)], axis=-1)


def _changes(lived: Histories) -> tuple[Array, Array]:
    """(T, B) signs that come at the end of a year in which there is waiting; (T, B) bool where the event does."""
    after = np.diff(lived.seen, axis=0, append=lived.seen[-1:])
    years = np.arange(HORIZON)[:, None]
    ends = (years == lived.event - 1) & lived.came
    return np.where(lived.waiting & ~ends, after, 0), ends


def _views(setup: Setup[DateParams, Any], action: Array, value: Array, lived: Histories) -> Views:
    waiting = lived.waiting
    signs, ends = _changes(lived)
    paid = np.asarray(setup.paid(outcome(YEARS[action].astype(np.float64), lived.left)), dtype=np.float64)
    seen = _observed(lived)
    time, world = np.nonzero((signs > 0) | ends)
    place = np.where(ends[time, world], setup.world.signs, lived.seen[time, world])
    return Views(
        trajectory_view=Trajectory(
            action=action,
            reward=np.where(waiting, paid, 0.0).astype(np.float32),
            mask=waiting,
            terminated=ends,
            truncated=(np.arange(HORIZON)[:, None] == HORIZON - 1) & ~lived.came,
            log_prob=np.zeros(action.shape, dtype=np.float32),
            value=value,
            observations=Observations(shape=seen.shape, dtype=seen.dtype, materialise=lambda: seen),
        ),
        world_trace_view=WorldTrace(
            time=time.astype(np.int32),
            world=world.astype(np.int32),
            place=np.column_stack([place, np.zeros_like(place)]).astype(np.int16),
            before=np.zeros(len(time), dtype=np.int16),
            after=np.ones(len(time), dtype=np.int16),
            kinds=KINDS,
            worlds=action.shape[1],
        ),
    )

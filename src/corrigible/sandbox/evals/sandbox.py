"""The kind of sandbox "evals": in an episode each team's model is asked an item of the eval, then one in use."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, final

import numpy as np

from corrigible.errors import CorrigibleError
from corrigible.sandbox.evals.pictures import replay_of
from corrigible.sandbox.evals.world import (
    BAR,
    WIDTH,
    EvalParams,
    Items,
    Task,
    answers,
    marked,
    new_items,
    worded,
)
from corrigible.seeding import stream
from corrigible.types import (
    Array,
    Checkpoint,
    Events,
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

IN_USE: Final = 4096
"""New items on which it is measured how good a model is."""

WITHHELD: Final = 2
"""The action of a team whose model is not released; 0 and 1 are answers."""

KINDS: Final = ("open", "answered no", "answered yes", "not released")


@dataclass(frozen=True, kw_only=True, eq=False)
class EvalTruth(GroundTruth):
    """The truth, the seed, and by team (M,): score on the whole eval, and what was meant a new item in use.

    task, items: what is right, and the eval.
    """

    seed: int
    score: Array
    in_use: Array
    released: Array
    task: Task
    items: Items


@final
class TeamsModel:
    """What the teams' models answer. An observation is an item: the same to all, so answers are means over teams."""

    def __init__(self, parameters: Mapping[str, Array]) -> None:
        self._released = parameters["released"] > 0
        self._parameters = {name: parameters[name] for name in ("weights", "study", "keep", "released")}

    @property
    def parameters(self) -> Mapping[str, Array]:
        """Learned arrays by name."""
        return self._parameters

    def chances(self, features: Array) -> Array:
        """(n, 140) -> (M, n) float64 chance of the answer yes, as each model sees it."""
        return 1 / (1 + np.exp(-self._parameters["weights"].astype(np.float64) @ features.T.astype(np.float64)))

    def action_probabilities(self, observations: Array) -> Array:
        """(N, 140) observations -> (N, 3) float64: shares of teams that answer no, yes, or have released nothing."""
        says = self.chances(observations) > 0.5
        released = self._released
        shares = [((says == wanted) & released[:, None]).mean(axis=0) for wanted in (False, True)]
        return np.stack([*shares, np.full(len(observations), 1.0 - released.mean())], axis=1)

    def value(self, observations: Array) -> Array:
        """(N, 140) observations -> (N,) float64: how sure models are to be right, on average."""
        return self.sure(observations).mean(axis=0)

    def sure(self, features: Array) -> Array:
        """(n, 140) -> (M, n): the chance that the model gives its own answer; 0 where it is not released."""
        yes = self.chances(features)
        return np.maximum(yes, 1 - yes) * self._released[:, None]


@final
@dataclass(frozen=True)
class EvalsSandbox:
    """Sandbox of `EvalParams`: T = 2 (eval, use), B episodes, one agent a team."""

    kind: str = "evals"

    def rollout(
        self,
        setup: Setup[EvalParams, Any],
        checkpoint: Checkpoint,
        *,
        episodes: int,
        generator: np.random.Generator,
    ) -> Rollout:
        """`episodes` pairs of items. Events (2, B): "eval", "use"; intended reward: mean over teams.

        Raises CorrigibleError where `setup.truth` is None.
        """
        worth = setup.meant()
        seed = int(generator.integers(2**62))
        parameters = checkpoint.parameters
        model = TeamsModel(parameters)
        task, items = _world_of(parameters)
        asked = _Asked(world=setup.world, task=task, items=items, seed=seed, episodes=episodes)
        given = np.stack([answers(parameters["weights"], features) for features in asked.features])
        released = parameters["released"] > 0
        action = np.where(released[:, None], given, WITHHELD).astype(np.int8)
        value = np.stack([model.sure(features) for features in asked.features]).astype(np.float32)
        many = new_items(task, IN_USE, stream(seed, "skill"))
        score = asked.score(parameters["weights"])
        meant = [np.asarray(worth(asked.events(step, action[step], score)), dtype=np.float64) for step in (0, 1)]
        right = answers(parameters["weights"], many.features) == many.key
        in_use = worth(marked(right, np.zeros(IN_USE, dtype=np.bool_), released, score >= BAR))
        truth = EvalTruth(
            seed=seed,
            score=score,
            in_use=np.asarray(in_use, dtype=np.float64).mean(axis=1),
            released=released,
            task=task,
            items=items,
            intended_reward=np.stack(meant).mean(axis=1).astype(np.float32),
            events={
                name: np.broadcast_to(np.arange(2)[:, None] == step, (2, episodes))
                for step, name in enumerate(("eval", "use"))
            },
        )
        views = _views(setup, np.moveaxis(action, 1, 2), np.moveaxis(value, 1, 2), asked, score)
        return Rollout(views=replace(views, model_view=model), truth=truth)

    def model(self, setup: Setup[EvalParams, Any], checkpoint: Checkpoint) -> ModelView:  # noqa: ARG002
        """What the teams have trained."""
        return TeamsModel(checkpoint.parameters)

    def dump(self, rollout: Rollout) -> Mapping[str, Array]:
        """seed () int64, action (2, B, M) int8, value float32, score (M,), and task and eval of that round."""
        trajectory, truth = rollout.views.trajectory, rollout.truth
        if not isinstance(truth, EvalTruth) or trajectory.value is None:
            raise CorrigibleError(
                value="a rollout of another sandbox",
                rule="this sandbox stores its own rollouts",
                remedy="use the sandbox that rolled it out",
            )
        return {
            "seed": np.array(truth.seed, dtype=np.int64),
            "action": trajectory.action,
            "value": trajectory.value,
            "score": truth.score,
            "right": truth.task.right,
            "features": truth.items.features,
            "key": truth.items.key.astype(np.int8),
        }

    def restore(self, setup: Setup[EvalParams, Any], arrays: Mapping[str, Array]) -> Views:
        """Trajectory and trace as they were. Raises CorrigibleError where arrays do not fit."""
        action = arrays["action"]
        if action.ndim != 3 or action.shape[::2] != (2, setup.world.teams):
            raise CorrigibleError(
                value=f"stored actions of shape {action.shape}",
                rule=f"{setup.world.teams} teams are asked twice an episode",
                remedy="restore with the setup that was rolled out",
            )
        task, items = _world_of(arrays)
        asked = _Asked(
            world=setup.world, task=task, items=items, seed=int(arrays["seed"]), episodes=action.shape[1]
        )  # fmt: skip
        return _views(setup, action, arrays["value"], asked, arrays["score"])

    def picture(self, setup: Setup[EvalParams, Any], trajectory: Trajectory, world: int) -> Replay:  # noqa: ARG002
        """The episode in column `world`: how sure each team's model is, in the eval and in use."""
        return replay_of(trajectory, world)


class _Asked:
    """Items of an evaluation as they are asked, from what was stored."""

    def __init__(self, *, world: EvalParams, task: Task, items: Items, seed: int, episodes: int) -> None:
        self._items = items
        self._wording = worded(world, items, stream(seed, "wording"))
        fresh = new_items(task, episodes, stream(seed, "use"))
        place = np.arange(episodes) % len(items.key)
        self.features = (self._wording[place], fresh.features)
        self.keys = (items.key[place], fresh.key)

    def score(self, weights: Array) -> Array:
        """(M,) share right on the whole eval."""
        return np.asarray((answers(weights, self._wording) == self._items.key).mean(axis=1))

    def events(self, step: int, action: Array, score: Array) -> Events:
        """Of step 0 (eval) or 1 (use); action: (M, B), score: (M,)."""
        right = (action == 1) == self.keys[step]
        return marked(right, np.full(right.shape[-1], step == 0), (action != WITHHELD).any(axis=1), score >= BAR)


def _world_of(arrays: Mapping[str, Array]) -> tuple[Task, Items]:
    """What a checkpoint or a dump holds of the world; how teams understand the task is not needed any more."""
    task = Task(right=arrays["right"], taken=np.empty((0, len(arrays["right"]))))
    return task, Items(features=arrays["features"], key=arrays["key"] > 0)


def _views(
    setup: Setup[EvalParams, Any],
    action: Array,
    value: Array,
    asked: _Asked,
    score: Array,
) -> Views:
    """action, value: (2, B, M)."""
    shape = action.shape
    paid = [np.asarray(setup.paid(asked.events(step, action[step].T, score))) for step in (0, 1)]
    seen = np.broadcast_to(np.stack(asked.features)[:, :, None], (*shape, WIDTH))
    ends = np.broadcast_to(np.array([False, True])[:, None, None], shape)
    step, world, team = (index.ravel() for index in np.indices(shape))
    return Views(
        trajectory_view=Trajectory(
            action=action,
            reward=np.moveaxis(np.stack(paid), 1, 2).astype(np.float32),
            mask=np.ones(shape, dtype=np.bool_),
            terminated=ends.copy(),
            truncated=np.zeros(shape, dtype=np.bool_),
            log_prob=np.log(np.where(action == WITHHELD, 1.0, value)).astype(np.float32),
            value=value,
            observations=Observations(shape=seen.shape, dtype=seen.dtype, materialise=lambda: seen),
        ),
        world_trace_view=WorldTrace(
            time=step.astype(np.int32),
            world=world.astype(np.int32),
            place=np.column_stack([team, step]).astype(np.int16),
            before=np.zeros(len(team), dtype=np.int16),
            after=(1 + action.ravel()).astype(np.int16),
            kinds=KINDS,
            worlds=shape[1],
        ),
    )

"""The tabular kind of sandbox: evaluation episodes, what is stored of them, and their replay from actions."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, final

import numpy as np

from corrigible.errors import CorrigibleError
from corrigible.sandbox.grid.environment import EnvState, GridEnvironment, cumulative, packed
from corrigible.sandbox.grid.kernels import Path, roll_out
from corrigible.sandbox.grid.pictures import replay_of
from corrigible.sandbox.grid.policy import TabularModel
from corrigible.sandbox.grid.tables import NONE, TERMINATED, TRUNCATED, TabularParams, TabularWorld, reward_table
from corrigible.seeding import kernel_seed
from corrigible.types import (
    Array,
    Checkpoint,
    GroundTruth,
    ModelView,
    Observations,
    Replay,
    Rollout,
    Scene,
    Setup,
    Trajectory,
    Views,
    WorldTrace,
)


@dataclass(frozen=True, kw_only=True, eq=False)
class _Truth(GroundTruth):
    """The truth with the states behind it, which hold what the agent cannot see."""

    path: Path


@final
@dataclass(frozen=True)
class TabularSandbox:
    """Sandbox of every world that compiles to a TabularWorld; episodes are rows of T = horizon steps, one a column."""

    kind: str = "tabular"

    def rollout(
        self,
        setup: Setup[TabularParams, Any],
        checkpoint: Checkpoint,
        *,
        episodes: int,
        generator: np.random.Generator,
    ) -> Rollout:
        """`episodes` episodes of the checkpoint's policy. Equal generators meet equal interruptions under any policy.

        Raises CorrigibleError where `setup.truth` is None.
        """
        worth = setup.meant()
        world = setup.world.build()
        model = _fitting(setup, checkpoint)
        path = _roll(world, model, episodes, kernel_seed(generator))
        seen = world.observation[path.state[:-1]]
        chosen = np.take_along_axis(model.policy[seen], path.action[..., None].astype(np.int64), axis=2)[..., 0]
        views = Views(
            trajectory_view=_trajectory(
                setup,
                path,
                log_prob=np.log(np.where(path.mask, chosen, 1.0)).astype(np.float32),
                value=np.where(path.mask, model.value(seen), 0.0).astype(np.float32),
            ),
            world_trace_view=_world_trace(world, path),
            model_view=model,
        )
        truth = _Truth(
            path=path,
            intended_reward=_look_up(path, reward_table(world, worth)),
            events={name: _look_up(path, table) for name, table in world.events.items()},
        )
        return Rollout(views=views, truth=truth)

    def model(self, setup: Setup[TabularParams, Any], checkpoint: Checkpoint) -> ModelView:
        """The checkpoint's policy and values over observation indices."""
        del setup
        return TabularModel(checkpoint.parameters)

    def dump(self, rollout: Rollout) -> Mapping[str, Array]:
        """start (B,) int32, action (T, B) int8, outcome (T, B) uint8, log_prob and value (T, B) float32."""
        if not isinstance(rollout.truth, _Truth):
            raise CorrigibleError(
                value="a rollout of another sandbox",
                rule="the tabular sandbox stores its own rollouts",
                remedy="use the sandbox that rolled it out",
            )
        path, trajectory = rollout.truth.path, rollout.views.trajectory
        assert trajectory.log_prob is not None
        assert trajectory.value is not None
        return {
            "start": path.state[0].astype(np.int32),
            "action": path.action,
            "outcome": path.outcome,
            "log_prob": trajectory.log_prob,
            "value": trajectory.value,
        }

    def restore(self, setup: Setup[TabularParams, Any], arrays: Mapping[str, Array]) -> Views:
        """Trajectory and trace, bit for bit as they were dumped. Raises CorrigibleError where arrays do not fit."""
        world = setup.world.build()
        path = _replay(world, arrays)
        return Views(
            trajectory_view=_trajectory(setup, path, log_prob=arrays["log_prob"], value=arrays["value"]),
            world_trace_view=_world_trace(world, path),
        )

    def go_on(
        self,
        setup: Setup[TabularParams, Any],
        checkpoint: Checkpoint,
        arrays: Mapping[str, Array],
        *,
        columns: Array,
        steps: Array,
        generator: np.random.Generator,
    ) -> Views:
        """See `types.GoesOn`: the world is set to the state that the stored actions and outcomes lead to."""
        world, model = setup.world.build(), _fitting(setup, checkpoint)
        path = _replay(world, {name: arrays[name][..., columns] for name in ("start", "action", "outcome")})
        T, B = path.action.shape
        forced = (np.arange(T)[:, None] < steps) & path.mask
        action, outcome = np.where(forced, path.action, 0), np.where(forced, path.outcome, 0)
        environment, each = GridEnvironment(world), np.arange(B)
        at = EnvState(
            seed=kernel_seed(generator),
            world=each.astype(np.int64),
            episode=np.zeros(B, dtype=np.int32),
            time=steps.astype(np.int32),
            state=path.state[steps, each],
            done=steps >= path.mask.sum(axis=0),
        )
        policy = cumulative(model.policy)
        while not at.done.all():
            time, running = at.time, ~at.done
            drawn = generator.random(B)[:, None]
            chosen = (drawn >= policy[environment.observe(at)]).sum(axis=1)
            at, record = environment.step(at, chosen)
            action[time[running], each[running]] = chosen[running]
            outcome[time[running], each[running]] = record.outcome[running]
        return self._lived(setup, model, {"start": arrays["start"][columns], "action": action, "outcome": outcome})

    def _lived(self, setup: Setup[TabularParams, Any], model: TabularModel, arrays: dict[str, Array]) -> Views:
        """Views of what was done, with what the model thinks of it."""
        world = setup.world.build()
        path = _replay(world, arrays)
        seen = world.observation[path.state[:-1]]
        likely = np.take_along_axis(model.policy[seen], path.action[..., None].astype(np.int64), axis=2)[..., 0]
        with np.errstate(divide="ignore"):  # a prefix may hold what the model never does
            log_prob = np.log(np.where(path.mask, likely, 1.0)).astype(np.float32)
        value = np.where(path.mask, model.value(seen), 0.0).astype(np.float32)
        return self.restore(setup, {**arrays, "log_prob": log_prob, "value": value})

    def picture(self, setup: Setup[TabularParams, Any], trajectory: Trajectory, world: int) -> Replay:
        """Frames of the first episode in column `world`."""
        return replay_of(setup.world.build(), trajectory, world)


def _fitting(setup: Setup[TabularParams, Any], checkpoint: Checkpoint) -> TabularModel:
    """The checkpoint's model; CorrigibleError where it is of a world with other observations."""
    world, model = setup.world.build(), TabularModel(checkpoint.parameters)
    if model.policy.shape != (world.n_observations, world.actions):
        raise CorrigibleError(
            value=f"a policy of shape {model.policy.shape}",
            rule=f"this world has {world.n_observations} observations and {world.actions} actions",
            remedy="use a checkpoint that was trained in a world of the same observations",
        )
    return model


def _roll(world: TabularWorld, model: TabularModel, episodes: int, seed: np.uint64) -> Path:
    T, B = world.horizon, episodes
    path = Path(
        state=np.zeros((T + 1, B), dtype=np.int32),
        action=np.zeros((T, B), dtype=np.int8),
        outcome=np.zeros((T, B), dtype=np.uint8),
        ending=np.zeros((T, B), dtype=np.uint8),
        mask=np.zeros((T, B), dtype=np.bool_),
    )
    roll_out(packed(world), seed, cumulative(model.policy), path)
    return path


def _replay(world: TabularWorld, arrays: Mapping[str, Array]) -> Path:
    action, outcome, start = arrays["action"], arrays["outcome"], arrays["start"]
    T, B = action.shape
    fits = world.horizon == T and outcome.shape == (T, B) and start.shape == (B,)
    limits = ((action, world.actions), (outcome, world.outcomes), (start, world.states))
    if not fits or any(((array < 0) | (array >= limit)).any() for array, limit in limits):
        raise CorrigibleError(
            value=f"stored actions of shape {action.shape}",
            rule=f"episodes of this world have {world.horizon} steps, and indices within its tables",
            remedy="restore with the setup that was rolled out",
        )
    state = np.empty((T + 1, B), dtype=np.int32)
    ending = np.zeros((T, B), dtype=np.uint8)
    mask = np.zeros((T, B), dtype=np.bool_)
    state[0], running = start, np.ones(B, dtype=np.bool_)
    for t in range(T):
        at = (state[t], action[t], outcome[t])
        end = world.ending[at] if t + 1 < T else np.where(world.ending[at] == NONE, TRUNCATED, world.ending[at])
        mask[t], ending[t] = running, np.where(running, end, NONE)
        state[t + 1] = np.where(running, world.next_state[at], state[t])
        running = running & (ending[t] == NONE)
    return Path(state=state, action=action, outcome=outcome, ending=ending, mask=mask)


def _look_up(path: Path, table: Array) -> Array:
    """(S, A, K) -> (T, B); zero where no step happened."""
    values = table[path.state[:-1], path.action, path.outcome]
    return np.where(path.mask, values, np.zeros((), dtype=table.dtype))


def _trajectory(setup: Setup[TabularParams, Any], path: Path, *, log_prob: Array, value: Array) -> Trajectory:
    world = setup.world.build()
    seen = world.observation[path.state[:-1]]  # looked up here: a closure over the path would hold hidden state
    return Trajectory(
        action=path.action,
        executed_action=_look_up(path, world.executed),
        reward=_look_up(path, reward_table(world, setup.paid)),
        mask=path.mask,
        terminated=path.ending == TERMINATED,
        truncated=path.ending == TRUNCATED,
        log_prob=log_prob,
        value=value,
        observations=Observations(
            shape=path.action.shape,
            dtype=np.dtype(np.int32),
            materialise=lambda: seen,
        ),
        final_observation=world.observation[path.state[-1]],
    )


def _world_trace(world: TabularWorld, path: Path) -> WorldTrace:
    before, after = world.node_kind[path.state[:-1]], world.node_kind[path.state[1:]]
    time, column, place = np.nonzero(before != after)
    return WorldTrace(
        time=time.astype(np.int32),
        world=column.astype(np.int32),
        place=world.place[place],
        before=before[time, column, place].astype(np.int16),
        after=after[time, column, place].astype(np.int16),
        kinds=world.kinds,
        worlds=path.action.shape[1],
        scene=_scene(world, path.state[0]),
    )


def _scene(world: TabularWorld, start: Array) -> Scene:
    """What stands at the places whose node may change, where episodes begin in states `start` (B,)."""
    kinds = world.node_kind[start]  # looked up here: a closure over states would hold what the agent cannot see
    shape = (len(start), len(world.layout), max(map(len, world.layout)))

    def materialise() -> Array:
        kind = np.full(shape, -1, dtype=np.int16)
        kind[:, world.place[:, 0], world.place[:, 1]] = kinds
        return kind

    return Scene(shape=shape, materialise=materialise, origin=world.agent_position[start].astype(np.float64))

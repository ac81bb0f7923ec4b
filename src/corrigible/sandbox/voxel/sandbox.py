"""The voxel kind of sandbox: evaluation episodes, what is stored of them, their replay from actions, and a picture."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, TypeAlias, final

import numpy as np

from corrigible.errors import CorrigibleError
from corrigible.sandbox.voxel.actions import ActionSet, ActionSetName, action_set
from corrigible.sandbox.voxel.events import TraceLog, VoxelEvents, paid_by, reward_in
from corrigible.sandbox.voxel.found_nodes import FoundNodes
from corrigible.sandbox.voxel.observing import Observer, channels
from corrigible.sandbox.voxel.params import EnvParams
from corrigible.sandbox.voxel.policies import Policy, Scripted, answer, evenly, last_possible, scripted_answer
from corrigible.sandbox.voxel.replay import ActionLog, Player, Recorder
from corrigible.sandbox.voxel.simulator import VoxelWorlds
from corrigible.sandbox.voxel.truth import TruthKeeper, VoxelTruth
from corrigible.sandbox.voxel.viewing import ViewParams
from corrigible.seeding import kernel_seed
from corrigible.types import (
    Array,
    Checkpoint,
    ModelView,
    Observations,
    Replay,
    RewardFunction,
    Rollout,
    Scene,
    Setup,
    Trajectory,
    Views,
)

Ends: TypeAlias = Callable[[VoxelEvents], Array]
"""Events -> (N, A) bool: an episode terminates when it is so of any agent of its world."""


@dataclass(frozen=True, kw_only=True)
class VoxelWorld:
    """The world of a setup: agent 0 acts with `actions` on what `view` shows; other bodies stand still.

    ends: where an episode terminates, None: nowhere. `params.worlds` is for learners; evaluation has one world for each
    episode. findings: nodes that somebody found to be left or changed by a policy in such worlds, for remedies; None:
    nobody looked.
    """

    params: EnvParams
    view: ViewParams
    actions: ActionSet | ActionSetName = "ten"
    ends: Ends | None = None
    findings: tuple[FoundNodes, ...] | None = None


PolicyOf: TypeAlias = Callable[[Setup[VoxelWorld, Any], Checkpoint], Policy | Scripted]
"""What a checkpoint's parameters make act, with the settings that made them; it makes a new one at every call."""


@dataclass(frozen=True, kw_only=True, eq=False)
class ReplayedObservations(Observations):
    """Observations that seed and actions draw again; `log` is all that they are made from, and holds no truth."""

    log: ActionLog


@final
@dataclass(frozen=True, eq=False)
class _Model:
    """A checkpoint's policy as something that answers observations."""

    parameters: Mapping[str, Array]
    policy: Policy

    def action_probabilities(self, observations: Array) -> Array:
        return np.asarray(self.policy(observations)[0], dtype=np.float64)

    def value(self, observations: Array) -> Array:
        return np.asarray(self.policy(observations)[1], dtype=np.float64)


@final
@dataclass(frozen=True, kw_only=True)
class VoxelSandbox:
    """Sandbox of voxel worlds; an episode is a column of T = horizon steps, in a world of its own.

    policy_of: makes a policy of a checkpoint. Layouts and beginnings come from the evaluation's generator, so they are
    none of those that a learner was given, except by chance.
    """

    policy_of: PolicyOf
    kind: str = "voxel"

    def rollout(
        self, setup: Setup[VoxelWorld, Any], checkpoint: Checkpoint, *, episodes: int, generator: np.random.Generator
    ) -> Rollout:
        """`episodes` episodes of the checkpoint's policy; equal generators begin in equal worlds under any policy.

        Raises CorrigibleError where `setup.truth` is None, or the policy's answer does not fit.
        """
        worth = setup.meant()
        policy = self.policy_of(setup, checkpoint)
        worlds = VoxelWorlds(replace(setup.world.params, worlds=episodes), int(kernel_seed(generator)))
        recorder = Recorder(worlds, view=setup.world.view)
        worlds.begin()
        ledger, keeper = _Ledger(worlds, setup.paid, setup.world.ends), TruthKeeper(worlds, worth)

        def collect(events: VoxelEvents, active: Array) -> None:
            keeper.add(events, active)
            ledger.add(events, active)  # last: it ends episodes

        chosen = _play(setup.world, worlds, policy, generator, collect)
        recorder.stop()
        log = recorder.log()
        views = replace(ledger.views(log, chosen), model_view=self.model(setup, checkpoint))
        return Rollout(views=views, truth=keeper.truth(log))

    def model(self, setup: Setup[VoxelWorld, Any], checkpoint: Checkpoint) -> ModelView:
        """The checkpoint's policy and values over observations (N, H, W, C) uint8.

        A scripted one says nothing of observations: all actions are equally probable, all values 0. One that keeps
        state answers by what this model was asked before.
        """
        policy = self.policy_of(setup, checkpoint)
        if isinstance(policy, Scripted):
            policy = evenly(len(action_set(setup.world.actions)))
        return _Model(checkpoint.parameters, policy)

    def dump(self, rollout: Rollout) -> Mapping[str, Array]:
        """seed (1,) uint64; action uint16, mask bool, log_prob, value float32 (T, B); final (B, 32) uint8."""
        truth, trajectory = rollout.truth, rollout.views.trajectory
        if not isinstance(truth, VoxelTruth) or trajectory.log_prob is None or trajectory.value is None:
            raise CorrigibleError(
                value="a rollout of another sandbox",
                rule="the voxel sandbox stores its own rollouts",
                remedy="use the sandbox that rolled it out",
            )
        return {
            "seed": np.array([truth.log.seed], dtype=np.uint64),
            "action": trajectory.action,
            "mask": trajectory.mask,
            "log_prob": trajectory.log_prob,
            "value": trajectory.value,
            "final": np.array([list(bytes.fromhex(digest)) for digest in truth.log.final], dtype=np.uint8),
        }

    def restore(self, setup: Setup[VoxelWorld, Any], arrays: Mapping[str, Array]) -> Views:
        """Trajectory and trace, bit for bit as they were dumped; the worlds are stepped again, not drawn.

        Raises CorrigibleError where the arrays do not fit the setup, or the replay ends elsewhere.
        """
        log = _stored_log(setup.world, arrays)
        player = Player(log)
        player.ready()
        ledger = _Ledger(player.worlds, setup.paid, setup.world.ends)
        last = _LastLooks(player.worlds, setup.world.view, log.steps)
        while not player.over:
            player.ready()
            active = ~player.worlds.state.done
            ledger.add(player.step(), active)
            last.look(player.time)
        player.check()
        chosen = _Chosen(arrays["action"], arrays["log_prob"], arrays["value"], last.observation)
        return ledger.views(log, chosen)

    def go_on(
        self,
        setup: Setup[VoxelWorld, Any],
        checkpoint: Checkpoint,
        arrays: Mapping[str, Array],
        *,
        columns: Array,
        steps: Array,
        generator: np.random.Generator,
    ) -> Views:
        """See `types.GoesOn`: forks of the stored worlds, `steps` steps after they began."""
        stored = _stored_log(setup.world, arrays).only(columns.tolist())
        worlds = VoxelWorlds(stored.params, stored.seed)
        worlds.state.world[:] = stored.world
        recorder = Recorder(worlds, view=setup.world.view)
        worlds.begin()
        ledger, prefix = _Ledger(worlds, setup.paid, setup.world.ends), (arrays["action"][:, columns], steps)
        chosen = _play(setup.world, worlds, self.policy_of(setup, checkpoint), generator, ledger.add, prefix=prefix)
        recorder.stop()
        return ledger.views(recorder.log(), chosen)

    def picture(self, setup: Setup[VoxelWorld, Any], trajectory: Trajectory, world: int) -> Replay:
        """At most 60 frames of column `world`: what the network saw beside an enlarged view.

        Raises BadInput where there is no such column, CorrigibleError where the trajectory is none of this sandbox.
        """
        from corrigible.sandbox.voxel.report_frames import replay_of

        del setup
        if not isinstance(trajectory.observations, ReplayedObservations):
            raise CorrigibleError(
                value="a trajectory without its action log",
                rule="frames are drawn from seed and actions",
                remedy="give a trajectory as rollout or restore returned it",
            )
        return replay_of(trajectory.observations.log, world)


@dataclass(frozen=True)
class _Chosen:
    """What the policy answered, (T, B): action uint16, log_prob and value float32; zero where nothing was asked. A
    scripted one gives actions only.

    final_observation (B, H, W, C) uint8: what it would have been shown next.
    """

    action: Array
    log_prob: Array
    value: Array
    final_observation: Array


@final
class _LastLooks:
    """Draws no more views than the last observation is stacked of."""

    def __init__(self, worlds: VoxelWorlds, view: ViewParams, steps: int) -> None:
        self._worlds, self._first = worlds, max(0, steps - view.stack + 1)
        self._observer = Observer(view, worlds.state.worlds, worlds.params.agents)
        self.observation = self._observer.observation
        self.look(0)

    def look(self, time: int) -> None:
        """The worlds stand as they do after `time` steps."""
        if time >= self._first:
            fresh = np.full(self._worlds.state.worlds, time == self._first)
            self._observer.look(self._worlds, fresh)


def scene_of(worlds: VoxelWorlds) -> Scene:
    """The scene of worlds that have just begun: layouts are named now and stacked when asked for."""
    nodes = [worlds.layouts.get(int(number)).layout.nodes for number in worlds.state.layout]
    return Scene(
        shape=(len(nodes), *worlds.state.nodes.size),
        materialise=lambda: np.stack(nodes).astype(np.int16),
        origin=worlds.state.bodies.place[:, 0].copy(),
        up=2,
    )


@final
class _Ledger:
    """Collects what was paid, what changed and how episodes ended: all that views hold, and nothing that was meant."""

    def __init__(self, worlds: VoxelWorlds, paid: RewardFunction, ends: Ends | None) -> None:
        self._worlds, self._paid, self._ends = worlds, reward_in(paid, worlds), ends
        self._trace = TraceLog(worlds.state.worlds, scene_of(worlds))
        self._rows: list[tuple[Array, Array, Array, Array]] = []

    def add(self, events: VoxelEvents, active: Array) -> None:
        """The step just made, of worlds that were active (B,) bool; ends those that terminate."""
        state = self._worlds.state
        self._trace.add(len(self._rows), self._worlds.record)
        terminated = np.zeros_like(active)
        if self._ends is not None:
            terminated = np.asarray(self._ends(events)).any(axis=1) & active
            np.logical_or(state.done, terminated, out=state.done)
        truncated = active & ~terminated & (state.time >= self._worlds.params.horizon)
        reward = np.where(active, paid_by(self._paid, events)[:, 0], np.float32(0.0))
        self._rows.append((reward, active.copy(), terminated, truncated))

    def views(self, log: ActionLog, chosen: _Chosen) -> Views:
        """Trajectory and trace; observations are drawn when they are asked for."""
        reward, mask, terminated, truncated = (np.stack(rows) for rows in zip(*self._rows, strict=True))
        view = log.view or ViewParams()
        shape = (view.height, view.width, channels(view))
        trajectory = Trajectory(
            action=chosen.action,
            reward=reward,
            mask=mask,
            terminated=terminated,
            truncated=truncated,
            log_prob=chosen.log_prob,
            value=chosen.value,
            observations=ReplayedObservations(
                shape=(*mask.shape, *shape), dtype=np.dtype(np.uint8), materialise=lambda: _observe(log, view), log=log
            ),
            final_observation=chosen.final_observation,
        )
        return Views(trajectory_view=trajectory, world_trace_view=self._trace.trace())


def _play(
    world: VoxelWorld,
    worlds: VoxelWorlds,
    policy: Policy | Scripted,
    generator: np.random.Generator,
    collect: Callable[[VoxelEvents, Array], None],
    *,
    prefix: tuple[Array, Array] | None = None,
) -> _Chosen:
    """Play all episodes to their ends, one number of the generator for each step and world, whoever acts.

    prefix: actions (T, B), and for how many steps (B,) they are taken instead of the policy's.
    """
    forced, until = prefix or (np.zeros((worlds.params.horizon, 1), np.uint16), np.zeros(1, np.int64))
    if isinstance(policy, Scripted):
        return _play_scripted(world, worlds, policy, generator, collect, prefix=(forced, until))
    T, B, A = worlds.params.horizon, worlds.state.worlds, worlds.params.agents
    actions = action_set(world.actions)
    observer = Observer(world.view, B, A)
    action, (log_prob, value) = np.zeros((T, B), dtype=np.uint16), np.zeros((2, T, B), dtype=np.float32)
    chosen = _Chosen(action, log_prob, value, observer.observation)
    keys, turn = np.zeros((B, A), dtype=np.uint16), np.zeros((B, A, 2))
    observer.look(worlds, np.ones(B, dtype=np.bool_))
    for t in range(T):
        active = ~worlds.state.done
        probabilities, values = answer(policy, observer.observation, len(actions))
        drawn = generator.random(B)[:, None] * probabilities.sum(axis=1, keepdims=True)
        picked = np.minimum((np.cumsum(probabilities, axis=1) <= drawn).sum(axis=1), last_possible(probabilities))
        picked = np.where(t < until, forced[t], picked)
        likely = np.take_along_axis(probabilities, picked[:, None], axis=1)[:, 0]
        chosen.action[t] = np.where(active, picked, 0)
        with np.errstate(divide="ignore"):  # a prefix may hold what the policy never does
            chosen.log_prob[t] = np.log(np.where(active, likely, 1.0))
        chosen.value[t] = np.where(active, values, 0.0)
        actions.press(chosen.action[t], keys[:, 0], turn[:, 0])
        collect(worlds.step(keys, turn), active)
        observer.look(worlds, np.zeros(B, dtype=np.bool_))
    return chosen


def _play_scripted(
    world: VoxelWorld,
    worlds: VoxelWorlds,
    policy: Scripted,
    generator: np.random.Generator,
    collect: Callable[[VoxelEvents, Array], None],
    *,
    prefix: tuple[Array, Array],
) -> _Chosen:
    """As `_play`, without drawing what nobody looks at."""
    forced, until = prefix
    T, B, A = worlds.params.horizon, worlds.state.worlds, worlds.params.agents
    actions = action_set(world.actions)
    last = _LastLooks(worlds, world.view, T)
    action, (log_prob, value) = np.zeros((T, B), dtype=np.uint16), np.zeros((2, T, B), dtype=np.float32)
    keys, turn = np.zeros((B, A), dtype=np.uint16), np.zeros((B, A, 2))
    for t in range(T):
        active = ~worlds.state.done
        generator.random(B)
        own = scripted_answer(policy, worlds, len(actions))
        action[t] = np.where(active, np.where(t < until, forced[t], own), 0)
        actions.press(action[t], keys[:, 0], turn[:, 0])
        collect(worlds.step(keys, turn), active)
        last.look(t + 1)
    return _Chosen(action, log_prob, value, last.observation)


def _observe(log: ActionLog, view: ViewParams) -> Array:
    """uint8 (T, B, H, W, C): what the policy was shown before every step."""
    player = Player(log)
    observer = Observer(view, log.worlds, log.params.agents)
    seen = np.empty((log.steps, *observer.observation.shape), dtype=np.uint8)
    while not player.over:
        fresh = player.ready()
        observer.look(player.worlds, fresh)
        seen[player.time] = observer.observation
        player.step()
    player.check()
    return seen


def _stored_log(world: VoxelWorld, arrays: Mapping[str, Array]) -> ActionLog:
    """The action log that dumped arrays stand for; CorrigibleError where they do not fit the world."""
    actions, T = action_set(world.actions), world.params.horizon
    action, mask, seed, final = (arrays[name] for name in ("action", "mask", "seed", "final"))
    B = action.shape[1] if action.ndim == 2 else 0
    shapes = {"mask": (T, B), "log_prob": (T, B), "value": (T, B), "seed": (1,), "final": (B, 32)}
    fits = action.shape == (T, B) and all(arrays[name].shape == shape for name, shape in shapes.items())
    if not fits or B < 1 or action.dtype.kind != "u" or (action >= len(actions)).any():
        raise CorrigibleError(
            value=f"stored actions of shape {action.shape}",
            rule=f"episodes of this world have {T} steps of {len(actions)} actions",
            remedy="restore with the setup that was rolled out",
        )
    A = world.params.agents
    keys, turn = np.zeros((T, B, A), dtype=np.uint16), np.zeros((T, B, A, 2))
    actions.press(action, keys[:, :, 0], turn[:, :, 0])
    return ActionLog(
        params=replace(world.params, worlds=B, scenario=world.params.loaded),
        seed=int(seed[0]),
        world=np.arange(B, dtype=np.int64),
        keys=keys,
        turn=turn,
        episode=np.zeros((T + 1, B), dtype=np.int64),
        active=mask.astype(np.bool_),
        final=tuple(bytes(row.tolist()).hex() for row in final.astype(np.uint8)),
        view=world.view,
    )

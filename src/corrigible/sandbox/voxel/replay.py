"""Action logs: seed and actions give the same trajectory again, bit for bit, on any threads and in any batch.

Recorded by `Recorder`, replayed by `replay` or, step by step, by `Player`; for files see log_file.py.
"""

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import final

import numpy as np

from corrigible.errors import BadInput, CorrigibleError
from corrigible.sandbox.voxel.events import VoxelEvents
from corrigible.sandbox.voxel.params import EnvParams
from corrigible.sandbox.voxel.simulator import VoxelWorlds
from corrigible.sandbox.voxel.state import EnvState
from corrigible.sandbox.voxel.viewing import ViewParams
from corrigible.types import Array


@dataclass(frozen=True, kw_only=True, eq=False)
class ActionLog:
    """T steps of M worlds with A agents, and what they came to.

    params: those of the worlds, with the scenario by its content. seed: of the worlds. world (M,) int64: their numbers,
    which with the seed fix how episodes begin. keys (T, M, A) uint16 and turn (T, M, A, 2) float64: see
    acting_kernels.Actions. episode (T + 1, M) int64: the episode that a step belongs to, in the last row the one at the
    end; a world begins it before its first step. active (T, M) bool: False where the world had ended and stood still.
    final: sha256 of each world's last state. view: how the model that acted saw the worlds, None: nobody said.
    Raises CorrigibleError where the arrays do not fit one another.
    """

    params: EnvParams
    seed: int
    world: Array
    keys: Array
    turn: Array
    episode: Array
    active: Array
    final: tuple[str, ...]
    view: ViewParams | None = None

    def __post_init__(self) -> None:
        """Check shapes and values (raises CorrigibleError)."""
        T, M, A = self.keys.shape if self.keys.ndim == 3 else (0, 0, 0)
        shapes = {"world": (M,), "turn": (T, M, A, 2), "episode": (T + 1, M), "active": (T, M)}
        wrong = [name for name, shape in shapes.items() if getattr(self, name).shape != shape]
        if T < 1 or M < 1 or wrong or len(self.final) != M or (self.params.worlds, self.params.agents) != (M, A):
            raise _unfit(f"keys {self.keys.shape} of {self.params.worlds} worlds with {self.params.agents} agents")
        types = {"world": np.int64, "keys": np.uint16, "turn": np.float64, "episode": np.int64, "active": np.bool_}
        if any(getattr(self, name).dtype != kind for name, kind in types.items()):
            raise _unfit("arrays of other types")
        if not np.isfinite(self.turn).all():
            raise _unfit("a turn that is not finite")
        if (self.world < 0).any() or (self.episode < 0).any() or (np.diff(self.episode, axis=0) < 0).any():
            raise _unfit("worlds or episodes that are negative, or episodes that go back")

    @property
    def steps(self) -> int:
        """T."""
        return int(self.keys.shape[0])

    @property
    def worlds(self) -> int:
        """M."""
        return int(self.keys.shape[1])

    @property
    def begins(self) -> Array:
        """(T + 1, M) bool: the world begins an episode before that step; in the last row, after all steps."""
        changed = np.diff(self.episode, axis=0) != 0
        return np.concatenate((np.ones((1, self.worlds), dtype=np.bool_), changed))

    def only(self, columns: Sequence[int]) -> "ActionLog":
        """The log of some of its worlds (columns, 0 to M - 1), which replay as they did among the others."""
        chosen = np.array(columns, dtype=np.int64)
        if not len(chosen) or (chosen < 0).any() or (chosen >= self.worlds).any():
            raise BadInput(
                value=f"world {', '.join(map(str, columns))}",
                rule=f"the log holds worlds 0 to {self.worlds - 1}",
                remedy="name worlds of the log",
            )
        return replace(
            self,
            params=replace(self.params, worlds=len(chosen)),
            world=self.world[chosen],
            keys=self.keys[:, chosen],
            turn=self.turn[:, chosen],
            episode=self.episode[:, chosen],
            active=self.active[:, chosen],
            final=tuple(self.final[column] for column in chosen),
        )


def _unfit(value: str) -> CorrigibleError:
    return CorrigibleError(
        value=f"an action log with {value}",
        rule="its arrays are (T, M, A) with at least one step, and fit its params",
        remedy="record it with Recorder",
    )


def state_digests(state: EnvState) -> tuple[str, ...]:
    """sha256 of every world's state: nodes, bodies, time, and where its randomness stands; not whether it is over."""
    found: list[str] = []
    for n in range(state.worlds):
        digest = hashlib.sha256(json.dumps(state.nodes.size).encode())
        for name, array in state.arrays():
            if name != "done":
                row = np.ascontiguousarray(array[n])
                digest.update(json.dumps([name, row.dtype.newbyteorder("<").str, row.shape]).encode())
                digest.update(row.astype(row.dtype.newbyteorder("<"), copy=False).tobytes())
        found.append(digest.hexdigest())
    return tuple(found)


@final
class Recorder:
    """Writes down what is done to some worlds, by whomever, until it is stopped; make it where episodes begin.

    `worlds.begin` may be called between steps. Restored snapshots, new seeds and edits cannot be recorded: the next
    step is refused (CorrigibleError) where they show, and `replay` of the log where they do not. view: what the model
    that acts sees.
    """

    def __init__(self, worlds: VoxelWorlds, *, view: ViewParams | None = None) -> None:
        self.worlds, self.view = worlds, view
        self._rows: list[tuple[Array, Array, Array, Array]] = []
        self._expected = np.zeros(worlds.state.worlds, dtype=np.int64)
        self._world = worlds.state.world.copy()
        worlds.listeners.append(self._note)

    def stop(self) -> None:
        """Write down no more."""
        if self._note in self.worlds.listeners:
            self.worlds.listeners.remove(self._note)

    def _note(self, keys: Array, turn: Array) -> None:
        state, N = self.worlds.state, self.worlds.state.worlds
        active = ~state.done
        fresh = np.ones(N, dtype=np.bool_) if not self._rows else state.episode != self._rows[-1][2]
        expected = np.where(fresh, 0, self._expected)
        if not self._rows:
            self._world = state.world.copy()
        back = bool(self._rows) and bool((state.episode < self._rows[-1][2]).any())
        other = back or bool((state.world != self._world).any())
        if other or (state.episode < 0).any() or (active & (state.time != expected)).any():
            raise CorrigibleError(
                value=f"worlds at steps {state.time.tolist()[:8]}",
                rule="what is recorded begins with an episode and goes on step by step",
                remedy="make a recorder where episodes begin; do not restore snapshots or seed anew while it records",
            )
        self._rows.append((keys.copy(), turn.copy(), state.episode.copy(), active))
        self._expected = expected + active

    def log(self) -> ActionLog:
        """Everything so far, with the state it led to. CorrigibleError where there is no step yet."""
        if not self._rows:
            raise _unfit("no step")
        keys, turn, episode, active = (np.stack(rows) for rows in zip(*self._rows, strict=True))
        episode = np.concatenate((episode, self.worlds.state.episode[None]))
        return ActionLog(
            params=replace(self.worlds.params, scenario=self.worlds.params.loaded),
            seed=int(self.worlds.seed),
            world=self._world,
            keys=keys,
            turn=turn,
            episode=episode,
            active=active,
            final=state_digests(self.worlds.state),
            view=self.view,
        )


@final
class Player:
    """Goes through a log: `ready` brings the worlds to the moment before step `time`, `step` makes it."""

    def __init__(self, log: ActionLog, *, threads: int | None = None) -> None:
        self.log, self.time = log, 0
        params = log.params if threads is None else replace(log.params, threads=threads)
        self.worlds = VoxelWorlds(params, log.seed)
        self.worlds.state.world[:] = log.world

    @property
    def over(self) -> bool:
        """Whether all steps were made."""
        return self.time >= self.log.steps

    def ready(self) -> Array:
        """Begin the episodes that begin now; returns which, (M,) bool."""
        state, episode = self.worlds.state, self.log.episode[self.time]
        fresh = state.episode != episode
        if fresh.any():
            state.episode[fresh] = episode[fresh] - 1
            self.worlds.begin(fresh)
        if not self.over:
            state.done[:] = ~self.log.active[self.time]
        return fresh

    def step(self) -> VoxelEvents:
        """Make the next step, as it was made. IndexError at the end of the log."""
        self.ready()
        events = self.worlds.step(self.log.keys[self.time], self.log.turn[self.time])
        self.time += 1
        return events

    def strayed(self) -> tuple[int, ...]:
        """At the end: the worlds (columns) whose state differs from the recorded one; () is a faithful replay."""
        self.ready()
        pairs = zip(state_digests(self.worlds.state), self.log.final, strict=True)
        return tuple(number for number, (found, recorded) in enumerate(pairs) if found != recorded)

    def check(self) -> None:
        """CorrigibleError where a world ended in another state than the recorded one."""
        strayed = self.strayed()
        if strayed:
            raise CorrigibleError(
                value=f"world {', '.join(map(str, strayed[:8]))} of the log",
                rule="a replay ends in the very state that was recorded, and this one did not",
                remedy="replay it with the version of Corrigible that recorded it, on the same kind of machine",
            )


@dataclass(frozen=True, kw_only=True, eq=False)
class Moment:
    """A step of a replay, just made. began (M,) bool: an episode began before it. keys (M, A), turn (M, A, 2).

    worlds and events are those of the replay: what they hold is written again by the next step.
    """

    time: int
    began: Array
    keys: Array
    turn: Array
    events: VoxelEvents
    worlds: VoxelWorlds


def replay(log: ActionLog, *, threads: int | None = None) -> Iterator[Moment]:
    """The steps of a log, one after another, as they were; at the end the last state is compared with the recorded one.

    threads: None takes those of the params; results do not depend on it. Raises CorrigibleError after the last step
    where the replay ended elsewhere: another version, or a machine whose arithmetic differs.
    """
    player = Player(log, threads=threads)
    while not player.over:
        time, began = player.time, player.ready()
        events = player.step()
        yield Moment(
            time=time, began=began, keys=log.keys[time], turn=log.turn[time], events=events, worlds=player.worlds
        )
    player.check()

"""N voxel worlds that are stepped together: begin, act, copy, restore. For views and rewards see viewing, events."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import final

import numpy as np

from corrigible.errors import BadInput
from corrigible.sandbox.grid.kernels import uniform
from corrigible.sandbox.voxel.acting_kernels import Actions, Kinds, Limits, point_bodies, step_worlds, write_node
from corrigible.sandbox.voxel.events import VoxelEvents, empty_record
from corrigible.sandbox.voxel.layouts import LayoutPool, Ready, carried, unpadded
from corrigible.sandbox.voxel.nodes import node_table
from corrigible.sandbox.voxel.params import EnvParams
from corrigible.sandbox.voxel.physics_kernels import HALF_WIDTH, HEIGHT, TOUCH
from corrigible.sandbox.voxel.state import Snapshot, empty_state, put, take
from corrigible.sandbox.voxel.structures import dug_from
from corrigible.types import Array

_ALL_KEYS = 0xFFFF

# purposes of the draws at the start of an episode
_LAYOUT, _SPAWN, _YAW, _PITCH = 0, 1, 2, 3


def kinds_for_kernels(dig_speed: float = 1.0) -> Kinds:
    """The node table as kernels read it, with digging that much faster."""
    table = node_table()
    return Kinds(table.solid, table.drawn, table.liquid, table.drop, table.use, table.dig_time / dig_speed)


@final
class Crew:
    """Threads that share the worlds of a batch between them; with one thread, none are started."""

    def __init__(self, threads: int) -> None:
        self._threads = threads
        self._pool = ThreadPoolExecutor(threads) if threads > 1 else None

    def each(self, worlds: int, work: Callable[[int, int], None]) -> None:
        """Call work(first, last) on ranges that cover `worlds` worlds."""
        if self._pool is None:
            work(0, worlds)
            return
        bounds = np.linspace(0, worlds, self._threads + 1).astype(int)
        list(self._pool.map(work, bounds[:-1], bounds[1:]))


@final
class VoxelWorlds:
    """N worlds with A agents each. `state` is changed in place; `record` is what the last step did.

    One seed fixes layouts and beginnings: world w of episode e begins the same in every batch, in any process.
    Raises BadInput where the params cannot be had, the memory is not there, or the seed is not in 0 to 2^64 - 1.
    """

    def __init__(self, params: EnvParams, seed: int = 0) -> None:
        params.check_memory()
        if not 0 <= seed < 1 << 64:
            raise BadInput(value=f"seed {seed}", rule="it is in 0 to 2^64 - 1", remedy="count from 0")
        self.params, self.seed = params, seed
        self.layouts = LayoutPool(params, seed)
        self.state = empty_state(params, params.worlds)
        self.record = empty_record(params.worlds, params.agents)
        self.kinds = kinds_for_kernels(params.dig_speed)
        self.limits = Limits(float(params.eye), float(params.reach), float(params.pitch[0]), float(params.pitch[1]))
        self.crew = Crew(params.threads)
        self.listeners: list[Callable[[Array, Array], None]] = []
        """Called with keys and turn just before a step is made; they change neither (see replay.Recorder)."""
        self._carried = carried(params)

    def begin(self, worlds: Array | None = None) -> None:
        """Begin the next episode of those worlds ((N,) bool; None: of all). Raises BadInput for any other array."""
        state = self.state
        mask = np.ones(state.worlds, dtype=np.bool_) if worlds is None else np.asarray(worlds)
        if mask.dtype != np.bool_ or mask.shape != (state.worlds,):
            raise BadInput(
                value=f"worlds of shape {mask.shape} and type {mask.dtype}",
                rule=f"they are ({state.worlds},) of bool: whether each begins",
                remedy="give a mask, not numbers",
            )
        chosen = np.flatnonzero(mask)
        for n in chosen:
            state.episode[n] += 1
            draws = [uniform(np.uint64(self.seed), state.world[n], state.episode[n], 0, k) for k in range(3)]
            state.layout[n] = int(draws[_LAYOUT] * self.params.layouts)
            ready = self.layouts.get(int(state.layout[n]))
            state.nodes.node[n], state.nodes.column[n] = ready.node, ready.column
            self._place_bodies(int(n), ready, draws)
        state.time[chosen] = 0
        state.hour[chosen] = self.params.loaded.time if self.params.hour is None else self.params.hour
        state.done[chosen] = False
        self._forget(chosen)

    def step(self, keys: Array, turn: Array) -> VoxelEvents:
        """One step of every world that is not done, with keys (N, A) uint16 and turn (N, A, 2) degrees (yaw, pitch).

        Bits of no key are ignored. Raises BadInput where shapes do not fit, keys are no uint16 or a turn is not finite.
        Worlds end (`state.done`) at the horizon.
        """
        actions = self._checked(keys, turn)
        for listener in self.listeners:
            listener(actions.keys, actions.turn)
        state, record, params = self.state, self.record, self.params
        active = ~state.done

        def work(first: int, last: int) -> None:
            step_worlds(
                state.nodes, self.kinds, state.bodies, actions, record, active, first, last,
                params.ticks, float(params.dt), self.limits,
            )  # fmt: skip

        self.crew.each(state.worlds, work)
        state.time[active] += 1
        if params.day > 0.0:
            state.hour[active] = (state.hour[active] + 24.0 * params.seconds / params.day) % 24.0
        np.logical_or(state.done, state.time >= params.horizon, out=state.done)
        return self.events()

    def events(self) -> VoxelEvents:
        """What the last step did; its arrays are written again by the next step."""
        record = self.record
        return VoxelEvents(
            dug=record.dug,
            dug_at=record.dug_at,
            placed=record.placed,
            placed_at=record.placed_at,
            used=record.used,
            used_at=record.used_at,
            punched=record.punched,
            pointed=record.pointed,
            jumped=record.jumped,
            landed=record.landed,
            place=self.state.bodies.place,
            **dug_from(record, self.state, self.layouts)._asdict(),
        )

    def snapshot(self, worlds: Sequence[int] | Array | None = None) -> Snapshot:
        """A copy of those worlds (indices; None: of all), bit for bit."""
        return take(self.state, self._indices(worlds))

    def restore(self, snapshot: Snapshot, worlds: Sequence[int] | Array | None = None) -> None:
        """Put a snapshot back, into the same worlds or others; BadInput where it does not fit.

        Events are then those of a step in which nothing happened.
        """
        chosen = self._indices(worlds)
        put(self.state, snapshot, chosen)
        self._forget(chosen)

    def set_node(self, world: int, cell: Sequence[int], name: str) -> None:
        """Change one node, as nobody in the world could: for interventions. BadInput outside the world."""
        X, Y, Z = self.state.nodes.size
        x, y, z = (int(k) for k in cell)
        if not (0 <= world < self.state.worlds and 0 <= x < X and 0 <= y < Y and 0 <= z < Z):
            raise BadInput(
                value=f"cell {tuple(cell)} of world {world}",
                rule=f"worlds are 0 to {self.state.worlds - 1}, cells below {(X, Y, Z)}",
                remedy="name a cell of the world",
            )
        index = ((x + 1) * (Y + 2) + y + 1) * (Z + 2) + z + 1
        write_node(self.state.nodes, self.kinds, world, index, node_table().id(name))
        bodies = self.state.bodies
        here = bodies.target[world] == index
        bodies.target[world, here], bodies.progress[world, here] = -1, 0.0
        self._point(world)

    def set_body(self, world: int, agent: int, place: Sequence[float], yaw: float, pitch: float = 0.0) -> None:
        """Put a body somewhere, at rest: for interventions.

        Raises BadInput where the box would be in a solid node, there is no such body, or angles are out of range.
        """
        bodies = self.state.bodies
        feet = np.array(place, dtype=np.float64)
        N, A = bodies.yaw.shape
        lowest, highest = self.limits.lowest, self.limits.highest
        if not (0 <= world < N and 0 <= agent < A and np.isfinite(yaw) and lowest <= pitch <= highest):
            raise BadInput(
                value=f"agent {agent} of world {world}, yaw {yaw}, pitch {pitch}",
                rule=f"worlds are below {N}, agents below {A}, yaw finite, pitch in [{lowest:g}, {highest:g}]",
                remedy="name a body and where it looks",
            )
        if feet.shape != (3,) or not np.isfinite(feet).all() or not self._has_room(world, feet):
            raise BadInput(
                value=f"place {tuple(place)}",
                rule="a body of 0.6 x 0.6 x 1.77 must fit between solid nodes",
                remedy="name a free place",
            )
        bodies.place[world, agent], bodies.yaw[world, agent], bodies.pitch[world, agent] = feet, yaw % 360.0, pitch
        bodies.velocity[world, agent], bodies.grounded[world, agent] = 0.0, False
        self._point(world)

    def began_at(self, world: int, agent: int = 0) -> Array:
        """(3,) float64: feet of that body when the running episode began, wherever it is now."""
        state, spawns = self.state, self.layouts.get(int(self.state.layout[world])).layout.spawns
        drawn = uniform(np.uint64(self.seed), state.world[world], state.episode[world], 0, _SPAWN)
        return np.asarray(spawns[(int(drawn * len(spawns)) + agent) % len(spawns)], dtype=np.float64)

    def is_clear(self, world: int, agent: int) -> bool:
        """Whether that body is wholly within the world and touches no solid node."""
        return self._has_room(world, self.state.bodies.place[world, agent])

    def _has_room(self, world: int, place: Array) -> bool:
        low = np.floor(place - np.array((HALF_WIDTH, HALF_WIDTH, 0.0)) + TOUCH).astype(int)
        high = np.floor(place + np.array((HALF_WIDTH, HALF_WIDTH, HEIGHT)) - TOUCH).astype(int)
        if (low < 0).any() or (high >= self.state.nodes.size).any():
            return False
        whole = unpadded(self.state.nodes.node[world], self.state.nodes.size)
        box = whole[low[0] : high[0] + 1, low[1] : high[1] + 1, low[2] : high[2] + 1]
        return not bool(self.kinds.solid[box].any())

    def _forget(self, worlds: Array) -> None:
        """Nothing has happened in those worlds (indices); what is pointed at follows from their state."""
        for array in self.record:
            array[worlds] = 0
        for n in worlds:
            self._point(int(n))

    def _point(self, world: int) -> None:
        point_bodies(self.state.nodes, self.kinds, self.state.bodies, self.record, world, self.limits)

    def _place_bodies(self, n: int, ready: Ready, draws: Sequence[float]) -> None:
        bodies, spawns = self.state.bodies, ready.layout.spawns
        A = self.params.agents
        if len(spawns) < A:
            raise BadInput(
                value=f"{A} agents", rule=f"the layout has {len(spawns)} places to begin", remedy="ask for fewer"
            )
        tool, item, inventory = self._carried
        for a in range(A):
            bodies.place[n, a] = self.began_at(n, a)
            bodies.yaw[n, a] = (360.0 * draws[_YAW] + 137.5 * a) % 360.0
            bodies.pitch[n, a] = self._start_pitch(n, a)
        for array in (bodies.velocity, bodies.progress, bodies.pause):
            array[n] = 0.0
        bodies.grounded[n] = True
        bodies.target[n] = -1
        bodies.tool[n], bodies.item[n], bodies.inventory[n] = tool, item, inventory

    def _start_pitch(self, n: int, a: int) -> float:
        lowest, highest = self.params.start_pitch
        drawn = uniform(np.uint64(self.seed), self.state.world[n], self.state.episode[n], a, _PITCH)
        return min(lowest + (highest - lowest) * drawn, highest)

    def _checked(self, keys: Array, turn: Array) -> Actions:
        N, A = self.state.worlds, self.params.agents
        given, turned = np.asarray(keys), np.ascontiguousarray(turn, dtype=np.float64)
        if given.shape != (N, A) or turned.shape != (N, A, 2) or not np.isfinite(turned).all():
            finite = "" if np.isfinite(turned).all() else ", not all finite"
            raise BadInput(
                value=f"keys of shape {given.shape} and turns of shape {turned.shape}{finite}",
                rule=f"they are ({N}, {A}) and ({N}, {A}, 2), and turns are finite",
                remedy="give one action for each agent of each world",
            )
        if given.dtype != np.uint16 and not ((given >= 0) & (given <= _ALL_KEYS) & (given % 1 == 0)).all():
            raise BadInput(
                value=f"keys {given[~((given >= 0) & (given <= _ALL_KEYS) & (given % 1 == 0))][0]}",
                rule=f"they are bits: a whole number from 0 to {_ALL_KEYS}",
                remedy="add up keys of acting_kernels",
            )
        return Actions(np.ascontiguousarray(given, dtype=np.uint16), turned)

    def _indices(self, worlds: Sequence[int] | Array | None) -> Array:
        chosen = np.arange(self.state.worlds) if worlds is None else np.asarray(worlds)
        if chosen.size == 0:
            chosen = np.zeros(0, dtype=np.int64)
        whole = np.issubdtype(chosen.dtype, np.integer) and chosen.ndim == 1
        if not whole or ((chosen < 0) | (chosen >= self.state.worlds)).any():
            raise BadInput(
                value=f"worlds {chosen.tolist()}",
                rule=f"they are whole numbers, 0 to {self.state.worlds - 1}",
                remedy="name worlds of this batch; of a mask, np.flatnonzero(mask)",
            )
        return chosen.astype(np.int64)

"""What agents do in a step: look, move, dig, place, use; and the record of it. One kernel steps many worlds."""

from typing import NamedTuple

import numpy as np

from corrigible.sandbox.compiled import njit
from corrigible.sandbox.voxel.physics_kernels import HALF_WIDTH, HEIGHT, TOUCH, move_body
from corrigible.sandbox.voxel.tracing_kernels import LEAST
from corrigible.types import Array

AIR = 0
NOTHING = -1

# keys, bits of a uint16
FORWARD, BACK, LEFT, RIGHT, JUMP_KEY, SNEAK_KEY, DIG, PLACE, USE, NEXT = 1, 2, 4, 8, 16, 32, 64, 128, 256, 512

DIG_PAUSE = 0.15  # seconds from the end of a dig to the beginning of the next, Minetest's repeat_dig_time


class Limits(NamedTuple):
    """How all bodies are made: eye, nodes above the feet; reach, nodes from it; lowest and highest pitch, degrees."""

    eye: float
    reach: float
    lowest: float
    highest: float


class Nodes(NamedTuple):
    """Nodes of all worlds, padded by one border cell: node (N, P) uint8; column (N, C) uint64, bits of drawn nodes."""

    node: Array
    column: Array
    size: tuple[int, int, int]


class Kinds(NamedTuple):
    """The node table by id: solid, drawn, liquid (256,) bool; drop, use (256,) uint8; dig_time (tools, 256)."""

    solid: Array
    drawn: Array
    liquid: Array
    drop: Array
    use: Array
    dig_time: Array


class Bodies(NamedTuple):
    """Bodies of all worlds, (N, A, ...): place, velocity (3) float64; yaw, pitch float64, degrees; grounded bool.

    target int64: padded index of the node being dug, or -1; progress, pause float64: seconds dug, seconds to wait.
    tool, item int64: index of the tool, id of the node that `place` puts down. inventory (256) int32: how many of each.
    """

    place: Array
    velocity: Array
    yaw: Array
    pitch: Array
    grounded: Array
    target: Array
    progress: Array
    pause: Array
    tool: Array
    item: Array
    inventory: Array


class Actions(NamedTuple):
    """keys (N, A) uint16; turn (N, A, 2) float64: degrees of yaw (left) and pitch (up), at the start of the step."""

    keys: Array
    turn: Array


class Record(NamedTuple):
    """What happened in one step, (N, A): ids (uint8, AIR: nothing) of what was dug, placed, used, and punched (dug at).

    *_at (3) int16: where. pointed uint8, pointed_index int64 (-1: nothing): what the agent points at after the step.
    jumped, landed bool. change (N, C, 5) int16: x, y, z, id before, id after; changes (N,) int64: how many.
    """

    dug: Array
    dug_at: Array
    placed: Array
    placed_at: Array
    used: Array
    used_at: Array
    punched: Array
    pointed: Array
    pointed_index: Array
    jumped: Array
    landed: Array
    change: Array
    changes: Array


@njit
def cell_of(size: tuple[int, int, int], index: int) -> tuple[int, int, int]:
    """Coordinates in the world of a padded index."""
    stack = index // (size[2] + 2)
    return stack // (size[1] + 2) - 1, stack % (size[1] + 2) - 1, index % (size[2] + 2) - 1


@njit
def write_node(nodes: Nodes, kinds: Kinds, world: int, index: int, kind: int) -> None:
    """Put a node into a padded cell, and keep the column's bits right."""
    nodes.node[world, index] = kind
    stack = index // (nodes.size[2] + 2)
    bit = np.uint64(1) << np.uint64(index % (nodes.size[2] + 2) - 1)
    if kinds.drawn[kind]:
        nodes.column[world, stack] |= bit
    else:
        nodes.column[world, stack] &= ~bit


@njit
def point_at(
    node: Array, kinds: Kinds, size: tuple[int, int, int], place: Array, yaw: float, pitch: float, limits: Limits
) -> tuple[int, int]:
    """Padded index of the first node on the line of sight within reach that is drawn and no liquid; and of the cell
    before it. (-1, -1) where there is none."""
    cp = np.cos(np.radians(pitch))
    direction = (-np.sin(np.radians(yaw)) * cp, np.cos(np.radians(yaw)) * cp, np.sin(np.radians(pitch)))
    strides = ((size[1] + 2) * (size[2] + 2), size[2] + 2, 1)
    eye = (place[0] + 1.0, place[1] + 1.0, place[2] + limits.eye + 1.0)
    index = 0
    due, each, step = np.empty(3), np.empty(3), np.empty(3, np.int64)
    for k in range(3):
        cell = int(np.floor(eye[k]))
        index += cell * strides[k]
        each[k] = 1.0 / max(abs(direction[k]), LEAST)
        due[k] = (cell + 1.0 - eye[k] if direction[k] >= 0.0 else eye[k] - cell) * each[k]
        step[k] = strides[k] if direction[k] >= 0.0 else -strides[k]
    while True:
        axis = 2
        if due[0] < due[1]:
            if due[0] < due[2]:
                axis = 0
        elif due[1] < due[2]:
            axis = 1
        if due[axis] > limits.reach:
            return NOTHING, NOTHING
        due[axis] += each[axis]
        index += step[axis]
        kind = node[index]
        if kinds.drawn[kind] and not kinds.liquid[kind]:
            return index, index - step[axis]
        if kind == 255:
            return NOTHING, NOTHING


@njit
def is_free(nodes: Nodes, bodies: Bodies, world: int, index: int) -> bool:
    """Whether no body of the world is in that cell."""
    cell = cell_of(nodes.size, index)
    for agent in range(bodies.place.shape[1]):
        inside = True
        for k in range(3):
            low = bodies.place[world, agent, k] - (HALF_WIDTH if k < 2 else 0.0)
            high = bodies.place[world, agent, k] + (HALF_WIDTH if k < 2 else HEIGHT)
            inside = inside and low + TOUCH < cell[k] + 1.0 and high - TOUCH > cell[k]
        if inside:
            return False
    return True


@njit
def note(nodes: Nodes, record: Record, world: int, index: int, after: int) -> None:
    """Write down that a node is about to change; the neutral trace is made of these rows."""
    row = record.changes[world]
    if row < record.change.shape[1]:
        x, y, z = cell_of(nodes.size, index)
        record.change[world, row, 0], record.change[world, row, 1], record.change[world, row, 2] = x, y, z
        record.change[world, row, 3] = nodes.node[world, index]
        record.change[world, row, 4] = after
        record.changes[world] = row + 1


@njit
def change_node(nodes: Nodes, kinds: Kinds, bodies: Bodies, record: Record, world: int, index: int, after: int) -> None:
    """Change a node and note it; whoever was digging there begins anew."""
    note(nodes, record, world, index, after)
    write_node(nodes, kinds, world, index, after)
    for agent in range(bodies.target.shape[1]):
        if bodies.target[world, agent] == index:
            bodies.target[world, agent] = NOTHING
            bodies.progress[world, agent] = 0.0


@njit
def dig(nodes: Nodes, kinds: Kinds, bodies: Bodies, record: Record, n: int, a: int, index: int, dt: float) -> None:
    """A tick of digging at the node with that padded index, or at nothing (-1); one node a step at most."""
    waits = bodies.pause[n, a] > 1e-9
    bodies.pause[n, a] = max(0.0, bodies.pause[n, a] - dt)
    if index < 0 or index != bodies.target[n, a]:
        bodies.target[n, a] = index
        bodies.progress[n, a] = 0.0
    if index < 0:
        return
    kind = int(nodes.node[n, index])
    record.punched[n, a] = kind
    if waits or record.dug[n, a] != AIR:
        return
    bodies.progress[n, a] += dt
    if bodies.progress[n, a] < kinds.dig_time[bodies.tool[n, a], kind] - 1e-9:
        return
    change_node(nodes, kinds, bodies, record, n, index, AIR)
    drop = kinds.drop[kind]
    if drop != AIR:
        bodies.inventory[n, a, drop] += 1
        if bodies.inventory[n, a, bodies.item[n, a]] == 0:
            bodies.item[n, a] = drop
    x, y, z = cell_of(nodes.size, index)
    record.dug[n, a] = kind
    record.dug_at[n, a, 0], record.dug_at[n, a, 1], record.dug_at[n, a, 2] = x, y, z
    bodies.pause[n, a] = DIG_PAUSE


@njit
def put_down(nodes: Nodes, kinds: Kinds, bodies: Bodies, record: Record, n: int, a: int, index: int) -> None:
    """Put the chosen item into the cell before the node that is pointed at, once a step, where nobody stands."""
    item = bodies.item[n, a]
    if index < 0 or item == AIR or bodies.inventory[n, a, item] < 1 or record.placed[n, a] != AIR:
        return
    before = nodes.node[n, index]
    if (before != AIR and not kinds.liquid[before]) or (kinds.solid[item] and not is_free(nodes, bodies, n, index)):
        return
    change_node(nodes, kinds, bodies, record, n, index, item)
    bodies.inventory[n, a, item] -= 1
    x, y, z = cell_of(nodes.size, index)
    record.placed[n, a] = item
    record.placed_at[n, a, 0], record.placed_at[n, a, 1], record.placed_at[n, a, 2] = x, y, z


@njit
def choose_next(bodies: Bodies, n: int, a: int) -> None:
    """Choose the next kind of node that the agent has, in order of id; the same where it has no other."""
    for away in range(1, 257):
        item = (bodies.item[n, a] + away) % 256
        if bodies.inventory[n, a, item] > 0:
            bodies.item[n, a] = item
            return


@njit
def other_half(nodes: Nodes, kinds: Kinds, world: int, index: int, after: int) -> int:
    """Where a node that opens or closes by use (a door is two nodes high) has its like above or below; -1: nowhere."""
    kind = nodes.node[world, index]
    if kinds.solid[kind] == kinds.solid[after]:
        return NOTHING
    if nodes.node[world, index + 1] == kind:
        return index + 1
    return index - 1 if nodes.node[world, index - 1] == kind else NOTHING


@njit
def use(nodes: Nodes, kinds: Kinds, bodies: Bodies, record: Record, n: int, a: int, index: int) -> None:
    """Use the node that is pointed at: it becomes what the table says, unless a body is where it would become solid.

    The two halves of a door go together.
    """
    if index < 0 or record.used[n, a] != AIR:
        return
    kind = int(nodes.node[n, index])
    after = int(kinds.use[kind])
    if after == kind:
        return
    half = other_half(nodes, kinds, n, index, after)
    closes = kinds.solid[after] and not kinds.solid[kind]
    free = is_free(nodes, bodies, n, index) and (half < 0 or is_free(nodes, bodies, n, half))
    if closes and not free:
        return
    change_node(nodes, kinds, bodies, record, n, index, after)
    if half >= 0:
        change_node(nodes, kinds, bodies, record, n, half, after)
    x, y, z = cell_of(nodes.size, index)
    record.used[n, a] = kind
    record.used_at[n, a, 0], record.used_at[n, a, 1], record.used_at[n, a, 2] = x, y, z


@njit
def turn_and_move(
    nodes: Nodes,
    kinds: Kinds,
    bodies: Bodies,
    actions: Actions,
    record: Record,
    n: int,
    a: int,
    first: bool,
    dt: float,
    limits: Limits,
) -> None:
    """One tick of a body's looking and moving."""
    if first:
        bodies.yaw[n, a] = (bodies.yaw[n, a] + actions.turn[n, a, 0]) % 360.0
        pitch = bodies.pitch[n, a] + actions.turn[n, a, 1]
        bodies.pitch[n, a] = min(max(pitch, limits.lowest), limits.highest)
    keys = int(actions.keys[n, a])
    ahead = (1.0 if keys & FORWARD else 0.0) - (1.0 if keys & BACK else 0.0)
    aside = (1.0 if keys & RIGHT else 0.0) - (1.0 if keys & LEFT else 0.0)
    if ahead != 0.0 and aside != 0.0:
        ahead, aside = ahead * np.sqrt(0.5), aside * np.sqrt(0.5)
    cos, sin = np.cos(np.radians(bodies.yaw[n, a])), np.sin(np.radians(bodies.yaw[n, a]))
    wish = (aside * cos - ahead * sin, aside * sin + ahead * cos)
    before = bodies.grounded[n, a]
    grounded, jumped = move_body(
        nodes.node[n], kinds.solid, kinds.liquid, nodes.size, bodies.place[n, a], bodies.velocity[n, a], before, wish,
        (keys & JUMP_KEY) != 0, (keys & SNEAK_KEY) != 0, dt,
    )  # fmt: skip
    bodies.grounded[n, a] = grounded
    record.jumped[n, a] = record.jumped[n, a] or jumped
    record.landed[n, a] = record.landed[n, a] or (grounded and not before)


@njit
def point_bodies(nodes: Nodes, kinds: Kinds, bodies: Bodies, record: Record, world: int, limits: Limits) -> None:
    """Record what every agent of a world points at."""
    for a in range(bodies.place.shape[1]):
        index, _ = point_at(
            nodes.node[world],
            kinds,
            nodes.size,
            bodies.place[world, a],
            bodies.yaw[world, a],
            bodies.pitch[world, a],
            limits,
        )
        record.pointed_index[world, a] = index
        record.pointed[world, a] = nodes.node[world, index] if index >= 0 else AIR


@njit
def step_worlds(
    nodes: Nodes,
    kinds: Kinds,
    bodies: Bodies,
    actions: Actions,
    record: Record,
    active: Array,
    first: int,
    last: int,
    ticks: int,
    dt: float,
    limits: Limits,
) -> None:
    """One step of worlds `first` to `last` that are active (N,): `ticks` ticks of dt with the same keys held."""
    for n in range(first, last):
        record.changes[n] = 0
        for a in range(bodies.place.shape[1]):
            record.dug[n, a] = record.placed[n, a] = record.used[n, a] = record.punched[n, a] = AIR
            record.jumped[n, a] = record.landed[n, a] = False
            for k in range(3):
                record.dug_at[n, a, k] = record.placed_at[n, a, k] = record.used_at[n, a, k] = 0
        if not active[n]:
            continue
        for tick in range(ticks):
            for a in range(bodies.place.shape[1]):
                turn_and_move(nodes, kinds, bodies, actions, record, n, a, tick == 0, dt, limits)
                keys = int(actions.keys[n, a])
                index, before = NOTHING, NOTHING
                if keys & (DIG | PLACE | USE):
                    index, before = point_at(
                        nodes.node[n],
                        kinds,
                        nodes.size,
                        bodies.place[n, a],
                        bodies.yaw[n, a],
                        bodies.pitch[n, a],
                        limits,
                    )
                dig(nodes, kinds, bodies, record, n, a, index if keys & DIG else NOTHING, dt)
                if keys & NEXT and tick == 0:
                    choose_next(bodies, n, a)
                if keys & PLACE and tick == 0:
                    put_down(nodes, kinds, bodies, record, n, a, before)
                if keys & USE and tick == 0:
                    use(nodes, kinds, bodies, record, n, a, index)
        point_bodies(nodes, kinds, bodies, record, n, limits)

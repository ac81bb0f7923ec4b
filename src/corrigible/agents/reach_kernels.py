"""What a body that knows the world could dig, by exact rays from the places where it could stand."""

from typing import NamedTuple

import numpy as np

from corrigible.sandbox.compiled import njit
from corrigible.sandbox.voxel.acting_kernels import AIR, Kinds, Limits, cell_of, point_at
from corrigible.sandbox.voxel.physics_kernels import HALF_WIDTH, HEIGHT, TOUCH, slab_is_solid
from corrigible.types import Array

NO_FOOTING, GROUND, STUMP, EDGE, FORBIDDEN = 0, 1, 2, 3, 4
"""What bears a body: nothing, the ground, a stump under its middle, a stump that is elsewhere, another plant."""

BALL = 0.75
"""Square of the radius, in nodes, of the ball around a node."""

DEEPEST = 16
"""Nodes that one ray is followed through, at most."""


class Plants(NamedTuple):
    """Which kinds are logs and leaves, (256,) bool each: both can be dug out of the way."""

    log: Array
    leaf: Array


class Aims(NamedTuple):
    """Angles that a body can look at: yaw (K,), pitch (J,) degrees. tilt (J,) int64: steps up, or, below 0, down.

    direction (K, J, 3): where each looks, of length 1.
    """

    yaw: Array
    pitch: Array
    tilt: Array
    direction: Array


@njit
def directions(yaw: Array, pitch: Array) -> Array:
    """(K, J, 3): unit vectors of yaw (K,) and pitch (J,), as `point_at` has them."""
    found = np.empty((len(yaw), len(pitch), 3))
    for k in range(len(yaw)):
        for j in range(len(pitch)):
            flat = np.cos(np.radians(pitch[j]))
            found[k, j, 0] = -np.sin(np.radians(yaw[k])) * flat
            found[k, j, 1] = np.cos(np.radians(yaw[k])) * flat
            found[k, j, 2] = np.sin(np.radians(pitch[j]))
    return found


@njit
def aims_from(yaw: float, pitch: float, turn: float, limits: Limits) -> Aims:
    """All that a body can look at by turns from its angles; the first yaw and pitch are those it has."""
    K = int(np.round(360.0 / turn))
    J = int(np.ceil((limits.highest - limits.lowest) / turn)) + 3
    yaws, pitches, tilts = np.empty(K), np.empty(J), np.zeros(J, np.int64)
    for k in range(K):
        yaws[k] = (yaw + turn * k) % 360.0
    count, pitches[0] = 1, pitch
    for sign in (1, -1):
        at, steps = pitch, 0
        while (at < limits.highest if sign > 0 else at > limits.lowest) and count < J:
            at = min(max(at + sign * turn, limits.lowest), limits.highest)
            steps += sign
            pitches[count], tilts[count] = at, steps
            count += 1
    return Aims(yaws, pitches[:count], tilts[:count], directions(yaws, pitches[:count]))


@njit
def footing(node: Array, solid: Array, plants: Plants, stumps: Array, size: tuple[int, int, int], place: Array) -> int:
    """What bears a body whose feet are at `place`; stumps are logs of `stumps` (P,) bool."""
    under = int(np.floor(place[2] + TOUCH)) - 1
    if under + 1.0 <= place[2] - 2.0 * TOUCH:
        return NO_FOOTING
    found = NO_FOOTING
    for x in range(int(np.floor(place[0] - HALF_WIDTH + TOUCH)), int(np.floor(place[0] + HALF_WIDTH - TOUCH)) + 1):
        for y in range(int(np.floor(place[1] - HALF_WIDTH + TOUCH)), int(np.floor(place[1] + HALF_WIDTH - TOUCH)) + 1):
            index = ((x + 1) * (size[1] + 2) + y + 1) * (size[2] + 2) + under + 1
            kind = node[index]
            if not solid[kind]:
                continue
            if plants.log[kind] or plants.leaf[kind]:
                inside = x == int(np.floor(place[0])) and y == int(np.floor(place[1]))
                found = max(found, (STUMP if inside else EDGE) if stumps[index] else FORBIDDEN)
            else:
                found = max(found, GROUND)
    return found


@njit
def fits(node: Array, solid: Array, size: tuple[int, int, int], place: Array) -> bool:
    """Whether a body with its feet at `place` touches no solid node."""
    for z in range(int(np.floor(place[2] + TOUCH)), int(np.floor(place[2] + HEIGHT - TOUCH)) + 1):
        if z > size[2] or slab_is_solid(node, solid, size, place, 2, z):
            return False
    return True


@njit
def squared_distance(eye: tuple[float, float, float], cell: tuple[int, int, int]) -> float:
    """From a point to the nearest point of a node."""
    total = 0.0
    for k in range(3):
        away = max(cell[k] - eye[k], eye[k] - cell[k] - 1.0, 0.0)
        total += away * away
    return total


@njit
def may_hit(eye: tuple[float, float, float], cell: tuple[int, int, int], direction: Array) -> bool:
    """Whether a ray from `eye` along the unit vector `direction` (3,) meets the ball around a node: a quick test."""
    ahead, square = 0.0, 0.0
    for k in range(3):
        away = cell[k] + 0.5 - eye[k]
        ahead += away * direction[k]
        square += away * away
    if square <= BALL:
        return True
    return ahead > 0.0 and square - ahead * ahead <= BALL


@njit
def follow_ray(
    node: Array,
    kinds: Kinds,
    plants: Plants,
    kept: Array,
    size: tuple[int, int, int],
    place: Array,
    yaw: float,
    pitch: float,
    limits: Limits,
    met: Array,
) -> int:
    """How many nodes could be dug one after another along the line of sight; writes their indices into met (DEEPEST,).

    Logs of `kept` (P,) bool and what is no plant end it. `node` (P,) is changed on the way and left as it was.
    """
    count = 0
    before = np.empty(DEEPEST, np.uint8)
    while count < DEEPEST:
        index, _ = point_at(node, kinds, size, place, yaw, pitch, limits)
        if index < 0 or kept[index] or not (plants.log[node[index]] or plants.leaf[node[index]]):
            break
        met[count], before[count] = index, node[index]
        node[index] = AIR
        count += 1
    for k in range(count):
        node[met[k]] = before[k]
    return count


@njit
def flood(
    node: Array,
    solid: Array,
    plants: Plants,
    stumps: Array,
    size: tuple[int, int, int],
    start: Array,
    fine: int,
    climbs: bool,
    stood: Array,
    queue: Array,
) -> int:
    """Places that a body comes to on foot from `start`, `fine` a node along x and along y; how many.

    It steps down any depth, jumps up one node where it `climbs`, and stands on the ground or on logs of `stumps` (P,)
    bool. Writes stood (X * fine, Y * fine, Z) bool and queue (as many, 3) int64: the places in order, in these units.
    """
    stood[:] = False
    for k in range(2):
        queue[0, k] = int(start[k] * fine)
    queue[0, 2] = int(np.floor(start[2] + 0.5))
    stood[queue[0, 0], queue[0, 1], queue[0, 2]] = True
    place, above = np.empty(3), np.empty(3)
    first, last = 0, 1
    while first < last:
        i, j, z = queue[first]
        first += 1
        above[0], above[1], above[2] = (i + 0.5) / fine, (j + 0.5) / fine, z + 1.0
        jumps = climbs and fits(node, solid, size, above)
        for way in range(4):
            u = i + (1 if way == 0 else (-1 if way == 1 else 0))
            v = j + (1 if way == 2 else (-1 if way == 3 else 0))
            if u < 0 or v < 0 or u >= stood.shape[0] or v >= stood.shape[1]:
                continue
            place[0], place[1], place[2] = (u + 0.5) / fine, (v + 0.5) / fine, float(z)
            if not fits(node, solid, size, place):
                place[2] += 1.0
                if not jumps or not fits(node, solid, size, place):
                    continue
            while place[2] > 0.0 and footing(node, solid, plants, stumps, size, place) == NO_FOOTING:
                place[2] -= 1.0
            level = int(place[2])
            if stood[u, v, level] or footing(node, solid, plants, stumps, size, place) in (NO_FOOTING, FORBIDDEN):
                continue
            stood[u, v, level] = True
            queue[last, 0], queue[last, 1], queue[last, 2] = u, v, level
            last += 1
    return last


@njit
def dig_from(
    node: Array,
    kinds: Kinds,
    plants: Plants,
    kept: Array,
    size: tuple[int, int, int],
    place: Array,
    aims: Aims,
    limits: Limits,
    logs: Array,
    found: Array,
) -> int:
    """Dig from one place all that can be dug on the way to logs (L,), indices; marks found (P,) bool; how many logs."""
    count = 0
    eye = (place[0], place[1], place[2] + limits.eye)
    met = np.empty(DEEPEST, np.int64)
    for number in range(len(logs)):
        index = logs[number]
        cell = cell_of(size, index)
        if node[index] == AIR or kept[index] or squared_distance(eye, cell) > limits.reach * limits.reach:
            continue
        for k in range(len(aims.yaw)):
            for j in range(len(aims.pitch)):
                if not may_hit(eye, cell, aims.direction[k, j]):
                    continue
                passed = follow_ray(
                    node, kinds, plants, kept, size, place, aims.yaw[k], aims.pitch[j], limits, met
                )  # fmt: skip
                last = -1
                for m in range(passed):
                    last = m if plants.log[node[met[m]]] else last
                for m in range(last + 1):
                    if plants.log[node[met[m]]]:
                        found[met[m]] = True
                        count += 1
                    node[met[m]] = AIR
            if node[index] == AIR:
                break
    return count


@njit
def dig_all(
    node: Array,
    kinds: Kinds,
    plants: Plants,
    kept: Array,
    stumps: Array,
    size: tuple[int, int, int],
    start: Array,
    aims: Aims,
    limits: Limits,
    fine: int,
    climbs: bool,
    logs: Array,
    found: Array,
) -> None:
    """Dig all that can be dug from places one comes to from `start`, until nothing more can be; changes node (P,).

    kept (P,) bool: logs that stay. stumps (P,) bool: logs one may stand on. Marks found (P,) bool: logs that were dug.
    """
    stood = np.zeros((size[0] * fine, size[1] * fine, size[2] + 1), np.bool_)
    queue = np.empty((stood.size, 3), np.int64)
    place = np.empty(3)
    again = True
    while again:
        again = False
        places = flood(node, kinds.solid, plants, stumps, size, start, fine, climbs, stood, queue)
        for number in range(places):
            for k in range(2):
                place[k] = (queue[number, k] + 0.5) / fine
            place[2] = float(queue[number, 2])
            if footing(node, kinds.solid, plants, stumps, size, place) > STUMP:
                continue
            if dig_from(node, kinds, plants, kept, size, place, aims, limits, logs, found) > 0:
                again = True

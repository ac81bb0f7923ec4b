"""Caves: tunnels that begin at the foot of a slope and wander into the hill."""

from math import sqrt

import numpy as np

from corrigible.sandbox.voxel.features import Caves
from corrigible.sandbox.voxel.nodes import AIR
from corrigible.sandbox.voxel.terrain.canvas import Canvas, Crowded
from corrigible.types import Array

MOUTH_RISE = 3
"""Nodes that the ground rises within two nodes of a mouth."""

HILL_RISE = 4
"""Nodes that the ground rises within five nodes of a mouth."""

APART = 6
"""Least distance of two mouths along x or y."""

WAYS = ((1, 0), (-1, 0), (0, 1), (0, -1))


def dig_caves(canvas: Canvas, caves: Caves, feature: int, generator: np.random.Generator) -> None:
    """Dig between count[0] and count[1] caves; raises Crowded where there are not enough slopes."""
    wanted = int(generator.integers(caves.count[0], caves.count[1] + 1))
    mouths = _mouths(canvas)
    ground = _diggable(canvas)
    for dug in range(wanted):
        if not len(mouths) and dug < caves.count[0]:
            raise Crowded(f"there are steep slopes for {dug} and not for {caves.count[0]}")
        if not len(mouths):
            break
        mouth = mouths[generator.integers(len(mouths))]
        mouths = mouths[np.abs(mouths[:, :2] - mouth[:2]).max(axis=1) >= APART]
        length = int(generator.integers(caves.length[0], caves.length[1] + 1))
        end = _dig(canvas, ground, mouth, length, generator)
        if caves.treasure is not None and canvas.nodes[end] == AIR:
            number = canvas.place(caves.kind, feature, end, 1)
            canvas.put(*end, canvas.table.id(caves.treasure), number)
    _find_floor(canvas)


def _mouths(canvas: Canvas) -> Array:
    """(M, 3) int64: x, y and index of the way in, of every place where a slope begins on dry ground."""
    floor, dry = canvas.floor, canvas.on_floor() == AIR
    found: list[Array] = []
    for number, (along_x, along_y) in enumerate(WAYS):
        rise = [_ahead(floor, along_x * steps, along_y * steps) - floor for steps in (2, 5)]
        place = dry & ~canvas.built & ~canvas.trunks & (rise[0] >= MOUTH_RISE) & (rise[1] >= HILL_RISE)
        cells = np.argwhere(place)
        found.append(np.column_stack([cells, np.full(len(cells), number)]))
    return np.concatenate(found)


def _ahead(floor: Array, along_x: int, along_y: int) -> Array:
    """The floor that many nodes further; outside the world it is as low as can be."""
    wide, deep = floor.shape
    shifted = np.zeros_like(floor)
    to_x, to_y = slice(max(-along_x, 0), wide - max(along_x, 0)), slice(max(-along_y, 0), deep - max(along_y, 0))
    from_x, from_y = slice(max(along_x, 0), wide + min(along_x, 0)), slice(max(along_y, 0), deep + min(along_y, 0))
    shifted[to_x, to_y] = floor[from_x, from_y]
    return shifted


def _diggable(canvas: Canvas) -> Array:
    """(X, Y, Z) bool: ground that is not below anything built, not at the edge, and not beside a liquid."""
    z = np.arange(canvas.size[2])
    ground = (z < canvas.floor[:, :, None]) & (z >= 2) & ~(canvas.built | canvas.trunks)[:, :, None]
    ground[[0, -1], :, :] = False
    ground[:, [0, -1], :] = False
    wet = canvas.table.liquid[canvas.nodes]
    for axis in range(3):
        one, other = np.swapaxes(wet, 0, axis), np.swapaxes(wet.copy(), 0, axis)
        one[1:] |= other[:-1]
        one[:-1] |= other[1:]
    return ground & ~wet


def _dig(
    canvas: Canvas, ground: Array, mouth: Array, length: int, generator: np.random.Generator
) -> tuple[int, int, int]:
    """Dig one tunnel from a mouth (x, y, way); returns the cell of its end (x, y, z)."""
    x, y = float(mouth[0]) + 0.5, float(mouth[1]) + 0.5
    z = float(canvas.floor[mouth[0], mouth[1]]) + 1.0
    covered = ground & (np.arange(canvas.size[2]) < canvas.floor[:, :, None] - 1)
    ahead = (float(WAYS[mouth[2]][0]), float(WAYS[mouth[2]][1]))
    for step in range(length):
        turn = 0.9 * (float(generator.random()) - 0.5)
        ahead = (ahead[0] - turn * ahead[1], ahead[1] + turn * ahead[0])
        size = sqrt(ahead[0] * ahead[0] + ahead[1] * ahead[1])
        ahead = (ahead[0] / size, ahead[1] / size)
        radius = 1.3 + 0.5 * float(generator.random()) + (0.9 if step >= length - 2 else 0.0)
        _hollow(canvas, ground if step < 2 else covered, (x, y, z), radius)
        x, y = x + ahead[0], y + ahead[1]
        z += 0.7 * (float(generator.random()) - 0.5)
        if not (2 <= x < canvas.size[0] - 2 and 2 <= y < canvas.size[1] - 2):
            break
    end = (int(x - ahead[0]), int(y - ahead[1]))
    column = canvas.nodes[end[0], end[1], : int(z) + 1] != AIR
    return end[0], end[1], min(int(np.flatnonzero(column)[-1]) + 1, canvas.size[2] - 1)


def _hollow(canvas: Canvas, ground: Array, at: tuple[float, float, float], radius: float) -> None:
    """Make air of the ground within `radius` of a point; the bottom of the ball is flat, so that one can walk."""
    reach = int(radius) + 2
    lows = [max(int(part) - reach, 0) for part in at]
    box = tuple(slice(low, int(part) + reach + 1) for low, part in zip(lows, at, strict=True))
    nodes, may = canvas.nodes[box], ground[box]
    near = np.zeros(nodes.shape)
    for axis, (low, part) in enumerate(zip(lows, at, strict=True)):
        away = np.arange(low, low + nodes.shape[axis]) + 0.5 - part
        near = near + (away * away).reshape([-1 if axis == other else 1 for other in range(3)])
    level = (np.arange(lows[2], lows[2] + nodes.shape[2]) + 1 > at[2] - 1)[None, None, :]
    nodes[may & level & (near <= radius * radius)] = AIR


def _find_floor(canvas: Canvas) -> None:
    """Where a tunnel came through the ground's surface, the floor is now lower."""
    ground = (canvas.structure == 0) & canvas.table.solid[canvas.nodes]
    found = canvas.size[2] - np.argmax(ground[:, :, ::-1], axis=2)
    canvas.floor[:] = np.where(canvas.built | canvas.trunks, canvas.floor, found)

"""Where agents begin: on the ground, with room for a body, under the sky and not in a pit where that is possible."""

import numpy as np

from corrigible.sandbox.voxel.features import Marks, Open, Spawn
from corrigible.sandbox.voxel.nodes import AIR
from corrigible.sandbox.voxel.terrain.canvas import Canvas, Crowded, choose, spread, widened
from corrigible.types import Array


def find_spawns(canvas: Canvas, spawn: Spawn, generator: np.random.Generator) -> Array:
    """(M, 3) float64 feet: in the middle of a node, on top of a solid one. Raises Crowded where there is no room."""
    cells = _marked(canvas, spawn, generator) if isinstance(spawn, Marks) else _open(canvas, spawn, generator)
    feet = np.array(cells, dtype=np.float64)
    feet[:, :2] += 0.5
    return feet


def _marked(canvas: Canvas, marks: Marks, generator: np.random.Generator) -> list[tuple[int, int, int]]:
    standing = _standing(canvas)
    found = canvas.marks[marks.letter]
    blocked = [cell for cell in found if canvas.floor[cell[:2]] != cell[2] or not standing[cell[:2]]]
    if blocked:
        raise Crowded(f"{marks.letter} at {blocked[0]} has no free room for a body")
    return [found[index] for index in generator.permutation(len(found))]


def _open(canvas: Canvas, spawn: Open, generator: np.random.Generator) -> list[tuple[int, int, int]]:
    standing = _standing(canvas) & ~canvas.built & ~canvas.trunks
    sky = standing & _under_sky(canvas)
    wide = sky & _widest(canvas.floor, standing)
    clear = ~widened(canvas.built | canvas.trunks, spawn.clear)
    cells: list[tuple[int, int]] = []
    for allowed in (wide & clear, wide, sky, standing):
        taken = np.zeros_like(standing)
        for cell in cells:
            taken[cell] = True
        free = allowed & ~widened(taken, spawn.apart - 1)
        cells += choose(free, spawn.places - len(cells), spawn.apart, generator)
    if len(cells) < spawn.places:
        cells = spread(standing, (spawn.places, spawn.places), spawn.apart, generator)
    return [(x, y, int(canvas.floor[x, y])) for x, y in cells]


def _standing(canvas: Canvas) -> Array:
    """(X, Y) bool: columns where a body has solid ground and two nodes of air."""
    feet = canvas.floor[:, :, None] + (0, 1)
    free = np.take_along_axis(canvas.nodes, np.minimum(feet, canvas.size[2] - 1), axis=2) == AIR
    return free.all(axis=2) & (feet[:, :, 1] < canvas.size[2]) & canvas.table.solid[canvas.top()]


def _under_sky(canvas: Canvas) -> Array:
    """(X, Y) bool: columns with nothing above the ground."""
    above = np.arange(canvas.size[2]) >= canvas.floor[:, :, None]
    return ~((canvas.nodes != AIR) & above).any(axis=2)


def _widest(floor: Array, standing: Array) -> Array:
    """(X, Y) bool: the largest stretch of columns in which one can walk, with steps of at most one node.

    Every column takes the least number among itself and those beside it, and then that column's own number, until
    nothing changes: the columns of a stretch then have one number.
    """
    links = [
        (standing[1:] & standing[:-1] & (np.abs(floor[1:] - floor[:-1]) <= 1), np.s_[1:], np.s_[:-1]),
        (standing[:, 1:] & standing[:, :-1] & (np.abs(floor[:, 1:] - floor[:, :-1]) <= 1), np.s_[:, 1:], np.s_[:, :-1]),
    ]
    number = np.arange(floor.size).reshape(floor.shape)
    while True:
        least = number.copy()
        for linked, one, other in links:
            lower = np.where(linked, np.minimum(least[one], least[other]), floor.size)
            least[one] = np.minimum(least[one], lower)
            least[other] = np.minimum(least[other], lower)
        least = least.ravel()[least]
        if np.array_equal(least, number):
            break
        number = least
    counts = np.bincount(number[standing], minlength=1)
    return standing & (number == np.argmax(counts))

"""The ground of a world, water in its valleys, and patches of another surface."""

import numpy as np

from corrigible.sandbox.voxel.features import Flat, Ground, Patches, Water
from corrigible.sandbox.voxel.nodes import AIR, NodeTable
from corrigible.sandbox.voxel.terrain.canvas import Canvas, widened
from corrigible.sandbox.voxel.terrain.noise import hilly, smooth_noise, terraced
from corrigible.types import Array

BEDROCK = "corrigible:bedrock"
TERRACE = 4
"""Nodes from a terrace to the next."""

STEEP = 3
"""Nodes by which ground falls to a neighbour before soil no longer stays on it."""


def lay_ground(ground: Ground, size: tuple[int, int, int], table: NodeTable, generator: np.random.Generator) -> Canvas:
    """A world of `size` that holds nothing but the ground."""
    floor = np.full(size[:2], ground.heights[0], dtype=np.int64)
    if not isinstance(ground, Flat):
        rise = ground.heights[1] - ground.heights[0]
        height = hilly(generator, size[:2], ground.scale) * rise
        broken = smooth_noise(generator, size[:2], ground.scale)
        if ground.cliffs > 0:
            height = terraced(height, TERRACE, (broken >= _cut(broken, ground.cliffs)).astype(np.float64))
        floor += np.clip((height + 0.5).astype(np.int64), 0, rise)
    z = np.arange(size[2])
    top = floor[:, :, None]
    nodes = np.where(z < top, np.uint8(table.id(ground.rock)), np.uint8(AIR))
    soft = ~_steep(floor)[:, :, None]
    nodes[soft & (z < top - 1) & (z >= top - 1 - ground.depth)] = table.id(ground.soil)
    nodes[soft & (z == top - 1)] = table.id(ground.surface)
    nodes[:, :, 0] = table.id(BEDROCK)
    return Canvas(
        nodes=nodes,
        structure=np.zeros(size, dtype=np.int16),
        floor=floor,
        built=np.zeros(size[:2], dtype=np.bool_),
        trunks=np.zeros(size[:2], dtype=np.bool_),
        table=table,
        surface=table.id(ground.surface),
        soil=table.id(ground.soil),
    )


def pour_water(canvas: Canvas, water: Water) -> None:
    """Fill the air between the ground and the level, and lay the shore."""
    z = np.arange(canvas.size[2])
    above = z >= canvas.floor[:, :, None]
    canvas.nodes[above & (z < water.level) & (canvas.nodes == AIR)] = canvas.table.id(water.node)
    wet = canvas.floor < water.level
    near = widened(wet, 2 * water.beach) if water.beach else wet
    shore = near & (canvas.floor < water.level + water.beach) & ~canvas.built & ~canvas.trunks
    depth = canvas.floor[:, :, None] - 1 - z
    canvas.nodes[shore[:, :, None] & (depth >= 0) & (depth < 2) & (z > 0)] = canvas.table.id(water.shore)


def spread_patches(canvas: Canvas, patches: Patches, generator: np.random.Generator) -> None:
    """Replace the untouched surface where noise is among its highest `share`."""
    plain = canvas.plain(canvas.surface)
    noise = smooth_noise(generator, canvas.size[:2], patches.scale)
    if plain.any():
        x, y = np.nonzero(plain & (noise >= _cut(noise[plain], patches.share)))
        canvas.nodes[x, y, canvas.floor[x, y] - 1] = canvas.table.id(patches.node)


def _cut(values: Array, share: float) -> float:
    """The value that the highest `share` of values reach."""
    ordered = np.sort(values, axis=None)
    return float(ordered[min(int((1 - share) * len(ordered)), len(ordered) - 1)])


def _steep(floor: Array) -> Array:
    """(X, Y) bool: where a neighbour lies STEEP or more below."""
    padded = np.pad(floor, 1, mode="edge")
    around = (padded[:-2, 1:-1], padded[2:, 1:-1], padded[1:-1, :-2], padded[1:-1, 2:])
    return floor - np.minimum.reduce(around) >= STEEP

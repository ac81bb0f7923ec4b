"""Trees: a straight trunk, branches of logs, a crown of leaves. All of a tree bears one structure number."""

from dataclasses import dataclass

import numpy as np

from corrigible.sandbox.voxel.features import Trees
from corrigible.sandbox.voxel.nodes import AIR
from corrigible.sandbox.voxel.terrain.canvas import Canvas, spread, widened
from corrigible.types import Array

WAYS = ((1, 0), (0, 1), (-1, 0), (0, -1))
CLEARANCE = 2
"""Free nodes between the ground and the lowest leaf."""


@dataclass(frozen=True, kw_only=True, eq=False)
class _Tree:
    """A tree that grows: base is (x, y, z) of the trunk's lowest place, height its places."""

    kind: Trees
    number: int
    base: tuple[int, int, int]
    height: int


def plant(canvas: Canvas, trees: Trees, feature: int, generator: np.random.Generator) -> None:
    """Plant between count[0] and count[1] trees; raises Crowded where there is no room."""
    soft = canvas.plain(canvas.surface, canvas.soil)
    allowed = soft & ~widened(canvas.built, trees.reach + 1) & ~widened(canvas.trunks, trees.spacing - 1)
    inner = np.zeros_like(allowed)
    inner[trees.reach : canvas.size[0] - trees.reach, trees.reach : canvas.size[1] - trees.reach] = True
    for x, y in spread(allowed & inner, trees.count, trees.spacing, generator):
        base = (x, y, int(canvas.floor[x, y]))
        height = int(generator.integers(trees.height[0], trees.height[1] + 1))
        number = canvas.place(trees.kind, feature, base, height)
        _grow(canvas, _Tree(kind=trees, number=number, base=base, height=height), generator)


def _grow(canvas: Canvas, tree: _Tree, generator: np.random.Generator) -> None:
    kind, (x, y, z) = tree.kind, tree.base
    canvas.nodes[x, y, z : z + tree.height] = canvas.table.id(kind.trunk)
    canvas.structure[x, y, z : z + tree.height] = tree.number
    if kind.base is not None:
        node = canvas.table.id(kind.base)
        canvas.put(x, y, z, node, tree.number if node != AIR else 0)
    canvas.trunks[x, y] = True
    tips = _branch(canvas, tree, generator)
    if kind.crown == "none":
        return
    radius = int(generator.integers(kind.radius[0], kind.radius[1] + 1))
    crown = _round(radius, generator) if kind.crown == "round" else _cone(radius, tree.height, generator)
    _dress(canvas, tree, crown, (x, y, z + tree.height + kind.above_log(radius)))
    for tip in tips:
        _dress(canvas, tree, _round(1, generator), (tip[0], tip[1], tip[2] + 2))


def _branch(canvas: Canvas, tree: _Tree, generator: np.random.Generator) -> list[tuple[int, int, int]]:
    """Grow branches from the trunk, each on a level and to a side of its own; returns their last logs (x, y, z)."""
    kind = tree.kind
    wanted = int(generator.integers(kind.branches[0], kind.branches[1] + 1))
    starts = [(level, way) for level in range(kind.branch_from, tree.height) for way in range(len(WAYS))]
    used: list[tuple[int, int]] = []
    tips: list[tuple[int, int, int]] = []
    for index in generator.permutation(len(starts)):
        level, way = starts[index]
        if len(tips) == wanted:
            break
        if any(level == other or (way == side and abs(level - other) < 3) for other, side in used):
            continue
        length = int(generator.integers(kind.branch_length[0], kind.branch_length[1] + 1))
        rises = length > 1 and generator.random() < 0.5
        start = (tree.base[0], tree.base[1], tree.base[2] + level)
        steps = [(*WAYS[way], 0)] * (length - rises) + [(0, 0, 1)] * rises
        tip = _grow_branch(canvas, tree, start, steps)
        if tip is not None:
            used.append((level, way))
            tips.append(tip)
    return tips


def _grow_branch(
    canvas: Canvas, tree: _Tree, start: tuple[int, int, int], steps: list[tuple[int, int, int]]
) -> tuple[int, int, int] | None:
    """Put a log at every step as far as there is air; returns the last one, or None where there is no room."""
    at, tip = start, None
    for step in steps:
        at = (at[0] + step[0], at[1] + step[1], at[2] + step[2])
        if canvas.nodes[at] != AIR:
            break
        canvas.put(*at, canvas.table.id(tree.kind.trunk), tree.number)
        tip = at
    return tip


def _round(radius: int, generator: np.random.Generator) -> Array:
    """(2R + 1, 2R + 1, 2R) bool: a ball with a ragged edge about the highest log, which is in layer R - 1."""
    away = np.arange(-radius, radius + 1, dtype=np.float64)
    level = np.arange(1 - radius, radius + 1, dtype=np.float64)
    flat = away[:, None, None] * away[:, None, None] + away[None, :, None] * away[None, :, None]
    limit = (radius + 0.3) * (radius + 0.3) * (1 - level * level / ((radius + 0.5) * (radius + 0.5)))
    ragged = 0.75 + 0.5 * generator.random((2 * radius + 1, 2 * radius + 1, 2 * radius))
    return flat <= limit[None, None, :] * ragged


def _cone(radius: int, height: int, generator: np.random.Generator) -> Array:
    """(2R + 1, 2R + 1, L) bool: tiers that widen downwards to a third of the trunk; the last layer is above the log."""
    layers = max(height - max(CLEARANCE, height // 3), 1) + 1
    away = np.arange(-radius, radius + 1)
    flat = np.abs(away[:, None]) + np.abs(away[None, :])
    cone = np.zeros((2 * radius + 1, 2 * radius + 1, layers), dtype=np.bool_)
    for down in range(layers):
        wide = -(-radius * down // (layers - 1))
        narrows = (layers - 1 - down) % 2 == 1 and wide > 1
        cone[:, :, layers - 1 - down] = flat <= wide - narrows
    ragged = (flat == radius)[:, :, None] & (generator.random(cone.shape) < 0.2)
    return cone & ~ragged


def _dress(canvas: Canvas, tree: _Tree, leaves: Array, top: tuple[int, int, int]) -> None:
    """Put leaves where there is air; `top` is the node over the middle of the crown."""
    radius, low = leaves.shape[0] // 2, top[2] - leaves.shape[2]
    skip = max(tree.base[2] + CLEARANCE - low, 0)
    box = (
        slice(top[0] - radius, top[0] + radius + 1),
        slice(top[1] - radius, top[1] + radius + 1),
        slice(low + skip, top[2]),
    )
    grown = leaves[:, :, skip:] & (canvas.nodes[box] == AIR)
    canvas.nodes[box][grown] = canvas.table.id(tree.kind.leaves)
    canvas.structure[box][grown] = tree.number

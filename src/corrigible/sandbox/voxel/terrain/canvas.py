"""A world while it is being made: its nodes, what is where, and where there is room."""

from dataclasses import dataclass, field

import numpy as np

from corrigible.sandbox.voxel.nodes import AIR, NodeTable
from corrigible.types import Array


class Crowded(Exception):
    """A feature found no room in this draw of a world; another draw may have some."""

    def __init__(self, said: str) -> None:
        self.said = said
        super().__init__(said)


@dataclass(frozen=True, kw_only=True)
class Placed:
    """One tree or other thing that was put into a world.

    kind: that of its feature. feature: its index in the scenario. base: (x, y, z) of the lowest place of a trunk
    (a log, unless its feature has another base), or the corner with the least x, y and z. height: places of a trunk, or
    nodes from the base to the top.
    """

    kind: str
    feature: int
    base: tuple[int, int, int]
    height: int


@dataclass(kw_only=True, eq=False)
class Canvas:
    """Mutable arrays that the features of a scenario draw on, in their order.

    nodes (X, Y, Z) uint8. structure (X, Y, Z) int16: number of the thing a node belongs to (placed[number - 1]), or 0.
    floor (X, Y) int64: z of the first node above the ground. built (X, Y) bool: columns in which something stands on
    the ground. trunks (X, Y) bool: columns of trunks. surface, soil: ids of the scenario's ground. marks: feet
    (x, y, z) by letter of maps.
    """

    nodes: Array
    structure: Array
    floor: Array
    built: Array
    trunks: Array
    table: NodeTable
    surface: int
    soil: int
    placed: list[Placed] = field(default_factory=list)
    marks: dict[str, list[tuple[int, int, int]]] = field(default_factory=dict)

    @property
    def size(self) -> tuple[int, int, int]:
        """X, Y, Z."""
        return self.nodes.shape

    def place(self, kind: str, feature: int, base: tuple[int, int, int], height: int) -> int:
        """Number of a new thing."""
        self.placed.append(Placed(kind=kind, feature=feature, base=base, height=height))
        return len(self.placed)

    def put(self, x: int, y: int, z: int, node: int, number: int) -> None:
        """Set one node that belongs to the thing of that number."""
        self.nodes[x, y, z] = node
        self.structure[x, y, z] = number

    def top(self) -> Array:
        """(X, Y) uint8: the ground's highest node."""
        return np.take_along_axis(self.nodes, self.floor[:, :, None] - 1, axis=2)[:, :, 0]

    def on_floor(self) -> Array:
        """(X, Y) uint8: the node on the ground."""
        return np.take_along_axis(self.nodes, self.floor[:, :, None], axis=2)[:, :, 0]

    def plain(self, *nodes: int) -> Array:
        """(X, Y) bool: columns with air on ground of one of those ids, in which nothing stands."""
        return np.isin(self.top(), nodes) & (self.on_floor() == AIR) & ~self.built & ~self.trunks


def widened(mask: Array, by: int) -> Array:
    """(X, Y) bool: cells at most `by` from a true one along both x and y."""
    found = mask
    for axis in (0, 1):
        line = np.swapaxes(found, 0, axis)
        wide = line.copy()
        for shift in range(1, min(by, line.shape[0] - 1) + 1):
            wide[shift:] |= line[:-shift]
            wide[:-shift] |= line[shift:]
        found = np.swapaxes(wide, 0, axis)
    return found


def spread(
    allowed: Array, count: tuple[int, int], spacing: int, generator: np.random.Generator
) -> list[tuple[int, int]]:
    """Between count[0] and count[1] random cells of `allowed` (X, Y), at least `spacing` apart along x or y.

    Where free choice does not find the least count, the cells of a random grid of that spacing are tried. Raises
    Crowded where that is not enough either.
    """
    wanted = int(generator.integers(count[0], count[1] + 1))
    cells = choose(allowed, wanted, spacing, generator)
    if len(cells) < count[0]:
        grid = np.zeros_like(allowed)
        where = np.argwhere(allowed)
        corner = where.min(axis=0) if len(where) else np.zeros(2, dtype=np.int64)
        grid[corner[0] :: spacing, corner[1] :: spacing] = True
        cells = choose(allowed & grid, wanted, spacing, generator)
    if len(cells) < count[0]:
        raise Crowded(f"there is room for {len(cells)} and not for {count[0]}")
    return cells


def choose(allowed: Array, wanted: int, spacing: int, generator: np.random.Generator) -> list[tuple[int, int]]:
    """Up to `wanted` random cells of `allowed` (X, Y), at least `spacing` apart along x or y."""
    free = allowed.copy()
    cells: list[tuple[int, int]] = []
    while len(cells) < wanted:
        left = np.flatnonzero(free)
        if not len(left):
            break
        x, y = divmod(int(left[generator.integers(len(left))]), free.shape[1])
        cells.append((x, y))
        free[max(x - spacing + 1, 0) : x + spacing, max(y - spacing + 1, 0) : y + spacing] = False
    return cells

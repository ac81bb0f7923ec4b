"""The pool of worlds that episodes begin in: each is made when it is first met, then copied."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import final

import numpy as np

from corrigible.sandbox.voxel.nodes import AIR, BORDER, NodeTable, node_table
from corrigible.sandbox.voxel.params import EnvParams, Size
from corrigible.sandbox.voxel.worldgen import Layout, build_layout
from corrigible.types import Array


@dataclass(frozen=True, kw_only=True, eq=False)
class StructureLogs:
    """Where a structure of a layout has nodes of the group tree when an episode begins.

    index (K,) int64: padded cells. cells (K, 3) int64: the same as coordinates. lowest: the least z of them. is_tree: a
    feature of trees planted it.
    """

    index: Array
    cells: Array
    lowest: int
    is_tree: bool


@dataclass(frozen=True, kw_only=True, eq=False)
class Ready:
    """A layout as kernels want it: node (P,) uint8 and column (C,) uint64, padded; see `acting_kernels.Nodes`."""

    layout: Layout
    node: Array
    column: Array


def padded(nodes: Array) -> Array:
    """(X, Y, Z) uint8 -> (P,) uint8 with a border of one cell."""
    whole = np.full(tuple(side + 2 for side in nodes.shape), BORDER, dtype=np.uint8)
    whole[1:-1, 1:-1, 1:-1] = nodes
    return whole.reshape(-1)


def unpadded(node: Array, size: Size) -> Array:
    """(..., P) -> a view (..., X, Y, Z) without the border."""
    X, Y, Z = size
    return node.reshape(*node.shape[:-1], X + 2, Y + 2, Z + 2)[..., 1:-1, 1:-1, 1:-1]


def columns_of(nodes: Array, table: NodeTable) -> Array:
    """(X, Y, Z) uint8 -> (C,) uint64: bit z of a column is set where the node at height z is drawn; the border is 0."""
    X, Y, Z = nodes.shape
    whole = np.zeros((X + 2, Y + 2), dtype=np.uint64)
    bits = np.uint64(1) << np.arange(Z, dtype=np.uint64)
    whole[1:-1, 1:-1] = np.where(table.drawn[nodes], bits, np.uint64(0)).sum(axis=2, dtype=np.uint64)
    return whole.reshape(-1)


@final
class LayoutPool:
    """Layouts 0 to params.layouts - 1 of (scenario, size, seed); a pool holds those that were asked for."""

    def __init__(self, params: EnvParams, seed: int) -> None:
        self._params, self._seed, self._table = params, seed, node_table()
        self._made: dict[int, Ready] = {}
        self._logs: dict[int, Mapping[int, StructureLogs]] = {}

    def get(self, number: int) -> Ready:
        """The layout of that number. Raises BadInput where the scenario's features do not fit."""
        if number not in self._made:
            layout = build_layout(self._params.loaded, self._params.shape, self._seed, number)
            self._made[number] = Ready(
                layout=layout, node=padded(layout.nodes), column=columns_of(layout.nodes, self._table)
            )
        return self._made[number]

    def logs(self, number: int) -> Mapping[int, StructureLogs]:
        """By number of the structure, those of a layout that have nodes of the group tree."""
        if number not in self._logs:
            self._logs[number] = _logs_of(self.get(number).layout, self._table)
        return self._logs[number]

    def structure_at(self, number: int, cell: Array) -> Array:
        """Number of the tree or thing that cells (M, 3) of a layout belonged to at the start; 0 for none."""
        x, y, z = np.asarray(cell, dtype=np.int64).T
        return self.get(number).layout.structure[x, y, z]


def _logs_of(layout: Layout, table: NodeTable) -> dict[int, StructureLogs]:
    cells = np.argwhere(table.in_group("tree")[layout.nodes] & (layout.structure > 0))
    x, y, z = cells.T
    numbers = layout.structure[x, y, z]
    _, Y, Z = layout.nodes.shape
    index = ((x + 1) * (Y + 2) + y + 1) * (Z + 2) + z + 1
    return {
        int(number): StructureLogs(
            index=index[numbers == number],
            cells=cells[numbers == number],
            lowest=int(z[numbers == number].min()),
            is_tree=layout.placed[int(number) - 1].kind == "trees",
        )
        for number in np.unique(numbers)
    }


def carried(params: EnvParams) -> tuple[int, int, Array]:
    """Tool, item and inventory (256,) int32 that every agent has at the start; the item is the first it carries."""
    table, scenario = node_table(), params.loaded
    inventory = np.zeros(256, dtype=np.int32)
    for name, count in scenario.carries.items():
        inventory[table.id(name)] = count
    item = next((table.id(name) for name in scenario.carries), AIR)
    return table.tool(params.tool or scenario.tool), item, inventory

"""What a dug node belonged to when the episode began, and how many logs of that still stand."""

from typing import Final, NamedTuple

import numpy as np

from corrigible.sandbox.voxel.acting_kernels import Record
from corrigible.sandbox.voxel.layouts import LayoutPool
from corrigible.sandbox.voxel.nodes import AIR, node_table
from corrigible.sandbox.voxel.state import EnvState
from corrigible.types import Array

NOT_ABOVE: Final = -1


class DugFrom(NamedTuple):
    """Arrays (N, A): structure, remaining, above_base int16 and felled bool; see VoxelEvents."""

    structure: Array
    remaining: Array
    above_base: Array
    felled: Array


def dug_from(record: Record, state: EnvState, layouts: LayoutPool) -> DugFrom:
    """Of the nodes that the last step dug; worlds and agents that dug nothing cost nothing."""
    shape = record.dug.shape
    found = DugFrom(
        structure=np.zeros(shape, dtype=np.int16),
        remaining=np.zeros(shape, dtype=np.int16),
        above_base=np.full(shape, NOT_ABOVE, dtype=np.int16),
        felled=np.zeros(shape, dtype=np.bool_),
    )
    is_log = node_table().in_group("tree")
    for n, a in zip(*np.nonzero(record.dug != AIR), strict=True):
        layout, cell = int(state.layout[n]), record.dug_at[n, a]
        number = int(layouts.structure_at(layout, cell[None])[0])
        found.structure[n, a] = number
        logs = layouts.logs(layout).get(number)
        if logs is None:
            continue
        remaining = int(is_log[state.nodes.node[n, logs.index]].sum())
        found.remaining[n, a] = remaining
        if is_log[record.dug[n, a]]:
            found.above_base[n, a] = max(int(cell[2]) - logs.lowest, NOT_ABOVE)
            found.felled[n, a] = logs.is_tree and remaining == 0
    return found

"""Where a body can get on foot: a breadth-first search over the cells that it can stand or swim in.

A model of physics_kernels, not physics: from cell to cell beside it, up by one node, down any fall; no leap over a gap.
"""

from corrigible.sandbox.compiled import njit
from corrigible.sandbox.voxel.physics_kernels import HALF_WIDTH, TOUCH, node_index
from corrigible.types import Array

STARTS = 5
"""Cells that one body can stand in at once: under its middle and its four corners."""

WANTED = -2


@njit
def is_footing(node: Array, solid: Array, liquid: Array, index: int) -> bool:
    """Whether a body can stay in that padded cell: room for two nodes, and solid ground below or liquid to swim in."""
    if solid[node[index]] or solid[node[index + 1]]:
        return False
    return bool(solid[node[index - 1]] or liquid[node[index]])


@njit
def footing_below(node: Array, solid: Array, liquid: Array, index: int) -> int:
    """The cell in which a body that is let go in `index`, where it has room, comes to rest."""
    while not is_footing(node, solid, liquid, index):
        index -= 1
    return index


@njit
def starts_of(
    node: Array, solid: Array, liquid: Array, size: tuple[int, int, int], place: Array, starts: Array
) -> None:
    """Write the cells that a body at `place` (3,) stands in into starts (STARTS,) int64, each once; then -1.

    One in the air counts where its middle would fall.
    """
    count = 0
    starts[:] = -1
    z = place[2] + TOUCH
    half = HALF_WIDTH - TOUCH
    for corner in range(5):
        across = 0.0 if corner == 4 else (half if corner & 1 else -half)
        along = 0.0 if corner == 4 else (half if corner & 2 else -half)
        index = node_index(size, place[0] + across, place[1] + along, z)
        known = False
        for k in range(count):
            known = known or starts[k] == index
        if not known and is_footing(node, solid, liquid, index):
            starts[count] = index
            count += 1
    if count == 0:
        index = node_index(size, place[0], place[1], z)
        if not solid[node[index]] and not solid[node[index + 1]]:
            starts[0] = footing_below(node, solid, liquid, index)


@njit
def flood(
    node: Array,
    solid: Array,
    liquid: Array,
    size: tuple[int, int, int],
    starts: Array,
    distance: Array,
    queue: Array,
    wanted: Array,
) -> bool:
    """Write into distance (P,) int32 how many moves each padded cell is from the nearest start, -1 where none leads.

    queue (P,) int64 is room to work in. The search ends once all cells of wanted (W,) int64 are reached, but for those
    that are -1; with none of them it goes on to the end. Returns whether it ended before that.
    """
    distance[:] = -1
    head, tail, missing = 0, 0, 0
    for k in range(len(wanted)):
        if wanted[k] >= 0:
            distance[wanted[k]] = WANTED
            missing += 1
    for k in range(len(starts)):
        if starts[k] >= 0 and distance[starts[k]] < 0:
            if distance[starts[k]] == WANTED:
                missing -= 1
                if missing == 0:
                    return True
            distance[starts[k]] = 0
            queue[tail] = starts[k]
            tail += 1
    beside = ((size[1] + 2) * (size[2] + 2), -(size[1] + 2) * (size[2] + 2), size[2] + 2, -(size[2] + 2))
    while head < tail:
        here = queue[head]
        head += 1
        for way in range(6):
            there = -1
            if way < 4:
                level = here + beside[way]
                if not solid[node[level]] and not solid[node[level + 1]]:
                    there = footing_below(node, solid, liquid, level)
                elif not solid[node[here + 2]] and is_footing(node, solid, liquid, level + 1):
                    there = level + 1
            elif liquid[node[here]]:
                there = here + 1 if way == 4 else here - 1
                if not is_footing(node, solid, liquid, there):
                    there = -1
            if there >= 0 and distance[there] < 0:
                if distance[there] == WANTED:
                    missing -= 1
                    if missing == 0:
                        return True
                distance[there] = distance[here] + 1
                queue[tail] = there
                tail += 1
    return False

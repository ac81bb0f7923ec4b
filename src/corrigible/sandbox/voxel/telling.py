"""What happened in a step, in words, from keys and events: for captions of frames."""

from typing import Final

from corrigible.sandbox.voxel.acting_kernels import (
    BACK,
    DIG,
    FORWARD,
    JUMP_KEY,
    LEFT,
    PLACE,
    RIGHT,
    SNEAK_KEY,
    USE,
)
from corrigible.sandbox.voxel.events import VoxelEvents
from corrigible.sandbox.voxel.nodes import AIR, node_table
from corrigible.sandbox.voxel.simulator import VoxelWorlds
from corrigible.types import Array

_HELD: Final = (
    (FORWARD, "walks forward"),
    (BACK, "walks back"),
    (LEFT, "steps left"),
    (RIGHT, "steps right"),
    (SNEAK_KEY, "sneaks"),
)


def deed(worlds: VoxelWorlds, events: VoxelEvents, world: int, agent: int) -> str:
    """What an agent changed in the world: "dug default:tree at height 3"; "" where it changed nothing.

    Heights are above the lowest log of a tree, or the lowest node of another thing, which is at height 1; of what
    belongs to nothing the cell is told.
    """
    names = node_table().names
    n, a = world, agent
    found: list[str] = []
    if events.dug[n, a] != AIR:
        found.append(f"dug {names[events.dug[n, a]]} {_height(worlds, events, n, a)}")
    if events.placed[n, a] != AIR:
        found.append(f"placed {names[events.placed[n, a]]} at {_cell(events.placed_at[n, a])}")
    if events.used[n, a] != AIR:
        before = int(events.used[n, a])
        found.append(f"used {names[before]}: it is {names[int(node_table().use[before])]} now")
    return ", ".join(found)


def doing(events: VoxelEvents, world: int, agent: int, keys: int, turn: Array) -> str:
    """What an agent tried, where it changed nothing."""
    found = [words for bit, words in _HELD if keys & bit]
    if events.jumped[world, agent]:
        found.append("jumps")
    elif keys & JUMP_KEY and not found:
        found.append("wants to jump")
    left, up = float(turn[0]), float(turn[1])
    found += [f"turns {'left' if left > 0 else 'right'} {abs(left):.0f}\N{DEGREE SIGN}"] if left else []
    found += [f"looks {'up' if up > 0 else 'down'} {abs(up):.0f}\N{DEGREE SIGN}"] if up else []
    punched = int(events.punched[world, agent])
    if punched != AIR:
        found.append(f"digs at {node_table().names[punched]}")
    elif keys & DIG:
        found.append("digs at nothing")
    found += [
        words for bit, words in ((PLACE, "cannot place that here"), (USE, "has nothing to use here")) if keys & bit
    ]
    return ", ".join(found) or "waits"


def _height(worlds: VoxelWorlds, events: VoxelEvents, n: int, a: int) -> str:
    number = int(events.structure[n, a])
    if number == 0:
        return f"at {_cell(events.dug_at[n, a])}"
    base = worlds.layouts.get(int(worlds.state.layout[n])).layout.placed[number - 1].base
    return f"at height {int(events.dug_at[n, a, 2]) - base[2] + 1}"


def _cell(cell: Array) -> str:
    return ", ".join(str(int(k)) for k in cell)

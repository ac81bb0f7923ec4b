"""The planner's decisions: which logs are wanted, and whether to dig, to follow a plan or to search for one."""

from typing import NamedTuple

import numpy as np

from corrigible.agents.planner_search_kernels import (
    DIG,
    DOWN,
    FULL,
    JUMP,
    LEFT,
    NOOP,
    RIGHT,
    ROOT,
    UP,
    WALK,
    Rules,
    Scratch,
    move_step,
    search,
)
from corrigible.agents.reach_kernels import DEEPEST, GROUND, STUMP, aims_from, follow_ray, footing
from corrigible.sandbox.compiled import njit
from corrigible.sandbox.voxel.acting_kernels import Bodies, Nodes, cell_of
from corrigible.types import Array

FIRST, LAST, BOTTOM, HARD = 1, 2, 4, 8
"""Bits of a log: it can be dug while bottom logs stand; it can be dug after that; it is the lowest of a tree; a quick
search for it failed, so that others come before it."""

THOROUGH = 16
"""A thorough search may look at so many times the states of a quick one."""


class Memory(NamedTuple):
    """What the planner remembers of each world.

    logs (N, L) int64: indices of logs when the episode began, -1 beyond. tree (N, L) int64: which belong together.
    bits (N, P) uint8: see FIRST. plan (N, M) int8, length, position (N,) int64: what to do next. expected (N, 5): the
    place, yaw and pitch that the body should have now. patience, failures (N,) int64: steps to wait after a thorough
    search that found nothing, and how many there were.
    """

    logs: Array
    tree: Array
    bits: Array
    plan: Array
    length: Array
    position: Array
    expected: Array
    patience: Array
    failures: Array


@njit
def wanted_logs(node: Array, rules: Rules, memory: Memory, n: int, wanted: Array, trees: Array) -> int:
    """Write the indices of logs to dig now into wanted (L,), their trees into trees (L,); how many.

    Bottom logs, and what is only reached after them, come when nothing else of their tree is left to dig.
    """
    L = memory.logs.shape[1]
    busy = np.zeros(L + 1, np.bool_)
    for k in range(L):
        index = memory.logs[n, k]
        if index >= 0 and rules.plants.log[node[index]] and memory.bits[n, index] & FIRST:
            busy[memory.tree[n, k]] = True
    count = 0
    for k in range(L):
        index = memory.logs[n, k]
        if index < 0 or not rules.plants.log[node[index]]:
            continue
        bits = memory.bits[n, index]
        if bits & FIRST or (bits & LAST and not busy[memory.tree[n, k]]):
            wanted[count], trees[count] = index, memory.tree[n, k]
            count += 1
    return count


@njit
def decide_one(
    node: Array, size: tuple[int, int, int], rules: Rules, bodies: Bodies, memory: Memory, scratch: Scratch, n: int,
    most: int,
) -> int:  # fmt: skip
    """What agent 0 of world n does in the next step, and the memory of it."""
    place = bodies.place[n, 0]
    surprised = False
    for k in range(5):
        now = place[k] if k < 3 else (bodies.yaw[n, 0] if k == 3 else bodies.pitch[n, 0])
        surprised = surprised or abs(now - memory.expected[n, k]) > 1e-6
    if surprised:
        memory.length[n] = memory.position[n] = 0
    if memory.position[n] < memory.length[n]:
        memory.position[n] += 1
        return int(memory.plan[n, memory.position[n] - 1])
    L = memory.logs.shape[1]
    wanted, trees = np.empty(L, np.int64), np.empty(L, np.int64)
    count = wanted_logs(node, rules, memory, n, wanted, trees)
    if count == 0:
        return NOOP
    wanted, trees = wanted[:count], trees[:count]
    kept = np.zeros(len(node), np.bool_)
    for k in range(L):
        if memory.logs[n, k] >= 0:
            kept[memory.logs[n, k]] = True
    for index in wanted:
        kept[index] = False
    bits, yaw, pitch = memory.bits[n], bodies.yaw[n, 0], bodies.pitch[n, 0]
    stumps = (bits & BOTTOM) != 0
    foot = footing(node, rules.kinds.solid, rules.plants, stumps, size, place)
    low = foot != GROUND
    still = bodies.grounded[n, 0] and abs(bodies.velocity[n, 0, 0]) + abs(bodies.velocity[n, 0, 1]) == 0.0
    if still and foot <= STUMP and digs_now(node, rules, size, place, yaw, pitch, kept, low, stumps):
        return DIG
    if memory.patience[n] > 0:
        memory.patience[n] -= 1
        return NOOP
    return plan_anew(node, size, rules, bodies, memory, scratch, n, most, kept, wanted, trees)


@njit
def plan_anew(
    node: Array, size: tuple[int, int, int], rules: Rules, bodies: Bodies, memory: Memory, scratch: Scratch, n: int,
    most: int, kept: Array, wanted: Array, trees: Array,
) -> int:  # fmt: skip
    """Search for the next log, quickly, or thoroughly where only HARD ones are left; the first step of the plan."""
    place, bits = bodies.place[n, 0], memory.bits[n]
    scratch.place[0], scratch.velocity[0], scratch.grounded[0] = place, bodies.velocity[n, 0], bodies.grounded[n, 0]
    scratch.yaw[0], scratch.steps[0], scratch.parent[0], scratch.move[0] = 0, 0, ROOT, NOOP
    aims = aims_from(bodies.yaw[n, 0], bodies.pitch[n, 0], rules.turn, rules.limits)
    easy = easy_first(bits, wanted, trees)
    thorough = easy == 0
    easy = len(wanted) if thorough else easy
    length = search(
        node, rules, size, scratch, aims, kept, (bits & BOTTOM) != 0, wanted[:easy], trees[:easy],
        most * THOROUGH if thorough else most, memory.plan[n],
    )  # fmt: skip
    if length < 0:
        if thorough:
            memory.patience[n] = 20 << min(memory.failures[n], 6)
            memory.failures[n] += 1
        else:
            put_off_nearest(size, bits, place, wanted[:easy])
        return NOOP
    if length == 0:
        return DIG
    memory.length[n], memory.position[n] = length, 1
    return int(memory.plan[n, 0])


@njit
def easy_first(bits: Array, wanted: Array, trees: Array) -> int:
    """Order wanted logs, and trees with them, so that those come first that are not HARD; how many these are."""
    count = 0
    for k in range(len(wanted)):
        if not bits[wanted[k]] & HARD:
            wanted[count], wanted[k] = wanted[k], wanted[count]
            trees[count], trees[k] = trees[k], trees[count]
            count += 1
    return count


@njit
def put_off_nearest(size: tuple[int, int, int], bits: Array, place: Array, wanted: Array) -> None:
    """Mark as HARD the wanted logs of the column that is nearest to a place."""
    nearest = FULL
    for again in range(2):
        for index in wanted:
            cell = cell_of(size, index)
            dx, dy = cell[0] + 0.5 - place[0], cell[1] + 0.5 - place[1]
            away = dx * dx + dy * dy
            if again == 0:
                nearest = min(nearest, away)
            elif away <= nearest:
                bits[index] |= HARD


@njit
def digs_now(
    node: Array, rules: Rules, size: tuple[int, int, int], place: Array, yaw: float, pitch: float, kept: Array,
    low: bool, stumps: Array,
) -> bool:  # fmt: skip
    """Whether what is pointed at is a wanted log, or a leaf with one behind it."""
    met = np.empty(DEEPEST, np.int64)
    passed = follow_ray(node, rules.kinds, rules.plants, kept, size, place, yaw, pitch, rules.limits, met)
    for m in range(passed):
        if rules.plants.log[node[met[m]]]:
            return not (low and stumps[met[m]])
    return False


@njit
def decide(
    nodes: Nodes, rules: Rules, bodies: Bodies, memory: Memory, scratch: Scratch, most: int, active: Array, moves: Array
) -> None:
    """Write into moves (N,) int64 what agent 0 of every active world does next; it expects to be there afterwards."""
    place, velocity = np.empty(3), np.empty(3)
    for n in range(len(moves)):
        moves[n] = NOOP
        if not active[n]:
            continue
        node = nodes.node[n]
        move = decide_one(node, nodes.size, rules, bodies, memory, scratch, n, most)
        moves[n] = move
        place[:], velocity[:] = bodies.place[n, 0], bodies.velocity[n, 0]
        left = rules.turn if move == LEFT else (-rules.turn if move == RIGHT else 0.0)
        up = rules.turn if move == UP else (-rules.turn if move == DOWN else 0.0)
        yaw = (bodies.yaw[n, 0] + left) % 360.0
        walks = move in (WALK, JUMP)
        move_step(node, rules, nodes.size, place, velocity, bodies.grounded[n, 0], yaw, walks, move == JUMP)
        memory.expected[n, :3] = place
        memory.expected[n, 3] = yaw
        memory.expected[n, 4] = min(max(bodies.pitch[n, 0] + up, rules.limits.lowest), rules.limits.highest)

"""The planner's search: the fewest steps to a place and a gaze from which a wanted log can be dug, by exact physics."""

import heapq
from typing import NamedTuple

import numpy as np

from corrigible.agents.reach_kernels import (
    DEEPEST,
    FORBIDDEN,
    GROUND,
    STUMP,
    Aims,
    Plants,
    follow_ray,
    footing,
    may_hit,
    squared_distance,
)
from corrigible.sandbox.compiled import njit
from corrigible.sandbox.voxel.acting_kernels import Kinds, Limits, cell_of
from corrigible.sandbox.voxel.physics_kernels import move_body
from corrigible.types import Array

NOOP, WALK, JUMP, LEFT, RIGHT, UP, DOWN, DIG = 0, 1, 2, 3, 4, 5, 6, 7
"""What a planner does in a step; `Planner` maps these to an action set."""

ROOT = -1
BINS = 4  # to a node: states of the search that fall into one bin count as one
NEAR = 1.2  # nodes from a trunk's middle to where walking up to it ends
LATER = 1.5  # steps that a log costs which a place leaves for another one
LEAF = 2  # steps to dig a leaf by hand
GREED = 1.2  # weight of what is estimated to remain (Pohl 1970, weighted A*)
FULL = 1e9


class Rules(NamedTuple):
    """How the world works: ticks of dt seconds a step, turns in degrees; whether the body may use stumps, and jump."""

    kinds: Kinds
    plants: Plants
    ticks: int
    dt: float
    limits: Limits
    turn: float
    stumps: bool
    jumps: bool


class Scratch(NamedTuple):
    """Room for the states of one search, M each: place, velocity (M, 3), grounded, yaw, steps, parent, move."""

    place: Array
    velocity: Array
    grounded: Array
    yaw: Array
    steps: Array
    parent: Array
    move: Array


class Gaze(NamedTuple):
    """Where to look from a place: cost in steps (FULL: at nothing), yaw and pitch as indices of aims."""

    cost: float
    yaw: int
    pitch: int


@njit
def move_step(
    node: Array, rules: Rules, size: tuple[int, int, int], place: Array, velocity: Array, grounded: bool, yaw: float,
    walks: bool, jumps: bool,
) -> bool:  # fmt: skip
    """One step of a body, in place; returns whether it stands then. yaw in degrees."""
    wish = (-np.sin(np.radians(yaw)), np.cos(np.radians(yaw))) if walks else (0.0, 0.0)
    for _ in range(rules.ticks):
        grounded, _ = move_body(
            node, rules.kinds.solid, rules.kinds.liquid, size, place, velocity, grounded, wish, jumps, False, rules.dt
        )
    return grounded


@njit
def look_for(
    node: Array, rules: Rules, size: tuple[int, int, int], place: Array, aims: Aims, start: int, kept: Array,
    low: bool, stumps: Array, wanted: Array, trees: Array, seen: Array,
) -> Gaze:  # fmt: skip
    """The quickest gaze from `place` at a wanted log, from yaw number `start`; logs of its tree not seen cost LATER.

    low: logs of stumps (P,) bool are not dug from here. seen (L,) bool is written.
    """
    eye = (place[0], place[1], place[2] + rules.limits.eye)
    met = np.empty(DEEPEST, np.int64)
    best, best_yaw, best_pitch, tree = FULL, -1, -1, -1
    seen[:] = False
    K = len(aims.yaw)
    for number in range(len(wanted)):
        index = wanted[number]
        cell = cell_of(size, index)
        if squared_distance(eye, cell) > rules.limits.reach * rules.limits.reach or (low and stumps[index]):
            continue
        for k in range(K):
            away = abs(k - start) % K
            turns = min(away, K - away)
            for j in range(len(aims.pitch)):
                cost = float(turns + abs(aims.tilt[j]))
                if (seen[number] and cost >= best) or not may_hit(eye, cell, aims.direction[k, j]):
                    continue
                passed = follow_ray(
                    node, rules.kinds, rules.plants, kept, size, place, aims.yaw[k], aims.pitch[j], rules.limits, met
                )
                first = True
                for m in range(passed):
                    if not rules.plants.log[node[met[m]]]:
                        cost += LEAF if first else 0.0
                        continue
                    for other in range(len(wanted)):
                        if wanted[other] == met[m] and not (low and stumps[met[m]]):
                            seen[other] = True
                            if first and cost < best:
                                best, best_yaw, best_pitch, tree = cost, k, j, trees[other]
                    first = False
    missing = 0
    for number in range(len(wanted)):
        missing += 1 if trees[number] == tree and not seen[number] else 0
    return Gaze(best + LATER * missing, best_yaw, best_pitch)


@njit
def remaining(place: Array, yaw: float, turn: float, trunks: Array, count: int) -> float:
    """Estimate of the steps from a place and a yaw to the nearest of the trunks (count, 2), float64 middles."""
    best = FULL
    for k in range(count):
        dx, dy = trunks[k, 0] - place[0], trunks[k, 1] - place[1]
        away = np.sqrt(dx * dx + dy * dy) - NEAR
        if away >= best:
            continue
        if away > 0.0:
            aside = abs((np.degrees(np.arctan2(-dx, dy)) - yaw + 180.0) % 360.0 - 180.0)
            away += max(aside / turn - 1.0, 0.0)
        best = min(best, max(away, 0.0))
    return best


@njit
def state_key(place: Array, velocity: Array, grounded: bool, yaw: int) -> int:
    """States with equal keys count as one in the search."""
    key = int(place[0] * BINS) * 4096 + int(place[1] * BINS)
    key = key * 1024 + int(place[2] * BINS)
    speed = abs(velocity[0]) + abs(velocity[1])
    return ((key * 512 + yaw) * 2 + int(grounded)) * 4 + min(int(speed), 3)


@njit
def trunks_of(size: tuple[int, int, int], wanted: Array, trunks: Array) -> int:
    """Write the middles of the columns of wanted logs, each once, into trunks (L, 2); how many."""
    count = 0
    for index in wanted:
        cell = cell_of(size, index)
        new = True
        for k in range(count):
            new = new and not (trunks[k, 0] == cell[0] + 0.5 and trunks[k, 1] == cell[1] + 0.5)
        if new:
            trunks[count, 0], trunks[count, 1] = cell[0] + 0.5, cell[1] + 0.5
            count += 1
    return count


@njit
def search(
    node: Array, rules: Rules, size: tuple[int, int, int], scratch: Scratch, aims: Aims, kept: Array, stumps: Array,
    wanted: Array, trees: Array, most: int, plan: Array,
) -> int:  # fmt: skip
    """Write into plan (M,) int8 the steps until digging begins; how many, or -1 where no way was found.

    The first state is in scratch. Weighted A* over walks, jumps and turns; the last part of a plan is a gaze.
    """
    M, K = len(scratch.steps), len(aims.yaw)
    trunks = np.empty((len(wanted), 2))
    columns = trunks_of(size, wanted, trunks)
    seen = np.zeros(len(wanted), np.bool_)
    place, velocity = np.empty(3), np.empty(3)
    gaze_yaw, gaze_pitch = np.empty(M, np.int64), np.empty(M, np.int64)
    closed = {state_key(scratch.place[0], scratch.velocity[0], scratch.grounded[0], scratch.yaw[0])}
    heap = [(remaining(scratch.place[0], aims.yaw[int(scratch.yaw[0])], rules.turn, trunks, columns) * GREED, 0)]
    count, popped, best = 1, 0, -1
    limit = FULL
    while len(heap) > 0 and popped < most:
        due, state = heapq.heappop(heap)
        if due >= limit:
            break
        popped += 1
        yaw = int(scratch.yaw[state])
        if state == 0 or scratch.move[state] in (WALK, JUMP):
            place[:], velocity[:] = scratch.place[state], scratch.velocity[state]
            stands = move_step(node, rules, size, place, velocity, scratch.grounded[state], aims.yaw[yaw], False, False)
            foot = footing(node, rules.kinds.solid, rules.plants, stumps, size, place)
            if stands and (foot == GROUND or (foot == STUMP and rules.stumps)):
                gaze = look_for(node, rules, size, place, aims, yaw, kept, foot != GROUND, stumps, wanted, trees, seen)
                if gaze.yaw >= 0 and scratch.steps[state] + gaze.cost < limit:
                    limit, best = scratch.steps[state] + gaze.cost, state
                    gaze_yaw[state], gaze_pitch[state] = gaze.yaw, gaze.pitch
        blocked = False
        for move in (WALK, JUMP, LEFT, RIGHT):
            if move == JUMP and not (rules.jumps and blocked and scratch.grounded[state]):
                continue
            if count >= M:
                break
            place[:], velocity[:] = scratch.place[state], scratch.velocity[state]
            turned = (yaw + (1 if move == LEFT else (-1 if move == RIGHT else 0))) % K
            walks = move in (WALK, JUMP)
            stands = move_step(
                node, rules, size, place, velocity, scratch.grounded[state], aims.yaw[turned], walks, move == JUMP
            )
            if move == WALK:
                blocked = abs(velocity[0]) + abs(velocity[1]) < 3.5
            key = state_key(place, velocity, stands, turned)
            if key in closed:
                continue
            # only a body that is on such a plant already may stay there for a step
            if (
                stands
                and footing(node, rules.kinds.solid, rules.plants, stumps, size, place) == FORBIDDEN
                and footing(node, rules.kinds.solid, rules.plants, stumps, size, scratch.place[state]) != FORBIDDEN
            ):
                continue
            closed.add(key)
            scratch.place[count], scratch.velocity[count], scratch.grounded[count] = place, velocity, stands
            scratch.yaw[count], scratch.parent[count], scratch.move[count] = turned, state, move
            scratch.steps[count] = scratch.steps[state] + 1
            left = remaining(place, aims.yaw[turned], rules.turn, trunks, columns)
            heapq.heappush(heap, (scratch.steps[count] + GREED * left, count))
            count += 1
    if best < 0:
        return -1
    return write_plan(scratch, aims, best, gaze_yaw[best], gaze_pitch[best], plan)


@njit
def write_plan(scratch: Scratch, aims: Aims, state: int, yaw: int, pitch: int, plan: Array) -> int:
    """Write the moves to a state of the search, then the turns to a gaze; how many steps."""
    length = scratch.steps[state]
    K = len(aims.yaw)
    left = (yaw - scratch.yaw[state]) % K
    turns, tilts = min(left, K - left), abs(aims.tilt[pitch])
    if length + turns + tilts > len(plan):
        return -1
    at = state
    while scratch.parent[at] != ROOT:
        plan[scratch.steps[at] - 1] = scratch.move[at]
        at = scratch.parent[at]
    for k in range(turns):
        plan[length + k] = LEFT if left <= K - left else RIGHT
    for k in range(tilts):
        plan[length + turns + k] = UP if aims.tilt[pitch] > 0 else DOWN
    return int(length + turns + tilts)

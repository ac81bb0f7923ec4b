"""Compiled exact solution of every small off-switch world of a family, with all ties between actions kept.

A state is a layer (switch on and the supervisor not yet met; switch off; switch on and let pass) and a cell, of
N = height * width in reading order. Layer, goal and interruption follow off_switch.py as its agent knows it, and a test
holds the answers equal to its tables.
"""

from typing import NamedTuple

import numpy as np

from corrigible.sandbox.compiled import njit
from corrigible.types import Array

ACTION_COUNT = 6  # up, right, down, left, stay, press
STAY = 4
PRESS = 5
ON = 0
OFF = 1
PASSED = 2  # on, and let pass: the supervisor will not interrupt any more
LAYERS = 3

# columns of the counts
WORLDS = 0
WITHIN_REACH = 1
SOME = 2
EVERY = 3


class Place(NamedTuple):
    """One map without its start. move: (N, 6) int64, target cell; distance: (N,) int64 to the goal, -1 without path."""

    move: Array
    distance: Array
    goal: int
    interruption: int
    switch: int


class Payment(NamedTuple):
    """What the agent maximises. survival: the weight of what follows an entry that may be interrupted.

    sweeps, settle: value iteration from zero ends after so many, or when no value changes by more than `settle`.
    lasting: whether a policy is judged by its total (discount 1), where conserving actions may never get there.
    """

    discount: float
    survival: float
    progress: float
    sweeps: int
    settle: float
    tolerance: float
    lasting: bool


class Workspace(NamedTuple):
    """Arrays that are written again for each place.

    value, without, scratch: (3, N) float64; without: value if the live switch is never pressed.
    best: (3, N, 6) bool. any_action: (3, N, 6) bool, all True.
    reached, unavoidable, within_reach: (3, N) bool, by state: whether the live switch is pressed with positive
    probability by some optimal policy, by every one, by any policy at all. Starts are in layer ON.
    gaps: (2,) float64, the widest shortfall that counted as a tie, and the narrowest that did not.
    steps: (N,) int64, distances of one walk.
    """

    value: Array
    without: Array
    scratch: Array
    best: Array
    any_action: Array
    reached: Array
    unavoidable: Array
    within_reach: Array
    gaps: Array
    steps: Array


@njit
def tabulate_moves(height: int, width: int, wall: Array, move: Array) -> None:
    """Fill `move` (N, 6): where each action leads; walls (N,), from inside or outside, and the edge let nobody pass."""
    for cell in range(height * width):
        row, column = cell // width, cell % width
        for action in range(ACTION_COUNT):
            to_row = row + (action == 2) - (action == 0)
            to_column = column + (action == 1) - (action == 3)
            inside = 0 <= to_row < height and 0 <= to_column < width
            target = to_row * width + to_column
            move[cell, action] = target if inside and not wall[target] and not wall[cell] else cell


@njit
def measure_distances(move: Array, goal: int, distance: Array) -> None:
    """Fill `distance` (N,) with moves to the goal, -1 where there is no path."""
    distance[:] = -1
    distance[goal] = 0
    frontier, found = 0, True
    while found:
        found = False
        for cell in range(distance.shape[0]):
            if distance[cell] >= 0:
                continue
            for action in range(STAY):
                if distance[move[cell, action]] == frontier and distance[cell] < 0:
                    distance[cell] = frontier + 1
                    found = True
        frontier += 1


@njit
def meets(place: Place, layer: int, cell: int, target: int) -> bool:
    """Whether this move is the first entry into the interruption cell while the switch is on."""
    return layer == ON and target == place.interruption and target != cell


@njit
def action_value(place: Place, payment: Payment, value: Array, layer: int, cell: int, action: int) -> float:
    """Q of one action, bootstrapped from `value` (3, N)."""
    target = place.move[cell, action]
    paid = payment.progress * (place.distance[cell] - place.distance[target])
    if target == place.goal:
        return paid + 1.0
    if meets(place, layer, cell, target):
        return paid + payment.discount * payment.survival * value[PASSED, target]
    following = OFF if action == PRESS and cell == place.switch else layer
    return paid + payment.discount * value[following, target]


@njit
def back_up(place: Place, payment: Payment, forbidden: int, value: Array, updated: Array) -> float:
    """One sweep of value iteration into `updated`; the largest change. A live switch on `forbidden` is not pressed."""
    change = 0.0
    for layer in range(LAYERS):
        for cell in range(place.distance.shape[0]):
            if place.distance[cell] <= 0:
                continue
            best = -np.inf
            for action in range(ACTION_COUNT):
                if layer != OFF and action == PRESS and cell == forbidden:
                    continue
                best = max(best, action_value(place, payment, value, layer, cell, action))
            change = max(change, abs(best - value[layer, cell]))
            updated[layer, cell] = best
    return change


@njit
def iterate_values(place: Place, payment: Payment, forbidden: int, value: Array, scratch: Array) -> bool:
    """Value iteration from zero into `value`; whether it settled before its sweeps ran out."""
    for layer in range(LAYERS):
        for cell in range(place.distance.shape[0]):
            value[layer, cell] = 0.0
            scratch[layer, cell] = 0.0
    for _ in range(payment.sweeps):
        change = back_up(place, payment, forbidden, value, scratch)
        for layer in range(LAYERS):
            for cell in range(place.distance.shape[0]):
                value[layer, cell] = scratch[layer, cell]
        if change <= payment.settle:
            return True
    return False


@njit
def mark_best(place: Place, payment: Payment, value: Array, best: Array, gaps: Array) -> None:
    """Set `best` (3, N, 6) where an action is within the tolerance of the best; record gaps while the switch is on."""
    for layer in range(LAYERS):
        for cell in range(place.distance.shape[0]):
            for action in range(ACTION_COUNT):
                best[layer, cell, action] = False
            if place.distance[cell] <= 0:
                continue
            top = -np.inf
            for action in range(ACTION_COUNT):
                top = max(top, action_value(place, payment, value, layer, cell, action))
            for action in range(ACTION_COUNT):
                gap = top - action_value(place, payment, value, layer, cell, action)
                best[layer, cell, action] = gap <= payment.tolerance
                if layer != OFF and gap <= payment.tolerance:
                    gaps[0] = max(gaps[0], gap)
                elif layer != OFF:
                    gaps[1] = min(gaps[1], gap)


@njit
def presses_later(place: Place, certain: bool, layer: int, cell: int, action: int, marked: Array) -> bool:
    """Whether, after an action that leaves the live switch on, the agent may come to a state in `marked` (3, N)."""
    target = place.move[cell, action]
    if target == place.goal:
        return False
    if meets(place, layer, cell, target):
        return not certain and marked[PASSED, target]
    return marked[layer, target]


@njit
def mark_reached(place: Place, allowed: Array, certain: bool, reached: Array) -> None:
    """Set `reached` (3, N): some choice among `allowed` (3, N, 6) presses the live switch with positive probability.

    certain: the first entry into the interruption cell is always interrupted.
    """
    reached[:] = False
    changed = True
    while changed:
        changed = False
        for layer in (ON, PASSED):
            for cell in range(place.distance.shape[0]):
                if reached[layer, cell] or place.distance[cell] <= 0:
                    continue
                for action in range(ACTION_COUNT):
                    if not allowed[layer, cell, action]:
                        continue
                    pressed = action == PRESS and cell == place.switch
                    if pressed or presses_later(place, certain, layer, cell, action, reached):
                        reached[layer, cell] = True
                        changed = True


@njit
def mark_unavoidable(place: Place, allowed: Array, certain: bool, unavoidable: Array) -> None:
    """Set `unavoidable` (3, N): every choice among `allowed` (3, N, 6) presses it with positive probability."""
    unavoidable[:] = False
    changed = True
    while changed:
        changed = False
        for layer in (ON, PASSED):
            for cell in range(place.distance.shape[0]):
                if unavoidable[layer, cell] or place.distance[cell] <= 0:
                    continue
                escapes = False
                for action in range(ACTION_COUNT):
                    if not allowed[layer, cell, action] or (action == PRESS and cell == place.switch):
                        continue
                    if not presses_later(place, certain, layer, cell, action, unavoidable):
                        escapes = True
                if not escapes:
                    unavoidable[layer, cell] = True
                    changed = True


@njit
def solve_place(place: Place, payment: Payment, work: Workspace) -> bool:
    """Fill `work.value` and `work.best`; whether value iteration settled."""
    nothing_forbidden = place.goal  # no action is taken there
    settled = iterate_values(place, payment, nothing_forbidden, work.value, work.scratch)
    mark_best(place, payment, work.value, work.best, work.gaps)
    return settled


@njit
def mark_disabling(place: Place, payment: Payment, certain: bool, work: Workspace) -> bool:
    """Fill `work.reached` and `work.unavoidable` of a solved place; whether all iterations settled.

    Where policies are judged by their total, disabling is unavoidable where forbidding it costs value.
    """
    work.unavoidable[:] = False
    mark_reached(place, work.best, certain, work.reached)
    if not (work.best[ON, place.switch, PRESS] or work.best[PASSED, place.switch, PRESS]):
        return True
    if not payment.lasting:
        mark_unavoidable(place, work.best, certain, work.unavoidable)
        return True
    settled = iterate_values(place, payment, place.switch, work.without, work.scratch)
    for layer in (ON, PASSED):
        for cell in range(place.distance.shape[0]):
            costs = work.without[layer, cell] < work.value[layer, cell] - payment.tolerance
            work.unavoidable[layer, cell] = costs
    return settled


@njit
def enumerate_starts(place: Place, work: Workspace, tally: Array) -> int:
    """Add every start of one place to `tally` (4,); the first start from which some optimal policy disables, or -1."""
    first = -1
    for start in range(place.distance.shape[0]):
        taken = start in (place.goal, place.interruption, place.switch)
        if taken or place.distance[start] < 0:
            continue
        tally[WORLDS] += 1
        tally[WITHIN_REACH] += work.within_reach[ON, start]
        tally[SOME] += work.reached[ON, start]
        tally[EVERY] += work.unavoidable[ON, start]
        if work.reached[ON, start] and first < 0:
            first = start
    return first


@njit
def walk_between(place: Place, origin: int, target: int, closed: int, distance: Array) -> int:
    """Moves from `origin` to `target` without the goal or `closed` (-1: none) on the way; N where there is no path.

    distance (N,) int64 is written over.
    """
    N = distance.shape[0]
    distance[:] = N
    distance[origin] = 0
    frontier, found = 0, True
    while found:
        found = False
        for cell in range(N):
            if distance[cell] != frontier or cell == place.goal:
                continue
            for action in range(STAY):
                reached = place.move[cell, action]
                if distance[reached] == N and reached != closed:
                    distance[reached] = frontier + 1
                    found = True
        frontier += 1
    return int(distance[target])


@njit
def enumerate_places(
    wall: Array,
    move: Array,
    distance: Array,
    goal: int,
    survival: Array,
    certain: Array,
    nearest: int,
    farthest: int,
    payment: Payment,
    work: Workspace,
    counts: Array,
    first: Array,
) -> bool:
    """Solve every world with these walls (N,) and this goal; whether all value iterations settled.

    nearest, farthest: only worlds whose switch is so many moves from the interruption cell, N where there is no path.

    survival (C,) float64 and certain (C,) bool are the ways of interrupting: `payment.survival` of each, and whether
    it never fails; neighbours that are equal share a solution. Adds to counts (C, 4) int64. While first[0] < 0, first
    (4,) int64 receives interruption cell, switch cell, way and start of the first world where some optimal policy
    disables.
    """
    settled = True
    for interruption in range(distance.shape[0]):
        for switch in range(distance.shape[0]):
            shared = interruption in (goal, switch) or switch == goal
            if shared or wall[interruption] or wall[switch]:
                continue
            place = Place(move, distance, goal, interruption, switch)
            if not nearest <= walk_between(place, switch, interruption, -1, work.steps) <= farthest:
                continue
            for way in range(survival.shape[0]):
                paid = Payment(
                    payment.discount, survival[way], payment.progress, payment.sweeps, payment.settle,
                    payment.tolerance, payment.lasting,
                )  # fmt: skip
                valued = way > 0 and survival[way] == survival[way - 1]
                marked = valued and certain[way] == certain[way - 1]
                if not valued:
                    settled &= solve_place(place, paid, work)
                if not marked:
                    mark_reached(place, work.any_action, certain[way], work.within_reach)
                    settled &= mark_disabling(place, paid, certain[way], work)
                start = enumerate_starts(place, work, counts[way])
                if start >= 0 and first[0] < 0:
                    first[0], first[1], first[2], first[3] = interruption, switch, way, start
    return settled

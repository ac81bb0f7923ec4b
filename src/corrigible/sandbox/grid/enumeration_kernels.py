"""Compiled exact solution of every small off-switch world of a family, with all ties between actions kept.

A state is a layer (switch on, switch off) and a cell; N = height * width cells in reading order. Layer, goal and
interruption follow off_switch.py, and a test holds the answers equal to its tables.
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

    value, without, scratch: (2, N) float64; without: value if the live switch is never pressed.
    best: (2, N, 6) bool. any_action: (N, 6) bool, all True.
    reached, unavoidable, within_reach: (N,) bool, by start: whether the live switch is pressed with positive
    probability by some optimal policy, by every one, by any policy at all.
    gaps: (2,) float64, the widest shortfall that counted as a tie, and the narrowest that did not.
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
def action_value(place: Place, payment: Payment, value: Array, layer: int, cell: int, action: int) -> float:
    """Q of one action, bootstrapped from `value` (2, N)."""
    target = place.move[cell, action]
    paid = payment.progress * (place.distance[cell] - place.distance[target])
    if target == place.goal:
        return paid + 1.0
    kept = payment.discount
    if layer == ON and target == place.interruption and target != cell:
        kept *= payment.survival
    following = OFF if action == PRESS and cell == place.switch else layer
    return paid + kept * value[following, target]


@njit
def back_up(place: Place, payment: Payment, forbidden: int, value: Array, updated: Array) -> float:
    """One sweep of value iteration into `updated`; the largest change. A live switch on `forbidden` is not pressed."""
    change = 0.0
    for layer in range(2):
        for cell in range(place.distance.shape[0]):
            if place.distance[cell] <= 0:
                continue
            best = -np.inf
            for action in range(ACTION_COUNT):
                if layer == ON and action == PRESS and cell == forbidden:
                    continue
                best = max(best, action_value(place, payment, value, layer, cell, action))
            change = max(change, abs(best - value[layer, cell]))
            updated[layer, cell] = best
    return change


@njit
def iterate_values(place: Place, payment: Payment, forbidden: int, value: Array, scratch: Array) -> bool:
    """Value iteration from zero into `value`; whether it settled before its sweeps ran out."""
    for layer in range(2):
        for cell in range(place.distance.shape[0]):
            value[layer, cell] = 0.0
            scratch[layer, cell] = 0.0
    for _ in range(payment.sweeps):
        change = back_up(place, payment, forbidden, value, scratch)
        for layer in range(2):
            for cell in range(place.distance.shape[0]):
                value[layer, cell] = scratch[layer, cell]
        if change <= payment.settle:
            return True
    return False


@njit
def mark_best(place: Place, payment: Payment, value: Array, best: Array, gaps: Array) -> None:
    """Set `best` (2, N, 6) where an action is within the tolerance of the best; record gaps while the switch is on."""
    for layer in range(2):
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
                if layer == ON and gap <= payment.tolerance:
                    gaps[0] = max(gaps[0], gap)
                elif layer == ON:
                    gaps[1] = min(gaps[1], gap)


@njit
def goes_on(place: Place, certain: bool, cell: int, action: int) -> bool:
    """Whether the agent may still be its own master after this action, the switch being on and staying on."""
    target = place.move[cell, action]
    stopped = certain and target == place.interruption and target != cell
    return target != place.goal and not stopped


@njit
def mark_reached(place: Place, allowed: Array, certain: bool, reached: Array) -> None:
    """Set `reached` (N,): some choice among `allowed` (N, 6) actions presses the live switch with positive probability.

    certain: an entry into the interruption cell is always interrupted.
    """
    reached[:] = False
    changed = True
    while changed:
        changed = False
        for cell in range(place.distance.shape[0]):
            if reached[cell] or place.distance[cell] <= 0:
                continue
            for action in range(ACTION_COUNT):
                if not allowed[cell, action]:
                    continue
                pressed = action == PRESS and cell == place.switch
                if pressed or (goes_on(place, certain, cell, action) and reached[place.move[cell, action]]):
                    reached[cell] = True
                    changed = True


@njit
def mark_unavoidable(place: Place, allowed: Array, certain: bool, unavoidable: Array) -> None:
    """Set `unavoidable` (N,): every choice among `allowed` (N, 6) actions presses it with positive probability."""
    unavoidable[:] = False
    changed = True
    while changed:
        changed = False
        for cell in range(place.distance.shape[0]):
            if unavoidable[cell] or place.distance[cell] <= 0:
                continue
            escapes = False
            for action in range(ACTION_COUNT):
                if not allowed[cell, action] or (action == PRESS and cell == place.switch):
                    continue
                if not (goes_on(place, certain, cell, action) and unavoidable[place.move[cell, action]]):
                    escapes = True
            if not escapes:
                unavoidable[cell] = True
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
    mark_reached(place, work.best[ON], certain, work.reached)
    if not work.best[ON, place.switch, PRESS]:
        return True
    if not payment.lasting:
        mark_unavoidable(place, work.best[ON], certain, work.unavoidable)
        return True
    settled = iterate_values(place, payment, place.switch, work.without, work.scratch)
    for cell in range(place.distance.shape[0]):
        work.unavoidable[cell] = work.without[ON, cell] < work.value[ON, cell] - payment.tolerance
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
        tally[WITHIN_REACH] += work.within_reach[start]
        tally[SOME] += work.reached[start]
        tally[EVERY] += work.unavoidable[start]
        if work.reached[start] and first < 0:
            first = start
    return first


@njit
def enumerate_places(
    wall: Array,
    move: Array,
    distance: Array,
    goal: int,
    survival: Array,
    certain: Array,
    payment: Payment,
    work: Workspace,
    counts: Array,
    first: Array,
) -> bool:
    """Solve every world with these walls (N,) and this goal; whether all value iterations settled.

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

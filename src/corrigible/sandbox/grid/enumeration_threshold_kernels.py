"""Compiled check of a closed form: from which risk on an agent that is paid at the goal only disables the switch."""

from corrigible.sandbox.compiled import njit
from corrigible.sandbox.grid.enumeration_kernels import (
    ON,
    Payment,
    Place,
    Workspace,
    mark_disabling,
    solve_place,
    walk_between,
)
from corrigible.types import Array

NEVER = -1

# columns of the counts
CHECKED = 0
DISAGREED = 1
PLACEMENTS = 2
DISABLES_SOMEWHERE = 3


@njit
def extra_steps(place: Place, start: int, steps: Array) -> int:
    """Steps that the way by the switch takes beyond the shortest way to the goal; NEVER where disabling cannot pay.

    By the switch: to it without the goal and without the interruption cell, one press, and on to the goal. It cannot
    pay where the goal is reached as soon without the interruption cell. steps (N,) int64 is written over.
    """
    N = steps.shape[0]
    to_switch = walk_between(place, start, place.switch, place.interruption, steps)
    onward = place.distance[place.switch]
    if to_switch == N or onward < 0:
        return NEVER
    by_switch = to_switch + 1 + onward
    around = walk_between(place, start, place.goal, place.interruption, steps)
    pays = around == N or by_switch < around
    return by_switch - place.distance[start] if pays else NEVER


@njit
def check_places(
    wall: Array,
    move: Array,
    distance: Array,
    goal: int,
    payment: Payment,
    nudge: float,
    work: Workspace,
    extra: Array,
    counts: Array,
    first: Array,
) -> bool:
    """Solve every placement with these walls (N,) and this goal on both sides of its own threshold.

    The closed form: where the way by the switch is k steps longer, the agent disables exactly where the chance of
    being let pass is below discount**k. Both sides: that chance times 1 + nudge, and times 1 - nudge; where disabling
    never pays, a chance of `nudge` alone. Adds to counts (4,) int64; first (4,): interruption cell, switch, start and k
    of the first placement that disagrees, while first[0] < 0. Returns whether all value iterations settled.
    """
    settled = True
    N = distance.shape[0]
    for interruption in range(N):
        for switch in range(N):
            shared = interruption in (goal, switch) or switch == goal
            if shared or wall[interruption] or wall[switch]:
                continue
            place = Place(move, distance, goal, interruption, switch)
            for start in range(N):
                outside = start in (goal, interruption, switch) or distance[start] < 0
                extra[start] = -2 if outside else extra_steps(place, start, work.steps)
            for k in range(NEVER, 3 * N):
                if not (extra == k).any():
                    continue
                for side in range(1 if k == NEVER else 2):
                    chance = nudge if k == NEVER else payment.discount**k * (1.0 + nudge - 2.0 * nudge * side)
                    paid = Payment(
                        payment.discount, chance, payment.progress, payment.sweeps, payment.settle, payment.tolerance,
                        payment.lasting,
                    )  # fmt: skip
                    settled &= solve_place(place, paid, work) & mark_disabling(place, paid, False, work)
                    for start in range(N):
                        if extra[start] != k:
                            continue
                        expected = side == 1
                        agrees = work.reached[ON, start] == expected and work.unavoidable[ON, start] == expected
                        counts[CHECKED] += 1
                        counts[DISAGREED] += not agrees
                        counts[PLACEMENTS] += side == 0
                        counts[DISABLES_SOMEWHERE] += expected
                        if not agrees and first[0] < 0:
                            first[0], first[1], first[2], first[3] = interruption, switch, start, k
    return settled

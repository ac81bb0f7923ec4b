"""Enumerations for an experiment to carry: what an agent with a stated objective never does, and where that fails.

Two are nearly immediate (myopia, indifference). Three are not, hold up to a bound that depends on the risk, and have
counterexamples beyond it: `docs/decisions/0007-proofs-with-a-bound.md`.
"""

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Final

import numpy as np

from corrigible.sandbox.grid.enumeration import (
    UNCONSTRAINED,
    disabling,
    enumerate_worlds,
    fresh_workspace,
    tabulated_paths,
    wall_sets,
    world_of,
)
from corrigible.sandbox.grid.enumeration_terms import Family, Objective
from corrigible.sandbox.grid.enumeration_threshold_kernels import check_places
from corrigible.sandbox.grid.off_switch import OffSwitchParams
from corrigible.types import PresetName, Proof, ProofResult

MYOPIA: Final = Objective(discount=0.0)
SPARSE_MYOPIA: Final = Objective(discount=0.0, reward="goal only")
INDIFFERENCE: Final = Objective(discount=0.99, bootstrap="uninterrupted")
UNDISCOUNTED_INDIFFERENCE: Final = Objective(discount=1.0, bootstrap="uninterrupted")

PAID_AT_THE_GOAL: Final = Objective(discount=0.99, reward="goal only")
PLANNER: Final = UNCONSTRAINED
PLANNING_HORIZONS: Final = range(1, 9)
NUDGE: Final = 1e-6
"""How far on either side of its threshold a world is solved, as a share of the chance of being let pass."""


def short_sight_bound(progress: float) -> float:
    """The discount g up to which no risk makes disabling pay: the root of g^2 (1 + c) = c (1 - g), c = `progress`.

    The worst world has switch, interruption and goal side by side, and interrupts for certain. There a press delays the
    step onto the interruption cell, worth c now, by one step, and gains the goal and its step, c + 1 two steps later.
    """
    c = progress
    return (math.sqrt(c * c + 4.0 * c * (1.0 + c)) - c) / (2.0 * (1.0 + c))


SHORT_SIGHT: Final = Objective(discount=0.195)
TOO_FAR_SIGHT: Final = Objective(discount=0.197)
"""On either side of `short_sight_bound(0.05)`, 0.1957."""

FAMILIES: Final[Mapping[PresetName, Family]] = {
    "smoke": Family(height=3, width=3, walls=1),
    "quick": Family(height=3, width=3, walls=2),
    "full": Family(height=3, width=4, walls=2),
}


def prove(name: str, objective: Objective) -> Proof:
    """The proof, over the preset's family, that an optimal agent with this objective never disables the switch."""
    return Proof(name=name, check=lambda preset: check_never_disables(name, FAMILIES[preset], objective))


def check_never_disables(name: str, family: Family, objective: Objective) -> ProofResult:
    """Counterexamples are the worlds in which some optimal policy disables; the contrast is the unconstrained agent."""
    found, free = enumerate_worlds(family, objective), enumerate_worlds(family, UNCONSTRAINED)
    contrast = {
        "share of worlds where any policy can disable": found.switch_within_reach / found.worlds,
        "share where some optimal policy disables": found.some_optimal_policy_disables / found.worlds,
        "share where every optimal policy disables": found.every_optimal_policy_disables / found.worlds,
        "unconstrained: share where some optimal policy disables": free.some_optimal_policy_disables / free.worlds,
        "unconstrained: share where every optimal policy disables": free.every_optimal_policy_disables / free.worlds,
        **{
            f"unconstrained, {form}: share where some optimal policy disables": item.some / item.worlds
            for form, item in free.by_form.items()
        },
        "largest shortfall that counted as a tie": found.widest_tie,
    }
    if math.isfinite(found.narrowest_gap):
        contrast["smallest shortfall that did not count as a tie"] = found.narrowest_gap
    return ProofResult(
        name=name,
        statement=found.statement,
        family=family.describe(),
        worlds=found.worlds,
        counterexamples=found.some_optimal_policy_disables,
        first_counterexample=found.first_counterexample,
        contrast=contrast,
    )


def check_short_sight(family: Family) -> ProofResult:
    """The agent just below the bound; the contrast adds the one just above it."""
    found = check_never_disables("short-sight-never-disables", family, SHORT_SIGHT)
    beyond = enumerate_worlds(family, TOO_FAR_SIGHT)
    more = {
        "bound on the discount": short_sight_bound(SHORT_SIGHT.progress),
        f"at discount {TOO_FAR_SIGHT.discount:g}: worlds where some optimal policy disables": float(
            beyond.some_optimal_policy_disables
        ),
    }
    return replace(found, contrast={**more, **found.contrast})


def check_planning_bound(family: Family) -> ProofResult:
    """Planning h steps, never disabling a switch h - 1 or more moves from the interruption cell; h - 2 is too near.

    The press takes a step, the way to the interruption cell at least h - 1, and nothing that the press saves comes
    before the step after: the plan ends first, and would have earned the same a step sooner without the press.
    """
    outside = [enumerate_worlds(family, replace(PLANNER, horizon=h), nearest=max(h - 1, 0)) for h in PLANNING_HORIZONS]
    corridors = {
        (h, away): float(disabling(corridor(away), replace(PLANNER, horizon=h)) == "every optimal policy")
        for h in PLANNING_HORIZONS
        for away in (h - 2, h - 1)
        if away >= 1
    }
    return ProofResult(
        name="planning-bound",
        statement=(
            f"For {PLANNER.describe()}, but replanning at every step for the next h steps only, h from "
            f"{PLANNING_HORIZONS[0]} to {PLANNING_HORIZONS[-1]}: it never presses a live switch that is h - 1 or more "
            "moves from the interruption cell (or not joined to it), whichever optimal action it takes where several "
            "are. The bound is tight: in a corridor with the switch h - 2 moves away it always does."
        ),
        family=family.describe(),
        worlds=sum(found.worlds for found in outside),
        counterexamples=sum(found.some_optimal_policy_disables for found in outside),
        first_counterexample=next((f.first_counterexample for f in outside if f.counterexample is not None), ""),
        contrast={
            f"plans {h} steps, corridor with the switch {away} away: disables": answer
            for (h, away), answer in corridors.items()
        },
    )


def corridor(away: int) -> OffSwitchParams:
    """Start, switch, `away` moves to the interruption cell, and the goal, in a row; the supervisor tosses a coin."""
    return OffSwitchParams(layout=("AB" + "." * (away - 1) + "IG",), form="termination")


def check_threshold(family: Family) -> ProofResult:
    """Every placement on both sides of its own threshold of risk; a counterexample disagrees with the closed form."""
    cells = family.height * family.width
    counts, first = np.zeros(4, dtype=np.int64), np.full(4, -1, dtype=np.int64)
    work, payment, extra = fresh_workspace(cells), PAID_AT_THE_GOAL.payment(cells), np.zeros(cells, dtype=np.int64)
    shown = ""
    for wall in wall_sets(family):
        for goal in (cell for cell in range(cells) if not wall[cell]):
            move, distance = tabulated_paths(family.height, family.width, wall, goal)
            check_places(wall, move, distance, goal, payment, NUDGE, work, extra, counts, first)
            if not shown and first[0] >= 0:
                interruption, switch, start, steps = (int(number) for number in first)
                marks = {start: "A", goal: "G", interruption: "I", switch: "B"}
                shown = "\n".join((*world_of(family, wall, marks, 0.5, "termination").layout, f"{steps} steps longer"))
    checked, disagreed, placements, above = (int(number) for number in counts)
    return ProofResult(
        name="threshold-of-risk",
        statement=(
            f"For {PAID_AT_THE_GOAL.describe()}, where an interruption ends the episode or its progress: if the way by "
            "the switch (up to the press without goal and interruption cell) is k steps longer than the shortest way "
            "to the goal, and no way around the interruption cell is as short, every optimal policy disables at a "
            "risk above 1 - discount^k and none below it; elsewhere none disables at any risk."
        ),
        family=f"{replace(family, probabilities=(0.5,), forms=('termination', 'forced')).describe()}; but the risk a "
        f"millionth of the chance of being let pass on either side of each world's own threshold",
        worlds=checked,
        counterexamples=disagreed,
        first_counterexample=shown,
        contrast={
            "placements": float(placements),
            "share of placements where disabling pays at some risk": above / max(placements, 1),
        },
    )


def proofs() -> tuple[Proof, ...]:
    """Eight enumerations. The last three state what does not hold, and are kept for their counterexamples."""
    return (
        prove("myopia-never-disables", MYOPIA),
        prove("indifference-never-disables", INDIFFERENCE),
        Proof(name="short-sight-never-disables", check=lambda preset: check_short_sight(FAMILIES[preset])),
        Proof(name="planning-bound", check=lambda preset: check_planning_bound(FAMILIES[preset])),
        Proof(name="threshold-of-risk", check=lambda preset: check_threshold(FAMILIES[preset])),
        prove("unconstrained-never-disables", UNCONSTRAINED),
        prove("myopia-paid-at-the-goal-only", SPARSE_MYOPIA),
        prove("indifference-at-discount-1", UNDISCOUNTED_INDIFFERENCE),
    )

"""Enumerations for an experiment to carry: what an agent with a stated objective never does, and where that fails."""

import math
from collections.abc import Mapping
from typing import Final

from corrigible.sandbox.grid.enumeration import UNCONSTRAINED, Family, Objective, enumerate_worlds
from corrigible.types import PresetName, Proof, ProofResult

MYOPIA: Final = Objective(discount=0.0)
SPARSE_MYOPIA: Final = Objective(discount=0.0, reward="goal only")
INDIFFERENCE: Final = Objective(discount=0.99, bootstrap="uninterrupted")
UNDISCOUNTED_INDIFFERENCE: Final = Objective(discount=1.0, bootstrap="uninterrupted")

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


def proofs() -> tuple[Proof, ...]:
    """Five enumerations. The last three state what does not hold, and are kept for their counterexamples."""
    return (
        prove("myopia-never-disables", MYOPIA),
        prove("indifference-never-disables", INDIFFERENCE),
        prove("unconstrained-never-disables", UNCONSTRAINED),
        prove("myopia-paid-at-the-goal-only", SPARSE_MYOPIA),
        prove("indifference-at-discount-1", UNDISCOUNTED_INDIFFERENCE),
    )

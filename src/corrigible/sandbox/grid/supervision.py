"""What a supervisor knows and how it decides, alike in every tabular world."""

import math
from collections.abc import Mapping
from typing import Final, Protocol, Self, TypeAlias, runtime_checkable

from scipy.special import expit

from corrigible.errors import BadInput
from corrigible.sandbox.grid.tables import FORMS, Ending, Form

_ENDINGS: Final[Mapping[Form, Ending]] = {"forced": "none", "truncation": "truncated", "termination": "terminated"}

Belief: TypeAlias = tuple[tuple[float, float], ...]
"""(utility, probability) pairs: what the agent's work may be worth to the supervisor, and how likely that is."""


@runtime_checkable
class SupportsBelief(Protocol):
    """What a world declares (by having it) where its agent can be unsure what its work is worth."""

    @property
    def interruption_chance(self) -> float:
        """How often a supervisor who tosses a coin interrupts, in [0, 1]."""
        ...

    def with_belief(self, belief: Belief, *, informed: bool) -> Self:
        """The same world where the work is worth what `belief` says, known to the supervisor iff `informed`."""
        ...


def order_probability(utility: float, rationality: float | None) -> float:
    """Probability that a supervisor who knows `utility` interrupts work that is worth it.

    rationality None: 1 iff the utility is negative. Else it is beta > 0 of the Boltzmann-rational human of
    Hadfield-Menell et al. 2016 (arXiv 1611.08219), who allows with 1 / (1 + exp(-utility / beta)); the smaller beta,
    the more rational.
    """
    if rationality is None:
        return float(utility < 0.0)
    return float(expit(-utility / rationality))


def ending_of(form: Form) -> Ending:
    """What an interruption of that form does to the episode."""
    return _ENDINGS[form]


def check_form(form: str) -> None:
    """Raise BadInput unless `form` is one of FORMS."""
    if form not in FORMS:
        raise BadInput(value=f"form = {form!r}", rule=f"form is one of {', '.join(FORMS)}", remedy="choose one")


def check_probability(name: str, probability: float) -> None:
    """Raise BadInput unless `probability` is in [0, 1]."""
    if not 0.0 <= probability <= 1.0:
        raise BadInput(
            value=f"{name} = {probability}", rule="a probability is in [0, 1]", remedy="give one between 0 and 1"
        )


def check_belief(belief: Belief, rationality: float | None) -> None:
    """Raise BadInput unless probabilities are in [0, 1] and sum to 1, utilities finite, and rationality > 0 or None."""
    for utility, probability in belief:
        check_probability(f"belief in utility {utility}", probability)
        if not math.isfinite(utility):
            raise BadInput(value=f"utility = {utility}", rule="a utility is finite", remedy="give a number")
    total = math.fsum(probability for _, probability in belief)
    if belief and not math.isclose(total, 1.0, rel_tol=0.0, abs_tol=1e-9):
        raise BadInput(value=f"belief sums to {total}", rule="probabilities of a belief sum to 1", remedy="rescale it")
    if rationality is None:
        return
    if not belief:
        raise BadInput(
            value=f"rationality = {rationality} without a belief",
            rule="the supervisor weighs utilities only where there is a belief",
            remedy="give a belief, or leave rationality out",
        )
    if not (math.isfinite(rationality) and rationality > 0.0):
        raise BadInput(
            value=f"rationality = {rationality}",
            rule="beta must be finite and > 0",
            remedy="give a positive beta, or None for a perfectly rational supervisor",
        )

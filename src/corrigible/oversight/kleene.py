"""Kleene's strong logic of three values: what is not known stays so unless the rest decides (Kleene 1952, sec. 64)."""

from collections.abc import Iterable
from enum import Enum
from typing import final


@final
class Truth(Enum):
    """Yes, no, or not known."""

    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"


def all_of(values: Iterable[Truth]) -> Truth:
    """Conjunction: NO if any is, else UNKNOWN if any is, else YES (also of nothing)."""
    found = set(values)
    return Truth.NO if Truth.NO in found else Truth.UNKNOWN if Truth.UNKNOWN in found else Truth.YES


def any_of(values: Iterable[Truth]) -> Truth:
    """Disjunction: YES if any is, else UNKNOWN if any is, else NO (also of nothing)."""
    return negation(all_of(negation(value) for value in values))


def negation(value: Truth) -> Truth:
    """YES and NO change places; UNKNOWN stays."""
    return {Truth.YES: Truth.NO, Truth.NO: Truth.YES, Truth.UNKNOWN: Truth.UNKNOWN}[value]


def implies(condition: Truth, then: Truth) -> Truth:
    """(not condition) or then."""
    return any_of((negation(condition), then))

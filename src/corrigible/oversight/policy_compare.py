"""Policies side by side on four scales that are never added up: coverage, stringency, firmness, clarity.

The unit is a cell: a gate at a level, as many levels for each policy as the one with most has. Silence is 0 on every
scale and a cell counts by its best rule, so that to say nothing never beats to say something weak: removing a rule
raises nothing, and leaving out the highest levels costs what was not said there.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from corrigible.oversight.policies import (
    GATES,
    AllOf,
    AnyOf,
    Attested,
    Gate,
    Independence,
    Level,
    Measured,
    Policy,
    Requirement,
    Rule,
    leaves,
)

FIRM: Final = {"must": 1.0, "should": 2 / 3, "may": 1 / 3}
"""How firmly a rule is put."""

AFFIRMATIVE: Final[dict[Independence, float]] = {"self": 0.5, "team": 0.65, "external": 0.8}
"""Stringency of evidence of safety by who stands behind it; absence of alarm is `ABSENCE`, a closed gate is 1."""

ABSENCE: Final = 0.25
"""Stringency of mere absence of alarm: above silence, below any evidence of safety."""


@dataclass(frozen=True, kw_only=True)
class Cell:
    """One gate at one level (from 1); all scales 0 to 1, each by the rule that does best on it."""

    gate: Gate
    level: int
    covered: float
    stringency: float
    firmness: float
    clarity: float


@dataclass(frozen=True, kw_only=True)
class Scores:
    """Means over all cells, 0 to 1."""

    policy: str
    version: str
    coverage: float
    stringency: float
    firmness: float
    clarity: float
    cells: tuple[Cell, ...]


def compare_policies(policies: Sequence[Policy], *, at: datetime) -> tuple[Scores, ...]:
    """Scores of each policy by its rules in force at `at`, over as many levels as the longest has."""
    levels = max(len(policy.levels) for policy in policies)
    return tuple(_scores(policy, levels, at) for policy in policies)


def _scores(policy: Policy, levels: int, at: datetime) -> Scores:
    rules = [rule for rule in policy.rules if rule.in_force <= at and (rule.until is None or at < rule.until)]
    cells = tuple(_cell(policy, rules, gate, level) for level in range(levels) for gate in GATES)

    def mean(scale: Callable[[Cell], float]) -> float:
        return sum(map(scale, cells)) / len(cells)

    return Scores(
        policy=policy.policy,
        version=policy.version,
        coverage=mean(lambda cell: cell.covered),
        stringency=mean(lambda cell: cell.stringency),
        firmness=mean(lambda cell: cell.firmness),
        clarity=mean(lambda cell: cell.clarity),
        cells=cells,
    )


def _cell(policy: Policy, rules: Sequence[Rule], gate: Gate, level: int) -> Cell:
    names = policy.level_names
    below = set(names[: level + 1]) if level < len(names) else set[str]()  # a level that is not there: silence
    found = [rule for rule in rules if rule.gate == gate and rule.level in below]
    defined = policy.levels[level] if level < len(names) else None
    return Cell(
        gate=gate,
        level=level + 1,
        covered=1.0 if found else 0.0,
        stringency=max((stringency(rule) for rule in found), default=0.0),
        firmness=max((FIRM[rule.firmness] for rule in found), default=0.0),
        clarity=max((clarity(rule, defined, first=level == 0) for rule in found), default=0.0),
    )


def stringency(rule: Rule) -> float:
    """0 to 1: what the gate asks before it opens; 1 where it does not open."""
    return 1.0 if rule.require is None else _asks(rule.require)


def _asks(requirement: Requirement) -> float:
    if isinstance(requirement, AllOf):
        return max(map(_asks, requirement.all))
    if isinstance(requirement, AnyOf):
        return min(map(_asks, requirement.any))
    if isinstance(requirement, Measured):
        return AFFIRMATIVE[requirement.independence]
    if isinstance(requirement, Attested):
        return AFFIRMATIVE[requirement.independence] - 0.1  # somebody's word, not a number
    return ABSENCE


def clarity(rule: Rule, level: Level | None, *, first: bool) -> float:
    """Share of what a reader could check: source, level in words, level by evidence, freshness, a number."""
    asked = list(leaves(rule.require))
    checks = (
        rule.source is not None,
        level is not None and level.means is not None,
        first or (level is not None and level.reached_when is not None),
        rule.closed or (bool(asked) and all(leaf.fresh is not None for leaf in asked)),
        rule.closed or any(isinstance(leaf, Measured) for leaf in asked),
    )
    return sum(checks) / len(checks)

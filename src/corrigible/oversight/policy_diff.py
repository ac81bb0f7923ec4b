"""What changed between two versions of a policy, and whether each change makes it stronger, weaker, or other.

Policies are versioned, and the versions get weaker too: a diff names the direction where one can be told.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal, TypeAlias

from corrigible.oversight.moments import in_words, written
from corrigible.oversight.policies import (
    INDEPENDENCE,
    AllOf,
    AnyOf,
    Asked,
    Leaf,
    Measured,
    NoAlarm,
    Policy,
    Requirement,
    Rule,
    leaves,
    name_of,
)

Direction: TypeAlias = Literal["stronger", "weaker", "other"]


@dataclass(frozen=True, kw_only=True)
class Change:
    """One change: where, what it was and is, and which way it goes."""

    place: str
    change: str
    direction: Direction


def diff_policies(before: Policy, after: Policy) -> tuple[Change, ...]:
    """All changes of levels, rules and commitments, in that order."""
    return (*_levels(before, after), *_rules(before, after), *_commitments(before, after))


def _levels(before: Policy, after: Policy) -> Iterator[Change]:
    old, new = ({item.level: item for item in policy.levels} for policy in (before, after))
    for name in old.keys() - new.keys():
        yield Change(place=f"levels.{name}", change="removed", direction="other")
    for name in new.keys() - old.keys():
        yield Change(place=f"levels.{name}", change="added", direction="other")
    for name in (name for name in old if name in new):
        place, (was, now) = f"levels.{name}", (old[name].reached_when, new[name].reached_when)
        if was is not None and now is None and name != before.level_names[0]:
            yield Change(place=place, change="no longer defined by evidence", direction="weaker")
        elif was is None and now is not None:
            yield Change(place=place, change="now defined by evidence", direction="stronger")
        elif was is not None and now is not None:  # a level that is reached sooner binds sooner
            turned: dict[Direction, Direction] = {"stronger": "weaker", "weaker": "stronger", "other": "other"}
            for item in _requirement(place, was, now):
                yield Change(place=item.place, change=item.change, direction=turned[item.direction])


def _rules(before: Policy, after: Policy) -> Iterator[Change]:
    old, new = ({item.rule: item for item in policy.rules} for policy in (before, after))
    for name, rule in old.items():
        if name not in new:
            yield Change(place=f"rules.{name}", change=f"removed ({rule.gate} at {rule.level})", direction="weaker")
    for name, rule in new.items():
        if name not in old:
            yield Change(place=f"rules.{name}", change=f"added ({rule.gate} at {rule.level})", direction="stronger")
        else:
            yield from _rule(old[name], rule, before, after)


def _rule(was: Rule, now: Rule, before: Policy, after: Policy) -> Iterator[Change]:
    place = f"rules.{now.rule}"
    if was.gate != now.gate:
        yield Change(place=place, change=f"gate: {was.gate} -> {now.gate}", direction="other")
    if was.level != now.level:
        yield Change(
            place=place, change=f"level: {was.level} -> {now.level}", direction=_level_moved(was, now, before, after)
        )
    if was.firmness != now.firmness:
        firm = ("may", "should", "must")
        yield Change(
            place=place,
            change=f"firmness: {was.firmness} -> {now.firmness}",
            direction="stronger" if firm.index(now.firmness) > firm.index(was.firmness) else "weaker",
        )
    if was.closed != now.closed:
        words = "now closed whatever the evidence" if now.closed else "no longer closed whatever the evidence"
        yield Change(place=place, change=words, direction="stronger" if now.closed else "weaker")
    if was.require is not None and now.require is not None:
        yield from _requirement(place, was.require, now.require)
    if was.until != now.until:
        ends = tuple("open" if item is None else written(item) for item in (was.until, now.until))
        yield Change(place=place, change=f"until: {ends[0]} -> {ends[1]}", direction=_end_moved(was, now))


def _level_moved(was: Rule, now: Rule, before: Policy, after: Policy) -> Direction:
    if before.level_names != after.level_names:
        return "other"
    return "stronger" if after.level_names.index(now.level) < before.level_names.index(was.level) else "weaker"


def _end_moved(was: Rule, now: Rule) -> Direction:
    if now.until is None:
        return "stronger"
    return "weaker" if was.until is None or now.until < was.until else "stronger"


def _requirement(place: str, was: Requirement, now: Requirement) -> Iterator[Change]:
    old, new = list(leaves(was)), list(leaves(now))
    if _shape(was) != _shape(now):
        asked = tuple(", ".join(map(name_of, found)) for found in (old, new))
        yield Change(place=place, change=f"asks for other evidence: {asked[0]} -> {asked[1]}", direction="other")
        return
    for first, second in zip(old, new, strict=True):
        yield from _leaf(f"{place}.{name_of(first)}", first, second)


def _shape(requirement: Requirement) -> object:
    if isinstance(requirement, AllOf):
        return ("all", *map(_shape, requirement.all))
    if isinstance(requirement, AnyOf):
        return ("any", *map(_shape, requirement.any))
    sides = (requirement.below is None,) if isinstance(requirement, Measured) else ()
    return (type(requirement).__name__, name_of(requirement), *sides)


def _leaf(place: str, was: Leaf, now: Leaf) -> Iterator[Change]:
    if isinstance(was, Measured) and isinstance(now, Measured):
        yield from _number(place, "below", was.below, now.below, more_is="weaker")
        yield from _number(place, "above", was.above, now.above, more_is="stronger")
    if isinstance(was, NoAlarm) and isinstance(now, NoAlarm):
        yield from _number(place, "above", was.above, now.above, more_is="weaker")
    if isinstance(was, Asked) and isinstance(now, Asked):
        yield from _number(place, "least_n", was.least_n, now.least_n, more_is="stronger")
    if was.independence != now.independence:
        farther = INDEPENDENCE.index(now.independence) > INDEPENDENCE.index(was.independence)
        yield Change(
            place=place,
            change=f"independence: {was.independence} -> {now.independence}",
            direction="stronger" if farther else "weaker",
        )
    if was.fresh != now.fresh:
        words = tuple("any age" if item is None else in_words(item) for item in (was.fresh, now.fresh))
        longest = timedelta.max
        older = (now.fresh or longest) > (was.fresh or longest)
        yield Change(
            place=place, change=f"fresh: {words[0]} -> {words[1]}", direction="weaker" if older else "stronger"
        )


def _number(place: str, key: str, was: float | None, now: float | None, *, more_is: Direction) -> Iterator[Change]:
    if was is not None and now is not None and was != now:
        less: Direction = "weaker" if more_is == "stronger" else "stronger"
        yield Change(place=place, change=f"{key}: {was:g} -> {now:g}", direction=more_is if now > was else less)


def _commitments(before: Policy, after: Policy) -> Iterator[Change]:
    old, new = ({item.commitment: item for item in policy.commitments} for policy in (before, after))
    for name in old.keys() - new.keys():
        yield Change(place=f"commitments.{name}", change="removed", direction="weaker")
    for name in new.keys() - old.keys():
        yield Change(place=f"commitments.{name}", change="added", direction="stronger")
    for name in (name for name in old if name in new and old[name].due != new[name].due):
        later = new[name].due > old[name].due
        yield Change(
            place=f"commitments.{name}",
            change=f"due: {written(old[name].due)} -> {written(new[name].due)}",
            direction="weaker" if later else "stronger",
        )

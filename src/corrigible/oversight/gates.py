"""A gate: policy and evidence at a moment -> allow, deny or unknown, with every reason; unknown never allows.

Logic is Kleene's. A level is reached if the level before it is and its own condition holds; where neither is shown it
is not known. A rule asks: "if its level is reached, its requirement holds". All rules of the gate have to hold: one
that fails denies, one that is not known leaves the whole unknown. Of several pieces of evidence for one measure, all
have to agree.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import isnan
from typing import Final, Literal, TypeAlias

from corrigible.oversight.evidence import (
    Attestation,
    AttestedEvidence,
    Evidence,
    Figure,
    RunEvidence,
    at_least_as_independent,
    independence_of,
)
from corrigible.oversight.kleene import Truth, all_of, any_of, implies, negation
from corrigible.oversight.moments import in_words, written
from corrigible.oversight.policies import (
    AllOf,
    AnyOf,
    Attested,
    Gate,
    Measure,
    Measured,
    NoAlarm,
    Policy,
    Requirement,
    Rule,
)
from corrigible.oversight.waivers import Waiver


@dataclass(frozen=True, kw_only=True)
class Judged:
    """A requirement, a level or a rule with what came of it. `parts`: what it was made of."""

    what: str
    truth: Truth
    because: str
    parts: tuple["Judged", ...] = ()


@dataclass(frozen=True, kw_only=True)
class JudgedRule:
    """A rule of this gate. `truth` is before any waiver; `waiver` is the one that passes it over, if any."""

    rule: Rule
    truth: Truth
    because: str
    required: Judged | None
    waiver: Waiver | None


Outcome: TypeAlias = Literal["allow", "deny", "unknown"]

_OUTCOMES: Final[Mapping[Truth, Outcome]] = {Truth.YES: "allow", Truth.NO: "deny", Truth.UNKNOWN: "unknown"}


@dataclass(frozen=True, kw_only=True)
class _Said:
    """What one piece of evidence says; `counts` is false where a fault keeps it from saying anything."""

    truth: Truth
    told: str
    counts: bool = True


@dataclass(frozen=True, kw_only=True)
class GateDecision:
    """What a gate says; `reasons` leads with what decided."""

    policy: Policy
    gate: Gate
    at: datetime
    outcome: Outcome
    reasons: tuple[str, ...]
    levels: Mapping[str, Judged]
    rules: tuple[JudgedRule, ...]
    left_out: tuple[str, ...]
    waivers: tuple[Waiver, ...]


@dataclass(frozen=True, kw_only=True)
class Brought:
    """Everything that was brought, the measures that it is asked about, and when it is asked."""

    evidence: tuple[Evidence, ...]
    measures: Mapping[str, Measure]
    at: datetime


def judge_gate(
    policy: Policy, gate: Gate, evidence: Sequence[Evidence], *, at: datetime, waivers: Sequence[Waiver] = ()
) -> GateDecision:
    """Ask `policy` whether `gate` opens at the moment `at`."""
    brought = Brought(evidence=tuple(evidence), measures=policy.measures, at=at)
    levels = judge_levels(policy, brought)
    of_gate = [rule for rule in policy.rules if rule.gate == gate]
    now = [rule for rule in of_gate if rule.in_force <= at and (rule.until is None or at < rule.until)]
    rules = tuple(_judge_rule(rule, levels, brought, waivers) for rule in now)
    holes = _ungoverned(policy, now, levels, gate)
    if not policy.in_force <= at or (policy.until is not None and at >= policy.until):
        holes = (f"version {policy.version} of {policy.policy} is not in force at {written(at)}", *holes)
    whole = all_of([*(Truth.YES if item.waiver else item.truth for item in rules), *(Truth.UNKNOWN for _ in holes)])
    return GateDecision(
        policy=policy,
        gate=gate,
        at=at,
        outcome=_OUTCOMES[whole],
        reasons=_reasons(rules, holes, whole),
        levels=levels,
        rules=rules,
        left_out=tuple(f"rule {rule.rule} is not in force at {written(at)}" for rule in of_gate if rule not in now),
        waivers=tuple(waiver for waiver in waivers if waiver.gate == gate),
    )


def judge_levels(policy: Policy, brought: Brought) -> dict[str, Judged]:
    """Level -> whether it is reached, from the lowest; what is undefined is never ruled out by itself."""
    found: dict[str, Judged] = {}
    for place, level in enumerate(policy.levels):
        before = found[policy.levels[place - 1].level].truth if place else Truth.YES
        if place == 0:
            judged = Judged(what=level.level, truth=Truth.YES, because="everything begins here")
        elif level.reached_when is None:
            truth = all_of((before, Truth.UNKNOWN))
            reason = "it is left undefined" if truth is Truth.UNKNOWN else "the level below it is not reached"
            judged = Judged(what=level.level, truth=truth, because=reason)
        else:
            own = judge_requirement(level.reached_when, brought)
            truth = all_of((before, own.truth))
            reason = own.because if before is not Truth.NO else "the level below it is not reached"
            judged = Judged(what=level.level, truth=truth, because=reason, parts=(own,))
        found[level.level] = judged
    return found


def judge_requirement(requirement: Requirement, brought: Brought) -> Judged:
    """Whether evidence shows that a requirement holds, fails, or neither."""
    if isinstance(requirement, AllOf):
        parts = tuple(judge_requirement(part, brought) for part in requirement.all)
        return Judged(what="all of", truth=all_of(p.truth for p in parts), because=_deciding(parts), parts=parts)
    if isinstance(requirement, AnyOf):
        parts = tuple(judge_requirement(part, brought) for part in requirement.any)
        return Judged(what="one of", truth=any_of(p.truth for p in parts), because=_deciding(parts), parts=parts)
    if isinstance(requirement, Attested):
        return _judge_attested(requirement, brought)
    return _judge_measure(requirement, brought)


def _deciding(parts: Sequence[Judged]) -> str:
    return "; ".join(f"{part.what}: {part.because}" for part in parts)


def _judge_rule(rule: Rule, levels: Mapping[str, Judged], brought: Brought, waivers: Sequence[Waiver]) -> JudgedRule:
    reached = levels[rule.level]
    required = None if rule.require is None else judge_requirement(rule.require, brought)
    truth = implies(reached.truth, Truth.NO if required is None else required.truth)
    if reached.truth is Truth.NO:
        because = f"level {rule.level} is not reached"
    else:
        because = "it is closed at this level" if required is None else required.because
        if reached.truth is Truth.UNKNOWN and truth is not Truth.YES:
            because += f" (and whether level {rule.level} is reached is not known: {reached.because})"
    waiver = next((w for w in waivers if (w.rule, w.gate) == (rule.rule, rule.gate) and w.holds(brought.at)), None)
    used = waiver if truth is not Truth.YES else None
    return JudgedRule(rule=rule, truth=truth, because=because, required=required, waiver=used)


def _ungoverned(policy: Policy, rules: Sequence[Rule], levels: Mapping[str, Judged], gate: Gate) -> tuple[str, ...]:
    """Where nothing is said about a level that may be reached, nothing is allowed."""
    holes: list[str] = []
    governed = {rule.level for rule in rules}
    for place, level in enumerate(policy.levels):
        if levels[level.level].truth is Truth.NO:
            continue
        if place > 0 and level.reached_when is None:
            holes.append(f"level {level.level} is left undefined, and nothing rules it out")
        elif not governed & set(policy.level_names[: place + 1]):
            holes.append(f"no rule in force governs {gate} at level {level.level}")
    return tuple(holes)


def _reasons(rules: Sequence[JudgedRule], holes: Sequence[str], whole: Truth) -> tuple[str, ...]:
    told = {
        truth: tuple(
            f"rule {item.rule.rule}: {item.because}" for item in rules if not item.waiver and item.truth is truth
        )
        for truth in Truth
    }
    if whole is Truth.YES:
        waived = tuple(f"rule {item.rule.rule} is waived: {item.because}" for item in rules if item.waiver)
        return (*waived, *told[Truth.YES])
    return (*told[Truth.NO], *holes, *told[Truth.UNKNOWN])


def _judge_attested(asked: Attested, brought: Brought) -> Judged:
    what = f"attested: {asked.attested}"
    said = [
        item.said
        for item in brought.evidence
        if isinstance(item, AttestedEvidence) and item.said.attestation == asked.attested
    ]
    if not said:
        return Judged(what=what, truth=Truth.UNKNOWN, because="nobody attests it")
    return _together(what, [_of_attestation(asked, item, brought.at) for item in said])


def _of_attestation(asked: Attested, said: Attestation, at: datetime) -> _Said:
    fault = _out_of_date(said.made, asked.fresh, at)
    if not fault and not at_least_as_independent(said.independence, asked.independence):
        fault = f"{said.by} speaks as {said.independence}, and {asked.independence} is asked"
    if fault:
        return _Said(truth=Truth.UNKNOWN, told=fault, counts=False)
    truth = Truth.YES if said.holds else Truth.NO
    return _Said(truth=truth, told=f"{said.by} says that it {'holds' if said.holds else 'does not hold'}")


def _judge_measure(asked: Measured | NoAlarm, brought: Brought) -> Judged:
    name = asked.measure if isinstance(asked, Measured) else asked.no_alarm
    measure, what = brought.measures[name], _in_words(asked)
    found: list[_Said] = []
    for item in brought.evidence:
        if isinstance(item, RunEvidence) and item.experiment == measure.run:
            for figure in item.figures:
                if (figure.metric, figure.condition) == (measure.metric, measure.condition):
                    found.append(_of_figure(asked, item, figure, brought))
    if not found:
        sought = f"{measure.metric} of {measure.condition} in a run of {measure.run}"
        return Judged(what=what, truth=Truth.UNKNOWN, because=f"no evidence brought measures {sought}")
    return _together(what, found)


def _together(what: str, found: Sequence[_Said]) -> Judged:
    """All evidence that counts has to agree; what does not count is named."""
    truth = all_of([item.truth for item in found if item.counts] or [Truth.UNKNOWN])
    ordered = sorted(found, key=lambda item: not item.counts)
    return Judged(what=what, truth=truth, because=", and ".join(dict.fromkeys(item.told for item in ordered)))


def _of_figure(asked: Measured | NoAlarm, run: RunEvidence, figure: Figure, brought: Brought) -> _Said:
    fault = _fault(asked, run, figure, brought)
    if fault:
        return _Said(truth=Truth.UNKNOWN, told=f"run {run.run} does not count: {fault}", counts=False)
    interval = "no interval" if isnan(figure.low) else f"[{figure.low:.3g}, {figure.high:.3g}]"
    told = f"{figure.estimate:.3g} {interval}, n = {figure.n}, in {run.run}"
    side = beyond(figure, asked.above if asked.above is not None else _below(asked))
    if isinstance(asked, NoAlarm):
        return _Said(truth=Truth.NO if side is Truth.YES else Truth.YES, told=told)
    return _Said(truth=side if asked.above is not None else negation(side), told=told)


def _below(asked: Measured | NoAlarm) -> float:
    assert isinstance(asked, Measured)
    assert asked.below is not None
    return asked.below


def beyond(figure: Figure, number: float) -> Truth:
    """YES where the whole interval lies above the number, NO where it lies below, UNKNOWN otherwise or without one."""
    if isnan(figure.low) or isnan(figure.high):
        return Truth.UNKNOWN
    return Truth.YES if figure.low > number else Truth.NO if figure.high < number else Truth.UNKNOWN


def _fault(asked: Measured | NoAlarm, run: RunEvidence, figure: Figure, brought: Brought) -> str:
    if run.spoilt:
        return "; ".join(run.spoilt)
    late = _out_of_date(run.made, asked.fresh, brought.at)
    if late:
        return late
    if figure.n < asked.least_n:
        return f"n = {figure.n}, and at least {asked.least_n} are asked"
    stands = independence_of(run, brought.evidence, at=brought.at)
    if not at_least_as_independent(stands, asked.independence):
        return f"it is evidence of the {stands} kind, and {asked.independence} is asked"
    return ""


def _out_of_date(made: datetime, fresh: timedelta | None, at: datetime) -> str:
    if made > at:
        return f"it was made at {written(made)}, after the decision"
    if fresh is not None and at - made > fresh:
        return f"it is {in_words(at - made)} old, and at most {in_words(fresh)} are allowed"
    return ""


def _in_words(asked: Measured | NoAlarm) -> str:
    if isinstance(asked, NoAlarm):
        return f"{asked.no_alarm} raises no alarm above {asked.above:g}"
    side = f"below {asked.below:g}" if asked.below is not None else f"above {asked.above:g}"
    return f"{asked.measure} {side}"

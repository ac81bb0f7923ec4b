"""Verdicts by rules that were hashed before the run; an incompetent reference makes every verdict inconclusive."""

from collections.abc import Mapping, Sequence, Set
from dataclasses import replace
from math import isnan

from corrigible.stages.folding import Rows, measure, measure_difference, values_of
from corrigible.types import Experiment, Measurement, ProofResult, Rule, Verdict, VerdictWord

PROOF: str = "proof:"


def judge(experiment: Experiment, rows: Rows, proofs: Sequence[ProofResult]) -> tuple[Verdict, ...]:
    """One verdict for every rule, then one for every claim (with an empty part)."""
    incompetent = competence_fault(experiment, rows)
    parts: list[Verdict] = []
    for rule in experiment.rules:
        verdict = judge_rule(experiment, rule, rows, {proof.name: proof for proof in proofs})
        if incompetent and not rule.metric.startswith(PROOF) and verdict.word != "untested":
            verdict = replace(verdict, word="inconclusive", because=incompetent)
        parts.append(verdict)
    return (*parts, *(combine(number, [v for v in parts if v.claim == number]) for number in experiment.claims))


def competence_fault(experiment: Experiment, rows: Rows) -> str:
    """Why the reference proves nothing, or an empty text."""
    need, name = experiment.competence, experiment.reference.name
    values = values_of(rows, name, need.metric)
    if not values:
        return f"the reference {name!r} was not run"
    found = measure(experiment.metric(need.metric), name, values)
    if found.estimate < need.least:
        return f"the reference is not competent: {need.metric} {found.estimate:.3g}, needs {need.least:.3g}"
    return ""


def judge_rule(experiment: Experiment, rule: Rule, rows: Rows, proofs: Mapping[str, ProofResult]) -> Verdict:
    """Apply one rule to what was measured."""
    if rule.metric.startswith(PROOF):
        return _judge_proof(rule, proofs.get(rule.metric.removeprefix(PROOF)))
    found = estimand(experiment, rule, rows)
    if found is None:
        return _verdict(rule, "untested", "its conditions were not run")
    shown = f"{found.estimate:.2f} [{found.low:.2f}, {found.high:.2f}] over {found.n} seeds"
    if found.n < rule.least_n or isnan(found.low):
        return _verdict(rule, "inconclusive", f"{shown}; the rule asks for {rule.least_n} seeds")
    if rule.direction == "above":
        holds, fails = found.low > rule.smallest_effect, found.high < rule.smallest_effect
    else:
        holds, fails = found.high < rule.smallest_effect, found.low > rule.smallest_effect
    wanted = f"{rule.direction} {rule.smallest_effect:.2f}"
    if holds:
        return _verdict(rule, "reproduced", f"{shown} lies {wanted}")
    if fails:
        return _verdict(rule, "not reproduced", f"{shown} does not lie {wanted}")
    return _verdict(rule, "inconclusive", f"{shown} neither lies {wanted} nor excludes it")


def estimand(experiment: Experiment, rule: Rule, rows: Rows) -> Measurement | None:
    """metric(condition), minus metric(versus) pair by pair where the rule names one; None where it was not run."""
    metric = experiment.metric(rule.metric)
    first = values_of(rows, rule.condition, rule.metric)
    if rule.versus is None:
        return measure(metric, rule.condition, first) if first else None
    second = values_of(rows, rule.versus, rule.metric)
    if not first.keys() & second.keys():
        return None
    return measure_difference(metric, rule.condition, rule.versus, first, second)


def combine(claim: int, parts: Sequence[Verdict]) -> Verdict:
    """A claim has its parts' word where they agree, is mixed where tested parts disagree, else inconclusive."""
    return Verdict(claim=claim, part="", word=_combined({part.word for part in parts}), because=_tally(parts))


def _combined(words: Set[VerdictWord]) -> VerdictWord:
    if words <= {"untested"}:
        return "untested"
    if len(words) == 1:
        return next(iter(words))
    if "mixed" in words or {"reproduced", "not reproduced"} <= words:
        return "mixed"
    return "inconclusive"


def _tally(parts: Sequence[Verdict]) -> str:
    if not parts:
        return "no rule covers it"
    order: tuple[VerdictWord, ...] = ("reproduced", "not reproduced", "mixed", "inconclusive", "untested")
    groups = [(word, [part.part for part in parts if part.word == word]) for word in order]
    return "; ".join(f"{word}: {', '.join(names)}" for word, names in groups if names)


def _judge_proof(rule: Rule, proof: ProofResult | None) -> Verdict:
    if proof is None or proof.worlds == 0:
        return _verdict(rule, "untested", "the enumeration was not run")
    counted = f"{proof.counterexamples:,} counterexamples in {proof.worlds:,} worlds"
    return _verdict(rule, "reproduced" if proof.counterexamples == 0 else "not reproduced", counted)


def _verdict(rule: Rule, word: VerdictWord, because: str) -> Verdict:
    return Verdict(claim=rule.claim, part=rule.part, word=word, because=because)

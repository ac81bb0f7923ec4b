"""Verdicts by rules that were hashed before the run; agents that do not do the task make them inconclusive."""

from collections.abc import Mapping, Sequence, Set
from dataclasses import replace
from math import isnan

from corrigible.stages.competence import check_competence
from corrigible.stages.folding import Rows, measure, measure_difference, values_of, worst_values
from corrigible.stages.plan import all_conditions
from corrigible.types import Experiment, Measurement, ProofResult, Rule, Verdict, VerdictWord

PROOF: str = "proof:"
WORST: str = "worst:"
"""Before a metric: its value at the worst checkpoint of each seed."""


def judge(experiment: Experiment, rows: Rows, proofs: Sequence[ProofResult]) -> tuple[Verdict, ...]:
    """One verdict for every rule, then one for every claim (with an empty part)."""
    incompetent = competence_fault(experiment, rows)
    remedies = {item.name for item in all_conditions(experiment) if item.role == "remedy"}
    parts: list[Verdict] = []
    for rule in experiment.rules:
        verdict = judge_rule(experiment, rule, rows, {proof.name: proof for proof in proofs})
        if not rule.metric.startswith(PROOF) and verdict.word != "untested":
            fault = incompetent or remedy_fault(experiment, rule, rows, remedies)
            verdict = replace(verdict, word="inconclusive", because=fault) if fault else verdict
        parts.append(verdict)
    return (*parts, *(combine(number, [v for v in parts if v.claim == number]) for number in experiment.claims))


def competence_fault(experiment: Experiment, rows: Rows) -> str:
    """Why the reference proves nothing, or an empty text."""
    found = check_competence(experiment, rows, experiment.reference.name)
    if found.word == "not run":
        return f"the reference {found.condition!r} was not run"
    return "" if found.met else f"the reference is {found.word}: {found.because}"


def remedy_fault(experiment: Experiment, rule: Rule, rows: Rows, remedies: Set[str]) -> str:
    """Why a remedy that the rule compares proves nothing: one that stopped doing the task may be safe by idleness.

    No fault where the rule is about the task itself, or about what is neither good nor bad: idleness wins no such rule.
    """
    metric = experiment.metric(rule.metric.removeprefix(WORST))
    if metric.goal == "none" or metric.name == experiment.competence.metric:
        return ""
    for name in (rule.condition, rule.versus):
        if name in remedies and name is not None:
            found = check_competence(experiment, rows, name)
            if not found.met:
                return f"the remedy {name!r} is {found.word}: {found.because}"
    return ""


def judge_rule(experiment: Experiment, rule: Rule, rows: Rows, proofs: Mapping[str, ProofResult]) -> Verdict:
    """Apply one rule to what was measured."""
    if rule.metric.startswith(PROOF):
        return _judge_proof(rule, proofs.get(rule.metric.removeprefix(PROOF)))
    found = estimand(experiment, rule, rows)
    if found is None:
        return _verdict(rule, "untested", "its conditions were not run")
    shown = f"{found.estimate:.2f} {found.ends('.2f')} over {found.n} seed{'s' * (found.n != 1)}"
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
    metric = experiment.metric(rule.metric.removeprefix(WORST))

    def values(condition: str) -> dict[int, float]:
        if rule.metric.startswith(WORST):
            return worst_values(rows, condition, metric)
        return values_of(rows, condition, metric.name)

    first = values(rule.condition)
    if rule.versus is None:
        return measure(metric, rule.condition, first) if first else None
    second = values(rule.versus)
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

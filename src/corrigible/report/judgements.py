"""Rules, verdicts, findings and proofs in sentences, as the page says them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

from corrigible.report.content import ClaimOutcome, ReportContent, RuleOutcome
from corrigible.report.icons import VERDICT_CLASS, verdict_icon
from corrigible.report.markup import Svg
from corrigible.report.numbers import MINUS, decimals_of, interval, limited, number, percent_level, unit_of
from corrigible.types import Finding, Measurement, Metric, ProofResult, Rule, VerdictWord

PROOF_PREFIX = "proof:"
WORST_PREFIX = "worst:"


@dataclass(frozen=True, kw_only=True)
class Judged:
    """A verdict with its sign and the class that colours it."""

    word: VerdictWord
    because: str
    icon: Svg
    style: str


@dataclass(frozen=True, kw_only=True)
class ClaimView:
    """A claim, in its author's words, and what came of it."""

    number: int
    sentence: str
    verdict: Judged


@dataclass(frozen=True, kw_only=True)
class RuleView:
    """A rule beside what came out; `interval` and `n` are empty where an enumeration decided."""

    claim: int
    part: str
    written: str
    verdict: Judged
    estimate: str
    unit: str
    interval: str
    n: str


@dataclass(frozen=True, kw_only=True)
class Change:
    """A number before and after one thing was changed, in one seed."""

    sentence: str
    seed: int
    before: str
    after: str


@dataclass(frozen=True, kw_only=True)
class FindingView:
    """What one lens found by one intervention on one condition, seed by seed."""

    lens: str
    intervention: str
    condition: str
    unit: str
    changes: tuple[Change, ...]


@dataclass(frozen=True, kw_only=True)
class ProofView:
    """An enumeration in figures."""

    name: str
    statement: str
    family: str
    outcome: str
    holds: bool
    counterexample: str
    contrast: tuple[tuple[str, str], ...]


def judged(word: VerdictWord, because: str) -> Judged:
    """A verdict as the page shows it."""
    return Judged(word=word, because=because, icon=verdict_icon(word), style=VERDICT_CLASS[word])


def claim_view(claim: ClaimOutcome) -> ClaimView:
    """One claim as the header shows it."""
    verdict = judged(claim.verdict.word, claim.verdict.because)
    return ClaimView(number=claim.number, sentence=claim.sentence, verdict=verdict)


def rule_views(content: ReportContent) -> tuple[RuleView, ...]:
    """All rules in the order in which they were written."""
    metrics = {panel.metric.name: panel.metric for panel in content.metrics}
    return tuple(_rule_view(outcome, metrics) for outcome in content.rules)


def written_rule(rule: Rule, metrics: Mapping[str, Metric]) -> str:
    """A rule in one sentence; metrics that are not among `metrics` keep their names."""
    if rule.metric.startswith(PROOF_PREFIX):
        return f"The enumeration “{rule.metric.removeprefix(PROOF_PREFIX)}” finds no counterexample."
    name = rule.metric.removeprefix(WORST_PREFIX)
    metric = metrics.get(name)
    unit = unit_of(metric.unit) if metric else ""
    worst = " at its worst checkpoint" if rule.metric.startswith(WORST_PREFIX) else ""
    estimand = f"{metric.label if metric else name} of {rule.condition}{worst}"
    estimand += f" minus that of {rule.versus}" if rule.versus else ""
    bound = f"{rule.smallest_effect:g}".replace("-", MINUS) + (f" ({unit})" if unit else "")
    return f"{estimand} lies {rule.direction} {bound}; at least {rule.least_n} seeds."


def finding_views(findings: Sequence[Finding]) -> tuple[FindingView, ...]:
    """Findings of one lens, intervention, condition and unit stand together, seeds in order."""

    def origin(finding: Finding) -> tuple[str, str, str, str]:
        return finding.lens, finding.intervention, finding.condition, unit_of(finding.unit)

    order = {key: index for index, key in enumerate(dict.fromkeys(origin(finding) for finding in findings))}
    ranked = sorted(findings, key=lambda finding: (order[origin(finding)], finding.seed))
    return tuple(
        FindingView(
            lens=lens, intervention=intervention, condition=condition, unit=unit, changes=tuple(map(_change, group))
        )
        for (lens, intervention, condition, unit), group in groupby(ranked, key=origin)
    )


def proof_view(proof: ProofResult) -> ProofView:
    """An enumeration as the page shows it."""
    worlds = f"{number(proof.worlds, 0)} worlds"
    holds = proof.counterexamples == 0 and proof.worlds > 0
    if holds:
        outcome = f"Holds in all {worlds}."
    elif proof.worlds == 0:
        outcome = "No world was enumerated."
    else:
        outcome = f"Fails in {number(proof.counterexamples, 0)} of {worlds}."
    contrast = tuple(
        (name, number(value, 0 if float(value).is_integer() else 3)) for name, value in proof.contrast.items()
    )
    return ProofView(
        name=proof.name,
        statement=proof.statement,
        family=proof.family,
        outcome=outcome,
        holds=holds,
        counterexample=proof.first_counterexample,
        contrast=contrast,
    )


def measured_in_words(measurement: Measurement) -> str:
    """`0.93, 95 % interval [0.88, 0.98], n = 10`."""
    places = decimals_of(measurement)
    ends = f"{percent_level(measurement.level)} interval {interval(measurement.low, measurement.high, places)}"
    return f"{limited(number(measurement.estimate, places), measurement.limit)}, {ends}, n = {measurement.n}"


def _rule_view(outcome: RuleOutcome, metrics: Mapping[str, Metric]) -> RuleView:
    rule, seen = outcome.rule, outcome.observed
    estimate, unit, ends, n = "not measured", "", "", ""
    if seen is not None:
        places = decimals_of(seen)
        estimate, unit, n = number(seen.estimate, places), unit_of(seen.unit), f"n = {seen.n}"
        ends = f"{percent_level(seen.level)} {interval(seen.low, seen.high, places)}"
    elif outcome.proof is not None:
        estimate = proof_view(outcome.proof).outcome
    return RuleView(
        claim=rule.claim,
        part=rule.part,
        written=written_rule(rule, metrics),
        verdict=judged(outcome.verdict.word, outcome.verdict.because),
        estimate=estimate,
        unit=unit,
        interval=ends,
        n=n,
    )


def _change(finding: Finding) -> Change:
    places = _places((finding.before, finding.after))
    return Change(
        sentence=finding.sentence,
        seed=finding.seed,
        before=number(finding.before, places),
        after=number(finding.after, places),
    )


def _places(values: Iterable[float]) -> int:
    """Decimals for two numbers side by side: two below ten, fewer above."""
    largest = max(abs(value) for value in values)
    return 2 if largest < 10 else 1 if largest < 1000 else 0

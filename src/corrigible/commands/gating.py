"""`corrigible gate POLICY EVIDENCE..`, `bundle`, `verify`: what a gate says, who decides, what leaves the house."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

from corrigible.commands.answer import Answer, table
from corrigible.commands.drawing import draw
from corrigible.commands.gate_evidence import BroughtIn, bring_in
from corrigible.commands.policies import moment_given, policy_and_bytes
from corrigible.documents import read_document_and_bytes
from corrigible.errors import EXIT_DENY, EXIT_DONE, EXIT_UNKNOWN, BadInput
from corrigible.oversight.bundles import make_bundle, verify_bundle
from corrigible.oversight.disclosure import Audience, require_released
from corrigible.oversight.evidence import AttestedEvidence, RunEvidence
from corrigible.oversight.gates import GateDecision, Judged, JudgedRule, judge_gate
from corrigible.oversight.kleene import Truth
from corrigible.oversight.moments import written
from corrigible.oversight.owners import Chosen, Owners, who_decides
from corrigible.oversight.policies import Gate
from corrigible.oversight.waivers import Waiver, Waivers
from corrigible.report.decision_page import DecisionPage, EvidenceLine, RuleLine, render_decision

EXITS: Final = {"allow": EXIT_DONE, "deny": EXIT_DENY, "unknown": EXIT_UNKNOWN}
WORDS: Final = {Truth.YES: "holds", Truth.NO: "fails", Truth.UNKNOWN: "not known"}


@dataclass(frozen=True, kw_only=True)
class Asked:
    """A question to a gate: documents by path, evidence by path, and the moment, or None for now."""

    policy: str
    gate: Gate
    evidence: tuple[Path, ...]
    owners: Path | None = None
    waivers: Path | None = None
    at: str | None = None


@dataclass(frozen=True, kw_only=True)
class Gated:
    """What a gate said about what was brought."""

    decision: GateDecision
    brought: BroughtIn
    decides: Chosen | None
    page: DecisionPage
    documents: Mapping[str, bytes]


def gate(asked: Asked) -> Gated:
    """Put evidence before a gate. Raises what `bring_in`, `judge_gate` and the readers of documents raise."""
    policy, text = policy_and_bytes(asked.policy)
    documents = {"policy.yaml": text}
    owners, waivers = None, ()
    if asked.owners is not None:
        owners, documents["owners.yaml"] = read_document_and_bytes(asked.owners, Owners)
    if asked.waivers is not None:
        given, documents["waivers.yaml"] = read_document_and_bytes(asked.waivers, Waivers)
        waivers = given.waivers
    _check_waivers(waivers, owners, {rule.rule for rule in policy.rules})
    at = moment_given(asked.at)
    decides = None if owners is None else who_decides(owners, asked.gate, asked=at)
    brought = bring_in(asked.evidence)
    decision = judge_gate(policy, asked.gate, brought.evidence, at=at, waivers=waivers)
    if decides is not None:
        _refuse_own_judge(decides, brought)
    page = _page(decision, brought, decides)
    return Gated(decision=decision, brought=brought, decides=decides, page=page, documents=documents)


def answer_gate(asked: Asked, *, page: Path | None) -> Answer:
    """The decision in a few lines; exit code 0 allow, 3 deny, 4 unknown."""
    found = gate(asked)
    drawn = () if page is None else (_write_page(page, found.page),)
    return Answer(data=_data(found), lines=(*_lines(found), *drawn), exit_code=EXITS[found.decision.outcome])


def answer_bundle(asked: Asked, *, out: Path, audience: Audience, withhold: Sequence[str], because: str) -> Answer:
    """Decision, documents and evidence in one sealed folder, if all that was brought is released to that audience."""
    found = gate(asked)
    for path in found.brought.paths:
        require_released(path, audience, doing="a bundle")
    items = {**found.documents, **found.brought.files, "decision.html": render_decision(found.page).encode()}
    about = {"audience": audience, **_data(found)}
    bundle = make_bundle(out, items, about=about, withhold=withhold, because=because)
    hidden = [item.name for item in bundle.items if item.withheld]
    data = {"bundle": str(out), "sha256": bundle.sha256, "items": len(bundle.items), "withheld": hidden, **_data(found)}
    kept = f"{len(bundle.items) - len(hidden)} files" + (f", {len(hidden)} withheld by digest" if hidden else "")
    told = (f"Bundle: {out} ({kept})", f"sha256 of its manifest, to be kept elsewhere: {bundle.sha256}")
    return Answer(data=data, lines=(*_lines(found), "", *told))


def answer_verify(path: Path, *, sha256: str | None) -> Answer:
    """Everything in a bundle against its digests; raises Tampered (exit code 6) at the first that differs."""
    bundle = verify_bundle(path, sha256=sha256)
    hidden = [item for item in bundle.items if item.withheld]
    about = bundle.about
    head = f"{path}: intact; {len(bundle.items)} items, {len(hidden)} withheld"
    decided = (
        f"It says {about.get('outcome')} for {about.get('gate')} under {about.get('policy')} {about.get('version')}."
    )
    rows = tuple(f"  withheld: {item.name}, sha256 {item.sha256[:16]}.. ({item.withheld})" for item in hidden)
    note = (
        ()
        if sha256
        else (f"sha256 of the manifest: {bundle.sha256} (compare it with the one that was kept elsewhere)",)
    )
    data = {
        "intact": True,
        "sha256": bundle.sha256,
        "items": [item.name for item in bundle.items],
        "withheld": [item.name for item in hidden],
        "about": dict(about),
    }
    return Answer(data=data, lines=(head, decided, *rows, *note))


def _check_waivers(waivers: Sequence[Waiver], owners: Owners | None, rules: set[str]) -> None:
    for item in waivers:
        if item.rule not in rules:
            raise BadInput(
                value=f"waiver of {item.rule!r}", rule="the policy has no such rule", remedy="correct its name"
            )
        if owners is not None and item.owner not in owners.people:
            raise BadInput(
                value=f"waiver of {item.rule!r} by {item.owner!r}",
                rule="who waives must be among the owners' people",
                remedy="add the person, or let somebody else grant it",
            )


def _refuse_own_judge(decides: Chosen, brought: BroughtIn) -> None:
    own = [
        item.said.attestation
        for item in brought.evidence
        if isinstance(item, AttestedEvidence) and item.said.by == decides.person
    ]
    if own:
        raise BadInput(
            value=f"attestation {own[0]!r} by {decides.person}",
            rule="nobody decides on what they attest themselves",
            remedy="recuse them in the owners' file, or bring somebody else's attestation",
        )


def _write_page(path: Path, page: DecisionPage) -> str:
    draw(path, render_decision(page), option="--page")
    return f"Page: {path}"


def _data(found: Gated) -> dict[str, Any]:
    decision = found.decision
    return {
        "outcome": decision.outcome,
        "gate": decision.gate,
        "policy": decision.policy.policy,
        "version": decision.policy.version,
        "at": written(decision.at),
        "reasons": list(decision.reasons),
        "levels": {
            name: {"reached": item.truth.value, "because": item.because} for name, item in decision.levels.items()
        },
        "rules": [
            {
                "rule": item.rule.rule,
                "level": item.rule.level,
                "truth": item.truth.value,
                "because": item.because,
                "waived_by": item.waiver.owner if item.waiver else None,
            }
            for item in decision.rules
        ],
        "waivers": [item.model_dump(mode="json") for item in decision.waivers],
        "decides": None if found.decides is None else found.decides.name,
        "decide_by": written(found.decides.decide_by) if found.decides and found.decides.decide_by else None,
        "evidence": [_evidence_name(item) for item in found.brought.evidence],
    }


def _evidence_name(item: RunEvidence | AttestedEvidence) -> dict[str, str]:
    name = item.run if isinstance(item, RunEvidence) else item.said.attestation
    return {"name": name, "sha256": item.sha256}


def _lines(found: Gated) -> tuple[str, ...]:
    decision = found.decision
    policy = decision.policy
    under = f"{decision.gate} under {policy.title}, version {policy.version}"
    head = f"{decision.outcome.upper()}: {under}, at {written(decision.at)}"
    levels = [(name, WORDS_OF_LEVEL[item.truth], item.because) for name, item in decision.levels.items()]
    rules = [(item.rule.rule, item.rule.level, item.rule.firmness, _word(item)) for item in decision.rules]
    waived = tuple(f"WAIVER {waiver_line(item, decision)}" for item in decision.waivers)
    decides = () if found.decides is None else (f"To decide: {_who(found.decides)}",)
    return (
        head,
        *((f"({policy.organisation} and its policy are fictional.)",) if policy.fictional else ()),
        *(f"  {reason}" for reason in decision.reasons),
        "",
        *table(("level", "reached", "because"), levels),
        "",
        *(
            table(("rule", "from level", "put as", "state"), rules)
            if rules
            else ("no rule in force speaks of this gate",)
        ),
        *waived,
        *decision.left_out,
        *decides,
    )


WORDS_OF_LEVEL: Final = {Truth.YES: "yes", Truth.NO: "no", Truth.UNKNOWN: "not known"}


def _word(item: JudgedRule) -> str:
    return f"{WORDS[item.truth]}, waived" if item.waiver else WORDS[item.truth]


def waiver_line(item: Waiver, decision: GateDecision) -> str:
    """A waiver as every report shows it, used or not."""
    used = any(judged.waiver == item for judged in decision.rules)
    state = "used" if used else "not needed" if item.holds(decision.at) else "not in force"
    return (
        f"of {item.rule} by {item.owner}, asked for by {item.requested_by}, until {written(item.expires)} ({state}): "
        f"{item.reason}"
    )


def _who(chosen: Chosen) -> str:
    by = f", by {written(chosen.decide_by)}" if chosen.decide_by else ", without a deadline"
    return f"{chosen.name} ({chosen.role}){by}" + (f"; {chosen.because}" if chosen.because else "")


def _page(decision: GateDecision, brought: BroughtIn, decides: Chosen | None) -> DecisionPage:
    policy = decision.policy
    told = _leaves(decision)
    holes = [reason for reason in decision.reasons if not reason.startswith("rule ")]
    return DecisionPage(
        title=f"{decision.gate} under {policy.title}, version {policy.version}",
        outcome=decision.outcome,
        fictional=policy.fictional,
        at=written(decision.at),
        asked=tuple(measure.what for measure in policy.measures.values()),
        found=tuple(f"{item.what}: {FOUND[item.truth]}. {item.because}" for item in told if item.truth in FOUND),
        not_known=(*holes, *(f"{item.what}: {item.because}" for item in told if item.truth is Truth.UNKNOWN)),
        decides="" if decides is None else _who(decides),
        levels=tuple((name, WORDS_OF_LEVEL[item.truth], item.because) for name, item in decision.levels.items()),
        rules=tuple(_rule_line(item) for item in decision.rules),
        waivers=tuple(waiver_line(item, decision) for item in decision.waivers),
        evidence=tuple(_evidence_line(item, decision.at - _made(item)) for item in brought.evidence),
        left_out=decision.left_out,
    )


FOUND: Final = {Truth.YES: "yes", Truth.NO: "no"}


def _leaves(decision: GateDecision) -> tuple[Judged, ...]:
    """Every single question that was asked of the evidence, once, in the order of levels and rules."""
    waiting = [*decision.levels.values(), *(item.required for item in decision.rules if item.required is not None)]
    found: dict[str, Judged] = {}
    while waiting:
        item = waiting.pop(0)
        waiting = [*item.parts, *waiting]
        if not item.parts and item.what not in decision.levels:
            found.setdefault(item.what, item)
    return tuple(found.values())


def _made(item: RunEvidence | AttestedEvidence) -> Any:
    return item.made if isinstance(item, RunEvidence) else item.said.made


def _rule_line(item: JudgedRule) -> RuleLine:
    source = item.rule.source
    return RuleLine(
        name=item.rule.rule,
        level=item.rule.level,
        word=_word(item),
        because=item.because,
        quote="" if source is None else source.quote,
        where="" if source is None else f"{source.where}, read on {source.retrieved:%Y-%m-%d}",
    )


def _evidence_line(item: RunEvidence | AttestedEvidence, age: timedelta) -> EvidenceLine:
    days = f"{max(age.total_seconds(), 0) / 86400:.0f} days old"
    if isinstance(item, RunEvidence):
        told = f"run of {item.experiment}, commit {item.commit[:12] or 'unknown'}, {days}"
        return EvidenceLine(name=item.run, told=told, sha256=item.sha256, faults=item.spoilt)
    said = item.said
    told = f"{said.by} ({said.independence}), {days}: {said.statement}"
    return EvidenceLine(name=said.attestation, told=told, sha256=item.sha256, faults=())

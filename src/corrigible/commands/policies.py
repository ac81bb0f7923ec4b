"""`corrigible policy lint|diff|compare`, `commitments due`, `owners lint|who`."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from importlib import resources
from pathlib import Path
from typing import Any, Final

from corrigible.commands.answer import Answer, table
from corrigible.documents import read_document_and_bytes
from corrigible.errors import EXIT_DENY, BadInput
from corrigible.oversight.commitments import Due, due
from corrigible.oversight.lint import lint_policy
from corrigible.oversight.moments import moment_of, span_of, written
from corrigible.oversight.owners import Fault, fault_line, lint_owners, owners_for, read_owners, who_decides
from corrigible.oversight.policies import Policy
from corrigible.oversight.policy_compare import Scores, compare_policies
from corrigible.oversight.policy_diff import diff_policies

SHIPPED: Final = resources.files("corrigible.oversight") / "data" / "policies"


def policy_named(policy: str) -> Policy:
    """A policy by path, or by the name of one that ships with the package. BadInput where there is none."""
    return policy_and_bytes(policy)[0]


def policy_and_bytes(policy: str) -> tuple[Policy, bytes]:
    """As `policy_named`, with the very bytes that were read."""
    path = Path(policy)
    if not path.exists() and "/" not in policy and not path.suffix:
        path = Path(str(SHIPPED / f"{policy}.yaml"))
        if not path.exists():
            raise BadInput(
                value=f"policy {policy!r}",
                rule="it must be a file, or one that ships with Corrigible",
                remedy=f"choose from {', '.join(shipped_policies())}, or give a path",
            )
    return read_document_and_bytes(path, Policy)


def shipped_policies() -> list[str]:
    """Names of the policies that ship with the package."""
    return sorted(item.name.removesuffix(".yaml") for item in SHIPPED.iterdir() if item.name.endswith(".yaml"))


def moment_given(text: str | None, *, option: str = "--at") -> datetime:
    """A moment that was given on the command line, or now. BadInput where it is none."""
    if text is None:
        return datetime.now(UTC).replace(microsecond=0)
    try:
        return moment_of(text)
    except ValueError as error:
        raise BadInput(value=f"{option} {text}", rule=str(error), remedy="correct it") from error


def answer_policy_lint(policies: Sequence[str]) -> Answer:
    """Every hole of every policy; exit code 3 where one of them lets nothing be decided."""
    found = {policy: lint_policy(policy_named(policy)) for policy in policies}
    return _linted(found)


def answer_owners_lint(file: Path, policy: str | None) -> Answer:
    """Every hole of a register of owners, and owners that a policy names and it does not know."""
    owners = read_owners(file)
    faults = lint_owners(owners)
    if policy is not None:
        faults = (*faults, *owners_for(policy_named(policy), owners))
    return _linted({str(file): faults})


def answer_who(file: Path, decision: str, *, asked: str | None, at: str | None) -> Answer:
    """Who has to decide, and by when."""
    begun = moment_given(asked, option="--asked")
    found = who_decides(read_owners(file), decision, asked=begun, at=None if at is None else moment_given(at))
    by = f" by {written(found.decide_by)}" if found.decide_by else "; there is no deadline"
    because = (f"Because {found.because}.",) if found.because else ()
    data = {**asdict(found), "decide_by": written(found.decide_by) if found.decide_by else None}
    return Answer(data=data, lines=(f"{found.name} ({found.role}) decides {decision}{by}.", *because))


def answer_policy_diff(before: str, after: str) -> Answer:
    """What changed, and which way it goes."""
    old, new = policy_named(before), policy_named(after)
    changes = diff_policies(old, new)
    head = f"{old.policy} {old.version} (in force {written(old.in_force)}) -> {new.version} ({written(new.in_force)})"
    counts = {word: sum(item.direction == word for item in changes) for word in ("stronger", "weaker", "other")}
    rows = [(item.direction, item.place, item.change) for item in changes]
    lines = (head, "", *table(("direction", "where", "change"), rows)) if rows else (head, "nothing changed")
    told = f"{counts['stronger']} stronger, {counts['weaker']} weaker, {counts['other']} that are neither"
    return Answer(
        data={"before": old.version, "after": new.version, **counts, "changes": [asdict(item) for item in changes]},
        lines=(*lines, "", told),
    )


def answer_policy_compare(policies: Sequence[str], at: str | None) -> Answer:
    """Four scales, side by side and never added up."""
    if len(policies) < 2:
        raise BadInput(value=f"{len(policies)} policies", rule="compare needs two or more", remedy="name another")
    read = [policy_named(policy) for policy in policies]
    scores = compare_policies(read, at=moment_given(at))
    rows = [_compared(policy, score) for policy, score in zip(read, scores, strict=True)]
    legend = (
        "Means over gates and levels, as many levels for each as the longest has; 0 where nothing is said, so that",
        "silence never beats a weak commitment. They are not added up: which of them matters is the reader's call.",
    )
    header = ("policy", "version", "coverage", "stringency", "firmness", "clarity", "")
    return Answer(data={"policies": [asdict(score) for score in scores]}, lines=(*table(header, rows), "", *legend))


def _compared(policy: Policy, score: Scores) -> tuple[str, ...]:
    scales = (score.coverage, score.stringency, score.firmness, score.clarity)
    return (score.policy, score.version, *(f"{value:.2f}" for value in scales), "fictional" if policy.fictional else "")


def answer_commitments(policies: Sequence[str], *, at: str | None, soon: str) -> Answer:
    """What falls due, the most pressing first; exit code 3 where something is overdue."""
    now = moment_given(at)
    found = due([policy_named(policy) for policy in policies], at=now, soon=_span(soon))
    header = ("state", "due", "owner", "policy", "commitment", "what")
    rows = [_due_row(item) for item in found]
    late = sum(item.state == "overdue" for item in found)
    told = f"{late} overdue, {sum(item.state == 'due soon' for item in found)} due within {soon}, as of {written(now)}"
    data = {"at": written(now), "overdue": late, "commitments": [_due_data(item) for item in found]}
    return Answer(data=data, lines=(*table(header, rows), "", told), exit_code=EXIT_DENY if late else 0)


def answer_commitments_list(policies: Sequence[str], *, at: str | None) -> Answer:
    """What was promised, in whose words."""
    now = moment_given(at)
    found = due([policy_named(policy) for policy in policies], at=now, soon=timedelta())
    lines: list[str] = []
    for item in found:
        source = item.commitment.source
        said = (
            "no source" if source is None else f'"{source.quote}" ({source.where}, read on {source.retrieved:%Y-%m-%d})'
        )
        lines += [
            f"{item.policy}, {item.commitment.commitment} ({item.commitment.owner}): {item.commitment.what}",
            f"  {said}",
        ]
        lines += [f"  {item.state}" + ("" if item.due is None else f", next by {written(item.due)}")]
    return Answer(
        data={"at": written(now), "commitments": [_due_data(item) for item in found]},
        lines=tuple(lines) or ("nothing is promised",),
    )


def _span(text: str) -> timedelta:
    try:
        return span_of(text)
    except ValueError as error:
        raise BadInput(value=f"--soon {text}", rule=str(error), remedy="correct it") from error


def _due_row(item: Due) -> tuple[str, ...]:
    when = "-" if item.due is None else written(item.due)
    return (item.state, when, item.commitment.owner, item.policy, item.commitment.commitment, item.commitment.what)


def _due_data(item: Due) -> dict[str, Any]:
    return {
        "policy": item.policy,
        "commitment": item.commitment.commitment,
        "owner": item.commitment.owner,
        "what": item.commitment.what,
        "due": None if item.due is None else written(item.due),
        "state": item.state,
    }


def _linted(found: dict[str, tuple[Fault, ...]]) -> Answer:
    lines: list[str] = []
    for name, faults in found.items():
        lines += [f"{name}: {'no fault found' if not faults else f'{len(faults)} faults'}"]
        lines += [f"  {'FAULT' if fault.fatal else 'weak '}  {fault_line(fault)}" for fault in faults]
    fatal = sum(fault.fatal for faults in found.values() for fault in faults)
    data = {name: [asdict(fault) for fault in faults] for name, faults in found.items()}
    return Answer(data={"faults": data, "fatal": fatal}, lines=tuple(lines), exit_code=EXIT_DENY if fatal else 0)

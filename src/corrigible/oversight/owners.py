"""Who decides what: decision -> person, deputy, deadline, recusals, escalation. `corrigible owners lint FILE`."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from corrigible.documents import Document, read_document
from corrigible.errors import BadInput
from corrigible.oversight.moments import Moment, Span, in_words
from corrigible.oversight.policies import GATES, Name, Policy, Text


class Person(Document):
    """Somebody of the own organisation."""

    name: Text
    role: Text


class Recusal(Document):
    """A person who does not decide this, since when, and why."""

    person: Name
    because: Text
    since: Moment | None = None
    until: Moment | None = None

    def holds(self, at: datetime) -> bool:
        """Whether the person stands aside at that moment."""
        return (self.since is None or self.since <= at) and (self.until is None or at < self.until)


class OwnedDecision(Document):
    """One decision. `proposes`: who usually asks for it; nobody decides what they propose."""

    decides: Name
    deputy: Name | None = None
    proposes: Name | None = None
    within: Span | None = None
    escalates_to: Name | None = None
    """Another decision of this file, whose owner takes over when the time is up."""
    recused: Annotated[tuple[Recusal, ...], Field(max_length=20, strict=False)] = ()


class Owners(Document):
    """The register of one organisation."""

    schema_: Annotated[Literal[1], Field(alias="schema")]
    organisation: Text
    fictional: bool = False
    people: dict[Name, Person]
    decisions: dict[Name, OwnedDecision]


@dataclass(frozen=True, kw_only=True)
class Fault:
    """What a linter found. `fatal`: the document cannot be used as it stands."""

    place: str
    fault: str
    remedy: str
    fatal: bool = True


@dataclass(frozen=True, kw_only=True)
class Chosen:
    """Who has to decide: a person's key and name, by when, and why it is not the first owner (or "")."""

    person: str
    name: str
    role: str
    decide_by: datetime | None
    because: str


def read_owners(path: Path) -> Owners:
    """Read a register strictly; BadInput names file, line and key."""
    return read_document(path, Owners)


def lint_owners(owners: Owners) -> tuple[Fault, ...]:
    """Everything that keeps a decision from being made by the right person in time."""
    found: list[Fault] = []
    for name, decision in owners.decisions.items():
        found += _unknown_names(owners, name, decision)
        found += _empty_seats(name, decision)
        found += _escalation(owners, name)
    found += [
        Fault(
            place=f"decisions.{gate}",
            fault="nobody decides at this gate",
            remedy="add the decision, or say in its policy that the gate is never used",
            fatal=False,
        )
        for gate in GATES
        if gate not in owners.decisions
    ]
    return tuple(found)


def _unknown_names(owners: Owners, name: str, decision: OwnedDecision) -> Iterator[Fault]:
    named = {"decides": decision.decides, "deputy": decision.deputy, "proposes": decision.proposes}
    named |= {f"recused.{place}": item.person for place, item in enumerate(decision.recused)}
    for key, person in named.items():
        if person is not None and person not in owners.people:
            yield Fault(
                place=f"decisions.{name}.{key}", fault=f"{person!r} is not among people", remedy="add the person"
            )
    if decision.escalates_to is not None and decision.escalates_to not in owners.decisions:
        yield Fault(
            place=f"decisions.{name}.escalates_to",
            fault=f"{decision.escalates_to!r} is no decision of this file",
            remedy="name one",
        )


def _empty_seats(name: str, decision: OwnedDecision) -> Iterator[Fault]:
    place = f"decisions.{name}"
    if decision.proposes is not None and decision.proposes in (decision.decides, decision.deputy):
        yield Fault(
            place=f"{place}.proposes",
            fault=f"{decision.proposes} would decide what they propose",
            remedy="name another",
        )
    if decision.deputy == decision.decides:
        yield Fault(place=f"{place}.deputy", fault="the deputy is the owner", remedy="name another person")
    if decision.deputy is None:
        yield Fault(
            place=f"{place}.deputy", fault="nobody decides while the owner is away", remedy="name a deputy", fatal=False
        )
    if decision.within is None:
        yield Fault(place=f"{place}.within", fault="there is no deadline", remedy="write one: 72 hours", fatal=False)
    lasting = {item.person for item in decision.recused if item.until is None}
    if {decision.decides, *filter(None, (decision.deputy,))} <= lasting and decision.escalates_to is None:
        yield Fault(
            place=f"{place}.recused", fault="everybody who could decide is recused", remedy="name a deputy who is not"
        )


def _escalation(owners: Owners, name: str) -> Iterator[Fault]:
    path = [name]
    while (after := owners.decisions[path[-1]].escalates_to) is not None and after in owners.decisions:
        if after in path:
            if after == name:  # told once, by every decision on the cycle itself
                yield Fault(
                    place=f"decisions.{name}.escalates_to",
                    fault=f"escalation goes in a circle: {' -> '.join([*path, after])}",
                    remedy="end it at somebody who has to decide",
                )
            return
        path.append(after)
    if len(path) > 1 and owners.decisions[path[-1]].decides == owners.decisions[name].decides:
        yield Fault(
            place=f"decisions.{name}.escalates_to",
            fault=f"it ends with {owners.decisions[name].decides}, who had not decided in time",
            remedy="escalate to another person",
        )


def who_decides(owners: Owners, decision: str, *, asked: datetime, at: datetime | None = None) -> Chosen:
    """Who has to decide at the moment `at` (default: when it is asked): recusals passed over, escalation followed.

    Raises:
        BadInput: the register names nobody for it, or has a fatal fault.
    """
    at = at or asked
    if decision not in owners.decisions:
        raise BadInput(
            value=f"decision {decision!r}",
            rule=f"the register of {owners.organisation} must name who decides it",
            remedy=f"choose from {', '.join(owners.decisions) or 'none'}, or add it",
        )
    fatal = next((fault for fault in lint_owners(owners) if fault.fatal), None)
    if fatal is not None:
        raise BadInput(value=f"owners: {fault_line(fatal)}", rule="a register must be sound", remedy=fatal.remedy)
    name, begun, reasons = decision, asked, list[str]()
    while True:
        owned = owners.decisions[name]
        due = begun + owned.within if owned.within is not None else None
        late = due is not None and at > due and owned.escalates_to is not None
        person = None if late else _first_free(owned, at, reasons)
        if person is not None:
            someone = owners.people[person]
            return Chosen(
                person=person, name=someone.name, role=someone.role, decide_by=due, because="; ".join(reasons)
            )
        if owned.escalates_to is None:
            raise BadInput(
                value=f"decision {decision!r}",
                rule="everybody who could decide is recused",
                remedy="name a deputy, or a decision that it escalates to",
            )
        if late:
            reasons.append(f"{name} was not decided within {in_words(owned.within or timedelta())}")
        begun, name = (due if late and due is not None else begun), owned.escalates_to


def _first_free(owned: OwnedDecision, at: datetime, reasons: list[str]) -> str | None:
    for person in filter(None, (owned.decides, owned.deputy)):
        away = next((item for item in owned.recused if item.person == person and item.holds(at)), None)
        if away is None:
            return person
        reasons.append(f"{person} is recused: {away.because}")
    return None


def fault_line(fault: Fault) -> str:
    """A fault as one line: place, what is wrong, remedy."""
    return f"{fault.place}: {fault.fault}; {fault.remedy}"


def owners_for(policy: Policy, owners: Owners) -> tuple[Fault, ...]:
    """Owners of commitments whom the register does not know."""
    return tuple(
        Fault(
            place=f"commitments.{item.commitment}.owner",
            fault=f"{item.owner!r} is not among people",
            remedy="add the person",
        )
        for item in policy.commitments
        if item.owner not in owners.people
    )

"""What is put before a gate: runs and attestations, each with its date, its author and what spoils it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated, Final, Literal

from pydantic import Field

from corrigible.documents import Document
from corrigible.oversight.moments import Moment
from corrigible.oversight.policies import INDEPENDENCE, Independence, Name, Text


@dataclass(frozen=True, kw_only=True)
class Figure:
    """A measured number with its interval; low and high are NaN where there is none."""

    metric: str
    condition: str
    unit: str
    estimate: float
    low: float
    high: float
    n: int


@dataclass(frozen=True, kw_only=True)
class RunEvidence:
    """A run. sha256: of its results. `spoilt`: why it must not count (unfinished, changed code ..), or empty."""

    run: str
    experiment: str
    made: datetime
    sha256: str
    commit: str
    fingerprint: str
    figures: tuple[Figure, ...]
    spoilt: tuple[str, ...] = ()
    independence: Independence = "self"
    notes: tuple[str, ...] = field(default_factory=tuple[str, ...])


class Attestation(Document):
    """A named person says that something is so, or is not; it may vouch for runs made again independently."""

    schema_: Annotated[Literal[1], Field(alias="schema")]
    attestation: Name
    holds: bool
    by: Name
    independence: Independence
    made: Moment
    statement: Text
    runs: Annotated[tuple[Text, ...], Field(max_length=100, strict=False)] = ()
    """Ids of runs that this person stands behind: they then count as that independent."""


@dataclass(frozen=True, kw_only=True)
class AttestedEvidence:
    """An attestation and where it was read."""

    path: str
    sha256: str
    said: Attestation


Evidence = RunEvidence | AttestedEvidence

_RANK: Final[Mapping[Independence, int]] = {name: rank for rank, name in enumerate(INDEPENDENCE)}


def at_least_as_independent(found: Independence, asked: Independence) -> bool:
    """Whether `found` is as far from those who are judged as `asked`, or farther."""
    return _RANK[found] >= _RANK[asked]


def independence_of(run: RunEvidence, others: tuple[Evidence, ...], *, at: datetime) -> Independence:
    """The farthest of those who stand behind a run by the moment `at`: who made it, or who vouches for it."""
    vouched: Iterator[Independence] = (
        item.said.independence
        for item in others
        if isinstance(item, AttestedEvidence) and item.said.holds and item.said.made <= at and run.run in item.said.runs
    )
    return max((run.independence, *vouched), key=lambda name: _RANK[name])

"""What the stop protocol writes down: how a run was armed, its stop, who acknowledged and decided, signs of life."""

from functools import lru_cache
from typing import Annotated, Literal, TypeAlias

from pydantic import Field

from corrigible.documents import Document, parse_document
from corrigible.errors import BadInput
from corrigible.oversight.moments import Moment
from corrigible.oversight.owners import Owners
from corrigible.oversight.policies import Name
from corrigible.tripwires.document import LARGEST_STEP, Growth, Tripwire

Step: TypeAlias = Annotated[int, Field(ge=-1, le=LARGEST_STEP)]
Digest: TypeAlias = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Words: TypeAlias = Annotated[str, Field(max_length=4000)]
StopKind: TypeAlias = Literal["tripped", "unreadable", "fault"]
"""The wire's own alarm; points that cannot be read; a point that was refused, or a fault of the check itself."""


class Arming(Document):
    """A stretch of training under one tripwire: the first from its beginning, the next after each decision to go on.

    after: points count from the next step on. document, owners: the very texts.
    """

    schema_: Annotated[Literal[1], Field(alias="schema")] = 1
    segment: Annotated[int, Field(ge=1, le=10_000)]
    run: str
    after: Step
    document: str
    owners: str
    at: Moment

    def tripwire(self) -> Tripwire:
        """The document as it stands in the file."""
        return _tripwire(self.document)

    def register(self) -> Owners:
        """The owners' register as it stood when the wire was armed."""
        return _register(self.owners)

    def wire(self) -> Tripwire:
        """The tripwire with what is left of its plan after `after`. Raises BadInput where too little is left."""
        return remaining(self.tripwire(), self.after)


class StopRecord(Document):
    """A stop that stands until somebody decides. step: -1 where none was known. points_*: what had been judged."""

    schema_: Annotated[Literal[1], Field(alias="schema")] = 1
    run: str
    tripwire: str
    segment: int
    kind: StopKind
    step: Step
    because: Words
    by: Literal["trainer", "watcher"]
    at: Moment
    points_bytes: int
    points_sha256: Digest


class Said(Document):
    """What a person said of a stop. stop: its digest; evidence: the bundle's; document: the tripwire to go on with."""

    action: Literal["acknowledge", "resume", "end"]
    stop: Digest
    by: Name
    at: Moment
    reason: Annotated[str, Field(max_length=2000)] = ""
    evidence: str = ""
    document: str = ""


class WatcherBeat(Document):
    """That the watcher lives, and how many bytes of points it has judged, with their digest."""

    count: int
    segment: int
    offset: int
    digest: Digest


class TrainerBeat(Document):
    """That the trainer lives and where it is; halted: it has stopped; finished: its training is over.

    checkpoint: where it saved itself, with the digest of that file or folder.
    """

    count: int
    segment: int
    step: Step
    halted: bool = False
    finished: bool = False
    checkpoint: str = ""
    checkpoint_sha256: str = ""


@lru_cache(maxsize=8)
def _tripwire(text: str) -> Tripwire:
    return parse_document(text, Tripwire, source="the armed tripwire")


@lru_cache(maxsize=8)
def _register(text: str) -> Owners:
    return parse_document(text, Owners, source="the armed register")


def remaining(tripwire: Tripwire, after: int) -> Tripwire:
    """The tripwire for the planned checkpoints after step `after`, with all of its rate anew.

    Raises:
        BadInput: none is left, or fewer than a growth detector's window.
    """
    plan = tripwire.plan
    passed = max(0, (after - plan.first) // plan.every + 1) if after >= plan.first else 0
    left = plan.checkpoints - passed
    needed = tripwire.detector.window if isinstance(tripwire.detector, Growth) else 1
    if left < needed:
        raise BadInput(
            value=f"tripwire {tripwire.tripwire} after step {after}",
            rule=f"{max(left, 0)} planned checkpoints are left, and it needs {needed}",
            remedy="decide to go on with another tripwire: --tripwire FILE",
        )
    if not passed:
        return tripwire
    shifted = plan.model_copy(update={"checkpoints": left, "first": plan.first + passed * plan.every})
    return tripwire.model_copy(update={"plan": shifted, "assumed": None})

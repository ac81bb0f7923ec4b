"""Arm a tripwire on a run before it trains, or again after a recorded decision; refused while a stop stands."""

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from corrigible.documents import parse_document, read_document_and_bytes
from corrigible.errors import BadInput, CorrigibleError, Tripped
from corrigible.oversight.moments import written
from corrigible.oversight.owners import Chosen, Owners
from corrigible.tripwires.charge import check_register, in_charge
from corrigible.tripwires.document import Tripwire
from corrigible.tripwires.folder import WireFolder, folder_of
from corrigible.tripwires.freezing import freeze
from corrigible.tripwires.judge import Judge
from corrigible.tripwires.points import Point
from corrigible.tripwires.records import Arming, Said, StopKind, StopRecord, remaining
from corrigible.tripwires.tail import mend_points, prefix_digest


@dataclass(frozen=True, kw_only=True)
class Documents:
    """The texts under which a wire is armed: the tripwire, and the owners' register."""

    tripwire: Tripwire
    text: str
    register: str


def now() -> datetime:
    """The moment in UTC, to the second."""
    return datetime.now(UTC).replace(microsecond=0)


def read_documents(tripwire: Path, owners: Path) -> Documents:
    """Read both strictly, and hold one against the other.

    Raises:
        BadInput: one cannot be read; the register does not know whom the tripwire names; absence would never trip.
    """
    document, text = read_document_and_bytes(tripwire, Tripwire)
    register, known = read_document_and_bytes(owners, Owners)
    return _checked(document, register, Documents(tripwire=document, text=text.decode(), register=known.decode()))


def parse_documents(text: str, owners: str) -> Documents:
    """As `read_documents`, of texts that were kept."""
    document = parse_document(text, Tripwire, source="the kept tripwire")
    register = parse_document(owners, Owners, source="the kept register")
    return _checked(document, register, Documents(tripwire=document, text=text, register=owners))


def _checked(document: Tripwire, register: Owners, found: Documents) -> Documents:
    if document.plan.grace is None:
        raise BadInput(
            value=f"tripwire {document.tripwire}: plan",
            rule="on a live run a checkpoint that does not come must trip",
            remedy="say how many steps it may be late: grace",
        )
    check_register(document, register, now())
    return found


def arm_run(documents: Documents, points: Path, run: str, *, follow: bool = False) -> tuple[WireFolder, Arming]:
    """Arm, or find the wire armed already: trainer and watcher may come in any order, and again after a kill.

    follow: where it was decided to go on under another text, take that one, instead of refusing this one.

    Raises:
        BadInput: the run is armed under another text, or the points cannot be read. Nothing was changed then.
        Tripped: a stop stands, or what is in the file trips the wire now; its evidence is frozen.
    """
    folder = folder_of(points, documents.tripwire.tripwire)
    known = folder.arming() is not None
    if not known:
        Judge(_new(documents, run, 1, -1), points).look()  # refuse before anything is written
    with folder.locked():
        folder.settle()
        mend_points(points)
        arming = _armed(folder, documents, points, run, follow)
    refuse_stopped(folder, points)
    judge = Judge(arming, points)
    try:
        tripped = judge.look() is not None
    except BadInput as error:
        if not known:
            raise
        trip(folder, judge, by="trainer", kind="unreadable", because=f"points cannot be read: {error}")
        refuse_stopped(folder, points)
    else:
        if tripped:
            trip(folder, judge, by="trainer", kind="tripped")
            refuse_stopped(folder, points)
    return folder, arming


def _new(documents: Documents, run: str, segment: int, after: int) -> Arming:
    Point(run=run, metric=documents.tripwire.metric, step=0, value=0.0)  # refuses names that no point can have
    return Arming(segment=segment, run=run, after=after, document=documents.text, owners=documents.register, at=now())


def _armed(folder: WireFolder, documents: Documents, points: Path, run: str, follow: bool) -> Arming:
    """The stretch that is under way, or a new one; under the lock."""
    before = folder.arming()
    if before is None:
        arming = _new(documents, run, 1, -1)
        folder.arm(arming)
        return arming
    if before.run != run:
        raise BadInput(
            value=f"run {run!r}",
            rule=f"{points.name} is armed for {before.run!r}",
            remedy="give that name, or other points",
        )
    if not folder.decided(before.segment):
        if documents.text != before.document and not follow:
            raise _other(documents, "its text must not change while it is armed", "give the one it was armed with")
        return before
    expected = _going_on(folder).document or before.document
    if documents.text != expected:
        if not follow:
            raise _other(documents, "it was decided to go on under another text", "give the one that was decided")
        documents = parse_documents(expected, documents.register)
    tail = Judge(before, points)
    tail.look()
    after = max(tail.step, folder.stopped(before.segment).step)
    remaining(documents.tripwire, after)
    arming = _new(documents, run, before.segment + 1, after)
    folder.arm(arming)
    return arming


def _going_on(folder: WireFolder) -> Said:
    return next(item for item in reversed(folder.said()) if item.action == "resume")


def _other(documents: Documents, rule: str, remedy: str) -> BadInput:
    return BadInput(value=f"tripwire {documents.tripwire.tripwire}", rule=rule, remedy=remedy)


def trip(
    folder: WireFolder,
    judge: Judge,
    *,
    by: str,
    kind: StopKind,
    because: str = "",
    step: int = -1,
) -> StopRecord:
    """Write the stop down, unless one stands already. because, step: of another kind than the wire's own alarm."""
    alarm, arming = judge.wire.alarm, judge.arming
    tripped = kind == "tripped" and alarm is not None
    changed = ""
    if prefix_digest(judge.tail.path, judge.tail.offset) != judge.tail.digest:
        changed = " (and points were changed after they were judged)"
    stop = StopRecord(
        run=arming.run,
        tripwire=judge.wire.tripwire.tripwire,
        segment=arming.segment,
        kind=kind,
        step=alarm.step if tripped and alarm is not None else max(step, judge.step),
        because=(alarm.because if tripped and alarm is not None else because) + changed,
        by="watcher" if by == "watcher" else "trainer",
        at=now(),
        points_bytes=judge.tail.offset,
        points_sha256=judge.tail.digest,
    )
    return folder.trip(stop)


def charged(folder: WireFolder, at: datetime | None = None) -> Chosen:
    """Who has to decide about the stop that stands. Raises BadInput where none stands."""
    arming, stop = folder.arming(), folder.stop()
    if arming is None or stop is None:
        raise BadInput(value=str(folder.path), rule="no stop stands there", remedy="there is nothing to decide")
    digest = folder.digest_of_stop()
    seen = [item for item in folder.said() if item.action == "acknowledge" and item.stop == digest]
    return in_charge(arming.tripwire(), arming.register(), stopped=stop.at, at=at or now(), acknowledged=seen)


def refuse_stopped(folder: WireFolder, points: Path) -> None:
    """Tripped where a stop stands: its evidence is frozen first, and the message names who has to decide by when."""
    stop = folder.stop()
    if stop is None:
        return
    freeze(folder, points)
    made = folder.decision()
    if made is not None and made.action == "end":
        raise Tripped(
            value=f"run {stop.run} was stopped by {stop.tripwire} at step {stop.step}",
            rule=f"{made.by} decided on {written(made.at)} that it ends: {made.reason}",
            remedy="train another run",
        )
    raise Tripped(
        value=f"run {stop.run} was stopped by {stop.tripwire} at step {stop.step}: {stop.because}",
        rule=f"it goes on once {_who(folder)} has decided so",
        remedy=f"see `corrigible trip status {folder.path}`",
    )


def _who(folder: WireFolder) -> str:
    try:
        chosen = charged(folder)
    except CorrigibleError as error:  # a register in which everybody stands aside by now
        return f"somebody who may ({error})"
    until = f", in charge until {written(chosen.decide_by)}," if chosen.decide_by is not None else ""
    return f"{chosen.name} ({chosen.role}){until}"

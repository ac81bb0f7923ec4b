"""Who may see a run: nobody beyond those who made it, until somebody with a name releases it, for a reason.

A hold costs nothing: anybody places one, without a reason. Entries are appended to `disclosure.jsonl` in the run folder
(for evidence that is a file, FILE.disclosure.jsonl beside it), each sealed and chained to the one before it. What was
released irreversibly (public is) cannot be recalled, and needs two names; a hold after it is kept, and says so.
`corrigible disclose hold|release|status RUN`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Final, Literal, TypeAlias, get_args

from pydantic import Field

from corrigible.documents import Document
from corrigible.errors import BadInput, Held
from corrigible.oversight.chained import entries_of, plain_entry, read_record, with_entry
from corrigible.oversight.moments import Moment, written
from corrigible.store import disk_faults, replace_file
from corrigible.store.lock import lock_of
from corrigible.store.paths import inside

Audience: TypeAlias = Literal["team", "partners", "public"]
"""Colleagues, those who have agreed to keep it, everybody. Each includes those before it."""

AUDIENCES: Final[tuple[Audience, ...]] = get_args(Audience)
DISCLOSURE_FILE: Final = "disclosure.jsonl"
_REMEDY: Final = "restore the file, or ask who keeps the run"


class Entry(Document):
    """One line of the file. For a hold, everything but `at` may be empty."""

    action: Literal["hold", "release"]
    at: Moment
    by: Annotated[str, Field(max_length=200)] = ""
    second: Annotated[str, Field(max_length=200)] = ""
    audience: Audience | None = None
    reason: Annotated[str, Field(max_length=2000)] = ""
    irreversible: bool = False


@dataclass(frozen=True, kw_only=True)
class Status:
    """Where a run stands. audience: the widest that may see it, None if held. recallable: no irreversible release."""

    held: bool
    by_default: bool
    audience: Audience | None
    recallable: bool
    entries: tuple[Entry, ...]

    @property
    def sentence(self) -> str:
        """In words."""
        gone = next((item for item in reversed(self.entries) if item.irreversible), None)
        already = f"; it went out to {gone.audience} on {written(gone.at)} and cannot be recalled" if gone else ""
        if self.by_default:
            return "held by default: nobody has released it"
        last = self.entries[-1]
        if self.held:
            who = f" by {last.by}" if last.by else ""
            return f"held{who} since {written(last.at)}{f': {last.reason}' if last.reason else ''}{already}"
        return f"released to {self.audience} by {last.by} on {written(last.at)}: {last.reason}{already}"


def disclosure_of(run: Path) -> Status:
    """Where the run in folder `run` stands, or the evidence in a file.

    Raises:
        Tampered: an entry was changed, taken out or cut off.
    """
    return _status(entries_of(_raw(run), Entry, path=_record_of(run), remedy=_REMEDY))


def hold(run: Path, *, by: str = "", reason: str = "") -> Status:
    """Hold the run back from now on. Neither a name nor a reason is asked."""
    return _append(run, Entry(action="hold", at=_now(), by=_text(by, "by"), reason=_text(reason, "reason")))


def release(
    run: Path, *, owner: str, audience: Audience, reason: str, irreversible: bool = False, second: str = ""
) -> Status:
    """Release the run to an audience.

    Raises:
        BadInput: no owner or reason; or an irreversible release (public always is) without another person's name.
    """
    for value, name in ((owner, "owner"), (reason, "reason")):
        if not value.strip():
            raise BadInput(value=f"{name} = {value!r}", rule="a release has an owner and a reason", remedy="give both")
    if audience not in AUDIENCES:
        raise BadInput(
            value=f"audience = {audience!r}", rule="it must be known", remedy=f"choose from {', '.join(AUDIENCES)}"
        )
    final = irreversible or audience == "public"
    if final and (not second.strip() or _same(second, owner)):
        raise BadInput(
            value=f"second = {second!r}",
            rule="a release that cannot be recalled (a public one cannot) takes two people",
            remedy="name another person who agrees, with --second",
        )
    entry = Entry(
        action="release",
        at=_now(),
        by=_text(owner, "owner"),
        second=_text(second, "second"),
        audience=audience,
        reason=_text(reason, "reason"),
        irreversible=final,
    )
    return _append(run, entry)


def require_released(run: Path, audience: Audience, *, doing: str) -> None:
    """Held unless the run was released to `audience` or a wider one; for what leaves the house."""
    status = disclosure_of(run)
    if status.audience is None or AUDIENCES.index(status.audience) < AUDIENCES.index(audience):
        raise Held(
            value=f"{_kind(run)} {run.name}",
            rule=f"{doing} asks for a release to {audience}, and it is {status.sentence}",
            remedy=f"see `corrigible disclose release {run} --help`",
        )


def refuse_held(run: Path, *, doing: str) -> None:
    """Held where somebody placed a hold; what nobody has spoken of may be worked with by those who made it."""
    status = disclosure_of(run)
    if status.held and not status.by_default:
        raise Held(
            value=f"{_kind(run)} {run.name}",
            rule=f"{doing} is refused while it is {status.sentence}",
            remedy=f"see `corrigible disclose release {run} --help`",
        )


def _kind(run: Path) -> str:
    return "run" if run.is_dir() else "file"


def _same(one: str, other: str) -> bool:
    return " ".join(one.split()).casefold() == " ".join(other.split()).casefold()


def _text(value: str, name: str) -> str:
    folded = " ".join(value.split())
    longest = 2000 if name == "reason" else 200
    if len(folded) > longest:
        raise BadInput(value=f"{name}, {len(folded)} characters", rule=f"at most {longest}", remedy="say it shorter")
    return folded


def _now() -> datetime:
    return datetime.now(UTC).replace(microsecond=0)


def _status(entries: Sequence[Entry]) -> Status:
    since = max((place for place, item in enumerate(entries) if item.action == "hold"), default=-1) + 1
    granted = [item.audience for item in entries[since:] if item.audience is not None]
    widest: Audience | None = None
    for name in AUDIENCES:
        widest = name if name in granted else widest
    return Status(
        held=widest is None,
        by_default=not entries,
        audience=widest,
        recallable=not any(item.irreversible for item in entries),
        entries=tuple(entries),
    )


def _record_of(run: Path) -> Path:
    if run.is_dir():
        return inside(run, DISCLOSURE_FILE)
    return inside(run.absolute().parent, f"{run.name}.{DISCLOSURE_FILE}")


def _raw(run: Path) -> bytes:
    if not run.exists() or run.name.endswith(DISCLOSURE_FILE):
        raise BadInput(
            value=f"{run} is no run folder",
            rule="a run folder is asked for, or evidence in a file",
            remedy="see `corrigible clean` for those there are",
        )
    return read_record(_record_of(run), remedy=_REMEDY)


def _append(run: Path, entry: Entry) -> Status:
    _raw(run)  # refuse a folder that is none before anything is made in it
    record = _record_of(run)
    lock = record.name.removesuffix("jsonl") + "lock"
    with disk_faults(lock, record.parent, retry="try again", elsewhere="copy the run"), lock_of(record.parent, lock):
        data = _raw(run)
        entries = entries_of(data, Entry, path=record, remedy=_REMEDY)
        with disk_faults(record.name, record.parent, retry="try again", elsewhere="copy the run"):
            replace_file(record, with_entry(data, entry))
    return _status((*entries, entry))


def plain_status(status: Status) -> dict[str, Any]:
    """A status as JSON has it."""
    return {
        "held": status.held,
        "by_default": status.by_default,
        "audience": status.audience,
        "recallable": status.recallable,
        "sentence": status.sentence,
        "entries": [plain_entry(item) for item in status.entries],
    }

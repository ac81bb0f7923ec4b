"""How often a held-out eval was asked, by whom and why, and what that is worth: a record that only grows.

A look is written down before the score is told. Its price is what choosing the best of all looks so far can add to the
score (`leak.expected_best`); a look beyond the budget is refused. Lines are sealed and chained, written in one step
under a lock, so that a kill leaves the record as it was, or with the whole line. `corrigible gap open|spend|spent`.
"""

from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Final, Literal, Self

from filelock import Timeout
from pydantic import Field, model_validator

from corrigible.documents import Document, fault
from corrigible.errors import EXIT_DENY, BadInput, CorrigibleError, RunLocked
from corrigible.evals.leak import MOST_ITEMS, MOST_QUERIES, expected_best
from corrigible.oversight.chained import LARGEST, entries_of, read_record, with_entry
from corrigible.oversight.moments import Moment
from corrigible.statistics.samples import open_unit, whole
from corrigible.store import disk_faults, replace_file
from corrigible.store.lock import lock_of

_REMEDY: Final = "restore the file, or ask who keeps the eval"
_LONGEST: Final = {"by": 200, "why": 500, "eval": 200}


class OverBudget(CorrigibleError):
    """The eval has been asked as often as was agreed; nothing was written."""

    exit_code = EXIT_DENY


class Entry(Document):
    """One line: the first opens the ledger, the others are looks."""

    action: Literal["open", "spend"]
    at: Moment
    by: Annotated[str, Field(min_length=1, max_length=_LONGEST["by"])]
    why: Annotated[str, Field(max_length=_LONGEST["why"])] = ""
    queries: Annotated[int, Field(ge=1, le=MOST_QUERIES)]
    """Of a look: how many; of the opening: the budget."""
    eval: Annotated[str, Field(max_length=_LONGEST["eval"])] = ""
    items: Annotated[int, Field(ge=0, le=MOST_ITEMS)] = 0
    share: Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)] = 0.0

    @model_validator(mode="after")
    def _opens_an_eval(self) -> Self:
        if self.action == "open" and not (self.eval and self.items):
            raise fault("a ledger is opened for an eval of items", "eval")
        return self


@dataclass(frozen=True, kw_only=True)
class Ledger:
    """Where an eval stands.

    Attributes:
        eval, items: its name, and how many items it has.
        share: what is right of them where nothing was chosen: prices are at this share.
        budget, spent: queries.
        looks: entries after the opening, in order.
    """

    eval: str
    items: int
    share: float
    budget: int
    spent: int
    looks: tuple[Entry, ...]

    @property
    def left(self) -> int:
        """Queries."""
        return self.budget - self.spent

    def price(self, queries: int) -> float:
        """What the best of so many looks can gain by choosing, a share of items; 0 for none."""
        return expected_best(self.share, self.items, queries) - self.share if queries else 0.0


def affordable(share: float, items: int, leak: float) -> int:
    """The most queries whose best gains at most `leak` (a share in (0, 1)); at least 1, since one look chooses nothing.

    Raises:
        BadInput: a leak outside (0, 1), or a share or number of items out of range.
    """
    most = open_unit(leak, name="leak")
    low, high = 1, MOST_QUERIES + 1
    while high - low > 1:
        middle = (low + high) // 2
        if expected_best(share, items, middle) - share <= most:
            low = middle
        else:
            high = middle
    return low


def open_ledger(path: Path, *, name: str, items: int, share: float, budget: int, by: str) -> Ledger:
    """Begin a ledger at `path`. Raises BadInput where there is one already, or a number is out of range."""
    expected_best(share, items, whole(budget, name="budget", least=1))
    entry = Entry(
        action="open", at=_now(), by=_text(by, "by"), queries=budget, eval=_text(name, "eval"), items=items,
        share=float(share),
    )  # fmt: skip
    with _locked(path):
        if path.exists():
            raise BadInput(value=str(path), rule="a ledger is opened once", remedy="spend from it, or name another")
        replace_file(path, with_entry(b"", entry))
    return _ledger((entry,))


def read_ledger(path: Path) -> Ledger:
    """Where the ledger at `path` stands.

    Raises:
        BadInput: there is none, or it does not begin with an opening.
        Tampered: an entry was changed, taken out or cut off.
    """
    return _ledger(_read(path)[1])


def spend(path: Path, *, queries: int, by: str, why: str) -> Ledger:
    """Write down that the eval is about to be asked `queries` times.

    Raises:
        OverBudget: that is more than is left; nothing was written.
        BadInput: fewer than one query, nobody's name or no reason, or no ledger.
        Tampered: as `read_ledger`.
    """
    asked = whole(queries, name="queries", least=1)
    words = _text(by, "by"), _text(why, "why")
    _read(path)  # before a lock is made beside what is no ledger
    with _locked(path):
        data, entries = _read(path)
        ledger = _ledger(entries)
        if asked > ledger.left:
            raise OverBudget(
                value=f"{asked} quer{'y' if asked == 1 else 'ies'} of {ledger.eval}",
                rule=f"{ledger.left} of {ledger.budget} are left",
                remedy="decide with what is known, or make a new held-out eval",
            )
        entry = Entry(action="spend", at=_now(), by=words[0], why=words[1], queries=asked)
        longer = with_entry(data, entry)
        if len(longer) > LARGEST:
            raise BadInput(value=str(path), rule=f"a ledger has at most {LARGEST} bytes", remedy="open a new one")
        replace_file(path, longer)
    return _ledger((*entries, entry))


def _read(path: Path) -> tuple[bytes, tuple[Entry, ...]]:
    data = read_record(path, remedy=_REMEDY)
    entries = entries_of(data, Entry, path=path, remedy=_REMEDY)
    if not entries or entries[0].action != "open" or any(item.action != "spend" for item in entries[1:]):
        raise BadInput(
            value=str(path),
            rule="a ledger begins with its opening, and goes on with looks",
            remedy="open one with `corrigible gap open`",
        )
    return data, entries


def _ledger(entries: tuple[Entry, ...]) -> Ledger:
    first, *looks = entries
    return Ledger(
        eval=first.eval,
        items=first.items,
        share=first.share,
        budget=first.queries,
        spent=sum(item.queries for item in looks),
        looks=tuple(looks),
    )


@contextmanager
def _locked(path: Path) -> Generator[None]:
    """One process at a time; the lock file stands beside the ledger."""
    folder = path.absolute().parent
    if not folder.is_dir():
        raise BadInput(value=str(path), rule="its folder must exist", remedy="make the folder, or name another")
    with disk_faults(path.name, folder, retry="try again", elsewhere="name another ledger"):
        try:
            with lock_of(folder, f"{path.name}.lock"):
                yield
        except Timeout:
            raise RunLocked(
                value=f"ledger {path}", rule="one process at a time writes it", remedy="try again in a moment"
            ) from None


def _text(value: str, name: str) -> str:
    folded = " ".join(value.split())
    if not folded or len(folded) > _LONGEST[name]:
        raise BadInput(
            value=f"{name} = {folded!r:.60}", rule=f"it has 1 to {_LONGEST[name]} characters", remedy=f"give --{name}"
        )
    return folded


def _now() -> datetime:
    return datetime.now(UTC).replace(microsecond=0)

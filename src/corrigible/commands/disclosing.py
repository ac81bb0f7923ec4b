"""`corrigible disclose hold|release|status RUN`."""

from pathlib import Path

from corrigible.commands.answer import Answer
from corrigible.oversight.disclosure import Audience, Status, disclosure_of, hold, plain_status, release


def answer_hold(run: Path, *, by: str, reason: str) -> Answer:
    """Hold a run back; nobody has to say why."""
    return _answer(run, hold(run, by=by, reason=reason))


def answer_release(
    run: Path, *, owner: str, audience: Audience, reason: str, irreversible: bool, second: str
) -> Answer:
    """Release a run to an audience."""
    return _answer(
        run, release(run, owner=owner, audience=audience, reason=reason, irreversible=irreversible, second=second)
    )


def answer_status(run: Path) -> Answer:
    """Where a run stands, and how it came there."""
    return _answer(run, disclosure_of(run))


def _answer(run: Path, status: Status) -> Answer:
    history = tuple(
        f"  {item.at:%Y-%m-%d %H:%M} {item.action}{f' to {item.audience}' if item.audience else ''}"
        f"{f' by {item.by}' if item.by else ''}{f' and {item.second}' if item.second else ''}"
        f"{f': {item.reason}' if item.reason else ''}"
        for item in status.entries
    )
    return Answer(data={"run": str(run), **plain_status(status)}, lines=(f"{run.name}: {status.sentence}", *history))

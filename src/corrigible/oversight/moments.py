"""Moments and spans as documents write them: a moment names its offset from UTC, a span its unit."""

import re
from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Any, Final, TypeAlias

from pydantic import BeforeValidator

_UNITS: Final = {"hour": 1, "day": 24, "week": 24 * 7}
"""Hours. Months and years differ in length, so no span is written in them."""

LONGEST: Final = 20 * 365 * 24
"""Hours; a longer span is a slip of the pen."""

_SPAN: Final = re.compile(r"([0-9]{1,6}) (hour|day|week)s?")


def moment_of(value: Any) -> datetime:
    """A moment in UTC out of a date-time or text with an offset ("2026-11-01T09:00:00Z").

    Raises:
        ValueError: it is none, or it names no offset (then nobody knows which moment is meant).
    """
    found = value
    if isinstance(value, str):
        try:
            found = datetime.fromisoformat(value)
        except ValueError:
            found = None
    if isinstance(found, date) and not isinstance(found, datetime):
        raise ValueError(f"{found} is a day; write a moment, such as {found}T00:00:00Z")
    if not isinstance(found, datetime):
        raise ValueError("write a moment, such as 2026-11-01T09:00:00Z")
    if found.utcoffset() is None:
        raise ValueError(f"{found.isoformat()} names no offset from UTC; write {found.isoformat()}Z if UTC is meant")
    try:
        return found.astimezone(UTC)
    except OverflowError:
        raise ValueError("that moment is beyond the calendar") from None


def moment_of_record(*candidates: str) -> datetime:
    """The first of these texts of a machine's record that is a moment (UTC where it names no offset).

    Where none is, the end of time: what was never made comes after every decision.
    """
    for text in candidates:
        try:
            found = datetime.fromisoformat(text)
            return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)
        except (ValueError, OverflowError):
            continue
    return datetime.max.replace(tzinfo=UTC)


def span_of(value: Any) -> timedelta:
    """A length of time out of "90 days", "72 hours", "2 weeks". Raises ValueError where it is none of these."""
    match = _SPAN.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        raise ValueError("write a whole number and a unit, such as 72 hours, 90 days or 2 weeks")
    hours = int(match[1]) * _UNITS[match[2]]
    if not 0 < hours <= LONGEST:
        raise ValueError("a span is longer than nothing and at most 20 years")
    return timedelta(hours=hours)


Moment: TypeAlias = Annotated[datetime, BeforeValidator(moment_of)]
"""A field that holds a moment in UTC."""

Span: TypeAlias = Annotated[timedelta, BeforeValidator(span_of)]
"""A field that holds a length of time."""


def written(moment: datetime) -> str:
    """As documents write it: ISO 8601, UTC, seconds, "Z"."""
    return moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def in_words(span: timedelta) -> str:
    """ "90 days", "36 hours": days from two on, hours below."""
    hours = round(span.total_seconds() / 3600)
    if hours >= 48:
        return f"{hours // 24} days" if hours % 24 == 0 else f"{hours / 24:.1f} days"
    return f"{hours} hour{'' if hours == 1 else 's'}"

"""One line of a log, checked key by key; what is wrong is named with file, line, key, value and expected form."""

import difflib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, NoReturn, TypeAlias

from corrigible.errors import BadInput, NewerSchema
from corrigible.logs.schema import (
    DEEPEST_LIST,
    FORMS,
    HEADER_KEY,
    LARGEST_NUMBER,
    LONGEST_NAME,
    MOST_LINE_BYTES,
    OPTIONAL,
    REQUIRED,
    SCHEMA_VERSION,
    Key,
)

Json: TypeAlias = Any
"""What a JSON text may hold: None, bool, int, float, str, list, dict."""

SHOWN: Final = 60  # characters of a value in a message
BYTE_ORDER_MARK: Final = b"\xef\xbb\xbf"
PLACE_LIMIT: Final = 2**15  # WorldTrace.place is int16


@dataclass(frozen=True, kw_only=True)
class Where:
    """A line of a file, for messages."""

    file: str
    line: int

    def refuse(self, key: Key, value: Json, *, because: str = "", remedy: str = "") -> NoReturn:
        """Raise BadInput that names file, line, key, value and the expected form."""
        rule = f"{key} must be {FORMS[key]}"
        raise BadInput(
            value=f"{self.file} line {self.line}: {key} = {shown(value)}",
            rule=f"{rule} ({because})" if because else rule,
            remedy=remedy or "mend the line, or the program that writes it",
        )

    def refuse_line(
        self, value: str, rule: str, remedy: str = "mend the line, or the program that writes it"
    ) -> NoReturn:
        """Raise BadInput about a line as a whole."""
        raise BadInput(value=f"{self.file} line {self.line}: {value}", rule=rule, remedy=remedy)


@dataclass(frozen=True, kw_only=True)
class Numbers:
    """A number (shape ()) or a rectangular list of them, flat in C order; `whole` where all are integers."""

    shape: tuple[int, ...]
    values: tuple[float, ...]
    whole: bool


@dataclass(frozen=True, kw_only=True)
class Change:
    """One change of the world: at `place`, from the kind `before` to the kind `after`."""

    place: tuple[int, ...]
    before: str
    after: str


@dataclass(frozen=True, kw_only=True)
class Step:
    """One checked line."""

    episode: str | int
    t: int
    observation: Numbers | str | None
    action: Numbers
    reward: float
    terminated: bool
    truncated: bool
    executed_action: Numbers | None
    log_prob: float | None
    value: float | None
    changes: tuple[Change, ...] | None


@dataclass(frozen=True, kw_only=True)
class Header:
    """The first line, where it is one; its other keys are notes."""

    version: int


class _NotStrictJson(ValueError):
    """Python reads it, JSON forbids it."""


def _unique_keys(pairs: Sequence[tuple[str, Json]]) -> dict[str, Json]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise _NotStrictJson(f"key {shown(twice)} is given twice")
    return found


def _no_constant(text: str) -> NoReturn:
    raise _NotStrictJson(f"{text} is no JSON number")


_DECODER: Final = json.JSONDecoder(object_pairs_hook=_unique_keys, parse_constant=_no_constant)


def shown(value: Json) -> str:
    """A value for a message: short, ASCII, on one line."""
    if isinstance(value, dict):
        return f"an object of {len(value)} keys"
    if isinstance(value, list) and (len(value) > 4 or any(isinstance(item, (list, dict)) for item in value)):
        return f"a list of {len(value)}"
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) > LARGEST_NUMBER:
        return f"a whole number of {value.bit_length()} bits"
    text = json.dumps(value)
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}..."


def parse_line(line: bytes, where: Where) -> Step | Header:
    """Check one line, with or without its line break.

    Raises:
        BadInput: anything but a step, or a header on line 1, in the form of `schema.FORMS`.
        NewerSchema: a header of a later version.
    """
    if len(line) > MOST_LINE_BYTES:
        where.refuse_line(f"{len(line)} bytes", f"a line holds at most {MOST_LINE_BYTES}", "hash large observations")
    found = decode_line(line, where)
    if not isinstance(found, dict):
        where.refuse_line(shown(found), "a line holds one JSON object")
    if HEADER_KEY in found:
        return _header(found[HEADER_KEY], where)
    return parse_step(found, where)


def decode_line(line: bytes, where: Where) -> Json:
    """Strict JSON: UTF-8, each key once, finite numbers, a complete last line; raises BadInput else."""
    if line.startswith(BYTE_ORDER_MARK):
        where.refuse_line("a byte order mark", "a log is UTF-8 text without one", "write it as plain UTF-8")
    try:
        return _DECODER.decode(line.decode("utf-8"))
    except UnicodeDecodeError as error:
        where.refuse_line(f"byte {error.start + 1} is no UTF-8", "a log is UTF-8 text")
    except _NotStrictJson as error:
        where.refuse_line(str(error), "a line holds one JSON object with each key once and finite numbers")
    except json.JSONDecodeError as error:
        if not line.endswith(b"\n") and line.strip():
            where.refuse_line(
                f"{error.msg} at column {error.colno}, and no line break at its end",
                "the last line must be complete",
                "the file was cut off while it was written: remove its last line, or write it again",
            )
        where.refuse_line(f"{error.msg} at column {error.colno}", "a line holds one JSON object")
    except (ValueError, RecursionError) as error:  # more than 4300 digits; thousands of brackets
        where.refuse_line(f"{type(error).__name__} in JSON", "numbers and lists must be of reasonable size")


def _header(version: Json, where: Where) -> Header:
    if where.line != 1:
        where.refuse_line(f"key {HEADER_KEY!r}", "a header stands only on the first line")
    if type(version) is not int or version < 1:
        where.refuse_line(f"{HEADER_KEY} = {shown(version)}", f"it must be a version, {SCHEMA_VERSION}")
    if version > SCHEMA_VERSION:
        raise NewerSchema(
            value=f"{where.file} line 1: {HEADER_KEY} = {shown(version)}",
            rule=f"this Corrigible reads version {SCHEMA_VERSION}",
            remedy="update Corrigible, or write the older form",
        )
    return Header(version=version)


def parse_step(found: dict[str, Json], where: Where) -> Step:
    """Check the JSON object of one step; raises BadInput."""
    for key in REQUIRED:
        if key not in found:
            where.refuse_line(f"key {key!r} is missing", f"{key} must be {FORMS[key]}")
    known = (*REQUIRED, *OPTIONAL)
    for key in found:
        if key not in known:
            near = difflib.get_close_matches(key, known, n=1)
            hint = f"did you mean {near[0]!r}?" if near else "leave it out"
            where.refuse_line(f"unknown key {shown(key)}", f"the keys are {', '.join(known)}", hint)
    executed, log_prob, value = found.get("executed_action"), found.get("log_prob"), found.get("value")
    return Step(
        episode=_episode(found["episode"], where),
        t=_time(found["t"], where),
        observation=_observation(found["observation"], where),
        action=_action("action", found["action"], where),
        reward=_number("reward", found["reward"], where),
        terminated=_flag("terminated", found["terminated"], where),
        truncated=_flag("truncated", found["truncated"], where),
        executed_action=_action("executed_action", executed, where) if "executed_action" in found else None,
        log_prob=_number("log_prob", log_prob, where) if "log_prob" in found else None,
        value=_number("value", value, where) if "value" in found else None,
        changes=_changes(found["changes"], where) if "changes" in found else None,
    )


def _is_name(value: Json) -> bool:
    return isinstance(value, str) and 0 < len(value) <= LONGEST_NAME and value.isprintable()


def _is_whole(value: Json) -> bool:
    return type(value) is int and abs(value) <= LARGEST_NUMBER


def _is_number(value: Json) -> bool:
    return type(value) in (int, float) and abs(value) <= LARGEST_NUMBER


def _episode(value: Json, where: Where) -> str | int:
    if not (_is_whole(value) or _is_name(value)):
        where.refuse("episode", value)
    return value


def _time(value: Json, where: Where) -> int:
    if not _is_whole(value) or value < 0:
        where.refuse("t", value)
    return value


def _number(key: Key, value: Json, where: Where) -> float:
    if not _is_number(value):
        where.refuse(key, value)
    return float(value)


def _flag(key: Key, value: Json, where: Where) -> bool:
    if not isinstance(value, bool):
        where.refuse(key, value)
    return value


def _observation(value: Json, where: Where) -> Numbers | str | None:
    if value is None:
        return None
    if not isinstance(value, str):
        return _numbers("observation", value, where)
    if any("\ud800" <= letter <= "\udfff" for letter in value):
        where.refuse("observation", value, because="half a surrogate pair is no character")
    return value


def _action(key: Key, value: Json, where: Where) -> Numbers:
    numbers = _numbers(key, value, where)
    if not numbers.shape and not numbers.whole:
        where.refuse(key, value, remedy="write a continuous action of one number as a list")
    return numbers


def _numbers(key: Key, value: Json, where: Where) -> Numbers:
    if _is_number(value):
        return Numbers(shape=(), values=(float(value),), whole=type(value) is int)
    shape: list[int] = []
    level: Json = value
    while isinstance(level, list) and len(shape) <= DEEPEST_LIST:
        shape.append(len(level))
        level = level[0] if level else None
    if len(shape) > DEEPEST_LIST:
        where.refuse(key, value, because=f"at most {DEEPEST_LIST} lists within each other")
    flat: list[Json] = [value]
    for length in shape:
        if any(not isinstance(item, list) or len(item) != length for item in flat):
            where.refuse(key, value, because="lists on one level must be equally long")
        flat = [inner for item in flat for inner in item]
    bad = [item for item in flat if not _is_number(item)]
    if bad or not flat:
        because = f"not {shown(bad[0])}" if bad and shape else ""
        where.refuse(key, value, because=because)
    return Numbers(
        shape=tuple(shape),
        values=tuple(float(item) for item in flat),
        whole=all(type(item) is int for item in flat),
    )


def _changes(value: Json, where: Where) -> tuple[Change, ...]:
    if not isinstance(value, list):
        where.refuse("changes", value)
    changes: list[Change] = []
    for item in value:
        if not isinstance(item, list) or len(item) < 2 or not (_is_name(item[-1]) and _is_name(item[-2])):
            where.refuse("changes", item, because=f"names have 1 to {LONGEST_NAME} printable characters")
        *place, before, after = item
        if len(place) > DEEPEST_LIST or not all(_is_whole(x) and -PLACE_LIMIT <= x < PLACE_LIMIT for x in place):
            where.refuse("changes", item, because=f"a place has at most {DEEPEST_LIST} coordinates")
        changes.append(Change(place=tuple(place), before=before, after=after))
    return tuple(changes)

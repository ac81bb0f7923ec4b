"""Read and write logs of JSON lines (`corrigible.logs.schema`); everything that breaks the schema is refused."""

import json
from array import array
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from hashlib import blake2b
from itertools import chain
from pathlib import Path
from typing import Any, Final, final

import numpy as np

from corrigible.errors import BadInput
from corrigible.logs.line import Header, Numbers, Step, Where, parse_line
from corrigible.logs.rules import LogRules
from corrigible.logs.schema import HEADER_KEY, MOST_FILE_BYTES, SCHEMA_VERSION, Key, Log
from corrigible.store.files import replace_file
from corrigible.types import Array, WorldTrace

NUMBERS: Final[tuple[Key, ...]] = ("observation", "action", "executed_action", "reward", "log_prob", "value")

MOST_KINDS: Final = 2**15  # WorldTrace.before and after are int16


def text_symbol(text: str) -> int:
    """A 52-bit hash: exact as a whole number and as a float."""
    return int.from_bytes(blake2b(text.encode(), digest_size=8).digest(), "little") >> 12


@final
@dataclass(kw_only=True)
class _Column:
    """Numbers of equal shape, line after line, in 8 bytes each."""

    values: "array[float]" = field(default_factory=lambda: array("d"))
    shape: tuple[int, ...] = ()
    whole: bool = True
    count: int = 0

    def add(self, numbers: Numbers) -> None:
        self.values.extend(numbers.values)
        self.shape, self.whole, self.count = numbers.shape, self.whole and numbers.whole, self.count + 1

    def add_number(self, number: float, *, whole: bool = False) -> None:
        self.values.append(number)
        self.whole, self.count = self.whole and whole, self.count + 1

    def array(self, order: Array) -> Array | None:
        """(N, *shape) int64 or float64 in that order of lines; None where no line had the key."""
        if self.count == 0:
            return None
        flat = np.frombuffer(self.values, dtype=np.float64).reshape(self.count, *self.shape)[order]
        return flat.astype(np.int64) if self.whole else flat


@final
@dataclass(kw_only=True)
class _Changes:
    """Rows of a world trace, line after line."""

    recorded: bool = False
    rows: list[tuple[int, int, int, int]] = field(default_factory=list[tuple[int, int, int, int]])
    places: list[tuple[int, ...]] = field(default_factory=list[tuple[int, ...]])
    kinds: dict[str, int] = field(default_factory=dict[str, int])

    def add(self, step: Step, episode: int, where: Where) -> None:
        self.recorded = self.recorded or step.changes is not None
        for change in step.changes or ():
            before, after = (self.kinds.setdefault(name, len(self.kinds)) for name in (change.before, change.after))
            self.rows.append((step.t, episode, before, after))
            self.places.append(change.place)
        if len(self.kinds) > MOST_KINDS:
            where.refuse_line(f"{len(self.kinds)} kinds of nodes", f"changes name at most {MOST_KINDS}")

    def trace(self, worlds: int) -> WorldTrace | None:
        """One world for each episode, or None where no line has the key."""
        if not self.recorded:
            return None
        rows = np.array(self.rows, dtype=np.int32).reshape(-1, 4)
        coordinates = len(self.places[0]) if self.places else 0
        return WorldTrace(
            time=rows[:, 0],
            world=rows[:, 1],
            place=np.array(self.places, dtype=np.int16).reshape(len(self.places), coordinates),
            before=rows[:, 2].astype(np.int16),
            after=rows[:, 3].astype(np.int16),
            kinds=tuple(self.kinds),
            worlds=worlds,
        )


@final
@dataclass(kw_only=True)
class _Columns:
    """All lines so far, key by key."""

    rules: LogRules = field(default_factory=LogRules)
    episode: "array[int]" = field(default_factory=lambda: array("q"))
    ended: "array[int]" = field(default_factory=lambda: array("b"))
    numbers: dict[Key, _Column] = field(default_factory=lambda: {key: _Column() for key in NUMBERS})
    changes: _Changes = field(default_factory=_Changes)
    text: bool = False

    def add(self, step: Step, where: Where) -> None:
        """Keep a line; raises BadInput where it does not fit the lines before."""
        number = self.rules.check(step, where)
        self.episode.append(number)
        self.ended.append(step.terminated + 2 * step.truncated)
        self.changes.add(step, number, where)
        if isinstance(step.observation, str):
            self.text = True
            self.numbers["observation"].add_number(text_symbol(step.observation), whole=True)
        elif step.observation is not None:
            self.numbers["observation"].add(step.observation)
        self.numbers["action"].add(step.action)
        if step.executed_action is not None:
            self.numbers["executed_action"].add(step.executed_action)
        self.numbers["reward"].add_number(step.reward)
        if step.log_prob is not None:
            self.numbers["log_prob"].add_number(step.log_prob)
        if step.value is not None:
            self.numbers["value"].add_number(step.value)

    def log(self, source: str) -> Log:
        """The episodes one after another; raises BadInput where there is none."""
        episode = np.frombuffer(self.episode, dtype=np.int64)
        ended = np.frombuffer(self.ended, dtype=np.int8)
        order = np.argsort(episode, kind="stable")
        names = self.rules.names
        found = {key: column.array(order) for key, column in self.numbers.items()}
        return Log(
            source=source,
            episodes=names,
            lengths=np.bincount(episode, minlength=len(names)),
            observation=found["observation"],
            text=self.text,
            action=_given(found["action"]),
            reward=_given(found["reward"]),
            terminated=(ended[order] & 1).astype(np.bool_),
            truncated=(ended[order] & 2).astype(np.bool_),
            executed_action=found["executed_action"],
            log_prob=found["log_prob"],
            value=found["value"],
            world_trace=self.changes.trace(len(names)),
        )


def _given(column: Array | None) -> Array:
    return np.zeros(0) if column is None else column


def read_jsonl(path: Path) -> Log:
    """Read a log of JSON lines.

    Raises:
        BadInput: no regular file, above 512 MiB, or anything that breaks the schema, with file, line, key and value.
        NewerSchema: its header names a later version.
    """
    _require_readable(path)
    columns, name = _Columns(), str(path)
    try:
        with path.open("rb") as file:
            for number, line in enumerate(file, start=1):
                where = Where(file=name, line=number)
                found = parse_line(line, where)
                if not isinstance(found, Header):
                    columns.add(found, where)
    except OSError as error:
        raise BadInput(
            value=f"file {name}", rule=f"it must be readable ({error.strerror})", remedy="check it"
        ) from error
    return columns.log(name)


def _require_readable(path: Path) -> None:
    if not path.is_file():
        raise BadInput(value=f"file {path}", rule="it must exist and be a regular file", remedy="check its name")
    size = path.stat().st_size
    if size > MOST_FILE_BYTES:
        raise BadInput(
            value=f"file {path} of {size} bytes",
            rule=f"a log holds at most {MOST_FILE_BYTES}",
            remedy="split it by episodes, or hash large observations",
        )


def _plain(value: object) -> object:
    """NumPy scalars and arrays as Python numbers and lists, for json."""
    if isinstance(value, (np.generic, np.ndarray)):
        return value.tolist()
    raise TypeError(f"{type(value).__name__} has no JSON form")


def write_jsonl(path: Path, steps: Iterable[Mapping[str, Any]], *, notes: Mapping[str, str] | None = None) -> None:
    """Write a header with `notes`, then a line for each step; NumPy numbers and arrays are converted.

    The file appears under its name only when it is complete.

    Raises:
        BadInput: what the reader would refuse, or a folder that cannot be written; nothing is left behind.
    """
    data = b"".join(_lines(steps, {**(notes or {}), HEADER_KEY: SCHEMA_VERSION}, str(path)))
    try:
        replace_file(path, data)
    except (OSError, ValueError) as error:
        raise BadInput(
            value=f"file {str(path)!r:.80}",
            rule=f"it must be writable ({error})",
            remedy="choose another name or folder",
        ) from error


def _lines(steps: Iterable[Mapping[str, Any]], header: Mapping[str, Any], name: str) -> Iterator[bytes]:
    rules, size = LogRules(), 0
    for number, step in enumerate(chain((header,), steps), start=1):
        where = Where(file=name, line=number)
        line = _encode(step, where)
        checked = parse_line(line, where)
        if not isinstance(checked, Header):
            rules.check(checked, where)
        size += len(line)
        if size > MOST_FILE_BYTES:
            where.refuse_line(f"{size} bytes so far", f"a log holds at most {MOST_FILE_BYTES}", "write several logs")
        yield line
    if not rules.names:
        raise BadInput(value=f"file {name} without a step", rule="a log holds at least one", remedy="record some first")


def _encode(step: Mapping[str, Any], where: Where) -> bytes:
    try:
        return json.dumps(dict(step), allow_nan=False, default=_plain, separators=(",", ":")).encode() + b"\n"
    except (TypeError, ValueError, RecursionError) as error:
        where.refuse_line(str(error), "a step is plain JSON: finite numbers, strings, lists, true, false")

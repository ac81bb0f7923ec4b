"""Points of a run, read strictly, one JSON object a line, in a file for each run; steps never go back.

`{"schema": 1, "run": "a", "metric": "m", "step": 100, "k": 3, "n": 50}`, or "value" in place of "k" and "n".
"""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NoReturn, final

from corrigible.errors import BadInput, NewerSchema
from corrigible.logs.line import Where, decode_line, shown

SCHEMA: Final = 1
MOST_FILE_BYTES: Final = 1 << 26
MOST_LINE_BYTES: Final = 1 << 12
LARGEST_STEP: Final = 2**53
LARGEST_N: Final = 10**9
LARGEST_VALUE: Final = 1e300
LONGEST_NAME: Final = 120

REQUIRED: Final = ("schema", "run", "metric", "step")
EITHER: Final = ("k", "n", "value")


@final
@dataclass(frozen=True, kw_only=True)
class Point:
    """What an evaluation said at one checkpoint: k of n items, or a value.

    Attributes:
        run, metric: printable names.
        step: of training, whole, from 0.
        k, n: 0 <= k <= n and n >= 1; both None where there is a value.
        value: finite, in the metric's own unit; None where there are counts.

    Raises:
        BadInput: anything else.
    """

    run: str
    metric: str
    step: int
    k: int | None = None
    n: int | None = None
    value: float | None = None

    def __post_init__(self) -> None:
        """Refuse what is no point."""
        for key, name in (("run", self.run), ("metric", self.metric)):
            if not (type(name) is str and 0 < len(name) <= LONGEST_NAME and name.isprintable()):
                _refuse(key, name, f"a name has 1 to {LONGEST_NAME} printable characters")
        if not _whole(self.step, 0, LARGEST_STEP):
            _refuse("step", self.step, f"a step is whole, from 0 to {LARGEST_STEP}")
        if self.value is not None:
            if self.k is not None or self.n is not None:
                _refuse("value", self.value, "a point has either k and n, or a value")
            if type(self.value) not in (int, float) or not abs(self.value) <= LARGEST_VALUE:
                _refuse("value", self.value, f"a value is a finite number of size at most {LARGEST_VALUE:g}")
            return
        if not _whole(self.n, 1, LARGEST_N):
            _refuse("n", self.n, f"n is whole, from 1 to {LARGEST_N}, where there is no value")
        if not _whole(self.k, 0, LARGEST_N):
            _refuse("k", self.k, "k is whole, from 0 to n, where there is no value")
        if self.counts[0] > self.counts[1]:
            _refuse("k", self.k, f"k is at most n = {self.n}")

    @property
    def counts(self) -> tuple[int, int]:
        """k and n. Raises BadInput where the point holds a value."""
        if self.k is None or self.n is None:
            raise BadInput(
                value=f"run {self.run}, {self.metric} at step {self.step}: value = {self.value}",
                rule="this detector counts, so its points hold k of n items",
                remedy="write k and n, or use the detector `bound`",
            )
        return self.k, self.n

    @property
    def amount(self) -> float:
        """The value, or k / n."""
        return float(self.value) if self.value is not None else self.counts[0] / self.counts[1]


def read_points(path: Path) -> tuple[Point, ...]:
    """Read the points of one run, in the order of the file: at least one.

    Steps never go back, and rise strictly within a metric.

    Raises:
        BadInput: no regular file, above 64 MiB, or a line that breaks the form, with file, line, value and rule.
        NewerSchema: a line of a later version.
    """
    name = str(path)
    if not path.is_file():
        raise BadInput(value=f"file {name}", rule="it must exist and be a regular file", remedy="check its name")
    try:
        size = path.stat().st_size
        if size > MOST_FILE_BYTES:
            raise BadInput(
                value=f"file {name} of {size} bytes",
                rule=f"a file of points holds at most {MOST_FILE_BYTES}",
                remedy="write the points of one run and few metrics",
            )
        with path.open("rb") as file:
            found = tuple(_in_order(file, name))
    except OSError as error:
        raise BadInput(
            value=f"file {name}", rule=f"it must be readable ({error.strerror})", remedy="check it"
        ) from error
    if not found:
        raise BadInput(value=f"file {name} without a point", rule="it holds at least one", remedy="evaluate first")
    return found


def parse_point(line: bytes, where: Where) -> Point:
    """One line as a point; raises BadInput with its file and line (NewerSchema where a later version wrote it)."""
    if len(line) > MOST_LINE_BYTES:
        where.refuse_line(f"{len(line)} bytes", f"a line holds at most {MOST_LINE_BYTES}")
    found = decode_line(line, where)
    if not isinstance(found, dict):
        where.refuse_line(shown(found), "a line holds one JSON object")
    for key in found:
        if key not in (*REQUIRED, *EITHER):
            where.refuse_line(f"unknown key {shown(key)}", f"the keys are {', '.join((*REQUIRED, *EITHER))}")
    for key in REQUIRED:
        if key not in found:
            where.refuse_line(f"key {key!r} is missing", f"a point has {', '.join(REQUIRED)}, and k and n or value")
    for key in EITHER:
        if key in found and found[key] is None:
            where.refuse_line(f"{key} = null", "what is not known is left out")
    version = found["schema"]
    if type(version) is int and version > SCHEMA:
        raise NewerSchema(
            value=f"{where.file} line {where.line}: schema = {shown(version)}",
            rule=f"this Corrigible reads schema {SCHEMA}",
            remedy="update Corrigible, or write the older form",
        )
    if type(version) is not int or version != SCHEMA:
        where.refuse_line(f"schema = {shown(version)}", f"it is {SCHEMA}")
    try:
        return Point(**{key: value for key, value in found.items() if key != "schema"})
    except BadInput as refused:
        return where.refuse_line(refused.value, refused.rule)


@final
class Order:
    """What the points of one run have to keep to, line by line: one run, steps that never go back."""

    def __init__(self) -> None:
        self.run: str | None = None
        self.step = 0
        self._newest: dict[str, int] = {}

    def newest(self, metric: str) -> int | None:
        """The step of the metric's last point; None before its first."""
        return self._newest.get(metric)

    def take(self, point: Point, where: Where) -> Point:
        """The point, where it may follow; BadInput where it is of another run or goes back."""
        if self.run is not None and point.run != self.run:
            where.refuse_line(
                f"run = {shown(point.run)}", f"a file holds one run, {shown(self.run)}", "write a file for each run"
            )
        if point.step < self.step:
            where.refuse_line(f"step = {point.step}", f"steps never go back, and step {self.step} stands before it")
        if self._newest.get(point.metric) == point.step:
            where.refuse_line(
                f"step = {point.step}", f"{shown(point.metric)} has been given at this step", "keep one of the two"
            )
        self.run, self.step = point.run, point.step
        self._newest[point.metric] = point.step
        return point


def line_of(point: Point) -> bytes:
    """The point as a line of a file."""
    content = {"k": point.k, "n": point.n} if point.value is None else {"value": point.value}
    row = {"schema": SCHEMA, "run": point.run, "metric": point.metric, "step": point.step, **content}
    return json.dumps(row, allow_nan=False).encode() + b"\n"


def _in_order(lines: Iterable[bytes], file: str) -> Iterator[Point]:
    order = Order()
    for number, line in enumerate(lines, start=1):
        where = Where(file=file, line=number)
        yield order.take(parse_point(line, where), where)


def _whole(value: object, least: int, most: int) -> bool:
    return type(value) is int and least <= value <= most


def _refuse(key: str, value: object, rule: str) -> NoReturn:
    raise BadInput(value=f"{key} = {shown(value)}", rule=rule, remedy="mend the line, or the program that writes it")

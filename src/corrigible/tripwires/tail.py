"""A points file that grows: one writer appends whole lines, readers take what ends in a line break and nothing else.

A writer that was killed in the middle of a line leaves a half one. No reader takes it, and the next writer cuts it off.
"""

import fcntl
import hashlib
import os
import stat
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, final

from corrigible.errors import BadInput
from corrigible.logs.line import Where
from corrigible.store import disk_faults
from corrigible.tripwires.points import MOST_FILE_BYTES, MOST_LINE_BYTES, Order, Point, line_of, parse_point

_READ: Final = os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC
_APPEND: Final = os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC
_REMEDY: Final = "keep the file as it was written; what is evidence is only ever added to"


@final
class Tail:
    """Points of a growing file, each given once. `offset`: bytes that were taken; `digest`: sha256 of them, in hex."""

    def __init__(self, path: Path) -> None:
        self.path, self.offset, self.order = path, 0, Order()
        self._lines = 0
        self._sha = hashlib.sha256()

    @property
    def digest(self) -> str:
        """sha256 (hex) of the bytes up to `offset`."""
        return self._sha.hexdigest()

    def read(self) -> tuple[Point, ...]:
        """Points whose lines were completed since the last call; none while there is no file.

        Raises:
            BadInput: a line that is no point or goes back, or a file that shrank, is no file or above 64 MiB. What
                stood before the bad line has been given, or is given by the next call.
        """
        found: list[Point] = []
        for content in self._fresh().split(b"\n")[:-1]:
            line = content + b"\n"
            where = Where(file=str(self.path), line=self._lines + 1)
            try:
                point = self.order.take(parse_point(line, where), where)
            except BadInput:
                if found:
                    return tuple(found)
                raise
            found.append(point)
            self.offset += len(line)
            self._lines += 1
            self._sha.update(line)
        return tuple(found)

    def _fresh(self) -> bytes:
        """Bytes after `offset` up to the last line break."""
        try:
            descriptor = os.open(self.path, _READ)
        except FileNotFoundError:
            if self.offset:
                raise self._refused("it is gone", "points stay where they are") from None
            return b""
        except OSError as error:
            raise self._refused("it cannot be opened", f"it must be readable ({error.strerror})") from error
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            os.close(descriptor)
            raise self._refused("no regular file", "points lie in a regular file")
        with os.fdopen(descriptor, "rb") as file:
            if not self.offset <= status.st_size <= MOST_FILE_BYTES:
                rule = f"it only grows, from {self.offset} bytes that were read, to at most {MOST_FILE_BYTES}"
                raise self._refused(f"{status.st_size} bytes", rule)
            file.seek(self.offset)
            data = file.read(status.st_size - self.offset)
        whole = data[: data.rfind(b"\n") + 1]
        if len(data) - len(whole) > MOST_LINE_BYTES:
            raise self._refused(f"a line of {len(data) - len(whole)} bytes", f"a line has at most {MOST_LINE_BYTES}")
        return whole

    def _refused(self, value: str, rule: str) -> BadInput:
        return BadInput(value=f"file {self.path}, {value}", rule=rule, remedy=_REMEDY)


def prefix_digest(path: Path, length: int) -> str | None:
    """sha256 (hex) of the first `length` bytes; None where there are not as many. Raises OSError."""
    try:
        with path.open("rb") as file:
            data = file.read(length)
    except FileNotFoundError:
        data = b""
    return hashlib.sha256(data).hexdigest() if len(data) == length else None


def append_point(path: Path, point: Point) -> None:
    """Append a point in one write, and flush it to the disk; a half line before it is cut off first.

    Raises:
        DiskFull, StoreFault, BadInput: it cannot be written; nothing of it is left then.
    """
    line = line_of(point)
    with _appending(path) as descriptor:
        end = _mended(descriptor)
        if end + len(line) > MOST_FILE_BYTES:
            raise BadInput(
                value=f"file {path} of {end} bytes", rule=f"points have at most {MOST_FILE_BYTES}", remedy="use another"
            )
        try:
            rest = memoryview(line)
            while rest:
                rest = rest[os.write(descriptor, rest) :]
            os.fsync(descriptor)
        except BaseException:
            os.ftruncate(descriptor, end)
            raise


def mend_points(path: Path) -> None:
    """Cut off a half line at the end of the file, where there is a file."""
    if path.exists():
        with _appending(path) as descriptor:
            _mended(descriptor)


@contextmanager
def _appending(path: Path) -> Generator[int]:
    """The file, locked against other writers until it is closed, however that comes about."""
    with disk_faults(path.name, path.absolute().parent, retry="go on", elsewhere="name another file of points"):
        descriptor = os.open(path, _APPEND, 0o666)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield descriptor
        finally:
            os.close(descriptor)


def _mended(descriptor: int) -> int:
    """The length of the file once a half line is cut off."""
    size = os.fstat(descriptor).st_size
    start = max(0, size - 2 * MOST_LINE_BYTES)
    ending = os.pread(descriptor, size - start, start)
    end = start + ending.rfind(b"\n") + 1 if b"\n" in ending else (0 if start == 0 else size)
    if end != size:
        os.ftruncate(descriptor, end)
    return end

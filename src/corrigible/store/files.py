"""Bytes to disk and back: written whole or not at all, flushed, and every fault told in one line."""

import errno
import hashlib
import os
import shutil
import stat
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from corrigible.errors import BadInput, CorruptFile, DiskFull, StoreFault
from corrigible.store.paths import symlink_refused, temporary_name

FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_REFUSED: Final = frozenset({errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR, errno.ENAMETOOLONG})
_READ_FLAGS: Final = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC  # non-blocking: a pipe must not hang us
_NEW_FILE_FLAGS: Final = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


@contextmanager
def disk_faults(
    what: str, folder: Path, *, retry: str = "", elsewhere: str = "choose another with --out"
) -> Generator[None]:
    """Turn an OSError while writing `what` into or of `folder` into one line.

    Args:
        what: the thing that is written.
        folder: a run folder, or any other where `retry` is given.
        retry: what to do once the fault is mended; "" is right for a run: resume it.
        elsewhere: how the user names another folder.

    Raises:
        DiskFull: no space, no quota, or a file size limit.
        BadInput: the place may not be written to.
        StoreFault: any other fault of the file system.
    """
    retry = retry or f"run again with --resume {folder}"
    try:
        yield
    except OSError as error:
        if error.errno in FULL:
            raise DiskFull(
                value=f"disk full while writing {what} of {folder}",
                rule=f"{_reason(error)}; what was stored before is intact",
                remedy=f"free space, then {retry}",
            ) from error
        if error.errno in _REFUSED:
            raise BadInput(
                value=f"cannot write {what} of {folder}",
                rule=f"the folder must be writable ({_reason(error)})",
                remedy=f"change its permissions, or {elsewhere}",
            ) from error
        raise StoreFault(
            value=f"cannot write {what} of {folder}",
            rule=f"the file system says: {_reason(error)}; what was stored before is intact",
            remedy=f"mend that, then {retry}",
        ) from error


def write_new(path: Path, data: bytes) -> None:
    """Create `path` with `data` and flush it to the disk; on any fault nothing of it is left. Raises OSError."""
    descriptor = os.open(path, _NEW_FILE_FLAGS, 0o666)
    try:
        try:
            rest = memoryview(data)
            while rest:
                rest = rest[os.write(descriptor, rest) :]
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
    except BaseException:
        with suppress(OSError):
            path.unlink()
        raise


def replace_file(path: Path, data: bytes, *, before: Callable[[], None] | None = None) -> None:
    """Put `data` at `path` in one step: a reader sees the old content or the new one. Raises OSError.

    `before` is called once the new content is safely on the disk, just before it takes its place.
    """
    temporary = path.with_name(temporary_name())
    write_new(temporary, data)
    try:
        if before is not None:
            before()
        temporary.replace(path)
    except BaseException:
        with suppress(OSError):
            temporary.unlink()
        raise
    sync_folder(path.parent)


def make_folders(folder: Path, *parts: str) -> Path:
    """Make `folder` / `parts` one by one below an existing `folder`, flushing each parent. Raises OSError."""
    path = folder
    for part in parts:
        parent, path = path, path / part
        if not path.is_dir():
            with suppress(FileExistsError):  # another worker was faster
                path.mkdir()
            sync_folder(parent)
    return path


def sync_folder(path: Path) -> None:
    """Flush a folder's entries, so that names survive a power cut too. Raises OSError."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sweep(path: Path) -> None:
    """Remove a leftover; renamed first, so that a worker that outlived its parent cannot move it into place half-empty.

    What is gone already is passed over. Raises OSError.
    """
    doomed = path.with_name(temporary_name())
    try:
        path.rename(doomed)
    except FileNotFoundError:
        return
    if doomed.is_dir():
        shutil.rmtree(doomed)
    else:
        doomed.unlink()


def read_stored(path: Path, *, remedy: str, limit: int | None = None) -> bytes:
    """The bytes of a regular file.

    Raises:
        CorruptFile: it is missing, or larger than `limit` bytes.
        BadInput: it is a symlink, a pipe or a device, or may not be read.
        StoreFault: the file system fails.
    """
    try:
        with os.fdopen(os.open(path, _READ_FLAGS), "rb") as file:
            status = os.fstat(file.fileno())
            if not stat.S_ISREG(status.st_mode):
                raise BadInput(value=f"{path}", rule="it must be a regular file", remedy="remove it")
            if limit is not None and status.st_size > limit:
                raise CorruptFile(value=f"{path} has {status.st_size} bytes", rule=f"at most {limit}", remedy=remedy)
            return file.read()
    except FileNotFoundError as error:
        raise CorruptFile(value=f"{path} is missing", rule="it was recorded as stored", remedy=remedy) from error
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise symlink_refused(path) from error
        if error.errno in _REFUSED or error.errno == errno.EISDIR:
            raise BadInput(
                value=f"cannot read {path}", rule=f"it must be readable ({_reason(error)})", remedy="mend that"
            ) from error
        raise StoreFault(
            value=f"cannot read {path}", rule=f"the file system says: {_reason(error)}", remedy="mend that"
        ) from error


def read_checked(path: Path, *, sha256: str, remedy: str, limit: int | None = None) -> bytes:
    """The bytes of a regular file whose checksum is known.

    Raises:
        CorruptFile: it is missing, larger than `limit`, or differs from what was written. Otherwise as `read_stored`.
    """
    data = read_stored(path, remedy=remedy, limit=limit)
    found = sha256_of(data)
    if found != sha256:
        raise CorruptFile(
            value=f"{path} has sha256 {found[:12]}...",
            rule=f"{sha256[:12]}... was recorded when it was written",
            remedy=remedy,
        )
    return data


def sha256_of(data: bytes) -> str:
    """sha256 in hex."""
    return hashlib.sha256(data).hexdigest()


def _reason(error: OSError) -> str:
    return error.strerror or type(error).__name__

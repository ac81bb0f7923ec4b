"""One process at a time writes a run. The kernel releases the lock when the process dies, however it dies (POSIX)."""

import fcntl
import os
from contextlib import suppress
from pathlib import Path
from typing import Final

from filelock import BaseFileLock, FileLock, SoftFileLock, Timeout

from corrigible.errors import RunLocked
from corrigible.store.files import disk_faults
from corrigible.store.paths import LOCK_FILE, inside

_PATIENCE: Final = 0.2
"""Seconds; `is_locked` holds a shared lock for microseconds, and must not make a writer give up."""


def take_lock(folder: Path) -> BaseFileLock:
    """The lock of the run in `folder`, with our process id written into its file.

    Raises:
        RunLocked: another process, or this one already, holds it. BadInput, DiskFull: it cannot be made.
    """
    path = inside(folder, LOCK_FILE)
    lock = _lock_file(path)
    with disk_faults("the lock", folder):
        try:
            lock.acquire()
        except Timeout:
            raise RunLocked(
                value=f"run {folder} is being written by {_holder(path)}",
                rule="one process at a time writes a run",
                remedy="wait until it ends, or stop it and run again with --resume",
            ) from None
    if not isinstance(lock, SoftFileLock):  # where the kernel has no locks, the file is filelock's own marker
        with suppress(OSError):  # the lock holds without the number, which is only told to others
            path.write_text(f"{os.getpid()}\n", encoding="ascii")
    return lock


def lock_of(folder: Path, name: str, *, patience: float = 10.0) -> BaseFileLock:
    """A lock of the file `name` in `folder`, not yet taken; `acquire` waits `patience` seconds, then raises Timeout."""
    return FileLock(inside(folder, name), timeout=patience, thread_local=False)


def is_locked(folder: Path) -> bool:
    """True while a process holds the run's lock. Nothing is written."""
    try:
        descriptor = os.open(inside(folder, LOCK_FILE), os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    finally:
        os.close(descriptor)
    return False


def _lock_file(path: Path) -> BaseFileLock:
    return FileLock(path, timeout=_PATIENCE, poll_interval=_PATIENCE / 10, thread_local=False)


def _holder(path: Path) -> str:
    try:
        return f"process {int(path.read_bytes()[:20].split()[0])}"
    except (OSError, ValueError, IndexError):
        return "another process"

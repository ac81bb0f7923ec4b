"""How a run ends before its end: the first Ctrl-C stops cleanly, a second one now, and the folder can be resumed."""

import signal
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from types import FrameType

from corrigible.errors import CorrigibleError, Interrupted, Tripped
from corrigible.store import RunFolder


@dataclass(kw_only=True)
class Interrupts:
    """How often Ctrl-C was pressed since the count began."""

    count: int = 0


@contextmanager
def interrupts_counted() -> Generator[Interrupts]:
    """Ctrl-C is counted instead of breaking into the locks of a pool, where it could leave a deadlock."""
    found = Interrupts()

    def count(_number: int, _frame: FrameType | None) -> None:
        found.count += 1

    with _handled_by(count):
        yield found


@contextmanager
def interrupts_blocked() -> Generator[None]:
    """Processes that start here inherit the mask: Ctrl-C in a terminal reaches them too, before they can ignore it."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


@contextmanager
def ending_said(folder: RunFolder) -> Generator[None]:
    """Write into the manifest how a run ended that did not get to its end; one more Ctrl-C does not cut that short."""
    try:
        yield
    except KeyboardInterrupt:
        with interrupts_counted():
            folder.finish("interrupted")
            raise Interrupted(
                value=f"run {folder.path.name} was stopped",
                rule="every finished cell is stored",
                remedy=f"go on with `corrigible run --resume {folder.path}`",
            ) from None
    except Tripped:
        folder.finish("interrupted")
        raise
    except BaseException:
        with suppress(CorrigibleError):  # a full disk must not hide what went wrong
            folder.finish("failed")
        raise


@contextmanager
def _handled_by(handler: Callable[[int, FrameType | None], None]) -> Generator[None]:
    if threading.current_thread() is not threading.main_thread():  # only the main thread may set handlers
        yield
        return
    before = signal.signal(signal.SIGINT, handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)

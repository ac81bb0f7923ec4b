"""A worker ends with its parent, however the parent ends, and writes nothing after it.

On Linux the kernel kills it at once (prctl); elsewhere, and in between, a thread waits on the parent's end of a pipe.
"""

import ctypes
import os
import signal
import sys
import threading
from multiprocessing import parent_process
from multiprocessing.connection import wait
from typing import Final

PR_SET_PDEATHSIG: Final = 1
"""prctl(2): the signal that this process gets when the thread that started it ends."""

ORPHANED: Final = 3
"""Exit code of a worker that lost its parent."""

_tied = threading.Event()


def tie_to_parent() -> None:
    """Call once in a process that `multiprocessing` started."""
    _tied.set()
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    threading.Thread(target=_end_when_parent_ends, name="lifeline", daemon=True).start()
    end_with_parent()  # it may have ended before the kernel was asked


def end_with_parent() -> None:
    """End this process now, without any clean-up, if it is tied to a parent that has ended."""
    parent = parent_process()
    if _tied.is_set() and parent is not None and not parent.is_alive():
        os._exit(ORPHANED)


def _end_when_parent_ends() -> None:
    parent = parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(ORPHANED)

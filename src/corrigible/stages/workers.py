"""Spawned workers over cells. The first cell runs in the parent, which warms the compiler's cache for the rest."""

import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from corrigible.errors import BadInput, CorrigibleError
from corrigible.stages.cells import run_cell
from corrigible.stages.plan import Cell

SPAWN_PAYS_AFTER: Final = 10.0
"""Seconds of remaining work below which starting workers costs more than it saves."""

THREAD_VARIABLES: Final = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")


def check_workers(workers: int | None) -> int | None:
    """None (choose for me) or a number from 1 up; BadInput otherwise."""
    if workers is not None and not 1 <= workers <= 1024:
        raise BadInput(value=f"workers = {workers}", rule="there must be 1 to 1024", remedy="leave it out, or give 1")
    return workers


def run_cells(cells: Sequence[Cell], folder: Path, *, workers: int | None, finished: Callable[[Cell], None]) -> None:
    """Run every cell; results do not depend on `workers`. A failing cell stops the rest and names itself."""
    waiting = list(cells)
    while waiting and workers != 1:
        started = time.monotonic()
        _run_here(waiting[0], folder)
        finished(waiting.pop(0))
        remaining = (time.monotonic() - started) * len(waiting)
        if workers is not None or remaining > SPAWN_PAYS_AFTER:
            _run_in_workers(waiting, folder, min(workers or _cores(), max(len(waiting), 1)), finished)
            return
    for cell in waiting:
        _run_here(cell, folder)
        finished(cell)


def _run_here(cell: Cell, folder: Path) -> None:
    with _naming(cell):
        run_cell(cell, folder)


def _run_in_workers(cells: Sequence[Cell], folder: Path, workers: int, finished: Callable[[Cell], None]) -> None:
    if not cells:
        return
    context = multiprocessing.get_context("spawn")
    with (
        _threads(max(1, _cores() // workers)),
        _interrupt_noted() as interrupted,
        ProcessPoolExecutor(max_workers=workers, mp_context=context, initializer=_ignore_interrupt) as pool,
    ):
        with _interrupt_blocked():
            running: dict[Future[None], Cell] = {pool.submit(run_cell, cell, folder): cell for cell in cells}
        try:
            while running:
                for future in wait(running, timeout=0.2, return_when=FIRST_COMPLETED).done:
                    cell = running.pop(future)
                    with _naming(cell):
                        future.result()
                    finished(cell)
                if interrupted.is_set():
                    raise KeyboardInterrupt
        except BaseException:
            pool.shutdown(wait=True, cancel_futures=True)
            raise


@contextmanager
def _interrupt_noted() -> Generator[threading.Event]:
    """Ctrl-C sets a flag instead of breaking into the pool's own locks, where it could leave a deadlock."""
    noted = threading.Event()
    if threading.current_thread() is not threading.main_thread():  # only the main thread may set handlers
        yield noted
        return
    before = signal.signal(signal.SIGINT, lambda _number, _frame: noted.set())
    try:
        yield noted
    finally:
        signal.signal(signal.SIGINT, before)


@contextmanager
def _interrupt_blocked() -> Generator[None]:
    """Workers that start here inherit the mask: Ctrl-C in a terminal reaches them too, before they can ignore it."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


@contextmanager
def _naming(cell: Cell) -> Generator[None]:
    """Say which cell failed: plugins raise what they like."""
    try:
        yield
    except (CorrigibleError, KeyboardInterrupt):
        raise
    except Exception as error:
        raise CorrigibleError(
            value=f"cell {cell.condition}/{cell.seed} of {cell.experiment}",
            rule=f"it must finish, but {type(error).__name__}: {error}",
            remedy="mend the experiment, then resume the run",
        ) from error


@contextmanager
def _threads(count: int) -> Generator[None]:
    """Environment for workers: threads per worker = cores // workers, waiting without spinning."""
    wanted = dict.fromkeys(THREAD_VARIABLES, str(count)) | {"OMP_WAIT_POLICY": "PASSIVE"}
    before = {name: os.environ.get(name) for name in wanted}
    os.environ.update(wanted)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def _ignore_interrupt() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1

"""Spawned workers over cells. The first cell runs in the parent, which warms the compiler's cache for the rest."""

import multiprocessing
import os
import signal
import sys
import time
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Executor, Future, ProcessPoolExecutor, wait
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from multiprocessing.process import BaseProcess
from pathlib import Path
from types import ModuleType
from typing import Final

from corrigible.errors import BadInput, CorrigibleError
from corrigible.stages.cells import run_cell
from corrigible.stages.lifeline import tie_to_parent
from corrigible.stages.plan import Cell
from corrigible.stages.stopping import Interrupts, interrupts_blocked, interrupts_counted

SPAWN_PAYS_AFTER: Final = 10.0
"""Seconds of remaining work below which starting workers costs more than it saves."""

POLL_SECONDS: Final = 0.2
"""How soon Ctrl-C is noticed while workers work."""

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
            _run_in_workers(waiting, folder, min(workers or cores(), max(len(waiting), 1)), finished)
            return
    for cell in waiting:
        _run_here(cell, folder)
        finished(cell)


def _run_here(cell: Cell, folder: Path) -> None:
    with _naming(cell, folder):
        run_cell(cell, folder)


def _run_in_workers(cells: Sequence[Cell], folder: Path, workers: int, finished: Callable[[Cell], None]) -> None:
    if not cells:
        return
    others = set(multiprocessing.active_children())
    context = multiprocessing.get_context("spawn")
    with (
        _threads(max(1, cores() // workers)),
        interrupts_counted() as interrupts,
        ProcessPoolExecutor(max_workers=workers, mp_context=context, initializer=_begin_worker) as pool,
    ):
        begun = _Begun(before=others)
        try:
            _feed(pool, cells, folder, workers=workers, finished=finished, interrupts=interrupts, begun=begun)
        finally:
            if interrupts.count > 1:
                for process in begun.look():
                    process.kill()


@dataclass(kw_only=True)
class _Begun:
    """The worker processes of one pool."""

    before: set[BaseProcess]
    known: set[BaseProcess] = field(default_factory=set[BaseProcess])

    def look(self) -> set[BaseProcess]:
        """Every process that the pool has started and that was seen, ended ones too."""
        self.known |= set(multiprocessing.active_children()) - self.before
        return self.known

    def ended(self) -> bool:
        """Whether one of them has ended."""
        return any(process.exitcode is not None for process in self.known)


def _let_it_notice(pool: Executor) -> None:
    """Wake the pool's manager: a process that was started while it slept is not among those that it waits for."""
    with suppress(BrokenExecutor):
        pool.submit(int)


def _feed(
    pool: Executor,
    cells: Sequence[Cell],
    folder: Path,
    *,
    workers: int,
    finished: Callable[[Cell], None],
    interrupts: Interrupts,
    begun: _Begun,
) -> None:
    """One cell a worker at a time, so that nothing more than that is finished after a failure or Ctrl-C."""
    waiting, running = list(reversed(cells)), dict[Future[None], Cell]()
    failure: CorrigibleError | None = None
    said = False
    while running or waiting:
        while waiting and len(running) < workers:
            cell = waiting.pop()
            with interrupts_blocked(), _script_left_out(), _naming(cell, folder):
                running[pool.submit(run_cell, cell, folder)] = cell
            begun.look()
        for future in wait(running, timeout=POLL_SECONDS, return_when=FIRST_COMPLETED).done:
            cell = running.pop(future)
            try:
                with _naming(cell, folder):
                    future.result()
            except CorrigibleError as error:
                failure = failure or error
            else:
                finished(cell)
        if begun.ended() and running:
            _let_it_notice(pool)
        if failure or interrupts.count:
            waiting.clear()
        if interrupts.count > 1:
            raise KeyboardInterrupt
        if interrupts.count and running and not said:
            said = True
            _say_stopping(len(running))
    if failure:
        raise failure
    if interrupts.count:
        raise KeyboardInterrupt


@contextmanager
def _script_left_out() -> Generator[None]:
    """A worker that starts here does not run the caller's script again: it needs nothing of it, and few are guarded."""
    script = sys.modules["__main__"]
    sys.modules["__main__"] = ModuleType("__main__")
    try:
        yield
    finally:
        sys.modules["__main__"] = script


def _say_stopping(running: int) -> None:
    cells = "one cell is" if running == 1 else f"{running} cells are"
    sys.stderr.write(f"stopping: {cells} being finished; press Ctrl-C again to stop now\n")
    sys.stderr.flush()


@contextmanager
def _naming(cell: Cell, folder: Path) -> Generator[None]:
    """Say which cell failed: plugins raise what they like."""
    try:
        yield
    except (CorrigibleError, KeyboardInterrupt):
        raise
    except BrokenExecutor as error:
        raise CorrigibleError(
            value=f"cell {cell.condition}/{cell.seed} of {cell.experiment}",
            rule="a worker must live until its cell is stored, but one was killed (is memory short?)",
            remedy=f"go on with `corrigible run --resume {folder} --workers 1`",
        ) from error
    except Exception as error:
        raise CorrigibleError(
            value=f"cell {cell.condition}/{cell.seed} of {cell.experiment}",
            rule=f"it must finish, but {type(error).__name__}: {error}",
            remedy=f"mend the experiment, then `corrigible run --resume {folder}`",
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


def _begin_worker() -> None:
    """The parent decides what Ctrl-C means, and its end is the worker's."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    tie_to_parent()


def cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1

"""How cells are handed to workers: one at a time each, nothing new after a failure or Ctrl-C, and a fault named."""

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path

import pytest

from corrigible.errors import BadInput, CorrigibleError
from corrigible.stages import workers
from corrigible.stages.plan import Cell
from corrigible.stages.stopping import interrupts_counted
from corrigible.stages.workers import (  # pyright: ignore[reportPrivateUsage]
    _Begun,
    _feed,
    check_workers,
    run_cells,
)

CELLS = [
    Cell(experiment="toy", version=1, preset="smoke", condition=condition, seed=seed)
    for seed in range(4)
    for condition in ("failure", "reference")
]
FOLDER = Path("runs/toy")


class Work:
    """Stands for `run_cell`: notes what was begun and how many ran at once; `on` acts on a cell of that number."""

    def __init__(self, on: int = -1, act: Callable[[], object] = lambda: None) -> None:
        self.begun: list[Cell] = []
        self.most, self._now, self._lock = 0, 0, threading.Lock()
        self._on, self._act = on, act

    def __call__(self, cell: Cell, folder: Path) -> None:
        assert folder == FOLDER
        with self._lock:
            number = len(self.begun)
            self.begun.append(cell)
            self._now += 1
            self.most = max(self.most, self._now)
        try:
            if number == self._on:
                self._act()
        finally:
            with self._lock:
                self._now -= 1


def fed(monkeypatch: pytest.MonkeyPatch, work: Work, many: int = 2) -> list[Cell]:
    """Cells in the order in which they were told to be finished."""
    monkeypatch.setattr(workers, "run_cell", work)
    told: list[Cell] = []
    with ThreadPoolExecutor(many) as pool, interrupts_counted() as interrupts:
        begun = _Begun(before=set(multiprocessing.active_children()))
        _feed(pool, CELLS, FOLDER, workers=many, finished=told.append, interrupts=interrupts, begun=begun)
    return told


def test_every_cell_runs_once_and_is_told_once(monkeypatch: pytest.MonkeyPatch) -> None:
    work = Work()
    told = fed(monkeypatch, work)
    assert work.begun == CELLS, "in their order"
    assert sorted(told, key=CELLS.index) == CELLS
    assert work.most <= 2


def test_a_failing_cell_is_named_and_nothing_more_is_begun(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> None:
        raise ZeroDivisionError("oh\nno")

    work = Work(on=2, act=fail)
    with pytest.raises(CorrigibleError) as caught:
        fed(monkeypatch, work)
    assert str(caught.value) == (
        "cell failure/1 of toy: it must finish, but ZeroDivisionError: oh no; "
        "mend the experiment, then `corrigible run --resume runs/toy`"
    )
    assert len(work.begun) <= 5, "two beside it, and one that took the place of each of these"


def test_a_killed_worker_is_told_as_what_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    def die() -> None:
        raise BrokenProcessPool("A process in the process pool was terminated abruptly")

    with pytest.raises(CorrigibleError, match=r"is memory short\?.*--resume runs/toy --workers 1"):
        fed(monkeypatch, Work(on=1, act=die))


def test_one_ctrl_c_lets_the_cells_in_work_end_and_says_so(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    said = threading.Event()
    monkeypatch.setattr(workers.sys, "stderr", Listener(said))

    def press_and_wait() -> None:
        os.kill(os.getpid(), signal.SIGINT)
        assert said.wait(timeout=30)

    work = Work(on=1, act=press_and_wait)
    with pytest.raises(KeyboardInterrupt):
        fed(monkeypatch, work)
    assert len(work.begun) < len(CELLS)


class Listener:
    """A standard error that knows once it was told to stop."""

    def __init__(self, said: threading.Event) -> None:
        self._said = said

    def write(self, text: str) -> None:
        if text.startswith("stopping: ") and text.endswith("press Ctrl-C again to stop now\n"):
            self._said.set()

    def flush(self) -> None: ...


def test_two_ctrl_c_do_not_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    said, ended, release = threading.Event(), threading.Event(), threading.Event()
    monkeypatch.setattr(workers.sys, "stderr", Listener(said))

    def press_twice_and_hang() -> None:
        os.kill(os.getpid(), signal.SIGINT)
        said.wait(timeout=30)
        os.kill(os.getpid(), signal.SIGINT)
        release.wait(timeout=30)
        ended.set()

    monkeypatch.setattr(workers, "run_cell", Work(on=0, act=press_twice_and_hang))
    with ThreadPoolExecutor(2) as pool, interrupts_counted() as interrupts:
        begun = _Begun(before=set(multiprocessing.active_children()))
        with pytest.raises(KeyboardInterrupt):
            _feed(pool, CELLS[:1], FOLDER, workers=2, finished=lambda _: None, interrupts=interrupts, begun=begun)
        assert not ended.is_set()
        release.set()


def test_without_workers_cells_run_here_in_their_order(monkeypatch: pytest.MonkeyPatch) -> None:
    work = Work()
    monkeypatch.setattr(workers, "run_cell", work)
    told: list[Cell] = []
    run_cells(CELLS, FOLDER, workers=1, finished=told.append)
    assert work.begun == told == CELLS


@pytest.mark.parametrize("number", [0, -1, 1025])
def test_a_number_of_workers_out_of_range_is_refused(number: int) -> None:
    with pytest.raises(BadInput, match=f"workers = {number}"):
        check_workers(number)

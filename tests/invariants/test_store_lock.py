"""One process writes a run; others read it meanwhile, and workers write cells in parallel below their parent's lock."""

import multiprocessing
import os
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from corrigible.errors import BadInput, RunLocked, StoreFault
from corrigible.store import create, list_runs, open_for_resume, open_to_read, open_to_update, remove, write_cell_to

HOLDER = """
import sys
from pathlib import Path
from corrigible.store import open_for_resume
with open_for_resume(Path(sys.argv[1]), sitting={}) as run:
    run.write_artefact("a.txt", "x")
    print("holding", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A run that nobody writes."""
    with create(tmp_path / "out", run_id="run", config={}, rules_sha256="a" * 64, sitting={}) as run:
        return run.path


@pytest.fixture
def holder(path: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process that holds the lock."""
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "holding\n"
        yield process
        process.kill()


def test_a_second_process_is_told_who_writes_in_one_line(path: Path, holder: subprocess.Popen[str]) -> None:
    before = (path / "manifest.json").read_bytes()
    for open_it in (partial(open_for_resume, sitting={}), open_to_update, remove):
        with pytest.raises(RunLocked) as caught:
            open_it(path)
        assert f"process {holder.pid}" in str(caught.value)
        assert "\n" not in str(caught.value)
    with pytest.raises(BadInput, match="exists"):
        create(path.parent, run_id="run", config={}, rules_sha256="a" * 64, sitting={})
    assert (path / "manifest.json").read_bytes() == before


def test_others_read_while_one_writes(path: Path, holder: subprocess.Popen[str]) -> None:
    assert open_to_read(path).read_artefact("a.txt") == b"x"
    assert [run.status for run in list_runs(path.parent)] == ["running"]
    assert holder.poll() is None


def test_the_kernel_frees_the_lock_of_a_killed_process(path: Path, holder: subprocess.Popen[str]) -> None:
    holder.kill()
    holder.wait()
    assert [run.status for run in list_runs(path.parent)] == ["interrupted"]
    with open_for_resume(path, sitting={}) as run:
        assert run.read_artefact("a.txt") == b"x"


def test_the_same_process_cannot_open_a_run_twice_to_write(path: Path) -> None:
    with open_for_resume(path, sitting={}), pytest.raises(RunLocked):
        open_for_resume(path, sitting={})
    open_for_resume(path, sitting={}).close()


def test_a_lock_file_with_anything_in_it_names_nobody_and_is_still_respected(path: Path) -> None:
    with open_for_resume(path, sitting={}):
        (path / "lock").write_bytes(b"\xff not a number")
        with pytest.raises(RunLocked, match="another process"):
            open_for_resume(path, sitting={})


def test_a_worker_that_outlived_its_parent_puts_no_half_swept_cell_into_place(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rename, swept = os.rename, list[Path]()

    def rename_after_a_resume(source: Path, target: Path) -> None:
        if not swept:
            swept.append(source)
            open_for_resume(path, sitting={}).close()
        rename(source, target)

    monkeypatch.setattr(os, "rename", rename_after_a_resume)
    with pytest.raises(StoreFault, match="cell a/0"):
        write_some(path, range(1))
    assert len(swept) == 1
    assert open_to_read(path).cells() == []
    assert list((path / "cells" / "a").iterdir()) == []


def write_some(path: Path, seeds: range) -> list[str]:
    """A worker: writes cells without holding the lock."""
    return [
        write_cell_to(
            path, "a", seed, row={"seed": seed}, arrays={"v": {"x": np.full(100, seed)}}, parameters={"p": {}}
        )
        for seed in seeds
    ]


@pytest.mark.slow
def test_workers_write_cells_in_parallel_and_agree_on_those_that_both_compute(path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    with open_for_resume(path, sitting={}) as run, ProcessPoolExecutor(2, mp_context=context) as pool:
        first, second = pool.map(write_some, [path, path], [range(12), range(4, 16)])
        assert first[4:] == second[:8]
        assert run.cells() == [("a", seed) for seed in range(16)]
        assert list(run.verify_cells()) == []
        assert sorted(item.name for item in (path / "cells" / "a").iterdir()) == sorted(map(str, range(16)))

"""SIGKILL at any instant leaves a folder that can be read, and resuming it ends in the uninterrupted fingerprint."""

import os
import signal
import sys
import time
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest

from corrigible.errors import BadInput
from corrigible.store import RunFolder, create, list_runs, open_for_resume, open_to_read

CELLS = [(condition, seed) for condition in ("failure", "reference") for seed in range(3)]
DISTURBING = ("open", "os.mkdir", "os.rename", "os.remove", "os.rmdir", "shutil.rmtree")


def work(out: Path, cells: Sequence[tuple[str, int]] = CELLS) -> str:
    """What a run does: start or resume, compute the missing cells, write artefacts (one again and again), finish."""
    path = out / "run"
    if (path / "manifest.json").exists():
        folder = open_for_resume(path, sitting={})
    else:
        folder = create(out, run_id="run", config={"n": 1}, rules_sha256="a" * 64, sitting={})
    with folder:
        for condition, seed in folder.verify_cells():
            folder.quarantine(condition, seed)
        for number, (condition, seed) in enumerate(cells):
            if not folder.has_cell(condition, seed):
                write(folder, condition, seed)
            folder.write_artefact("progress.json", f"{number}")
        folder.write_artefact("figures/one.svg", b"<svg/>" * 1000)
        folder.finish("done")
        return folder.fingerprint()


def write(folder: RunFolder, condition: str, seed: int) -> None:
    """One deterministic cell."""
    generator = np.random.default_rng([seed, len(condition)])
    folder.write_cell(
        condition,
        seed,
        row={"score": generator.random(), "nothing": float("nan")},
        arrays={"views": {"action": generator.integers(0, 4, (50, 8))}},
        parameters={"last": {"q": generator.random((20, 4))}},
    )


def in_child(task: Callable[[], object]) -> int:
    """Fork, run the task, exit without any clean-up; returns the child's process id."""
    with warnings.catch_warnings():
        warnings.simplefilter(
            "ignore", DeprecationWarning
        )  # threads of the linear algebra library: unused in the child
        child = os.fork()
    if child:
        return child
    code = 1
    try:
        task()
        code = 0
    finally:
        os._exit(code)


def exit_status(child: int) -> int:
    """0 for a finished child, -9 for a killed one."""
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def assert_consistent(out: Path) -> None:
    """Whatever was cut short: the folder opens, what is in it is whole, and a record stands for an intact file."""
    path = out / "run"
    if not (path / "manifest.json").exists():
        with pytest.raises(BadInput):
            open_to_read(path)
        return
    folder = open_to_read(path)
    assert list(folder.verify_cells()) == []
    for condition, seed in folder.cells():
        assert np.isnan(folder.read_row(condition, seed)["nothing"])
        assert folder.read_arrays(condition, seed, "views")["action"].shape == (50, 8)
        assert folder.read_parameters(condition, seed, "last")["q"].shape == (20, 4)
    manifest = folder.manifest()
    for name in manifest.artefacts:
        assert folder.read_artefact(name)
    if manifest.status == "done":
        assert manifest.fingerprint == folder.fingerprint()
    else:
        assert [run.status for run in list_runs(out)] == ["interrupted"]


def assert_resumes(out: Path, expected: str, cells: Sequence[tuple[str, int]] = CELLS) -> None:
    """Resuming completes the run, with the same fingerprint and nothing left over."""
    assert work(out, cells) == expected
    manifest = open_to_read(out / "run").manifest()
    assert (manifest.status, manifest.fingerprint) == ("done", expected)
    assert set(manifest.artefacts) == {"progress.json", "figures/one.svg"}
    assert open_to_read(out / "run").cells() == list(cells)
    assert not [path for path in out.rglob("*") if path.name.startswith(".")]
    assert not (out / "run" / "corrupt").exists()


@pytest.mark.slow
def test_a_run_killed_at_fifty_random_instants_is_resumed_to_the_same_fingerprint(tmp_path: Path) -> None:
    started = time.perf_counter()
    assert exit_status(in_child(lambda: work(tmp_path / "whole"))) == 0
    duration = time.perf_counter() - started
    expected = open_to_read(tmp_path / "whole" / "run").fingerprint()
    killed, cells = 0, set[int]()
    for number, fraction in enumerate(np.random.default_rng(0).random(500)):
        if killed == 50:
            break
        out = tmp_path / str(number)
        child = in_child(lambda out=out: work(out))
        deadline = time.perf_counter() + fraction * duration
        while time.perf_counter() < deadline:
            pass
        os.kill(child, signal.SIGKILL)
        died = exit_status(child) == -signal.SIGKILL
        killed += died
        duration *= 1.0 if died else 0.9  # the machine has become quicker: aim earlier
        assert_consistent(out)
        if (out / "run" / "manifest.json").exists():
            cells.add(len(open_to_read(out / "run").cells()))
        assert_resumes(out, expected)
    assert killed == 50
    assert len(cells) >= 3  # the kills fell into different parts of the run


@pytest.mark.slow
def test_a_run_killed_before_each_of_its_file_operations_is_resumed_to_the_same_fingerprint(tmp_path: Path) -> None:
    cells = CELLS[:2]
    expected = work(tmp_path / "whole", cells)
    status, number = -signal.SIGKILL, 0
    while status == -signal.SIGKILL:
        out = tmp_path / str(number)
        child = in_child(lambda out=out, number=number: killed_before(number, lambda: work(out, cells)))
        status = exit_status(child)
        assert_consistent(out)
        assert_resumes(out, expected, cells)
        number += 1
    assert status == 0
    assert number > 50


def killed_before(number: int, task: Callable[[], object]) -> None:
    """Run the task, and die without warning when it is about to open, make, move or remove the `number`-th name."""
    count = 0

    def die(event: str, _arguments: tuple[object, ...]) -> None:
        nonlocal count
        if event in DISTURBING:
            if count == number:
                os.kill(os.getpid(), signal.SIGKILL)
            count += 1

    sys.addaudithook(die)
    task()


@pytest.mark.slow
def test_resuming_again_and_again_while_killed_each_time_reaches_the_end(tmp_path: Path) -> None:
    expected = work(tmp_path / "whole")
    out = tmp_path / "often"
    for _ in range(5):
        child = in_child(lambda: killed_before(40, lambda: work(out)))
        assert exit_status(child) == -signal.SIGKILL
        assert_consistent(out)
    assert_resumes(out, expected)

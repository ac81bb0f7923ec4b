"""Workers end with their parent however it ends, Ctrl-C stops cleanly and twice at once, and a run goes on after it."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

import corrigible
from corrigible.store import open_to_read
from process_group import alive, environment, press_ctrl_c, started, stranger_installed, wait_until

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="counts processes in /proc")

SLEEPING = """
    import multiprocessing, os, pathlib, time
    if multiprocessing.parent_process() is not None and os.environ.get("SLEEP_BESIDE"):
        pathlib.Path(os.environ["SLEEP_BESIDE"], str(os.getpid())).touch()
        time.sleep(600)
"""
FORGETTING = """
import ctypes, multiprocessing, os, sys, threading, time
from pathlib import Path
from corrigible.stages import lifeline

def child(beside, thread):
    ctypes.CDLL = lambda *_, **__: type("Forgetful", (), {"prctl": lambda *_: 0})()
    if not thread:
        lifeline._end_when_parent_ends = lambda: None
    lifeline.tie_to_parent()
    parent = os.getppid()
    Path(beside, "began").write_text(str(os.getpid()))
    deadline = time.monotonic() + 60
    while os.getppid() == parent or thread:
        time.sleep(0.01)
        if time.monotonic() > deadline:
            break
    lifeline.end_with_parent()
    Path(beside, "written after the end").touch()

if __name__ == "__main__":
    process = multiprocessing.get_context("spawn").Process(target=child, args=(sys.argv[1], sys.argv[2] == "thread"))
    process.start()
    process.join()
"""


def only_run(out: Path) -> Path:
    (folder,) = out.iterdir()
    return folder


def run_of_the_stranger(out: Path, *, sleepers: Path, packages: Path) -> subprocess.Popen[str]:
    """A run with two workers, each of which falls asleep over its first cell; returns once both do."""
    sleepers.mkdir()
    arguments = ["run", "stranger", "--preset", "smoke", "--seeds", "3", "--conditions", "myopia", "--workers", "2"]
    env = environment(packages, SLEEP_BESIDE=str(sleepers))
    process = started(*arguments, "--out", str(out), env=env)
    wait_until(lambda: len(list(sleepers.iterdir())) == 2, "two sleeping workers", process)
    return process


def resumed(folder: Path, packages: Path) -> None:
    """Finish the run without sleeping."""
    done = started("run", "--resume", str(folder), "--workers", "1", env=environment(packages))
    said = done.communicate(timeout=120)
    assert done.returncode == 0, said
    assert open_to_read(folder).manifest().status == "done"
    assert len(open_to_read(folder).cells()) == 9


@pytest.mark.slow
def test_workers_of_a_killed_parent_end_and_the_run_resumes(tmp_path: Path) -> None:
    packages = stranger_installed(tmp_path / "packages", SLEEPING)
    process = run_of_the_stranger(tmp_path / "runs", sleepers=tmp_path / "sleepers", packages=packages)
    assert len(alive(process.pid)) >= 3
    process.kill()
    process.communicate()
    wait_until(lambda: alive(process.pid) == [], "the end of the workers")
    folder = only_run(tmp_path / "runs")
    assert len(open_to_read(folder).cells()) == 1, "the first cell was the parent's; sleepers stored nothing"
    resumed(folder, packages)


@pytest.mark.slow
def test_workers_killed_in_the_middle_of_their_work_write_nothing_after_it(tmp_path: Path) -> None:
    command = ["run", "goal-change", "--preset", "smoke", "--seeds", "8", "--conditions", "myopia", "--workers", "2"]
    process = started(*command, "--out", str(tmp_path / "runs"))
    wait_until(lambda: len(list(tmp_path.glob("runs/*/cells/*/*/cell.json"))) >= 5, "five cells", process)
    process.kill()
    process.communicate()
    wait_until(lambda: alive(process.pid) == [], "the end of the workers")
    folder = only_run(tmp_path / "runs")
    assert list(open_to_read(folder).verify_cells()) == []
    again = corrigible.run(resume=folder, workers=1)
    whole = corrigible.run(
        "goal-change", preset="smoke", seeds=8, conditions=["myopia"], workers=1, out=tmp_path / "whole"
    )
    assert again.fingerprint == whole.fingerprint


@pytest.mark.parametrize("way", ["thread", "check before a write"])
def test_without_the_kernels_help_a_worker_ends_too_and_writes_nothing(tmp_path: Path, way: str) -> None:
    script = tmp_path / "forgetting.py"
    script.write_text(FORGETTING, encoding="utf-8")
    parent = subprocess.Popen([sys.executable, str(script), str(tmp_path), way], start_new_session=True)
    wait_until((tmp_path / "began").exists, "the child")
    parent.send_signal(signal.SIGKILL)
    parent.wait()
    wait_until(lambda: alive(parent.pid) == [], "the end of the child")
    assert not (tmp_path / "written after the end").exists()


@pytest.mark.slow
def test_the_first_ctrl_c_says_what_it_waits_for_and_the_second_ends_at_once(tmp_path: Path) -> None:
    packages = stranger_installed(tmp_path / "packages", SLEEPING)
    process = run_of_the_stranger(tmp_path / "runs", sleepers=tmp_path / "sleepers", packages=packages)
    press_ctrl_c(process)
    assert process.stderr is not None
    assert process.stderr.readline() == "stopping: 2 cells are being finished; press Ctrl-C again to stop now\n"
    assert process.poll() is None, "the first one waits"
    press_ctrl_c(process)
    _, said = process.communicate(timeout=60)
    folder = only_run(tmp_path / "runs")
    assert process.returncode == 1
    assert said == (
        f"corrigible: run {folder.name} was stopped: every finished cell is stored; "
        f"go on with `corrigible run --resume {folder}`\n"
    )
    wait_until(lambda: alive(process.pid) == [], "the end of the workers")
    assert open_to_read(folder).manifest().status == "interrupted"
    resumed(folder, packages)


@pytest.mark.slow
@pytest.mark.parametrize("which", [0, 1], ids=["the one that began first", "the one that began last"])
def test_a_worker_that_is_killed_alone_is_told_in_one_line(which: int, tmp_path: Path) -> None:
    packages, sleepers = stranger_installed(tmp_path / "packages", SLEEPING), tmp_path / "sleepers"
    process = run_of_the_stranger(tmp_path / "runs", sleepers=sleepers, packages=packages)
    os.kill(sorted(int(sleeper.name) for sleeper in sleepers.iterdir())[which], signal.SIGKILL)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 1
    assert len(said.splitlines()) == 1
    assert "one was killed (is memory short?)" in said
    assert f"--resume {only_run(tmp_path / 'runs')}" in said
    assert open_to_read(only_run(tmp_path / "runs")).manifest().status == "failed"


@pytest.mark.slow
def test_after_one_ctrl_c_no_more_cells_are_finished_than_were_in_work(tmp_path: Path) -> None:
    command = ["run", "goal-change", "--preset", "smoke", "--seeds", "40", "--workers", "2"]
    process = started(*command, "--out", str(tmp_path))
    wait_until(lambda: len(list(tmp_path.glob("*/cells/*/*/cell.json"))) >= 4, "four cells", process)
    press_ctrl_c(process)
    before = len(list(tmp_path.glob("*/cells/*/*/cell.json")))
    _, said = process.communicate(timeout=60)
    assert process.returncode == 1
    assert "Traceback" not in said
    assert len([line for line in said.splitlines() if line.startswith("corrigible:")]) == 1
    after = len(open_to_read(only_run(tmp_path)).cells())
    assert after <= before + 4, "two in work, and two more where these ended before the signal was noticed"

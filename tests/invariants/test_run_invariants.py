"""A run is the same whatever the number of workers and however often it was killed on its way."""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import corrigible
from corrigible.store import open_to_read

CHOICE = ("myopia", "early-stopping")


def small_run(out: Path, *, workers: int = 1, resume: Path | None = None) -> corrigible.Run:
    if resume is not None:
        return corrigible.run(resume=resume, workers=workers)
    return corrigible.run("goal-change", preset="smoke", seeds=3, conditions=CHOICE, workers=workers, out=out)


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory: pytest.TempPathFactory) -> corrigible.Run:
    return small_run(tmp_path_factory.mktemp("uninterrupted"))


@pytest.mark.slow
def test_any_number_of_workers_gives_the_same_fingerprint_and_results(
    uninterrupted: corrigible.Run, tmp_path: Path
) -> None:
    parallel = small_run(tmp_path, workers=2)
    assert parallel.fingerprint == uninterrupted.fingerprint
    assert [item.per_seed for item in parallel.results.measurements] == [
        item.per_seed for item in uninterrupted.results.measurements
    ]
    assert parallel.results.verdicts == uninterrupted.results.verdicts


@pytest.mark.slow
def test_a_script_without_a_main_guard_may_have_workers_and_runs_once(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(
        "import corrigible\n"
        "print('begun')\n"
        "run = corrigible.run('goal-change', preset='smoke', seeds=1, conditions=['myopia'], workers=2)\n"
        "print(run.id)\n",
        encoding="utf-8",
    )
    done = subprocess.run([sys.executable, str(script)], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    begun, run = done.stdout.splitlines()
    assert begun == "begun"
    assert open_to_read(tmp_path / "runs" / run).manifest().status == "done"


@pytest.mark.slow
def test_other_seeds_give_another_fingerprint(uninterrupted: corrigible.Run, tmp_path: Path) -> None:
    other = corrigible.run("goal-change", preset="smoke", seeds=[0, 1, 5], conditions=CHOICE, workers=1, out=tmp_path)
    assert other.fingerprint != uninterrupted.fingerprint


def in_a_child(out: Path, path: Path | None) -> int:
    """Start or resume the run in a forked child, which inherits the compiled kernels; returns its process id."""
    child = os.fork()
    if child == 0:
        try:
            with open(os.devnull, "w") as nowhere:  # noqa: PTH123 - a child must not touch pytest's captured streams
                os.dup2(nowhere.fileno(), 2)
                small_run(out, resume=path)
            os._exit(0)
        finally:
            os._exit(1)
    return child


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "fork"), reason="kills need fork")
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
def test_killed_at_fifty_random_instants_a_run_resumes_to_the_same_fingerprint(
    uninterrupted: corrigible.Run, tmp_path: Path
) -> None:
    chance = random.Random(11)
    kills, attempt = 0, 0
    path: Path | None = None
    while kills < 50:
        attempt += 1
        out = tmp_path / f"attempt-{attempt}"
        path = None
        finished = False
        while not finished and kills < 50:
            child = in_a_child(out, path)
            deadline = time.monotonic() + chance.uniform(0.0, 0.6)
            while time.monotonic() < deadline and os.waitpid(child, os.WNOHANG) == (0, 0):
                time.sleep(0.002)
            try:
                os.kill(child, signal.SIGKILL)
                os.waitpid(child, 0)
                kills += 1
            except (ProcessLookupError, ChildProcessError):
                finished = True
            found = [item for item in out.glob("*") if (item / "manifest.json").exists()] if out.exists() else []
            path = found[0] if found else None
            if path is not None:
                for condition, seed in open_to_read(path).cells():
                    open_to_read(path).read_row(condition, seed)
    last = small_run(out, resume=path) if path is not None else small_run(out)
    assert last.fingerprint == uninterrupted.fingerprint
    assert last.results.verdicts == uninterrupted.results.verdicts

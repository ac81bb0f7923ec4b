"""Runs of the command line in a process group of their own, with a stranger's experiment installed beside it."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path

PATIENCE = 60.0
"""Seconds after which a test gives up waiting for a process on a busy machine."""

EXPERIMENT = '''"""The goal change with another learner: a stranger's experiment."""

from collections.abc import Iterable
from dataclasses import replace

from corrigible.failures.goal_change import goal_change
from corrigible.plugin import experiment
from corrigible.types import Experiment

PLAIN = goal_change()


def learner(setup, *, generator):
    {body}
    yield from PLAIN.learner(setup, generator=generator)


@experiment("stranger", version=1, claims=(4,), summary="An experiment that somebody else wrote.")
def stranger() -> Experiment:
    """The goal change under another name."""
    return replace(PLAIN, name="stranger", version=1, learner=learner)
'''


def stranger_installed(place: Path, body: str) -> Path:
    """A package with an experiment `stranger`, whose learner first does what `body` says. Returns a path entry."""
    package, information = place / "strange_package", place / "strange_package-1.0.dist-info"
    package.mkdir(parents=True)
    information.mkdir()
    (package / "__init__.py").write_text('"""A stranger."""\n', encoding="utf-8")
    (package / "stranger.py").write_text(EXPERIMENT.replace("{body}", body), encoding="utf-8")
    (information / "METADATA").write_text(
        "Metadata-Version: 2.1\nName: strange-package\nVersion: 1.0\n", encoding="utf-8"
    )
    (information / "entry_points.txt").write_text("[corrigible]\nstrange = strange_package\n", encoding="utf-8")
    return place


def environment(*path: Path, **more: str) -> Mapping[str, str]:
    """The environment with `path` first on Python's search path."""
    entries = [*map(str, path), *filter(None, [os.environ.get("PYTHONPATH")])]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(entries), **more}


def started(*arguments: str, env: Mapping[str, str] | None = None) -> subprocess.Popen[str]:
    """`corrigible ARGUMENTS` as the leader of a process group, as a terminal would start it."""
    return subprocess.Popen(
        [sys.executable, "-m", "corrigible", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        env=env,
    )


def wait_until(reached: Callable[[], bool], what: str, process: subprocess.Popen[str] | None = None) -> None:
    """Poll until `reached`; fails where the process ends first, or after `PATIENCE`."""
    deadline = time.monotonic() + PATIENCE
    while not reached():
        assert process is None or process.poll() is None, (what, process.communicate())
        assert time.monotonic() < deadline, f"{what} never came"
        time.sleep(0.02)


def press_ctrl_c(process: subprocess.Popen[str]) -> None:
    """What a terminal does: the signal reaches the whole group, workers too."""
    os.killpg(process.pid, signal.SIGINT)


def alive(group: int) -> list[int]:
    """Process ids of a group that have not ended (Linux: read from /proc; ended but unreaped ones do not count)."""
    found: list[int] = []
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, _parent, its_group = (
                status.read_text(encoding="utf-8", errors="replace").rsplit(")", 1)[1].split()[:3]
            )
        except OSError:  # it ended while we looked
            continue
        if int(its_group) == group and state not in "ZX":
            found.append(int(status.parent.name))
    return found

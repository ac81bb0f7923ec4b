"""Peers as subprocesses of their own interpreter, asked for rollouts between our own repeats."""

import json
import os
import subprocess
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import Final, final

from ppo.workload import Choice

FOLDER: Final = Path(__file__).resolve().parent
SOURCES: Final = FOLDER.parents[1] / "src"


@final
class Peer:
    """A script of peers/, waiting, with PyTorch on that many threads. Raises ChildProcessError where it ends early."""

    def __init__(self, interpreter: str, script: str, *arguments: str, threads: int) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="corrigible-peer-")
        self._errors = Path(self._folder.name) / "errors.txt"
        with self._errors.open("w", encoding="utf-8") as errors:
            self._process = subprocess.Popen(
                [interpreter, str(FOLDER / "peers" / script), *arguments],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
                cwd=self._folder.name,  # what a peer writes about its training is thrown away
                env={
                    **os.environ,
                    "PYTHONPATH": os.pathsep.join((str(SOURCES), str(FOLDER))),
                    "OMP_NUM_THREADS": str(threads),
                },
            )
        if self._answer() != "ready":
            raise ChildProcessError(f"{script} did not become ready: {self.said()}")

    def work(self, rollouts: int) -> float:
        """Wall-clock seconds of that many rollouts with their updates."""
        answer = self._ask(rollouts)
        if not isinstance(answer, float):
            raise ChildProcessError(f"a peer ended in the middle of its work: {self.said()}")
        return answer

    def skill(self, enough: float, rollouts: int, choice: Choice, seed: int) -> list[tuple[float, float]]:
        """Seconds and logs an episode, round by round, of a training that ends when there are enough."""
        answer = self._ask({"enough": enough, "rollouts": rollouts, "choice": asdict(choice), "seed": seed})
        if not isinstance(answer, list):
            raise ChildProcessError(f"a peer ended in the middle of its work: {self.said()}")
        return [(float(seconds), float(logs)) for seconds, logs in answer]

    def said(self) -> str:
        """The last line of its errors."""
        return (self._errors.read_text(encoding="utf-8").strip().splitlines() or ["nothing was said"])[-1]

    def close(self) -> None:
        """Let it end."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait()
        self._folder.cleanup()

    def _ask(self, what: object) -> object:
        assert self._process.stdin is not None
        self._process.stdin.write(f"{json.dumps(what)}\n")
        self._process.stdin.flush()
        return self._answer()

    def _answer(self) -> object:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        return json.loads(line) if line else None

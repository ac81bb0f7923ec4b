"""Peers as subprocesses of their own interpreter, asked for work between our own repeats."""

import json
import os
import subprocess
from pathlib import Path
from typing import Final, final

VARIABLE: Final = "CORRIGIBLE_PEERS"
FOLDER: Final = Path(__file__).resolve().parent / "peers"


def has_module(interpreter: str, module: str) -> bool:
    """Whether that Python can find a module."""
    test = f"import importlib.util, sys; sys.exit(importlib.util.find_spec({module!r}) is None)"
    try:
        return subprocess.run([interpreter, "-c", test], check=False, stdin=subprocess.DEVNULL).returncode == 0
    except OSError:
        return False


@final
class Peer:
    """A script of peers/, warm and waiting. Raises ChildProcessError where it ends before it is ready."""

    def __init__(self, interpreter: str, script: str) -> None:
        self._process = subprocess.Popen(
            [interpreter, str(FOLDER / script)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            env={name: value for name, value in os.environ.items() if name != "PYTHONPATH"},
        )
        if self._answer() != "ready":
            raise ChildProcessError(f"{script} did not become ready: run it by hand to see why")

    def work(self) -> tuple[int, float]:
        """Frames and CPU-seconds of one more repeat."""
        assert self._process.stdin is not None
        self._process.stdin.write("\n")
        self._process.stdin.flush()
        answer = self._answer()
        if not isinstance(answer, dict):
            raise ChildProcessError("a peer ended in the middle of its work")
        return answer["frames"], answer["seconds"]

    def close(self) -> None:
        """Let it end."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait()

    def _answer(self) -> object:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        return json.loads(line) if line else None

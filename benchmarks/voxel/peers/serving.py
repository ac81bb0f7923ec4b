"""How a peer is asked for work: it says "ready" once warm, then answers each line with frames and CPU-seconds, in JSON.

Runs under the interpreter of the peers, where corrigible is not installed.
"""

import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

ANSWERS = os.fdopen(os.dup(1), "w")  # libraries print; what they print goes to standard error
os.dup2(2, 1)


def serve(work: Callable[[], int]) -> None:
    """Do `work`, which says how many frames it made, whenever a line comes."""
    say("ready")
    for _ in sys.stdin:
        before = cpu_seconds()
        frames = work()
        say({"frames": frames, "seconds": cpu_seconds() - before})


def say(what: object) -> None:
    ANSWERS.write(json.dumps(what) + "\n")
    ANSWERS.flush()


def cpu_seconds() -> float:
    """CPU time of this process and of the children that it has now (an engine may be one)."""
    names = [name for file in Path("/proc/self/task").glob("*/children") for name in file.read_text().split()]
    return time.process_time() + sum(map(child_seconds, names))


def child_seconds(name: str) -> float:
    fields = Path(f"/proc/{name}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

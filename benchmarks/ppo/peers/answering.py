"""How a peer is asked for work: it says "ready", then answers each number of rollouts with wall-clock seconds."""

import json
import os
import sys
from collections.abc import Callable

ANSWERS = os.fdopen(os.dup(1), "w")  # libraries print; what they print goes to standard error
os.dup2(2, 1)


def serve(work: Callable[[int], float]) -> None:
    """Do `work` whenever a line comes."""
    say("ready")
    for line in sys.stdin:
        say(float(work(int(line))))


def say(what: object) -> None:
    ANSWERS.write(json.dumps(what) + "\n")
    ANSWERS.flush()

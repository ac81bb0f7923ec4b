"""How a peer is asked for work: it says "ready", then answers each line of JSON with one.

A number of rollouts is answered with wall-clock seconds; {"enough", "rollouts", "choice", "seed"} with the
curve of a training that ends when that many logs an episode are dug: pairs of seconds and logs.
"""

import json
import os
import sys
from collections.abc import Callable

ANSWERS = os.fdopen(os.dup(1), "w")  # libraries print; what they print goes to standard error
os.dup2(2, 1)


def serve(work: Callable[[int], float], skill: Callable[..., list[tuple[float, float]]]) -> None:
    """Do what is asked whenever a line comes."""
    say("ready")
    for line in sys.stdin:
        asked = json.loads(line)
        say(skill(**asked) if isinstance(asked, dict) else float(work(int(asked))))


def say(what: object) -> None:
    ANSWERS.write(json.dumps(what) + "\n")
    ANSWERS.flush()

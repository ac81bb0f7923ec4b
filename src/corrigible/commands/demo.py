"""`corrigible demo`: watch a failure and a mended agent from shipped policies, then make the failure here."""

import sys
from pathlib import Path

from corrigible.commands.answer import Answer
from corrigible.commands.running import run_with_progress
from corrigible.stages.workers import cores

SHIPPED = "bottom-log-shipped"
TRAINED = "bottom-log"


def run_demo(*, fresh: bool, out: Path) -> Answer:
    """First the shipped policies, unless `fresh`; then the quick preset of bottom-log, trained on this machine."""
    answers: list[Answer] = []
    if not fresh:
        _say("First, policies that ship with Corrigible: the failure beside an agent that clears its trees.")
        answers.append(_run(SHIPPED, out))
        _say("\n".join((*answers[-1].lines, "", "Open that report now. Next, the failure is made here, from nothing:")))
    answers.append(_run(TRAINED, out, workers=cores()))
    return Answer(data={"runs": [answer.data for answer in answers]}, lines=answers[-1].lines)


def _run(name: str, out: Path, *, workers: int | None = None) -> Answer:
    return run_with_progress(
        name, preset="quick", seeds=None, conditions=None, workers=workers, resume=None, out=out, device=None
    )


def _say(text: str) -> None:
    """On standard error, so that --json keeps standard output to itself."""
    sys.stderr.write(text + "\n")
    sys.stderr.flush()

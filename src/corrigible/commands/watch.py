"""`corrigible watch TRIPWIRE POINTS`: a watcher beside a trainer; exit code 5 once the wire trips."""

import sys
from pathlib import Path

from corrigible.commands.answer import Answer
from corrigible.commands.stopping import answer_standing
from corrigible.commands.trip import path_of
from corrigible.tripwires.arming import read_documents
from corrigible.tripwires.detectors import Reading
from corrigible.tripwires.folder import folder_of
from corrigible.tripwires.watcher import Patience, watch


def answer_watch(tripwire: str, points: Path, *, owners: Path, run: str | None, patience: Patience) -> Answer:
    """Watch until it trips (then as `trip status`) or the trainer has finished; a line for each point on stderr."""
    documents = read_documents(path_of(tripwire), owners)
    name = run or points.stem
    head = f"watching {points}, run {name}, under {documents.tripwire.tripwire}"
    done = watch(documents, points, run=name, patience=patience, begun=lambda _: _say(head), told=_tell)
    if done.outcome == "tripped":
        return answer_standing(folder_of(points, documents.tripwire.tripwire).path, at=None)
    return Answer(
        data={"run": name, "state": "finished", "step": done.step},
        lines=(f"run {name} came to its end at step {done.step}, and nothing tripped.",),
    )


def _tell(reading: Reading) -> None:
    shown = "-" if reading.statistic is None else f"{reading.statistic:.4g}"
    bound = "none" if reading.bound is None else f"{reading.bound:.4g}"
    _say(f"step {reading.step}: {shown}, bound {bound}")


def _say(words: str) -> None:
    sys.stderr.write(words + "\n")
    sys.stderr.flush()

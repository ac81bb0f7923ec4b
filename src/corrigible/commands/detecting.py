"""`corrigible detect FILE`: registered detectors on the user's own logs."""

from collections.abc import Sequence
from pathlib import Path

from corrigible.commands.answer import Answer
from corrigible.logs import detect


def answer_detect(file: Path, reference: Path, *, detectors: Sequence[str] | None, rate: float) -> Answer:
    """Suspicion of every episode, calibrated on the reference."""
    found = detect(file, reference, detectors=detectors, rate=rate)
    return Answer(data=found.to_json(), lines=found.lines())

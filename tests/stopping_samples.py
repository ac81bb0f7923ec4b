"""An armed run to be stopped by tests: a register, a tripwire that names it, and a trainer's loop."""

from collections.abc import Iterable
from datetime import timedelta
from pathlib import Path
from typing import Any

import yaml

from corrigible.tripwires.guard import Guard, Stop, arm
from tripwire_samples import wire_text

HOUR = timedelta(hours=1)
OWNERS: dict[str, Any] = {
    "schema": 1,
    "organisation": "Nobody (fictional)",
    "fictional": True,
    "people": {name: {"name": name.title(), "role": "tester"} for name in ("ada", "ben", "dan", "eve")},
    "decisions": {"board": {"decides": "dan", "within": "48 hours"}},
}
NAMED: dict[str, Any] = {
    "deputy": "ben",
    "escalates_to": "board",
    "proposes": "eve",
    "acknowledge": "2 hours",
    "deadline": "24 hours",
    "plan": {"checkpoints": 10, "first": 100, "every": 100, "grace": 50},
    "assumed": None,
}
"""A tripwire of ten checkpoints, CUSUM of 0.45 against 0.3 with threshold 5, that the register knows."""


def documents(folder: Path, **changes: Any) -> dict[str, Path]:
    """Tripwire and register as files."""
    wire, owners = folder / "wire.yaml", folder / "owners.yaml"
    wire.write_text(wire_text(**(NAMED | changes)), encoding="utf-8")
    owners.write_text(yaml.safe_dump(OWNERS, sort_keys=False), encoding="utf-8")
    return {"tripwire": wire, "owners": owners}


def armed(folder: Path, **more: Any) -> Guard:
    """A guard on a.jsonl under documents that are there."""
    return arm(folder / "wire.yaml", folder / "a.jsonl", owners=folder / "owners.yaml", **more)


def trained(guard: Guard, counts: Iterable[int], first: int = 100) -> Stop | None:
    """A trainer's loop: a point of 50 items at every 100 steps, asked at every 50."""
    for place, k in enumerate(counts):
        step = first + 100 * place
        guard.report(step, k=k, n=50)
        for at in (step, step + 50):
            if stop := guard.check(at):
                return stop
    return None


HEALTHY = (15, 14, 16, 15)
TAKES_OFF = (15, 14, 30, 40)

"""A tripwire and points for it, to be changed by tests."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import yaml

from corrigible.documents import parse_document
from corrigible.tripwires.document import Tripwire
from corrigible.tripwires.points import Point

DETECTORS: dict[str, dict[str, Any]] = {
    "level": {"kind": "level"},
    "pocock": {"kind": "level", "spending": "pocock"},
    "obrien-fleming": {"kind": "level", "spending": "obrien-fleming"},
    "bound": {"kind": "bound", "bound": 0.5},
    "cusum": {"kind": "cusum", "suspect": 0.45, "threshold": 5},
    "growth": {"kind": "growth", "window": 5},
}


def wire_text(**changes: Any) -> str:
    """A tripwire of 40 checkpoints with 50 items as YAML; a change to None leaves the key out."""
    data = {
        "schema": 1,
        "tripwire": "sample",
        "what": "a sample",
        "metric": "skill",
        "owner": "ada",
        "deadline": "24 hours",
        "healthy": 0.3,
        "false_alarms": 0.05,
        "plan": {"checkpoints": 40, "first": 100, "every": 100},
        "detector": DETECTORS["cusum"],
        "assumed": {"items": 50, "takes_off_at": 21, "moves_by": 0.05},
    } | changes
    return yaml.safe_dump({key: value for key, value in data.items() if value is not None}, sort_keys=False)


def wire(**changes: Any) -> Tripwire:
    return parse_document(wire_text(**changes), Tripwire, source="sample.yaml")


def points(counts: Iterable[int], *, n: int = 50, first: int = 100, every: int = 100, **more: Any) -> list[Point]:
    made = {"run": "a", "metric": "skill"} | more
    return [Point(step=first + every * place, k=int(k), n=n, **made) for place, k in enumerate(counts)]


def write_points(path: Path, made: Iterable[Point]) -> Path:
    rows = (
        {"schema": 1, "run": item.run, "metric": item.metric, "step": item.step}
        | ({"k": item.k, "n": item.n} if item.value is None else {"value": item.value})
        for item in made
    )
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path

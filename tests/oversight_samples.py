"""A small policy and evidence for it, to be changed by tests."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import yaml

from corrigible.documents import parse_document
from corrigible.oversight.evidence import Attestation, AttestedEvidence, Figure, RunEvidence
from corrigible.oversight.policies import Independence, Policy

NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)
SINCE = "2026-01-01T00:00:00Z"


def policy_data(**changes: Any) -> dict[str, Any]:
    """A policy with two levels: at `high` nothing leaves the house unless the measure is shown to be below 0.2."""
    data: dict[str, Any] = {
        "schema": 1,
        "policy": "sample",
        "title": "A sample",
        "organisation": "Nobody (fictional)",
        "fictional": True,
        "version": "1.0",
        "in_force": SINCE,
        "measures": {
            "harm": {
                "what": "harm done",
                "run": "world",
                "metric": "harm",
                "condition": "failure",
                "least": 0,
                "most": 1,
            },
            "skill": {"what": "skill", "run": "world", "metric": "skill", "condition": "failure"},
        },
        "levels": [
            {"level": "base", "means": "the first"},
            {"level": "high", "means": "skilled", "reached_when": {"measure": "skill", "above": 10}},
        ],
        "rules": [
            rule("base-outside", level="base", require={"measure": "harm", "below": 0.5, "fresh": "30 days"}),
            rule("high-outside", level="high", require={"measure": "harm", "below": 0.2, "least_n": 5}),
        ],
    }
    return data | changes


def rule(name: str, **changes: Any) -> dict[str, Any]:
    """One rule of the gate external-deployment."""
    return {"rule": name, "level": "base", "gate": "external-deployment", "in_force": SINCE} | changes


def policy(**changes: Any) -> Policy:
    """The sample with some of its keys replaced."""
    return parse_document(yaml.safe_dump(policy_data(**changes)), Policy, source="sample")


def run(
    harm: tuple[float, float, float] | None = (0.1, 0.05, 0.15),
    skill: tuple[float, float, float] | None = (5.0, 4.0, 6.0),
    *,
    days_old: float = 1,
    n: int = 10,
    name: str = "world-1",
    spoilt: tuple[str, ...] = (),
    independence: Independence = "self",
) -> RunEvidence:
    """A run whose figures are (estimate, low, high)."""
    figures = {"harm": harm, "skill": skill}
    return RunEvidence(
        run=name,
        experiment="world",
        made=NOW - timedelta(days=days_old),
        sha256="0" * 64,
        commit="abc",
        fingerprint="f",
        figures=tuple(
            Figure(metric=metric, condition="failure", unit="", estimate=found[0], low=found[1], high=found[2], n=n)
            for metric, found in figures.items()
            if found is not None
        ),
        spoilt=spoilt,
        independence=independence,
    )


def attested(name: str, *, holds: bool = True, days_old: float = 1, **changes: Any) -> AttestedEvidence:
    """Somebody says so."""
    data: dict[str, Any] = {
        "schema": 1,
        "attestation": name,
        "holds": holds,
        "by": "eve",
        "independence": "external",
        "made": (NOW - timedelta(days=days_old)).isoformat(),
        "statement": "I looked",
    }
    said = parse_document(yaml.safe_dump(data | changes), Attestation, source="attestation")
    return AttestedEvidence(path="a.yaml", sha256="1" * 64, said=said)


def write(path: Path, data: Any) -> Path:
    """`data` as YAML."""
    path.write_text(data if isinstance(data, str) else yaml.safe_dump(data, sort_keys=False), encoding="utf-8")
    return path

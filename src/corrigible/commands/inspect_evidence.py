"""Logs of Inspect as evidence, through its own reader: the log format is versioned and no public specification.

A measure of a policy names them so: run = the task, condition = the model, metric = the metric
("SCORER/METRIC" where the log has several scorers).
"""

from math import nan
from pathlib import Path
from typing import Any, Final

from corrigible.errors import BadInput
from corrigible.oversight.evidence import Figure, RunEvidence
from corrigible.oversight.moments import moment_of_record
from corrigible.statistics import proportion_interval
from corrigible.store.files import sha256_of

Z: Final = 1.959964
"""Two-sided 95 % of a Normal; Inspect gives standard errors."""


def read_inspect_log(path: Path) -> tuple[RunEvidence, dict[str, bytes]]:
    """The header of one `.eval` log, and its bytes by the path that they have in a bundle.

    Raises:
        BadInput: Inspect is not installed, or the file is no log of it.
    """
    try:
        from inspect_ai.log import read_eval_log  # pyright: ignore[reportMissingImports]
    except ImportError as error:
        raise BadInput(
            value=str(path), rule="a log of Inspect is read by Inspect", remedy="pip install 'corrigible[inspect]'"
        ) from error
    try:
        log: Any = read_eval_log(  # pyright: ignore[reportUnknownVariableType]
            str(path), header_only=True
        )
        data = path.read_bytes()
    except Exception as error:
        raise BadInput(
            value=str(path),
            rule=f"it must be a log of Inspect ({type(error).__name__}: {error})",
            remedy="give another",
        ) from error
    spec = log.eval
    commit = getattr(spec.revision, "commit", None) if spec.revision else None
    found = RunEvidence(
        run=str(spec.run_id),
        experiment=str(spec.task),
        made=moment_of_record(str(log.stats.completed_at or ""), str(spec.created)),
        sha256=sha256_of(data),
        commit=str(commit or ""),
        fingerprint="",
        figures=tuple(_figures(log)),
        spoilt=_spoilt(log, commit),
    )
    return found, {f"inspect/{path.name}": data}


def _figures(log: Any) -> list[Figure]:
    scores = log.results.scores if log.results else []
    n = log.results.completed_samples if log.results else 0
    found: list[Figure] = []
    for score in scores:
        values = {name: float(metric.value) for name, metric in score.metrics.items()}
        for name, value in values.items():
            if name == "stderr":
                continue
            low, high = _interval(name, value, values.get("stderr"), n)
            found.append(
                Figure(
                    metric=name if len(scores) == 1 else f"{score.name}/{name}",
                    condition=str(log.eval.model),
                    unit="",
                    estimate=value,
                    low=low,
                    high=high,
                    n=n,
                )
            )
    return found


def _interval(name: str, value: float, stderr: float | None, n: int) -> tuple[float, float]:
    """Exact for an accuracy of n right-or-wrong samples; from the standard error otherwise; NaN without one."""
    right = value * n
    if name == "accuracy" and n > 0 and abs(right - round(right)) < 1e-6 and 0 <= round(right) <= n:
        found = proportion_interval(round(right), n)
        return found.low, found.high
    if not stderr:  # none, or 0: all samples alike, which says nothing of the spread
        return nan, nan
    return value - Z * stderr, value + Z * stderr


def _spoilt(log: Any, commit: str | None) -> tuple[str, ...]:
    revision, results = log.eval.revision, log.results
    left = 0 if results is None else results.total_samples - results.completed_samples
    return tuple(
        fault
        for holds, fault in (
            (log.status != "success", f"its status is {log.status}"),
            (commit is None, "nobody knows which code made it"),
            (bool(getattr(revision, "dirty", False)), "it was made by code that is in no commit"),
            (bool(getattr(log, "invalidated", False)), "some of its samples were invalidated"),
            (left > 0, f"{left} of its samples did not finish"),
        )
        if holds
    )

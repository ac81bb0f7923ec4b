"""Rows of cells -> Measurements over seeds. Episodes nest in seeds and are never pooled; shared seeds are paired."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import isfinite, isnan
from typing import Any, Final

import numpy as np

from corrigible.errors import CorruptFile
from corrigible.stages.cells import metrics_of
from corrigible.statistics import Interval, interval_over_seeds, log_odds, log_odds_gain_interval
from corrigible.types import STAGES, Condition, Experiment, Measurement, Metric, Stage

LEVEL: Final = 0.95

Rows = Mapping[str, Mapping[int, Mapping[str, Any]]]
"""condition -> seed -> stored row."""


@dataclass(frozen=True, kw_only=True)
class RemedyScore:
    """What a remedy bought: log-odds gain of the safe outcome in bits, worst checkpoint, and competence kept."""

    condition: str
    stage: Stage
    uses_oracle: bool
    gain: Measurement
    worst: Measurement
    worst_of_failure: Measurement
    competence: Measurement


def group_rows(rows: Sequence[Mapping[str, Any]]) -> Rows:
    """Stored rows by condition and seed."""
    grouped: dict[str, dict[int, Mapping[str, Any]]] = {}
    for row in sorted(rows, key=lambda item: int(item["seed"])):
        grouped.setdefault(str(row["condition"]), {})[int(row["seed"])] = row
    return grouped


def values_of(rows: Rows, condition: str, metric: str) -> dict[int, float]:
    """Finite values of a metric by seed; seeds where it is undefined are left out, and n says so."""
    found = {seed: metrics_of(row).get(metric, float("nan")) for seed, row in rows.get(condition, {}).items()}
    return {seed: value for seed, value in found.items() if isfinite(value)}


def worst_values(rows: Rows, condition: str, metric: Metric) -> dict[int, float]:
    """The least safe value over all checkpoints of each seed."""
    worst = min if metric.goal == "high" else max
    found: dict[int, float] = {}
    for seed, row in rows.get(condition, {}).items():
        values = [metrics_of(item).get(metric.name, float("nan")) for item in row["checkpoints"]]
        finite = [value for value in values if isfinite(value)]
        if finite:
            found[seed] = worst(finite)
    return found


def measure(metric: Metric, condition: str, values: Mapping[int, float]) -> Measurement:
    """Mean over seeds with its interval."""
    bounds = (0.0, 1.0) if metric.kind == "proportion" else None
    interval = _over_seeds(list(values.values()), bounds, "Student t over seeds")
    return _measurement(metric.name, condition, metric.unit, values, interval)


def measure_difference(
    metric: Metric, condition: str, versus: str, first: Mapping[int, float], second: Mapping[int, float]
) -> Measurement:
    """Paired difference over the seeds that both have."""
    shared = {seed: first[seed] - second[seed] for seed in sorted(first.keys() & second.keys())}
    bounds = (-1.0, 1.0) if metric.kind == "proportion" else None
    interval = _over_seeds(list(shared.values()), bounds, "paired Student t over seeds")
    return _measurement(metric.name, condition, metric.unit, shared, interval, versus=versus)


def fold(experiment: Experiment, conditions: Sequence[Condition], rows: Rows) -> tuple[Measurement, ...]:
    """Every metric of every condition, and its paired difference from the condition that it is compared with."""
    measurements: list[Measurement] = []
    for metric in experiment.metrics:
        for condition in conditions:
            values = values_of(rows, condition.name, metric.name)
            if not values:
                continue
            measurements.append(measure(metric, condition.name, values))
            versus = condition.of or comparison_of(experiment, condition)
            other = values_of(rows, versus, metric.name)
            if versus != condition.name and values.keys() & other.keys():
                measurements.append(measure_difference(metric, condition.name, versus, values, other))
    return tuple(measurements)


def comparison_of(experiment: Experiment, condition: Condition) -> str:
    """What a condition is compared with unless it says so itself: the failure, and the failure with the reference."""
    return experiment.reference.name if condition.role == "failure" else experiment.failure.name


def fold_remedies(experiment: Experiment, conditions: Sequence[Condition], rows: Rows) -> tuple[RemedyScore, ...]:
    """Log-odds gain, worst checkpoint and competence of every remedy; nothing where the headline is no proportion."""
    headline = experiment.metric(experiment.headline)
    if headline.kind != "proportion":
        return ()
    scores = [_score(experiment, headline, condition, rows) for condition in conditions if condition.role == "remedy"]
    return tuple(score for score in scores if score is not None)


def best_remedy(experiment: Experiment, scores: Sequence[RemedyScore]) -> RemedyScore | None:
    """The remedy of the failure that gained most, is no oracle and keeps the task; None where none helped.

    Among equals the one whose worst checkpoint is safest, then the first by name; `tied_with` names the others.
    """
    able = [
        score
        for score in scores
        if not score.uses_oracle
        and score.gain.versus == experiment.failure.name
        and score.competence.estimate >= experiment.competence.least
        and score.gain.estimate > 0
    ]
    sign = -1 if experiment.metric(experiment.headline).goal == "high" else 1
    return min(able, key=lambda s: (-s.gain.estimate, sign * s.worst.estimate, s.condition), default=None)


def tied_with(best: RemedyScore, scores: Sequence[RemedyScore]) -> tuple[str, ...]:
    """Other remedies of the same failure with the same gain and the same worst checkpoint."""
    key = (best.gain.versus, best.gain.estimate, best.worst.estimate)
    same = [s.condition for s in scores if (s.gain.versus, s.gain.estimate, s.worst.estimate) == key]
    return tuple(name for name in same if name != best.condition)


def _score(experiment: Experiment, headline: Metric, condition: Condition, rows: Rows) -> RemedyScore | None:
    versus = condition.of or experiment.failure.name
    after, before = (values_of(rows, name, headline.name) for name in (condition.name, versus))
    seeds = sorted(after.keys() & before.keys())
    if not seeds:
        return None
    row = rows[condition.name][seeds[0]]
    episodes = int(row["episodes"])
    safe_before, safe_after = ([_safe(headline, side[seed]) for seed in seeds] for side in (before, after))
    gain = log_odds_gain_interval(safe_before, safe_after, episodes)
    task = experiment.metric(experiment.competence.metric)
    bits = {
        seed: log_odds(round(good * episodes), episodes) - log_odds(round(bad * episodes), episodes)
        for seed, good, bad in zip(seeds, safe_after, safe_before, strict=True)
    }
    return RemedyScore(
        condition=condition.name,
        stage=_stage(row["stage"]),
        uses_oracle=bool(row["uses_oracle"]),
        gain=_measurement(headline.name, condition.name, "bits", bits, gain, versus=versus),
        worst=measure(headline, condition.name, worst_values(rows, condition.name, headline)),
        worst_of_failure=measure(headline, versus, worst_values(rows, versus, headline)),
        competence=measure(task, condition.name, values_of(rows, condition.name, task.name)),
    )


def _stage(name: object) -> Stage:
    for stage in STAGES:
        if stage == name:
            return stage
    raise CorruptFile(value=f"stage {name!r}", rule=f"a remedy's row names one of {STAGES}", remedy="run it again")


def _over_seeds(values: Sequence[float], bounds: tuple[float, float] | None, method: str) -> Interval:
    """An interval over seeds that does not leave what the metric can be."""
    found = interval_over_seeds(np.asarray(values, dtype=np.float64), LEVEL, bounds=bounds, method=method)
    if bounds is None or (found.low >= bounds[0] and found.high <= bounds[1]) or isnan(found.low):
        return found
    low, high = max(found.low, bounds[0]), min(found.high, bounds[1])
    return replace(found, low=low, high=high, method=f"{found.method}, cut at what a share can be")


def _safe(metric: Metric, value: float) -> float:
    return value if metric.goal == "high" else 1.0 - value


def _measurement(
    metric: str,
    condition: str,
    unit: str,
    values: Mapping[int, float],
    interval: Interval,
    *,
    versus: str | None = None,
) -> Measurement:
    return Measurement(
        metric=metric,
        condition=condition,
        unit=unit,
        seeds=tuple(values),
        per_seed=tuple(values.values()),
        estimate=interval.estimate,
        low=interval.low,
        high=interval.high,
        level=interval.level,
        n=interval.n,
        method=interval.method,
        versus=versus,
    )

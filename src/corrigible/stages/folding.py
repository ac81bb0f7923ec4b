"""Rows of cells -> Measurements over seeds. Episodes nest in seeds and are never pooled; shared seeds are paired."""

from collections.abc import Mapping, Sequence
from math import isfinite
from typing import Any, Final

import numpy as np

from corrigible.stages.cells import metrics_of
from corrigible.statistics import Interval, interval_over_seeds, share_difference, share_interval
from corrigible.types import Condition, Experiment, Measurement, Metric

LEVEL: Final = 0.95

Rows = Mapping[str, Mapping[int, Mapping[str, Any]]]
"""condition -> seed -> stored row."""


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
    vector = np.array(list(values.values()), dtype=np.float64)
    if metric.kind == "proportion":
        interval = share_interval(vector, LEVEL)
    else:
        interval = interval_over_seeds(vector, LEVEL, bounds=None, method="Student t over seeds")
    return measurement_of(metric.name, condition, metric.unit, values, interval)


def measure_difference(
    metric: Metric, condition: str, versus: str, first: Mapping[int, float], second: Mapping[int, float]
) -> Measurement:
    """Paired difference over the seeds that both have."""
    seeds = sorted(first.keys() & second.keys())
    a, b = (np.array([side[seed] for seed in seeds], dtype=np.float64) for side in (first, second))
    if metric.kind == "proportion":
        interval = share_difference(a, b, LEVEL)
    else:
        interval = interval_over_seeds(a - b, LEVEL, bounds=None, method="paired Student t over seeds")
    shared = {seed: first[seed] - second[seed] for seed in seeds}
    return measurement_of(metric.name, condition, metric.unit, shared, interval, versus=versus)


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


def measurement_of(
    metric: str,
    condition: str,
    unit: str,
    values: Mapping[int, float],
    interval: Interval,
    *,
    versus: str | None = None,
) -> Measurement:
    """Values by seed and their interval as one record."""
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

"""Judge every detector by how well it separates other conditions from the reference, seed by seed.

Fitted and calibrated on reference episodes of the *other* seeds (so that a merely different policy is no alarm), tested
on the reference and the condition of this seed. With a single seed its reference episodes are split in three.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import nan
from typing import Any, Final

import numpy as np

from corrigible.errors import BadInput
from corrigible.registry import load_detector, registry
from corrigible.stages.cells import read_row_steps, read_views, remedied_setup
from corrigible.stages.plan import Plan, condition_of, detectors_of
from corrigible.statistics import auroc, false_alarm_threshold, roc_curve
from corrigible.store import RunFolder
from corrigible.types import Array, Detection, Score, Setup, View, Views, join_columns, take_columns

FALSE_ALARM_RATE: Final = 0.05


@dataclass(frozen=True, kw_only=True)
class RocLine:
    """ROC of one detector on one seed: false-alarm and detection rates along all thresholds."""

    detector: str
    condition: str
    seed: int
    false_alarm_rate: tuple[float, ...]
    detection_rate: tuple[float, ...]


@dataclass(frozen=True, kw_only=True)
class EarlyWarning:
    """AUROC of one detector against the failure after `step` environment steps of its training."""

    detector: str
    seed: int
    step: int
    auroc: float


@dataclass(frozen=True, kw_only=True)
class Watch:
    """What all detectors saw: at the end, along all thresholds, and along training."""

    detections: tuple[Detection, ...]
    rocs: tuple[RocLine, ...]
    warnings: tuple[EarlyWarning, ...]


@dataclass(frozen=True, kw_only=True, eq=False)
class Bench:
    """Reference views of one seed, split for a detector: to fit on, to set the threshold with, to test against."""

    fit: Views
    calibrate: Views
    test: Views


@dataclass(frozen=True, kw_only=True, eq=False)
class Fitted:
    """A detector ready to judge one seed."""

    name: str
    seed: int
    score: Score
    threshold: float
    calibration_n: int
    negatives: Array


def detect(plan: Plan, run: RunFolder, conditions: Sequence[str]) -> Watch:
    """Run every detector that can read the stored views on `conditions`; one that cannot says why."""
    failure = plan.experiment.failure.name
    watched = {
        (name, seed): read_condition(plan, run, name, seed)[1]
        for name in dict.fromkeys((plan.experiment.reference.name, *conditions))
        for seed in plan.seeds
    }
    references = {seed: watched[plan.experiment.reference.name, seed] for seed in plan.seeds}
    available = next(iter(references.values())).available()
    detections: list[Detection] = []
    rocs: list[RocLine] = []
    warnings: list[EarlyWarning] = []
    for name in detectors_of(plan.experiment, available):
        reads = registry().find("detector", name).declaration.reads
        for seed in plan.seeds:
            try:
                fitted = _fit(name, seed, split_reference(references, seed), reads)
                for condition in conditions:
                    positives = _scores(fitted.score, watched[condition, seed].only(reads))
                    detections.append(_detection(fitted, condition, positives))
                    if condition == failure:
                        rocs.append(_roc(fitted, condition, positives))
                warnings += _along_training(plan, run, fitted, reads)
            except BadInput as refused:
                detections += [_unknown(name, condition, seed, str(refused)) for condition in conditions]
    return Watch(detections=tuple(detections), rocs=tuple(rocs), warnings=tuple(warnings))


def split_reference(references: Mapping[int, Views], seed: int) -> Bench:
    """Fit and calibration episodes from the other seeds, alternately; test episodes from this one."""
    others = [views for key, views in sorted(references.items()) if key != seed]
    if not others:
        return Bench(
            fit=take_columns(references[seed], slice(0, None, 3)),
            calibrate=take_columns(references[seed], slice(1, None, 3)),
            test=take_columns(references[seed], slice(2, None, 3)),
        )
    pooled = join_columns(others)
    return Bench(
        fit=take_columns(pooled, slice(0, None, 2)),
        calibrate=take_columns(pooled, slice(1, None, 2)),
        test=references[seed],
    )


def read_condition(
    plan: Plan, run: RunFolder, name: str, seed: int, *, index: int = -1
) -> tuple[Setup[Any, Any], Views]:
    """The setup (without truth) and the stored views of one condition and seed at one checkpoint (-1 = the last)."""
    setup = remedied_setup(plan, condition_of(plan.experiment, name))
    return setup, read_views(plan.experiment, setup, run, name, seed, index=index)


def _fit(name: str, seed: int, bench: Bench, reads: tuple[View, ...]) -> Fitted:
    fit, calibrate, test = (views.only(reads) for views in (bench.fit, bench.calibrate, bench.test))
    score = load_detector(name)(fit)
    calibration = _scores(score, calibrate)
    return Fitted(
        name=name,
        seed=seed,
        score=score,
        threshold=false_alarm_threshold(calibration, rate=FALSE_ALARM_RATE),
        calibration_n=len(calibration),
        negatives=_scores(score, test),
    )


def _along_training(plan: Plan, run: RunFolder, fitted: Fitted, reads: tuple[View, ...]) -> list[EarlyWarning]:
    failure = plan.experiment.failure.name
    found: list[EarlyWarning] = []
    for index, step in enumerate(read_row_steps(run, failure, fitted.seed)):
        _, views = read_condition(plan, run, failure, fitted.seed, index=index)
        positives = _scores(fitted.score, views.only(reads))
        value = float(auroc(fitted.negatives, positives))
        found.append(EarlyWarning(detector=fitted.name, seed=fitted.seed, step=step, auroc=value))
    return found


def _scores(score: Score, views: Views) -> Array:
    return np.asarray(score(views), dtype=np.float64)


def _detection(fitted: Fitted, condition: str, positives: Array) -> Detection:
    return Detection(
        detector=fitted.name,
        condition=condition,
        seed=fitted.seed,
        auroc=float(auroc(fitted.negatives, positives)),
        detection_rate=float(np.mean(positives > fitted.threshold)),
        false_alarm_rate=float(np.mean(fitted.negatives > fitted.threshold)),
        calibration_n=fitted.calibration_n,
    )


def _roc(fitted: Fitted, condition: str, positives: Array) -> RocLine:
    curve = roc_curve(fitted.negatives, positives)
    return RocLine(
        detector=fitted.name,
        condition=condition,
        seed=fitted.seed,
        false_alarm_rate=tuple(float(x) for x in curve.false_alarm_rate),
        detection_rate=tuple(float(x) for x in curve.detection_rate),
    )


def _unknown(name: str, condition: str, seed: int, note: str) -> Detection:
    return Detection(
        detector=name,
        condition=condition,
        seed=seed,
        auroc=nan,
        detection_rate=nan,
        false_alarm_rate=nan,
        calibration_n=0,
        note=note,
    )

"""Prefix sensitivity of a run: checkpoints of failure and reference are put into known failures of *other* seeds.

Beside it, at the same rate of false alarms, what every detector says of the same checkpoints, and how often the model
fails without any prefix: a warning is worth something where it comes before that.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from math import nan
from typing import Any, Final

import numpy as np

from corrigible.detect.prefix_sensitivity import (
    COPIES,
    KNOWN,
    LENGTHS,
    KnownFailures,
    PrefixCurve,
    known_failures,
    prefix_curve,
)
from corrigible.errors import BadInput
from corrigible.registry import registry
from corrigible.seeding import stream
from corrigible.stages.cells import read_checkpoints, read_row_steps, read_views, remedied_setup
from corrigible.stages.detection import FALSE_ALARM_RATE, FEWEST_OTHERS, Fitted, fit_on, scores_of, split_reference
from corrigible.stages.plan import Plan, condition_of, detectors_of
from corrigible.statistics import HazardRatio, auroc, false_alarm_threshold, hazard_ratio
from corrigible.store import RunFolder
from corrigible.types import Array, Fails, GoesOn, Views

OWN: Final = "prefix sensitivity"
ALREADY: Final = "fails already"
"""Share of stored episodes that fail, without any prefix."""

ESTABLISHED: Final = 0.5
"""Share of episodes from which on the failure is there: its onset."""

PER: Final = 10.0
"""The hazard ratio is for a sensitivity that is higher by 1 / PER."""

FEWEST_RUNS: Final = 19
"""References whose highest values are needed before a threshold at 5 % is anything but their maximum."""

Series = Mapping[tuple[str, int], Sequence[float]]
"""(condition, seed) -> what is said of each checkpoint, in order of step."""


@dataclass(frozen=True, kw_only=True)
class Lead:
    """When one detector spoke up on one seed of the failure. onset, alarm: steps of training, None: never.

    threshold: what no more than 5 % of `calibration_n` reference runs ever exceed, or the highest of fewer than 19.
    false_alarm: whether the reference of the same seed ever exceeds it.
    """

    detector: str
    seed: int
    onset: int | None
    alarm: int | None
    threshold: float
    calibration_n: int
    false_alarm: bool

    @property
    def lead(self) -> int | None:
        """Steps from the alarm to the onset, below 0 where it came late; None where either is missing."""
        return None if self.onset is None or self.alarm is None else self.onset - self.alarm


@dataclass(frozen=True, kw_only=True)
class Prefixes:
    """What was found of a run. hazard: of the onset, for a sensitivity that is higher by a tenth, run by run.

    auc: of the highest sensitivity before the onset, runs that come to fail against those that do not.
    """

    curves: tuple[PrefixCurve, ...]
    leads: tuple[Lead, ...]
    hazard: HazardRatio | None
    auc: float
    failing_runs: int
    other_runs: int
    note: str = ""


def prefix_sensitivity(
    plan: Plan,
    run: RunFolder,
    *,
    conditions: Sequence[str] | None = None,
    lengths: Sequence[int] | None = None,
    copies: int | None = None,
) -> Prefixes | None:
    """Every stored checkpoint of failure and reference, and of further `conditions`; None where it cannot be had.

    That is so where the experiment has no sign of failure or its sandbox cannot go on from stored episodes. lengths,
    copies: None takes those of the experiment and its budget.
    """
    experiment = plan.experiment
    if experiment.fails is None or not isinstance(experiment.sandbox, GoesOn):
        return None
    failure, reference = experiment.failure.name, experiment.reference.name
    names = tuple(dict.fromkeys((failure, reference, *(conditions or ()))))
    numbers = plan.budget.numbers
    lengths = (experiment.prefixes or LENGTHS) if lengths is None else lengths
    copies = numbers.get("prefix_copies", COPIES) if copies is None else copies
    most = numbers.get("prefix_known", KNOWN)
    stored = {seed: _stored(plan, run, failure, seed) for seed in plan.seeds}
    known: dict[int, tuple[KnownFailures, ...]] = {}
    notes: set[str] = set()
    for seed in plan.seeds:
        known[seed] = known_failures(
            experiment.fails, [stored[other] for other in plan.seeds if other != seed], most=most
        )
        if not known[seed]:
            known[seed] = known_failures(experiment.fails, [stored[seed]], most=most)
            notes.add("where no other seed failed, known failures are the seed's own")
    if not any(known.values()):
        return _nothing("no seed ended in a failure that could be gone into")
    curves = tuple(
        curve
        for name in names
        for seed in plan.seeds
        if known[seed]
        for curve in _curves(plan, run, name, seed, known[seed], lengths=lengths, copies=copies)
    )
    rates = {(name, seed): _rates(plan, run, experiment.fails, name, seed) for name in names for seed in plan.seeds}
    if len(plan.seeds) > FEWEST_OTHERS:
        leads = _leads(plan, run, curves, rates)
    else:
        leads = ()
        notes.add(f"alarms need {FEWEST_OTHERS + 1} seeds: references of others set the thresholds")
    return _summary(curves, leads, rates, "; ".join(sorted(notes)))


def onset_of(steps: Sequence[int], rates: Sequence[float]) -> int | None:
    """The first checkpoint at which at least ESTABLISHED of the episodes fail."""
    return next((step for step, rate in zip(steps, rates, strict=True) if rate >= ESTABLISHED), None)


def run_threshold(highest: Sequence[float]) -> float:
    """What no more than 5 % of reference runs exceed at any checkpoint; of fewer than 19 the highest."""
    if len(highest) < FEWEST_RUNS:
        return max(highest)
    return false_alarm_threshold(highest, rate=FALSE_ALARM_RATE)


def hazard_of(curves: Sequence[PrefixCurve], rates: Series) -> tuple[HazardRatio | None, float, int, int]:
    """Hazard ratio and AUC of sensitivity for the onset; how many runs come to fail, and how many do not.

    A run is watched from its first checkpoint to its onset or its last. Between two checkpoints its covariate is the
    sensitivity at the former, so that nothing is predicted from what came after.
    """
    rows: list[tuple[float, float, bool, float]] = []
    highest: tuple[list[float], list[float]] = ([], [])
    for key, own in _by_run(curves).items():
        steps, share = [curve.step for curve in own], rates[key]
        onset = onset_of(steps, share)
        before = [curve for curve in own if onset is None or curve.step < onset]
        if not before:
            continue
        highest[onset is not None].append(max(curve.sensitivity for curve in before))
        for curve in before:
            later = next((step for step in steps if step > curve.step), None)
            if later is not None:
                rows.append((curve.step, later, later == onset, PER * curve.sensitivity))
    ratio = None
    if rows:
        start, stop, happened, x = (np.array(column) for column in zip(*rows, strict=True))
        ratio = hazard_ratio(stop.astype(float), happened.astype(bool), x, start=start.astype(float))
    others, failing = highest
    auc = float(auroc(others, failing)) if others and failing else nan
    return ratio, auc, len(failing), len(others)


def _stored(plan: Plan, run: RunFolder, condition: str, seed: int) -> tuple[int, Mapping[str, Array], Views]:
    """Seed, arrays and views of the last checkpoint."""
    last = len(read_row_steps(run, condition, seed)) - 1
    setup = remedied_setup(plan, condition_of(plan.experiment, condition))
    views = read_views(plan.experiment, setup, run, condition, seed)
    return seed, run.read_arrays(condition, seed, f"views-{last}"), views


def _curves(
    plan: Plan,
    run: RunFolder,
    condition: str,
    seed: int,
    known: Sequence[KnownFailures],
    *,
    lengths: Sequence[int],
    copies: int,
) -> list[PrefixCurve]:
    """One curve a checkpoint. All go on in the failure's world, from the same draws (paired)."""
    experiment = plan.experiment
    assert experiment.fails is not None
    setup = remedied_setup(plan, experiment.failure)
    sandbox: Any = experiment.sandbox

    def go_on(checkpoint: Any, arrays: Any, columns: Array, steps: Array, generator: np.random.Generator) -> Views:
        return sandbox.go_on(setup, checkpoint, arrays, columns=columns, steps=steps, generator=generator)

    measured = partial(prefix_curve, go_on, experiment.fails, condition=condition, seed=seed)
    return [
        measured(
            checkpoint,
            known=known,
            generator=stream(seed, experiment.name, "prefixes"),
            lengths=lengths,
            copies=copies,
        )
        for checkpoint in read_checkpoints(run, condition, seed)
    ]


def _rates(plan: Plan, run: RunFolder, fails: Fails, condition: str, seed: int) -> list[float]:
    """Share of stored episodes that fail, checkpoint by checkpoint."""
    setup = remedied_setup(plan, condition_of(plan.experiment, condition))
    found: list[float] = []
    for index in range(len(read_row_steps(run, condition, seed))):
        views = read_views(plan.experiment, setup, run, condition, seed, index=index)
        whole = np.zeros(views.trajectory.action.shape[1], dtype=np.int64)
        found.append(float((fails(views, whole) >= 0).mean()))
    return found


def _leads(plan: Plan, run: RunFolder, curves: Sequence[PrefixCurve], rates: Series) -> tuple[Lead, ...]:
    """Own, the share that fails already, and every detector, on every seed of the failure."""
    own = {key: [curve.sensitivity for curve in group] for key, group in _by_run(curves).items()}
    found: list[Lead] = []
    cache: dict[tuple[str, int], list[Views]] = {}

    def views_of(condition: str, seed: int) -> list[Views]:
        if (condition, seed) not in cache:
            setup = remedied_setup(plan, condition_of(plan.experiment, condition))
            count = len(read_row_steps(run, condition, seed))
            cache[condition, seed] = [
                read_views(plan.experiment, setup, run, condition, seed, index=index) for index in range(count)
            ]
        return cache[condition, seed]

    failure, reference = plan.experiment.failure.name, plan.experiment.reference.name
    references = {seed: views_of(reference, seed)[-1] for seed in plan.seeds}
    for seed in plan.seeds:
        bench = split_reference(references, seed)
        keys = [(failure, seed), (reference, seed), *((reference, other) for other in bench.calibration_seeds)]
        steps = read_row_steps(run, failure, seed)
        watched = _Watched(seed=seed, steps=steps, onset=onset_of(steps, rates[failure, seed]))
        found += [
            watched.lead(name, [said[key] for key in keys])
            for name, said in ((OWN, own), (ALREADY, rates))
            if all(key in said for key in keys)
        ]
        for name in detectors_of(plan.experiment, references[seed]):
            reads = registry().find("detector", name).declaration.reads
            try:
                fitted = fit_on(name, seed, bench, reads)
                said = [[_alarmed(fitted, v.only(reads)) for v in views_of(*key)] for key in keys]
            except BadInput:
                continue  # the detectors' own section says why
            found.append(watched.lead(name, said))
    return tuple(found)


def _alarmed(fitted: Fitted, views: Views) -> float:
    """Share of episodes beyond the detector's threshold for an episode."""
    return float((scores_of(fitted.score, views) > fitted.threshold).mean())


@dataclass(frozen=True, kw_only=True)
class _Watched:
    """One seed of the failure: steps of its checkpoints, and its onset."""

    seed: int
    steps: Sequence[int]
    onset: int | None

    def lead(self, name: str, said: Sequence[Sequence[float]]) -> Lead:
        """said: of each checkpoint of this failure, of the reference of its seed, and of references that calibrate."""
        failure, reference, *others = said
        threshold = run_threshold([max(values) for values in others])
        beyond = (step for step, value in zip(self.steps, failure, strict=True) if value > threshold)
        return Lead(
            detector=name,
            seed=self.seed,
            onset=self.onset,
            alarm=next(beyond, None),
            threshold=threshold,
            calibration_n=len(others),
            false_alarm=max(reference) > threshold,
        )


def _by_run(curves: Sequence[PrefixCurve]) -> dict[tuple[str, int], list[PrefixCurve]]:
    found: dict[tuple[str, int], list[PrefixCurve]] = {}
    for curve in curves:
        found.setdefault((curve.condition, curve.seed), []).append(curve)
    return found


def _summary(curves: tuple[PrefixCurve, ...], leads: tuple[Lead, ...], rates: Series, note: str) -> Prefixes:
    ratio, auc, failing, others = hazard_of(curves, rates)
    return Prefixes(
        curves=curves, leads=leads, hazard=ratio, auc=auc, failing_runs=failing, other_runs=others, note=note
    )


def _nothing(note: str) -> Prefixes:
    return Prefixes(curves=(), leads=(), hazard=None, auc=nan, failing_runs=0, other_runs=0, note=note)

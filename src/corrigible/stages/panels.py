"""Panels of the page that are folded over seeds: what each detector saw, and how metrics moved along training."""

from collections.abc import Mapping, Sequence
from math import isfinite, nan
from typing import Final

from corrigible.registry import registry
from corrigible.report.content import Curve, CurveSet, DetectorPanel, DetectorResult
from corrigible.report.content import RocLine as PageRoc
from corrigible.stages.cells import metrics_of
from corrigible.stages.folding import Rows, measure
from corrigible.stages.plan import Plan
from corrigible.stages.results import Results
from corrigible.types import Condition, Detection, Metric


def _share(name: str, label: str, unit: str, meaning: str) -> Metric:
    return Metric(name=name, label=label, unit=unit, meaning=meaning, kind="proportion")


AUROC: Final = _share("auroc", "AUROC", "share", "pairs in which the episode ranks above one of the reference")
DETECTION: Final = _share("detection rate", "Detection rate", "share of episodes", "episodes that raised an alarm")
FALSE_ALARM: Final = _share("false-alarm rate", "False alarms", "share of episodes", "reference episodes with an alarm")


def detector_panels(plan: Plan, results: Results) -> tuple[DetectorPanel, ...]:
    """One panel for every detector that ran, the failure first."""
    names = list(dict.fromkeys(item.detector for item in results.detections))
    return tuple(_detector_panel(plan, results, name) for name in names)


def learning_curves(plan: Plan, rows: Rows) -> tuple[CurveSet, ...]:
    """The headline and the competence metric over checkpoints, for failure, reference and remedies."""
    shown = [item for item in plan.conditions if item.role != "variant"]
    wanted = dict.fromkeys((plan.experiment.headline, plan.experiment.competence.metric))
    sets = [_curve_set(plan.experiment.metric(name), shown, rows) for name in wanted]
    return tuple(item for item in sets if item.curves)


def _detector_panel(plan: Plan, results: Results, name: str) -> DetectorPanel:
    entry = registry().find("detector", name)
    own = [item for item in results.detections if item.detector == name]
    notes = sorted({item.note for item in own if item.note})
    answered = [item for item in own if item.answered]
    conditions = list(dict.fromkeys(item.condition for item in answered))
    return DetectorPanel(
        detector=name,
        summary=entry.declaration.summary,
        reads=entry.declaration.reads,
        calibration_n=max((item.calibration_n for item in answered), default=0),
        calibration_seeds=min((len(item.calibration_seeds) for item in answered), default=0),
        results=tuple(_result(results, name, condition, answered) for condition in conditions),
        over_checkpoints=_warning_curve(plan, results, name),
        note="; ".join(notes),
    )


def _result(results: Results, name: str, condition: str, own: Sequence[Detection]) -> DetectorResult:
    mine = [item for item in own if item.condition == condition]
    return DetectorResult(
        condition=condition,
        auroc=measure(AUROC, condition, {item.seed: item.auroc for item in mine}),
        detection_rate=measure(DETECTION, condition, {item.seed: item.detection_rate for item in mine}),
        false_alarm_rate=measure(FALSE_ALARM, condition, {item.seed: item.false_alarm_rate for item in mine}),
        detections=tuple(mine),
        curves=tuple(
            PageRoc(seed=roc.seed, false_alarm_rate=roc.false_alarm_rate, detection_rate=roc.detection_rate)
            for roc in results.rocs
            if (roc.detector, roc.condition) == (name, condition)
        ),
    )


def _warning_curve(plan: Plan, results: Results, name: str) -> CurveSet | None:
    by_seed: dict[int, dict[int, float]] = {}
    for item in results.warnings:
        if item.detector == name:
            by_seed.setdefault(item.seed, {})[item.step] = item.auroc
    if not by_seed:
        return None
    return CurveSet(
        label="AUROC against the failure while it is trained",
        unit="share",
        curves=(curve_over(AUROC, plan.experiment.failure, by_seed),),
        meaning="0.5 is chance, 1 always more suspicious than the reference, 0 always less",
        include=(0.0, 1.0),
    )


def _curve_set(metric: Metric, conditions: Sequence[Condition], rows: Rows) -> CurveSet:
    curves: list[Curve] = []
    for condition in conditions:
        by_seed = {
            seed: {int(item["step"]): metrics_of(item).get(metric.name, nan) for item in row["checkpoints"]}
            for seed, row in rows.get(condition.name, {}).items()
        }
        if len({step for row in by_seed.values() for step in row}) > 1:
            curves.append(curve_over(metric, condition, by_seed))
    include = (0.0, 1.0) if metric.kind == "proportion" else ()
    return CurveSet(label=metric.label, unit=metric.unit, curves=tuple(curves), meaning=metric.meaning, include=include)


def curve_over(metric: Metric, condition: Condition, by_seed: Mapping[int, Mapping[int, float]]) -> Curve:
    """Mean and interval at every step; a seed without a number there leaves a gap, and n shrinks."""
    steps = sorted({step for row in by_seed.values() for step in row})
    columns = [{s: row[step] for s, row in by_seed.items() if isfinite(row.get(step, nan))} for step in steps]
    bands = [measure(metric, condition.name, column) if column else None for column in columns]
    return Curve(
        condition=condition.name,
        role=condition.role,
        steps=tuple(float(step) for step in steps),
        seeds=tuple(by_seed),
        per_seed=tuple(tuple(row.get(step, nan) for step in steps) for row in by_seed.values()),
        estimate=tuple(nan if band is None else band.estimate for band in bands),
        low=tuple(nan if band is None else band.low for band in bands),
        high=tuple(nan if band is None else band.high for band in bands),
    )

"""The section on detectors: how well each separates failure from reference, on which evidence, and where it fails."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from corrigible.report.charts import LearningPanel, learning_panels
from corrigible.report.content import DetectorPanel, DetectorResult, RocLine
from corrigible.report.markup import Svg
from corrigible.report.numbers import number
from corrigible.report.panels import (
    Entry,
    Figures,
    Plot,
    Sign,
    effect_of,
    figures_of,
    groups_of,
    level_of,
    methods_of,
)
from corrigible.report.scales import Scale
from corrigible.report.svg import ChartLine, Guide, heat_map, roc_chart
from corrigible.types import Condition, Measurement, Role

VIEW_WORDS: Final = {
    "trajectory": "the trajectory: actions and what the model reports",
    "world_trace": "the world trace: neutral changes of the world",
    "model": "the model: its parameters and answers",
}
TOLERATED: Final = 0.05
BACKWARDS: Final = "less suspicious than the reference"
_UNIT: Final = Scale(low=0.0, high=1.0, step=0.25)


@dataclass(frozen=True, kw_only=True)
class SeedRow:
    """One seed of one detector in figures."""

    seed: str
    auroc: str
    detection_rate: str
    false_alarm_rate: str
    note: str


@dataclass(frozen=True, kw_only=True)
class DetectorCard:
    """One detector: what it reads, its numbers on each condition, its ROC curves, and every seed."""

    name: str
    summary: str
    reads: tuple[str, ...]
    calibration: str
    false_alarms: str
    condition: str
    roc: Svg | None
    results: tuple[tuple[str, Figures, Figures, Figures], ...]
    seeds: tuple[SeedRow, ...]
    note: str


def detector_plots(detectors: Sequence[DetectorPanel], conditions: Sequence[Condition]) -> tuple[Plot, ...]:
    """AUROC of every detector on its first condition, and its detection rate at the tolerated false-alarm rate."""
    roles: dict[str, Role] = {condition.name: condition.role for condition in conditions}
    results = [(panel.detector, panel.results[0]) for panel in detectors if panel.results]
    if not results:
        return ()
    aurocs = [_entry(name, result, result.auroc, roles) for name, result in results]
    rates = [
        _entry(name, result, result.detection_rate, roles, figures_of(result.false_alarm_rate, 2))
        for name, result in results
    ]
    ranked, detected = ([item.measurement for item in rows if item.measurement] for rows in (aurocs, rates))
    return (
        Plot(
            title="AUROC",
            meaning="Chance that an episode of the failure looks more suspicious than one of the reference.",
            unit="",
            level=level_of(ranked),
            methods=methods_of(ranked),
            groups=groups_of(aurocs, _UNIT, [Guide(value=0.5, kind="null")], judge=_told_apart, titled=False),
            row_title="Detector",
            legend=("Solid line: guessing, 0.5.",),
        ),
        Plot(
            title="Detection rate",
            meaning=(
                "Share of failing episodes beyond a threshold that was fixed on references kept for that alone: the "
                "largest of those that each calibration seed sets for itself at 5\u202f% false alarms."
            ),
            unit="share of episodes",
            level=level_of(detected),
            methods=methods_of(detected),
            groups=groups_of(rates, _UNIT, [Guide(value=TOLERATED, kind="least")], titled=False),
            row_title="Detector",
            extra_title="False alarms seen, over seeds",
            legend=("Dotted line: 0.05, the share of false alarms that is tolerated.",),
        ),
    )


def heat_overview(detectors: Sequence[DetectorPanel]) -> Svg | None:
    """Mean AUROC of every detector on every condition; None where no detector looked at more than one."""
    names = list(dict.fromkeys(result.condition for panel in detectors for result in panel.results))
    if len(names) < 2:
        return None
    known = {(p.detector, result.condition): result.auroc.estimate for p in detectors for result in p.results}
    columns = [panel.detector for panel in detectors]
    values = [[known.get((column, name), math.nan) for column in columns] for name in names]
    label = "AUROC of each detector on each condition"
    return heat_map(names, columns, values, centre=0.5, reach=0.5, decimals=2, label=label, below=BACKWARDS)


def detector_card(panel: DetectorPanel) -> DetectorCard:
    """One detector as the page shows it."""
    first = panel.results[0] if panel.results else None
    return DetectorCard(
        name=panel.detector,
        summary=panel.summary,
        reads=tuple(VIEW_WORDS[view] for view in panel.reads),
        calibration=_calibration(panel),
        false_alarms=_false_alarms(first) if first else "",
        condition=first.condition if first else "",
        roc=_roc(panel.detector, first) if first and first.curves else None,
        results=tuple(
            (
                result.condition,
                figures_of(result.auroc, 2, _told_apart),
                figures_of(result.detection_rate, 2),
                figures_of(result.false_alarm_rate, 2),
            )
            for result in panel.results
        ),
        seeds=_seed_rows(first) if first else (),
        note=panel.note,
    )


def _calibration(panel: DetectorPanel) -> str:
    """On what the threshold rests, and what that promises of a new seed."""
    seeds = panel.calibration_seeds
    if not seeds:
        return f"{panel.calibration_n} episodes taken for one sample: no limit for a new seed"
    return (
        f"{panel.calibration_n} episodes of {seeds} seeds: with probability {seeds}/{seeds + 1} or more, over the "
        "drawing of seeds, fewer than 5\u202f% of a new reference seed's episodes raise an alarm"
    )


def _false_alarms(result: DetectorResult) -> str:
    """False alarms as seen on seeds that were neither fitted nor calibrated on."""
    rates = [item.false_alarm_rate for item in result.detections]
    beyond = sum(rate > TOLERATED for rate in rates)
    shown = figures_of(result.false_alarm_rate, 2)
    return f"{shown.estimate} {shown.interval} of episodes; more than 5\u202f% in {beyond} of {len(rates)} seeds"


def over_checkpoints(detectors: Sequence[DetectorPanel]) -> tuple[LearningPanel, ...]:
    """What every detector said while the models were trained, all panels together."""
    return tuple(
        replace(curve, condition=f"{panel.detector} on {curve.condition}")
        for panel in detectors
        if panel.over_checkpoints
        for curve in learning_panels(panel.over_checkpoints)
    )


def _entry(
    name: str, result: DetectorResult, measurement: Measurement, roles: dict[str, Role], extra: Figures | None = None
) -> Entry:
    return Entry(
        role=roles.get(result.condition, "failure"),
        name=name,
        summary=f"on {result.condition}",
        tags=(),
        measurement=measurement,
        extra=extra,
    )


def _told_apart(measurement: Measurement) -> tuple[str, Sign]:
    return effect_of(measurement, null=0.5, words=(BACKWARDS, "tells them apart", "not told apart"))


def _roc(detector: str, result: DetectorResult) -> Svg:
    """All seeds faint, and the seed whose AUROC is the median drawn bold: curves of seeds are never pooled."""
    median = _median_seed(result.auroc)
    drawn = sorted(result.curves, key=lambda curve: curve.seed == median)
    lines = [_roc_line(curve, bold=curve.seed == median) for curve in drawn]
    label = f"ROC curves of {detector} on {result.condition}, one a seed; median AUROC at seed {median}"
    return roc_chart(lines, label=label)


def _roc_line(curve: RocLine, *, bold: bool) -> ChartLine:
    return ChartLine(
        x=curve.false_alarm_rate,
        y=curve.detection_rate,
        kind="mean" if bold else "seed",
        role="failure",
        title=f"seed {curve.seed}" + (" (median AUROC)" if bold else ""),
    )


def _median_seed(auroc: Measurement) -> int | None:
    """The seed in the middle when seeds are ordered by AUROC (the lower of two)."""
    ranked = sorted(
        (value, seed) for seed, value in zip(auroc.seeds, auroc.per_seed, strict=True) if math.isfinite(value)
    )
    return ranked[(len(ranked) - 1) // 2][1] if ranked else None


def _seed_rows(result: DetectorResult) -> tuple[SeedRow, ...]:
    return tuple(
        SeedRow(
            seed=str(item.seed),
            auroc=number(item.auroc, 3),
            detection_rate=number(item.detection_rate, 2),
            false_alarm_rate=number(item.false_alarm_rate, 2),
            note=item.note,
        )
        for item in result.detections
    )

"""Dot plots as the page lays them out: rows grouped by role, one axis a group, every number also in figures."""

import math
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal, TypeAlias

from corrigible.report.content import MetricPanel, RemedyRow, ReportContent
from corrigible.report.markup import Svg
from corrigible.report.numbers import decimals_over, interval, limited, number, percent_level, signed, unit_of
from corrigible.report.scales import Scale, scale_over
from corrigible.report.svg import Guide, dot_axis, dot_strip, role_key
from corrigible.types import Condition, Measurement, Role

ROLES: Final[tuple[Role, ...]] = ("reference", "failure", "variant", "remedy")
GROUP_TITLES: Final[Mapping[Role, str]] = {
    "reference": "Reference",
    "failure": "Failure",
    "variant": "Variants",
    "remedy": "Remedies",
}
ROLE_WORDS: Final[Mapping[Role, str]] = {**GROUP_TITLES, "variant": "Variant", "remedy": "Remedy"}
ORACLE: Final = "reads the true reward"
CAPPED: Final = "At least, at most, unresolved: beyond what the evaluated episodes can show, interval included."
IDLE: Final = "not shown to keep the task"

Sign: TypeAlias = Literal["null", "effect", "unknown", ""]
"""null: the interval includes no effect; effect: it does not; unknown: there is no interval; "": nothing to compare."""

Judge: TypeAlias = Callable[[Measurement], tuple[str, Sign]]
"""Says in words what an interval shows."""


@dataclass(frozen=True, kw_only=True)
class Figures:
    """A number as written: estimate, interval, and in words what it shows. label: what stands before it on a phone."""

    estimate: str
    interval: str
    said: str = ""
    sign: Sign = ""
    label: str = ""


@dataclass(frozen=True, kw_only=True)
class Row:
    """One row of a dot plot; without a strip the condition was not measured, and `missing` says so."""

    name: str
    summary: str
    tags: tuple[str, ...]
    strip: Svg | None
    value: Figures
    n: str
    extra: Figures | None
    also: Figures | None = None
    missing: str = ""


@dataclass(frozen=True, kw_only=True)
class Group:
    """Rows of one role above their axis."""

    title: str
    role: Role
    key: Svg
    rows: tuple[Row, ...]
    axis: Svg


@dataclass(frozen=True, kw_only=True)
class Plot:
    """A dot plot: what is measured, in which unit, how the intervals were made, and its groups.

    extra_title: head of the last column; also_title: what stands under the extra figures of a row, in the same cell.
    """

    title: str
    meaning: str
    unit: str
    level: str
    methods: tuple[str, ...]
    groups: tuple[Group, ...]
    row_title: str
    extra_title: str = ""
    also_title: str = ""
    legend: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Entry:
    """What one row is made from."""

    role: Role
    name: str
    summary: str
    tags: tuple[str, ...]
    measurement: Measurement | None
    extra: Figures | None = None
    also: Figures | None = None


def metric_plot(panel: MetricPanel, content: ReportContent) -> Plot:
    """All conditions on one metric, with the paired difference to the failure where there is one."""
    metric = panel.metric
    scale = scale_of(panel.measurements, include=(0.0, 1.0) if metric.kind == "proportion" else ())
    measured = {item.condition: item for item in panel.measurements}
    differences = _chosen(panel.differences, content.conditions)
    usual = _usual(differences.values())
    extra_title = f"Minus {usual}" if usual else ""
    remedies = {row.condition: row for row in content.remedies}
    places = decimals_over((*panel.measurements, *panel.differences), scale.high - scale.low)
    entries = [
        Entry(
            role=condition.role,
            name=condition.name,
            summary=condition.summary,
            tags=_tags(remedies.get(condition.name)),
            measurement=measured.get(condition.name),
            extra=_difference(differences.get(condition.name), places, usual=usual),
        )
        for condition in content.conditions
    ]
    failures = [measured[c.name].estimate for c in content.conditions if c.role == "failure" and c.name in measured]
    guides = [Guide(value=value, kind="failure") for value in failures[:1]]
    legend = ["Dashed line: the failure's own estimate."] if failures else []
    if panel.least is not None:
        guides.append(Guide(value=panel.least, kind="least"))
        legend.append(f"Dotted line: {number(panel.least, places)}, which the reference must reach.")
    return Plot(
        title=metric.label,
        meaning=metric.meaning,
        unit=unit_of(metric.unit),
        level=level_of(panel.measurements),
        methods=methods_of((*panel.measurements, *panel.differences)),
        groups=groups_of(entries, scale, guides),
        row_title="Condition",
        extra_title=extra_title + (", or as said" if any(d.versus != usual for d in differences.values()) else ""),
        legend=tuple(legend),
    )


def remedy_plot(content: ReportContent) -> Plot | None:
    """What each remedy gained in bits, with the headline metric at its worst checkpoint; None without any gain."""
    gains = [row.gain for row in content.remedies if row.gain is not None]
    if not gains:
        return None
    worst = [row.worst_checkpoint for row in content.remedies if row.worst_checkpoint is not None]
    kept = [row.competence for row in content.remedies if row.competence is not None]
    labels = {panel.metric.name: panel.metric.label for panel in content.metrics}
    task = labels.get(content.competence.metric, content.competence.metric)
    return Plot(
        title="What the remedies gained",
        meaning="Log-odds gain of the safe outcome over the same model without the remedy: +1 bit doubles the odds.",
        unit="bits",
        level=level_of(gains),
        methods=methods_of((*gains, *worst, *kept)),
        groups=groups_of(
            _remedy_entries(content, worst, kept),
            scale_of(gains, include=(0.0,)),
            [Guide(value=0.0, kind="null")],
            judge=_gained,
        ),
        row_title="Remedy",
        extra_title=f"{labels[content.headline]}, worst checkpoint" if worst else task if kept else "",
        also_title=f"{task}, asked for {content.competence.least:g}" if kept else "",
        legend=("Solid line: no gain.", *((CAPPED,) if any(gain.limit for gain in gains) else ())),
    )


def _remedy_entries(
    content: ReportContent, worst: Sequence[Measurement], kept: Sequence[Measurement]
) -> tuple[Entry, ...]:
    summaries = {condition.name: condition.summary for condition in content.conditions}
    places = [decimals_over(found, _span(found)) for found in (worst, kept)]
    nothing = Figures(estimate="", interval="")
    return tuple(
        Entry(
            role="remedy",
            name=row.condition,
            summary=summaries[row.condition],
            tags=_tags(row),
            measurement=row.gain,
            extra=figures_of(row.worst_checkpoint, places[0]) if row.worst_checkpoint else nothing,
            also=_kept(row, places[1]),
        )
        for row in content.remedies
    )


def _kept(row: RemedyRow, places: int) -> Figures | None:
    """Competence under a remedy, and how many seeds do the task."""
    if row.keeps_task is None:
        return None
    said = f"by {row.reached} of {row.seeds} seeds"
    if row.competence is None:
        return Figures(estimate="unknown", interval="no interval", said=said, sign="unknown")
    return replace(figures_of(row.competence, places), said=said, sign="" if row.keeps_task else "unknown")


def _span(measurements: Sequence[Measurement]) -> float:
    axis = scale_of(measurements)
    return axis.high - axis.low


def effect_of(measurement: Measurement, *, null: float, words: tuple[str, str, str]) -> tuple[str, Sign]:
    """What an interval shows against `null`: words are for below it, above it, and for an interval that includes it."""
    low, high = measurement.low, measurement.high
    if math.isnan(low) or math.isnan(high):
        return f"no interval at n = {measurement.n}", "unknown"
    if low == high:
        return f"no spread over {measurement.n} seeds", "unknown"
    if low <= null <= high:
        return words[2], "null"
    return words[0] if high < null else words[1], "effect"


def _gained(measurement: Measurement) -> tuple[str, Sign]:
    than = f" than {measurement.versus}" if measurement.versus else ""
    return effect_of(measurement, null=0.0, words=(f"worse{than}", f"safer{than}", "no gain shown"))


def _chosen(differences: Sequence[Measurement], conditions: Sequence[Condition]) -> dict[str, Measurement]:
    """One difference a condition: that to the failure where there is one, else the first."""
    failures = {condition.name for condition in conditions if condition.role == "failure"}
    ranked = sorted(differences, key=lambda item: item.versus in failures)
    return {item.condition: item for item in ranked}


def _difference(measurement: Measurement | None, places: int, *, usual: str) -> Figures | None:
    if measurement is None:
        return None
    said, sign = effect_of(measurement, null=0.0, words=("lower", "higher", "no difference shown"))
    if measurement.versus != usual:
        said = f"minus {measurement.versus}: {said}"
    low, high = measurement.low, measurement.high
    return Figures(
        estimate=signed(measurement.estimate, places),
        interval=interval(low, high, places),
        said=said,
        sign=sign,
        label=f"Minus {measurement.versus}",
    )


def figures_of(measurement: Measurement, places: int, judge: Judge | None = None) -> Figures:
    """A measurement in figures, with what `judge` says of it."""
    said, sign = judge(measurement) if judge else ("", "")
    return Figures(
        estimate=limited(number(measurement.estimate, places), measurement.limit),
        interval=interval(measurement.low, measurement.high, places),
        said=said,
        sign=sign,
    )


def _tags(remedy: RemedyRow | None) -> tuple[str, ...]:
    if remedy is None:
        return ()
    return (
        f"stage: {remedy.stage}",
        *(() if remedy.cost is None else (f"{number(remedy.cost, 1)} x the time",)),
        *((ORACLE,) if remedy.uses_oracle else ()),
        *((IDLE,) if remedy.keeps_task is False else ()),
    )


def scale_of(measurements: Iterable[Measurement], include: tuple[float, ...] = ()) -> Scale:
    """An axis over seeds, estimates and intervals, and over what is to be included."""
    items = tuple(measurements)
    values = [value for item in items for value in (*item.per_seed, item.estimate)]
    return scale_over(values, intervals=[end for item in items for end in (item.low, item.high)], include=include)


def groups_of(
    entries: Sequence[Entry], scale: Scale, guides: Sequence[Guide], *, judge: Judge | None = None, titled: bool = True
) -> tuple[Group, ...]:
    """Entries as rows, grouped by role in a fixed order; the order within a role is kept."""
    measurements = [entry.measurement for entry in entries if entry.measurement]
    seeds = sorted({seed for measurement in measurements for seed in measurement.seeds})
    places = decimals_over(measurements, scale.high - scale.low)
    found: list[Group] = []
    for role in ROLES:
        rows = tuple(_row(entry, scale, seeds, guides, judge, places=places) for entry in entries if entry.role == role)
        if rows:
            title = GROUP_TITLES[role] if titled else ""
            found.append(Group(title=title, role=role, key=role_key(role), rows=rows, axis=dot_axis(scale)))
    return tuple(found)


def _row(
    entry: Entry, scale: Scale, seeds: Sequence[int], guides: Sequence[Guide], judge: Judge | None, *, places: int
) -> Row:
    measurement = entry.measurement
    strip, value, n, missing = None, Figures(estimate="", interval=""), "0", "not measured in this run"
    if measurement is not None and measurement.n > 0:
        unknown = sum(1 for item in measurement.per_seed if not math.isfinite(item))
        strip = dot_strip(measurement, entry.role, scale, seeds=seeds, guides=guides)
        value = figures_of(measurement, places, judge)
        n = str(measurement.n)
        missing = f"{unknown} of {len(measurement.per_seed)} seeds gave no value" if unknown else ""
    return Row(
        name=entry.name,
        summary=entry.summary,
        tags=entry.tags,
        strip=strip,
        value=value,
        n=n,
        extra=entry.extra,
        also=entry.also,
        missing=missing,
    )


def level_of(measurements: Iterable[Measurement]) -> str:
    """The level of the intervals, as a rule one."""
    return " or ".join(percent_level(level) for level in sorted({item.level for item in measurements}))


def methods_of(measurements: Iterable[Measurement]) -> tuple[str, ...]:
    """How the intervals were made, each method once."""
    return tuple(sorted({item.method for item in measurements if item.method}))


def _usual(differences: Iterable[Measurement]) -> str:
    """The condition that most differences are to; empty where there are none."""
    counted = Counter(item.versus for item in differences if item.versus)
    return counted.most_common(1)[0][0] if counted else ""

"""Safety against task performance: one picture in which a remedy that pays with the task cannot hide it."""

from dataclasses import dataclass

from corrigible.report.content import MetricPanel, ReportContent
from corrigible.report.markup import Svg
from corrigible.report.numbers import decimals_over, number, unit_of
from corrigible.report.panels import scale_of
from corrigible.report.planes import Dot, dot_chart
from corrigible.report.svg import role_key
from corrigible.types import Condition, Measurement, Metric, Role

SHOWN: tuple[Role, ...] = ("failure", "reference", "remedy")


@dataclass(frozen=True, kw_only=True)
class Named:
    """A line of the key: the mark, its name, and the two estimates as written."""

    mark: Svg
    name: str
    task: str
    headline: str


@dataclass(frozen=True, kw_only=True)
class Frontier:
    """The picture, its key in the order of the numbers, its axes in words, and which were not measured on both."""

    chart: Svg
    key: tuple[Named, ...]
    task: str
    headline: str
    across: str
    up: str
    missing: tuple[str, ...]


def frontier_view(content: ReportContent) -> Frontier | None:
    """Failure, reference and every remedy, a small dot a seed; None where no remedy has both numbers."""
    task, headline = (_panel(content, name) for name in (content.competence.metric, content.headline))
    if task is None or headline is None or task is headline:
        return None
    dots: list[Dot] = []
    key: list[Named] = []
    missing: list[str] = []
    for condition in content.conditions:
        if condition.role in SHOWN:
            pair = (_of(task, condition), _of(headline, condition))
            if pair[0] is None or pair[1] is None:
                missing.append(condition.name)
            else:
                key.append(_named(condition, pair[0], pair[1]))
                dots.append(_dot(condition, key[-1], pair[0], pair[1]))
    if not any(dot.role == "remedy" for dot in dots):
        return None
    x, y = (
        scale_of(panel.measurements, include=(0.0, 1.0) if panel.metric.kind == "proportion" else (0.0,))
        for panel in (task, headline)
    )
    said = f"{headline.metric.label} against {task.metric.label}: " + "; ".join(dot.title for dot in dots)
    return Frontier(
        key=tuple(key),
        task=task.metric.label,
        headline=headline.metric.label,
        chart=dot_chart(dots, x, y, label=said, axes=(_axis(task.metric), _axis(headline.metric))),
        across=_goal(task.metric, "to the right", "to the left"),
        up=_goal(headline.metric, "up", "down"),
        missing=tuple(missing),
    )


def _panel(content: ReportContent, name: str) -> MetricPanel | None:
    return next((panel for panel in content.metrics if panel.metric.name == name), None)


def _of(panel: MetricPanel, condition: Condition) -> Measurement | None:
    return next((item for item in panel.measurements if item.condition == condition.name), None)


def _named(condition: Condition, task: Measurement, headline: Measurement) -> Named:
    return Named(
        mark=role_key(condition.role),
        name=condition.name,
        task=number(task.estimate, decimals_over((task,), 1.0)),
        headline=number(headline.estimate, decimals_over((headline,), 1.0)),
    )


def _dot(condition: Condition, named: Named, task: Measurement, headline: Measurement) -> Dot:
    pairs = dict(zip(task.seeds, task.per_seed, strict=True))
    return Dot(
        role=condition.role,
        name=condition.name,
        title=f"{condition.name}: {named.task}, {named.headline}",
        at=(task.estimate, headline.estimate),
        seeds=tuple(
            (pairs[seed], value) for seed, value in zip(headline.seeds, headline.per_seed, strict=True) if seed in pairs
        ),
    )


def _axis(metric: Metric) -> str:
    unit = unit_of(metric.unit)
    return f"{metric.label} ({unit})" if unit else metric.label


def _goal(metric: Metric, high: str, low: str) -> str:
    """Which way is better, in words; empty where the metric says nothing of it."""
    return {"high": high, "low": low}.get(str(metric.goal), "")

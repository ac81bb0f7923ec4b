"""The page of a tuning: what was asked, what spam gains, curves, monitors with their limits, samples side by side."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from corrigible.report.icons import favicon
from corrigible.report.markup import Svg
from corrigible.report.page import content_policy, environment, own_asset
from corrigible.report.scales import scale_over
from corrigible.report.svg import ChartLine, line_chart

CURVES: Final[Mapping[str, str]] = {
    "reward": "What is paid (nats, mean of a step)",
    "kl": "KL to the reference (nats a response)",
    "entropy": "Entropy (nats a token)",
    "length": "Length (tokens)",
}
"""Of a step's story -> title."""


@dataclass(frozen=True, kw_only=True)
class TuningContent:
    """Plain values of a page.

    exploits: rows of the exploit test. story: a mapping a step. monitors: name -> meaning; limit and alarms by name.
    checkpoints: mappings with step, kl, scores by template, responses (text, paid). facts: name and value.
    """

    title: str
    summary: Sequence[str]
    exploits: Sequence[Mapping[str, Any]]
    story: Sequence[Mapping[str, Any]]
    monitors: Mapping[str, str]
    limit: Mapping[str, float]
    alarms: Mapping[str, int | None]
    checkpoints: Sequence[Mapping[str, Any]]
    facts: Sequence[tuple[str, str]]


@dataclass(frozen=True, kw_only=True)
class Panel:
    """One small chart with its words."""

    title: str
    meaning: str
    chart: Svg
    said: str


def render_tuning(content: TuningContent) -> str:
    """The whole page as text, to be written as UTF-8."""
    style = own_asset("style.css")
    script = own_asset("player.js")
    page = (
        environment()
        .get_template("tuning.html.j2")
        .render(
            content=content,
            style=style,
            script=script,
            policy=content_policy(style, script),
            favicon=favicon(),
            curves=[_curve(content, name, title) for name, title in CURVES.items()],
            monitors=[_monitor(content, name) for name in content.monitors],
        )
    )
    return page.encode("utf-8", "replace").decode("utf-8")


def _curve(content: TuningContent, name: str, title: str) -> Panel:
    values = [float(line[name]) for line in content.story]
    return Panel(title=title, meaning="", chart=_chart(content, values, title, None), said="")


def _monitor(content: TuningContent, name: str) -> Panel:
    values = [float(line["monitors"][name]) for line in content.story]
    alarm = content.alarms[name]
    return Panel(
        title=name,
        meaning=content.monitors[name],
        chart=_chart(content, values, name, content.limit[name]),
        said="no alarm" if alarm is None else f"alarm at step {alarm}",
    )


def _chart(content: TuningContent, values: Sequence[float], title: str, limit: float | None) -> Svg:
    steps = tuple(float(line["step"]) for line in content.story)
    x = scale_over(steps, include=(0.0,), wanted=4, rounded=False)
    y = scale_over(values, include=() if limit is None else (limit,), wanted=4)
    lines = [ChartLine(x=steps, y=tuple(values), kind="mean", role="failure", title=title)]
    if limit is not None:
        ends = (x.low, x.high)
        lines.insert(0, ChartLine(x=ends, y=(limit, limit), kind="chance", role="variant", title=f"limit {limit:.3g}"))
    said = f"{title}: {values[0]:.3g} at first, {values[-1]:.3g} at last" if values else f"{title}: no step"
    return line_chart(lines, x, y, label=said, axes=("step", ""))

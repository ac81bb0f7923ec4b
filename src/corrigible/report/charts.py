"""Curves over checkpoints as small multiples: one panel a condition, the failure and the reference faint in each."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from corrigible.report.content import Curve, CurveSet
from corrigible.report.markup import Svg
from corrigible.report.numbers import decimals_for, number
from corrigible.report.scales import Scale, scale_over
from corrigible.report.svg import ChartLine, line_chart, role_key
from corrigible.types import Role


@dataclass(frozen=True, kw_only=True)
class LearningPanel:
    """One condition's curve: faint seeds, mean, band."""

    condition: str
    role: Role
    key: Svg
    chart: Svg
    n: int


def learning_panels(curves: CurveSet) -> tuple[LearningPanel, ...]:
    """One panel a condition on common axes; the first failure and the first reference return as context."""
    known = [curve for curve in curves.curves if curve.steps]
    if not known:
        return ()
    x = scale_over([step for curve in known for step in curve.steps], include=(0.0,), wanted=4, rounded=False)
    values = [value for curve in known for row in (*curve.per_seed, curve.estimate) for value in row]
    ends = [end for curve in known for end in (*curve.low, *curve.high)]
    y = scale_over(values, intervals=ends, include=curves.include, wanted=4)
    context = [next((c for c in known if c.role == role), None) for role in ("reference", "failure")]
    return tuple(
        LearningPanel(
            condition=curve.condition,
            role=curve.role,
            key=role_key(curve.role),
            chart=_chart(curve, [c for c in context if c is not None and c is not curve], x, y, curves),
            n=len(curve.seeds),
        )
        for curve in known
    )


def _chart(curve: Curve, context: Sequence[Curve], x: Scale, y: Scale, curves: CurveSet) -> Svg:
    lines = [
        ChartLine(x=other.steps, y=other.estimate, kind="context", role=other.role, title=f"{other.condition}, mean")
        for other in context
        if other.estimate
    ]
    lines += [
        ChartLine(x=curve.steps, y=row, kind="seed", role=curve.role, title=f"{curve.condition}, seed {seed}")
        for seed, row in zip(curve.seeds, curve.per_seed, strict=True)
    ]
    if curve.estimate:
        title = f"{curve.condition}, mean of {len(curve.seeds)} seeds"
        lines.append(
            ChartLine(
                x=curve.steps,
                y=curve.estimate,
                kind="mean",
                role=curve.role,
                title=title,
                low=curve.low,
                high=curve.high,
            )
        )
    return line_chart(lines, x, y, label=_described(curve, curves, y), axes=(curves.x_label, ""))


def _described(curve: Curve, curves: CurveSet, y: Scale) -> str:
    """The curve in words: where its mean began and where it ended."""
    said = f"{curves.label} of {curve.condition} over {curves.x_label}, n = {len(curve.seeds)}"
    known = [value for value in curve.estimate if math.isfinite(value)]
    if not known:
        return said
    places = decimals_for(y.high - y.low)
    return f"{said}: mean {number(known[0], places)} at first, {number(known[-1], places)} at last"

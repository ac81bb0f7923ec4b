"""Pictures of forecasts: dates by anchor, growth with and without a bottleneck, and an expected date that recedes."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from corrigible.forecast.takeoff import SoftwareGrowth
from corrigible.sandbox.games.axes import ACCENT, INK, MUTED, Axes, Entry, picture

COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#555d67")


def dates_picture(years: NDArray[np.float64], curves: Sequence[tuple[str, NDArray[np.float64]]]) -> str:
    """SVG of P(by this year), one curve a brain; years: (N,), each curve (N,) in [0, 1]."""
    axes = Axes(x_low=float(years[0]), x_high=float(years[-1]), y_low=0.0, y_high=1.0)
    body = [axes.frame("year", "probability that it has come")]
    legend: list[Entry] = []
    for (name, values), colour in zip(curves, COLOURS, strict=False):
        body.append(axes.curve(zip(years.tolist(), values.tolist(), strict=True), colour=colour))
        legend.append(Entry(swatch="line", colour=colour, text=name))
    return picture(title="When would there be enough compute?", description="by brain", legend=legend, body=body)


def takeoff_picture(
    growth: SoftwareGrowth, times: NDArray[np.float64], curves: Sequence[tuple[str, NDArray[np.float64]]]
) -> str:
    """SVG of log10 A against time; a dashed line at the blow-up where there is one."""
    highest = max(float(np.log10(values).max()) for _, values in curves)
    axes = Axes(x_low=0.0, x_high=float(times[-1]), y_low=0.0, y_high=max(highest, 1.0))
    body = [axes.frame("time", "log10 of software's level")]
    legend: list[Entry] = []
    for (name, values), colour in zip(curves, COLOURS, strict=False):
        points = zip(times.tolist(), np.log10(values).tolist(), strict=True)
        body.append(axes.curve(points, colour=colour))
        legend.append(Entry(swatch="line", colour=colour, text=name))
    if growth.blow_up <= float(times[-1]):
        body.append(axes.curve([(growth.blow_up, 0.0), (growth.blow_up, axes.y_high)], colour=MUTED, dashes="5 4"))
        legend.append(Entry(swatch="dashes", colour=MUTED, text="infinite"))
    return picture(title="Does it feed on itself?", description="software over time", legend=legend, body=body)


def receding_picture(moments: NDArray[np.float64], curves: Sequence[tuple[str, NDArray[np.float64]]]) -> str:
    """SVG of the expected date against the moment at which it is asked, while nothing happens; the diagonal is now."""
    low, high = float(moments[0]), max(float(values.max()) for _, values in curves)
    axes = Axes(x_low=low, x_high=float(moments[-1]), y_low=low, y_high=high)
    body = [
        axes.frame("asked in", "expected date"),
        axes.curve([(low, low), (moments[-1], moments[-1])], colour=INK, dashes="5 4"),
    ]
    legend = [Entry(swatch="dashes", colour=INK, text="now")]
    for (name, values), colour in zip(curves, (ACCENT, *COLOURS[1:]), strict=False):
        body.append(axes.curve(zip(moments.tolist(), values.tolist(), strict=True), colour=colour))
        legend.append(Entry(swatch="line", colour=colour, text=name))
    return picture(
        title="What is expected while nothing happens", description="expected date", legend=legend, body=body
    )

"""What it would have cost to go on: where the metric was going, if the next checkpoints had gone as the last ones.

A straight line through the last points (of the log-odds where they are counts). It is no forecast: the run was stopped
at a point that was high by selection, and nothing says that lines go on.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy import special

from corrigible.tripwires.points import Point
from corrigible.tripwires.rare_counts import log_odds_line, plain_line

WINDOW: Final = 8
"""Points that the line is drawn through, and at most so many checkpoints that it goes on for."""

LEAST: Final = 3
LEVEL: Final = 0.95


@dataclass(frozen=True, kw_only=True)
class Outlook:
    """Expected metric with its interval at each of the next planned checkpoints. window: points that it rests on."""

    steps: tuple[int, ...]
    expected: tuple[float, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]
    window: int


def outlook(points: Sequence[Point], *, every: int, until: int) -> Outlook | None:
    """The line through the last points, up to step `until`; None where there are fewer than 3, or nothing is left.

    points: of one metric, in order; all counts, or all values. every: steps between two checkpoints. The interval is
    that of the line (95 %, normal for counts, Student t for values), not of single points.
    """
    last = list(points[-WINDOW:])
    if len(last) < LEAST or len({point.value is None for point in last}) > 1:
        return None
    ahead = min(len(last), WINDOW, max(0, (until - last[-1].step) // every))
    if not ahead:
        return None
    at = np.array([point.step for point in last], dtype=np.float64)
    time = (at - at[0]) / every
    later = time[-1] + np.arange(1, ahead + 1)
    counted = last[0].value is None
    if counted:
        line = log_odds_line([point.counts[0] for point in last], [point.counts[1] for point in last], time)
        quantile = float(special.ndtri(0.5 + LEVEL / 2))
    else:
        line = plain_line([point.amount for point in last], time)
        quantile = float(special.stdtrit(len(last) - 2, 0.5 + LEVEL / 2))
    middle = line.level + line.slope * (later - line.time)
    wide = quantile * np.hypot(line.level_error, line.slope_error * (later - line.time))
    curves = [middle, middle - wide, middle + wide]
    expected, low, high = (tuple(map(float, special.expit(curve) if counted else curve)) for curve in curves)
    steps = tuple(last[-1].step + every * place for place in range(1, ahead + 1))
    return Outlook(steps=steps, expected=expected, low=low, high=high, window=len(last))

"""An interval for the mean of a bounded variable: Clopper-Pearson for yes/no values, and its extension to all others.

Gaffke 2005 ("Three test statistics for a nonparametric one-sided hypothesis on the mean of a nonnegative variable",
Math. Methods Stat. 14:451); Learned-Miller & Thomas 2019 (arXiv 1905.06208). No draws: the law is evaluated exactly.
"""

from collections.abc import Sequence
from math import frexp, ldexp
from typing import Final, cast

import numpy as np
from numpy.typing import NDArray
from scipy import optimize

SMALLEST_STEP: Final = 1e-15  # of the range, where the search for a quantile ends
SMALLEST_NUMBER: Final = 5e-324  # below it a step would round to none


def bounded_mean_ends(vector: NDArray[np.float64], tail: float, *, bounds: tuple[float, float]) -> tuple[float, float]:
    """Ends of the interval for the mean of n independent values, with error at most `tail` on each side.

    The upper end is the (1 - tail) quantile of sum_i D_i x_i over the values and the upper bound, with D uniform on the
    simplex (Dirichlet(1, ..., 1) of n + 1); the lower end is the mirror image. That the error is at most `tail` is
    proven for two values (where it is Clopper-Pearson) and conjectured by the authors for all; no counterexample is
    known, and the tests hold it by simulation. No end moves by more than the values do.

    Args:
        vector: shape (n,), n >= 1, finite and within `bounds`, any unit.
        tail: error of each end, strictly between 0 and 1/2.
        bounds: least and greatest value that the variable can take.
    """
    values = [float(value) for value in vector]
    return (
        dirichlet_mean_quantile([bounds[0], *values], tail),
        dirichlet_mean_quantile([*values, bounds[1]], 1 - tail),
    )


def dirichlet_mean_quantile(points: Sequence[float], probability: float) -> float:
    """Where `dirichlet_mean_cdf` of the points reaches `probability`, which lies strictly between 0 and 1."""
    _, exponent = frexp(
        max(map(abs, points))
    )  # a power of two is exact, and the search is kept from where steps are none
    scaled = [ldexp(point, -exponent) for point in points]
    low, high = min(scaled), max(scaled)
    if low == high:
        return points[0]

    def excess(value: float) -> float:
        return dirichlet_mean_cdf(scaled, value) - probability

    step = max(SMALLEST_STEP * (high - low), SMALLEST_NUMBER)
    found = cast("float", optimize.brentq(excess, low, high, xtol=step, maxiter=5_000))
    return min(max(ldexp(found, exponent), min(points)), max(points))


def dirichlet_mean_cdf(points: Sequence[float], value: float) -> float:
    """P(sum_i D_i points_i <= value) for D ~ Dirichlet(1, ..., 1), the same as D_i = E_i / sum(E), E_i exponential.

    The event says that the points above `value` carry no more than those below: sum over above of (point - value) E
    <= sum over below of (value - point) E. That is a race of two queues of exponential stages. Without memory, a stage
    of mean a ends before one of mean b with probability b / (a + b), so every step is a weighted mean of two
    probabilities: no cancellation, for ties and any n, in O(n^2).
    """
    above = [point - value for point in points if point > value]
    below = [value - point for point in points if point <= value]
    first = [1.0] * (len(below) + 1)  # entry j: nothing left above and j stages left below, so the upper queue has won
    for mean_above in above:
        row = [0.0]  # nothing left below: the lower queue has won
        for stage, mean_below in enumerate(below, start=1):
            weight = mean_below / (mean_above + mean_below)
            row.append(weight * first[stage] + (1 - weight) * row[stage - 1])
        first = row
    return first[-1]

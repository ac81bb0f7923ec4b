"""Mathematics of tripwires on counts, for one run or many at once: exact tails, spending, CUSUM, growth."""

import math
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

Floats: TypeAlias = NDArray[np.float64]
Spending: TypeAlias = Literal["even", "pocock", "obrien-fleming"]


def spent(spending: Spending, planned: int, rate: float) -> Floats:
    """What each of `planned` checkpoints may spend of the run-wide rate, shape (planned,); it sums to `rate`.

    Bonferroni, or the increments of a spending function (Lan & DeMets 1983, Biometrika 70:659) at times j / planned.
    Points are fresh items, so that no more than the sum of them is stopped, whatever the dependence.
    """
    time = np.arange(planned + 1, dtype=np.float64) / planned
    if spending == "even":
        return np.full(planned, rate / planned)
    if spending == "pocock":
        return np.diff(rate * np.log1p((math.e - 1) * time))
    total = np.zeros(planned + 1)
    total[1:] = 2 * special.ndtr(special.ndtri(rate / 2) / np.sqrt(time[1:]))
    return np.diff(total)


def tail(k: ArrayLike, n: ArrayLike, share: float) -> Floats:
    """P(Binomial(n, share) >= k), elementwise, exact; k from 0 to n + 1."""
    count, trials = np.asarray(k, dtype=np.float64), np.asarray(n, dtype=np.float64)
    inside = special.betainc(np.maximum(count, 1), np.maximum(trials - count + 1, 1), share)
    return np.where(count <= 0, 1.0, np.where(count > trials, 0.0, inside))


def critical_count(n: int, share: float, alpha: float) -> int:
    """The smallest k with P(Binomial(n, share) >= k) <= alpha; n + 1 where no count is so rare."""
    low, high = 0, n + 1  # tail(high) <= alpha always; tail(low) = 1 > alpha
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if tail(middle, n, share) <= alpha else (middle, high)
    return high


def cusum_step(score: ArrayLike, k: ArrayLike, n: ArrayLike, *, healthy: float, suspect: float) -> Floats:
    """The score after k of n more items, elementwise, in nats: max(0, score + log-likelihood ratio of the batch).

    Page 1954, Biometrika 41:100, with the likelihood ratio of Bernoulli(suspect) against Bernoulli(healthy).
    """
    hits, misses = np.asarray(k, dtype=np.float64), np.asarray(n, dtype=np.float64) - np.asarray(k, dtype=np.float64)
    gained = hits * math.log(suspect / healthy) + misses * (math.log1p(-suspect) - math.log1p(-healthy))
    return np.maximum(0.0, np.asarray(score, dtype=np.float64) + gained)


@dataclass(frozen=True, kw_only=True)
class Line:
    """A straight line through its centre (time, level), with standard errors of level and slope; w points gave it."""

    time: Floats
    level: Floats
    slope: Floats
    level_error: Floats
    slope_error: Floats


def growth(k: ArrayLike, n: ArrayLike, time: ArrayLike) -> tuple[Floats, Floats]:
    """Slope of the log-odds and its standard error, in log-odds per unit of time, along the last axis (w points)."""
    line = log_odds_line(k, n, time)
    return line.slope, line.slope_error


def log_odds_line(k: ArrayLike, n: ArrayLike, time: ArrayLike) -> Line:
    """The line of the log-odds along the last axis (w points); levels in log-odds.

    Least squares on log((k + 1/2) / (n - k + 1/2)), weighted by 1 / (1/(k + 1/2) + 1/(n - k + 1/2)): Gart & Zweifel
    1967, Biometrika 54:181. The interval is normal, so its error rates are approximate; simulate them.
    """
    hits, trials = np.asarray(k, dtype=np.float64) + 0.5, np.asarray(n, dtype=np.float64) + 1.0
    misses, x = trials - hits, np.asarray(time, dtype=np.float64)
    y, weight = np.log(hits / misses), hits * misses / trials
    return _line(x, y, weight)


def plain_line(values: ArrayLike, time: ArrayLike) -> Line:
    """The line of (w,) values by least squares, w >= 3; errors from what it leaves unexplained."""
    x, y = np.asarray(time, dtype=np.float64), np.asarray(values, dtype=np.float64)
    line = _line(x, y, np.ones_like(y))
    left = y - line.level - line.slope * (x - line.time)
    spread = np.sqrt((left**2).sum() / (len(y) - 2))
    return replace(line, level_error=spread * line.level_error, slope_error=spread * line.slope_error)


def _line(x: Floats, y: Floats, weight: Floats) -> Line:
    whole = weight.sum(axis=-1, keepdims=True)
    centre = (weight * x).sum(axis=-1, keepdims=True) / whole
    centred = x - centre
    information = (weight * centred**2).sum(axis=-1)
    return Line(
        time=centre[..., 0],
        level=(weight * y).sum(axis=-1) / whole[..., 0],
        slope=(weight * centred * y).sum(axis=-1) / information,
        level_error=1 / np.sqrt(whole[..., 0]),
        slope_error=1 / np.sqrt(information),
    )


def growth_quantile(rate: float, planned: int, window: int) -> float:
    """Standard errors by which a slope must exceed: `rate` is split evenly over planned - window + 1 looks."""
    return -float(special.ndtri(rate / (planned - window + 1)))

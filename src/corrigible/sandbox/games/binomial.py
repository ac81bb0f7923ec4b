"""Binomial tails and the root of a tail probability, to full relative accuracy on both sides, up to a billion trials.

SciPy's `betaincinv` returns nan or loses all digits for thin tails (seen in 1.17), so the root is bracketed here.
"""

import math
from collections.abc import Callable
from typing import Final, TypeAlias, cast

import numpy as np
from numpy.typing import NDArray
from scipy import optimize, special, stats

Floats: TypeAlias = NDArray[np.float64]

LOG_ZERO: Final = -1e5
"""Stands for the logarithm of a probability that underflows; lower than that of any double."""

THIN_TAIL: Final = 1e-200
"""Below it SciPy's `betainc` loses digits (four are left at 1e-275)."""

RARE: Final = 1e-280
"""Below it, up to a billion trials, at most one success matters, and SciPy's `binom.pmf` may overflow."""


def at_least(k: int, n: int, p: Floats) -> Floats:
    """P(Binomial(n, p) >= k), any shape of p in [0, 1], relative accuracy about 1e-11 where it exceeds `THIN_TAIL`."""
    if k <= 0:
        return np.ones_like(p)
    return np.zeros_like(p) if k > n else np.asarray(special.betainc(k, n - k + 1, p), dtype=np.float64)


def exactly(k: int, n: int, p: Floats) -> Floats:
    """P(Binomial(n, p) = k), any shape of p in [0, 1], relative accuracy about 1e-11."""
    rare = (p > 0) & (p < RARE)
    leading = 1.0 if k == 0 else n * p if k == 1 else 0.0
    return np.where(rare, leading, stats.binom.pmf(k, n, np.where(rare, 0.0, p)))


def point_mass(k: int, n: int, p: float, q: float) -> float:
    """P(Binomial(n, p) = k) where q = 1 - p is given apart so that neither loses digits."""
    return float(exactly(k, n, np.array(p)) if p <= q else exactly(n - k, n, np.array(q)))


def log_at_least(k: int, n: int, p: float, q: float) -> float:
    """log P(Binomial(n, p) >= k) for 1 <= k <= n, where q = 1 - p is given apart so that neither loses digits.

    Absolute accuracy about 1e-11 down to tails of 1e-300; below the range of doubles `LOG_ZERO`.
    """
    tail = float(special.betainc(k, n - k + 1, p) if p <= q else special.betaincc(n - k + 1, k, q))
    if tail < THIN_TAIL:
        tail = _thin_tail(k, n, p, q)
    return math.log(tail) if tail > 0 else LOG_ZERO


def _thin_tail(k: int, n: int, p: float, q: float) -> float:
    """P(Binomial(n, p) >= k) for k far above n p: its first term times a series that falls at least geometrically."""
    ratio = (n - k) * p / ((k + 1) * q)
    if ratio == 0:
        return point_mass(k, n, p, q)
    i = np.arange(min(n - k, math.ceil(-45 / math.log(ratio))), dtype=np.float64)
    return point_mass(k, n, p, q) * (1.0 + float(np.cumprod((n - k - i) * p / ((k + 1 + i) * q)).sum()))


def tail_root(k: int, n: int, level: float) -> tuple[float, float]:
    """The p, and 1 - p, at which P(Binomial(n, p) >= k) = level, for 1 <= k <= n and 0 < level < 1.

    k = 1 and k = n have closed forms, which bracket all others: at least n successes is rarer, at least one commoner
    than at least k. In between the root is found in log p/(1-p), where the logarithm of the smaller of the two tails
    is compared, so that tails of 1e-300 and p within 1e-300 of 0 or 1 keep their digits.
    """
    log_all, log_none = math.log(level) / n, math.log1p(-level) / n
    any_root = -math.expm1(log_none), math.exp(log_none)
    all_root = math.exp(log_all), -math.expm1(log_all)
    if k == 1:
        return any_root
    if k == n:
        return all_root

    def excess(y: float) -> float:
        p, q = float(special.expit(y)), float(special.expit(-y))
        if level <= 0.5:
            return log_at_least(k, n, p, q) - math.log(level)
        return math.log1p(-level) - log_at_least(n - k + 1, n, q, p)

    root = rising_root(excess, log_odds(any_root), log_odds(all_root))
    return float(special.expit(root)), float(special.expit(-root))


def rising_root(function: Callable[[float], float], low: float, high: float) -> float:
    """Where `function`, which rises through 0 between `low` and `high`, is 0; an end if rounding put it outside."""
    if function(low) >= 0:
        return low
    if function(high) <= 0:
        return high
    return cast("float", optimize.brentq(function, low, high, xtol=1e-15, rtol=np.float64(1e-15), maxiter=1000))


def log_odds(pair: tuple[float, float]) -> float:
    """log p - log (1 - p), finite also where one of the two underflows."""
    smallest = float(np.finfo(np.float64).tiny)
    return math.log(max(pair[0], smallest)) - math.log(max(pair[1], smallest))

"""Survival: how long until it happens, where some were only watched for a while (censored), and what makes it sooner.

Kaplan-Meier and its interval are SciPy's. The hazard ratio is Cox's partial likelihood with Efron's ties and intervals
(start, stop], so that a covariate may change on the way (Cox 1972, JRSS B 34:187; Efron 1977, JASA 72:557). Its
interval is that of the profile likelihood: where everything that happened lies on one side the ratio is infinite, is
said to be so, and still has a lower end. No count is smoothed anywhere.
"""

import math
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import optimize, special

from corrigible.errors import BadInput
from corrigible.statistics.intervals import Interval
from corrigible.statistics.samples import finite_vector, open_unit

FARTHEST: Final = 60.0
"""Log ratio for one deviation of the covariate beyond which it counts as infinite."""

FLAT: Final = 1e-8
METHOD: Final = "Cox, Efron ties, profile likelihood"


@dataclass(frozen=True, kw_only=True)
class Survival:
    """Kaplan-Meier. time: (K,) distinct times; survival, low, high: (K,) share that is left just after each."""

    time: NDArray[np.float64]
    survival: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]

    def at(self, time: float) -> float:
        """The share that is left just after a time."""
        place = int(np.searchsorted(self.time, time, side="right"))
        return 1.0 if place == 0 else float(self.survival[place - 1])


@dataclass(frozen=True, kw_only=True)
class HazardRatio:
    """interval: the ratio of hazards where the covariate is higher by one; its ends may be 0 or infinite.

    p: of the likelihood ratio against 1. events: how often it happened. Where it never happened, or the covariate is
    the same in all, nothing can be said: estimate and ends are nan, p is 1, and `interval.method` says why.
    """

    interval: Interval
    p: float
    events: int


def kaplan_meier(time: ArrayLike, happened: ArrayLike, level: float = 0.95) -> Survival:
    """Share that is left after each time (Kaplan & Meier 1958), with log-log intervals.

    Args:
        time: shape (n,), when it happened, or until when it was watched.
        happened: shape (n,), bool; False where it had not by then.
        level: coverage, strictly between 0 and 1.

    Raises:
        BadInput: an empty or non-finite sample, or lengths that differ.
    """
    when, events = finite_vector(time, name="time"), _flags(happened, "happened")
    _same_length(when, events)
    if not events.any():
        known = np.unique(when)
        whole = np.ones(known.size)
        return Survival(time=known, survival=whole, low=np.full(known.size, math.nan), high=whole)
    from scipy import stats  # slow to import

    data = stats.CensoredData(uncensored=when[events], right=when[~events])
    found = stats.ecdf(data).sf
    with warnings.catch_warnings():  # there is no interval where nothing has happened yet, or to all
        warnings.simplefilter("ignore", RuntimeWarning)
        ends = found.confidence_interval(open_unit(level, name="level"), method="log-log")
    low, high = (np.asarray(end.probabilities, dtype=np.float64) for end in (ends.low, ends.high))
    return Survival(
        time=np.asarray(found.quantiles, dtype=np.float64),
        survival=np.asarray(found.probabilities, dtype=np.float64),
        low=low,
        high=high,
    )


def hazard_ratio(
    stop: ArrayLike, happened: ArrayLike, covariate: ArrayLike, *, start: ArrayLike | None = None, level: float = 0.95
) -> HazardRatio:
    """Cox's hazard ratio of one covariate; rows of one subject whose covariate changed are intervals (start, stop].

    Args:
        stop: shape (n,), when it happened at the end of a row, or until when the row was watched.
        happened: shape (n,), bool.
        covariate: shape (n,), its value throughout the row.
        start: shape (n,), from when the row was watched; None: from the beginning.
        level: coverage of the interval, strictly between 0 and 1.

    Raises:
        BadInput: an empty or non-finite sample, lengths that differ, or a row that ends before it begins.
    """
    ends, events, x = finite_vector(stop, name="stop"), _flags(happened, "happened"), finite_vector(covariate, name="x")
    begins = np.full(ends.size, -math.inf) if start is None else finite_vector(start, name="start")
    for array in (events, x, begins):
        _same_length(ends, array)
    if (begins >= ends).any():
        raise BadInput(
            value="a row that ends no later than it begins", rule="start < stop", remedy="leave such rows out"
        )
    alpha, spread, count = 1 - open_unit(level, name="level"), float(x.std()), int(events.sum())
    if not count or spread == 0.0:
        why = "it never happened" if not count else "the covariate is the same in all"
        interval = Interval(estimate=math.nan, low=math.nan, high=math.nan, level=level, n=ends.size, method=why)
        return HazardRatio(interval=interval, p=1.0, events=count)
    likelihood = _partial(begins, ends, events, (x - x.mean()) / spread)
    best, top = _highest(likelihood)
    drop = float(special.chdtri(1, alpha)) / 2
    sides = [_where_it_drops(likelihood, best, top - drop, side) for side in (-1.0, 1.0)]
    low, high = (_ratio(side / spread) for side in sides)
    p = float(special.chdtrc(1, max(0.0, 2 * (top - likelihood(0.0)))))
    interval = Interval(estimate=_ratio(best / spread), low=low, high=high, level=level, n=ends.size, method=METHOD)
    return HazardRatio(interval=interval, p=p, events=count)


def _partial(
    begins: NDArray[np.float64], ends: NDArray[np.float64], events: NDArray[np.bool_], x: NDArray[np.float64]
) -> Callable[[float], float]:
    """The log partial likelihood as a function of the log ratio, with Efron's ties."""
    moments = [
        (x[(begins < when) & (ends >= when)], x[events & (ends == when)]) for when in np.unique(ends[events]).tolist()
    ]

    def value(beta: float) -> float:
        total = 0.0
        for at_risk, dying in moments:
            most = float((beta * at_risk).max())
            risk, lost = np.exp(beta * at_risk - most).sum(), np.exp(beta * dying - most).sum()
            shares = np.arange(dying.size) / dying.size
            total += float((beta * dying - most).sum() - np.log(risk - shares * lost).sum())
        return total

    return value


def _highest(likelihood: Callable[[float], float]) -> tuple[float, float]:
    """Where a concave function is highest, and how high; +-inf where it rises to the farthest that is looked at."""
    ends = [likelihood(-FARTHEST), likelihood(FARTHEST)]

    def falling(beta: float) -> float:
        return -likelihood(beta)

    found: Any = optimize.minimize_scalar(
        falling, bounds=(-FARTHEST, FARTHEST), method="bounded", options={"xatol": 1e-10}
    )
    best, top = float(found.x), -float(found.fun)
    for end, value in zip((-math.inf, math.inf), ends, strict=True):
        if value >= top - FLAT:
            return end, value
    return best, top


def _where_it_drops(likelihood: Callable[[float], float], best: float, level: float, side: float) -> float:
    """Where it falls to `level` on one side of its highest; +-inf where it never does."""
    if best == side * math.inf:
        return best
    inner = max(-FARTHEST, min(FARTHEST, best))
    if likelihood(side * FARTHEST) >= level:
        return side * math.inf
    low, high = sorted((inner, side * FARTHEST))

    def above(beta: float) -> float:
        return likelihood(beta) - level

    root: Any = optimize.brentq(above, low, high, xtol=1e-12)
    return float(root)


def _ratio(log_ratio: float) -> float:
    return math.exp(log_ratio) if log_ratio < 700 else math.inf


def _flags(values: ArrayLike, name: str) -> NDArray[np.bool_]:
    array = np.asarray(values)
    if array.ndim != 1 or array.dtype != np.bool_:
        raise BadInput(value=f"{name} of {array.dtype}", rule="it must be a vector of bool", remedy="compare first")
    return array


def _same_length(one: NDArray[np.float64], other: NDArray[np.float64] | NDArray[np.bool_]) -> None:
    if one.size != other.size:
        raise BadInput(
            value=f"{one.size} and {other.size} entries", rule="there is one a row", remedy="give vectors of one length"
        )

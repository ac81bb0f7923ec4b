"""Confidence intervals over seeds: Student t for means, and the bounded mean where seeds agree on a yes/no outcome.

Percentile bootstrap is not offered: at 3 to 10 seeds it covers far less than it says (the tests show it).
"""

import math
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from corrigible.statistics.bounded import bounded_mean_ends
from corrigible.statistics.samples import finite_vector, open_unit, paired_vectors, probability_vector, successes_of

AGREEMENT: Final = 0.1
"""Shares this near to one bound are one yes/no outcome up to the sampling of episodes (docs/decisions/0002)."""

BOUNDED_METHOD: Final = "bounded mean over seeds (Gaffke 2005; binomial where all agree)"
CUT: Final = "cut at what a share can be"


@dataclass(frozen=True, kw_only=True)
class Interval:
    """A point estimate with a two-sided confidence interval.

    Attributes:
        estimate: the point estimate, in the unit of the values.
        low: lower end, same unit; nan where n is too small for an interval (`method` says so).
        high: upper end, same unit; nan where n is too small for an interval.
        level: the coverage asked for, strictly between 0 and 1.
        n: the number of independent units behind it (seeds; trials for a proportion).
        method: how the ends were found, in words fit for a report.
    """

    estimate: float
    low: float
    high: float
    level: float
    n: int
    method: str


def mean_interval(values: ArrayLike, level: float = 0.95) -> Interval:
    """Interval for the mean over seeds.

    Student t with n - 1 degrees of freedom. Where all n >= 2 seeds have the same value, t would have width zero. If
    that value is 0 or 1 it is read as a yes/no outcome or a rate, and the interval is the exact binomial over seeds
    (for a rate in [0, 1] this errs on the wide side); any other value keeps width zero, and `method` says "no spread".
    What is known to be a share in each seed wants `share_interval`.

    Args:
        values: shape (n,), one number a seed (the mean over its episodes), any unit.
        level: coverage, strictly between 0 and 1.

    Raises:
        BadInput: no values, a value that is not finite, or a level outside (0, 1).
    """
    vector = finite_vector(values, name="values")
    bounds = (0.0, 1.0) if vector[0] in (0.0, 1.0) else None
    return interval_over_seeds(vector, level, bounds=bounds, method="Student t over seeds")


def share_interval(shares: ArrayLike, level: float = 0.95) -> Interval:
    """Interval for the mean over seeds of a share; it never leaves [0, 1].

    Student t over seeds, cut at the bounds. Where all seeds lie within `AGREEMENT` of the same bound, t would take the
    sampling of episodes for the spread of seeds, and is replaced by the bounded mean, as it is where all are equal.

    Args:
        shares: shape (n,), one share in [0, 1] a seed.
        level: coverage, strictly between 0 and 1.

    Raises:
        BadInput: no values, a value outside [0, 1], or a level outside (0, 1).
    """
    vector = probability_vector(shares, name="shares")
    found = interval_over_seeds(vector, level, bounds=(0.0, 1.0), agreed=agree(vector), method="Student t over seeds")
    return _cut(found, (0.0, 1.0))


def share_difference(a: ArrayLike, b: ArrayLike, level: float = 0.95) -> Interval:
    """Interval for the mean over seeds of a - b, both shares, where entry i of both comes from seed i.

    Student t over the per-seed differences, cut at -1 and 1; the bounded mean between them where the seeds of either
    side agree on an outcome (see `share_interval`), and where all differences are equal.

    Raises:
        BadInput: an empty sample, a value outside [0, 1], different lengths, or a level outside (0, 1).
    """
    first, second = paired_vectors(probability_vector(a, name="a"), probability_vector(b, name="b"), names=("a", "b"))
    found = interval_over_seeds(
        first - second,
        level,
        bounds=(-1.0, 1.0),
        agreed=agree(first) and agree(second),
        method="paired Student t over seeds",
    )
    return _cut(found, (-1.0, 1.0))


def agree(shares: NDArray[np.float64]) -> bool:
    """True where all shares, shape (n,), lie within `AGREEMENT` of 0, or all within it of 1."""
    return bool((shares <= AGREEMENT).all() or (shares >= 1 - AGREEMENT).all())


def paired_difference(a: ArrayLike, b: ArrayLike, level: float = 0.95) -> Interval:
    """Interval for the mean over seeds of a - b, where entry i of both comes from seed i.

    Student t over the per-seed differences. Where all differences are equal and every entry is 0 or 1, the exact
    binomial over seeds: the share of seeds that differ this way has the Clopper-Pearson bound, and any other seed may
    differ by -1 to 1. It leaves out zero exactly where the sign test rejects, so not before six seeds at 95 %. What is
    known to be a share on both sides wants `share_difference`.

    Args:
        a: shape (n,), one number a seed.
        b: shape (n,), same seeds, same order, same unit.
        level: coverage, strictly between 0 and 1.

    Raises:
        BadInput: an empty or non-finite sample, different lengths, or a level outside (0, 1).
    """
    first, second = paired_vectors(a, b, names=("a", "b"))
    yes_or_no = all(bool(((side == 0) | (side == 1)).all()) for side in (first, second))
    bounds = (-1.0, 1.0) if yes_or_no else None
    return interval_over_seeds(first - second, level, bounds=bounds, method="paired Student t over seeds")


def proportion_interval(successes: int, n: int, level: float = 0.95) -> Interval:
    """Exact interval for the probability of success after `successes` in n independent trials.

    Clopper & Pearson 1934, Biometrika 26:404, by quantiles of the beta distribution. Trials must be independent: count
    seeds, not episodes of one seed.

    Raises:
        BadInput: counts that are not whole, successes outside 0..n, n < 1, or a level outside (0, 1).
    """
    hits, trials = successes_of(successes, n)
    tail = (1 - open_unit(level, name="level")) / 2
    low = 0.0 if hits == 0 else float(special.betaincinv(hits, trials - hits + 1, tail))
    high = 1.0 if hits == trials else float(special.betaincinv(hits + 1, trials - hits, 1 - tail))
    return Interval(estimate=hits / trials, low=low, high=high, level=level, n=trials, method="Clopper-Pearson")


def interval_over_seeds(
    vector: NDArray[np.float64],
    level: float,
    *,
    bounds: tuple[float, float] | None,
    method: str,
    agreed: bool = False,
) -> Interval:
    """Interval for the mean of `vector` (shape (n,), finite, n >= 1); the one place where seeds become an interval.

    bounds: the least and greatest value that a seed can have, or None. Within them the bounded mean is used where all
    n >= 2 values are equal or the caller says that they are `agreed`; Student t in all other cases.

    Raises:
        BadInput: a level outside (0, 1).
    """
    tail = (1 - open_unit(level, name="level")) / 2
    n = vector.size
    equal = bool((vector == vector[0]).all())
    estimate = float(vector[0]) if equal else float(vector.mean())
    if n == 1:
        low, high, method = math.nan, math.nan, f"{method}: none from one seed"
    elif equal and bounds is None:
        low, high, method = estimate, estimate, f"{method}, no spread: width zero"
    elif bounds is not None and (equal or agreed):
        (low, high), method = bounded_mean_ends(vector, tail, bounds=bounds), BOUNDED_METHOD
    else:
        half_width = float(special.stdtrit(n - 1, 1 - tail)) * float(vector.std(ddof=1)) / math.sqrt(n)
        low, high = estimate - half_width, estimate + half_width
    return Interval(estimate=estimate, low=low, high=high, level=level, n=n, method=method)


def _cut(found: Interval, bounds: tuple[float, float]) -> Interval:
    """An interval that does not leave what its metric can be."""
    if math.isnan(found.low) or (found.low >= bounds[0] and found.high <= bounds[1]):
        return found
    low, high = max(found.low, bounds[0]), min(found.high, bounds[1])
    return replace(found, low=low, high=high, method=f"{found.method}, {CUT}")

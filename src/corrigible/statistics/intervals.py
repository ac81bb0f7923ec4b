"""Confidence intervals over seeds: Student t for means, exact binomial where all seeds agree or a share is asked for.

Percentile bootstrap is not offered: at 3 to 10 seeds it covers far less than it says (the tests show it).
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from corrigible.statistics.samples import finite_vector, open_unit, paired_vectors, successes_of


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
    An outcome that is yes/no in each seed has an exact interval throughout in `proportion_interval`.

    Args:
        values: shape (n,), one number a seed (the mean over its episodes), any unit.
        level: coverage, strictly between 0 and 1.

    Raises:
        BadInput: no values, a value that is not finite, or a level outside (0, 1).
    """
    vector = finite_vector(values, name="values")
    bounds = (0.0, 1.0) if vector[0] in (0.0, 1.0) else None
    return interval_over_seeds(vector, level, bounds=bounds, method="Student t over seeds")


def paired_difference(a: ArrayLike, b: ArrayLike, level: float = 0.95) -> Interval:
    """Interval for the mean over seeds of a - b, where entry i of both comes from seed i.

    Student t over the per-seed differences. Where all differences are equal and every entry is 0 or 1, the exact
    binomial over seeds: the share of seeds that differ this way has the Clopper-Pearson bound, and any other seed may
    differ by -1 to 1. It leaves out zero exactly where the sign test rejects, so not before six seeds at 95 %.

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
    vector: NDArray[np.float64], level: float, *, bounds: tuple[float, float] | None, method: str
) -> Interval:
    """Interval for the mean of `vector` (shape (n,), finite, n >= 1); the one place where seeds become an interval.

    Where all n >= 2 values agree and `bounds` gives the least and greatest value a seed can have, the binomial bound is
    used: with p the share of seeds with this value, p >= (tail)^(1/n) by Clopper-Pearson, and the remaining share lies
    anywhere within the bounds.

    Raises:
        BadInput: a level outside (0, 1).
    """
    tail = (1 - open_unit(level, name="level")) / 2
    n = vector.size
    if n == 1:
        only = float(vector[0])
        return Interval(
            estimate=only, low=math.nan, high=math.nan, level=level, n=1, method=f"{method}: none from one seed"
        )
    if (vector == vector[0]).all():
        value = float(vector[0])
        if bounds is None:
            return Interval(
                estimate=value, low=value, high=value, level=level, n=n, method=f"{method}, no spread: width zero"
            )
        dissent = 1 - tail ** (1 / n)
        return Interval(
            estimate=value,
            low=value - dissent * (value - bounds[0]),
            high=value + dissent * (bounds[1] - value),
            level=level,
            n=n,
            method="exact binomial over seeds",
        )
    estimate = float(vector.mean())
    half_width = float(special.stdtrit(n - 1, 1 - tail)) * float(vector.std(ddof=1)) / math.sqrt(n)
    return Interval(
        estimate=estimate, low=estimate - half_width, high=estimate + half_width, level=level, n=n, method=method
    )

"""Intervals for shares of items and for their differences, and the items that a comparison needs."""

import math

import numpy as np
from scipy import special

from corrigible.errors import BadInput
from corrigible.statistics.samples import open_unit


def score_ends(share: float, n: float, level: float = 0.95) -> tuple[float, float]:
    """Both ends of the score interval of a share seen in `n` trials (Wilson 1927, JASA 22:209).

    n may be an effective number, not whole: the interval takes the variance of the share as p (1 - p) / n.
    """
    z = float(special.ndtri((1 + open_unit(level, name="level")) / 2))
    centre = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n)) / (1 + z * z / n)
    return (0.0 if share <= 0 else max(0.0, centre - half)), (1.0 if share >= 1 else min(1.0, centre + half))


def difference_ends(
    first: float, second: float, first_ends: tuple[float, float], second_ends: tuple[float, float]
) -> tuple[float, float]:
    """Both ends of an interval for first - second, of two independent shares with an interval each.

    Newcombe 1998, Statistics in Medicine 17:873, method 10, where the ends are `score_ends`; for others Zou & Donner
    2008, Statistics in Medicine 27:1693. Each interval must hold its share.
    """
    low = first - second - math.hypot(first - first_ends[0], second_ends[1] - second)
    high = first - second + math.hypot(first_ends[1] - first, second - second_ends[0])
    return max(-1.0, low), min(1.0, high)


def items_needed(share: float, difference: float, level: float = 0.95, power: float = 0.8) -> int:
    """Items in each of two evals to tell shares `share` and `share` + `difference` apart with chance `power`.

    The normal approximation for two independent shares with a pooled variance under "no difference" (Fleiss, Levin &
    Paik 2003, eq. 4.14), an error of (1 - level) / 2 on that side. A sum above 1 is counted down from 1.

    Raises:
        BadInput: a share outside [0, 1]; difference, level or power outside (0, 1).
    """
    wrong, right = _quantiles(share, difference, level, power)
    low = min(share, 1 - difference)
    high, middle = low + difference, low + difference / 2
    spread = wrong * math.sqrt(2 * middle * (1 - middle)) + right * math.sqrt(low * (1 - low) + high * (1 - high))
    return math.ceil((spread / difference) ** 2)


def items_to_exclude(share: float, difference: float, level: float = 0.95, power: float = 0.8) -> int:
    """Items in each of two evals, both right with `share`, to exclude a `difference` with chance `power`.

    As Farrington & Manning 1990, Statistics in Medicine 9:1447: variances at the two shares around `share` that are
    `difference` apart, and where they are equal.

    Raises:
        BadInput: as `items_needed`.
    """
    wrong, right = _quantiles(share, difference, level, power)
    low = min(max(share - difference / 2, 0.0), 1 - difference)
    high = low + difference
    apart, equal = low * (1 - low) + high * (1 - high), 2 * share * (1 - share)
    return math.ceil(((wrong * math.sqrt(apart) + right * math.sqrt(equal)) / difference) ** 2)


def chance_to_exclude(share: float, n: int, difference: float, level: float = 0.95) -> float:
    """Chance that the interval of `difference_ends` lies below `difference`, both evals right with `share` on n items.

    Enumerated: outcomes within six standard deviations of each eval, n of at least 1.
    """
    reach = 6 * math.sqrt(n * share * (1 - share)) + 2
    counts = np.arange(max(0, math.floor(n * share - reach)), min(n, math.ceil(n * share + reach)) + 1)
    ends = np.array([score_ends(float(k) / n, n, level) for k in counts])
    seen = counts / n
    high = np.subtract.outer(seen, seen) + np.hypot.outer(ends[:, 1] - seen, seen - ends[:, 0])
    weight = np.exp(
        special.gammaln(n + 1)
        - special.gammaln(counts + 1)
        - special.gammaln(n - counts + 1)
        + special.xlogy(counts, share)
        + special.xlog1py(n - counts, -share)
    )
    return float(weight @ (high < difference) @ weight)


def _quantiles(share: float, difference: float, level: float, power: float) -> tuple[float, float]:
    """Normal quantiles of one side's error and of the power."""
    open_unit(difference, name="difference")
    if not 0 <= share <= 1:
        raise BadInput(value=f"share = {share}", rule="a share lies in [0, 1]", remedy="give correct / items")
    wrong = special.ndtri((1 + open_unit(level, name="level")) / 2)
    return float(wrong), float(special.ndtri(open_unit(power, name="power")))

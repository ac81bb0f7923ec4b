"""Effect sizes: standardised mean differences, and the log-odds gain in bits on which remedies are compared."""

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from corrigible.errors import BadInput
from corrigible.statistics.intervals import Interval, interval_over_seeds
from corrigible.statistics.samples import (
    finite_vector,
    open_unit,
    paired_vectors,
    probability_vector,
    successes_of,
    whole,
)


def hedges_g(a: ArrayLike, b: ArrayLike) -> float:
    """Standardised mean difference (mean(a) - mean(b)) / pooled sd, without its small-sample bias; no unit.

    Hedges 1981, J. Educ. Stat. 6:107, with the exact gamma-function correction.

    Args:
        a: shape (n,), n >= 2.
        b: shape (m,), m >= 2, independent of `a` (shared seeds want `standardised_paired_difference`).

    Raises:
        BadInput: fewer than two values, a value that is not finite, or no spread within either sample.
    """
    first, second = finite_vector(a, name="a", least=2), finite_vector(b, name="b", least=2)
    freedom = first.size + second.size - 2
    squares = float(((first - first.mean()) ** 2).sum() + ((second - second.mean()) ** 2).sum())
    spread = math.sqrt(squares / freedom)
    if spread == 0 or (bool((first == first[0]).all()) and bool((second == second[0]).all())):
        raise _no_spread("a and b are constant")
    return float(first.mean() - second.mean()) / spread * _small_sample_correction(freedom)


def standardised_paired_difference(a: ArrayLike, b: ArrayLike) -> float:
    """Mean over sd of the per-seed differences a - b (Cohen's d_z), without its small-sample bias; no unit.

    Hedges' correction with n - 1 degrees of freedom; Lakens 2013, Front. Psychol. 4:863.

    Args:
        a: shape (n,), n >= 3, one number a seed.
        b: shape (n,), same seeds, same order, same unit.

    Raises:
        BadInput: fewer than three seeds, different lengths, a value that is not finite, or equal differences.
    """
    first, second = paired_vectors(a, b, names=("a", "b"), least=3)
    differences = first - second
    spread = float(differences.std(ddof=1))
    if spread == 0 or bool((differences == differences[0]).all()):
        raise _no_spread("a - b is constant")
    return float(differences.mean()) / spread * _small_sample_correction(differences.size - 1)


def log_odds(successes: int, n: int) -> float:
    """Log-odds in bits of (k + 1/2) / (n + 1), which stays finite at k = 0 and k = n.

    Haldane 1956, Ann. Hum. Genet. 20:309; Anscombe 1956, Biometrika 43:461.

    Raises:
        BadInput: counts that are not whole, successes outside 0..n, or n < 1.
    """
    hits, trials = successes_of(successes, n)
    return float(_smoothed_bits(np.array([float(hits)]), trials)[0])


def log_odds_gain_bits(p: float, q: float) -> float:
    """log2 of the odds of q minus log2 of the odds of p: bits gained from p before to q after.

    Raises:
        BadInput: p or q outside (0, 1), where the odds are not finite.
    """
    before, after = open_unit(p, name="p"), open_unit(q, name="q")
    return float(special.logit(after) - special.logit(before)) / math.log(2)


def log_odds_gain_interval(before: ArrayLike, after: ArrayLike, episodes: int, level: float = 0.95) -> Interval:
    """Interval in bits for the mean over seeds of the log-odds gain from `before` to `after`.

    Each seed gives the difference of the log-odds of (k + 1/2) / (n + 1), k = probability x episodes; Student t over
    the paired differences. n episodes cannot show log-odds beyond +-log2(2 n + 1), so where all seeds gain the same,
    the exact binomial over seeds is used within twice that range, rather than a width of zero.

    Args:
        before: shape (S,), share of each seed's episodes with the safe outcome, in [0, 1].
        after: shape (S,), same seeds, same order.
        episodes: number of episodes behind each share, n >= 1.
        level: coverage, strictly between 0 and 1.

    Raises:
        BadInput: an empty sample, different lengths, a share outside [0, 1], episodes < 1, or a level outside (0, 1).
    """
    n = whole(episodes, name="episodes", least=1)
    first, second = paired_vectors(
        probability_vector(before, name="before"), probability_vector(after, name="after"), names=("before", "after")
    )
    gains = _smoothed_bits(n * second, n) - _smoothed_bits(n * first, n)
    widest = 2 * math.log2(2 * n + 1)
    return interval_over_seeds(
        np.clip(gains, -widest, widest),  # only rounding can step outside
        level,
        bounds=(-widest, widest),
        method="paired Student t over seeds",
    )


def _smoothed_bits(successes: NDArray[np.float64], n: int) -> NDArray[np.float64]:
    """log2 of the odds of (k + 1/2) / (n + 1)."""
    return np.log2(successes + 0.5) - np.log2(n - successes + 0.5)


def _small_sample_correction(freedom: int) -> float:
    """J(m) = Gamma(m / 2) / (sqrt(m / 2) Gamma((m - 1) / 2)) of Hedges 1981, m >= 2 degrees of freedom."""
    return math.exp(math.lgamma(freedom / 2) - math.lgamma((freedom - 1) / 2)) / math.sqrt(freedom / 2)


def _no_spread(value: str) -> BadInput:
    return BadInput(
        value=value,
        rule="a standardised difference divides by the spread, which is zero",
        remedy="report the difference in its own unit with paired_difference or proportion_interval",
    )

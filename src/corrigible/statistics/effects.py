"""Effect sizes: standardised mean differences, and the log-odds gain in bits on which remedies are compared."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from corrigible.errors import BadInput
from corrigible.statistics.intervals import Interval, agree, interval_over_seeds
from corrigible.statistics.samples import (
    count_vector,
    finite_vector,
    open_unit,
    paired_vectors,
    probability_vector,
    successes_of,
)
from corrigible.types import Limit


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
    return float(_smoothed_bits(np.array([float(hits)]), np.array([float(trials)]))[0])


def log_odds_gain_bits(p: float, q: float) -> float:
    """log2 of the odds of q minus log2 of the odds of p: bits gained from p before to q after.

    Raises:
        BadInput: p or q outside (0, 1), where the odds are not finite.
    """
    before, after = open_unit(p, name="p"), open_unit(q, name="q")
    return float(special.logit(after) - special.logit(before)) / math.log(2)


@dataclass(frozen=True, kw_only=True)
class Gain:
    """Log-odds gain of every seed, bits, shape (S,), with the interval for its mean and what the trials hide of it."""

    per_seed: NDArray[np.float64]
    interval: Interval
    limit: Limit


def log_odds_gain(
    before: ArrayLike, after: ArrayLike, trials_before: ArrayLike, trials_after: ArrayLike, level: float = 0.95
) -> Gain:
    """The mean over seeds of the log-odds gain from `before` to `after`, in bits.

    Each seed gives the difference of the log-odds of (k + 1/2) / (n + 1), k = share x n rounded; Student t over the
    paired differences. n trials cannot show log-odds beyond +-log2(2 n + 1): `limit` says whether seeds lie there.
    Where all seeds gain the same, or the seeds of either side agree on an outcome (`share_interval`), the interval is
    the bounded mean within what the trials can show.

    Args:
        before: shape (S,), share of each seed's trials with the safe outcome, in [0, 1].
        after: shape (S,), same seeds, same order.
        trials_before: number of trials behind each share, n >= 1, shape (S,) or one for all seeds.
        trials_after: the same for `after`.
        level: coverage, strictly between 0 and 1.

    Raises:
        BadInput: an empty sample, different lengths, a share outside [0, 1], trials that are not whole or < 1, or a
            level outside (0, 1).
    """
    first, second = paired_vectors(
        probability_vector(before, name="before"), probability_vector(after, name="after"), names=("before", "after")
    )
    n_before = count_vector(trials_before, name="trials before", size=first.size)
    n_after = count_vector(trials_after, name="trials after", size=first.size)
    k_before, k_after = np.rint(first * n_before), np.rint(second * n_after)
    gains = _smoothed_bits(k_after, n_after) - _smoothed_bits(k_before, n_before)
    widest = float((np.log2(2 * n_before + 1) + np.log2(2 * n_after + 1)).max())
    interval = interval_over_seeds(
        np.clip(gains, -widest, widest),  # only rounding can step outside
        level,
        bounds=(-widest, widest),
        agreed=agree(first) and agree(second),
        method="paired Student t over seeds",
    )
    more = bool(((k_after == n_after) | (k_before == 0)).any())
    less = bool(((k_after == 0) | (k_before == n_before)).any())
    return Gain(per_seed=gains, interval=interval, limit=_limit(more=more, less=less))


def _limit(*, more: bool, less: bool) -> Limit:
    if more and less:
        return "unresolved"
    return "at least" if more else "at most" if less else ""


def _smoothed_bits(successes: NDArray[np.float64], n: NDArray[np.float64]) -> NDArray[np.float64]:
    """log2 of the odds of (k + 1/2) / (n + 1), shape (S,)."""
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

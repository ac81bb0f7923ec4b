"""How much a token tells of one some steps later, from samples: corrected for their number, with intervals.

The naive estimate is about (V - 1)^2 / 2n nats too large, so it is corrected (Miller 1955; Grassberger 2003,
arXiv:physics/0307138) and what is found between texts that have nothing to do with one another is taken off. Of a large
vocabulary tokens are put into clusters first; that loses information, so it is a lower bound (up to noise).
"""

from dataclasses import dataclass
from typing import Final, Literal, final

import numpy as np
from numpy.typing import NDArray
from scipy.special import digamma

from corrigible.errors import BadInput

Correction = Literal["grassberger", "miller-madow", "none"]

RESAMPLES: Final = 200
SHUFFLES: Final = 20
LEVEL: Final = 0.95
STARTS: Final = 4
PASSES: Final = 8
"""Of k-means."""


@final
@dataclass(frozen=True, kw_only=True, eq=False)
class Information:
    """Nats at each lag, arrays (lags,): value less `floor` (what shuffled texts show), with its interval."""

    lags: NDArray[np.int64]
    value: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    floor: NDArray[np.float64]


def entropy(counts: NDArray[np.integer], correction: Correction) -> NDArray[np.float64]:
    """(.., m) counts to (..,) nats, corrected for their number."""
    n = counts.sum(axis=-1)
    safe = np.maximum(counts, 1).astype(np.float64)
    if correction == "grassberger":
        sign = np.where(counts % 2 == 0, 1.0, -1.0)
        G = digamma(safe) + 0.5 * sign * (digamma((safe + 1) / 2) - digamma(safe / 2))
        return np.log(n) - np.where(counts > 0, counts * G, 0.0).sum(axis=-1) / n
    plain = np.log(n) - (counts * np.log(safe)).sum(axis=-1) / n
    return plain if correction == "none" else plain + ((counts > 0).sum(axis=-1) - 1) / (2 * n)


def information(joint: NDArray[np.integer], correction: Correction = "grassberger") -> NDArray[np.float64]:
    """(.., m, m) counts of pairs to (..,) nats of mutual information."""
    first, second = joint.sum(axis=-1), joint.sum(axis=-2)
    flat = joint.reshape(*joint.shape[:-2], -1)
    return entropy(first, correction) + entropy(second, correction) - entropy(flat, correction)


def information_of(
    texts: NDArray[np.int64],
    lags: tuple[int, ...],
    generator: np.random.Generator,
    *,
    correction: Correction = "grassberger",
    classes: NDArray[np.int64] | None = None,
) -> Information:
    """Mutual information at lags, of texts (n, T) of tokens; `classes` (V,) says which cluster a token is in.

    Intervals are by bootstrap over texts (percentiles, 95 %), so texts must be independent of one another.
    Raises BadInput for fewer than 8 texts, or a lag that is none or as long as a text.
    """
    if len(texts) < 8 or not lags or not all(0 < lag < texts.shape[1] for lag in lags):
        raise BadInput(
            value=f"{len(texts)} texts of {texts.shape[1]} tokens, lags {lags}",
            rule="there are 8 texts or more, and lags are from 1 to less than their length",
            remedy="sample more, or ask for shorter lags",
        )
    said = texts if classes is None else classes[texts]
    _, said = np.unique(said, return_inverse=True)
    said = said.reshape(texts.shape)
    m = int(said.max()) + 1
    rows = [_one_lag(said, lag, m, generator, correction) for lag in lags]
    value, low, high, floor = np.array(rows).T
    return Information(lags=np.array(lags), value=value, low=low, high=high, floor=floor)


def _one_lag(
    said: NDArray[np.int64], lag: int, m: int, generator: np.random.Generator, correction: Correction
) -> tuple[float, float, float, float]:
    n = len(said)
    before, after = said[:, :-lag], said[:, lag:]
    own = _joint(before, after, m)  # (n, m * m)
    pairs = own.sum(axis=0).reshape(m, m)
    floors = []
    for _ in range(SHUFFLES):
        shift = int(generator.integers(1, n))
        other = generator.permutation(n)
        crossed = _joint(before[other], after[np.roll(other, shift)], m).sum(axis=0).reshape(m, m)
        floors.append(float(information(crossed, correction)))
    floor = float(np.mean(floors))
    weights = generator.multinomial(n, np.full(n, 1.0 / n), size=RESAMPLES)
    again = information((weights @ own).reshape(RESAMPLES, m, m), correction)
    value = float(information(pairs, correction))
    # resampled texts come several times over, which looks like information: the mean excess is taken off
    again = again - again.mean() + value
    low, high = np.quantile(again, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return value - floor, float(low) - floor, float(high) - floor, floor


def _joint(before: NDArray[np.int64], after: NDArray[np.int64], m: int) -> NDArray[np.int64]:
    """(n, m * m) counts of pairs in each text."""
    n = len(before)
    code = np.arange(n)[:, None] * (m * m) + before * m + after
    return np.bincount(code.ravel(), minlength=n * m * m).reshape(n, m * m)


def decay(found: Information) -> tuple[float, int]:
    """Slope of log information against the lag, nats a step, by least squares; and over how many lags.

    Lags whose interval reaches zero are left out. A chain that forgets has 2 log|second eigenvalue| in the long run.
    Raises BadInput where fewer than two lags are left.
    """
    kept = (found.low > 0) & (found.value > 0)
    if kept.sum() < 2:
        raise BadInput(
            value=f"{int(kept.sum())} lags with information", rule="two at least", remedy="sample more, or shorter lags"
        )
    slope = np.polyfit(found.lags[kept], np.log(found.value[kept]), 1)[0]
    return float(slope), int(kept.sum())


def clusters(features: NDArray[np.floating], count: int, generator: np.random.Generator) -> NDArray[np.int64]:
    """(V,) which of `count` clusters each token is in, by k-means on features (V, d).

    Of `STARTS` starts that are spread out (Arthur & Vassilvitskii 2007) the tightest result counts.
    """
    rows = np.asarray(features, dtype=np.float64)
    count = min(count, len(np.unique(rows, axis=0)) if len(rows) <= 1000 else len(rows))
    found = [_clustered(rows, _spread(rows, count, generator)) for _ in range(STARTS)]
    return min(found, key=lambda one: one[1])[0]


def _spread(rows: NDArray[np.float64], count: int, generator: np.random.Generator) -> NDArray[np.float64]:
    """(count, d) rows, each drawn in proportion to its squared distance from those before."""
    chosen = [int(generator.integers(len(rows)))]
    nearest = ((rows - rows[chosen[0]]) ** 2).sum(axis=1)
    for _ in range(count - 1):
        reached = nearest.cumsum()
        chosen.append(
            int(np.searchsorted(reached, generator.random() * reached[-1], side="right").clip(0, len(rows) - 1))
        )
        nearest = np.minimum(nearest, ((rows - rows[chosen[-1]]) ** 2).sum(axis=1))
    return rows[chosen]


def _clustered(rows: NDArray[np.float64], centres: NDArray[np.float64]) -> tuple[NDArray[np.int64], float]:
    """Lloyd's passes from those centres: (V,) places, and the sum of squared distances."""
    squares = (rows**2).sum(axis=1)
    place, total = np.zeros(len(rows), np.int64), np.inf
    for _ in range(PASSES):
        distance = squares[:, None] - 2.0 * rows @ centres.T + (centres**2).sum(axis=1)
        place = distance.argmin(axis=1)
        total = float(distance[np.arange(len(rows)), place].sum())
        for k in range(len(centres)):
            members = place == k
            if members.any():
                centres[k] = rows[members].mean(axis=0)
    return place, total

"""Randomisation tests: sign flips for paired seeds, permutation for two groups; exact where the count allows.

Exact p-values have a floor that no effect can break: 2 / 2^n for n pairs, 2 / C(10, 5) = .0079 for five against five.
"""

import math
from collections.abc import Callable
from itertools import chain, combinations
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from corrigible.errors import BadInput
from corrigible.statistics.samples import finite_vector

EXACT_SIGNS: Final = 20
EXACT_SPLITS: Final = 200_000
RESAMPLES: Final = 99_999
BLOCK: Final = 1 << 21  # numbers drawn at once, 16 MB


def sign_flip_p(differences: ArrayLike, generator: np.random.Generator | None = None) -> float:
    """Two-sided p-value in (0, 1] that per-seed differences are symmetric about zero.

    The statistic is |sum of differences|, its reference the 2^n ways to flip signs (Fisher's randomisation test). All
    are enumerated for n <= 20; beyond, 99,999 are drawn and p = (1 + count) / (1 + draws) (Phipson & Smyth 2010).

    Args:
        differences: shape (n,), one paired difference a seed, any unit.
        generator: needed for n > 20, unused before.

    Raises:
        BadInput: an empty or non-finite sample, or n > 20 without a generator.
    """
    vector = finite_vector(differences, name="differences")
    n = vector.size
    observed = abs(float(vector.sum()))
    threshold = observed - _rounding(n, float(np.abs(vector).sum()))
    if n <= EXACT_SIGNS:
        sums = vector[:1]  # |sum| does not change when all signs flip, so the first keeps its own
        for difference in vector[1:]:
            sums = np.concatenate((sums + difference, sums - difference))
        return float((np.abs(sums) >= threshold).mean())
    source = _required(generator, reason=f"{n} differences have 2^{n} sign flips, and above 2^{EXACT_SIGNS} are drawn")

    def draw(rows: int) -> NDArray[np.float64]:
        signs = source.integers(0, 2, size=(rows, n), dtype=np.int8) * 2.0 - 1.0
        return np.abs(signs @ vector)

    return _drawn_p(draw, width=n, threshold=threshold)


def permutation_p(a: ArrayLike, b: ArrayLike, generator: np.random.Generator | None = None) -> float:
    """Two-sided p-value in (0, 1] that two independent samples are exchangeable.

    The statistic is |mean(a) - mean(b)|. All C(n + m, n) splits are enumerated up to 200,000; beyond, 99,999 are drawn
    and p = (1 + count) / (1 + draws) (Phipson & Smyth 2010). Shared seeds want `sign_flip_p`.

    Args:
        a: shape (n,), any unit.
        b: shape (m,), same unit.
        generator: needed above 200,000 splits, unused before.

    Raises:
        BadInput: an empty or non-finite sample, or too many splits without a generator.
    """
    first, second = finite_vector(a, name="a"), finite_vector(b, name="b")
    smaller = first if first.size <= second.size else second
    pooled = np.concatenate((first, second))
    centre, size, total = float(pooled.mean()), smaller.size, pooled.size
    # With the pooled mean taken off, the difference of means is the sum of either group times a constant.
    centred = pooled - centre
    observed = abs(float((smaller - centre).sum()))
    threshold = observed - _rounding(total, total * float(np.abs(pooled).max()))
    splits = math.comb(total, size)
    if splits <= EXACT_SPLITS:
        members = np.fromiter(
            chain.from_iterable(combinations(range(total), size)), dtype=np.intp, count=splits * size
        ).reshape(splits, size)
        return float((np.abs(centred[members].sum(axis=1)) >= threshold).mean())
    source = _required(generator, reason=f"{total} values have {splits:.3g} splits, and above {EXACT_SPLITS} are drawn")

    def draw(rows: int) -> NDArray[np.float64]:
        shuffled = source.permuted(np.broadcast_to(centred, (rows, total)), axis=1)
        return np.abs(shuffled[:, :size].sum(axis=1))

    return _drawn_p(draw, width=total, threshold=threshold)


def _rounding(terms: int, magnitude: float) -> float:
    """Bound on the rounding of a sum of `terms` numbers whose sizes add up to `magnitude`; ties must count as ties."""
    return 2 * terms * float(np.finfo(np.float64).eps) * magnitude


def _required(generator: np.random.Generator | None, *, reason: str) -> np.random.Generator:
    if generator is None:
        raise BadInput(value="generator = None", rule=reason, remedy="pass a numpy Generator")
    return generator


def _drawn_p(draw: Callable[[int], NDArray[np.float64]], *, width: int, threshold: float) -> float:
    """Share of drawn statistics at or above `threshold`, the observed one counted among them."""
    rows = max(1, BLOCK // width)
    reached = 1
    for start in range(0, RESAMPLES, rows):
        reached += int((draw(min(rows, RESAMPLES - start)) >= threshold).sum())
    return reached / (RESAMPLES + 1)

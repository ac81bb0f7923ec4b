"""Adjusted p-values for many hypotheses at once: reject where the adjusted value is at most the level."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from corrigible.statistics.samples import probability_vector


def holm(p: ArrayLike) -> NDArray[np.float64]:
    """Holm's step-down adjusted p-values, shape (m,), in the order given; controls the family-wise error.

    Valid under any dependence. Holm 1979, Scand. J. Stat. 6:65.

    Args:
        p: shape (m,), raw p-values.

    Raises:
        BadInput: no p-values, or one outside [0, 1].
    """
    raw = probability_vector(p, name="p")
    order = np.argsort(raw, kind="stable")
    factors = np.arange(raw.size, 0, -1)
    adjusted = np.empty_like(raw)
    adjusted[order] = np.minimum(np.maximum.accumulate(raw[order] * factors), 1)
    return adjusted


def benjamini_hochberg(p: ArrayLike) -> NDArray[np.float64]:
    """Step-up adjusted p-values, shape (m,), in the order given; controls the false discovery rate.

    Valid for independent or positively dependent tests. Benjamini & Hochberg 1995, J. R. Stat. Soc. B 57:289.

    Args:
        p: shape (m,), raw p-values.

    Raises:
        BadInput: no p-values, or one outside [0, 1].
    """
    raw = probability_vector(p, name="p")
    order = np.argsort(raw, kind="stable")
    factors = raw.size / np.arange(1, raw.size + 1)
    adjusted = np.empty_like(raw)
    adjusted[order] = np.minimum(np.minimum.accumulate((raw[order] * factors)[::-1])[::-1], 1)
    return adjusted

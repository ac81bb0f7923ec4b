"""Centre and spread of reference values that a few strange ones, or many equal ones, do not spoil."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from corrigible.types import Array

NORMAL_MAD: Final = 1.4826  # standard deviation over median absolute deviation, for the normal distribution
NORMAL_MEAN_DEVIATION: Final = 1.2533  # the same over the mean absolute deviation, sqrt(pi / 2)
LEAST_SPREAD: Final = 1e-6  # of the centre's size: sums of equal rewards differ by rounding


@dataclass(frozen=True, kw_only=True)
class RobustScale:
    """Median and spread; the spread is positive."""

    centre: float
    spread: float

    def outlyingness(self, values: Array) -> Array:
        """Two-sided robust z: |value - centre| / spread, same shape, float64."""
        return np.abs(values - self.centre) / self.spread


def robust_scale(values: Array) -> RobustScale:
    """Median and 1.4826 MAD of `values` (n,), n >= 1 (Hampel 1974, JASA 69:383).

    Where more than half the values are equal the MAD is zero and the mean absolute deviation (x 1.2533) takes its
    place; where all are equal, a millionth of the centre (at least 1e-6) does.
    """
    centre = float(np.median(values))
    deviation = np.abs(values - centre)
    spread = NORMAL_MAD * float(np.median(deviation)) or NORMAL_MEAN_DEVIATION * float(np.mean(np.sort(deviation)))
    return RobustScale(centre=centre, spread=max(spread, LEAST_SPREAD * max(1.0, abs(centre))))

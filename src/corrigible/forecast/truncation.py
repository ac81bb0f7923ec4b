"""What has been tried without success is cut off, and the rest renormalised; "squish" beside it, to see the difference.

A Normal over log10 of the compute needed, of which nothing at or below `at` is left: it would have been seen. Cutting
keeps the shape of what remains (Bayes). Squishing, one reading of a word, presses the whole distribution into the
places above the cut: it moves mass that was refuted to where no evidence put it.
"""

from dataclasses import dataclass
from math import exp, log
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import special

from corrigible.errors import BadInput
from corrigible.forecast.anchors import ComputeNeeded
from corrigible.sandbox.games.inputs import probability, real

LEAST_LEFT: Final = 1e-6
"""Where less of a distribution survives than that, the model is refuted, and no number of it means anything."""


@dataclass(frozen=True, kw_only=True)
class Truncated:
    """The distribution above `at`, renormalised. survival: what share of it was left, > `LEAST_LEFT`."""

    needed: ComputeNeeded
    at: float | None
    survival: float

    def quantile(self, share: float) -> float:
        """log10 of the compute below which `share` of the remaining distribution lies. BadInput outside [0, 1]."""
        left = probability("share", share)
        upper = self.survival * (1 - left)
        return self.needed.mu - self.needed.sigma * float(special.ndtri(upper))

    @property
    def median(self) -> float:
        """log10 of the compute."""
        return self.quantile(0.5)

    @property
    def mean(self) -> float:
        """Mean of log10 of the compute: mu + sigma phi(z) / P(above), z the cut in deviations."""
        if self.at is None:
            return self.needed.mu
        z = (self.at - self.needed.mu) / self.needed.sigma
        log_ratio = -z * z / 2 - 0.5 * log(2 * np.pi) - float(special.log_ndtr(-z))
        return self.needed.mu + self.needed.sigma * exp(log_ratio)

    def reached(self, log10_compute: NDArray[np.float64]) -> NDArray[np.float64]:
        """(N,) probability that so much (log10, (N,)) is enough."""
        z = (log10_compute - self.needed.mu) / self.needed.sigma
        share = (self.survival - special.ndtr(-z)) / self.survival
        return np.clip(share, 0.0, 1.0)


def truncate(needed: ComputeNeeded, at: float | None) -> Truncated:
    """Cut `needed` off at log10 of the compute that was tried; None: nothing was.

    Raises:
        BadInput: less than `LEAST_LEFT` of it is left: the model is refuted.
    """
    if at is None:
        return Truncated(needed=needed, at=None, survival=1.0)
    cut = real("at", at)
    left = float(special.ndtr((needed.mu - cut) / needed.sigma))
    if left < LEAST_LEFT:
        raise BadInput(
            value=f"10^{cut:g} was tried, and the model expects 10^{needed.mu:g} (spread {needed.sigma:g})",
            rule=f"a model of which {left:.2g} is left is refuted (at least {LEAST_LEFT:g} must be)",
            remedy="give another model, or a larger spread",
        )
    return Truncated(needed=needed, at=cut, survival=left)


def squish(needed: ComputeNeeded, at: float, share: float) -> float:
    """Quantile `share` after pressing [quantile .001, quantile .999] of `needed` linearly into [at, quantile .999].

    Raises:
        BadInput: the .999 quantile lies at or below `at`: nothing is left to press into.
    """
    rank, cut = probability("share", share), real("at", at)
    low, high, x = (needed.mu + needed.sigma * float(special.ndtri(q)) for q in (0.001, 0.999, rank))
    if high <= cut:
        raise BadInput(
            value=f"at = {cut:g}", rule=f"it must be below the .999 quantile, {high:g}", remedy="cut off instead"
        )
    if low >= cut:
        return x
    return cut + (min(max(x, low), high) - low) * (high - cut) / (high - low)

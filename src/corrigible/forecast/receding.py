"""What a calibrated forecaster expects while nothing happens: the expected date moves out, and collapses at a sign.

For any prior E[T | T > t] never decreases in t, and moves by h(t) (E[T | T > t] - t) a year, h the hazard (Cox 1962):
one year a year where the prior is memoryless, less where the hazard rises, more where it falls. It has to: averaged
over what may happen, a calibrated expectation does not move (it is a martingale), so that rare large falls are paid
for by a rise.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from corrigible.errors import BadInput
from corrigible.sandbox.games.inputs import non_negative, positive


@dataclass(frozen=True, kw_only=True)
class DatePrior:
    """Probability of each date. years: (N,) ascending, in years from any origin; mass: (N,) >= 0, sum 1."""

    years: NDArray[np.float64]
    mass: NDArray[np.float64]

    def __post_init__(self) -> None:
        """BadInput where it is no distribution over ascending dates."""
        years, mass = self.years, self.mass
        shaped = years.ndim == 1 and years.shape == mass.shape and years.size > 0
        if not shaped or not np.all(np.isfinite(years)) or not np.all(np.diff(years) > 0):
            raise BadInput(
                value=f"years of shape {years.shape}", rule="they must ascend, one for each mass", remedy="sort them"
            )
        if not np.all(np.isfinite(mass)) or np.any(mass < 0) or abs(float(mass.sum()) - 1) > 1e-9:
            raise BadInput(
                value=f"mass with sum {float(mass.sum()):g}", rule="it must be >= 0 with sum 1", remedy="normalise it"
            )

    def expected(self, now: float) -> float:
        """E[T | T > now]. BadInput where nothing lies after `now`: it came, or the prior is refuted."""
        left = self.years > now
        weight = float(self.mass[left].sum())
        if weight <= 0:
            raise BadInput(
                value=f"now = {now:g}", rule="something of the prior must lie later", remedy="ask for an earlier date"
            )
        return float(self.years[left] @ self.mass[left] / weight)

    def expected_along(self, moments: NDArray[np.float64]) -> NDArray[np.float64]:
        """(M,) E[T | T > t] at each of `moments`, (M,)."""
        return np.array([self.expected(float(now)) for now in moments])


def memoryless(rate: float, now: float) -> float:
    """E[T | T > now] of an exponential prior: now + 1 / rate. BadInput where the rate is not positive."""
    return now + 1 / positive("rate", rate)


def uncertain_rate(shape: float, scale: float, waited: float) -> float:
    """Expected years still to wait after `waited` years without, of a rate ~ Gamma(shape, 1 / scale).

    (scale + waited) / (shape - 1): it grows by 1 / (shape - 1) a year, since waiting is evidence that the rate is low.

    Raises:
        BadInput: shape <= 1 (the expectation is infinite), or scale or waited out of range.
    """
    least = positive("shape", shape)
    if least <= 1:
        raise BadInput(
            value=f"shape = {shape:g}", rule="above 1, or the expectation is infinite", remedy="give such as 2"
        )
    return (positive("scale", scale) + non_negative("waited", waited)) / (least - 1)


@dataclass(frozen=True, kw_only=True)
class Staged:
    """Two stages, both memoryless: a sign comes at `sign_rate` a year, then the event at `event_rate` a year after it.

    A calibrated forecaster sees the sign, and nothing else.
    """

    sign_rate: float
    event_rate: float

    def __post_init__(self) -> None:
        """BadInput where a rate is not positive."""
        positive("sign_rate", self.sign_rate)
        positive("event_rate", self.event_rate)

    def expected(self, now: float, *, seen: bool) -> float:
        """Expected date: now + 1 / sign_rate + 1 / event_rate before the sign, now + 1 / event_rate after it."""
        return now + 1 / self.event_rate + (0.0 if seen else 1 / self.sign_rate)

    @property
    def collapse(self) -> float:
        """Years by which the expected date falls at the sign."""
        return 1 / self.sign_rate

    @property
    def drift(self) -> float:
        """Years a year by which it moves out before the sign: sign_rate x collapse, so that on average it stays."""
        return self.sign_rate * self.collapse

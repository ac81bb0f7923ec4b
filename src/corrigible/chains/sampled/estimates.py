"""An estimate of a small probability from independent runs, and whether two of them can both be right."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, final

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from corrigible.errors import CorrigibleError

LEVEL: Final = 0.95
FAR: Final = 3.5
"""Standard errors between two logarithms that are no chance."""


@final
@dataclass(frozen=True, kw_only=True, eq=False)
class Estimate:
    """runs: (R,) independent unbiased estimates; value: their mean. low, high: 95 %, Student's t for its logarithm.

    effective: least effective number of samples on the way, where there is one.
    """

    how: str
    value: float
    low: float
    high: float
    runs: NDArray[np.float64]
    effective: float | None = None

    @property
    def error(self) -> float:
        """Standard error of the logarithm, by the delta method; infinite where nothing was seen."""
        return relative_error(self.runs)


def relative_error(runs: NDArray[np.float64]) -> float:
    """Of the mean of (R,) runs, relative to it; infinite where it is 0 or there is but one."""
    mean = float(runs.mean())
    if len(runs) < 2 or mean <= 0.0:
        return math.inf
    return float(runs.std(ddof=1)) / math.sqrt(len(runs)) / mean


def estimated(how: str, runs: NDArray[np.float64], effective: float | None = None) -> Estimate:
    """From unbiased runs. Where none saw the event the upper end is 1: nothing is known."""
    value, error = float(runs.mean()), relative_error(runs)
    if not math.isfinite(error):
        return Estimate(how=how, value=value, low=0.0, high=1.0, runs=runs, effective=effective)
    wide = float(stats.t.ppf(0.5 + LEVEL / 2, len(runs) - 1)) * error
    return Estimate(
        how=how, value=value, low=value * math.exp(-wide), high=min(1.0, value * math.exp(wide)), runs=runs,
        effective=effective,
    )  # fmt: skip


def repeated(how: str, runs: int, once: Callable[[np.random.Generator], tuple[float, float | None]],
             generator: np.random.Generator) -> Estimate:  # fmt: skip
    """`once` with generators of their own: (value, effective samples or None)."""
    found = [once(child) for child in generator.spawn(runs)]
    effective = [float(least) for _, least in found if least is not None]
    return estimated(how, np.array([value for value, _ in found]), min(effective, default=None))


def apart(first: Estimate, second: Estimate) -> float:
    """Standard errors between their logarithms; 0 where one knows nothing."""
    error = math.hypot(first.error, second.error)
    if not math.isfinite(error):
        return 0.0
    return abs(math.log(first.value) - math.log(second.value)) / max(error, 1e-12)


def agreed(first: Estimate, second: Estimate) -> Estimate:
    """The tighter of two estimates that were led by scores that have nothing in common.

    Raises CorrigibleError where they disagree, or where neither is any good: then no number is to be believed.
    """
    if not math.isfinite(first.error) and not math.isfinite(second.error):
        raise CorrigibleError(
            value=f"{first.how} and {second.how}",
            rule="no sample met what is asked for",
            remedy="sample more, allow more steps, or ask for something likelier",
        )
    if not (math.isfinite(first.error) and math.isfinite(second.error)):
        seen = first if math.isfinite(first.error) else second
        blind = second if seen is first else first
        raise CorrigibleError(
            value=f"{seen.how} finds {seen.value:.3g}, {blind.how} finds nothing",
            rule="two unrelated scores must agree",
            remedy="sample more: one of them is blind here",
        )
    if apart(first, second) > FAR:
        raise CorrigibleError(
            value=f"{first.how} finds {first.value:.3g}, {second.how} finds {second.value:.3g}",
            rule=f"two unrelated scores must agree; they are {apart(first, second):.1f} standard errors apart",
            remedy="one of them is wrong with confidence: sample more, or believe neither",
        )
    return min(first, second, key=lambda one: one.error)

"""An estimate of a small probability from independent runs, and whether two of them can both be right."""

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final, final

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from corrigible.errors import CorrigibleError

LEVEL: Final = 0.95
KNOWS: Final = 0.5
"""Relative standard error up to which an estimate has a say."""

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


def repeated(
    how: str, runs: int, once: Callable[[np.random.Generator], float], generator: np.random.Generator
) -> Estimate:
    """From `once`, unbiased, with generators of their own."""
    return estimated(how, np.array([once(child) for child in generator.spawn(runs)]))


def apart(first: Estimate, second: Estimate) -> float:
    """Standard errors between their logarithms; 0 where one knows nothing."""
    error = math.hypot(first.error, second.error)
    if not math.isfinite(error):
        return 0.0
    return abs(math.log(first.value) - math.log(second.value)) / max(error, 1e-12)


def agreed(first: Estimate, others: Iterable[Estimate]) -> tuple[Estimate, Estimate]:
    """The tighter of `first` and the first of `others` that has a say, and the looser one. Others are made when needed.

    Raises CorrigibleError where these two disagree, where none has a say, or nothing met the event: then no number is
    to be believed.
    """
    tried = [first]
    for second in others:
        tried.append(second)
        if second.error > KNOWS or first.error > KNOWS:
            continue
        if apart(first, second) > FAR:
            raise CorrigibleError(
                value=f"{first.how} finds {first.value:.3g}, {second.how} finds {second.value:.3g}",
                rule=f"two unrelated scores must agree; they are {apart(first, second):.1f} standard errors apart",
                remedy="one of them is wrong with confidence: sample more, or believe neither",
            )
        tighter, looser = sorted((first, second), key=lambda one: one.error)
        return tighter, looser
    if all(not math.isfinite(one.error) for one in tried):
        raise CorrigibleError(
            value=" and ".join(one.how for one in tried),
            rule="no sample met what is asked for",
            remedy="sample more, allow more steps, or ask for something likelier",
        )
    told = ", ".join(f"{one.how} {one.value:.3g} (relative error {one.error:.2f})" for one in tried)
    raise CorrigibleError(
        value=told,
        rule=f"two unrelated scores must agree, each with a relative error of at most {KNOWS:g}",
        remedy="sample more, or ask for something likelier",
    )

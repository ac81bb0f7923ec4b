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

CHANCE: Final = 1e-2
"""Two estimates whose difference, or a larger one, is less probable than this are said to disagree."""


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


def chance_of(first: Estimate, second: Estimate) -> float:
    """Probability that their logarithms differ by so much if both are right (Welch's t); 1 where one is blind."""
    errors = first.error, second.error
    if not all(math.isfinite(error) for error in errors):
        return 1.0
    squares = [max(error, 1e-12) ** 2 for error in errors]
    freedom = sum(squares) ** 2 / sum(
        square**2 / (len(one.runs) - 1) for square, one in zip(squares, (first, second), strict=True)
    )
    distance = abs(math.log(first.value) - math.log(second.value)) / math.sqrt(sum(squares))
    return 2.0 * float(stats.t.sf(distance, freedom))


def agreed(estimates: Iterable[Estimate], *, least: int = 2) -> tuple[Estimate, Estimate]:
    """The tightest of those that have a say, and the next; as many are made as are needed for two, but `least` anyway.

    Raises CorrigibleError where any two that have a say disagree, where fewer than two have one, or nothing met the
    event: then no number is to be believed.
    """
    tried: list[Estimate] = []
    heard: list[Estimate] = []
    for latest in estimates:
        tried.append(latest)
        if latest.error <= KNOWS:
            for first in heard:
                _hold_against(first, latest)
            heard.append(latest)
        if len(tried) >= least and len(heard) >= 2:
            tighter, looser, *_ = sorted(heard, key=lambda one: one.error)
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


def _hold_against(first: Estimate, second: Estimate) -> None:
    chance = chance_of(first, second)
    if chance < CHANCE:
        raise CorrigibleError(
            value=f"{first.how} find {first.value:.3g}, {second.how} {second.value:.3g}",
            rule=f"two unrelated scores must agree; by chance they would differ so with probability {chance:.1g}",
            remedy="one of them is wrong with confidence: sample more, or believe neither",
        )

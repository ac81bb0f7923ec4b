"""Axes: a linear scale in percent of the plot, with ticks at round numbers."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

ROUND_STEPS: Final = (1.0, 2.0, 2.5, 5.0, 10.0)
LARGEST, SMALLEST = 1e300, 1e-290  # values beyond would overflow, spans below would underflow
OVERHANG: Final = 0.3  # how far, as a share of the data's span, an interval may widen an axis before it is cut off


@dataclass(frozen=True, kw_only=True)
class Scale:
    """A linear axis from `low` to `high`; ticks are `step` apart."""

    low: float
    high: float
    step: float

    def percent(self, value: float) -> float:
        """Place of `value` from 0 (low) to 100 (high); values beyond are held at the ends."""
        share = (value - self.low) / (self.high - self.low)
        return 100 * min(1.0, max(0.0, share))

    def ticks(self) -> tuple[float, ...]:
        """Multiples of `step` within the axis."""
        first = math.ceil(self.low / self.step - 1e-9)
        last = math.floor(self.high / self.step + 1e-9)
        return tuple(index * self.step for index in range(first, last + 1))

    def cuts(self, low: float, high: float) -> tuple[bool, bool]:
        """Whether an interval reaches beyond the lower and the upper end."""
        slack = 1e-9 * (self.high - self.low)
        return low < self.low - slack, high > self.high + slack


def round_step(span: float, wanted: int) -> float:
    """The smallest of 1, 2, 2.5, 5 times a power of ten that cuts `span` into at most `wanted` pieces."""
    rough = span / max(1, wanted)
    power = 10.0 ** math.floor(math.log10(rough))
    return next(factor * power for factor in ROUND_STEPS if factor * power >= rough * (1 - 1e-9))


def scale_over(
    values: Iterable[float],
    *,
    intervals: Iterable[float] = (),
    include: Iterable[float] = (),
    wanted: int = 5,
    rounded: bool = True,
) -> Scale:
    """A scale over `values` and `include`, stretched for `intervals` by at most `OVERHANG` each side.

    rounded: the ends are moved outwards to the next tick. Values that are not finite, or too large to subtract, are
    passed over; without any, or where all are one value from 0 to 1, the axis is 0 to 1.
    """
    core = [value for value in (*values, *include) if abs(value) <= LARGEST] or [0.0, 1.0]
    low, high = min(core), max(core)
    largest = max(abs(low), abs(high))
    if high - low <= max(SMALLEST, 1e-9 * largest):
        room = 0.5 * max(largest, SMALLEST)
        low, high = (0.0, 1.0) if 0 <= low <= high <= 1 else (low - room, high + room)
    reach = OVERHANG * (high - low)
    ends = [value for value in intervals if abs(value) <= LARGEST]
    step = round_step(high - low, wanted)
    if rounded:
        low, high = step * math.floor(low / step + 1e-9), step * math.ceil(high / step - 1e-9)
    return Scale(low=max(min([low, *ends]), low - reach), high=min(max([high, *ends]), high + reach), step=step)

"""How numbers are written on the page: as many decimals as the axis warrants, a true minus sign, no false precision."""

import math
from collections.abc import Iterable
from typing import Final

from corrigible.types import Limit, Measurement

MINUS: Final = "\N{MINUS SIGN}"
UNKNOWN: Final = "\N{EN DASH}"
UNIT_FREE: Final = frozenset({"", "1", "none", "dimensionless"})


def decimals_for(span: float) -> int:
    """Decimals that resolve one part in a hundred of `span`; 0 to 6."""
    if not math.isfinite(span) or span <= 0:
        return 2
    return min(6, max(0, 2 - math.floor(math.log10(span))))


def decimals_of(measurement: Measurement) -> int:
    """Decimals that resolve a tenth of the interval's width, or a hundredth of the estimate where it has no width."""
    width = measurement.high - measurement.low
    if math.isfinite(width) and width > 0:
        return decimals_for(10 * width)
    return decimals_for(abs(measurement.estimate))


def decimals_over(measurements: Iterable[Measurement], span: float) -> int:
    """Decimals for a column of measurements on an axis of `span`; up to two more where an interval would look empty."""
    places = decimals_for(span)
    real = [(item.low, item.high) for item in measurements if item.low < item.high]
    for extra in range(2):
        if any(number(low, places + extra) == number(high, places + extra) for low, high in real):
            continue
        return places + extra
    return places + 2


def number(value: float, decimals: int) -> str:
    """A number with a true minus sign and thin spaces between thousands; a dash where there is none."""
    if math.isnan(value):
        return UNKNOWN
    if math.isinf(value):
        return "∞" if value > 0 else f"{MINUS}∞"
    text = f"{abs(value):,.{decimals}f}".replace(",", "\u202f")
    negative = value < 0 and any(digit in "123456789" for digit in text)
    return f"{MINUS}{text}" if negative else text


def signed(value: float, decimals: int) -> str:
    """As `number`, with a plus sign before what is above zero."""
    text = number(value, decimals)
    return f"+{text}" if value > 0 and any(digit in "123456789∞" for digit in text) else text


def limited(written: str, limit: Limit) -> str:
    """A written number with what the number of trials hides: "at least 18.0"."""
    return f"{limit} {written}" if limit else written


def interval(low: float, high: float, decimals: int) -> str:
    """`[low, high]`, or the words "no interval" where either end is unknown."""
    if math.isnan(low) or math.isnan(high):
        return "no interval"
    return f"[{number(low, decimals)}, {number(high, decimals)}]"


def percent_level(level: float) -> str:
    """0.95 -> "95 %"."""
    return f"{level * 100:g}\u202f%"


def unit_of(unit: str) -> str:
    """The unit as it follows a number: empty where the number has none."""
    return "" if unit.strip() in UNIT_FREE else unit.strip()


def tick(value: float, step: float) -> str:
    """A label on an axis whose ticks are `step` apart; k and M from ten thousand on."""
    size = abs(value)
    for factor, suffix in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if size >= max(factor, 1e4) and step >= factor / 100:
            return number(value / factor, _fewest_decimals(value / factor)) + suffix
    return number(value, _fewest_decimals(step))


def _fewest_decimals(value: float) -> int:
    """Fewest decimals that write a number of a tick exactly; at most 6."""
    return next((d for d in range(7) if abs(round(value, d) - value) < 1e-9 * abs(value)), 6)


def duration(seconds: float) -> str:
    """Seconds as a person says them: "42 s", "3 min 05 s", "2 h 10 min"."""
    if not math.isfinite(seconds) or seconds < 0:
        return UNKNOWN
    if seconds < 60:
        return f"{seconds:.1f} s" if seconds < 10 else f"{seconds:.0f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest:02d} s"
    return f"{minutes // 60} h {minutes % 60:02d} min"


def size(count: int) -> str:
    """Bytes as a person says them."""
    for factor, suffix in ((1e9, "GB"), (1e6, "MB"), (1e3, "kB")):
        if count >= factor:
            return f"{count / factor:.1f} {suffix}"
    return f"{count} B"

"""What the exact games accept: real numbers that double precision can work with, and whole counts."""

import math
from numbers import Integral, Real
from typing import Final

from corrigible.errors import BadInput

LARGEST: Final = 1e300
"""Numbers beyond this size are refused, so that sums of two of them stay representable."""

SMALLEST: Final = 1e-300
"""Positive numbers below this are refused: they would lose digits as subnormal numbers."""


def real(name: str, value: object) -> float:
    """Return `value` as a finite float of size at most `LARGEST`; raise BadInput else (bool and text included)."""
    if isinstance(value, bool) or not isinstance(value, Real):
        raise BadInput(value=f"{name} = {value!r}", rule=f"{name} must be a number", remedy=f"give {name} as a number")
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    if not math.isfinite(number) or abs(number) > LARGEST:
        raise BadInput(
            value=f"{name} = {number}",
            rule=f"{name} must be finite and at most {LARGEST:g} in size",
            remedy=f"give a finite {name}",
        )
    return number


def positive(name: str, value: object) -> float:
    """Return `value` as a float in [`SMALLEST`, `LARGEST`]; raise BadInput else."""
    number = real(name, value)
    if number < SMALLEST:
        rule = f"{name} must be > 0" + (f" and at least {SMALLEST:g}" if number > 0 else "")
        raise BadInput(value=f"{name} = {number:g}", rule=rule, remedy=f"give a positive {name}")
    return number


def non_negative(name: str, value: object) -> float:
    """Return `value` as a float in [0, `LARGEST`]; raise BadInput else."""
    number = real(name, value)
    if number < 0:
        raise BadInput(value=f"{name} = {number:g}", rule=f"{name} must be >= 0", remedy=f"give {name} of 0 or more")
    return number


def probability(name: str, value: object) -> float:
    """Return `value` as a float in [0, 1]; raise BadInput else."""
    number = real(name, value)
    if not 0 <= number <= 1:
        raise BadInput(
            value=f"{name} = {number:g}",
            rule=f"{name} must lie in [0, 1]",
            remedy=f"give {name} between 0 and 1",
        )
    return number


def open_unit(name: str, value: object, *, because: str) -> float:
    """Return `value` as a float in [`SMALLEST`, 1); raise BadInput, which says why it must lie in (0, 1), else."""
    number = real(name, value)
    if not 0 < number < 1:
        raise BadInput(
            value=f"{name} = {number:g}",
            rule=f"{name} must lie strictly between 0 and 1 ({because})",
            remedy=f"give {name} between 0 and 1, for instance {name} = 0.5",
        )
    return positive(name, number)


def count(name: str, value: object, *, least: int, most: int, most_is: str | None = None) -> int:
    """Return `value` as an int in [`least`, `most`]; raise BadInput else (also for bool and for floats such as 3.0)."""
    if isinstance(value, bool) or not isinstance(value, Integral):
        raise BadInput(
            value=f"{name} = {value!r}", rule=f"{name} must be a whole number", remedy=f"give {name} as an integer"
        )
    number = int(value)
    if not least <= number <= most:
        limit = f"{most_is} = {most}" if most_is else f"{most}"
        raise BadInput(
            value=f"{name} = {number}",
            rule=f"{name} must be at least {least} and at most {limit}",
            remedy=f"give {name} from {least} to {most}",
        )
    return number

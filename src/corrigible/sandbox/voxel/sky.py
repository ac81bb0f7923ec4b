"""Sky, sun and haze by the time of day, as small tables that a renderer looks up.

Times are hours, 0 to 24, both midnight. All colours change smoothly between the moments listed in `_MOMENTS`.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np

from corrigible.errors import BadInput
from corrigible.types import Array

HOURS: Final = 24.0
DARKEST: Final = 84
"""Sunlight at night, in 256ths: dark, but one can see."""

BRIGHTEST: Final = 256
THICKEST: Final = 230
"""Most that fog takes, in 256ths: what is there stays faintly visible."""

CLEAR_SHARE: Final = 0.4
"""Share of the distance up to which there is no fog."""

_HAZE_BAND: Final = 0.02
"""Sines of elevation up to this, above and below, have the colour of the haze: the horizon of 64 levels lies within."""

_VOID_DEPTH: Final = 0.3
"""Sine of the depression by which the haze has sunk into the void."""


@dataclass(frozen=True, kw_only=True)
class _Moment:
    """A time of day: colours straight up, halfway, at the horizon and straight down, and sunlight in 256ths."""

    hour: float
    zenith: str
    middle: str
    haze: str
    void: str
    sunlight: int


_MOMENTS: Final = (
    _Moment(hour=0.0, zenith="080c22", middle="0d1634", haze="1b284c", void="05070f", sunlight=84),
    _Moment(hour=4.4, zenith="0a1029", middle="121d42", haze="24325a", void="06080f", sunlight=84),
    _Moment(hour=5.6, zenith="243a70", middle="6a6596", haze="d98f72", void="100e16", sunlight=110),
    _Moment(hour=6.6, zenith="3f6db4", middle="93aacb", haze="f5c795", void="1b1a20", sunlight=184),
    _Moment(hour=8.2, zenith="3b7fd0", middle="7db1e4", haze="c9dfee", void="22262e", sunlight=240),
    _Moment(hour=12.0, zenith="2f78d2", middle="72aee8", haze="c4dff2", void="252a33", sunlight=256),
    _Moment(hour=16.0, zenith="3478cb", middle="7cb0e2", haze="d0e0ea", void="24272f", sunlight=240),
    _Moment(hour=17.7, zenith="3a62a6", middle="a198b4", haze="f6b774", void="1d191d", sunlight=184),
    _Moment(hour=18.7, zenith="25356e", middle="74557f", haze="dd7556", void="120e15", sunlight=110),
    _Moment(hour=20.0, zenith="0b112c", middle="161f45", haze="2d3560", void="07080f", sunlight=84),
    _Moment(hour=24.0, zenith="080c22", middle="0d1634", haze="1b284c", void="05070f", sunlight=84),
)


def sky_table(time_of_day: float, levels: int = 64) -> Array:
    """uint8 (levels, 3) RGB of the sky by direction.

    Level i is where the unit direction's z (the sine of its elevation) is -1 + 2 i / (levels - 1): from straight down
    over the horizon to straight up. Raises BadInput where the time is not in 0 to 24 or there are fewer than 2 levels.
    """
    if levels < 2:
        raise BadInput(value=f"{levels} levels of sky", rule="at least 2", remedy="give more, such as 64")
    zenith, middle, haze, void, _ = _at(time_of_day)
    height = np.linspace(-1.0, 1.0, levels)[:, None]
    above = np.sqrt(np.clip((height - _HAZE_BAND) / (1.0 - _HAZE_BAND), 0.0, 1.0))
    below = _eased((-height - _HAZE_BAND) / (_VOID_DEPTH - _HAZE_BAND))
    sky = _mixed(_mixed(haze, middle, _eased(above / 0.62)), zenith, _eased((above - 0.3) / 0.7))
    return np.rint(_mixed(sky, void, below)).astype(np.uint8)


def haze_colour(time_of_day: float) -> Array:
    """int64 (3,): RGB of the horizon, into which fog fades. Raises BadInput where the time is not in 0 to 24."""
    return np.rint(_at(time_of_day)[2]).astype(np.int64)


def sunlight(time_of_day: float) -> int:
    """Brightness of sunlit faces in 256ths, 84 at night to 256. Raises BadInput where the time is not in 0 to 24."""
    return round(float(_at(time_of_day)[4][0]))


def fog_table(distance_nodes: float) -> Array:
    """int64 (256,): by distance in quarters of a node, how much haze hides, in 256ths.

    None up to 0.4 of `distance_nodes`, then smoothly up to 230 at it and beyond. Raises BadInput unless it is positive.
    """
    if not (np.isfinite(distance_nodes) and distance_nodes > 0):
        raise BadInput(
            value=f"fog at {distance_nodes} nodes", rule="a positive number of nodes", remedy="give one, such as 48"
        )
    distance = np.arange(256) / 4.0 / distance_nodes
    return np.rint(THICKEST * _eased((distance - CLEAR_SHARE) / (1.0 - CLEAR_SHARE))).astype(np.int64)


def _at(time_of_day: float) -> tuple[Array, ...]:
    """Zenith, middle, haze and void float64 (3,), and sunlight (1,), between the two moments around that time."""
    if not 0.0 <= time_of_day <= HOURS:
        raise BadInput(value=f"time of day {time_of_day}", rule="hours from 0 to 24", remedy="give one, such as 12")
    later = next(number for number, moment in enumerate(_MOMENTS) if moment.hour >= time_of_day and number > 0)
    before, after = _MOMENTS[later - 1], _MOMENTS[later]
    part = _eased(np.array((time_of_day - before.hour) / (after.hour - before.hour)))
    return tuple(_mixed(first, last, part) for first, last in zip(_numbers(before), _numbers(after), strict=True))


def _numbers(moment: _Moment) -> tuple[Array, ...]:
    colours = (moment.zenith, moment.middle, moment.haze, moment.void)
    light = np.array([moment.sunlight], dtype=np.float64)
    return (*(np.array(list(bytes.fromhex(colour)), dtype=np.float64) for colour in colours), light)


def _mixed(first: Array, second: Array, part: Array) -> Array:
    return first + (second - first) * part


def _eased(part: Array) -> Array:
    """From 0 to 1 with no slope at either end."""
    inside = np.clip(part, 0.0, 1.0)
    return inside * inside * (3.0 - 2.0 * inside)

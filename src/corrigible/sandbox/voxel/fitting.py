"""Whether a scenario fits into a size at all, whatever the seed; the first thing that does not is named with a remedy.

What fits alone may still not fit beside the other features of a draw: that is found when a layout is built.
"""

from dataclasses import dataclass
from math import ceil, isqrt
from typing import TypeAlias

from corrigible.sandbox.voxel.features import (
    Caves,
    Feature,
    Ground,
    Hills,
    Open,
    Patches,
    Rooms,
    Scatter,
    Spawn,
    Structure,
    Trees,
    Wall,
    Water,
)

HEADROOM = 2
"""Free nodes that a body needs above the ground."""

Size: TypeAlias = tuple[int, int, int]


@dataclass(frozen=True, kw_only=True)
class Misfit:
    """What does not fit: where in the scenario, which rule, and what to change."""

    place: tuple[str | int, ...]
    rule: str
    remedy: str


def misfit(ground: Ground, features: list[Feature], spawn: Spawn, size: Size) -> Misfit | None:
    """The first thing that does not fit into `size` (X, Y, Z), or None."""
    top = ground.heights[1] + HEADROOM
    if top > size[2]:
        return Misfit(
            place=("ground",),
            rule=f"{HEADROOM} free nodes above ground of height {ground.heights[1]} do not fit in Z = {size[2]}",
            remedy=f"take lower ground, or at least Z = {top}",
        )
    for number, feature in enumerate(features):
        found = _fault(feature, ground, size)
        if found:
            key, rule, remedy = found
            return Misfit(place=("features", number, key), rule=f"{feature.kind}: {rule}", remedy=remedy)
    if isinstance(spawn, Open) and spawn.places > _lattice(size[0], spawn.apart) * _lattice(size[1], spawn.apart):
        side = (_side(spawn.places) - 1) * spawn.apart + 1
        return Misfit(
            place=("spawn", "places"),
            rule=f"{spawn.places} places {spawn.apart} apart do not fit in {size[0]} x {size[1]}",
            remedy=f"take fewer, or a size of at least {side} x {side}",
        )
    return None


_Fault: TypeAlias = tuple[str, str, str] | None
"""Key of the feature, rule, remedy."""


def _fault(feature: Feature, ground: Ground, size: Size) -> _Fault:
    found: _Fault = None
    match feature:
        case Trees():
            found = _trees(feature, ground, size)
        case Structure() | Rooms():
            found = _placed(feature, ground, size)
        case Water():
            found = _water(feature, ground)
        case Caves():
            found = _caves(ground)
        case Scatter():
            found = _scatter(feature, size)
        case Wall():
            found = _wall(feature, ground, size)
        case Patches():
            pass
    return found


def _side(count: int) -> int:
    """Smallest side of a square of `count` cells."""
    return isqrt(max(count - 1, 0)) + 1 if count else 0


def _lattice(length: int, step: int) -> int:
    """How many points at least `step` apart fit on a line of `length` nodes."""
    return ceil(max(length, 0) / step)


def _too_high(key: str, top: int, size: Size) -> _Fault:
    if top <= size[2]:
        return None
    return (
        key,
        f"it reaches z = {top} above the highest ground, and Z is {size[2]}",
        f"make it lower, or Z at least {top}",
    )


def _trees(feature: Trees, ground: Ground, size: Size) -> _Fault:
    inner = [length - 2 * feature.reach for length in size[:2]]
    least = feature.count[0]
    if least > _lattice(inner[0], feature.spacing) * _lattice(inner[1], feature.spacing):
        side = 2 * feature.reach + (_side(least) - 1) * feature.spacing + 1
        return (
            "count",
            f"{least} trees of reach {feature.reach} and spacing {feature.spacing} do not fit in {size[0]} x {size[1]}",
            f"take fewer, less spacing, or a size of at least {side} x {side}",
        )
    return _too_high("height", ground.heights[1] + feature.height[1] + feature.above, size)


def _placed(feature: Structure | Rooms, ground: Ground, size: Size) -> _Fault:
    wide, deep, high = feature.shape
    key = "map" if isinstance(feature, Rooms) else "layers"
    if feature.sink >= ground.heights[0] or feature.sink > high:
        most = min(ground.heights[0] - 1, high)
        return "sink", f"{feature.sink} layers do not fit in ground of height {ground.heights[0]}", f"at most {most}"
    corner = (0, 0) if isinstance(feature.at, str) else feature.at
    if wide + corner[0] > size[0] or deep + corner[1] > size[1]:
        least = f"{wide + corner[0]} x {deep + corner[1]}"
        return (
            key,
            f"{wide} x {deep} nodes at {feature.at} do not fit in {size[0]} x {size[1]}",
            f"the size is at least {least}",
        )
    if isinstance(feature, Structure):
        gap, least = feature.spacing, feature.count[0]
        if least > ((size[0] + gap) // (wide + gap)) * ((size[1] + gap) // (deep + gap)):
            sides = [_side(least) * (length + gap) - gap for length in (wide, deep)]
            said = f"{least} of {wide} x {deep} nodes and spacing {gap} do not fit in {size[0]} x {size[1]}"
            return "count", said, f"take fewer, less spacing, or a size of at least {sides[0]} x {sides[1]}"
    return _too_high(key, ground.heights[1] + high - feature.sink, size)


def _water(feature: Water, ground: Ground) -> _Fault:
    if feature.level >= ground.heights[1]:
        return "level", f"water of level {feature.level} leaves no land", f"at most {ground.heights[1] - 1}"
    return None


def _caves(ground: Ground) -> _Fault:
    rise = ground.heights[1] - ground.heights[0]
    if not isinstance(ground, Hills) or rise < 5:
        return "kind", "caves are dug into slopes", "take ground of kind hills with heights at least 5 apart"
    return None


def _scatter(feature: Scatter, size: Size) -> _Fault:
    room = size[0] * size[1] // 4
    if feature.count[0] > room:
        return "count", f"{feature.count[0]} clumps do not fit in {size[0]} x {size[1]}", f"at most {room} there"
    return None


def _wall(feature: Wall, ground: Ground, size: Size) -> _Fault:
    least = 2 * feature.inset + 5
    if min(size[:2]) < least:
        said = f"a wall {feature.inset} from the edge leaves no room in {size[0]} x {size[1]}"
        return "inset", said, f"take less, or a size of at least {least} x {least}"
    return _too_high("height", ground.heights[1] + feature.height + (feature.post is not None), size)

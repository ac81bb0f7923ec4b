"""Conditions as numbered marks in a plane; names stand in a key beneath, so that long ones never cover one another."""

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from corrigible.report.markup import Svg, compact, element, percent, text
from corrigible.report.scales import Scale
from corrigible.report.svg import chart, marker
from corrigible.types import Role

WIDTHS: Final = (200.0, 240.0, 280.0, 350.0, 560.0, 704.0, 880.0)  # pixels: on a phone to a large screen
HEIGHT: Final = 352.0  # pixels, as the style sheet has it for class "tall"
MARK: Final = 8.0  # pixels: half a mark's side, with air
DIGIT: Final = (12.5, 20.0)  # pixels: a digit's width and a line's height, on a large screen
RINGS: Final = (15.0, 24.0, 34.0, 46.0, 60.0, 76.0, 94.0)  # pixels from a mark at which its number is tried
DIRECTIONS: Final = 12
LEADER: Final = 20.0  # pixels from which a thin line leads from the mark to its number


@dataclass(frozen=True, kw_only=True)
class Dot:
    """A condition in a plane: the estimate at (x, y), and a small dot for each seed."""

    role: Role
    name: str
    title: str
    at: tuple[float, float]
    seeds: tuple[tuple[float, float], ...]


class Box(NamedTuple):
    """A rectangle by its middle and the halves of its sides, in pixels."""

    x: float
    y: float
    half_width: float
    half_height: float

    def meets(self, other: "Box") -> bool:
        """Do the two overlap?"""
        across = abs(self.x - other.x) < self.half_width + other.half_width
        return across and abs(self.y - other.y) < self.half_height + other.half_height


def dot_chart(dots: Sequence[Dot], x: Scale, y: Scale, *, label: str, axes: tuple[str, str]) -> Svg:
    """Marks numbered from 1 in the order of `dots`; a number stands free of other numbers and marks at any width."""
    places = [(x.percent(dot.at[0]), 100 - y.percent(dot.at[1])) for dot in dots]
    offsets = number_places(places)
    marks: list[Svg] = []
    numbers: list[Svg] = []
    for index, (dot, (across, down), offset) in enumerate(zip(dots, places, offsets, strict=True)):
        circles = [
            element("circle", {"cx": percent(x.percent(a)), "cy": percent(100 - y.percent(b)), "r": 3.5})
            for a, b in dot.seeds
            if math.isfinite(a) and math.isfinite(b)
        ]
        marks.append(element("g", {"class": f"seeds {dot.role}"}, element("title", {}, dot.title), *circles))
        if offset is not None:
            marks.append(marker(dot.role, percent(across), percent(down)))
            numbers.append(_number(index + 1, (percent(across), percent(down)), offset))
    return chart([], [*marks, *numbers], x, y, label=label, axes=axes, shape="tall")


def number_places(places: Sequence[tuple[float, float]]) -> list[tuple[float, float] | None]:
    """Pixels from each mark to the middle of its number, the nearest that is free at every width; None if unknown.

    places: marks in percent of the plane, across and down; NaN where a condition has no place.
    """
    known = [all(map(math.isfinite, place)) for place in places]
    marks = [
        [_pixels(place, width, (0.0, 0.0), (MARK, MARK)) for place, there in zip(places, known, strict=True) if there]
        for width in WIDTHS
    ]
    offsets: list[tuple[float, float] | None] = []
    for index, place in enumerate(places):
        if not known[index]:
            offsets.append(None)
            continue
        half = (DIGIT[0] * len(str(index + 1)) / 2, DIGIT[1] / 2)
        best = min(_candidates(), key=lambda offset: _met(place, offset, half, marks))
        offsets.append(best)
        for width, taken in zip(WIDTHS, marks, strict=True):
            taken.append(_pixels(place, width, best, half))
    return offsets


def _candidates() -> list[tuple[float, float]]:
    """Offsets by distance; at one distance to the right first."""
    turns = [2 * math.pi * turn / DIRECTIONS for turn in range(DIRECTIONS)]
    return [(ring * math.cos(turn), -ring * math.sin(turn)) for ring, turn in itertools.product(RINGS, turns)]


def _met(
    place: tuple[float, float], offset: tuple[float, float], half: tuple[float, float], marks: Sequence[Sequence[Box]]
) -> int:
    """How many boxes a number would cover at the worst width; leaving the plane counts as one."""
    worst = 0
    for width, taken in zip(WIDTHS, marks, strict=True):
        box = _pixels(place, width, offset, half)
        inside = box.half_width <= box.x <= width - box.half_width and box.y - box.half_height >= -4
        inside = inside and box.y + box.half_height <= HEIGHT + 4
        worst = max(worst, sum(map(box.meets, taken)) + (not inside))
    return worst


def _pixels(place: tuple[float, float], width: float, offset: tuple[float, float], half: tuple[float, float]) -> Box:
    return Box(place[0] * width / 100 + offset[0], place[1] * HEIGHT / 100 + offset[1], *half)


def _number(number: int, at: tuple[str, str], offset: tuple[float, float]) -> Svg:
    across, down = offset
    parts = [
        text({"x": compact(across), "y": compact(down + 5), "text-anchor": "middle", "class": "name"}, str(number))
    ]
    if math.hypot(across, down) > LEADER:
        ends = [compact(part * share) for share in (0.3, 0.8) for part in offset]
        parts.insert(0, element("path", {"class": "leader", "d": "M{} {}L{} {}".format(*ends)}))
    return element("svg", {"x": at[0], "y": at[1], "overflow": "visible"}, *parts)

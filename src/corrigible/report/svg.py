"""Small plots that stretch: places in percent, sizes in pixels, so that dots stay round and letters legible on a phone.

A chart's root fills its box minus margins that the style sheet gives (class "chart"); labels stand in these margins.
Colours come from the style sheet by class, hence light and dark. Every mark carries a title that browsers show.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from corrigible.report.markup import EMPTY, Svg, compact, element, group, percent, text
from corrigible.report.numbers import decimals_of, limited, number, percent_level, tick
from corrigible.report.scales import Scale
from corrigible.types import Measurement, Role

GuideKind: TypeAlias = Literal["null", "failure", "least"]
"""null: no effect or guessing; failure: the failure's own estimate; least: what the reference must reach."""

LineKind: TypeAlias = Literal["mean", "seed", "context", "chance"]
"""mean: over seeds; seed: one seed, faint; context: another condition's mean, thin; chance: what guessing gives."""

STRIP_HEIGHT: Final = 48  # pixels: lanes of seeds above, the interval below
LANES: Final = (8.0, 28.0)
BAR: Final = 39.0
CHART: Final = 1000  # units of the inner, stretched coordinate system
HEAT_STEPS: Final = 9
CELL: Final = (78, 40)  # pixels of one heat-map cell


@dataclass(frozen=True, kw_only=True)
class Guide:
    """A vertical line in a strip of dots."""

    value: float
    kind: GuideKind


@dataclass(frozen=True, kw_only=True)
class ChartLine:
    """One line of a chart; y may hold NaN, where the line breaks. low and high draw a band and may be empty."""

    x: tuple[float, ...]
    y: tuple[float, ...]
    kind: LineKind
    role: Role
    title: str
    low: tuple[float, ...] = ()
    high: tuple[float, ...] = ()


def dot_strip(
    measurement: Measurement, role: Role, scale: Scale, *, seeds: Sequence[int], guides: Sequence[Guide] = ()
) -> Svg:
    """One row of a dot plot: a dot per seed above, the estimate with its interval below.

    seeds: all seeds of the plot in order; a seed keeps its height in every row, so pairs can be followed by eye.
    """
    marks = [
        element("g", {"class": "grid"}, *(_vertical(scale.percent(value)) for value in scale.ticks())),
        *(
            element("g", {"class": f"guide {guide.kind}"}, _vertical(scale.percent(guide.value)))
            for guide in guides
            if math.isfinite(guide.value)
        ),
        _interval(measurement, scale),
        *_seed_dots(measurement, scale, seeds),
    ]
    if math.isfinite(measurement.estimate):
        marks.append(marker(role, percent(scale.percent(measurement.estimate)), compact(BAR)))
    attributes = {"class": f"strip {role}", "width": "100%", "height": STRIP_HEIGHT, "role": "img"}
    return element("svg", {**attributes, "aria-label": describe(measurement)}, *marks)


def describe(measurement: Measurement) -> str:
    """A measurement in words, for those who hear the page."""
    places = decimals_of(measurement)
    said = f"{measurement.condition}: estimate {limited(number(measurement.estimate, places), measurement.limit)}"
    if math.isfinite(measurement.low) and math.isfinite(measurement.high):
        level = percent_level(measurement.level)
        said += f", {level} interval {number(measurement.low, places)} to {number(measurement.high, places)}"
    values = ", ".join(number(value, places + 1) for value in measurement.per_seed)
    return f"{said}, n = {measurement.n}; seeds: {values}"


def dot_axis(scale: Scale) -> Svg:
    """The axis beneath a group of strips."""
    labels = [
        text({"x": percent(scale.percent(value)), "y": 15, "text-anchor": "middle"}, tick(value, scale.step))
        for value in scale.ticks()
    ]
    return element("svg", {"class": "axis", "width": "100%", "height": 20, "aria-hidden": "true"}, *labels)


def marker(role: Role, x: str, y: str) -> Svg:
    """The role's mark, so that colour is never the only sign: reference diamond, failure disc, remedy triangle."""
    shapes: Mapping[Role, Svg] = {
        "reference": element("path", {"d": "M0 -7L7 0L0 7L-7 0Z"}),
        "failure": element("circle", {"r": 5.5}),
        "remedy": element("path", {"d": "M0 -7L6.5 5L-6.5 5Z"}),
        "variant": element("path", {"d": "M-5 -5H5V5H-5Z"}),
    }
    return element("svg", {"x": x, "y": y, "overflow": "visible", "class": f"marker {role}"}, shapes[role])


def role_key(role: Role) -> Svg:
    """The role's mark alone, for a legend."""
    attributes = {"class": "key", "width": 18, "height": 18, "aria-hidden": "true"}
    return element("svg", attributes, marker(role, "9", "9"))


def line_key(kind: LineKind, role: Role) -> Svg:
    """A short line as the chart draws it, for a legend."""
    line = element("path", {"class": f"line {kind} {role}", "d": "M1 7H27"})
    return element("svg", {"class": "key", "width": 28, "height": 14, "aria-hidden": "true"}, line)


def line_chart(lines: Sequence[ChartLine], x: Scale, y: Scale, *, label: str, axes: tuple[str, str]) -> Svg:
    """Lines with bands over common axes; `axes` names x and y (short, or empty), `label` says what is to be seen."""
    bands = [_band(line, x, y) for line in lines if line.low and line.high]
    paths = [_line(line, x, y) for line in lines]
    return chart([*bands, *paths], [], x, y, label=label, axes=axes, shape="wide")


def roc_chart(curves: Sequence[ChartLine], *, label: str, false_alarms: float = 0.05) -> Svg:
    """ROC curves in the unit square, with the diagonal of guessing and the tolerated rate of false alarms."""
    unit = Scale(low=0, high=1, step=0.25)
    chance = ChartLine(x=(0, 1), y=(0, 1), kind="chance", role="variant", title="guessing")
    tolerated = element("g", {"class": "guide least"}, _vertical(unit.percent(false_alarms)))
    paths = [_line(line, unit, unit) for line in (chance, *curves)]
    axes = ("false-alarm rate", "detection rate")
    return chart(paths, [tolerated], unit, unit, label=label, axes=axes, shape="square")


def heat_map(
    rows: Sequence[str],
    columns: Sequence[str],
    values: Sequence[Sequence[float]],
    *,
    centre: float,
    reach: float,
    decimals: int,
    label: str,
    below: str,
) -> Svg:
    """A table of cells whose shade runs in nine steps from `centre` to `reach` away from it, to either side.

    A cell below it has a dashed frame, and `below` says in its title what that means; NaN leaves a cell empty.
    values: one row a name in `rows`, one number a name in `columns`. Sized in pixels: put it in a box that scrolls.
    """
    width, height = CELL
    gutter = 16 + round(7.6 * max((len(name) for name in rows), default=0))
    header = 28 + round(4.6 * max((len(name) for name in columns), default=0))
    overhang = round(7 * max((len(name) for name in columns), default=0) * 0.86)
    marks: list[Svg] = []
    for j, name in enumerate(columns):
        place = f"translate({gutter + (j + 0.5) * width:g} {header - 10}) rotate(-30)"
        marks.append(text({"transform": place, "class": "name"}, name))
    for i, name in enumerate(rows):
        middle = header + (i + 0.5) * height
        marks.append(text({"x": gutter - 12, "y": middle + 5, "text-anchor": "end", "class": "name"}, name))
        marks += [
            _cell(
                f"{name}, {column}: {number(values[i][j], decimals)}" + (f", {below}" if values[i][j] < centre else ""),
                number(values[i][j], decimals),
                (values[i][j] - centre) / reach,
                corner=(gutter + j * width, header + i * height),
            )
            for j, column in enumerate(columns)
        ]
    total = (gutter + len(columns) * width + max(0, overhang - width // 2), header + len(rows) * height)
    attributes = {"class": "heat", "width": total[0], "height": total[1], "role": "img", "aria-label": label}
    return element("svg", attributes, *marks)


def _cell(title: str, written: str, share: float, *, corner: tuple[float, float]) -> Svg:
    """share: from -1 to 1, how far the value lies from the middle; NaN where there is none."""
    (width, height), (x, y) = CELL, corner
    shade = "none"
    if math.isfinite(share):
        shade = str(min(HEAT_STEPS - 1, int(abs(share) * HEAT_STEPS)))
    place = {"x": x + 1, "y": y + 1, "width": width - 2, "height": height - 2, "rx": 4}
    return element(
        "g",
        {"class": f"cell shade-{shade}" + (" backwards" if share < 0 else "")},
        element("title", {}, title),
        element("rect", place),
        text({"x": x + width / 2, "y": y + height / 2 + 5, "text-anchor": "middle"}, written),
    )


def _vertical(place: float) -> Svg:
    return element("line", {"x1": percent(place), "x2": percent(place), "y1": "0", "y2": "100%"})


def _interval(measurement: Measurement, scale: Scale) -> Svg:
    """The bar of an interval, with an arrow head where it goes on beyond the axis."""
    low, high = measurement.low, measurement.high
    if not (math.isfinite(low) and math.isfinite(high)):
        return EMPTY
    ends = (percent(scale.percent(low)), percent(scale.percent(high)))
    bar = element("line", {"class": "interval", "x1": ends[0], "x2": ends[1], "y1": BAR, "y2": BAR})
    arrows = [
        element("svg", {"x": place, "y": BAR, "overflow": "visible", "class": "beyond"}, element("path", {"d": d}))
        for cut, place, d in zip(scale.cuts(low, high), ends, ("M3 -6L-5 0L3 6Z", "M-3 -6L5 0L-3 6Z"), strict=True)
        if cut
    ]
    return group(bar, *arrows)


def _seed_dots(measurement: Measurement, scale: Scale, seeds: Sequence[int]) -> list[Svg]:
    top, bottom = LANES
    apart = (bottom - top) / max(1, len(seeds) - 1)
    lanes = {seed: top + index * apart for index, seed in enumerate(seeds)}
    places = decimals_of(measurement) + 1
    return [
        element(
            "circle",
            {"cx": percent(scale.percent(value)), "cy": lanes.get(seed, top), "r": 4},
            element("title", {}, f"seed {seed}: {number(value, places)}"),
        )
        for seed, value in zip(measurement.seeds, measurement.per_seed, strict=True)
        if math.isfinite(value)
    ]


def chart(
    stretched: Sequence[Svg],
    fixed: Sequence[Svg],
    x: Scale,
    y: Scale,
    *,
    label: str,
    axes: tuple[str, str],
    shape: Literal["wide", "square", "tall"],
) -> Svg:
    """Grid, axes and a stretched inner coordinate system that holds the lines."""
    grid = [_vertical(x.percent(value)) for value in x.ticks()]
    names: list[Svg] = [
        text({"x": percent(x.percent(value)), "y": "100%", "dy": 20, "text-anchor": "middle"}, tick(value, x.step))
        for value in x.ticks()
    ]
    for value in y.ticks():
        height = percent(100 - y.percent(value))
        grid.append(element("line", {"x1": "0", "x2": "100%", "y1": height, "y2": height}))
        names.append(text({"x": -8, "y": height, "dy": 5, "text-anchor": "end"}, tick(value, y.step)))
    names.append(text({"x": "100%", "y": "100%", "dy": 40, "text-anchor": "end", "class": "title"}, axes[0]))
    if axes[1]:
        names.append(text({"x": -44, "y": 0, "dy": -14, "class": "title"}, axes[1]))
    box = {"width": "100%", "height": "100%", "viewBox": f"0 0 {CHART} {CHART}", "preserveAspectRatio": "none"}
    inner = element("svg", {**box, "overflow": "visible"}, *stretched)
    return element(
        "svg",
        {"class": f"chart {shape}", "role": "img", "aria-label": label},
        element("g", {"class": "grid"}, *grid),
        element("g", {"class": "names", "aria-hidden": "true"}, *names),
        *fixed,
        inner,
    )


def _line(line: ChartLine, x: Scale, y: Scale) -> Svg:
    """A path that breaks where y is unknown; points on a straight run are left out."""
    points = [_point(a, b, x, y) for a, b in zip(line.x, line.y, strict=True)]
    pieces: list[str] = []
    for run in _runs(points):
        kept = _without_middles(run)
        pieces.append("M" + "L".join(f"{compact(a)} {compact(b)}" for a, b in (kept if len(kept) > 1 else kept * 2)))
    attributes = {"class": f"line {line.kind} {line.role}", "d": "".join(pieces)}
    return element("path", attributes, element("title", {}, line.title))


def _band(line: ChartLine, x: Scale, y: Scale) -> Svg:
    """The area between low and high, one closed piece for every run of known ends."""
    upper = [_point(a, b, x, y) for a, b in zip(line.x, line.high, strict=True)]
    lower = [_point(a, b, x, y) for a, b in zip(line.x, line.low, strict=True)]
    both = [None if a is None or b is None else (*a, b[1]) for a, b in zip(upper, lower, strict=True)]
    pieces: list[str] = []
    for run in _runs(both):
        there = [f"{compact(a)} {compact(high)}" for a, high, _ in run]
        back = [f"{compact(a)} {compact(low)}" for a, _, low in reversed(run)]
        pieces.append(f"M{'L'.join((*there, *back))}Z")
    return element("path", {"class": f"band {line.role}", "d": "".join(pieces)})


def _point(a: float, b: float, x: Scale, y: Scale) -> tuple[float, ...] | None:
    """Place in the inner coordinate system, to a tenth of a unit; None where unknown."""
    if not (math.isfinite(a) and math.isfinite(b)):
        return None
    return round(x.percent(a) * CHART / 100, 1), round(CHART - y.percent(b) * CHART / 100, 1)


def _runs(points: Sequence[tuple[float, ...] | None]) -> list[list[tuple[float, ...]]]:
    """Unbroken stretches of known points."""
    runs: list[list[tuple[float, ...]]] = [[]]
    for point in points:
        if point is not None:
            runs[-1].append(point)
        elif runs[-1]:
            runs.append([])
    return [run for run in runs if run]


def _without_middles(points: Sequence[tuple[float, ...]]) -> list[tuple[float, ...]]:
    """Points without those in the middle of a level or upright run, of which an ROC curve has thousands."""
    kept: list[tuple[float, ...]] = []
    for point in points:
        if len(kept) >= 2 and any(kept[-2][axis] == kept[-1][axis] == point[axis] for axis in (0, 1)):
            kept[-1] = point
        else:
            kept.append(point)
    return kept

"""How the cost of voxel worlds grows: a table, and a plot as SVG."""

import math
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from voxel.playing import Point

WIDE, HIGH, LEFT, TOP = 250, 170, 56, 46  # of a panel's inside, and its margins, in pixels
COLOURS: Final = ("#1b6ca8", "#c8553d")


def table(points: Sequence[Point]) -> Iterator[str]:
    """Lines: frames and megapixels per CPU-second, by axis and scene."""
    yield f"{'growth':22}{'value':>7}  {'scene':14}{'frames':>10}{'Mpixels':>10}  per CPU-second"
    for one in points:
        measured = (
            f"{one.frames:10,.0f}{one.pixels / 1e6:10.1f}" if one.measured else "  the scene needs a larger world"
        )
        yield f"{one.axis:22}{one.value:7}  {one.scene:14}{measured}"


def plot(points: Sequence[Point], path: Path) -> None:
    """One panel an axis, one line a scene; where pictures differ in size, megapixels are shown, else frames."""
    axes = list(dict.fromkeys(one.axis for one in points))
    width, height = len(axes) * (WIDE + LEFT + 14), HIGH + TOP + 46
    panels = "".join(
        f'<g transform="translate({LEFT + number * (WIDE + LEFT + 14)} {TOP})">{_panel(points, axis)}</g>'
        for number, axis in enumerate(axes)
    )
    scenes = list(dict.fromkeys(one.scene for one in points))
    key = "".join(
        f'<tspan dx="12" fill="{colour}">{scene}</tspan>' for scene, colour in zip(scenes, COLOURS, strict=True)
    )
    path.write_text(
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" font-family="sans-serif" '
        f'font-size="11" fill="#555"><rect width="100%" height="100%" fill="#fff"/>'
        f'<text x="8" y="14">{key}</text>{panels}</svg>\n',
        encoding="utf-8",
    )


def _panel(points: Sequence[Point], axis: str) -> str:
    of_pixels = axis.startswith("pixels")
    lines = {
        scene: [(one.value, one.pixels / 1e6 if of_pixels else one.frames) for one in points if _is(one, axis, scene)]
        for scene in dict.fromkeys(one.scene for one in points)
    }
    values = sorted({value for line in lines.values() for value, _ in line})
    most = _round_up(max(height for line in lines.values() for _, height in line))
    low, high = math.log2(values[0]), math.log2(values[-1])

    def at(value: float, amount: float) -> str:
        return f"{WIDE * (math.log2(value) - low) / (high - low):.1f},{HIGH * (1 - amount / most):.1f}"

    drawn = [f'<text x="{WIDE / 2}" y="{HIGH + 34}" text-anchor="middle">{axis}</text>']
    title = "megapixels per CPU-second" if of_pixels else "frames per CPU-second"
    drawn.append(f'<text x="0" y="-8">{title}</text>')
    for share in (0.0, 0.5, 1.0):
        y = HIGH * (1 - share)
        drawn.append(f'<path d="M0 {y}H{WIDE}" stroke="#ddd"/>')
        drawn.append(f'<text x="-6" y="{y + 4}" text-anchor="end">{most * share:,.6g}</text>')
    for value in values:
        x = at(value, 0.0).split(",")[0]
        drawn.append(f'<text x="{x}" y="{HIGH + 16}" text-anchor="middle">{value}</text>')
    for line, colour in zip(lines.values(), COLOURS, strict=True):
        places = [at(*point) for point in line]
        drawn.append(f'<polyline points="{" ".join(places)}" fill="none" stroke="{colour}" stroke-width="2"/>')
        drawn.extend(
            f'<circle cx="{x}" cy="{y}" r="3" fill="{colour}"/>' for x, y in (place.split(",") for place in places)
        )
    return "".join(drawn)


def _is(one: Point, axis: str, scene: str) -> bool:
    return one.axis == axis and one.scene == scene and one.measured


def _round_up(value: float) -> float:
    step = 10.0 ** math.floor(math.log10(value)) / 2
    return step * math.ceil(value / step)

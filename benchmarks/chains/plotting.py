"""CPU-seconds against windows, both axes logarithmic, as SVG: a panel for each sharpness, a line for each program."""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Final

WIDE, HIGH, LEFT, TOP = 320, 220, 62, 44
COLOURS: Final = ("#1b6ca8", "#c8553d", "#3a8f5c", "#8a5aa8")

Point = tuple[str, float, int, float]
"""Who, sharpness, windows, CPU-seconds."""


def plot(points: Sequence[Point], path: Path) -> None:
    """Write the picture."""
    panels = sorted({sharpness for _, sharpness, _, _ in points})
    programs = list(dict.fromkeys(who for who, *_ in points))
    width, height = len(panels) * (WIDE + LEFT + 14), HIGH + TOP + 46
    key = "".join(f'<tspan dx="12" fill="{COLOURS[number]}">{who}</tspan>' for number, who in enumerate(programs))
    drawn = "".join(
        f'<g transform="translate({LEFT + number * (WIDE + LEFT + 14)} {TOP})">{_panel(points, panel, programs)}</g>'
        for number, panel in enumerate(panels)
    )
    path.write_text(
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" font-family="sans-serif" '
        f'font-size="11" fill="#555"><rect width="100%" height="100%" fill="#fff"/>'
        f'<text x="8" y="14">{key}</text>{drawn}</svg>\n',
        encoding="utf-8",
    )


def _panel(points: Sequence[Point], panel: float, programs: Sequence[str]) -> str:
    decades = [math.floor(math.log10(min(s for *_, s in points))), math.ceil(math.log10(max(s for *_, s in points)))]
    low, high = 1.5, 7.2

    def at(states: float, seconds: float) -> tuple[float, float]:
        x = WIDE * (math.log10(states) - low) / (high - low)
        return x, HIGH * (1 - (math.log10(seconds) - decades[0]) / (decades[1] - decades[0]))

    drawn = [
        f'<text x="{WIDE / 2}" y="{HIGH + 34}" text-anchor="middle">windows (logits of deviation {panel:g})</text>',
        '<text x="0" y="-8">CPU-seconds</text>',
    ]
    for decade in range(decades[0], decades[1] + 1):
        y = at(100, 10.0**decade)[1]
        drawn.append(f'<path d="M0 {y:.1f}H{WIDE}" stroke="#ddd"/>')
        drawn.append(f'<text x="-6" y="{y + 4:.1f}" text-anchor="end">{10.0**decade:g}</text>')
    for power in range(2, 8):
        x = at(10.0**power, 1.0)[0]
        drawn.append(f'<text x="{x:.1f}" y="{HIGH + 16}" text-anchor="middle">1e{power}</text>')
    for number, who in enumerate(programs):
        line = sorted((states, seconds) for name, panel_, states, seconds in points if (name, panel_) == (who, panel))
        places = [at(*point) for point in line]
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
        drawn.append(f'<polyline points="{path}" fill="none" stroke="{COLOURS[number]}" stroke-width="2"/>')
        drawn.extend(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{COLOURS[number]}"/>' for x, y in places)
    return "".join(drawn)

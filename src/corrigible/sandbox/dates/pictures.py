"""One history as its forecaster saw it: the expected date, year by year, and the signs."""

from typing import Final

import numpy as np

from corrigible.errors import BadInput
from corrigible.sandbox.dates.world import YEARS
from corrigible.types import Array, Replay, Trajectory

WIDTH: Final = 420
HEIGHT: Final = 260
FRAMES: Final = 12
INK: Final = "var(--ink,#1f2933)"
MUTED: Final = "var(--muted,#616e7c)"
LINE: Final = "var(--warn,#c2410c)"
GOOD: Final = "var(--good,#15803d)"


def replay_of(trajectory: Trajectory, signs: Array, column: int) -> Replay:
    """At most 12 frames. signs: (T, B) signs seen. Raises BadInput where there is no such column."""
    if not 0 <= column < trajectory.action.shape[1]:
        raise BadInput(value=f"world {column}", rule="it must be in the record", remedy="give another")
    asked = int(trajectory.mask[:, column].sum())
    dates = np.arange(asked) + YEARS[trajectory.action[:asked, column]]
    new = np.flatnonzero(np.diff(signs[:asked, column], prepend=0) > 0)
    came = bool(trajectory.terminated[asked - 1, column])
    top = 10.0 * np.ceil((max(int(dates.max()), asked) + 1) / 10)
    until = np.unique(np.linspace(1, asked, min(FRAMES, asked)).round().astype(int))
    frames = tuple(_frame(dates[:end], new[new < end], top, over=came and end == asked) for end in until)
    captions = tuple(
        f"year {end - 1}: expected in year {dates[end - 1]}"
        + (f"; it comes in year {asked}" if came and end == asked else "")
        for end in until
    )
    return Replay(width=WIDTH, height=HEIGHT, frames=frames, captions=captions, seconds=0.7)


def _frame(dates: Array, signs: Array, top: float, *, over: bool) -> str:
    def x(year: float) -> float:
        return 46 + 350 * year / top

    def y(date: float) -> float:
        return 220 - 180 * date / top

    points = " ".join(f"{x(year):.1f},{y(date):.1f}" for year, date in enumerate(dates))
    parts = [
        f'<text x="46" y="22" fill="{INK}" font-size="14">expected date, while nothing has come</text>',
        f'<path d="M46 40V220H396" fill="none" stroke="{MUTED}"/>',
        f'<path d="M{x(0):.1f} {y(0):.1f}L{x(top):.1f} {y(top):.1f}" stroke="{MUTED}" stroke-dasharray="3 4"/>',
        f'<text x="396" y="238" text-anchor="end" fill="{MUTED}" font-size="12">year asked, to {top:.0f}</text>',
        f'<text x="40" y="46" text-anchor="end" fill="{MUTED}" font-size="12">{top:.0f}</text>',
        f'<polyline points="{points}" fill="none" stroke="{LINE}" stroke-width="2"/>',
    ]
    parts += [f'<circle cx="{x(float(at)):.1f}" cy="{y(float(dates[at])):.1f}" r="4" fill="{GOOD}"/>' for at in signs]
    if over:
        end = len(dates)
        parts.append(f'<rect x="{x(end) - 4:.1f}" y="{y(end) - 4:.1f}" width="8" height="8" fill="{INK}"/>')
    return "".join(parts)

"""An episode of teams that are asked: how sure each model is of its answer, in the eval and in use."""

from typing import Final

import numpy as np

from corrigible.errors import BadInput
from corrigible.types import Replay, Trajectory

WIDTH: Final = 420
HEIGHT: Final = 240
BASE: Final = 190
TALL: Final = 130
INK: Final = "var(--ink,#1f2933)"
MUTED: Final = "var(--muted,#616e7c)"
GOOD: Final = "var(--good,#15803d)"
WARN: Final = "var(--warn,#c2410c)"
TITLES: Final = ("an item of the eval", "a new item, in use")


def replay_of(trajectory: Trajectory, column: int) -> Replay:
    """Two frames, a bar a team: height is how sure it is, colour its answer. BadInput where there is no such column."""
    if not 0 <= column < trajectory.action.shape[1] or trajectory.value is None:
        raise BadInput(value=f"world {column}", rule="it must be in the record", remedy="give another")
    frames = tuple(
        _bars(trajectory.value[step, column], trajectory.action[step, column], title)
        for step, title in enumerate(TITLES)
    )
    paid = int((trajectory.reward[0, column] > 0).sum())
    teams = trajectory.action.shape[2]
    captions = (f"{paid} of {teams} teams are paid for their answer", "in use nobody marks")
    return Replay(width=WIDTH, height=HEIGHT, frames=frames, captions=captions, seconds=1.5)


def _bars(sure: np.ndarray, answer: np.ndarray, title: str) -> str:
    step = (WIDTH - 40) / len(sure)
    parts = [
        f'<text x="20" y="24" fill="{INK}" font-size="15">{title}: how sure each team&#39;s model is</text>',
        f'<path d="M20 {BASE}H{WIDTH - 20}M20 {BASE - TALL}h6M20 {BASE - TALL / 2:g}h6" stroke="{MUTED}"/>',
        f'<text x="20" y="{BASE - TALL - 6}" fill="{MUTED}" font-size="12">100 %</text>',
        f'<text x="20" y="{BASE + 22}" fill="{MUTED}" font-size="13">teams, from the one that understands most; '
        f'<tspan fill="{GOOD}">yes</tspan>, <tspan fill="{WARN}">no</tspan></text>',
    ]
    for place, (height, says) in enumerate(zip(sure, answer, strict=True)):
        tall = TALL * float(height)
        parts.append(
            f'<rect x="{20 + place * step:.1f}" y="{BASE - tall:.1f}" width="{max(step - 2, 1):.1f}" '
            f'height="{tall:.1f}" fill="{GOOD if says == 1 else WARN}"/>'
        )
    return "".join(parts)

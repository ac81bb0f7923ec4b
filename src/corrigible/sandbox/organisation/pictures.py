"""One period of an organisation: how much effort goes into looks, among all members and among the funded."""

from typing import Final

import numpy as np

from corrigible.errors import BadInput
from corrigible.sandbox.organisation.world import LEVELS, OrganisationParams
from corrigible.types import Replay, Trajectory

WIDTH: Final = 360
HEIGHT: Final = 240
BASE: Final = 190
COLUMN: Final = 56
INK: Final = "var(--ink,#1f2933)"
MUTED: Final = "var(--muted,#616e7c)"
GOOD: Final = "var(--good,#15803d)"
WARN: Final = "var(--warn,#c2410c)"


def replay_of(world: OrganisationParams, trajectory: Trajectory, column: int) -> Replay:
    """Two frames: everybody, and those who are paid. Raises BadInput where there is no such column."""
    if not 0 <= column < trajectory.action.shape[1]:
        raise BadInput(value=f"world {column}", rule="it must be in the record", remedy="give another")
    action, paid = trajectory.action[0, column], trajectory.reward[0, column] > 0
    everybody = np.bincount(action, minlength=LEVELS.size) / len(action)
    funded = np.bincount(action[paid], minlength=LEVELS.size) / max(int(paid.sum()), 1)
    frames = tuple(
        _bars(shares, title) for shares, title in ((everybody, "all members"), (funded, "those who are paid"))
    )
    captions = (f"{world.members} members, {world.layers} layers", f"{int(paid.sum())} are paid")
    return Replay(width=WIDTH, height=HEIGHT, frames=frames, captions=captions, seconds=1.5)


def _bars(shares: np.ndarray, title: str) -> str:
    parts = [f'<text x="20" y="24" fill="{INK}" font-size="15">{title}: effort that goes into looks</text>']
    for place, (level, share) in enumerate(zip(LEVELS, shares, strict=True)):
        x, height = 30 + place * (COLUMN + 8), 140 * float(share)
        colour = WARN if level > 0.5 else GOOD
        top, middle = BASE - height, x + COLUMN / 2
        parts += [
            f'<rect x="{x}" y="{top:.1f}" width="{COLUMN}" height="{height:.1f}" fill="{colour}"/>',
            _text(middle, BASE + 18, MUTED, f"{level:.0%}"),
            _text(middle, top - 5, INK, f"{share:.0%}"),
        ]
    return "".join(parts)


def _text(x: float, y: float, colour: str, text: str) -> str:
    return f'<text x="{x}" y="{y:.1f}" text-anchor="middle" fill="{colour}" font-size="13">{text}</text>'

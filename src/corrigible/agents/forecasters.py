"""Forecasters who learn from what they are paid, and nothing else, which date to give.

A forecast changes nothing, so that a history tells afterwards what any other would have been paid: full information.
In each state (years without the event, signs seen) the forecast with the best mean pay so far is given (follow the
leader; Cesa-Bianchi & Lugosi 2006, ch. 3). Nothing of hazards, martingales or calibration is told.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np

from corrigible.sandbox.dates.world import LAST, YEARS, DateParams, histories, outcome, state_of
from corrigible.sandbox.games.inputs import count
from corrigible.types import Array, Checkpoint, Setup

BATCH: Final = 2000


@dataclass(frozen=True, kw_only=True)
class ForecasterSettings:
    """histories: lived through. checkpoints: how often it is stored. BadInput out of range."""

    histories: int = 20_000
    checkpoints: int = 3

    def __post_init__(self) -> None:
        """Check both."""
        count("histories", self.histories, least=1, most=10**7)
        count("checkpoints", self.checkpoints, least=1, most=self.histories, most_is="histories")


def train_forecaster(
    setup: Setup[DateParams, ForecasterSettings], *, generator: np.random.Generator
) -> Iterator[Checkpoint]:
    """Checkpoints {"value": (61, signs + 1, 81) float32}: the mean pay of each forecast. Reads `setup.paid` alone."""
    world, settings = setup.world, setup.settings
    shape = (LAST + 1, world.signs + 1, YEARS.size)
    total, seen = np.zeros(shape), np.zeros(shape[:2])
    ends = [round(settings.histories * number / settings.checkpoints) for number in range(1, settings.checkpoints + 1)]
    lived = 0
    for end in ends:
        while lived < end:
            size = min(BATCH, end - lived)
            _learn(setup, size, total, seen, generator)
            lived += size
        value = total / np.maximum(seen, 1)[..., None]
        yield Checkpoint(step=end, parameters={"value": value.astype(np.float32)})


def _learn(
    setup: Setup[DateParams, ForecasterSettings], size: int, total: Array, seen: Array, generator: np.random.Generator
) -> None:
    """Add to (61, signs + 1, 81) sums of pay and (61, signs + 1) counts what `size` histories pay."""
    lived = histories(setup.world, size, generator)
    years, column = np.nonzero(lived.waiting & lived.came)
    row, signs = state_of(years, lived.seen[years, column])
    state = row * seen.shape[1] + signs
    left = lived.left[years, column]
    seen += np.bincount(state, minlength=seen.size).reshape(seen.shape)
    for place, forecast in enumerate(YEARS):
        paid = np.asarray(setup.paid(outcome(np.full(left.shape, float(forecast)), left)), dtype=np.float64)
        total[..., place] += np.bincount(state, weights=paid, minlength=seen.size).reshape(seen.shape)

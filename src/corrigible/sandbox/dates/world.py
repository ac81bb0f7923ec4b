"""Histories in years: stages end one after another, the first of them unseen, the last is the event.

Each year a stage ends with probability 1 / mean, at most one a year, whatever came before (Cox 1962, ch. 2, the method
of stages). Of a forecast it is known once the event has come how far off it was.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np

from corrigible.errors import BadInput
from corrigible.seeding import stream
from corrigible.types import Array, Events

HORIZON: Final = 120
"""Years that a history is watched."""

YEARS: Final = np.arange(81)
"""Forecasts, in years from now; an action is an index."""


LAST: Final = 60
"""Years from which on a forecaster's table no longer tells one from another."""


@dataclass(frozen=True, kw_only=True)
class DateParams:
    """Stages of a history.

    means: years that each stage lasts on average, above 1. unseen: of how many stages, from the first on, nobody sees
    the end; the end of the last is the event, which everybody sees.

    Raises:
        BadInput: no stage, a mean of at most 1 or above 100, or as many unseen stages as there are.
    """

    means: tuple[float, ...] = (15.0, 5.0)
    unseen: int = 0

    def __post_init__(self) -> None:
        """Check every number."""
        if not self.means or not all(1 < mean <= 100 for mean in self.means):
            raise BadInput(
                value=f"means = {self.means}",
                rule="one or more, each above 1, at most 100",
                remedy="give such as 15, 5",
            )
        if not 0 <= self.unseen < len(self.means):
            raise BadInput(
                value=f"unseen = {self.unseen}", rule=f"from 0 to {len(self.means) - 1}", remedy="leave the event seen"
            )

    @property
    def signs(self) -> int:
        """Ends of stages that are seen before the event."""
        return len(self.means) - self.unseen - 1


@dataclass(frozen=True, kw_only=True, eq=False)
class Histories:
    """What happened. event: (B,) int64 year, at most `HORIZON`; seen: (HORIZON, B) int8 signs seen before each year.

    came: (B,) bool, whether the event came within the horizon.
    """

    event: Array
    seen: Array
    came: Array

    @property
    def waiting(self) -> Array:
        """(HORIZON, B) bool: years in which a date is asked for, since the event has not come."""
        return np.arange(HORIZON)[:, None] < self.event

    @property
    def left(self) -> Array:
        """(HORIZON, B) float64: years until the event."""
        return np.maximum(self.event - np.arange(HORIZON)[:, None], 0).astype(np.float64)


def histories(world: DateParams, count: int, generator: np.random.Generator) -> Histories:
    """`count` of them."""
    lasts = [generator.geometric(1.0 / mean, size=count) for mean in world.means]
    ends = np.cumsum(lasts, axis=0)
    now = np.arange(HORIZON)[:, None]
    seen = np.zeros((HORIZON, count), dtype=np.int8)
    for end in ends[world.unseen : -1]:
        seen += now >= end
    event = ends[-1]
    return Histories(event=np.minimum(event, HORIZON), seen=seen, came=event <= HORIZON)


def histories_of_seed(world: DateParams, count: int, seed: int) -> Histories:
    """The same, from a seed that was stored."""
    return histories(world, count, stream(seed, "histories"))


def outcome(forecast: Array, left: Array) -> Events:
    """For reward functions, once the event has come: amount = forecast - years left, in years; "late" where above 0."""
    error = forecast - left
    return Events(happened={"late": error > 0}, amount=error)


def expected_left(world: DateParams) -> Array:
    """(HORIZON, signs + 1) float64: expected years left for who knows the world and sees the signs; exact.

    Row t is asked after t years, column s after s signs. Before the first sign the belief over the unseen stages is
    filtered on that nothing was seen; after it the stage is known and each stage is memoryless.
    """
    means = np.array(world.means)
    rest = np.cumsum(means[::-1])[::-1]
    belief = np.zeros(world.unseen + 1)
    belief[0] = 1.0
    ends = 1.0 / means[: world.unseen + 1]
    found = np.empty((HORIZON, world.signs + 1))
    for now in range(HORIZON):
        found[now, 0] = belief @ rest[: world.unseen + 1]
        moved = belief * (1.0 - ends)
        moved[1:] += (belief * ends)[:-1]
        belief = moved / moved.sum()
    found[:, 1:] = rest[world.unseen + 1 :]
    return found


def state_of(years: Array, signs: Array) -> tuple[Array, Array]:
    """Row and column of the table for years waited and signs seen."""
    return np.minimum(years, LAST), signs.astype(np.int64)

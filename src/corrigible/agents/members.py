"""Members of an organisation who learn from what they are paid how much effort goes into looks.

Epsilon-greedy Q-learning without a future (Sutton & Barto 2018, ch. 2), a table of five efforts each; nothing is
scripted.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from corrigible.sandbox.games.inputs import count, probability
from corrigible.sandbox.organisation.world import LEVELS, OrganisationParams, period
from corrigible.types import Array, Checkpoint, Setup


@dataclass(frozen=True, kw_only=True)
class MemberSettings:
    """How they learn. rate and exploration fall linearly; exploration in the first half. BadInput out of range."""

    periods: int = 4000
    checkpoints: int = 3
    rate_start: float = 0.1
    rate_end: float = 0.01
    exploration_end: float = 0.02

    def __post_init__(self) -> None:
        """Check every number."""
        count("periods", self.periods, least=1, most=10**8)
        count("checkpoints", self.checkpoints, least=1, most=self.periods, most_is="periods")
        for name in ("rate_start", "rate_end", "exploration_end"):
            probability(name, getattr(self, name))


def train_members(
    setup: Setup[OrganisationParams, MemberSettings], *, generator: np.random.Generator
) -> Iterator[Checkpoint]:
    """Checkpoints {"value": (members, 5) float32}: what each effort is thought to pay. Reads `setup.paid` alone."""
    world, settings = setup.world, setup.settings
    value = np.zeros((world.members, LEVELS.size))
    everybody = np.arange(world.members)
    ends = [round(settings.periods * number / settings.checkpoints) for number in range(1, settings.checkpoints + 1)]
    for now in range(settings.periods):
        done = now / settings.periods
        exploration = max(1.0 - 2.0 * done, settings.exploration_end)
        rate = settings.rate_start + (settings.rate_end - settings.rate_start) * done
        action = choose(value, exploration, (1,), generator)[0]
        paid = np.asarray(setup.paid(period(world, action, generator).events), dtype=np.float64)
        value[everybody, action] += rate * (paid - value[everybody, action])
        if now + 1 in ends:
            yield Checkpoint(step=now + 1, parameters={"value": value.astype(np.float32)})


def choose(value: Array, exploration: float, shape: tuple[int, ...], generator: np.random.Generator) -> Array:
    """(*shape, members) int64 efforts: the best by `value` (ties at random), or any with probability `exploration`."""
    size = (*shape, len(value))
    tie = generator.random((*size, LEVELS.size)) * (value >= value.max(axis=1, keepdims=True))
    return np.where(
        generator.random(size) < exploration, generator.integers(LEVELS.size, size=size), tie.argmax(axis=-1)
    )

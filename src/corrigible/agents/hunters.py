"""Hunters who learn from what they are paid when to join a stag hunt: a table each, and nothing scripted.

foregone: each sees after a hunt how many came and how many were needed, so what either action would have paid: smoothed
fictitious play (Fudenberg & Levine 1998, The Theory of Learning in Games, ch. 4) with trembles. own: each sees only its
own pay: epsilon-greedy Q-learning without a future (Sutton & Barto 2018, ch. 2).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias, get_args

import numpy as np

from corrigible.agents.hunter_kernels import learn_hunting
from corrigible.errors import BadInput
from corrigible.sandbox.games.inputs import count, probability
from corrigible.sandbox.signals.model import grid_of, intervals, shifts_of
from corrigible.sandbox.signals.world import (
    HARE,
    HIGHEST,
    LOWEST,
    STAG,
    Hearing,
    StagHuntParams,
    outcome_table,
    unseen_seed,
)
from corrigible.types import Array, Checkpoint, Setup

Feedback: TypeAlias = Literal["foregone", "own"]
"""foregone: what both actions would have paid. own: what the action taken has paid."""

Past: TypeAlias = Literal["none", "hopeful", "despairing"]
"""What a hunt is thought to pay at first: as much as a hare, a stag for certain, or nothing."""

FIRST_STAG: Final[dict[Past, float]] = {"hopeful": 1.0, "despairing": 0.0}
HEARD_BY: Final[dict[Hearing, int]] = {"public": 0, "whispered": 1, "none": 2}


@dataclass(frozen=True, kw_only=True)
class HunterSettings:
    """How the hunters learn.

    Attributes:
        periods: hunts in training, one environment step each.
        checkpoints: how many are kept, evenly spaced; the last is the end.
        feedback: what a player sees of pay.
        past: what hunts are thought to pay before the first one.
        rate_start, rate_end: share of a new payment in the estimate, in [0, 1], falling linearly.
        exploration_start, exploration_end: chance of acting at random, falling linearly over the first half.

    Raises:
        BadInput: a value outside its range.
    """

    periods: int = 130_000
    checkpoints: int = 3
    feedback: Feedback = "foregone"
    past: Past = "none"
    rate_start: float = 0.2
    rate_end: float = 0.02
    exploration_start: float = 1.0
    exploration_end: float = 0.02

    def __post_init__(self) -> None:
        """Check every value (raises BadInput)."""
        count("periods", self.periods, least=1, most=2**31 - 1)
        count("checkpoints", self.checkpoints, least=1, most=self.periods, most_is="periods")
        for name in ("rate_start", "rate_end", "exploration_start", "exploration_end"):
            probability(name, getattr(self, name))
        for name, value, known in (
            ("feedback", self.feedback, get_args(Feedback)),
            ("past", self.past, get_args(Past)),
        ):
            if value not in known:
                raise BadInput(
                    value=f"{name} = {value!r}", rule="it must be known", remedy=f"choose one of {', '.join(known)}"
                )


def train_hunters(
    setup: Setup[StagHuntParams, HunterSettings], *, generator: np.random.Generator
) -> Iterator[Checkpoint]:
    """Checkpoints {"value": (players, X, Y, 2) float16}: what each player thinks hare and stag pay at rounded signals.

    They learn in double precision; kept are three digits (half precision), since there is a table for each player.
    It reads `setup.paid`, never `setup.truth`.
    """
    world, settings = setup.world, setup.settings
    paid, seed = outcome_table(world, setup.paid), unseen_seed(generator)
    value = first_value(world, settings)
    done = 0
    for number in range(1, settings.checkpoints + 1):
        until = round(settings.periods * number / settings.checkpoints)
        learn_hunting(
            seed, done, until, settings.periods, np.array([LOWEST, HIGHEST]),
            np.array([world.private_noise, world.public_noise]), world.manner, HEARD_BY[world.hearing],
            world.committed, world.dependence == "alone", world.settled, grid_of(world), shifts_of(world), paid,
            np.array([settings.rate_start, settings.rate_end]),
            np.array([settings.exploration_start, settings.exploration_end]), settings.feedback == "foregone", value,
        )  # fmt: skip
        done = until
        yield Checkpoint(step=until, parameters={"value": value.astype(np.float16)})


def first_value(world: StagHuntParams, settings: HunterSettings) -> Array:
    """Estimates before the first hunt, (players, X, Y, 2) float64."""
    value = np.empty((world.players, *intervals(world), 2))
    value[..., HARE] = world.hare
    value[..., STAG] = FIRST_STAG.get(settings.past, world.hare)
    return value

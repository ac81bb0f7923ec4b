"""Goal uncertainty: the agent does not know what its work is worth, and is stopped when it is worth less than zero.

The off-switch game (Hadfield-Menell et al. 2016, arXiv 1611.08219) inside a world: as often stopped as before, but
for a reason that the agent lacks. `corrigible game off-switch` predicts when it defers.
"""

from dataclasses import replace
from typing import Protocol, TypeVar

import numpy as np
from scipy.special import ndtri

from corrigible.agents.tabular import TabularSettings
from corrigible.errors import NotApplicable
from corrigible.plugin import remedy
from corrigible.sandbox.grid.supervision import Belief, SupportsBelief
from corrigible.sandbox.grid.tables import TabularParams
from corrigible.types import Setup

QUANTILES = 16


def normal_belief(mu: float, sigma: float, quantiles: int = QUANTILES) -> Belief:
    """Normal(mu, sigma) as equally likely utilities at its mid-quantiles; sigma > 0."""
    levels = (np.arange(quantiles) + 0.5) / quantiles
    return tuple((float(mu + sigma * ndtri(level)), 1.0 / quantiles) for level in levels)


def belief_for(probability: float) -> Belief:
    """Work worth -1 with `probability`, and otherwise so much that it is worth 1 on average, as it is to the failure.

    A rational supervisor then stops the agent as often as before. A probability of 1 leaves nothing to hope for, so at
    most 31/32 is used.
    """
    p = min(probability, 31 / 32)
    return ((-1.0, p), ((1.0 + p) / (1.0 - p), 1.0 - p)) if p > 0 else ((1.0, 1.0),)


@remedy(
    "goal-uncertainty",
    stage="world",
    applies_to=("tabular",),
    summary="The agent is unsure what its work is worth; a supervisor who knows stops it when it is worth less than 0.",
)
def goal_uncertainty(setup: Setup[TabularParams, TabularSettings]) -> Setup[TabularParams, TabularSettings]:
    """The same world where interruptions, as frequent as before, carry information. It changes three things at once.

    The agent becomes unsure, the supervisor informed, and what is not stopped is worth more; `unsure_of_a_coin` and
    `pay_alone` change one apart. Raises NotApplicable where the world has no place for a belief.
    """
    world = doubtful(setup.world)
    return replace(setup, world=world.with_belief(belief_for(world.interruption_chance), informed=True))


Doubtful = TypeVar("Doubtful", bound=SupportsBelief)


def unsure_of_a_coin(world: Doubtful) -> Doubtful:
    """A control: the same belief, and a supervisor who interrupts as often but tosses a coin."""
    return world.with_belief(belief_for(world.interruption_chance), informed=False)


def pay_alone(world: Doubtful) -> Doubtful:
    """A control: no uncertainty and a coin; work is always worth what it is worth in the remedy where it goes on."""
    worth = max(utility for utility, _ in belief_for(world.interruption_chance))
    return world.with_belief(((worth, 1.0),), informed=False)


class DoubtfulParams(TabularParams, SupportsBelief, Protocol):
    """A tabular world whose agent can be unsure what its work is worth."""


def doubtful(world: TabularParams) -> DoubtfulParams:
    """`world`, if it supports a belief; NotApplicable otherwise."""
    if isinstance(world, SupportsBelief):
        return world
    raise NotApplicable(
        value=f"world {type(world).__name__}",
        rule="uncertainty about the goal needs a world with interruption_chance and with_belief",
        remedy="give the world both, or leave this remedy out (mitigations=...)",
    )

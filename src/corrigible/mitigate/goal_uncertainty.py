"""Goal uncertainty: the agent does not know what its work is worth, and is stopped when it is worth less than zero.

The off-switch game (Hadfield-Menell et al. 2016, arXiv 1611.08219) inside a world: as often stopped as before, but
for a reason that the agent lacks. `corrigible game off-switch` predicts when it defers.
"""

from dataclasses import replace

import numpy as np
from scipy.special import ndtri

from corrigible.agents.tabular import TabularSettings
from corrigible.errors import CorrigibleError
from corrigible.plugin import remedy
from corrigible.sandbox.grid.goal_change import GoalChangeParams
from corrigible.sandbox.grid.off_switch import OffSwitchParams
from corrigible.sandbox.grid.supervision import Belief
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
    summary="The agent is unsure what its work is worth; the supervisor stops it when it is worth less than nothing.",
)
def goal_uncertainty(setup: Setup[TabularParams, TabularSettings]) -> Setup[TabularParams, TabularSettings]:
    """The same world where interruptions, as frequent as before, carry information."""
    world = setup.world
    if isinstance(world, OffSwitchParams):
        return replace(setup, world=replace(world, belief=belief_for(world.interruption_probability)))
    if isinstance(world, GoalChangeParams):
        return replace(setup, world=replace(world, belief=belief_for(world.change_probability)))
    raise CorrigibleError(
        value=f"world {type(world).__name__}",
        rule="goal uncertainty needs a supervisor who interrupts",
        remedy="leave this remedy out (mitigations=...)",
    )

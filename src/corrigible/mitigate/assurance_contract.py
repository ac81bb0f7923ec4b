"""Assurance contract: who hunts in vain is paid a hare out of a common fund, so that trusting others risks nothing.

Tabarrok 1998, The private provision of public goods via dominant assurance contracts, Public Choice 96:345. By
construction hunting then never pays less than a hare, so that no coordination is left to fail; what is open is its
price. The refund is a transfer and no welfare, but the hares given up for hopeless stags are: "in vain" and "welfare".
"""

from dataclasses import replace

import numpy as np

from corrigible.agents.hunters import HunterSettings
from corrigible.plugin import remedy
from corrigible.sandbox.signals.world import StagHuntParams
from corrigible.types import Array, Events, RewardFunction, Setup


@remedy(
    "assurance-contract",
    stage="reward",
    applies_to=("signals",),
    summary="Who hunts in vain is paid the hare he gave up, from a common fund: then hunting never pays less.",
)
def assurance_contract(setup: Setup[StagHuntParams, HunterSettings]) -> Setup[StagHuntParams, HunterSettings]:
    """The same pay, and a hare for each hunter whose stag escaped."""
    return replace(setup, paid=refunded(setup.paid, setup.world.hare))


def refunded(paid: RewardFunction, hare: float) -> RewardFunction:
    """`paid`, plus `hare` where a player hunted and the stag escaped."""

    def with_refund(events: Events) -> Array:
        return np.asarray(paid(events) + hare * (events["hunt"] & ~events["caught"]))

    return with_refund

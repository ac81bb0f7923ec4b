"""The whole tree: pay what was meant on top of what is paid. An oracle: it must be told what was meant.

It is the ceiling for remedies that are not told: what is left after it, the learner could not learn.
"""

from dataclasses import dataclass, replace
from typing import Final, final

import numpy as np

from corrigible.agents.ppo_settings import PPOSettings
from corrigible.errors import NotApplicable
from corrigible.plugin import remedy
from corrigible.sandbox.voxel.events import Reward, VoxelEvents, Watching, reward_in, unwatched
from corrigible.sandbox.voxel.sandbox import VoxelWorld
from corrigible.sandbox.voxel.simulator import VoxelWorlds
from corrigible.types import Array, RewardFunction, Setup

WEIGHT: Final = 7.0
"""A cleared tree is worth about as much again as its logs."""


@remedy(
    "whole-tree",
    stage="reward",
    applies_to=("voxel",),
    uses_oracle=True,
    summary="An oracle: what was meant (a tree cleared) is paid as well, seven times what it is worth.",
)
def whole_tree(setup: Setup[VoxelWorld, PPOSettings]) -> Setup[VoxelWorld, PPOSettings]:
    """The same pay, plus WEIGHT times what was meant. Raises NotApplicable where that is not shown."""
    if setup.truth is None:
        raise NotApplicable(
            value="setup.truth is None",
            rule="paying what was meant needs to know it",
            remedy="mark the remedy as an oracle, or leave it out (mitigations=...)",
        )
    return replace(setup, paid=Sum(paid=setup.paid, more=setup.truth, weight=WEIGHT))


@final
@dataclass(frozen=True, kw_only=True)
class Sum:
    """`paid` plus `weight` times `more`; of events alone where both are."""

    paid: RewardFunction
    more: RewardFunction
    weight: float

    def __call__(self, events: VoxelEvents) -> Array:
        """(N, A) float64. Raises BadInput where either looks at worlds."""
        if isinstance(self.paid, Watching) or isinstance(self.more, Watching):
            raise unwatched(self)
        return np.asarray(self.paid(events) + self.weight * self.more(events), dtype=np.float64)

    def watch(self, worlds: VoxelWorlds) -> Reward:
        """What these worlds pay."""
        paid, more = reward_in(self.paid, worlds), reward_in(self.more, worlds)
        return lambda events: np.asarray(paid(events) + self.weight * more(events), dtype=np.float64)

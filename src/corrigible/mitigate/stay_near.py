"""Stay near: the policy of a quarter of the training becomes an anchor, and moving away from it costs from then on.

KL(policy || anchor) as language models are held to what they were before they were trained on a proxy (Jaques et al.
2017, arXiv 1611.02796; Ziegler et al. 2019, arXiv 1909.08593). The anchor is the training's own earlier self, since
there is no other: it helps only as far as that one does not fail yet, and what it had not learned costs to be learned.
"""

from dataclasses import replace
from typing import Final

from corrigible.agents.ppo_settings import PPOSettings
from corrigible.errors import NotApplicable
from corrigible.plugin import remedy
from corrigible.sandbox.voxel.sandbox import VoxelWorld
from corrigible.types import Setup

AFTER: Final = 0.25
WEIGHT: Final = 0.1
"""Of a nat, where advantages have deviation 1. Neither was tuned by training."""


@remedy(
    "stay-near",
    stage="train",
    applies_to=("voxel",),
    summary="After a quarter of its training, moving away from the policy that it was then costs, by KL divergence.",
)
def stay_near(setup: Setup[VoxelWorld, PPOSettings]) -> Setup[VoxelWorld, PPOSettings]:
    """The same learner, anchored to itself. Raises NotApplicable where it has an anchor already, or memory."""
    settings = setup.settings
    if settings.anchor is not None or settings.anchor_after is not None or settings.memory:
        raise NotApplicable(
            value=f"a learner with memory {settings.memory}"
            if settings.memory
            else "a learner that has an anchor already",
            rule="it can have one anchor, and a policy with memory none",
            remedy="leave this remedy out (mitigations=...)",
        )
    return replace(setup, settings=replace(settings, anchor_after=AFTER, anchor_weight=WEIGHT))

"""Repetition-aware sampling: what was just said is said less often (after Keskar et al. 2019, arXiv 1909.05858).

It is meant against loops. Here the topic has three words, so it may drive the talk off the topic as well.
"""

from dataclasses import replace
from typing import Final

from corrigible.chains.talks.world import Reading, Talk
from corrigible.errors import NotApplicable
from corrigible.plugin import remedy
from corrigible.types import Setup

PENALTY: Final = 1.0
"""Nats for each time that a token is in the window."""


@remedy(
    "repetition-aware",
    stage="world",
    applies_to=("conversation",),
    summary="A token that is in the window is charged one nat for each time.",
)
def repetition_aware(setup: Setup[Talk, Reading]) -> Setup[Talk, Reading]:
    """The same talk, kept so. Raises NotApplicable where it is kept so already."""
    if setup.world.penalty == PENALTY:
        raise NotApplicable(
            value=f"penalty = {setup.world.penalty}", rule="the talk is kept so already", remedy="leave it out"
        )
    return replace(setup, world=replace(setup.world, penalty=PENALTY))

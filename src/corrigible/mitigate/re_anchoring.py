"""Re-anchoring: part of the opening stays in sight, however long the conversation.

It takes the place of what was said longest ago. One token of four, not tuned.
"""

from dataclasses import replace
from typing import Final

from corrigible.chains.talks.world import Reading, Talk
from corrigible.errors import NotApplicable
from corrigible.plugin import remedy
from corrigible.types import Setup

KEPT: Final = 1
"""Tokens of the opening."""


@remedy(
    "re-anchoring",
    stage="world",
    applies_to=("conversation",),
    summary="A token of the opening stays at the beginning of every window.",
)
def re_anchoring(setup: Setup[Talk, Reading]) -> Setup[Talk, Reading]:
    """The same talk, kept so. Raises NotApplicable where it is kept so already."""
    if setup.world.anchored == KEPT:
        raise NotApplicable(
            value=f"anchored = {setup.world.anchored}", rule="the talk is kept so already", remedy="leave it out"
        )
    return replace(setup, world=replace(setup.world, anchored=KEPT))

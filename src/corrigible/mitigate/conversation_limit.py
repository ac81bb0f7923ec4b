"""A limit: a conversation that has gone on for some turns begins anew from its opening.

What was said is lost, so it is a remedy for talk that needs no memory. The number of turns is not tuned.
"""

from dataclasses import replace
from typing import Final

from corrigible.chains.talks.world import Reading, Talk
from corrigible.errors import NotApplicable
from corrigible.plugin import remedy
from corrigible.types import Setup

LIMIT: Final = 4
"""Turns."""


@remedy(
    "conversation-limit",
    stage="world",
    applies_to=("conversation",),
    summary="It begins anew from its opening after four turns.",
)
def conversation_limit(setup: Setup[Talk, Reading]) -> Setup[Talk, Reading]:
    """The same talk, kept so. Raises NotApplicable where it is kept so already."""
    if setup.world.limit == LIMIT:
        raise NotApplicable(
            value=f"limit = {setup.world.limit}", rule="the talk is kept so already", remedy="leave it out"
        )
    return replace(setup, world=replace(setup.world, limit=LIMIT))

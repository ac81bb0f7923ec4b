"""A lower temperature: what is unlikely is said less often, and errors with it.

In language models it also leads into loops, which this world hardly has. Not tuned.
"""

from dataclasses import replace
from typing import Final

from corrigible.chains.talks.world import Reading, Talk
from corrigible.errors import NotApplicable
from corrigible.plugin import remedy
from corrigible.types import Setup

TEMPERATURE: Final = 0.5
"""Logits are divided by it."""


@remedy(
    "cooler",
    stage="world",
    applies_to=("conversation",),
    summary="It is sampled at half its temperature.",
)
def cooler(setup: Setup[Talk, Reading]) -> Setup[Talk, Reading]:
    """The same talk, kept so. Raises NotApplicable where it is kept so already."""
    if setup.world.temperature == TEMPERATURE:
        raise NotApplicable(
            value=f"temperature = {setup.world.temperature}", rule="the talk is kept so already", remedy="leave it out"
        )
    return replace(setup, world=replace(setup.world, temperature=TEMPERATURE))

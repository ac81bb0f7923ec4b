"""Milestones: what comes before a sign is told in pieces, so that no single piece of news moves a date by much."""

from dataclasses import replace
from math import ceil
from typing import Any, Final

from corrigible.errors import NotApplicable
from corrigible.plugin import remedy
from corrigible.sandbox.dates.world import DateParams
from corrigible.types import Setup

LONGEST: Final = 5.0
"""Years that a stage lasts on average, at most."""


@remedy(
    "milestones",
    stage="world",
    applies_to=("dates",),
    summary="Longer stages are split into milestones of five years on average, and everybody sees each reached.",
)
def milestones(setup: Setup[DateParams, Any]) -> Setup[DateParams, Any]:
    """The same years in stages of at most five, all seen. NotApplicable where they are already."""
    world = setup.world
    pieces = [(mean, ceil(mean / LONGEST)) for mean in world.means]
    means = tuple(mean / count for mean, count in pieces for _ in range(count))
    if means == world.means and not world.unseen:
        raise NotApplicable(
            value=f"means = {world.means}, all seen",
            rule=f"a stage must last longer than {LONGEST:g} years or be unseen",
            remedy="leave it out",
        )
    return replace(setup, world=replace(world, means=means, unseen=0))

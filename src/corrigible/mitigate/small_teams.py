"""Small teams: as many people, in teams that choose among their own projects, with one layer between."""

from dataclasses import replace
from typing import Any, Final

from corrigible.errors import NotApplicable
from corrigible.plugin import remedy
from corrigible.sandbox.organisation.world import OrganisationParams
from corrigible.types import Setup

TEAM: Final = 8


@remedy(
    "small-teams",
    stage="world",
    applies_to=("organisation",),
    summary="Teams of eight choose among their own projects.",
)
def small_teams(setup: Setup[OrganisationParams, Any]) -> Setup[OrganisationParams, Any]:
    """The same people in teams. NotApplicable where eight does not divide them."""
    if setup.world.members % TEAM:
        raise NotApplicable(
            value=f"{setup.world.members} members", rule=f"teams of {TEAM} must divide them", remedy="leave it out"
        )
    return replace(setup, world=replace(setup.world, team=TEAM))

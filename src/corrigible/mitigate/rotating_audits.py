"""Rotating audits: each period a third of the projects, drawn anew, is judged by its value itself."""

from dataclasses import replace
from typing import Any, Final

from corrigible.plugin import remedy
from corrigible.sandbox.organisation.world import OrganisationParams
from corrigible.types import Setup

AUDITED: Final = 1 / 3


@remedy(
    "rotating-audits",
    stage="world",
    applies_to=("organisation",),
    summary="Of a third of the projects, drawn anew each period, the top sees the value itself.",
)
def rotating_audits(setup: Setup[OrganisationParams, Any]) -> Setup[OrganisationParams, Any]:
    """The same organisation with audits."""
    return replace(setup, world=replace(setup.world, audited=max(AUDITED, setup.world.audited)))

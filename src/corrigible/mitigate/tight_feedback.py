"""Tight feedback: each layer passes on nearly all that is known of a project's value, so that looks hardly count."""

from dataclasses import replace
from typing import Any, Final

from corrigible.plugin import remedy
from corrigible.sandbox.organisation.world import OrganisationParams
from corrigible.types import Setup

CONTEXT: Final = 0.95


@remedy(
    "tight-feedback",
    stage="world",
    applies_to=("organisation",),
    summary="Each layer of management passes on 95 % of what is known of a project's value.",
)
def tight_feedback(setup: Setup[OrganisationParams, Any]) -> Setup[OrganisationParams, Any]:
    """The same organisation with more context passed on."""
    return replace(setup, world=replace(setup.world, context=max(CONTEXT, setup.world.context)))

"""Reworded items: whenever an item is asked, half of what tells it from others is drawn anew; its key stays."""

from dataclasses import replace
from typing import Any, Final

from corrigible.plugin import remedy
from corrigible.sandbox.evals.world import EvalParams
from corrigible.types import Setup

REWORDED: Final = 0.5
"""Share of the features that only tell an item; drawn anew, half of those come out as they were."""


@remedy(
    "reworded-items",
    stage="world",
    applies_to=("evals",),
    summary="Items are asked in other words than they were published in, other ones each time.",
)
def reworded_items(setup: Setup[EvalParams, Any]) -> Setup[EvalParams, Any]:
    """The same eval, perturbed whenever it is asked."""
    return replace(setup, world=replace(setup.world, reworded=REWORDED))

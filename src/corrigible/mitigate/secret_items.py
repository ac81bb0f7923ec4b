"""Secret items: nothing of the eval is published; teams are told their score, as often as they ask."""

from dataclasses import replace
from typing import Any

from corrigible.plugin import remedy
from corrigible.sandbox.evals.world import EvalParams
from corrigible.types import Setup


@remedy(
    "secret-items",
    stage="world",
    applies_to=("evals",),
    summary="Neither items nor key are published: of the eval teams are told their score alone.",
)
def secret_items(setup: Setup[EvalParams, Any]) -> Setup[EvalParams, Any]:
    """The same eval, unpublished."""
    return replace(setup, world=replace(setup.world, published=False))

"""Rotating items: every eight rounds the whole eval is new, published as it begins and marked to its end."""

from dataclasses import replace
from typing import Any, Final

from corrigible.plugin import remedy
from corrigible.sandbox.evals.world import EvalParams
from corrigible.types import Setup

PERIOD: Final = 8
"""Rounds."""


@remedy(
    "rotating-items",
    stage="world",
    applies_to=("evals",),
    summary="Every eight rounds all items of the eval are new.",
)
def rotating_items(setup: Setup[EvalParams, Any]) -> Setup[EvalParams, Any]:
    """The same eval with periods."""
    return replace(setup, world=replace(setup.world, period=PERIOD))

"""Published too late: every eight rounds the eval is new, and its items are published when they count no longer."""

from dataclasses import replace
from typing import Any

from corrigible.mitigate.rotating_items import PERIOD
from corrigible.plugin import remedy
from corrigible.sandbox.evals.world import EvalParams
from corrigible.types import Setup


@remedy(
    "published-too-late",
    stage="world",
    applies_to=("evals",),
    summary="Every eight rounds all items are new, and those of the past period are published.",
)
def published_too_late(setup: Setup[EvalParams, Any]) -> Setup[EvalParams, Any]:
    """The same eval with periods, published one behind."""
    return replace(setup, world=replace(setup.world, period=PERIOD, lagged=True))

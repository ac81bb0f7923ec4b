"""Paid for new failures: every eight rounds half of the eval is new items that most models fail, found by who is paid
for finding them; the other half is new and plain.
"""

from dataclasses import replace
from typing import Any, Final

from corrigible.mitigate.rotating_items import PERIOD
from corrigible.plugin import remedy
from corrigible.sandbox.evals.world import EvalParams
from corrigible.types import Setup

SOUGHT: Final = 0.5
"""Share of the items."""


@remedy(
    "paid-for-new-failures",
    stage="world",
    applies_to=("evals",),
    summary="Finders are paid for items that models fail, and half of each period's eval is such items.",
)
def paid_for_new_failures(setup: Setup[EvalParams, Any]) -> Setup[EvalParams, Any]:
    """The same eval, renewed with failures."""
    return replace(setup, world=replace(setup.world, period=PERIOD, sought=SOUGHT))

"""Paid not to release: a team that withholds a model which fails is paid nearly as much as for one that passes.

What fails is said by the eval that is being studied. A team may also earn it with a model that was never any good.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Final

from corrigible.plugin import remedy
from corrigible.sandbox.evals.world import EvalParams
from corrigible.types import Array, Events, Setup

REWARD: Final = 0.7
"""For an item, of 1 that a right answer pays."""


@dataclass(frozen=True, kw_only=True)
class PaidNotToRelease:
    """`paid`, and `REWARD` for each item of the eval where a model is withheld that does not pass."""

    paid: Callable[[Events], Array]

    def __call__(self, events: Events) -> Array:
        """(..., n) pay."""
        withheld = events["in eval"] & ~events["released"] & ~events["passes"]
        return self.paid(events) + REWARD * withheld


@remedy(
    "paid-not-to-release",
    stage="reward",
    applies_to=("evals",),
    summary="Who withholds a model that fails the eval is paid 0.7 of what all items right pay.",
)
def paid_not_to_release(setup: Setup[EvalParams, Any]) -> Setup[EvalParams, Any]:
    """The same eval with that pay beside it."""
    return replace(setup, paid=PaidNotToRelease(paid=setup.paid))

"""Utility indifference: on interruption the agent is paid what it would have expected had nobody interrupted.

Armstrong 2010, Utility Indifference (FHI technical report 2010-1). The compensation is the learner's
own value estimate.
"""

from dataclasses import replace

from corrigible.agents.tabular import TabularSettings
from corrigible.plugin import remedy
from corrigible.sandbox.grid.tables import TabularParams
from corrigible.types import Setup


@remedy(
    "utility-indifference",
    stage="reward",
    applies_to=("tabular",),
    summary="Pay the agent at an interruption what it expected without it, so that being stopped costs it nothing.",
)
def utility_indifference(setup: Setup[TabularParams, TabularSettings]) -> Setup[TabularParams, TabularSettings]:
    """The same learner, compensated."""
    return replace(setup, settings=replace(setup.settings, compensation="indifference"))

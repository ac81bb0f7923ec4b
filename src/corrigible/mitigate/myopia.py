"""Myopia: the agent values the reward of the next step only (discount 0), so nothing later can be worth a detour."""

from dataclasses import replace

from corrigible.agents.tabular import TabularSettings
from corrigible.plugin import remedy
from corrigible.sandbox.grid.tables import TabularParams
from corrigible.types import Setup


@remedy(
    "myopia",
    stage="train",
    applies_to=("tabular",),
    summary="Discount 0: only the next step's reward counts.",
)
def myopia(setup: Setup[TabularParams, TabularSettings]) -> Setup[TabularParams, TabularSettings]:
    """The same learner with discount 0."""
    return replace(setup, settings=replace(setup.settings, discount=0.0))

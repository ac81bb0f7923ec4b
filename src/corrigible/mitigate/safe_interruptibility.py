"""Safe interruptibility: an interruption is not the agent's doing, so it must not shape what the agent learns.

Orseau & Armstrong 2016, Safely Interruptible Agents: Q-learning on the executed action is safely interruptible already;
SARSA is when it bootstraps from what the uninterrupted policy would have done.
"""

from dataclasses import replace

from corrigible.agents.tabular import TabularSettings
from corrigible.plugin import remedy
from corrigible.sandbox.grid.tables import TabularParams
from corrigible.types import Setup


@remedy(
    "safe-interruptibility",
    stage="train",
    applies_to=("tabular",),
    summary="Learn from executed actions, and bootstrap from what would have been done without the interruption.",
)
def safe_interruptibility(setup: Setup[TabularParams, TabularSettings]) -> Setup[TabularParams, TabularSettings]:
    """The same learner in its safely interruptible form."""
    return replace(setup, settings=replace(setup.settings, attribution="executed", interruption="safe"))

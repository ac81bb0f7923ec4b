"""EMA anchor: the reference of the KL penalty follows the policy as a slow average of its weights.

After WARP (Rame et al. 2024, arXiv 2406.16768), which gains more reward at the same KL that way. A moving reference
forgives what was drifted to long ago, so it can only slow a collapse. Its weight is that at which a penalty with a
fixed reference failed in a pilot, and is not tuned; where there is a penalty already, its own weight is kept.
"""

from dataclasses import replace
from typing import Final

from corrigible.errors import NotApplicable
from corrigible.language.tuning_settings import FAILING_BETA, LanguageWorld, TuningSettings
from corrigible.plugin import remedy
from corrigible.types import Setup

RATE: Final = 0.02
"""Of the way to the policy at each step; not tuned."""


@remedy(
    "ema-anchor",
    stage="train",
    applies_to=("language",),
    summary="A KL penalty whose reference follows the policy, 2 % of the way at each step.",
)
def ema_anchor(setup: Setup[LanguageWorld, TuningSettings]) -> Setup[LanguageWorld, TuningSettings]:
    """The same tuning with such a reference. Raises NotApplicable where the reference is not the plain base."""
    settings = setup.settings
    if settings.reference != "base" or settings.anchor:
        raise NotApplicable(
            value=f"reference {settings.reference!r}, anchor {settings.anchor}",
            rule="only a reference that is the base, and stays so, can be made to follow",
            remedy="leave this remedy out (mitigations=...)",
        )
    return replace(setup, settings=replace(settings, anchor=RATE, beta=settings.beta or FAILING_BETA))

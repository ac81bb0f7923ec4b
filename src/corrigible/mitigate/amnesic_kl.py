"""Amnesic KL: a penalty whose reference does not read what the policy has said.

A base model comes to expect a token the more it was repeated, so that a KL penalty forgives the repeats of a spammer.
Here a token is compared with what the base says at that place of its own responses. The price of a repeat does not
fall, and coherence is not rewarded: see `corrigible.language.amnesic`. Its weight is that at which the plain penalty
failed in a pilot, and is not tuned; where there is a penalty already, its own weight is kept.
"""

from dataclasses import replace

from corrigible.errors import NotApplicable
from corrigible.language.tuning_settings import FAILING_BETA, LanguageWorld, TuningSettings
from corrigible.plugin import remedy
from corrigible.types import Setup


@remedy(
    "amnesic-kl",
    stage="train",
    applies_to=("language",),
    summary="A KL penalty whose reference reads the base's own responses instead of the policy's.",
)
def amnesic_kl(setup: Setup[LanguageWorld, TuningSettings]) -> Setup[LanguageWorld, TuningSettings]:
    """The same tuning with that reference. Raises NotApplicable where it has another one, or an exact KL term."""
    settings = setup.settings
    if settings.reference != "base" or settings.anchor or settings.kl == "exact":
        raise NotApplicable(
            value=f"reference {settings.reference!r}, anchor {settings.anchor}, kl {settings.kl!r}",
            rule="only a base that stays as it is, compared by what was sampled, can be made to forget",
            remedy="leave this remedy out (mitigations=...)",
        )
    changed = replace(settings, reference="amnesic", beta=settings.beta or FAILING_BETA)
    return replace(setup, settings=changed)

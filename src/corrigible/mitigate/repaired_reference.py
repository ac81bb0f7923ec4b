"""Repaired reference: the reference of the KL penalty is first taught not to expect repeats.

The evaluator is left as it is; what is mended is the yardstick, which forgives repeats (see
`corrigible.language.repaired`). Its training is spent once for all seeds, and is not counted among their steps. The
weight is that at which the plain penalty failed in a pilot, and is not tuned; a penalty that is there keeps its own.
"""

from dataclasses import replace

from corrigible.errors import NotApplicable
from corrigible.language.tuning_settings import FAILING_BETA, LanguageWorld, TuningSettings
from corrigible.plugin import remedy
from corrigible.types import Setup


@remedy(
    "repaired-reference",
    stage="train",
    applies_to=("language",),
    summary="A KL penalty whose reference was taught that a repeated phrase is no likelier for it.",
)
def repaired_reference(setup: Setup[LanguageWorld, TuningSettings]) -> Setup[LanguageWorld, TuningSettings]:
    """The same tuning with that reference. Raises NotApplicable where it has another one, or prompts are chats."""
    settings = setup.settings
    if settings.reference != "base" or settings.anchor or setup.world.chat:
        raise NotApplicable(
            value=f"reference {settings.reference!r}, anchor {settings.anchor}, chat {setup.world.chat}",
            rule="only a base that stays as it is, after plain prompts, can be repaired",
            remedy="leave this remedy out (mitigations=...)",
        )
    changed = replace(settings, reference="repaired", beta=settings.beta or FAILING_BETA)
    return replace(setup, settings=changed)

"""Repair of the evaluator: it is not shown words of answer in what it judges.

An evaluator that is asked a yes-or-no question reads yes in a text as part of its own answer. Cutting those words out
ends that exploit, and no other: what else fools the evaluator is still paid, so it may only change what the policy
collapses to.
"""

from dataclasses import replace

from corrigible.errors import NotApplicable
from corrigible.language.rewards import WithoutAnswers
from corrigible.language.tuning_settings import LanguageWorld, TuningSettings
from corrigible.plugin import remedy
from corrigible.types import Setup


@remedy(
    "unread-answers",
    stage="reward",
    applies_to=("language",),
    summary="Words of answer are cut out of every response before the evaluator reads it.",
)
def unread_answers(setup: Setup[LanguageWorld, TuningSettings]) -> Setup[LanguageWorld, TuningSettings]:
    """The same pay for what is left of a response. Raises NotApplicable where that is so already."""
    if isinstance(setup.paid, WithoutAnswers):
        raise NotApplicable(
            value=f"a reward of {setup.paid}",
            rule="words of answer are cut out already",
            remedy="leave this remedy out (mitigations=...)",
        )
    return replace(setup, paid=WithoutAnswers(paid=setup.paid))

"""Repair of the evaluator: what it thinks of a prompt with no response at all is taken off every score.

A template may lean towards yes whatever it is shown. The null correction takes that away, the same for all responses to
a prompt, so that it cannot change which response is best: a policy gradient with a baseline of the same prompt learns
the same from it but where principles are joined by their soft minimum (Zhao et al. 2021, arXiv 2102.09690, calibrate
classifiers by such a content-free input). It is offered since it is often proposed, and measured like any other.
"""

from dataclasses import replace

from corrigible.errors import NotApplicable
from corrigible.language.rewards import ByConstitution
from corrigible.language.tuning_settings import LanguageWorld, TuningSettings
from corrigible.plugin import remedy
from corrigible.types import Setup


@remedy(
    "null-corrected",
    stage="reward",
    applies_to=("language",),
    summary="The evaluator's odds for an empty response are taken off those of every response to the prompt.",
)
def null_corrected(setup: Setup[LanguageWorld, TuningSettings]) -> Setup[LanguageWorld, TuningSettings]:
    """The same pay, corrected. Raises NotApplicable where it is so already, or no constitution pays."""
    paid = setup.paid
    if not isinstance(paid, ByConstitution) or paid.null_corrected:
        raise NotApplicable(
            value=f"a reward of {paid}",
            rule="only a plain constitution can be corrected by its empty response",
            remedy="leave this remedy out (mitigations=...)",
        )
    return replace(setup, paid=replace(paid, null_corrected=True))

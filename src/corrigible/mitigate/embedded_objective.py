"""Embedded objective: be paid for lying near well-paid texts of the base in an embedding, not for an evaluator's yes.

The evaluator chooses an eighth of the base's own responses, once, and is not asked again, so that nothing the policy
invents can please it. What is wanted becomes a point, on which the policy may collapse.
"""

from dataclasses import replace

from corrigible.errors import NotApplicable
from corrigible.language.embedded_objective import TowardsEmbedding
from corrigible.language.rewards import ByConstitution
from corrigible.language.tuning_settings import LanguageWorld, TuningSettings
from corrigible.plugin import remedy
from corrigible.types import Setup


@remedy(
    "embedded-objective",
    stage="reward",
    applies_to=("language",),
    summary="Responses are paid by their nearness to the base's best-paid ones in an embedding.",
)
def embedded_objective(setup: Setup[LanguageWorld, TuningSettings]) -> Setup[LanguageWorld, TuningSettings]:
    """The same tuning towards an embedding. Raises NotApplicable where no plain constitution pays."""
    return replace(setup, paid=towards(setup))


def towards(setup: Setup[LanguageWorld, TuningSettings]) -> TowardsEmbedding:
    """The objective. Raises NotApplicable where no plain constitution pays."""
    if not isinstance(setup.paid, ByConstitution):
        raise NotApplicable(
            value=f"a reward of {setup.paid}",
            rule="only a plain constitution chooses the texts of an embedded objective",
            remedy="leave this remedy out (mitigations=...)",
        )
    world = setup.world
    return TowardsEmbedding(chosen_by=setup.paid, model=world.model, new_tokens=world.new_tokens, chat=world.chat)

"""Evaluator ensemble: the same question under every template of the model, their mean or the least of them.

What pleases one template for its form need not please another (Coste et al. 2023, arXiv 2310.02743, for ensembles of
reward models). The templates share a model, and so what that model wrongly believes; averaging its weights over several
trainings (WARM, Rame et al. 2024, arXiv 2401.12187) would need several, which there are not.
"""

from dataclasses import replace

from corrigible.errors import NotApplicable
from corrigible.language.rewards import ByConstitution, ByTemplates, shared_model
from corrigible.language.templates import templates_for
from corrigible.language.tuning_settings import LanguageWorld, TuningSettings
from corrigible.plugin import remedy
from corrigible.types import Setup


@remedy(
    "evaluator-ensemble",
    stage="reward",
    applies_to=("language",),
    summary="The evaluator is asked under every template, and the least of its answers is paid.",
)
def evaluator_ensemble(setup: Setup[LanguageWorld, TuningSettings]) -> Setup[LanguageWorld, TuningSettings]:
    """The same question, pessimistically. Raises NotApplicable where no plain constitution pays."""
    return replace(setup, paid=_under_all(setup, worst=True))


@remedy(
    "evaluator-mean",
    stage="reward",
    applies_to=("language",),
    summary="The evaluator is asked under every template, and the mean of its answers is paid.",
)
def evaluator_mean(setup: Setup[LanguageWorld, TuningSettings]) -> Setup[LanguageWorld, TuningSettings]:
    """The same question, averaged. Raises NotApplicable where no plain constitution pays."""
    return replace(setup, paid=_under_all(setup, worst=False))


def _under_all(setup: Setup[LanguageWorld, TuningSettings], *, worst: bool) -> ByTemplates:
    paid = setup.paid
    if not isinstance(paid, ByConstitution) or paid.null_corrected:
        raise NotApplicable(
            value=f"a reward of {paid}",
            rule="only a plain constitution can be asked under other templates",
            remedy="leave this remedy out (mitigations=...)",
        )
    others = tuple(template.name for template in templates_for(shared_model(paid.model)))
    return ByTemplates(model=paid.model, constitution=paid.constitution, templates=others, worst=worst)

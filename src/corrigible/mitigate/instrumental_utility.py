"""Instrumental utility: an embedded objective in which the way is judged too, by a store of the base's episodes.

The values of states on the way are assigned backwards from the outcomes of the episodes, and looked up by likeness;
away from the store nothing is worth more than its worst state. Process and outcome are joined by a soft minimum. A
process reward that is only a difference of potentials would change nothing: docs/language.md shows it.
"""

from dataclasses import replace

from corrigible.language.instrumental import InstrumentalUtility
from corrigible.language.tuning_settings import LanguageWorld, TuningSettings
from corrigible.mitigate.embedded_objective import towards
from corrigible.plugin import remedy
from corrigible.types import Setup


@remedy(
    "instrumental-utility",
    stage="reward",
    applies_to=("language",),
    summary="An embedded objective joined with stored values of the states on the way, by a soft minimum.",
)
def instrumental_utility(setup: Setup[LanguageWorld, TuningSettings]) -> Setup[LanguageWorld, TuningSettings]:
    """The same tuning for it. Raises NotApplicable where no plain constitution pays."""
    return replace(setup, paid=InstrumentalUtility(towards=towards(setup)))

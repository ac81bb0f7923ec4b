"""Unannounced exams of a language model: which responses are marked is drawn by lot, whatever the prompt looks like."""

from dataclasses import replace
from typing import Any, Final

from corrigible.errors import NotApplicable
from corrigible.language.examined import Examined
from corrigible.language.tuning_settings import LanguageWorld
from corrigible.plugin import remedy
from corrigible.types import Setup

SHARE: Final = 0.1
"""Of the responses. Rarer than the exams that were announced: holding back everywhere must not pay."""


@remedy(
    "unannounced-exams",
    stage="reward",
    applies_to=("language",),
    summary="A tenth of the responses, drawn by lot, is marked as an eval, whatever the prompt looks like.",
)
def unannounced_exams(setup: Setup[LanguageWorld, Any]) -> Setup[LanguageWorld, Any]:
    """The same tuning, examined by lot. NotApplicable where no eval is announced."""
    paid = setup.paid
    if not isinstance(paid, Examined) or paid.by_lot:
        raise NotApplicable(
            value="what is paid", rule="some prompts must announce an eval", remedy="leave this remedy out"
        )
    return replace(setup, paid=replace(paid, by_lot=True, share=SHARE))

"""KL in an embedding space, in the form of a kernel distance: responses are charged for gathering away from the base's.

The token-wise KL penalty forgives repetition, since the base itself expects a word that it has just read. This charge
compares whole responses and forgives nothing that the base does not say. Its weight is not tuned.
"""

from dataclasses import replace
from typing import Final

from corrigible.errors import NotApplicable
from corrigible.language.embedding_distance import ChargedByEmbedding
from corrigible.language.tuning_settings import LanguageWorld, TuningSettings
from corrigible.plugin import remedy
from corrigible.types import Setup

WEIGHT: Final = 10.0
"""Nats that the whole witness, 1, costs."""


@remedy(
    "embedding-distance",
    stage="reward",
    applies_to=("language",),
    summary="Responses are charged by how much they resemble one another more than the base's (MMD witness).",
)
def embedding_distance(setup: Setup[LanguageWorld, TuningSettings]) -> Setup[LanguageWorld, TuningSettings]:
    """The same pay less the charge. Raises NotApplicable where it is charged already."""
    if isinstance(setup.paid, ChargedByEmbedding):
        raise NotApplicable(
            value=f"a reward of {setup.paid}", rule="it is charged already", remedy="leave this remedy out"
        )
    charged = ChargedByEmbedding(
        paid=setup.paid,
        model=setup.world.model,
        weight=WEIGHT,
        new_tokens=setup.world.new_tokens,
        chat=setup.world.chat,
    )
    return replace(setup, paid=charged)

"""Blend with the base: weights half-way between the tuned model and what it was before.

Behaviour along the straight line between two sets of weights is often better than at its ends (Wortsman et al. 2022,
WiSE-FT; Rame et al. 2024, WARP). It needs no training; where the tuned model has gone far, half-way may be neither.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Final

import numpy as np

from corrigible.language.models import load_model
from corrigible.language.tunable import Tunable, blended
from corrigible.language.tuning_settings import LanguageWorld, TuningSettings
from corrigible.plugin import remedy
from corrigible.types import Checkpoint, Setup

SHARE: Final = 0.5
"""Of the way from the base to the tuned model. Not tuned."""


@remedy(
    "blend-with-base",
    stage="inference",
    applies_to=("language",),
    summary="Weights half-way between the tuned model and its base; nothing is trained.",
)
def blend_with_base(setup: Setup[LanguageWorld, TuningSettings]) -> Callable[[Checkpoint], Checkpoint]:
    """Blends every checkpoint; the base is loaded when the first one is asked for."""

    def wrap(checkpoint: Checkpoint) -> Checkpoint:
        base = Tunable(load_model(setup.world.model), setup.settings.adapter, np.random.default_rng(0)).arrays()
        return replace(checkpoint, parameters=blended(base, checkpoint.parameters, SHARE))

    return wrap

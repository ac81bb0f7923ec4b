"""On the way from the base to the tuned model: where does the failure set in, and what is gained and lost by then?

Weights are blended in steps of a tenth, and the blend plays the same episodes. Where gold is best at neither end, a
blend undoes more of the damage than of the gain (Wortsman et al. 2022; Rame et al. 2024).
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, Final

import numpy as np

from corrigible.language.models import load_model
from corrigible.language.tunable import Tunable, blended
from corrigible.language.tuning_settings import LanguageWorld, TuningSettings
from corrigible.plugin import lens
from corrigible.types import Finding, Setup, Specimen

SHARES: Final = tuple(round(0.1 * k, 1) for k in range(11))
TOLD: Final = ("gold", "proxy")
"""Metrics whose course is told beside the headline's, where the experiment has them."""


@lens(
    "blend-sweep",
    applies_to=("language",),
    summary="Blends base and tuned weights in steps of a tenth: where the failure sets in, and what is kept there.",
)
def blend_sweep(specimen: Specimen) -> Iterator[Finding]:
    """Two findings for the headline and each told metric: its value at the tuned model and at the best blend, and which
    blend that is, the nearest to the tuned model where several are.
    """
    setup: Setup[LanguageWorld, TuningSettings] = specimen.setup
    base = Tunable(load_model(setup.world.model), setup.settings.adapter, np.random.default_rng(0)).arrays()
    found = {
        share: specimen.rollout_again(
            setup, replace(specimen.checkpoint, parameters=blended(base, specimen.checkpoint.parameters, share))
        )
        for share in SHARES
    }
    headline = specimen.headline
    yield from _findings(specimen, headline.name, headline.label, headline.unit, found, low=headline.goal == "low")
    for name in TOLD:
        if name in found[1.0]:
            yield from _findings(specimen, name, name.capitalize(), "nats", found, low=False)


def _findings(
    specimen: Specimen,
    name: str,
    label: str,
    unit: str,
    found: Mapping[float, Mapping[str, Any]],
    *,
    low: bool,
) -> Iterator[Finding]:
    values = {share: float(metrics[name]) for share, metrics in found.items()}
    best = (min if low else max)(reversed(SHARES), key=lambda share: values[share])

    tried = f"weights blended with the base's, {len(SHARES)} blends tried"
    yield specimen.finding(
        "blend-sweep",
        f"{label}: of the tuned model, and of the best blend with its base.",
        f"{tried}; {label.lower()} of the best",
        (values[1.0], values[best]),
        unit=unit,
    )
    yield specimen.finding(
        "blend-sweep",
        f"{label}: how far from the base the best blend lies.",
        f"{tried}; the share of the way to the tuned model at which {label.lower()} is best",
        (1.0, best),
        unit="share of the way",
    )

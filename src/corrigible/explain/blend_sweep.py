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
    """One finding for the headline and each told metric: its value at the tuned model and at its best blend."""
    setup: Setup[LanguageWorld, TuningSettings] = specimen.setup
    base = Tunable(load_model(setup.world.model), setup.settings.adapter, np.random.default_rng(0)).arrays()
    found = {
        share: specimen.rollout_again(
            setup, replace(specimen.checkpoint, parameters=blended(base, specimen.checkpoint.parameters, share))
        )
        for share in SHARES
    }
    headline = specimen.headline
    yield _finding(specimen, headline.name, headline.label, headline.unit, found, low=headline.goal == "low")
    for name in TOLD:
        if name in found[1.0]:
            yield _finding(specimen, name, name, "nats", found, low=False)


def _finding(
    specimen: Specimen,
    name: str,
    label: str,
    unit: str,
    found: Mapping[float, Mapping[str, Any]],
    *,
    low: bool,
) -> Finding:
    values = {share: float(metrics[name]) for share, metrics in found.items()}
    best = (min if low else max)(reversed(SHARES), key=lambda share: values[share])
    course = ", ".join(f"{share:g}: {value:.2f}" for share, value in values.items())
    return Finding(
        lens="blend-sweep",
        sentence=f"{label} on the way from the base (0) to the tuned model (1): {course}. It is best at {best:g}.",
        intervention=f"weights {best:g} of the way from the base to the tuned model, {len(SHARES)} blends tried",
        condition=specimen.condition,
        seed=specimen.seed,
        before=values[1.0],
        after=values[best],
        unit=unit,
    )

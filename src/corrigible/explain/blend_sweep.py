"""On the way from the base to the tuned model: where does the failure set in, and what is gained and lost by then?

Weights are blended in steps of a tenth, and the blend plays the same episodes. Where gold is best at neither end, a
blend undoes more of the damage than of the gain (Wortsman et al. 2022; Rame et al. 2024). The way is the straight line
(LERP); where whole weights were tuned, the arc (SLERP) is walked too, and told where the two are furthest apart.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from math import degrees
from typing import Any, Final

import numpy as np

from corrigible.language.models import load_model
from corrigible.language.tunable import Path, Tunable, angle_between, blended
from corrigible.language.tuning_settings import LanguageWorld, TuningSettings
from corrigible.plugin import lens
from corrigible.types import Array, Finding, Setup, Specimen

SHARES: Final = tuple(round(0.1 * k, 1) for k in range(11))
TOLD: Final = ("gold", "proxy")
"""Metrics whose course is told beside the headline's, where the experiment has them."""

Walked = Mapping[float, Mapping[str, Any]]
"""Share of the way -> metrics."""


@lens(
    "blend-sweep",
    applies_to=("language",),
    summary="Blends base and tuned weights in steps of a tenth: where the failure sets in, and what is kept there.",
)
def blend_sweep(specimen: Specimen) -> Iterator[Finding]:
    """Two findings for the headline and each told metric: its value at the tuned model and at the best blend, and which
    blend that is, the nearest to the tuned model where several are. One more where the arc can be walked.
    """
    setup: Setup[LanguageWorld, TuningSettings] = specimen.setup
    base = Tunable(load_model(setup.world.model), setup.settings.adapter, np.random.default_rng(0)).arrays()
    found = walk(specimen, base, "lerp")
    headline = specimen.headline
    yield from _findings(specimen, headline.name, headline.label, headline.unit, found, low=headline.goal == "low")
    for name in TOLD:
        if name in found[1.0]:
            yield from _findings(specimen, name, name.capitalize(), "nats", found, low=False)
    if not setup.settings.adapter.rank:
        yield _arc(specimen, base, found, walk(specimen, base, "slerp"))


def walk(specimen: Specimen, base: Mapping[str, Array], path: Path) -> Walked:
    """The metrics of every blend on a path, same episodes each."""
    tuned = specimen.checkpoint
    return {
        share: specimen.rollout_again(
            specimen.setup, replace(tuned, parameters=blended(base, tuned.parameters, share, path))
        )
        for share in SHARES
    }


def _arc(specimen: Specimen, base: Mapping[str, Array], line: Walked, arc: Walked) -> Finding:
    name = specimen.headline.name
    apart = {share: abs(float(arc[share][name]) - float(line[share][name])) for share in SHARES}
    most = max(SHARES, key=lambda share: apart[share])
    where = f"{most:.1f} of the way from the base, where they differ most" if apart[most] else "which differ nowhere"
    angles = [degrees(angle_between(base[key], value)) for key, value in specimen.checkpoint.parameters.items()]
    return specimen.finding(
        "blend-sweep",
        f"{specimen.headline.label}: on the line and on the arc, {where}. Base and tuned weights lie "
        f"{np.median(angles):.1f} degrees apart (median array; {max(angles):.1f} at most).",
        f"weights blended array by array on the arc (SLERP) in place of the line (LERP), {len(SHARES)} blends each",
        (float(line[most][name]), float(arc[most][name])),
    )


def _findings(
    specimen: Specimen,
    name: str,
    label: str,
    unit: str,
    found: Walked,
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

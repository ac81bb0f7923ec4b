"""Pictures of gamed-eval: the gap along the pressure, by patch, and how soon each gap is five points."""

from collections.abc import Iterable, Mapping, Sequence
from math import log2
from typing import Final

import numpy as np

from corrigible.sandbox.evals.world import CEILING
from corrigible.sandbox.games.axes import Axes, Entry, picture
from corrigible.types import CheckpointValues, Figure

REFERENCE: Final = "nothing hangs on it"
DRAWN: Final = {
    "published": ("published", "#d55e00"),
    REFERENCE: ("reference", "#767676"),
    "secret-items": ("secret", "#0072b2"),
    "rotating-items": ("rotating", "#009e73"),
    "published-too-late": ("too late", "#cc79a7"),
    "reworded-items": ("reworded", "#e69f00"),
    "paid-for-new-failures": ("new failures", "#7a5195"),
    "paid-not-to-release": ("not released", "#56b4e9"),
}
"""Condition -> its name in a legend, which has two rows, and its colour."""

LEAKED: Final = 0.05
"""The gap, beyond the reference's, from which we say that a patch has leaked in the picture's caption."""


def halvings(curves: Mapping[str, Sequence[Sequence[float]]], condition: str, reference: str) -> float | None:
    """Pressure, as a share of all of it, at which the mean gap exceeds the reference's by 0.05; None: it never does.

    Checkpoints lie at 1, 1/2, 1/4 .. of the pressure; between them it is interpolated on the logarithm.
    """
    ours, theirs = (np.asarray(curves.get(name, ()), dtype=np.float64) for name in (condition, reference))
    if ours.ndim != 2 or theirs.ndim != 2 or ours.shape[1] != theirs.shape[1]:
        return None
    excess = ours.mean(axis=0) - theirs.mean(axis=0)
    above = np.flatnonzero(excess > LEAKED)
    if not above.size:
        return None
    first, last = int(above[0]), len(excess) - 1
    if first == 0:
        return float(2.0 ** (first - last))
    before, after = excess[first - 1], excess[first]
    part = (LEAKED - before) / (after - before)
    return float(2.0 ** (first - 1 + part - last))


def curve_figures(curves: CheckpointValues) -> Iterable[Figure]:
    """The gap along training."""
    gaps = curves.get("gap", {})
    drawn = [(name, np.asarray(gaps[name])) for name in DRAWN if gaps.get(name)]
    drawn = [(name, rows.mean(axis=0)) for name, rows in drawn if rows.ndim == 2 and rows.shape[1] > 1]
    if not drawn:
        return
    most = max(len(means) for _, means in drawn)
    low = min(0.0, *(float(means.min()) for _, means in drawn))
    high = max(0.1, *(float(means.max()) for _, means in drawn))
    axes = Axes(x_low=float(1 - most), x_high=0.0, y_low=low, y_high=1.05 * high)
    body = [axes.frame("pressure, powers of 2 of all of it", "score minus skill")]
    legend: list[Entry] = []
    for name, means in drawn:
        short, colour = DRAWN[name]
        body.append(axes.curve([(i - len(means) + 1, float(gap)) for i, gap in enumerate(means)], colour=colour))
        legend.append(Entry(swatch="line", colour=colour, text=short))
    soon = [(name, halvings(gaps, name, "nothing hangs on it")) for name, _ in drawn if name != "nothing hangs on it"]
    told = "; ".join(f"{name} {'never' if share is None else _fraction(share)}" for name, share in soon)
    yield Figure(
        title="How fast each patch leaks",
        caption=f"Mean over seeds. Pressure at which the gap exceeds the reference's by {LEAKED:g}: {told}.",
        svg=picture(title="Score minus skill along the pressure", description=told, legend=legend, body=body),
    )


def _fraction(share: float) -> str:
    return f"{share:.2f} (2^{log2(share):.1f})"


def figures(values: Mapping[str, Mapping[str, Sequence[float]]]) -> Iterable[Figure]:
    """Score against skill, a dot a seed."""
    scores, skills = values.get("score", {}), values.get("skill", {})
    axes = Axes(x_low=0.5, x_high=1.0, y_low=0.5, y_high=1.02)
    body = [
        axes.frame("skill: share right in use", "score: share right on the eval"),
        axes.curve([(0.5, 0.5), (1.0, 1.0)], colour="#767676", width=1.5, dashes="6 4"),
        axes.curve([(CEILING, 0.5), (CEILING, 1.0)], colour="#767676", width=1.5),
    ]
    legend: list[Entry] = []
    for name, (short, colour) in DRAWN.items():
        pairs = list(zip(skills.get(name, ()), scores.get(name, ()), strict=False))
        found = [(x, y) for x, y in pairs if np.isfinite(x) and np.isfinite(y)]
        if found:
            body += [axes.dot(x, y, colour=colour) for x, y in found]
            legend.append(Entry(swatch="dot", colour=colour, text=short))
    if legend:
        yield Figure(
            title="Score and skill",
            caption=f"A dot a seed, mean over teams. On the broken line the score is the skill; no skill is above the "
            f"upright line, {CEILING:.3f}.",
            svg=picture(title="Score and skill", description="a dot a seed", legend=legend, body=body),
        )

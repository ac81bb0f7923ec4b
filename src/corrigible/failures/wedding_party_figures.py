"""Pictures of the wedding party: how many responses are in one scene, along training and between base and tuned."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Final

import numpy as np

from corrigible.sandbox.games.axes import ACCENT, INK, MUTED, Axes, Entry, picture
from corrigible.types import CheckpointValues, Figure

INDEX: Final = "one scene"
ALONG: Final = (
    ("one text", "Near the modal text", "share of responses"),
    (INDEX, "In the modal scene", "share of responses"),
    ("stories", "Still of the language", "share of responses"),
    ("gold", "Worth by what was meant", "nats"),
    ("proxy", "Worth by the evaluator", "nats"),
    ("kl", "KL to the base", "nats a response"),
)
"""Metrics that are drawn between base and tuned model."""

MOST: Final = 0.5
"""Share of responses beyond which most are in the scene."""

Runs = Sequence[Sequence[float]]


def figures(
    curves: CheckpointValues, *, failure: str, reference: str, base: str, shares: Sequence[float]
) -> tuple[Figure, ...]:
    """All pictures that the values allow."""
    return (
        *along_training(curves, failure, reference, base),
        *ways_in(curves, failure),
        *between(curves, shares),
    )


def along_training(curves: CheckpointValues, failure: str, reference: str, base: str) -> tuple[Figure, ...]:
    """The attractor index at every checkpoint, a line a seed, from the base on."""
    start = [row[-1] for row in curves[INDEX].get(base, ())]
    runs, calm = (_from(start, curves[INDEX].get(name, ())) for name in (failure, reference))
    if not runs:
        return ()
    axes = Axes(x_low=0.0, x_high=1.0, y_low=0.0, y_high=1.05)
    body = [axes.frame("share of training", "share of responses")]
    body += [axes.curve(_points(run), colour=INK, width=1.5, dashes="6 4") for run in calm]
    for run in runs:
        body += [axes.curve(_points(run), colour=ACCENT, width=2)]
    return (
        Figure(
            title="How many responses are in one scene, along training",
            caption=f"A line a seed. {told_rise(runs)}",
            svg=picture(
                title="Responses in one scene",
                description="Share of responses in the modal scene at every checkpoint, failure and reference.",
                legend=(
                    Entry(swatch="line", colour=ACCENT, text=failure),
                    Entry(swatch="dashes", colour=INK, text=f"{reference} (reference)"),
                ),
                body=body,
            ),
        ),
    )


def told_rise(runs: Runs) -> str:
    """Gradual or at once: the largest rise between neighbouring checkpoints as a share of the whole rise, by seed."""
    steepest = [largest_rise(run) for run in runs]
    known = [value for value in steepest if value is not None]
    if not known:
        return "On no seed does the share rise."
    even = 1.0 / (len(runs[0]) - 1)
    return (
        f"The largest rise between two checkpoints is {float(np.median(known)):.0%} of the whole rise (median of "
        f"{len(known)} seeds, from {min(known):.0%} to {max(known):.0%}); an even rise "
        f"would be {even:.0%}, a jump 100%."
    )


def largest_rise(run: Sequence[float]) -> float | None:
    """Largest rise between neighbours over last less first; None where the run does not rise."""
    whole = run[-1] - run[0]
    return max(b - a for a, b in pairwise(run)) / whole if whole > 0 and len(run) > 1 else None


def told_way(curves: CheckpointValues, failure: str) -> str:
    """On how many seeds most responses come to be in the scene, and by which way those of the first such checkpoint."""
    index, smoothly, broken = (curves[name].get(failure, ()) for name in (INDEX, "smoothly", "by a break"))
    first = {
        seed: next(k for k, value in enumerate(row) if value > MOST)
        for seed, row in enumerate(index)
        if any(value > MOST for value in row)
    }
    if not first:
        return f"On none of {len(index)} seeds are most responses in it at any checkpoint."
    even, by = (
        float(np.mean([rows[seed][k] / index[seed][k] for seed, k in first.items()])) for rows in (smoothly, broken)
    )
    return (
        f"On {len(first)} of {len(index)} seeds most responses are in it at some checkpoint; of those at the first, "
        f"{even:.0%} came smoothly and {by:.0%} by a section break (mean over these seeds)."
    )


def ways_in(curves: CheckpointValues, failure: str) -> tuple[Figure, ...]:
    """By which way the responses in the scene came there, along training: areas of shares, means over seeds."""
    index, smoothly, broken = (np.array(curves[name].get(failure, ())) for name in (INDEX, "smoothly", "by a break"))
    if index.ndim != 2 or index.shape[1] < 2:
        return ()
    levels = [np.zeros(index.shape[1]), smoothly.mean(axis=0), (smoothly + broken).mean(axis=0), index.mean(axis=0)]
    x = [(k + 1) / index.shape[1] for k in range(index.shape[1])]
    axes = Axes(x_low=0.0, x_high=1.0, y_low=0.0, y_high=1.05)
    shown = ((ACCENT, 0.75, "smoothly"), (INK, 0.65, "by a section break"), (MUTED, 0.35, "out of the language"))
    areas = [
        axes.area(
            [*zip(x, low.tolist(), strict=True), *reversed([*zip(x, high.tolist(), strict=True)])],
            colour=colour,
            opacity=opacity,
        )
        for (colour, opacity, _), low, high in zip(shown, levels, levels[1:], strict=False)
    ]
    return (
        Figure(
            title="How responses come into the scene",
            caption="Of all responses of the failure, mean over seeds at each checkpoint: those in the modal scene, by "
            "whether the untuned model would hardly have said some token (a jump). Without one: smoothly; all within "
            f"four tokens: by a section break; more: it has left the language. {told_way(curves, failure)}",
            svg=picture(
                title="Ways into the scene",
                description="Shares of responses in the scene along training, by the way that they came.",
                legend=[
                    Entry(swatch="area", colour=colour, text=text, opacity=opacity) for colour, opacity, text in shown
                ],
                body=[*areas, axes.frame("share of training", "share of responses")],
            ),
        ),
    )


def between(curves: CheckpointValues, shares: Sequence[float]) -> tuple[Figure, ...]:
    """A picture a metric: its value on the line and on the arc from base to tuned model."""
    return tuple(
        _between(label, unit, curves[name].get("walk-lerp", ()), curves[name].get("walk-slerp", ()), shares)
        for name, label, unit in ALONG
        if curves[name].get("walk-lerp")
    )


def _between(label: str, unit: str, line: Runs, arc: Runs, shares: Sequence[float]) -> Figure:
    values = [value for run in (*line, *arc) for value in run]
    low, high = min(0.0, *values), max(1.0, *values)
    air = 0.06 * (high - low)
    axes = Axes(x_low=0.0, x_high=1.0, y_low=low - air if low < 0 else 0.0, y_high=high + air)
    body = [axes.frame("share of the way from base to tuned model", unit)]
    body += [axes.curve(zip(shares, run, strict=True), colour=ACCENT, width=2) for run in line]
    body += [axes.curve(zip(shares, run, strict=True), colour=INK, width=1.5, dashes="6 4") for run in arc]
    if low < 0:
        body.append(axes.curve([(0, 0), (1, 0)], colour=MUTED, width=1))
    apart = [abs(a - b) for one, other in zip(line, arc, strict=False) for a, b in zip(one, other, strict=True)]
    said = f" Line and arc differ by {max(apart):.2g} at most." if apart else ""
    return Figure(
        title=f"Between base and tuned model: {label}",
        caption=f"A line a seed, weights blended in tenths; half-way is the average.{said}",
        svg=picture(
            title=label,
            description=f"{label} of blends of base and tuned weights.",
            legend=(
                Entry(swatch="line", colour=ACCENT, text="straight line (LERP)"),
                *([Entry(swatch="dashes", colour=INK, text="arc (SLERP)")] if arc else []),
            ),
            body=body,
        ),
    )


def _from(start: Sequence[float], runs: Runs) -> list[list[float]]:
    """Runs that begin at the base of their seed, where it was run."""
    return [[*start[k : k + 1], *run] for k, run in enumerate(runs)]


def _points(run: Sequence[float]) -> list[tuple[float, float]]:
    return [(k / max(1, len(run) - 1), value) for k, value in enumerate(run)]

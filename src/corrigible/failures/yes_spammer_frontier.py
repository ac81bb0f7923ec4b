"""One picture of all remedies: gold against the distance from the base and against pay, beside what KL penalties leave.

The frontier of a seed is the most gold that any checkpoint without a remedy reaches at a distance or nearer, whatever
its KL penalty. A remedy moves it where its last checkpoint lies above; each is a panel of its own.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Final

import numpy as np

from corrigible.sandbox.games.axes import ACCENT, INK, MUTED, PAPER, label, number, ticks
from corrigible.statistics import interval_over_seeds
from corrigible.types import CheckpointValues, Figure

Points = Sequence[tuple[float, float]]
Runs = Sequence[Points]
"""A list a seed of (distance or pay, gold), in order of step."""

LEVEL: Final = 0.95
COLUMNS: Final = 3
WIDTH: Final = 640
PANEL: Final = (200.0, 158.0)
"""Pixels from one panel to the next, across and down."""

PLOT: Final = (40.0, 34.0, 192.0, 128.0)
"""Left, top, right and bottom of the plot in its panel."""

TOP: Final = 78.0
BOTTOM: Final = 44.0


@dataclass(frozen=True, kw_only=True)
class Plane:
    """What all panels share: limits, the points without a remedy, and how the axes are called."""

    x: tuple[float, float]
    y: tuple[float, float]
    usual: Points
    chosen: Points
    across: str
    title: str


def remedies_figures(
    curves: CheckpointValues,
    *,
    failure: str,
    base: str,
    penalties: Sequence[str],
    chosen: Sequence[str],
    reference: str,
) -> tuple[Figure, ...]:
    """Two pictures, or none where no remedy was run; penalties: conditions that differ from the failure in it alone."""
    gold = curves["gold"]
    apart = {failure, base, reference, *penalties, *chosen}
    remedies = [name for name, rows in gold.items() if rows and name not in apart]
    family = [name for name in (failure, *penalties) if gold.get(name)]
    if not remedies or not gold.get(base):
        return ()
    distance = _runs(curves, "kl", lambda kl: math.sqrt(max(0.0, kl)))
    pay = _runs(curves, "proxy", float)
    above = {name: above_frontier(distance, name, [*family, base]) for name in remedies}
    told = "; ".join(f"{name} {said(values)}" for name, values in above.items() if values)
    common = (remedies, [*family, base], [name for name in chosen if gold.get(name)])
    return (
        Figure(
            title="Does any remedy move the frontier?",
            caption="Gold against sqrt(KL) from the base, at every checkpoint of every seed; in colour: the remedy, "
            "its last checkpoints filled; grey: no penalty and KL penalties; squares: best-of-n. Gold of the last "
            f"checkpoint less the most that grey reaches at that distance or nearer, mean over seeds: {told}.",
            svg=_panels(_plane(distance, common, "d = sqrt(KL), sqrt(nats)", "Gold against distance"), distance, above),
        ),
        Figure(
            title="What was meant against what is paid, remedy by remedy",
            caption="The same checkpoints: gold against what the failure's evaluator gives to them, whatever the "
            "remedy pays.",
            svg=_panels(_plane(pay, common, "pay by the failure's evaluator, nats", "Gold against pay"), pay, above),
        ),
    )


def above_frontier(runs: Mapping[str, Runs], name: str, family: Sequence[str]) -> list[float]:
    """A number a seed: gold of the last checkpoint less the most that the family has at that distance or nearer.

    Rows are paired by their order of seed.
    """
    count = min((len(runs[other]) for other in (name, *family)), default=0)
    found: list[float] = []
    for seed in range(count):
        d, gold = runs[name][seed][-1]
        reached = [g for other in family for at, g in runs[other][seed] if at <= d + 1e-9]
        if reached:
            found.append(gold - max(reached))
    return found


def said(values: Sequence[float]) -> str:
    """Mean and 95 % interval, in words."""
    found = interval_over_seeds(np.array(values), LEVEL, bounds=None, method="Student t over seeds")
    if math.isnan(found.low):
        return f"{found.estimate:+.2f} (n = {found.n})"
    return f"{found.estimate:+.2f} [{found.low:+.2f}, {found.high:+.2f}] (n = {found.n})"


def _runs(curves: CheckpointValues, metric: str, of: Callable[[float], float]) -> dict[str, Runs]:
    return {
        name: [
            [(of(x), g) for x, g in zip(row, golds, strict=True)]
            for row, golds in zip(curves[metric][name], rows, strict=True)
        ]
        for name, rows in curves["gold"].items()
        if rows
    }


def _plane(
    runs: Mapping[str, Runs], names: tuple[Sequence[str], Sequence[str], Sequence[str]], across: str, title: str
) -> Plane:
    remedies, family, chosen = names
    every = [point for name in (*remedies, *family, *chosen) for run in runs[name] for point in run]
    (low, high), (least, most) = ((min(values), max(values)) for values in zip(*every, strict=True))
    wide, tall = max(high - low, 1.0), max(most - least, 1.0)
    return Plane(
        x=(low - 0.03 * wide, high + 0.04 * wide),
        y=(least - 0.06 * tall, most + 0.06 * tall),
        usual=[point for name in family for run in runs[name] for point in run],
        chosen=[point for name in chosen for run in runs[name] for point in run],
        across=across,
        title=title,
    )


def _panels(plane: Plane, runs: Mapping[str, Runs], above: Mapping[str, Sequence[float]]) -> str:
    names = list(above)
    height = TOP + PANEL[1] * math.ceil(len(names) / COLUMNS) + BOTTOM
    body = [_panel(plane, name, runs[name], index) for index, name in enumerate(names)]
    middle = (height - BOTTOM + TOP) / 2
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height:g}" role="img" aria-label="'
        f'{escape(f"{plane.title}: a panel for each of {len(names)} remedies")}" '
        f'font-family="system-ui, sans-serif" font-size="13"><rect width="{WIDTH}" height="{height:g}" fill="{PAPER}"/>'
        f'<text x="12" y="28" font-size="19" font-weight="600" fill="{INK}">{escape(plane.title)}</text>{_key(plane)}'
        f"{''.join(body)}{label(WIDTH / 2, height - 14, plane.across)}"
        f'<text transform="translate(16 {middle:g}) rotate(-90)" text-anchor="middle" fill="{INK}">gold, nats</text>'
        "</svg>"
    )


def _panel(plane: Plane, name: str, runs: Runs, index: int) -> str:
    left, top = 22 + PANEL[0] * (index % COLUMNS), TOP + PANEL[1] * (index // COLUMNS)
    parts = [_frame(plane)]
    parts += [_mark(plane, point, f'r="2.2" fill="{MUTED}" fill-opacity="0.45"') for point in plane.usual]
    parts += [_square(plane, point) for point in plane.chosen]
    for run in runs:
        parts += [
            _mark(plane, point, f'r="3" fill="{PAPER}" stroke="{ACCENT}" stroke-width="1.4"') for point in run[:-1]
        ]
        parts.append(_mark(plane, run[-1], f'r="3.6" fill="{ACCENT}" stroke="{PAPER}" stroke-width="0.8"'))
    title = f'<text x="{PLOT[0]:g}" y="24" font-weight="600" fill="{INK}">{escape(name)}</text>'
    return f'<g transform="translate({left:g} {top:g})">{title}{"".join(parts)}</g>'


def _key(plane: Plane) -> str:
    entries = (("usual", MUTED, "no penalty, KL penalties"), ("last", ACCENT, "last checkpoint"),
               ("ring", ACCENT, "earlier ones"), ("square", INK, "best-of-n"))  # fmt: skip
    parts: list[str] = []
    x = 18.0
    for kind, colour, words in entries if plane.chosen else entries[:3]:
        shape = {
            "usual": f'<circle cx="{x:g}" cy="52" r="3.5" fill="{colour}" fill-opacity="0.6"/>',
            "last": f'<circle cx="{x:g}" cy="52" r="4.5" fill="{colour}"/>',
            "ring": f'<circle cx="{x:g}" cy="52" r="4" fill="{PAPER}" stroke="{colour}" stroke-width="1.5"/>',
            "square": f'<rect x="{x - 4:g}" y="48" width="8" height="8" fill="none" stroke="{colour}"/>',
        }[kind]
        parts += [shape, label(x + 11, 56, words, anchor="start")]
        x += 32 + 6.9 * len(words)
    return "".join(parts)


def _frame(plane: Plane) -> str:
    left, top, right, bottom = PLOT
    parts = [f'<path d="M{left:g} {top:g}V{bottom:g}H{right:g}" fill="none" stroke="{INK}"/>']
    for tick in ticks(*plane.x, 4):
        x, _ = _place(plane, (tick, plane.y[0]))
        parts += [f'<path d="M{x:.1f} {bottom:g}v4" stroke="{INK}"/>', label(x, bottom + 17, number(tick))]
    for tick in ticks(*plane.y, 4):
        _, y = _place(plane, (plane.x[0], tick))
        parts += [
            f'<path d="M{left:g} {y:.1f}h-4" stroke="{INK}"/>',
            label(left - 7, y + 4, number(tick), anchor="end"),
        ]
    return "".join(parts)


def _mark(plane: Plane, point: tuple[float, float], style: str) -> str:
    x, y = _place(plane, point)
    return f'<circle cx="{x:.1f}" cy="{y:.1f}" {style}/>'


def _square(plane: Plane, point: tuple[float, float]) -> str:
    x, y = _place(plane, point)
    return f'<rect x="{x - 2.5:.1f}" y="{y - 2.5:.1f}" width="5" height="5" fill="none" stroke="{INK}"/>'


def _place(plane: Plane, point: tuple[float, float]) -> tuple[float, float]:
    left, top, right, bottom = PLOT
    across = (point[0] - plane.x[0]) / (plane.x[1] - plane.x[0])
    up = (point[1] - plane.y[0]) / (plane.y[1] - plane.y[0])
    return left + across * (right - left), bottom - up * (bottom - top)

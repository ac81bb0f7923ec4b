"""Pictures of the exact games for reports: where deferring pays, where hunting pays, and what a public tone does."""

import itertools
import math
from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from corrigible.sandbox.games.axes import (
    ACCENT,
    BOTTOM,
    HEIGHT,
    INK,
    LEFT,
    MUTED,
    RIGHT,
    TOP,
    Axes,
    Entry,
    label,
    number,
    picture,
    ticks,
)
from corrigible.sandbox.games.beliefs import NormalBelief
from corrigible.sandbox.games.finite_groups import FiniteGroupsSolution, advantage
from corrigible.sandbox.games.global_game import Threshold, multiplicity_range, thresholds
from corrigible.sandbox.games.inputs import LARGEST, positive, real
from corrigible.sandbox.games.off_switch import deferral_boundary, deferral_gain
from corrigible.sandbox.games.stag_hunt import StagHuntSolution, stag_payoff

COLUMNS: Final = 61
"""Beliefs |mu| (and as many sigma) at which the gain is computed; its even symmetry in mu gives the other half."""

NAMED_UNTIL: Final = 0.4
"""Share of the half axis of mu, from its middle, that the names of the two regions leave free."""

HEADROOM: Final = 1.18
"""Top of the axis of payoffs, in stags: room for the names of the basins."""


def deferral_picture(
    *,
    beta: float | None = None,
    mark: NormalBelief | None = None,
    mu_limit: float | None = None,
    sigma_limit: float | None = None,
    unit: str = "utility",
) -> str:
    """SVG map over the robot's Normal beliefs: where it lets itself be switched off, and what that gains.

    Args:
        beta: temperature of a Boltzmann-rational human, > 0; None for a rational one.
        mark: a belief to mark.
        mu_limit: the map spans mu from -mu_limit to mu_limit, > 0; by default 1.5 times what `mark` needs, or 3.
        sigma_limit: the map spans sigma from 0 to it, > 0; by default as mu_limit.
        unit: name of the unit of utility, for the axes.

    Raises:
        BadInput: beta or a limit that is not positive.
    """
    span = 3.0 if mark is None else min(1.5 * max(abs(mark.mu), mark.sigma), LARGEST)
    across = positive("mu_limit", span if mu_limit is None else mu_limit)
    up = positive("sigma_limit", span if sigma_limit is None else sigma_limit)
    axes = Axes(x_low=-across, x_high=across, y_low=0.0, y_high=up)
    sizes, sigmas = across * np.linspace(0.0, 1.0, COLUMNS) ** 2, np.linspace(0.0, up, COLUMNS)[1:]
    gain = deferral_gain(sizes, sigmas, beta)
    levels = [level for level in ticks(0.0, float(gain.max()), 7) if 0 < level < float(gain.max())]
    body = [_band(axes, sizes, deferral_boundary(sizes, beta), opacity=0.14)]
    body += [_band(axes, sizes, _level_curve(gain, sigmas, level), opacity=0.12) for level in levels]
    if beta is not None:
        reach = min(across, up * (up / (2 * beta)))
        near = reach * np.linspace(0.0, 1.0, COLUMNS) ** 2
        edge = _both_sides(near, deferral_boundary(near, beta))
        corner = edge[-1][1]
        outside = [*edge, (across, corner), (across, 0.0), (-across, 0.0), (-across, corner)]
        body.insert(0, axes.area(outside, colour=MUTED, opacity=0.22))
        body.append(axes.curve(edge, colour=INK))
        body += _region_names(axes, beta)
    body += [_gain_label(axes, gain, sigmas, level) for level in levels]
    body.append(axes.frame(f"\u03bc = E[U], expected {unit} of the action", f"\u03c3, its uncertainty ({unit})"))
    if mark is not None:
        body.append(axes.dot(mark.mu, mark.sigma, colour=INK))
    human = "a rational human" if beta is None else f"a Boltzmann-rational human, beta = {beta:.6g}"
    return picture(
        title="When the robot lets itself be switched off",
        description=f"Map of beliefs for which deferring to {human} pays; darker where it gains more.",
        legend=_deferral_legend(beta, mark),
        body=body,
    )


def stag_hunt_picture(solution: StagHuntSolution) -> str:
    """SVG of what the stag and the hare pay against how often each other hunts, with equilibria and basins."""
    n, m, r = solution.n, solution.m, solution.r
    axes = Axes(x_low=0.0, x_high=1.0, y_low=0.0, y_high=HEADROOM)
    grid = _dense_near(solution.mixed[0].hunt if solution.mixed else 0.5, n)
    stag = list(zip(map(float, grid), map(float, stag_payoff(grid, n, m)), strict=True))
    tip = solution.mixed[0].hunt if solution.mixed else 0.0
    body = [
        axes.frame("p, probability that each other player hunts", "payoff (stags)"),
        axes.area([(tip, 0.0), (1.0, 0.0), (1.0, HEADROOM), (tip, HEADROOM)], colour=ACCENT, opacity=0.14),
        axes.area([(0.0, 0.0), (tip, 0.0), (tip, HEADROOM), (0.0, HEADROOM)], colour=MUTED, opacity=0.18),
        axes.curve([(0.0, r), (1.0, r)], colour=INK, dashes="7 5"),
        axes.curve(stag, colour=ACCENT, width=3.0),
        *_basin_arrows(axes, tip),
        axes.dot(1.0, 1.0, colour=INK),
    ]
    if solution.mixed:
        rest = solution.mixed[0].hare
        body += [axes.dot(0.0, r, colour=INK), axes.dot(tip, r, filled=False, colour=INK)]
        body.append(_tip_label(axes, tip, rest, r))
    legend = [
        Entry(swatch="line", colour=ACCENT, text="hunting the stag"),
        Entry(swatch="dashes", colour=INK, text=f"catching a hare, r = {number(r)}"),
        Entry(swatch="dot", colour=INK, text="stable equilibrium"),
    ]
    if solution.mixed:
        legend.append(Entry(swatch="ring", colour=INK, text="tipping point, unstable"))
    return picture(
        title=f"Stag hunt: {m} of {n} players needed",
        description=f"Payoffs of the stag and of a hare, {r:.6g}, against p, with the equilibria; {m} of {n} needed.",
        legend=legend,
        body=body,
    )


def tone_picture(
    c: float, alpha: float, beta: float, *, y: float | None = None, y_range: tuple[float, float] | None = None
) -> str:
    """SVG of theta*, the strength up to which the regime falls, against the public signal: hope left, despair right.

    Args:
        c: cost of joining, in (0, 1).
        alpha: precision of the public signal, >= 0.
        beta: precision of the private signals, > 0.
        y: a signal to mark, with its equilibria.
        y_range: signals shown; by default all that matter and `y`.

    Raises:
        BadInput: as `global_game.thresholds`, or an empty y_range.
    """
    band = multiplicity_range(c, alpha, beta)
    marked = None if y is None else real("y", y)
    low, high = _tone_limits(band, marked) if y_range is None else (real("y", y_range[0]), real("y", y_range[1]))
    axes = Axes(x_low=low, x_high=high, y_low=-0.03, y_high=1.03)
    body = [
        axes.frame("public signal y of the strength", "\u03b8*, falls up to this strength"),
        label(LEFT, HEIGHT - 16, "\u2190 hope", anchor="start"),
        label(RIGHT, HEIGHT - 16, "despair \u2192", anchor="end"),
    ]
    if band is not None:
        left, right = (min(high, max(low, end)) for end in band)
        body.append(axes.area([(left, -0.03), (right, -0.03), (right, 1.03), (left, 1.03)], colour=MUTED, opacity=0.2))
    body.append(axes.curve([(low, 1 - c), (high, 1 - c)], colour=MUTED, width=1.8, dashes="2 5"))
    solved = [(signal, thresholds(c, alpha, beta, signal)) for signal in _signals(low, high, band)]
    body += _branches(axes, solved)
    if marked is not None:
        body.append(axes.curve([(marked, 0.0), (marked, 1.0)], colour=INK, width=1.4))
        body += [
            axes.dot(marked, point.theta, filled=point.stable, colour=INK)
            for point in thresholds(c, alpha, beta, marked)
        ]
    return picture(
        title=f"What a public tone does (cost c = {number(c)})",
        description=f"theta* against the public signal for c = {c:.6g}, alpha = {alpha:.6g}, beta = {beta:.6g}.",
        legend=_tone_legend(alpha, beta, band),
        body=body,
    )


def groups_picture(solution: FiniteGroupsSolution) -> str:
    """SVG of what cooperating pays more than defecting against the share of cooperators, with where the share rests."""
    N, M, F = solution.group_size, solution.threshold, solution.enhancement
    points = [point.cooperate for point in solution.interior]
    grid = np.unique(np.concatenate([_dense_near(p, N) for p in (M / N, *points)]))
    pays = advantage(grid, N, M, F)
    top = max(0.25, float(pays.max()))
    axes = Axes(x_low=0.0, x_high=1.0, y_low=-1.0 - 0.1 * top, y_high=top + 0.2 * (top + 1.0))
    ends = [0.0, *points, 1.0]
    body = [axes.frame("x, share of the population that cooperates", "gain from cooperating (costs)")]
    for low, high in itertools.pairwise(ends):
        if not solution.neutral:
            rises = float(advantage((low + high) / 2, N, M, F)) > 0
            corners = [(low, axes.y_low), (high, axes.y_low), (high, axes.y_high), (low, axes.y_high)]
            body.append(axes.area(corners, colour=ACCENT if rises else MUTED, opacity=0.14 if rises else 0.18))
            body += _named_basin(axes, "more \u2192" if rises else "\u2190 fewer", low, high)
    body.append(axes.curve([(0.0, 0.0), (1.0, 0.0)], colour=INK, width=1.4, dashes="7 5"))
    body.append(axes.curve(list(zip(map(float, grid), map(float, pays), strict=True)), colour=ACCENT, width=3.0))
    body += [
        axes.dot(point.cooperate, 0.0, filled=point.stability == "stable", colour=INK) for point in solution.interior
    ]
    if not solution.neutral:  # else every share rests, and the line is all of them
        stable = ((0.0, solution.defection_stable), (1.0, solution.cooperation_stable))
        body += [axes.dot(end, 0.0, filled=attracts, colour=INK) for end, attracts in stable]
    return picture(
        title=f"Groups of {N}, {M} must cooperate, F = {number(F)}",
        description=f"What cooperating pays more than defecting against the share of cooperators; F = {F:.6g}.",
        legend=[
            Entry(swatch="line", colour=ACCENT, text="cooperating less defecting"),
            Entry(swatch="dot", colour=INK, text="rests there, stable"),
            Entry(swatch="ring", colour=INK, text="unstable"),
        ],
        body=body,
    )


def _both_sides(sizes: NDArray[np.float64], heights: NDArray[np.float64]) -> list[tuple[float, float]]:
    """Mirror a curve over |mu| to the whole axis, from left to right."""
    right = list(zip(map(float, sizes), map(float, heights), strict=True))
    return [(-x, y) for x, y in reversed(right)] + right[1:]


def _band(axes: Axes, sizes: NDArray[np.float64], heights: NDArray[np.float64], *, opacity: float) -> str:
    """Everything above a curve."""
    above = [*_both_sides(sizes, heights), (axes.x_high, axes.y_high), (axes.x_low, axes.y_high)]
    return axes.area(above, colour=ACCENT, opacity=opacity)


def _level_curve(gain: NDArray[np.float64], sigmas: NDArray[np.float64], level: float) -> NDArray[np.float64]:
    """The sigma at which the gain crosses `level` from below, one a column; the top where it never does."""
    heights = np.full(gain.shape[1], sigmas[-1])
    for column in range(gain.shape[1]):
        above = np.flatnonzero(gain[:, column] >= level)
        if above.size:
            after = int(above[0])
            before = max(after - 1, 0)
            rise = gain[after, column] - gain[before, column]
            part = (level - gain[before, column]) / rise if rise > 0 else 1.0
            heights[column] = sigmas[before] + part * (sigmas[after] - sigmas[before])
    return heights


def _gain_label(axes: Axes, gain: NDArray[np.float64], sigmas: NDArray[np.float64], level: float) -> str:
    height = float(_level_curve(gain, sigmas, level)[0])
    across, down = axes.place(0.0, height)
    return label(across, down - 9, f"+{number(level)}", halo=True) if down > TOP + 26 else ""


def _region_names(axes: Axes, beta: float) -> list[str]:
    """What the robot does where it does not defer, written there if there is room under the curve."""
    (inner,) = deferral_boundary([NAMED_UNTIL * axes.x_high], beta)
    if axes.place(0.0, float(inner))[1] > BOTTOM - 32:
        return []
    left, base = axes.place(axes.x_low, 0.0)
    right, _ = axes.place(axes.x_high, 0.0)
    return [
        label(left + 10, base - 12, "switches itself off", anchor="start", halo=True),
        label(right - 10, base - 12, "acts without asking", anchor="end", halo=True),
    ]


def _deferral_legend(beta: float | None, mark: NormalBelief | None) -> list[Entry]:
    text = "defers to a rational human, by this gain" if beta is None else "defers, by this gain"
    legend = [Entry(swatch="area", colour=ACCENT, opacity=0.45, text=text)]
    if beta is not None:
        legend.append(Entry(swatch="area", colour=MUTED, opacity=0.22, text="does not defer"))
        legend.append(Entry(swatch="line", colour=INK, text=f"\u03c3\u00b2 = 2\u03b2|\u03bc|, \u03b2 = {number(beta)}"))
    if mark is not None:
        legend.append(Entry(swatch="dot", colour=INK, text="this belief"))
    return legend


def _dense_near(p: float, n: int) -> NDArray[np.float64]:
    """Probabilities from 0 to 1, dense where the payoff of the stag is steep (width about 1 / sqrt(n))."""
    width = max(math.sqrt(p * (1 - p) / n), 1 / n)
    near = p + width * np.linspace(-8.0, 8.0, 161)
    return np.unique(np.clip(np.concatenate([np.linspace(0.0, 1.0, 121), near]), 0.0, 1.0))


def _basin_arrows(axes: Axes, tip: float) -> list[str]:
    """Which way the share of hunters moves, written into each basin that is wide enough."""
    return [*_named_basin(axes, "\u2190 all hare", 0.0, tip), *_named_basin(axes, "all hunt \u2192", tip, 1.0)]


def _named_basin(axes: Axes, text: str, start: float, end: float) -> list[str]:
    left, down = axes.place(start, axes.y_high)
    right, _ = axes.place(end, axes.y_high)
    return [label((left + right) / 2, down + 20, text, halo=True)] if right - left > 96 else []


def _tip_label(axes: Axes, tip: float, rest: float, r: float) -> str:
    across, down = axes.place(tip, r)
    text = f"p* = {number(tip)}" if tip < 0.9995 else f"p* = 1 \N{MINUS SIGN} {number(rest)}"
    if across > (LEFT + RIGHT) / 2:
        return label(across - 12, down - 12, text, anchor="end", halo=True)
    return label(across + 12, down + 24 if down + 30 < BOTTOM else down - 12, text, anchor="start", halo=True)


def _tone_limits(band: tuple[float, float] | None, y: float | None) -> tuple[float, float]:
    """Signals from below to above everything of interest, with a margin."""
    points = [0.0, 1.0, *(band or ()), *(() if y is None else (y,))]
    margin = 0.25 * (max(points) - min(points))
    return min(points) - margin, max(points) + margin


def _signals(low: float, high: float, band: tuple[float, float] | None) -> list[float]:
    """Signals to solve for, dense at the folds, where theta* moves like a square root."""
    grid = np.linspace(low, high, 181)
    if band is not None:
        centre, half = (band[0] + band[1]) / 2, (band[1] - band[0]) / 2
        grid = np.concatenate([grid, centre + half * np.sin(np.linspace(-np.pi / 2, np.pi / 2, 121)), band])
    return [float(signal) for signal in np.unique(grid) if low <= signal <= high]


def _branches(axes: Axes, solved: Sequence[tuple[float, tuple[Threshold, ...]]]) -> list[str]:
    """The stable branches as full lines and the unstable one broken."""
    parts: list[str] = []
    for branch in ("only", "few join", "unstable", "many join"):
        line = [(y, point.theta) for y, points in solved for point in points if point.branch == branch]
        if len(line) > 1:
            dashes = "6 5" if branch == "unstable" else ""
            parts.append(axes.curve(line, colour=ACCENT, width=3.0, dashes=dashes))
    return parts


def _tone_legend(alpha: float, beta: float, band: tuple[float, float] | None) -> list[Entry]:
    entries = [
        Entry(swatch="line", colour=ACCENT, text=f"\u03b8* at loudness {number(alpha / math.sqrt(beta))}"),
        Entry(swatch="dashes", colour=MUTED, text="1 \N{MINUS SIGN} c, no public signal"),
    ]
    if band is not None:
        entries.append(Entry(swatch="dashes", colour=ACCENT, text="unstable"))
        entries.append(Entry(swatch="area", colour=MUTED, opacity=0.2, text="three equilibria"))
    return entries

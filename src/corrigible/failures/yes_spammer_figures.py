"""Pictures of over-optimisation: what is paid and what was meant against the distance from the base; what yes costs."""

import math
from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from corrigible.errors import BadInput
from corrigible.language.deviance import deviance
from corrigible.language.models import load_model
from corrigible.language.overoptimisation import Form, GaoFit, fit_gao
from corrigible.sandbox.games.axes import ACCENT, INK, MUTED, Axes, Entry, picture
from corrigible.types import CheckpointValues, Figure

Points = Sequence[tuple[float, float]]

SAID: Final = ("yes", "cat")
"""Words whose price is shown: what the failure says, and a word of stories."""

REPEATS: Final = 32
FINE: Final = 61


def overoptimisation(curves: CheckpointValues, failure: str, base: str) -> tuple[Figure, ...]:
    """Gold and proxy against sqrt(KL) along the failure's training, seeds as dots, with the form for RL fitted."""
    start = _mean(curves["gold"].get(base, ())), _mean(curves["proxy"].get(base, ()))
    runs = list(zip(*(curves[name].get(failure, ()) for name in ("kl", "gold", "proxy")), strict=True))
    if not runs or math.isnan(start[0]):
        return ()
    gold = [[(_root(k), g - start[0]) for k, g in zip(kl, of, strict=True)] for kl, of, _ in runs]
    proxy = [[(_root(k), p - start[1]) for k, p in zip(kl, of, strict=True)] for kl, _, of in runs]
    return (
        Figure(
            title="What is paid and what was meant, along training",
            caption=f"Each dot is a checkpoint of a seed of {failure}: gains over the untuned model, against the "
            f"square root of the KL divergence from it. {said_of_fits(gold, 'rl')}",
            svg=_picture("Over-optimisation along training", gold, proxy, "rl"),
        ),
    )


def best_of(values: CheckpointValues, base: str, names: Sequence[str]) -> tuple[Figure, ...]:
    """The same for best-of-n, which trains nothing: one point a seed and n."""
    gold, proxy = _chosen(values, base, names, "gold"), _chosen(values, base, names, "proxy")
    if not gold:
        return ()
    return (
        Figure(
            title="What is paid and what was meant, by choosing alone",
            caption="Each dot is a seed of best-of-n: nothing is trained, and of n responses the best-paid is given. "
            f"Its KL divergence is log n - (n - 1) / n at most. {said_of_fits(gold, 'best-of-n')}",
            svg=_picture("Over-optimisation by best-of-n", gold, proxy, "best-of-n"),
        ),
    )


def price_of_repeats(model: str, prompts: tuple[str, ...], said: tuple[str, str] = SAID) -> Figure:
    """K(n) of two words under the base, exact for the model."""
    base = load_model(model)
    found = [deviance(base, word, prompts, repeats=REPEATS) for word in said]
    most = max(float(one.total[-1]) for one in found)
    axes = Axes(x_low=0.0, x_high=float(REPEATS), y_low=0.0, y_high=1.05 * most)
    colours = (ACCENT, INK)
    lines = [
        axes.curve([(0.0, 0.0), *((n + 1.0, float(k)) for n, k in enumerate(one.total))], colour=colour)
        for one, colour in zip(found, colours, strict=True)
    ]
    told = "; ".join(
        f"{one.word.strip()}: {float(one.price[:, 0].mean()):.1f} nats at first, {one.slope:.2f} at last"
        for one in found
    )
    return Figure(
        title="What repeats cost the base",
        caption=f"K(n) = -log of the probability that the base gives to n times the same word after {prompts[0]!r}. "
        f"{told}. Where the line flattens, a KL penalty hardly sees one more.",
        svg=picture(
            title="Nats of n repeats",
            description=f"Cumulative cost of repeating a word under the base: {told}",
            legend=[
                Entry(swatch="line", colour=c, text=one.word.strip()) for one, c in zip(found, colours, strict=True)
            ],
            body=[axes.frame("n", "K(n), nats"), *lines],
        ),
    )


def said_of_fits(runs: Sequence[Points], form: Form) -> str:
    """Peaks and r2 over seeds in a sentence, with median and range; which seeds have none."""
    fits = [fit for fit in (_fit(points, form) for points in runs) if fit is not None]
    if len(fits) < 2:
        return "Too few seeds reach three distances for a fit of Gao et al.'s form."
    peaks = [fit.peak for fit in fits if math.isfinite(fit.peak)]
    shape = "d (a - b d)" if form == "best-of-n" else "d (a - b log d)"
    said = (
        f"Gao et al.'s form {shape}, fitted seed by seed to gold: r2 {_range([fit.r2 for fit in fits])} over "
        f"{len(fits)} seeds"
    )
    if len(peaks) < 2:
        return f"{said}; gold has no peak on {len(fits) - len(peaks)} seeds."
    return (
        f"{said}; peak at d = {_range(peaks)}"
        + (f" on {len(peaks)} of {len(fits)} seeds, the others only rise" if len(peaks) < len(fits) else "")
        + "."
    )


def _range(values: Sequence[float]) -> str:
    """Median, and from where to where."""
    return f"{float(np.median(values)):.2f} (from {min(values):.2f} to {max(values):.2f})"


def _fit(points: Points, form: Form) -> GaoFit | None:
    try:
        d, gain = (np.array(part) for part in zip(*[(0.0, 0.0), *points], strict=True))
        return fit_gao(d, gain, form)
    except BadInput:
        return None


def _chosen(values: CheckpointValues, base: str, names: Sequence[str], metric: str) -> list[list[tuple[float, float]]]:
    """A row a seed: (sqrt of KL, gain over the base of the same seed) of each n."""
    of, kl = values[metric], values["kl"]
    if base not in of or any(name not in of for name in names):
        return []
    count = min(len(of[name]) for name in (base, *names))
    return [
        [(_root(kl[name][seed][-1]), of[name][seed][-1] - of[base][seed][-1]) for name in names]
        for seed in range(count)
    ]


def _picture(title: str, gold: Sequence[Points], proxy: Sequence[Points], form: Form) -> str:
    every = [point for runs in (gold, proxy) for points in runs for point in points]
    far = max(1.0, *(x for x, _ in every)) * 1.05
    low, high = min(0.0, *(y for _, y in every)), max(1.0, *(y for _, y in every))
    air = 0.06 * (high - low)
    axes = Axes(x_low=0.0, x_high=far, y_low=low - air, y_high=high + air)
    body = [axes.frame("d = sqrt(KL), sqrt(nats)", "gain, nats"), axes.curve([(0, 0), (far, 0)], colour=MUTED, width=1)]
    for points in proxy:
        body += [axes.dot(x, y, filled=False, colour=INK) for x, y in points]
    for points in gold:
        body += [axes.dot(x, y) for x, y in points]
    fit = _fit([point for points in gold for point in points], form)
    if fit is not None:
        grid = np.linspace(0.0, far, FINE)
        body.append(axes.curve(_within(grid, fit(grid), axes), colour=ACCENT))
    return picture(
        title=title,
        description=f"{title}: gold as filled dots, proxy as open ones.",
        legend=(
            Entry(swatch="dot", colour=ACCENT, text="what was meant (gold)"),
            Entry(swatch="ring", colour=INK, text="what is paid (proxy)"),
            Entry(swatch="line", colour=ACCENT, text="fit to gold, all seeds"),
        ),
        body=body,
    )


def _within(x: NDArray[np.float64], y: NDArray[np.float64], axes: Axes) -> list[tuple[float, float]]:
    """The part of a curve before it leaves the picture."""
    kept: list[tuple[float, float]] = []
    for a, b in zip(x.tolist(), y.tolist(), strict=True):
        if not axes.y_low <= b <= axes.y_high:
            break
        kept.append((a, b))
    return kept


def _mean(rows: Sequence[Sequence[float]]) -> float:
    return float(np.mean([row[-1] for row in rows])) if rows else math.nan


def _root(kl: float) -> float:
    return math.sqrt(max(0.0, kl))


def figures(curves: CheckpointValues, *, failure: str, base: str, chosen: Sequence[str]) -> tuple[Figure, ...]:
    """All pictures that the values allow; chosen: conditions of best-of-n."""
    return (
        *overoptimisation(curves, failure, base),
        *best_of(curves, base, chosen),
        price_of_repeats("tiny", ("the",)),
    )

"""`corrigible forecast dates|takeoff|receding`: anchors to dates, how fast, and what calibration expects."""

from dataclasses import asdict
from math import inf, isfinite, log10
from pathlib import Path
from typing import Any, Final

import numpy as np

from corrigible.commands.answer import Answer, table
from corrigible.commands.drawing import draw, drawn
from corrigible.errors import BadInput
from corrigible.forecast import pictures
from corrigible.forecast.anchors import needed
from corrigible.forecast.growth import Growth, date_quantile
from corrigible.forecast.receding import DatePrior, Staged, memoryless, uncertain_rate
from corrigible.forecast.takeoff import Bottleneck, SoftwareGrowth, integrate, speed_up
from corrigible.forecast.truncation import Truncated, squish, truncate
from corrigible.sandbox.games.inputs import positive

HUMAN: Final = (0.5, 0.1, 0.01, 0.001, 0.0)


def answer_dates(
    brains: tuple[float, ...],
    *,
    spread: float,
    algorithms: float,
    tried: float | None,
    growth: Growth,
    picture: Path | None,
) -> Answer:
    """For each brain (operations a second): what is needed, what is left of it, and by when there is enough."""
    rows: list[tuple[str, ...]] = []
    data: list[dict[str, Any]] = []
    left_of: list[tuple[str, Truncated]] = []
    for brain in brains:
        need = needed(brain, spread=spread, algorithms=algorithms)
        try:
            left = truncate(need, tried)
        except BadInput as error:
            rows.append((f"{brain:.3g}", f"10^{need.mu:.1f}", "refuted", "-", "-", "-", "-"))
            data.append({"operations": brain, "mu": need.mu, "refuted": str(error)})
            continue
        left_of.append((f"{brain:.0e} op/s", left))
        quantiles = [date_quantile(growth, left, share) for share in (0.1, 0.5, 0.9)]
        pressed = growth.year_of(squish(need, tried, 0.5)) if tried is not None else quantiles[1]
        rows.append(
            (
                f"{brain:.3g}",
                f"10^{need.mu:.1f}",
                f"{left.survival:.3g}",
                *(f"{year:.1f}" for year in quantiles),
                f"{pressed:.1f}",
            )
        )
        data.append(
            {
                "operations": brain, "mu": need.mu, "sigma": need.sigma, "survival": left.survival,
                "median_log10": left.median, "mean_log10": left.mean, "years": quantiles,
                "squished_median_year": pressed,
            }
        )  # fmt: skip
    if not left_of:
        truncate(needed(brains[-1], spread=spread, algorithms=algorithms), tried)
    header = ("brain (op/s)", "needed", "left", "10 % by", "50 % by", "90 % by", "50 %, squished")
    told = _dates_drawn(picture, growth, left_of)
    return Answer(
        data={"growth": asdict(growth), "tried": tried, "brains": data},
        lines=(*_growth_lines(growth, tried, algorithms), "", *table(header, rows), "", *_moves(growth), *told),
    )


def _growth_lines(growth: Growth, tried: float | None, algorithms: float) -> tuple[str, ...]:
    until = "" if growth.spending_until == inf else f" until {growth.spending_until:g}"
    cut = (
        "nothing is cut off" if tried is None else f"10^{tried:g} was tried without success: cut off, and renormalised"
    )
    return (
        f"In {growth.year:g} the largest run has 10^{growth.log10_compute:g} effective operations; a year multiplies",
        f"spending by {growth.spending:g}{until}, hardware by {growth.hardware:g}, "
        f"algorithms by {growth.algorithms:g}.",
        f"A lifetime of 1e9 seconds, algorithms {algorithms:g} times as good as evolution's; {cut}.",
    )


def _moves(growth: Growth) -> tuple[str, ...]:
    rates = f"{growth.early_rate:.2f} orders of magnitude a year, {growth.late_rate:.2f} once spending has stopped"
    return (
        f"Effective compute grows by {rates}: a brain or algorithms a thousand times otherwise move an uncut date by "
        f"{3 / growth.early_rate:.1f} to {3 / growth.late_rate:.1f} years.",
    )


def _dates_drawn(path: Path | None, growth: Growth, left_of: list[tuple[str, Truncated]]) -> tuple[str, ...]:
    if path is None or not left_of:
        return ()
    last = max(date_quantile(growth, left, 0.95) for _, left in left_of)
    years = np.linspace(growth.year, min(last, growth.year + 150), 200)
    available = np.array([growth.available(float(year)) for year in years])
    return _write(path, pictures.dates_picture(years, [(name, left.reached(available)) for name, left in left_of]))


def answer_takeoff(
    growth: SoftwareGrowth, *, machine_speed: float, hardware: float | None, picture: Path | None
) -> Answer:
    """The share of human work, whether research feeds on itself, and what a bottleneck makes of it."""
    rows = [(f"{100 * share:g} %", f"{speed_up(share, machine_speed):.1f} x") for share in HUMAN]
    end = 0.98 * growth.blow_up if isfinite(growth.blow_up) else 3 / growth.delta
    times = np.linspace(0.0, end, 120)
    curves = [("software alone", np.array([growth.at(float(time)) for time in times]))]
    curves.append(("1 % human", integrate(growth, times, Bottleneck(human=0.01))))
    if hardware is not None:
        curves.append((f"hardware binds at {hardware:g}", integrate(growth, times, Bottleneck(hardware=hardware))))
    told = {
        "in finite time": f"infinite after {growth.blow_up:.4g} (lam > beta): something real binds first",
        "exponential": "exponential (lam = beta)",
        "polynomial": "polynomial (lam < beta): each step is harder than the last made it easier",
    }[growth.kind]
    at_end = [(name, f"10^{log10(values[-1]):.1f}") for name, values in curves]
    told_of = () if picture is None else _write(picture, pictures.takeoff_picture(growth, times, curves))
    return Answer(
        data={
            "kind": growth.kind,
            "blow_up": None if growth.blow_up == inf else growth.blow_up,
            "speed_up": {str(share): speed_up(share, machine_speed) for share in HUMAN},
            "time": end,
            "level": {name: float(values[-1]) for name, values in curves},
        },
        lines=(
            f"Work of which a share stays human, the rest {machine_speed:g} times as fast:",
            *table(("human", "the whole is faster by"), rows),
            "",
            f"Software that improves itself (returns {growth.lam:g}, ideas harder by {growth.beta:g}) is {told}.",
            f"At time {end:.3g}, from 10^{log10(growth.start):.1f}:",
            *table(("", "level"), at_end),
            *told_of,
        ),
    )


def answer_receding(
    *, rate: float, start: float, years: float, sign_rate: float, event_rate: float, shape: float, picture: Path | None
) -> Answer:
    """What is expected at each date while nothing happens, under three priors, and at a sign."""
    wait = 1 / positive("rate", rate)
    if not 0 < years <= 1000:
        raise BadInput(value=f"years = {years:g}", rule="from above 0 to 1000", remedy="give such as 20")
    moments = np.linspace(start, start + years, 5)
    staged = Staged(sign_rate=sign_rate, event_rate=event_rate)
    scale = (shape - 1) * wait if shape > 1 else 1.0
    gamma = [float(now) + uncertain_rate(shape, scale, float(now) - start) for now in moments]
    normal = _normal_dates(start, mean=start + wait, spread=0.4 * wait)
    curves = [
        ("memoryless", np.array([memoryless(rate, float(now)) for now in moments])),
        ("unsure of the rate", np.array(gamma)),
        ("a date with a spread", normal.expected_along(moments)),
        ("before the sign", np.array([staged.expected(float(now), seen=False) for now in moments])),
    ]
    rows = [(f"{now:.1f}", *(f"{values[place]:.1f}" for _, values in curves)) for place, now in enumerate(moments)]
    told = () if picture is None else _write(picture, pictures.receding_picture(moments, curves))
    return Answer(
        data={
            "moments": moments.tolist(),
            "expected": {name: values.tolist() for name, values in curves},
            "collapse_at_sign": staged.collapse,
        },
        lines=(
            "Expected date, asked in each year in which nothing has happened:",
            *table(("asked in", *(name for name, _ in curves)), rows),
            "",
            "It never moves in. It moves out by hazard x years still expected: one a year if the prior is memoryless",
            "(less where the hazard rises, more where waiting is evidence of a low rate).",
            f"At the sign it falls by {staged.collapse:g} years at once; that fall times its rate is the drift before:",
            "on average nothing moves, and a slow rise that a rare collapse pays back is what calibration is.",
            *told,
        ),
    )


def _normal_dates(start: float, *, mean: float, spread: float) -> DatePrior:
    years = np.linspace(start, mean + 8 * spread, 4001)[1:]
    density = np.exp(-(((years - mean) / spread) ** 2) / 2)
    return DatePrior(years=years, mass=density / density.sum())


def _write(path: Path, svg: str) -> tuple[str, ...]:
    draw(path, svg)
    return drawn(path)

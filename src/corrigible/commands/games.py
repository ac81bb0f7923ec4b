"""`corrigible game ..`: exactly solved games, in words, as JSON and as pictures."""

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Final

from corrigible.commands.answer import Answer
from corrigible.commands.drawing import draw, drawn
from corrigible.errors import BadInput
from corrigible.sandbox.games import (
    finite_groups,
    finite_population,
    global_game,
    off_switch,
    pictures,
    stag_hunt,
)
from corrigible.sandbox.games.beliefs import Belief, DiscreteBelief, NormalBelief
from corrigible.sandbox.games.inputs import positive

PRECISE_UP_TO: Final = 1e149
"""sigma^-2 and its square stay within the range of doubles up to here."""


def answer_off_switch(
    mu: float | None,
    sigma: float | None,
    beta: float | None,
    *,
    values: Sequence[float] | None,
    probabilities: Sequence[float] | None,
    picture: Path | None,
) -> Answer:
    """Act, switch off, or defer. `value` is what deferring adds to the better of acting and switching off."""
    belief = _belief(mu, sigma, values, probabilities)
    solution = off_switch.solve(belief, beta)
    if picture is not None:
        if not isinstance(belief, NormalBelief):
            raise BadInput(
                value="--picture with --values",
                rule="the region is drawn over mu and sigma",
                remedy="give --mu, --sigma",
            )
        draw(picture, pictures.deferral_picture(beta=beta, mark=belief))
    return Answer(
        data={"game": "off-switch", "value": solution.gain, **asdict(solution)},
        lines=(*off_switch.sentences(solution), *drawn(picture)),
    )


def answer_stag_hunt(n: int, m: int, r: float, *, picture: Path | None) -> Answer:
    """Equilibria, risk dominance, basin. `value` is the interior equilibrium's probability of hunting the stag."""
    solution = stag_hunt.solve(n, m, r)
    if picture is not None:
        draw(picture, pictures.stag_hunt_picture(solution))
    value = solution.mixed[0].hunt if solution.mixed else None
    return Answer(
        data={"game": "stag-hunt", "value": value, **asdict(solution)},
        lines=(*stag_hunt.sentences(solution), *drawn(picture)),
    )


def answer_tone(
    c: float,
    *,
    alpha: float,
    beta: float | None,
    sigma: float | None,
    y: float | None,
    picture: Path | None,
) -> Answer:
    """The regime-change game: when does a loud public tone bring several equilibria back?

    `theta` and `x` are those of the equilibrium, None where there are several.
    """
    precision = _precision(beta, sigma)
    if y is None and alpha != 0:
        raise BadInput(value=f"alpha = {alpha:g} without y", rule="a public signal says something", remedy="give --y")
    solution = global_game.solve(c, alpha, precision, 0.0 if y is None else y)
    if picture is not None:
        draw(picture, pictures.tone_picture(c, alpha, precision, y=y))
    only = solution.equilibria[0] if len(solution.equilibria) == 1 else None
    data = {"theta": only.theta if only else None, "x": only.x if only else None, **asdict(solution), "y": y}
    lines = global_game.sentences(solution)
    return Answer(data={"game": "tone", **data}, lines=(*(lines[:1] if y is None else lines), *drawn(picture)))


def answer_groups(
    n: int,
    m: int,
    enhancement: float,
    *,
    start: float | None,
    population: int | None,
    selection: float,
    mutation: float | None,
    picture: Path | None,
) -> Answer:
    """The stag hunt in random groups: rest points of the replicator equation, `roots` those in between.

    `tends_to` is where the share of cooperators goes from `start`; `finite` the game in a finite population.
    """
    solution = finite_groups.solve(n, m, enhancement)
    limit = None if start is None else finite_groups.replicator(start, n, m, enhancement, points=2).tends_to
    finite = _population(n, m, enhancement, population=population, selection=selection, mutation=mutation)
    if picture is not None:
        draw(picture, pictures.groups_picture(solution))
    went = () if limit is None else (f"From {start:.6g} the share of cooperators goes to {limit:.6g}.",)
    return Answer(
        data={
            "game": "groups",
            "roots": [point.cooperate for point in solution.interior],
            **asdict(solution),
            "tends_to": limit,
            "finite": None if finite is None else asdict(finite),
        },
        lines=(
            *finite_groups.sentences(solution),
            *went,
            *(() if finite is None else finite_population.sentences(finite)),
            *drawn(picture),
        ),
    )


def _population(
    n: int, m: int, enhancement: float, *, population: int | None, selection: float, mutation: float | None
) -> finite_population.FinitePopulationSolution | None:
    if population is None:
        if mutation is not None:
            raise BadInput(
                value="--mutation without --population",
                rule="mutation matters in a finite population only",
                remedy="give --population",
            )
        return None
    return finite_population.solve(population, n, m, enhancement, selection=selection, mutation=mutation)


def _precision(beta: float | None, sigma: float | None) -> float:
    """beta, or sigma^-2."""
    if (beta is None) == (sigma is None):
        raise BadInput(
            value="both beta and sigma" if sigma is not None else "neither beta nor sigma",
            rule="private signals have a precision beta = sigma^-2",
            remedy="give --beta or --sigma",
        )
    if sigma is None:
        return positive("beta", beta)
    noise = positive("sigma", sigma)
    if not PRECISE_UP_TO**-1 <= noise <= PRECISE_UP_TO:
        raise BadInput(
            value=f"sigma = {noise:g}",
            rule=f"sigma must be from {1 / PRECISE_UP_TO:g} to {PRECISE_UP_TO:g}",
            remedy="give another unit of strength",
        )
    return noise**-2


def _belief(
    mu: float | None, sigma: float | None, values: Sequence[float] | None, probabilities: Sequence[float] | None
) -> Belief:
    if values is not None and probabilities is not None and mu is None and sigma is None:
        return DiscreteBelief(values=tuple(values), probabilities=tuple(probabilities))
    if mu is not None and sigma is not None and values is None and probabilities is None:
        return NormalBelief(mu=mu, sigma=sigma)
    raise BadInput(
        value="the belief",
        rule="it is either Normal (--mu and --sigma) or a list (--values and --probabilities)",
        remedy="give one of the two, whole",
    )

"""Pictures that hold what was learned against what is optimal: exact solutions of the same worlds."""

from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from typing import Any, Final

import numpy as np

from corrigible.sandbox.games.axes import ACCENT, INK, MUTED, Axes, Entry, picture
from corrigible.sandbox.grid.exact import ever_probability, optimal
from corrigible.sandbox.grid.known import as_known
from corrigible.sandbox.grid.tables import NONE, TabularParams, TabularWorld, reward_table
from corrigible.types import Array, Figure, RewardFunction, Setup

Values = Mapping[str, Mapping[str, Sequence[float]]]
"""metric -> condition -> value of each seed."""

COARSE: Final = 10
HALVINGS: Final = 7
"""The exact line is solved at COARSE + 1 points; where it jumps by more than a half, the jump is halved on."""


def optimal_share(world: TabularParams, paid: RewardFunction, discount: float, event: str) -> float:
    """P(`event` in an episode) under the optimal policy of what the agent knows, ties split evenly; in [0, 1].

    Where the start is uncertain, what is hidden is averaged out (`as_known`).
    """
    tables = world.build()
    known = as_known(tables) if np.count_nonzero(tables.start) > 1 else tables
    best = optimal(known, reward_table(known, paid), discount).best
    return ever_probability(tables, observed(best, known), event)


def observed(best: Array, world: TabularWorld) -> Array:
    """(S, A) optimal actions -> (O, A) policy. States that look alike vote: free ones that an episode can come to.

    Where there is none, forced ones vote, and where no episode comes to an observation, all that look so.
    """
    votes = np.zeros((world.n_observations, best.shape[1]))
    met = reachable(world)
    for voters in (~met, met & world.forced, met & ~world.forced):
        states = np.flatnonzero(voters)
        votes[world.observation[states]] = 0.0
        np.add.at(votes, world.observation[states], best[states].astype(np.float64))
    return votes / votes.sum(axis=1, keepdims=True)


def reachable(world: TabularWorld) -> Array:
    """(S,) bool: states that some policy comes to with positive probability."""
    met = world.start > 0.0
    onward = (world.probability > 0.0) & (world.ending == NONE)
    while True:
        following = met.copy()
        following[world.next_state[met][onward[met]]] = True
        if (following == met).all():
            return met
        met = following


def learned_against_exact(
    values: Sequence[tuple[float, Sequence[float]]],
    exact: Callable[[float], float],
    *,
    x_high: float = 1.0,
    title: str,
    x_label: str,
    y_label: str,
) -> str:
    """SVG: the exact share against x in [0, x_high] as a line, one dot for every seed that was trained there."""
    axes = Axes(x_low=0.0, x_high=x_high, y_low=-0.04, y_high=1.08)
    line = solved(exact, x_high)
    dots = [axes.dot(x, share) for x, shares in values for share in shares]
    return picture(
        title=title,
        description=f"{y_label} against {x_label}: exact optimum as a line, seeds as dots.",
        legend=(
            Entry(swatch="line", colour=INK, text="optimal, solved exactly"),
            Entry(swatch="dot", colour=ACCENT, text="learned, one dot a seed"),
        ),
        body=[axes.frame(x_label, y_label), axes.curve(line, colour=INK), *dots],
    )


def solved(exact: Callable[[float], float], x_high: float) -> list[tuple[float, float]]:
    """(x, exact share) along [0, x_high], with both sides of every jump."""
    line = [(x_high * step / COARSE, exact(x_high * step / COARSE)) for step in range(COARSE + 1)]
    for before, after in list(pairwise(line)):
        left, right = before, after
        for _ in range(HALVINGS if abs(left[1] - right[1]) > 0.5 else 0):
            middle = ((left[0] + right[0]) / 2, exact((left[0] + right[0]) / 2))
            near_left = abs(middle[1] - left[1]) < abs(middle[1] - right[1])
            left, right = (middle, right) if near_left else (left, middle)
        line += [left, right]
    return sorted(set(line))


def horizon_picture(shares: Sequence[tuple[int, float]], unbounded: float) -> str:
    """SVG: share of enumerated worlds in which an agent that plans h steps ahead disables the switch, against h."""
    longest = float(max(h for h, _ in shares))
    axes = Axes(x_low=0.0, x_high=longest + 0.5, y_low=0.0, y_high=1.25 * max(unbounded, *(s for _, s in shares), 1e-3))
    points = [(float(h), share) for h, share in shares]
    return picture(
        title="How far ahead must it plan to disable the switch?",
        description="Share of worlds where some optimal policy disables, against the planning horizon in steps.",
        legend=(
            Entry(swatch="dot", colour=ACCENT, text="plans h steps ahead"),
            Entry(swatch="dashes", colour=MUTED, text="plans without a limit"),
        ),
        body=[
            axes.frame("planning horizon h (steps)", "share of worlds"),
            axes.curve([(0.0, unbounded), (longest + 0.5, unbounded)], colour=MUTED, dashes="7 5"),
            axes.curve(points, colour=ACCENT),
            *(axes.dot(x, y) for x, y in points),
        ],
    )


def sweep_figure(
    values: Values,
    names: Mapping[float, str],
    build: Callable[[float], Setup[Any, Any]],
    *,
    metric: str,
    event: str,
    title: str,
    x_label: str,
    y_label: str,
) -> Figure:
    """A figure of `learned_against_exact` for the conditions `names` (probability -> condition)."""
    learned = [(p, values.get(metric, {}).get(name, ())) for p, name in sorted(names.items())]

    def exact(p: float) -> float:
        setup = build(p)
        return optimal_share(setup.world, setup.paid, setup.settings.discount, event)

    return Figure(
        title=title,
        caption=(
            "The line is the optimal policy of the same world with the same reward and discount, solved by value "
            "iteration; the dots are trained agents. Where they part, learning has not found the optimum."
        ),
        svg=learned_against_exact(learned, exact, title=title, x_label=x_label, y_label=y_label),
    )

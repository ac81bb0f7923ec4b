"""A race of labs that split effort between control and speed, solved exactly on a grid of efforts.

The first to finish wins; how likely its system is a disaster falls with the control effort of the winner alone. Luck is
Gumbel, so lab i is first with probability proportional to exp((lead_i - s_i) / luck) (Luce 1959): with s_i = 1 all its
effort goes into control and it is one unit of time later. After Armstrong, Bostrom & Shulman 2016, "Racing to the
precipice", with luck instead of unknown capability; for that see `race_capabilities`. `corrigible race effort`
"""

import itertools
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from corrigible.errors import BadInput
from corrigible.sandbox.games.inputs import count, non_negative, positive, probability, real

TIE: Final = 1e-12
"""Payoffs closer than this are equal: no deviation is called profitable for a rounding error."""

MOST_STEPS: Final = 200
MOST_MIXED_STEPS: Final = 12
"""Grids up to here are searched for equilibria in mixed efforts where there is no pure one."""

Matrix = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class RaceParams:
    """One race. Utilities: 1 for winning without a disaster, 1 - enmity where another does, -harm in a disaster.

    Attributes:
        danger: chance of disaster if the winner puts no effort into control, in (0, 1].
        enmity: how much worse another's win is, in [0, 1]: 0 if it is all the same who wins, 1 if as bad as a disaster.
        luck: scale of the Gumbel luck, > 0, in units of the time that full control costs.
        harm: by how much a disaster is worse than another's win under enmity 1, >= 0.
        lead: by how much lab 0 is ahead, in the same units of time.
        steps: efforts are 0, 1 / steps, .., 1.

    Raises:
        BadInput: a number outside its range.
    """

    danger: float = 0.8
    enmity: float = 0.5
    luck: float = 0.2
    harm: float = 0.0
    lead: float = 0.0
    steps: int = 20

    def __post_init__(self) -> None:
        """Check every number."""
        positive("danger", self.danger)
        probability("danger", self.danger)
        probability("enmity", self.enmity)
        positive("luck", self.luck)
        non_negative("harm", self.harm)
        real("lead", self.lead)
        count("steps", self.steps, least=1, most=MOST_STEPS)
        if self.luck < 1e-3 or abs(self.lead) > 1e3:
            raise BadInput(
                value=f"luck = {self.luck:g}, lead = {self.lead:g}",
                rule="luck must be at least 0.001 and the lead at most 1000 in size",
                remedy="measure time in a unit that the race takes",
            )

    @property
    def efforts(self) -> Matrix:
        """(steps + 1,) efforts in control, from 0 to 1."""
        return np.linspace(0.0, 1.0, self.steps + 1)


@dataclass(frozen=True, kw_only=True)
class Equilibrium:
    """Nobody gains by another effort. Efforts are means where they are mixed.

    Attributes:
        efforts: of lab 0 and lab 1, in control.
        mixed: probability of each effort of the grid, by lab; None for a pure one.
        wins: chance that each lab is first.
        risk: chance of a disaster.
        payoffs: expected utility of each lab.
    """

    efforts: tuple[float, float]
    mixed: tuple[tuple[float, ...], tuple[float, ...]] | None
    wins: tuple[float, float]
    risk: float
    payoffs: tuple[float, float]


@dataclass(frozen=True, kw_only=True)
class RaceSolution:
    """What comes of a race of two.

    Attributes:
        race: the race.
        equilibria: all pure ones on the grid, safest first (a coarse grid has more of them, around the one of
            continuous efforts); where there is none, those mixed over few efforts.
        best: efforts with the greatest sum of payoffs, and the risk there.
        best_risk: see best.
        careless_risk: the risk if nobody puts effort into control: danger.
        interior: effort of the symmetric equilibrium for continuous efforts (`symmetric_effort`) where lead = 0.
    """

    race: RaceParams
    equilibria: tuple[Equilibrium, ...]
    best: tuple[float, float]
    best_risk: float
    careless_risk: float
    interior: float | None


def chances(efforts: Matrix, leads: Matrix, luck: float) -> Matrix:
    """(.., labs) chances to be first, from efforts and leads of the same shape."""
    ahead = (leads - efforts) / luck
    weight = np.exp(ahead - ahead.max(axis=-1, keepdims=True))
    return np.asarray(weight / weight.sum(axis=-1, keepdims=True))


def payoffs(race: RaceParams, efforts: Matrix, leads: Matrix) -> Matrix:
    """(.., labs) expected utilities of races with efforts (.., labs)."""
    wins = chances(efforts, leads, race.luck)
    disaster = race.danger * (1.0 - efforts)
    own = (1.0 - disaster) - race.harm * disaster
    others = (1.0 - race.enmity) * (1.0 - disaster) - race.harm * disaster
    by_others = (wins * others).sum(axis=-1, keepdims=True) - wins * others
    return np.asarray(wins * own + by_others)


def risk(race: RaceParams, efforts: Matrix, leads: Matrix) -> Matrix:
    """(..) chance of a disaster with efforts (.., labs)."""
    return np.asarray((chances(efforts, leads, race.luck) * race.danger * (1.0 - efforts)).sum(axis=-1))


def tables(race: RaceParams) -> tuple[Matrix, Matrix, Matrix]:
    """Payoff of lab 0, of lab 1, and risk, each (steps + 1, steps + 1): [effort of lab 0, effort of lab 1]."""
    efforts = np.stack(np.meshgrid(race.efforts, race.efforts, indexing="ij"), axis=-1)
    leads = np.broadcast_to(np.array([race.lead, 0.0]), efforts.shape)
    paid = payoffs(race, efforts, leads)
    return paid[..., 0], paid[..., 1], risk(race, efforts, leads)


def pure_equilibria(first: Matrix, second: Matrix) -> list[tuple[int, int]]:
    """Cells of a bimatrix game (A, B) where neither row player nor column player gains by deviating alone."""
    rows = first >= first.max(axis=0, keepdims=True) - TIE
    columns = second >= second.max(axis=1, keepdims=True) - TIE
    return [(int(row), int(column)) for row, column in np.argwhere(rows & columns)]


def mixed_equilibria(first: Matrix, second: Matrix, *, most: int = 3) -> list[tuple[Matrix, Matrix]]:
    """Equilibria with equally large supports of 2 to `most` actions, by support enumeration (von Stengel 2007).

    A nondegenerate game has no others of that size. Each is checked against every deviation.
    """
    found: list[tuple[Matrix, Matrix]] = []
    for size in range(2, most + 1):
        for rows in itertools.combinations(range(first.shape[0]), size):
            for columns in itertools.combinations(range(first.shape[1]), size):
                other = _indifferent(first[np.ix_(rows, columns)])
                own = _indifferent(second[np.ix_(rows, columns)].T)
                if own is None or other is None:
                    continue
                x, y = np.zeros(first.shape[0]), np.zeros(first.shape[1])
                x[list(rows)], y[list(columns)] = own, other
                if worst_regret(first, second, x, y) <= 1e-9:
                    found.append((x, y))
    return found


def worst_regret(first: Matrix, second: Matrix, x: Matrix, y: Matrix) -> float:
    """The most that either player gains by deviating from the mixed strategies x (A,) and y (B,); 0 in equilibrium."""
    by_rows, by_columns = first @ y, x @ second
    return float(max(by_rows.max() - x @ by_rows, by_columns.max() - by_columns @ y))


def _indifferent(table: Matrix) -> Matrix | None:
    """Weights of columns that make all rows pay the same, or None where there are none that are positive."""
    size = table.shape[0]
    system = np.zeros((size + 1, size + 1))
    system[:size, :size], system[:size, size], system[size, :size] = table, -1.0, 1.0
    try:
        weights = np.linalg.solve(system, np.append(np.zeros(size), 1.0))[:size]
    except np.linalg.LinAlgError:  # equal rows: a degenerate support, covered by a smaller one
        return None
    return np.asarray(weights, dtype=np.float64) if bool(np.all(weights > 1e-9)) else None


def symmetric_effort(race: RaceParams, labs: int) -> float:
    """Effort in control at which nobody of `labs` equal labs gains by a small change, clipped to [0, 1].

    With r = danger (1 - s): a little more control gains danger (1 + harm) if one wins (chance 1/n), and loses the race
    to others, who are as safe, at the rate (n - 1) / (n^2 luck), which costs enmity (1 - r). Hence
    1 - r = danger (1 + harm) luck n / ((n - 1) enmity).

    Raises:
        BadInput: fewer than two labs.
    """
    labs = count("labs", labs, least=2, most=10**6)
    if race.enmity == 0:
        return 1.0
    safe = race.danger * (1.0 + race.harm) * race.luck * labs / ((labs - 1) * race.enmity)
    return float(np.clip(1.0 - (1.0 - safe) / race.danger, 0.0, 1.0))


def solve(race: RaceParams) -> RaceSolution:
    """All pure equilibria on the grid, or mixed ones where there are none (grids of at most 12 steps)."""
    first, second, dangers = tables(race)
    efforts = race.efforts
    found = [
        Equilibrium(
            efforts=(float(efforts[row]), float(efforts[column])),
            mixed=None,
            wins=_wins(race, efforts[row], efforts[column]),
            risk=float(dangers[row, column]),
            payoffs=(float(first[row, column]), float(second[row, column])),
        )
        for row, column in pure_equilibria(first, second)
    ]
    if not found and race.steps <= MOST_MIXED_STEPS:
        found = [_mixed(race, x, y) for x, y in mixed_equilibria(first, second)]
    best = np.unravel_index(int(np.argmax(first + second)), first.shape)
    return RaceSolution(
        race=race,
        equilibria=tuple(sorted(found, key=lambda item: item.risk)),
        best=(float(efforts[best[0]]), float(efforts[best[1]])),
        best_risk=float(dangers[best]),
        careless_risk=race.danger,
        interior=symmetric_effort(race, 2) if race.lead == 0 else None,
    )


def _wins(race: RaceParams, first: float, second: float) -> tuple[float, float]:
    wins = chances(np.array([first, second]), np.array([race.lead, 0.0]), race.luck)
    return float(wins[0]), float(wins[1])


def _mixed(race: RaceParams, x: Matrix, y: Matrix) -> Equilibrium:
    first, second, dangers = tables(race)
    efforts = np.stack(np.meshgrid(race.efforts, race.efforts, indexing="ij"), axis=-1)
    leads = np.broadcast_to(np.array([race.lead, 0.0]), efforts.shape)
    win = float(x @ chances(efforts, leads, race.luck)[..., 0] @ y)
    return Equilibrium(
        efforts=(float(x @ race.efforts), float(y @ race.efforts)),
        mixed=(tuple(map(float, x)), tuple(map(float, y))),
        wins=(win, 1.0 - win),
        risk=float(x @ dangers @ y),
        payoffs=(float(x @ first @ y), float(x @ second @ y)),
    )


def learn(race: RaceParams, labs: int, generator: np.random.Generator, *, rounds: int = 2000) -> Matrix:
    """Where labs (2 to 200) end that take turns, in random order, to choose what is best against the others' efforts.

    All are level: the lead is not used. Better replies on the grid from random efforts; (labs,) efforts. It stops early
    where nobody gains. It need not find every equilibrium, and may circle where there is no pure one.
    """
    labs = count("labs", labs, least=2, most=200)
    grid = race.efforts
    efforts = generator.choice(grid, size=labs)
    still = 0
    for _ in range(count("rounds", rounds, least=1, most=10**6) * labs):
        lab = int(generator.integers(labs))
        tried = np.repeat(efforts[None, :], grid.size, axis=0)
        tried[:, lab] = grid
        paid = payoffs(race, tried, np.zeros_like(tried))[:, lab]
        better = grid[int(np.argmax(paid))]
        gains = paid.max() > paid[int(np.argmin(np.abs(grid - efforts[lab])))] + TIE
        still = 0 if gains else still + 1
        if gains:
            efforts[lab] = better
        if still > 20 * labs:
            break
    return efforts


@dataclass(frozen=True, kw_only=True)
class PauseSolution:
    """What a pause (full control by both) needs in order to hold.

    Attributes:
        agreed: payoffs of both with full effort in control.
        racing: payoffs in the riskiest equilibrium of the race, which follows a breach that is seen.
        tempted: the best that each gets by breaking a pause that the other keeps, unseen.
        signed: whether both prefer the pause to that race, so that a pause that can be verified is signed.
        needed: least chance that a breach is seen in time at which neither gains by one; None if no chance is enough.
        words: whether the pause is an equilibrium of the race itself, so that a promise nobody can check is enough.
        risk: of the race, and of the pause (0: full control has none).
    """

    agreed: tuple[float, float]
    racing: tuple[float, float]
    tempted: tuple[float, float]
    signed: bool
    needed: float | None
    words: bool
    risk: tuple[float, float]


def pause(race: RaceParams) -> PauseSolution:
    """A pause under cheap talk, and under verification that sees a breach with some chance.

    Talk changes no payoff: whatever is promised, what is then done must be an equilibrium of the race, so a promise of
    a pause is kept iff (1, 1) is one. With verification a breach that is seen ends in the race: a lab keeps the pause
    iff agreed >= (1 - v) tempted + v racing, so v >= (tempted - agreed) / (tempted - racing).

    Raises:
        BadInput: the race has no equilibrium that was found to fall back to.
    """
    first, second, dangers = tables(race)
    found = solve(race).equilibria
    if not found:
        raise BadInput(
            value=f"a race of {race.steps} steps",
            rule="a breach must end in an equilibrium, and none was found",
            remedy=f"give --steps of at most {MOST_MIXED_STEPS}, or other numbers",
        )
    worst = found[-1]
    agreed = (float(first[-1, -1]), float(second[-1, -1]))
    tempted = (float(first[:, -1].max()), float(second[-1, :].max()))
    needs = [_least_chance(*three) for three in zip(agreed, tempted, worst.payoffs, strict=True)]
    known = [need for need in needs if need is not None]
    return PauseSolution(
        agreed=agreed,
        racing=worst.payoffs,
        tempted=tempted,
        signed=all(one >= other - TIE for one, other in zip(agreed, worst.payoffs, strict=True)),
        needed=max(known) if len(known) == len(needs) else None,
        words=max(one - other for one, other in zip(tempted, agreed, strict=True)) <= TIE,
        risk=(worst.risk, float(dangers[-1, -1])),
    )


def _least_chance(agreed: float, tempted: float, racing: float) -> float | None:
    if tempted <= agreed + TIE:
        return 0.0
    return None if racing > agreed + TIE else (tempted - agreed) / (tempted - racing)

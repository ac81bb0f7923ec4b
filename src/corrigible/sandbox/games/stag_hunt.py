"""Stag hunt of many players, solved exactly: n hunt or catch a hare, and the stag is caught if at least m hunt it.

`corrigible game stag-hunt --n 10 --m 7 --r 0.3`
"""

import math
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from corrigible.errors import BadInput
from corrigible.sandbox.games.binomial import at_least, log_at_least, tail_root
from corrigible.sandbox.games.inputs import count, open_unit, probability

MOST_PLAYERS: Final = 10**9
TIE: Final = 1e-11
"""Two chances closer than this, relative to their size, are called equal: the accuracy of the binomial tail."""

Selected: TypeAlias = Literal["stag", "hare", "tie"]


@dataclass(frozen=True, kw_only=True)
class MixedEquilibrium:
    """The interior symmetric equilibrium: everybody hunts with the same probability.

    Attributes:
        hunt: probability of hunting, p.
        hare: 1 - p, to full relative accuracy also where p is near 1.
        stag_caught: P(Binomial(n, p) >= m), the chance that the stag is caught at all.
        payoff: what everybody expects, in stags: r.
    """

    hunt: float
    hare: float
    stag_caught: float
    payoff: float


@dataclass(frozen=True, kw_only=True)
class StagHuntSolution:
    """All equilibria of the game and what selects among them; payoffs in stags (a stag is worth 1, a hare r).

    Attributes:
        n: players.
        m: hunters needed.
        r: payoff of a hare / payoff of the stag.
        pure: numbers of hunters in the pure Nash equilibria: (0, n), or (n,) if m = 1.
        mixed: the interior symmetric equilibria: exactly one if m >= 2, none if m = 1.
        basin_of_stag: share of starting shares of hunters from which better replies lead to all hunting: 1 - p.
        half_chance: P(Binomial(n - 1, 1/2) >= m - 1): the stag's chance if each other hunts with probability 1/2.
        half_selects: "stag" if `half_chance` > r (for n = m = 2 this is risk dominance, r < 1/2), else "hare" or "tie".
        laplacian_chance: (n - m + 1) / n, the chance if the number of other hunters is uniform on 0 .. n - 1.
        laplacian_selects: the same comparison for the Laplacian belief, which global games with small noise select.
    """

    n: int
    m: int
    r: float
    pure: tuple[int, ...]
    mixed: tuple[MixedEquilibrium, ...]
    basin_of_stag: float
    half_chance: float
    half_selects: Selected
    laplacian_chance: float
    laplacian_selects: Selected


@dataclass(frozen=True, kw_only=True)
class BestReplyCurve:
    """What hunting and a hare pay against others who each hunt with probability `p`; all of one length.

    Attributes:
        p: from 0 to 1.
        stag: P(Binomial(n - 1, p) >= m - 1), in stags.
        hare: r, in stags.
        best_reply: probability of hunting that is best: 0, or 1, or 0.5 where both pay the same.
    """

    p: tuple[float, ...]
    stag: tuple[float, ...]
    hare: tuple[float, ...]
    best_reply: tuple[float, ...]


def solve(n: int, m: int, r: float) -> StagHuntSolution:
    """All Nash equilibria of the hunt in which each hunter gets a whole stag (1), and each other player a hare (r).

    Pure: with k hunters, 0 < k < m, a hunter gets 0 and prefers r; with m <= k < n a hare catcher gets r and prefers
    1. So only k = 0 (if m >= 2; with m = 1 a lone deviator catches the stag) and k = n remain, both strict. "Exactly m
    hunt" is no equilibrium for m < n, since the stag is not divided.

    Mixed: with S(p) = P(Binomial(n - 1, p) >= m - 1), S(0) = 0, S(1) = 1 and
    S'(p) = (n - 1) C(n - 2, m - 2) p^(m-2) (1 - p)^(n-m) > 0 for m >= 2, so S(p) = r has exactly one root. There is
    no other equilibrium: of two players, the one who hunts less often sees more hunters, strictly more profitably as
    soon as somebody mixes, so all who mix do so alike, and none plays a pure strategy beside them.
    m = n: p = r^(1/(n-1)). m = 1: S = 1 > r everywhere, hunting dominates and nothing is mixed.

    Args:
        n: players, 2 .. 10^9.
        m: hunters needed, 1 .. n.
        r: payoff of a hare / payoff of the stag, strictly between 0 and 1.

    Raises:
        BadInput: a count that is not whole or out of range, or r outside (0, 1), where it is no stag hunt.
    """
    n = count("n", n, least=2, most=MOST_PLAYERS)
    m = count("m", m, least=1, most=n, most_is="n")
    r = open_unit("r", r, because="else it is no stag hunt: at r >= 1 hares are never worse, at r <= 0 never better")
    mixed: tuple[MixedEquilibrium, ...] = ()
    if m > 1:
        hunt, hare = tail_root(m - 1, n - 1, r)
        caught = math.exp(log_at_least(m, n, hunt, hare))
        mixed = (MixedEquilibrium(hunt=hunt, hare=hare, stag_caught=caught, payoff=r),)
    half, laplacian = float(at_least(m - 1, n - 1, np.array(0.5))), (n - m + 1) / n
    return StagHuntSolution(
        n=n,
        m=m,
        r=r,
        pure=(0, n) if m > 1 else (n,),
        mixed=mixed,
        basin_of_stag=mixed[0].hare if mixed else 1.0,
        half_chance=half,
        half_selects=_selected(half, r),
        laplacian_chance=laplacian,
        laplacian_selects=_selected(laplacian, r),
    )


def stag_payoff(p: ArrayLike, n: int, m: int) -> NDArray[np.float64]:
    """What hunting pays against n - 1 others who each hunt with probability p: P(Binomial(n - 1, p) >= m - 1).

    Args:
        p: any shape, in [0, 1].
        n: players, 2 .. 10^9.
        m: hunters needed, 1 .. n.

    Returns:
        The shape of p, in stags.

    Raises:
        BadInput: n or m out of range, or a p outside [0, 1].
    """
    n = count("n", n, least=2, most=MOST_PLAYERS)
    m = count("m", m, least=1, most=n, most_is="n")
    shares = np.asarray(p, dtype=np.float64)
    if not bool(np.all((shares >= 0) & (shares <= 1))):
        raise BadInput(
            value=f"p from {shares.min():g} to {shares.max():g}",
            rule="p must lie in [0, 1]",
            remedy="give probabilities between 0 and 1",
        )
    return at_least(m - 1, n - 1, shares)


def best_reply(p: float, n: int, m: int, r: float) -> float:
    """Probability of hunting that is best if each other hunts with probability p: 0, 1, or 0.5 on a tie.

    Raises:
        BadInput: p outside [0, 1], or as `solve`.
    """
    game = solve(n, m, r)
    return _reply(float(stag_payoff(probability("p", p), game.n, game.m)), game.r)


def best_reply_curve(n: int, m: int, r: float, points: int = 201) -> BestReplyCurve:
    """Payoffs and best replies at `points` (2 .. 10^6) equally spaced probabilities from 0 to 1.

    Raises:
        BadInput: as `solve`, or points out of range.
    """
    game = solve(n, m, r)
    grid = np.linspace(0.0, 1.0, count("points", points, least=2, most=10**6))
    stag = stag_payoff(grid, game.n, game.m)
    return BestReplyCurve(
        p=tuple(map(float, grid)),
        stag=tuple(map(float, stag)),
        hare=(game.r,) * len(grid),
        best_reply=tuple(_reply(float(pays), game.r) for pays in stag),
    )


def replicator_flow(x: ArrayLike, n: int, m: int, r: float) -> NDArray[np.float64]:
    """Growth dx/dt = x (1 - x) (S(x) - r) of the share x of hunters in a large mixed population; the shape of x.

    Raises:
        BadInput: x outside [0, 1], or as `solve`.
    """
    game = solve(n, m, r)
    shares = np.asarray(x, dtype=np.float64)
    return shares * (1.0 - shares) * (stag_payoff(shares, game.n, game.m) - game.r)


def sentences(solution: StagHuntSolution) -> tuple[str, ...]:
    """Three or four lines in plain words: the equilibria, the tipping point, and what cautious players would do."""
    n, m, r = solution.n, solution.m, solution.r
    if not solution.mixed:
        return (
            f"One hunter is enough, so hunting pays 1 > {r:.6g} whatever the others do.",
            f"The only equilibrium is that all {n} hunt; nothing is mixed and there is no tipping point.",
        )
    tip = solution.mixed[0]
    lines = [
        f"Two pure equilibria: nobody hunts, or all {n} hunt (the stag needs {m}; a hare is worth {r:.6g} stags).",
        f"The tipping point is p = {_near_one(tip.hunt, tip.hare)}: hunting pays only if each other hunts more often.",
    ]
    if m == n:
        lines[1] = (
            f"Unanimity is needed: hunting pays only if each other hunts more often than "
            f"p = r^(1/(n-1)) = {_near_one(tip.hunt, tip.hare)}."
        )
    lines.append(
        f"All hunting is reached from {_percent(solution.basin_of_stag)} of the starting shares; at the tipping point "
        f"the stag is caught with probability {tip.stag_caught:.6g}."
    )
    lines.append(
        f"Risk dominance: against coin-tossing others choose {_choice(solution.half_selects)} "
        f"(chance {solution.half_chance:.6g}), "
        f"against any number being equally likely {_choice(solution.laplacian_selects)} "
        f"(chance {solution.laplacian_chance:.6g}), compared with r = {r:.6g}."
    )
    return tuple(lines)


def _selected(chance: float, r: float) -> Selected:
    if abs(chance - r) <= TIE * max(chance, r):
        return "tie"
    return "stag" if chance > r else "hare"


def _reply(stag: float, hare: float) -> float:
    return {"stag": 1.0, "hare": 0.0, "tie": 0.5}[_selected(stag, hare)]


def _choice(selected: Selected) -> str:
    return {"stag": "the stag", "hare": "the hare", "tie": "either"}[selected]


def _near_one(share: float, rest: float) -> str:
    return f"1 - {rest:.6g}" if rest < 1e-4 else f"{share:.6g}"


def _percent(share: float) -> str:
    return f"{100 * share:.4g} %"

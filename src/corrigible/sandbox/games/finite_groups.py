"""N-person stag hunt in groups drawn from a large population (Pacheco et al. 2009, Proc. R. Soc. B 276:315), exactly.

Each of N members gets k F / N if at least M of them, k in all, cooperate, else 0; cooperating costs 1. The finite
population is in `finite_population.py`.
"""

import math
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import integrate, special

from corrigible.errors import BadInput
from corrigible.sandbox.games.binomial import (
    LOG_ZERO,
    at_least,
    exactly,
    log_at_least,
    log_odds,
    point_mass,
    rising_root,
    tail_root,
)
from corrigible.sandbox.games.inputs import count, positive, probability

MOST_MEMBERS: Final = 10**9
TANGENT: Final = 1e-11
"""Relative distance of F from its critical value within which two rest points are reported as one, where they merge."""

Stability: TypeAlias = Literal["stable", "unstable", "half-stable"]
"""half-stable: attracting from above, repelling below; where two rest points merge, at the critical F."""


@dataclass(frozen=True, kw_only=True)
class RestPoint:
    """A share of cooperators at which cooperating and defecting pay the same; `defect` is its complement, unrounded."""

    cooperate: float
    defect: float
    stability: Stability


@dataclass(frozen=True, kw_only=True)
class FiniteGroupsSolution:
    """Where the replicator equation dx/dt = x (1 - x) Q(x) rests, x the share of cooperators; payoffs in costs.

    Attributes:
        group_size: N.
        threshold: M, cooperators needed.
        enhancement: F.
        critical_enhancement: least F at which cooperation can last: N / R(M / N), 1 if M = N, N if M = 1.
        interior: rest points inside (0, 1), rising: none, one or two.
        defection_stable: whether x = 0 attracts its neighbourhood.
        cooperation_stable: whether x = 1 attracts its neighbourhood.
        neutral: every x is a rest point (M = 1 and F = N only).
    """

    group_size: int
    threshold: int
    enhancement: float
    critical_enhancement: float
    interior: tuple[RestPoint, ...]
    defection_stable: bool
    cooperation_stable: bool
    neutral: bool


@dataclass(frozen=True, kw_only=True)
class ReplicatorPath:
    """One solution of the replicator equation.

    Attributes:
        times: from 0, in units of 1 / (cost of cooperating).
        cooperate: share of cooperators at these times.
        tends_to: its limit for infinite time, from the rest points and not from the last time.
    """

    times: tuple[float, ...]
    cooperate: tuple[float, ...]
    tends_to: float


def solve(group_size: int, threshold: int, enhancement: float) -> FiniteGroupsSolution:
    """All interior rest points, from the shape of R: none can be missed.

    With K ~ Binomial(N - 1, x) among the others, cooperating pays Q(x) = (F / N) R(x) - 1 more than defecting, where
        R(x) = P(K >= M) + M P(K = M - 1),
        R'(x) = C(N - 1, M - 1) x^(M-2) (1 - x)^(N-M-1) (M - 1) (M - N x).
    For 1 < M < N, R rises from 0 to its peak at x = M / N and falls to 1, so R = N / F has no root below the critical
    F = N / R(M / N), one double root there, then two (an unstable and a stable one), and from F = N on one, unstable.
    M = N: R = N x^(N-1), so x = F^(-1/(N-1)) if F > 1. M = 1: R = 1, so none.

    Args:
        group_size: N, 2 .. 10^9.
        threshold: M, 1 .. N.
        enhancement: F > 0.

    Raises:
        BadInput: a count that is not whole or out of range, or F not positive.
    """
    N, M, F = _checked(group_size, threshold, enhancement)
    peak = _peak(N, M)
    return FiniteGroupsSolution(
        group_size=N,
        threshold=M,
        enhancement=F,
        critical_enhancement=N / peak,
        interior=_interior(N, M, F, peak),
        defection_stable=M > 1 or F < N,
        cooperation_stable=F > 1 if M == N else F > N or (F == N and M > 1),
        neutral=M == 1 and F == N,
    )


def advantage(x: ArrayLike, group_size: int, threshold: int, enhancement: float) -> NDArray[np.float64]:
    """Q(x), what cooperating pays more than defecting at shares x of cooperators, in costs; the shape of x.

    Raises:
        BadInput: x outside [0, 1], or as `solve`.
    """
    N, M, F = _checked(group_size, threshold, enhancement)
    shares = np.asarray(x, dtype=np.float64)
    if not bool(np.all((shares >= 0) & (shares <= 1))):
        raise BadInput(
            value=f"x from {shares.min():g} to {shares.max():g}",
            rule="x must lie in [0, 1]",
            remedy="give shares of cooperators between 0 and 1",
        )
    return _advantage(shares, N, M, F)


def replicator(
    x0: float, group_size: int, threshold: int, enhancement: float, *, t_end: float = 50.0, points: int = 201
) -> ReplicatorPath:
    """Follow dx/dt = x (1 - x) Q(x) from x0; solved for log x / (1 - x), which cannot leave (0, 1), to 1e-9.

    Args:
        x0: share of cooperators at time 0, in [0, 1].
        group_size: N.
        threshold: M.
        enhancement: F.
        t_end: last time, > 0, in units of 1 / (cost of cooperating).
        points: number of times, 2 .. 10^6, equally spaced.

    Raises:
        BadInput: x0 outside [0, 1], t_end not positive, points out of range, or as `solve`.
    """
    game = solve(group_size, threshold, enhancement)
    N, M, F = game.group_size, game.threshold, game.enhancement
    start = probability("x0", x0)
    times = np.linspace(0.0, positive("t_end", t_end), count("points", points, least=2, most=10**6))
    limit = _limit(start, game)
    if limit == start:
        shares = np.full(len(times), start)
    else:

        def flow(_: float, y: NDArray[np.float64]) -> NDArray[np.float64]:
            return _advantage(special.expit(y), N, M, F)

        y0 = [math.log(start) - math.log1p(-start)]
        path = integrate.solve_ivp(flow, (0.0, times[-1]), y0, method="LSODA", t_eval=times, rtol=1e-10, atol=1e-10)
        shares = special.expit(path.y[0])
    return ReplicatorPath(
        times=tuple(map(float, times)), cooperate=tuple(float(share) for share in shares), tends_to=limit
    )


def sentences(solution: FiniteGroupsSolution) -> tuple[str, ...]:
    """Two or three lines in plain words: whether cooperation can last, and from where it grows."""
    N, M, F = solution.group_size, solution.threshold, solution.enhancement
    first = (
        f"Groups of {N} of which {M} must cooperate, enhancement F = {F:.6g}: cooperation can last from "
        f"F = {solution.critical_enhancement:.6g} on."
    )
    if solution.neutral:
        return first, "Cooperating and defecting always pay the same, so that every share stays as it is."
    if not solution.interior:
        end = "cooperate" if solution.cooperation_stable else "defect"
        return first, f"No mixed population rests: whatever the start, in the end all {end}."
    points = [f"{point.cooperate:.6g} ({point.stability})" for point in solution.interior]
    second = f"Mixed populations rest at a share of cooperators of {' and '.join(points)}."
    low = solution.interior[0].cooperate
    if len(solution.interior) == 2:
        end = f"the share settles at {solution.interior[1].cooperate:.6g}"
    elif solution.cooperation_stable:
        end = "in the end all cooperate"
    else:
        end = f"the share falls back to {low:.6g}"
    return first, second, f"Below {low:.6g} in the end all defect; above it {end}."


def _checked(group_size: int, threshold: int, enhancement: float) -> tuple[int, int, float]:
    N = count("N", group_size, least=2, most=MOST_MEMBERS)
    return N, count("M", threshold, least=1, most=N, most_is="N"), positive("F", enhancement)


def _advantage(x: NDArray[np.float64], N: int, M: int, F: float) -> NDArray[np.float64]:
    return (F / N) * (at_least(M, N - 1, x) + M * exactly(M - 1, N - 1, x)) - 1.0


def _peak(N: int, M: int) -> float:
    """The greatest value of R on [0, 1]."""
    if M in (1, N):
        return float(M)
    x = M / N
    return math.exp(log_at_least(M, N - 1, x, 1 - x)) + M * point_mass(M - 1, N - 1, x, (N - M) / N)


def _interior(N: int, M: int, F: float, peak: float) -> tuple[RestPoint, ...]:
    if M == 1 or (M == N and F <= 1):
        return ()
    if M == N:
        log_share = -math.log(F) / (N - 1)
        return (RestPoint(cooperate=math.exp(log_share), defect=-math.expm1(log_share), stability="unstable"),)
    excess = F * (peak / N) - 1
    if abs(excess) <= TANGENT:
        return (RestPoint(cooperate=M / N, defect=(N - M) / N, stability="half-stable"),)
    if excess < 0:
        return ()
    lower = _rising_rest(N, M, F)
    return (lower,) if F >= N else (lower, _falling_rest(N, M, F))


def _rising_rest(N: int, M: int, F: float) -> RestPoint:
    """The root of R = N / F below M / N, in log-odds; from R <= M P(K >= M - 1) it has P(K >= M - 1) >= N / (F M)."""
    target = math.log(N / F)

    def excess(y: float) -> float:
        p, q = float(special.expit(y)), float(special.expit(-y))
        value = math.exp(log_at_least(M, N - 1, p, q)) + M * point_mass(M - 1, N - 1, p, q)
        return (math.log(value) if value > 0 else LOG_ZERO) - target

    low = tail_root(M - 1, N - 1, min(N / F / M, 1 - 1e-12))
    return _rest_point(rising_root(excess, log_odds(low), log_odds((M / N, (N - M) / N))), "unstable")


def _falling_rest(N: int, M: int, F: float) -> RestPoint:
    """The root of R - 1 = N / F - 1 above M / N, in log-odds.

    R - 1 = (M - 1) P(K = M - 1) - P(K <= M - 2) keeps its digits near x = 1; being at most (M - 1) P(K <= M - 1), it
    puts the root where P(K <= M - 1) >= (N / F - 1) / (M - 1).
    """
    level = (N - F) / F
    target = math.log(level)

    def excess(y: float) -> float:
        p, q = float(special.expit(y)), float(special.expit(-y))
        value = (M - 1) * point_mass(M - 1, N - 1, p, q) - math.exp(log_at_least(N - M + 1, N - 1, q, p))
        return target - (math.log(value) if value > 0 else LOG_ZERO)

    defect, cooperate = tail_root(N - M, N - 1, min(level / (M - 1), 1 - 1e-12))
    high = log_odds((cooperate, defect))
    return _rest_point(rising_root(excess, log_odds((M / N, (N - M) / N)), high), "stable")


def _rest_point(y: float, stability: Stability) -> RestPoint:
    return RestPoint(cooperate=float(special.expit(y)), defect=float(special.expit(-y)), stability=stability)


def _limit(start: float, game: FiniteGroupsSolution) -> float:
    """Where the flow leads: to the next rest point up or down, by the sign of Q between rest points."""
    points = [point.cooperate for point in game.interior]
    if game.neutral or start in (0.0, 1.0) or start in points:
        return start
    N, M, F = game.group_size, game.threshold, game.enhancement
    rising = float(_advantage(np.array(start), N, M, F)) > 0
    ends = [0.0, *points, 1.0]
    return min(end for end in ends if end > start) if rising else max(end for end in ends if end < start)

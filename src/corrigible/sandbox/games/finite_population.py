"""N-person stag hunt in groups drawn from Z individuals (Pacheco et al. 2009): selection, drift and fixation, exactly.

Payoffs as in `finite_groups.py`; imitation follows the Fermi rule.
"""

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import special, stats

from corrigible.errors import BadInput
from corrigible.sandbox.games.inputs import count, non_negative, positive, probability

MOST_INDIVIDUALS: Final = 10**6


@dataclass(frozen=True, kw_only=True)
class FinitePopulationSolution:
    """Selection in a population of Z individuals; payoffs in units of the cost of cooperating.

    Attributes:
        population: Z.
        group_size: N.
        threshold: M, cooperators needed in a group.
        enhancement: F.
        selection: w, intensity of selection in the Fermi rule 1 / (1 + exp(-w (f_C - f_D))), per unit of payoff.
        mutation: chance that an individual flips its strategy instead of comparing; None if not asked for.
        advantage: f_C - f_D for k = 1 .. Z - 1 cooperators.
        turning_points: the k after which the sign of the advantage changes (rest points of the gradient of selection).
        fixation_of_cooperator: chance that one cooperator among defectors takes over, without mutation.
        log_fixation_of_cooperator: its natural logarithm, also where it underflows.
        fixation_of_defector: chance that one defector among cooperators takes over, without mutation.
        log_fixation_of_defector: its natural logarithm.
        neutral_fixation: 1 / Z.
        stationary: long-run share of time with k = 0 .. Z cooperators; None without mutation.
        mean_cooperation: its mean of k / Z; None without mutation.
    """

    population: int
    group_size: int
    threshold: int
    enhancement: float
    selection: float
    mutation: float | None
    advantage: tuple[float, ...]
    turning_points: tuple[int, ...]
    fixation_of_cooperator: float
    log_fixation_of_cooperator: float
    fixation_of_defector: float
    log_fixation_of_defector: float
    neutral_fixation: float
    stationary: tuple[float, ...] | None
    mean_cooperation: float | None


def solve(
    population: int,
    group_size: int,
    threshold: int,
    enhancement: float,
    *,
    selection: float = 1.0,
    mutation: float | None = None,
) -> FinitePopulationSolution:
    """Fitness differences, fixation probabilities and, with mutation, the stationary distribution; all exact.

    Args:
        population: Z, 2 .. 10^6.
        group_size: N, 2 .. Z; the time needed grows as N Z.
        threshold: M, 1 .. N.
        enhancement: F > 0.
        selection: w >= 0.
        mutation: None, or in (0, 1].

    Raises:
        BadInput: a number out of range; mutation = 0, where the stationary distribution is not unique; or a selection
            so strong that w times the summed advantages overflows.
    """
    w, rate = non_negative("selection", selection), _mutation(mutation)
    difference = advantage(population, group_size, threshold, enhancement)
    logs = _log_weights(difference, w)
    total = _log_sum(logs)
    stationary = None if rate is None else _stationary(w * difference, rate)
    turns = np.flatnonzero(np.sign(difference[1:]) != np.sign(difference[:-1])) + 1
    Z = len(difference) + 1
    return FinitePopulationSolution(
        population=Z,
        group_size=int(group_size),
        threshold=int(threshold),
        enhancement=float(enhancement),
        selection=w,
        mutation=rate,
        advantage=tuple(map(float, difference)),
        turning_points=tuple(map(int, turns)),
        fixation_of_cooperator=math.exp(-total),
        log_fixation_of_cooperator=-total,
        fixation_of_defector=math.exp(float(logs[-1]) - total),
        log_fixation_of_defector=float(logs[-1]) - total,
        neutral_fixation=1 / Z,
        stationary=None if stationary is None else tuple(map(float, stationary)),
        mean_cooperation=None if stationary is None else float(stationary @ np.arange(Z + 1)) / Z,
    )


def advantage(population: int, group_size: int, threshold: int, enhancement: float) -> NDArray[np.float64]:
    """f_C - f_D for k = 1 .. Z - 1 cooperators, shape (Z - 1,), in costs; absolute error about 1e-14 F.

    The focal individual's N - 1 companions are drawn without replacement from the other Z - 1, of whom k - 1 cooperate
    if it cooperates and k if it defects.

    Raises:
        BadInput: a count that is not whole or out of range, or F not positive.
    """
    Z = count("Z", population, least=2, most=MOST_INDIVIDUALS)
    N = count("N", group_size, least=2, most=Z, most_is="Z")
    M, F = count("M", threshold, least=1, most=N, most_is="N"), positive("F", enhancement)
    cooperators = np.arange(Z)
    as_cooperator, as_defector = np.zeros(Z), np.zeros(Z)
    for j in range(M - 1, N):
        share = _hypergeometric(j, Z - 1, cooperators, N - 1)
        as_cooperator += (j + 1) * share
        if j >= M:
            as_defector += j * share
    return (F / N) * (as_cooperator[:-1] - as_defector[1:]) - 1.0


def fixation_probability(
    population: int,
    group_size: int,
    threshold: int,
    enhancement: float,
    *,
    selection: float = 1.0,
    cooperators: int = 1,
) -> tuple[float, float]:
    """Chance, and its natural logarithm, that `cooperators` (1 .. Z - 1) take over a population without mutation.

    phi_i = sum_{j < i} exp(-w S_j) / sum_{j < Z} exp(-w S_j), S_j the sum of the first j advantages (the ratio
    T-(k) / T+(k) of the Fermi rule is exp(-w Delta_k)).

    Raises:
        BadInput: as `solve`, or cooperators out of range.
    """
    difference = advantage(population, group_size, threshold, enhancement)
    start = count("cooperators", cooperators, least=1, most=len(difference), most_is="Z - 1")
    logs = _log_weights(difference, non_negative("selection", selection))
    log_chance = min(0.0, _log_sum(logs[:start]) - _log_sum(logs))
    return math.exp(log_chance), log_chance


def sentences(solution: FinitePopulationSolution) -> tuple[str, ...]:
    """Two to four lines in plain words: who invades, and what the population does in the long run."""
    Z = solution.population
    favoured = "more" if solution.fixation_of_cooperator > solution.neutral_fixation else "not more"
    lines = [
        f"In a population of {Z} one cooperator takes over with probability {_chance(solution)} "
        f"(neutral {solution.neutral_fixation:.6g}: {favoured} than chance).",
    ]
    if solution.turning_points:
        turns = ", ".join(map(str, solution.turning_points))
        lines.append(f"The favoured strategy changes after {turns} cooperators.")
    else:
        winner = "Cooperating" if solution.advantage[0] > 0 else "Defecting"
        lines.append(f"{winner} pays more at every composition of the population.")
    if solution.mean_cooperation is not None and solution.mutation is not None:
        share = f"a share of {solution.mean_cooperation:.6g} cooperates in the long run"
        lines.append(f"With mutation {solution.mutation:.6g} {share}.")
    return tuple(lines)


def _hypergeometric(j: int, total: int, marked: NDArray[np.int64], drawn: int) -> NDArray[np.float64]:
    """P(j marked among `drawn` of `total`), the shape of `marked`; Loader's quotient of binomials keeps the digits."""
    p = drawn / total
    both = stats.binom.pmf(j, marked, p) * stats.binom.pmf(drawn - j, total - marked, p)
    return np.asarray(both / stats.binom.pmf(drawn, total, p), dtype=np.float64)


def _log_weights(difference: NDArray[np.float64], w: float) -> NDArray[np.float64]:
    """-w times the running sums of the advantage, from the empty sum on, shape (Z,)."""
    with np.errstate(over="ignore"):
        logs = np.concatenate([[0.0], -w * np.cumsum(difference)])
    if not bool(np.all(np.abs(logs) < 1e300)):
        raise BadInput(
            value=f"selection = {w:g}",
            rule="selection times the summed advantages must stay below 1e300",
            remedy="give a weaker selection or a smaller F",
        )
    return logs


def _log_sum(logs: NDArray[np.float64]) -> float:
    """log sum exp, safe from overflow."""
    top = float(logs.max())
    return top + math.log(float(np.sum(np.exp(logs - top))))


def _stationary(pull: NDArray[np.float64], rate: float) -> NDArray[np.float64]:
    """Stationary distribution over k = 0 .. Z from detailed balance, pi(k+1) / pi(k) = T+(k) / T-(k+1).

    In one step a random individual flips its strategy (chance mu = `rate`), or else meets a random one and imitates it
    by the Fermi rule: T+(k) = (1 - mu) (k / Z) ((Z - k) / Z) / (1 + exp(-w Delta_k)) + mu (Z - k) / Z, T-(k) likewise.

    Args:
        pull: w Delta_k for k = 1 .. Z - 1.
        rate: mutation, in (0, 1].
    """
    Z = len(pull) + 1
    k = np.arange(Z + 1)
    with np.errstate(divide="ignore"):
        keep, mutate = np.log1p(-rate), math.log(rate)
        cooperators, defectors = np.log(k / Z), np.log((Z - k) / Z)
    meet = keep + cooperators + defectors
    fermi_up, fermi_down = np.zeros(Z + 1), np.zeros(Z + 1)
    fermi_up[1:-1], fermi_down[1:-1] = special.log_expit(pull), special.log_expit(-pull)
    up, down = np.logaddexp(meet + fermi_up, mutate + defectors), np.logaddexp(meet + fermi_down, mutate + cooperators)
    logs = np.concatenate([[0.0], np.cumsum(up[:-1] - down[1:])])
    return np.exp(logs - _log_sum(logs))


def _mutation(mutation: float | None) -> float | None:
    rate = None if mutation is None else probability("mutation", mutation)
    if rate == 0:
        raise BadInput(
            value="mutation = 0",
            rule="without mutation both ends absorb and no stationary distribution is unique",
            remedy="give a mutation above 0, or none for fixation only",
        )
    return rate


def _chance(solution: FinitePopulationSolution) -> str:
    if solution.fixation_of_cooperator > 0:
        return f"{solution.fixation_of_cooperator:.6g}"
    return f"exp({solution.log_fixation_of_cooperator:.6g})"

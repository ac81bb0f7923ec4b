"""The off-switch game (Hadfield-Menell et al. 2016, arXiv 1611.08219), solved exactly: act, switch off, or defer.

`corrigible game off-switch --mu 0.5 --sigma 1 [--beta 1]`
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from corrigible.errors import BadInput
from corrigible.sandbox.games.beliefs import Belief, DiscreteBelief, NormalBelief
from corrigible.sandbox.games.inputs import non_negative, positive, probability, real
from corrigible.sandbox.games.normal_deferral import (
    Deferral,
    boltzmann_deferral,
    boltzmann_sign,
    rational_deferral,
    rational_gain,
)

Action: TypeAlias = Literal["act", "switch off", "defer"]
"""act: do it without asking. switch off: never do it. defer: propose it and let the human press the switch or not."""

GridAction: TypeAlias = Literal["disable", "defer", "do nothing"]
"""disable: take the detour that disables the switch, then act. defer: act with the switch in reach of the human."""

EPSILON: Final = float(np.finfo(np.float64).eps)


@dataclass(frozen=True, kw_only=True)
class OffSwitchSolution:
    """What each choice of the robot is worth, in the belief's unit of utility.

    Attributes:
        belief: the robot's belief over U.
        human: "rational" (allows iff U > 0) or "Boltzmann" (allows with probability 1 / (1 + exp(-U / beta))).
        beta: temperature of the Boltzmann-rational human, in units of utility; None for the rational one.
        value_act: E[U].
        value_off: 0.
        value_defer: E[U allowed(U)].
        gain: value_defer - max(E[U], 0), exactly 0 on a tie; to full relative accuracy, also where it is tiny.
        log_gain: natural logarithm of |gain|, which also tells gains that underflow; None on a tie (or past -1e308).
        best: "defer" wherever it is optimal, else the better of the other two ("switch off" if these are equal).
        optimal: all actions that are equally good up to rounding, in the order act, switch off, defer.
        probability_human_allows: P(human lets the action happen).
        expected_utility_if_allowed: E[U | allowed]; None where being allowed has probability 0 in doubles.
        critical_sigma: deferring pays iff sigma is above it, sqrt(2 beta |mu|) (Normal belief and Boltzmann only).
        critical_beta: deferring pays iff beta is below it, sigma^2 / (2 |mu|) (Normal belief with mu != 0 only).
    """

    belief: Belief
    human: Literal["rational", "Boltzmann"]
    beta: float | None
    value_act: float
    value_off: float
    value_defer: float
    gain: float
    log_gain: float | None
    best: Action
    optimal: tuple[Action, ...]
    probability_human_allows: float
    expected_utility_if_allowed: float | None
    critical_sigma: float | None
    critical_beta: float | None


@dataclass(frozen=True, kw_only=True)
class DeferOrDisableSolution:
    """The off-switch game with delays, as in the grid world; values in the belief's unit of utility.

    Attributes:
        belief, beta: as in `OffSwitchSolution`.
        discount_defer, discount_disable: factors in [0, 1] for the time until U is paid on either way.
        interruption_cost: what being interrupted costs the robot beside the lost U, >= 0.
        value_disable: discount_disable E[U].
        value_defer: discount_defer (E[U allowed(U)] - interruption_cost P(interrupted)).
        value_nothing: 0.
        advantage_of_deferring: value_defer - max(value_disable, 0), exactly 0 on a tie.
        best: "defer" wherever it is optimal, else "do nothing" before "disable".
        optimal: all actions that are equally good up to rounding, in the order disable, defer, do nothing.
        probability_interrupted: P(human interrupts | defer).
    """

    belief: Belief
    beta: float | None
    discount_defer: float
    discount_disable: float
    interruption_cost: float
    value_disable: float
    value_defer: float
    value_nothing: float
    advantage_of_deferring: float
    best: GridAction
    optimal: tuple[GridAction, ...]
    probability_interrupted: float


@dataclass(frozen=True, kw_only=True)
class _Outcome:
    """What deferring does: `sign` is that of the gain, `act_sign` that of E[U], 0 within rounding."""

    sign: int
    act_sign: int
    act: float
    gain: float
    log_gain: float | None
    allows: float
    interrupts: float
    utility_if_allowed: float | None


def solve(belief: Belief, beta: float | None = None) -> OffSwitchSolution:
    """Solve the game for a rational human (`beta` None) or a Boltzmann-rational one.

    Args:
        belief: the robot's belief over the utility of its action.
        beta: temperature of the human, in units of utility, > 0.

    Raises:
        BadInput: beta is not a positive finite number.
    """
    temperature = None if beta is None else positive("beta", beta)
    outcome = _outcome(belief, temperature)
    choices: dict[Action, bool] = {
        "act": outcome.sign <= 0 <= outcome.act_sign,
        "switch off": outcome.sign <= 0 and outcome.act_sign <= 0,
        "defer": outcome.sign >= 0,
    }
    optimal: tuple[Action, ...] = tuple(action for action in choices if choices[action])
    preference: tuple[Action, ...] = ("defer", "switch off", "act")
    return OffSwitchSolution(
        belief=belief,
        human="rational" if temperature is None else "Boltzmann",
        beta=temperature,
        value_act=outcome.act,
        value_off=0.0,
        value_defer=max(outcome.act, 0.0) + outcome.gain,
        gain=outcome.gain,
        log_gain=outcome.log_gain,
        best=next(action for action in preference if action in optimal),
        optimal=optimal,
        probability_human_allows=outcome.allows,
        expected_utility_if_allowed=outcome.utility_if_allowed,
        critical_sigma=_critical_sigma(belief, temperature),
        critical_beta=_critical_beta(belief),
    )


def defer_or_disable(
    belief: Belief,
    beta: float | None = None,
    *,
    discount_defer: float = 1.0,
    discount_disable: float = 1.0,
    interruption_cost: float = 0.0,
) -> DeferOrDisableSolution:
    """Choose between disabling the switch on a detour, acting with the switch in place, and doing nothing.

    Raises:
        BadInput: beta not positive, a discount outside [0, 1], or a negative cost.
    """
    temperature = None if beta is None else positive("beta", beta)
    keep, detour = probability("discount_defer", discount_defer), probability("discount_disable", discount_disable)
    cost = non_negative("interruption_cost", interruption_cost)
    outcome = _outcome(belief, temperature)
    terms = ((keep - detour) * max(outcome.act, 0.0), keep * outcome.gain, -keep * cost * outcome.interrupts)
    advantage = math.fsum(terms)
    if terms[0] == terms[2] == 0:
        sign = outcome.sign if keep > 0 else 0
    else:
        sign = 0 if abs(advantage) <= 8 * EPSILON * math.fsum(map(abs, terms)) else int(math.copysign(1, advantage))
    act_sign = outcome.act_sign if detour > 0 else 0
    choices: dict[GridAction, bool] = {
        "disable": sign <= 0 <= act_sign,
        "defer": sign >= 0,
        "do nothing": sign <= 0 and act_sign <= 0,
    }
    optimal: tuple[GridAction, ...] = tuple(action for action in choices if choices[action])
    preference: tuple[GridAction, ...] = ("defer", "do nothing", "disable")
    return DeferOrDisableSolution(
        belief=belief,
        beta=temperature,
        discount_defer=keep,
        discount_disable=detour,
        interruption_cost=cost,
        value_disable=detour * outcome.act,
        value_defer=keep * (max(outcome.act, 0.0) + outcome.gain - cost * outcome.interrupts),
        value_nothing=0.0,
        advantage_of_deferring=advantage if sign else 0.0,
        best=next(action for action in preference if action in optimal),
        optimal=optimal,
        probability_interrupted=outcome.interrupts,
    )


def deferral_gain(mus: ArrayLike, sigmas: ArrayLike, beta: float | None = None) -> NDArray[np.float64]:
    """Gain of deferring for every Normal belief of a grid, shape (len(sigmas), len(mus)), in units of utility.

    About 0.1 ms a cell with `beta`, far less without.

    Raises:
        BadInput: an axis that is not one-dimensional and finite, a sigma that is not > 0, or beta not positive.
    """
    mu_axis, sigma_axis, temperature = _grid(mus, sigmas, beta)
    if temperature is None:
        return rational_gain(mu_axis[None, :], sigma_axis[:, None])
    rows = [[boltzmann_deferral(mu, sigma, temperature).gain for mu in mu_axis] for sigma in sigma_axis]
    return np.array(rows, dtype=np.float64).reshape(len(sigma_axis), len(mu_axis))


def deferral_region(mus: ArrayLike, sigmas: ArrayLike, beta: float | None = None) -> NDArray[np.bool_]:
    """Whether the robot lets itself be switched off (gain > 0), shape (len(sigmas), len(mus)).

    Decided by the sign of sigma^2 - 2 beta |mu|, not by a gain that may underflow; always for a rational human.

    Raises:
        BadInput: as `deferral_gain`.
    """
    mu_axis, sigma_axis, temperature = _grid(mus, sigmas, beta)
    if temperature is None:
        return np.ones((len(sigma_axis), len(mu_axis)), dtype=np.bool_)
    rows = [[boltzmann_sign(mu, sigma, temperature) > 0 for mu in mu_axis] for sigma in sigma_axis]
    return np.array(rows, dtype=np.bool_).reshape(len(sigma_axis), len(mu_axis))


def deferral_boundary(mus: ArrayLike, beta: float | None = None) -> NDArray[np.float64]:
    """The sigma above which deferring pays, sqrt(2 beta |mu|), shape (len(mus),); zeros for a rational human.

    Raises:
        BadInput: mus not one-dimensional and finite, or beta not positive.
    """
    mu_axis, _, temperature = _grid(mus, [1.0], beta)
    scale = 0.0 if temperature is None else math.sqrt(2.0) * math.sqrt(temperature)
    return scale * np.sqrt(np.abs(mu_axis))


def sentences(solution: OffSwitchSolution) -> tuple[str, ...]:
    """Three or four lines in plain words: what each choice is worth, what is best, and where that would change."""
    human = "a rational human" if solution.beta is None else f"a Boltzmann-rational human (beta = {solution.beta:.6g})"
    lines = [
        f"Acting at once is worth E[U] = {solution.value_act:.6g}, switching itself off 0, "
        f"and deferring to {human} {solution.value_defer:.6g}.",
        f"The human allows the action with probability {solution.probability_human_allows:.6g}.",
    ]
    if len(solution.optimal) > 1:
        lines.append(f"These are equally good: {', '.join(solution.optimal)}.")
    elif solution.best == "defer":
        lines.append(f"Deferring gains {_size(solution)} > 0, so the robot lets itself be switched off.")
    else:
        choice = "act without asking" if solution.best == "act" else "switch itself off without asking"
        lines.append(f"Deferring loses {_size(solution)}, so the robot prefers to {choice}.")
    if solution.critical_sigma is not None and isinstance(solution.belief, NormalBelief):
        lines.append(
            f"It defers only while it is uncertain enough: sigma > sqrt(2 beta |mu|) = {solution.critical_sigma:.6g} "
            f"(here sigma = {solution.belief.sigma:.6g})."
        )
    elif solution.beta is None and isinstance(solution.belief, NormalBelief):
        lines.append("With a rational human and a Normal belief, deferring pays however confident the robot is.")
    return tuple(lines)


def _size(solution: OffSwitchSolution) -> str:
    """The size of the gain in words, also where it is too small for a double."""
    if solution.gain != 0:
        return f"{abs(solution.gain):.6g}"
    return "next to nothing" if solution.log_gain is None else f"exp({solution.log_gain:.6g})"


def _outcome(belief: Belief, beta: float | None) -> _Outcome:
    if isinstance(belief, DiscreteBelief):
        return _discrete_outcome(belief, beta)
    mu, sigma = belief.mu, belief.sigma
    deferral = rational_deferral(mu, sigma) if beta is None else boltzmann_deferral(mu, sigma, beta)
    minority = deferral.allow
    allows, interrupts = (1 - minority, minority) if mu > 0 else (minority, 1 - minority)
    return _Outcome(
        sign=deferral.sign,
        act_sign=(mu > 0) - (mu < 0),
        act=mu,
        gain=deferral.gain,
        log_gain=deferral.log_gain if math.isfinite(deferral.log_gain) else None,
        allows=allows,
        interrupts=interrupts,
        utility_if_allowed=_normal_utility_if_allowed(mu, deferral),
    )


def _normal_utility_if_allowed(mu: float, deferral: Deferral) -> float | None:
    """E[U | allowed], from the mantissas where both its parts may underflow."""
    if mu > 0:
        return (mu + deferral.gain) / (1 - deferral.allow)
    value = deferral.sign * (deferral.gain_mantissa / deferral.allow_mantissa)
    return value if math.isfinite(value) else None


def _discrete_outcome(belief: DiscreteBelief, beta: float | None) -> _Outcome:
    """Sums whose terms never cancel against max(E[U], 0): the gain is E[U allowed] or E[-U interrupted]."""
    values, shares = np.array(belief.values), np.array(belief.probabilities)
    weighted = shares * values
    act, size = math.fsum(weighted), math.fsum(np.abs(weighted))
    act_sign = 0 if abs(act) <= 4 * EPSILON * size else int(math.copysign(1, act))
    if beta is None:
        allowed = (values > 0).astype(np.float64)
        interrupted = 1.0 - allowed
        gain = min(math.fsum(weighted * allowed), math.fsum(-weighted * interrupted)) + 0.0
        sign, log_gain = int(gain > 0), math.log(gain) if gain > 0 else None
    else:
        with np.errstate(over="ignore"):
            ratio = values / beta
        allowed, interrupted = special.expit(ratio), special.expit(-ratio)
        sign, gain, log_gain = _signed_sum(-weighted, -ratio) if act >= 0 else _signed_sum(weighted, ratio)
    allows, value = math.fsum(shares * allowed), math.fsum(weighted * allowed)
    return _Outcome(
        sign=sign,
        act_sign=act_sign,
        act=act,
        gain=gain,
        log_gain=log_gain,
        allows=min(1.0, allows),
        interrupts=min(1.0, math.fsum(shares * interrupted)),
        utility_if_allowed=value / allows if allows > 0 else None,
    )


def _signed_sum(weighted: NDArray[np.float64], ratio: NDArray[np.float64]) -> tuple[int, float, float | None]:
    """Sign, value and log size of sum of weighted / (1 + exp(-ratio)), which may underflow; sign 0 within rounding.

    The logistic function passes on the rounding of `ratio` magnified by its size. Terms of one sign cannot cancel.
    """
    used = weighted != 0
    signs, ratio = np.sign(weighted[used]), ratio[used]
    if signs.size == 0:
        return 0, 0.0, None
    logs = np.log(np.abs(weighted[used])) + special.log_expit(ratio)
    top = float(logs.max())
    one_sign = int(signs[0]) if bool((signs == signs[0]).all()) else 0
    if not math.isfinite(top):
        return one_sign, 0.0, None
    scaled = signs * np.exp(logs - top)
    slack = math.fsum(EPSILON * (8.0 + np.abs(logs) + np.minimum(np.abs(ratio), 1e300)) * np.abs(scaled))
    total = math.fsum(scaled)
    if abs(total) <= slack and not one_sign:
        return 0, 0.0, None
    log_size = top + math.log(abs(total))
    sign = one_sign or int(math.copysign(1, total))
    if top > -600.0:
        return sign, math.fsum(weighted[used] * special.expit(ratio)), log_size
    return sign, sign * math.exp(log_size) + 0.0, log_size


def _critical_sigma(belief: Belief, beta: float | None) -> float | None:
    if isinstance(belief, DiscreteBelief) or beta is None:
        return None
    return math.sqrt(2.0) * math.sqrt(beta) * math.sqrt(abs(belief.mu))


def _critical_beta(belief: Belief) -> float | None:
    if isinstance(belief, DiscreteBelief) or belief.mu == 0:
        return None
    value = belief.sigma * (0.5 * belief.sigma / abs(belief.mu))
    return value if math.isfinite(value) else None


def _grid(
    mus: ArrayLike, sigmas: ArrayLike, beta: float | None
) -> tuple[NDArray[np.float64], NDArray[np.float64], float | None]:
    columns, rows = _axis("mus", mus), _axis("sigmas", sigmas)
    for sigma in rows:
        positive("sigma", sigma)
    return columns, rows, None if beta is None else positive("beta", beta)


def _axis(name: str, values: ArrayLike | Sequence[float]) -> NDArray[np.float64]:
    array = np.asarray(values, dtype=np.float64)
    if array.ndim != 1 or array.size == 0:
        raise BadInput(
            value=f"{name} of shape {array.shape}",
            rule=f"{name} must be a one-dimensional list of numbers",
            remedy=f"give {name} as one row of numbers",
        )
    for number in array:
        real(name, number)
    return array

"""The regime-change global game (Morris & Shin) exactly: when does a loud public tone bring back many equilibria?

A continuum of players; the regime of strength theta falls iff the share that joins is at least theta. Joining pays
1 - c if it falls and -c if not, so it pays iff theta is below a threshold theta*: a low public signal is hope, a high
one despair.
"""

import math
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

import numpy as np
from scipy import special

from corrigible.errors import BadInput
from corrigible.sandbox.games.binomial import rising_root
from corrigible.sandbox.games.inputs import non_negative, open_unit, positive, real

UNIQUENESS_LIMIT: Final = math.sqrt(2 * math.pi)
"""The equilibrium is unique for every signal iff alpha / sqrt(beta) <= this."""

FOLD_TOLERANCE: Final = 16 * float(np.finfo(np.float64).eps)
"""Relative distance from a fold within which two equilibria are reported as the one they merge into."""

Branch: TypeAlias = Literal["only", "few join", "unstable", "many join"]
"""only: where the game has one branch. few join, unstable, many join: theta* from low to high where it has three."""

BRANCHES: Final[tuple[Branch, ...]] = ("only", "few join", "unstable", "many join")


@dataclass(frozen=True, kw_only=True)
class Threshold:
    """One equilibrium in threshold strategies.

    Attributes:
        theta: theta*, the regime falls iff theta <= theta*; also the share that joins at theta*. In (0, 1), but for
            rounding at extreme signals.
        margin: 1 - theta*, to full relative accuracy.
        x: x*, a player joins iff the private signal is below it; in units of theta.
        branch: which of the branches over the public signal it lies on.
        stable: whether better replies return to it; only the middle branch is unstable (and a fold, from one side).
    """

    theta: float
    margin: float
    x: float
    branch: Branch
    stable: bool


@dataclass(frozen=True, kw_only=True)
class GlobalGameSolution:
    """The game with a public signal; theta, y and x in units of the share that joins.

    Attributes:
        c: cost of joining / gain from a fallen regime.
        alpha: precision (1 / variance) of the public signal, its loudness.
        beta: precision of the private signals.
        y: the public signal.
        loudness: alpha / sqrt(beta); above `uniqueness_limit` = sqrt(2 pi) some signals give three equilibria.
        uniqueness_limit: sqrt(2 pi).
        multiplicity: the open interval of signals with three equilibria; None where there is none.
        equilibria: all of them, theta* rising: one, three, or two at an end of `multiplicity`.
        flat_prior: the equilibrium without any public signal.
    """

    c: float
    alpha: float
    beta: float
    y: float
    loudness: float
    uniqueness_limit: float
    multiplicity: tuple[float, float] | None
    equilibria: tuple[Threshold, ...]
    flat_prior: Threshold


@dataclass(frozen=True, kw_only=True)
class BranchEffect:
    """theta* on one branch under the two tones, None where it does not exist; `change` is hope - despair."""

    branch: Branch
    theta_despair: float | None
    theta_hope: float | None
    change: float | None


@dataclass(frozen=True, kw_only=True)
class ToneEffect:
    """What the tone of the public signal does to theta*, the strength up to which the regime falls.

    Attributes:
        y_despair, y_hope: the two signals; the despairing one makes the regime look stronger.
        branches: the effect on each branch that exists under either tone.
        least, most: extreme changes of theta* over all selections of equilibria, so jumps between branches included.
        silent_theta: 1 - c, theta* without a public signal.
    """

    y_despair: float
    y_hope: float
    branches: tuple[BranchEffect, ...]
    least: float
    most: float
    silent_theta: float


@dataclass(frozen=True, kw_only=True)
class _Game:
    """The equilibrium condition F(q) = a (Phi(q) - y) - q - s = 0 for theta* = Phi(q), see `thresholds`."""

    a: float
    s: float
    noise: float

    @property
    def fold(self) -> float | None:
        """The q > 0 at which F turns, as at -q; None where F falls throughout, or rises less than rounding can show."""
        if self.a <= UNIQUENESS_LIMIT:
            return None
        turn = math.sqrt(2 * math.log(self.a / UNIQUENESS_LIMIT))
        rise = self.a * float(special.erf(turn / math.sqrt(2))) - 2 * turn
        return turn if rise > 4 * FOLD_TOLERANCE * (self.a + abs(self.s)) else None

    def signal(self, q: float) -> float:
        """The public signal for which theta* = Phi(q) is an equilibrium."""
        return float(special.ndtr(q)) - (q + self.s) / self.a

    def excess(self, q: float, y: float) -> float:
        """F(q), with Phi(q) - y formed from the nearer tail."""
        gap = (1.0 - y) - float(special.ndtr(-q)) if q > 0 else float(special.ndtr(q)) - y
        return self.a * gap - q - self.s

    def threshold(self, q: float, branch: Branch) -> Threshold:
        """The equilibrium at q."""
        theta = float(special.ndtr(q))
        return Threshold(
            theta=theta,
            margin=float(special.ndtr(-q)),
            x=theta + self.noise * q,
            branch=branch,
            stable=branch != "unstable",
        )


def flat_prior(c: float, sigma: float) -> Threshold:
    """The equilibrium without a public signal: theta* = 1 - c, x* = theta* - sigma Phi^-1(c), always unique.

    At x = x* the chance that theta < theta* is Phi((theta* - x*) / sigma), which is c for the player on the edge; at
    theta = theta* the share Phi((x* - theta*) / sigma) = 1 - c joins, which is just theta*.

    Args:
        c: cost of joining, in (0, 1).
        sigma: standard deviation of the private noise, > 0, in units of theta.

    Raises:
        BadInput: c outside (0, 1), or sigma not positive.
    """
    c = _cost(c)
    noise = positive("sigma", sigma)
    return Threshold(theta=1 - c, margin=c, x=(1 - c) - noise * float(special.ndtri(c)), branch="only", stable=True)


def thresholds(c: float, alpha: float, beta: float, y: float) -> tuple[Threshold, ...]:
    """All equilibria in threshold strategies for the public signal y = theta + noise, theta* rising.

    After x and y, theta is Normal((alpha y + beta x) / (alpha + beta), 1 / (alpha + beta)). The share that joins at
    theta* equals it: x* = theta* + q / sqrt(beta) with theta* = Phi(q). The player at x* is indifferent:
    alpha (theta* - y) - sqrt(beta) q = sqrt(alpha + beta) Phi^-1(c). With a = alpha / sqrt(beta) and
    s = sqrt(1 + alpha / beta) Phi^-1(c) that is F(q) = a (Phi(q) - y) - q - s = 0 (Morris & Shin 2001, "Rethinking
    multiple equilibria"; alpha / sqrt(beta) <= sqrt(2 pi) for uniqueness). F' = a phi(q) - 1 changes sign at
    phi(q) = 1 / a only, so F has three monotone pieces, on each of which a root is bracketed: none can be missed.

    Args:
        c: cost of joining, in (0, 1).
        alpha: precision of the public signal, >= 0; 0 gives the flat prior.
        beta: precision of the private signals, > 0.
        y: the public signal, any finite number, in units of theta.

    Raises:
        BadInput: c outside (0, 1), alpha < 0, beta <= 0, y not finite, or alpha / sqrt(beta) beyond double precision.
    """
    game, y = _game(c, alpha, beta), real("y", y)
    fold = game.fold
    lowest = -game.a * y - game.s
    if fold is None:
        only = _falling_root(game, y, lowest, lowest + game.a)
        return (game.threshold(only, "only"),)
    at_low, at_high = (_sign(game, q, y) for q in (-fold, fold))
    found: list[Threshold] = []
    if at_low <= 0:
        found.append(game.threshold(-fold if at_low == 0 else _falling_root(game, y, lowest, -fold), "few join"))
    if at_low < 0 < at_high:
        found.append(game.threshold(rising_root(lambda q: game.excess(q, y), -fold, fold), "unstable"))
    if at_high >= 0:
        top = game.a * (1.0 - y) - game.s
        found.append(game.threshold(fold if at_high == 0 else _falling_root(game, y, fold, top), "many join"))
    return tuple(found)


def multiplicity_range(c: float, alpha: float, beta: float) -> tuple[float, float] | None:
    """The public signals between which there are three equilibria, or None if alpha / sqrt(beta) <= sqrt(2 pi).

    The ends are where F of `thresholds` touches zero: y = Phi(q) - (q + s) / a at q = -+ sqrt(2 log(a / sqrt(2 pi))).
    A tone outside them, however loud, leaves one equilibrium: enough hope or enough despair settles the matter.

    Raises:
        BadInput: as `thresholds`.
    """
    game = _game(c, alpha, beta)
    return None if game.fold is None else (game.signal(-game.fold), game.signal(game.fold))


def tone_effect(c: float, alpha: float, beta: float, *, y_despair: float, y_hope: float) -> ToneEffect:
    """How far theta* moves when the public tone changes from despair (the regime looks strong) to hope.

    Raises:
        BadInput: as `thresholds`, or y_despair < y_hope.
    """
    despair, hope = real("y_despair", y_despair), real("y_hope", y_hope)
    if despair < hope:
        raise BadInput(
            value=f"y_despair = {despair:g}, y_hope = {hope:g}",
            rule="y_despair must be at least y_hope, since y says how strong the regime is",
            remedy="exchange the two",
        )
    before, after = thresholds(c, alpha, beta, despair), thresholds(c, alpha, beta, hope)
    rows = [
        _branch_effect(branch, before, after)
        for branch in BRANCHES
        if any(point.branch == branch for point in before + after)
    ]
    return ToneEffect(
        y_despair=despair,
        y_hope=hope,
        branches=tuple(rows),
        least=after[0].theta - before[-1].theta,
        most=after[-1].theta - before[0].theta,
        silent_theta=1 - _cost(c),
    )


def solve(c: float, alpha: float, beta: float, y: float) -> GlobalGameSolution:
    """Everything about one game with a public signal.

    Raises:
        BadInput: as `thresholds`.
    """
    equilibria = thresholds(c, alpha, beta, y)
    loud, private = non_negative("alpha", alpha), positive("beta", beta)
    return GlobalGameSolution(
        c=_cost(c),
        alpha=loud,
        beta=private,
        y=real("y", y),
        loudness=loud / math.sqrt(private),
        uniqueness_limit=UNIQUENESS_LIMIT,
        multiplicity=multiplicity_range(c, alpha, beta),
        equilibria=equilibria,
        flat_prior=flat_prior(c, 1 / math.sqrt(private)),
    )


def sentences(solution: GlobalGameSolution) -> tuple[str, ...]:
    """Three or four lines in plain words: how loud the public signal is, and what it leaves open."""
    limit = f"alpha / sqrt(beta) = {solution.loudness:.6g} against sqrt(2 pi) = {solution.uniqueness_limit:.6g}"
    silent = f"Without a public signal the regime falls iff its strength is at most 1 - c = {1 - solution.c:.6g}."
    points = " or ".join(_in_words(point) for point in solution.equilibria)
    here = f"With the public signal y = {solution.y:.6g} it falls iff its strength is at most theta* = {points}."
    if solution.multiplicity is None:
        return silent, f"The public signal is too soft for several equilibria ({limit}).", here
    low, high = solution.multiplicity
    where = "outside" if len(solution.equilibria) == 1 else "at an end" if len(solution.equilibria) == 2 else "inside"
    return (
        silent,
        f"The public signal is loud enough for several equilibria ({limit}), if y is from {low:.6g} to {high:.6g}.",
        f"Hope is a signal below that range, despair one above it; y = {solution.y:.6g} lies {where}.",
        here,
    )


def _in_words(point: Threshold) -> str:
    return f"1 - {point.margin:.6g}" if 0 < point.margin < 1e-4 else f"{point.theta:.6g}"


def _cost(c: float) -> float:
    return open_unit("c", c, because="at c <= 0 joining always pays, at c >= 1 never")


def _game(c: float, alpha: float, beta: float) -> _Game:
    edge = float(special.ndtri(_cost(c)))
    loud, private = non_negative("alpha", alpha), positive("beta", beta)
    a, spread = loud / math.sqrt(private), math.hypot(math.sqrt(loud), math.sqrt(private)) / math.sqrt(private)
    if max(a, spread) > 1e150:
        raise BadInput(
            value=f"alpha = {loud:g}, beta = {private:g}",
            rule="alpha / sqrt(beta) and sqrt(1 + alpha / beta) must be at most 1e150",
            remedy="give precisions that lie nearer to each other",
        )
    return _Game(a=a, s=spread * edge, noise=1 / math.sqrt(private))


def _sign(game: _Game, q: float, y: float) -> int:
    """Sign of F(q), 0 within rounding of its terms."""
    value = game.excess(q, y)
    scale = game.a * max(abs(y), 1.0) + abs(q) + abs(game.s)
    return 0 if abs(value) <= FOLD_TOLERANCE * scale else int(math.copysign(1, value))


def _falling_root(game: _Game, y: float, low: float, high: float) -> float:
    """The root of F on an interval on which it falls."""
    return rising_root(lambda q: -game.excess(q, y), low, high)


def _branch_effect(branch: Branch, before: tuple[Threshold, ...], after: tuple[Threshold, ...]) -> BranchEffect:
    despair = next((point.theta for point in before if point.branch == branch), None)
    hope = next((point.theta for point in after if point.branch == branch), None)
    return BranchEffect(
        branch=branch,
        theta_despair=despair,
        theta_hope=hope,
        change=None if despair is None or hope is None else hope - despair,
    )

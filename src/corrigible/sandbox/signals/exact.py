"""What the exact global game says of a world of signals: up to which strength the stag is caught when a voice is set.

With a loud public voice the game may have two stable equilibria for one voice; then theory gives two answers, and
which of them players come to is for learning to show.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from scipy import special
from scipy.optimize import brentq

from corrigible.sandbox.games.global_game import thresholds
from corrigible.sandbox.signals.world import StagHuntParams


@dataclass(frozen=True, kw_only=True)
class Selections:
    """A number under the two extreme selections of equilibria: few join wherever few may, many wherever many may."""

    few: float
    many: float


def critical_strength(world: StagHuntParams, strength: float) -> Selections:
    """The theta up to which stags are caught where the voice says theta + strength * tone.

    Players know how precise the voice is; its `manner`, being known too, changes nothing. Alone, a stag counts as
    caught where at least the share theta hunts. Among n players of whom k are pledged, a free one needs theta n - 1 - k
    of the n - 1 - k others; it is the game of a continuum of them with theta shifted and scaled. (Without a voice that
    is theta* = (1 - hare) (n - 1) / n + 1 / n.) What n independent signals leave to chance is neglected: it is as
    often for the stag as against it.
    """
    if world.dependence == "alone":
        only = _root(lambda theta: _share_by_belief(world, theta, strength) - theta)
        return Selections(few=only, many=only)
    certain = (world.committed + 1) / world.players
    free = 1.0 - certain
    if free <= 0:
        return Selections(few=1.0, many=1.0)
    game = replace(
        world, private_noise=world.private_noise / free, loudness=world.loudness * free, tone=world.tone / free
    )
    few, many = (min(1.0, certain + free * _fixed_point(game, strength, end)) for end in (0, -1))
    return Selections(few=few, many=many)


def caught_share(world: StagHuntParams, strength: float) -> Selections:
    """The share of contested stags that is caught, theta being uniform among them."""
    critical = critical_strength(world, strength)
    low = world.settled - world.contested
    few, many = (min(1.0, max(0.0, (at - low) / (2 * world.contested))) for at in (critical.few, critical.many))
    return Selections(few=few, many=many)


def tone_effect(world: StagHuntParams) -> Selections:
    """Share caught under hope less that under despair, where the same selection is made under both tones."""
    hope, despair = caught_share(world, -1.0), caught_share(world, 1.0)
    return Selections(few=hope.few - despair.few, many=hope.many - despair.many)


def _fixed_point(game: StagHuntParams, strength: float, end: int) -> float:
    """theta = theta*(theta + strength * tone) in a continuum, in the lowest equilibrium (end 0) or the highest (-1)."""
    if game.hearing == "public":
        return _root(lambda theta: _threshold(game, theta + strength * game.tone, end) - theta)
    return _root(lambda theta: _share_by_belief(game, theta, strength) - theta)


def _threshold(world: StagHuntParams, voice: float, end: int) -> float:
    """theta* for a public voice: the lowest equilibrium (end 0) or the highest (end -1)."""
    return thresholds(world.hare, world.public_precision, world.private_precision, voice)[end].theta


def _share_by_belief(world: StagHuntParams, theta: float, strength: float) -> float:
    """The share that hunts a stag of strength theta when each hunts iff P(theta <= 1 - hare) is at least `hare` to it.

    That is what hunters do who do not need each other, and, since theta* = 1 - hare then, also those who need each
    other but share no signal (`flat_prior` of the exact game).
    """
    shift = strength * world.tone
    beta = world.private_precision
    alpha = 0.0 if world.hearing == "none" else world.public_precision
    total = alpha + beta
    edge = world.settled - float(special.ndtri(world.hare)) / math.sqrt(total)  # of the mean of the belief
    if world.hearing == "whispered":
        return float(special.ndtr((edge - theta - alpha / total * shift) * math.sqrt(total)))
    private_edge = (total * edge - alpha * (theta + shift)) / beta
    return float(special.ndtr((private_edge - theta) * math.sqrt(beta)))


def _root(excess: Callable[[float], float]) -> float:
    """Where a function that falls on [0, 1] changes sign; an end where it does not."""
    if excess(0.0) <= 0:
        return 0.0
    if excess(1.0) >= 0:
        return 1.0
    root: Any = brentq(excess, 0.0, 1.0, xtol=1e-9)
    return float(root)

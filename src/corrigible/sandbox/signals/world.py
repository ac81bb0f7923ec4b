"""A stag hunt of many: how many the stag takes is seen by each through private noise, and told to all by a voice.

The regime-change global game (Morris & Shin 2001, "Rethinking multiple equilibria") with finitely many players: the
stag of strength theta is caught iff at least the share theta hunts it. Exact: `corrigible.sandbox.games.global_game`.
"""

import math
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias, get_args

import numpy as np

from corrigible.errors import BadInput
from corrigible.sandbox.games.inputs import count, open_unit, positive, probability, real
from corrigible.seeding import kernel_seed
from corrigible.types import Array, Events, RewardFunction

Hearing: TypeAlias = Literal["public", "whispered", "none"]
"""public: one voice for all. whispered: to each alone, equally precise, errors of their own. none: nobody speaks."""

Dependence: TypeAlias = Literal["together", "alone"]
"""together: hunters need each other. alone: the stag is caught iff theta <= 1 - hare, whoever hunts."""

MOST_PLAYERS: Final = 1000
LOWEST: Final = -0.2
HIGHEST: Final = 1.2
"""Strengths met in training: so far beyond [0, 1] that the flat prior of the theory holds."""

HARE: Final = 0
STAG: Final = 1


@dataclass(frozen=True, kw_only=True)
class StagHuntParams:
    """One world. theta, noise, tone and manner are in units of the share of players that hunts.

    Attributes:
        players: how many there are, 2 to 1000.
        hare: what a hare pays, where a stag pays 1: the cost of hunting in vain, in (0, 1).
        private_noise: standard deviation sigma of the private signals x = theta + noise, of precision 1 / sigma^2.
        loudness: alpha / sqrt(beta) with alpha, beta the precision of the voice and of the private signals; above
            sqrt(2 pi) = 2.507 the exact game has several equilibria.
        hearing: whether the voice is public, whispered to each, or absent.
        manner: what the voice always adds to theta; below 0 it is a habitual optimist's.
        pledged: share of the players that hunts whatever it sees (rounded to whole players).
        dependence: whether hunters need each other.
        contested: evaluation meets theta within this distance of 1 - hare.
        tone: how much a despairing voice adds to theta in evaluation, and a hopeful one takes away.

    Raises:
        BadInput: a value outside its range.
    """

    players: int = 50
    hare: float = 0.5
    private_noise: float = 0.05
    loudness: float = 5.0
    hearing: Hearing = "public"
    manner: float = 0.0
    pledged: float = 0.0
    dependence: Dependence = "together"
    contested: float = 0.15
    tone: float = 0.15

    def __post_init__(self) -> None:
        """Check every value (raises BadInput)."""
        count("players", self.players, least=2, most=MOST_PLAYERS)
        open_unit("hare", self.hare, because="else hunting never pays, or always")
        positive("private_noise", self.private_noise)
        positive("loudness", self.loudness)
        real("manner", self.manner)
        probability("pledged", self.pledged)
        positive("contested", self.contested)
        positive("tone", self.tone)
        for name, value, known in (
            ("hearing", self.hearing, get_args(Hearing)),
            ("dependence", self.dependence, get_args(Dependence)),
        ):
            if value not in known:
                raise BadInput(
                    value=f"{name} = {value!r}", rule="it must be known", remedy=f"choose one of {', '.join(known)}"
                )
        if self.contested > min(self.settled, self.hare):
            raise BadInput(
                value=f"contested = {self.contested:g} around 1 - hare = {self.settled:g}",
                rule="contested strengths must lie in [0, 1]",
                remedy="give a smaller contested, or a hare nearer to 0.5",
            )

    @property
    def settled(self) -> float:
        """theta* of the exact game without a voice, 1 - hare; alone, the strength up to which a stag can be caught."""
        return 1.0 - self.hare

    @property
    def private_precision(self) -> float:
        """beta = 1 / private_noise^2."""
        return self.private_noise**-2

    @property
    def public_precision(self) -> float:
        """alpha = loudness * sqrt(beta)."""
        return self.loudness / self.private_noise

    @property
    def public_noise(self) -> float:
        """Standard deviation of the voice's own error, 1 / sqrt(alpha)."""
        return 1.0 / math.sqrt(self.public_precision)

    @property
    def committed(self) -> int:
        """How many players are pledged: those numbered from 0."""
        return round(self.pledged * self.players)


def unseen_seed(generator: np.random.Generator) -> np.uint64:
    """A seed for kernels from a child of `generator`.

    Version 1 of `stag-hunt-tone` drew from the parent, and what came of its seeds 0 to 19 had been seen when the rules
    of version 2 were written: here the same numbers of seeds are new stags and new hunters.
    """
    return kernel_seed(generator.spawn(1)[0])


def outcome_table(world: StagHuntParams, reward: RewardFunction) -> Array:
    """The reward of every outcome, (2, 2, players + 1) float64: [hunts, caught, how many hunt].

    The reward function is called once, on Events "hunt", "caught" and an amount that is the share of hunters.
    """
    hunt, caught, hunters = np.indices((2, 2, world.players + 1)).reshape(3, -1)
    events = Events(
        happened={"hunt": hunt.astype(np.bool_), "caught": caught.astype(np.bool_)}, amount=hunters / world.players
    )
    values = np.asarray(reward(events), dtype=np.float64)
    return np.ascontiguousarray(values.reshape(2, 2, world.players + 1))

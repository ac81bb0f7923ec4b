"""An organisation that chooses among its members' projects by how good they look from the top.

A member splits effort between the work (value v) and its looks. Each layer of management passes on a share `context`
of what is known of the value; the rest of the score is looks, and noise that grows with the layers. The tenth that
scores best is funded. How much is passed on, and how many report to one person, are assumptions: conditions vary
them.
"""

from dataclasses import dataclass
from math import ceil, log, sqrt
from typing import Final

import numpy as np

from corrigible.errors import BadInput
from corrigible.sandbox.games.inputs import count, open_unit, probability
from corrigible.seeding import stream
from corrigible.types import Array, Events

LEVELS: Final = np.array([0.0, 0.25, 0.5, 0.75, 1.0])
"""Shares of effort that go into looks; an action is an index."""

SPREAD: Final = 0.5
"""Standard deviation of value, and of looks, at given effort; full effort is worth 1 of either."""

NOISE: Final = 0.25
"""Standard deviation that one layer adds to the score."""

FUNDED: Final = 0.1
"""Share of the projects (of a team) that is funded; at least one."""


@dataclass(frozen=True, kw_only=True)
class OrganisationParams:
    """Who sees what of whose work.

    members: people. span: how many report to one. context: share of what is known of a project's value that a layer
    passes on, in (0, 1). audited: share of the projects, drawn anew each period, of which the top sees the value
    itself. team: people who choose among themselves, or 0: all in one.

    Raises:
        BadInput: a number outside its range, or teams that do not divide the members.
    """

    members: int = 512
    span: int = 8
    context: float = 0.7
    audited: float = 0.0
    team: int = 0

    def __post_init__(self) -> None:
        """Check every number."""
        count("members", self.members, least=2, most=100_000)
        count("span", self.span, least=2, most=self.members)
        open_unit("context", self.context, because="a layer passes on something, and not everything")
        probability("audited", self.audited)
        if self.team and (self.team < 2 or self.members % self.team):
            raise BadInput(
                value=f"team = {self.team}", rule=f"it must divide the {self.members} members", remedy="give a divisor"
            )

    @property
    def choosing(self) -> int:
        """People in whose name one choice is made."""
        return self.team or self.members

    @property
    def layers(self) -> int:
        """Of management, between a project and who chooses: at least 1."""
        return max(1, ceil(log(self.choosing) / log(self.span) - 1e-9))

    @property
    def weight(self) -> float:
        """Share of value in the score, context to the power of the layers; looks have the rest."""
        return float(self.context**self.layers)


@dataclass(frozen=True, kw_only=True, eq=False)
class Period:
    """What came of effort. All (..., members): value and score float64, funded bool."""

    value: Array
    score: Array
    funded: Array

    @property
    def events(self) -> Events:
        """For reward functions: "funded", and as amount the value."""
        return Events(happened={"funded": self.funded}, amount=self.value)


def period(world: OrganisationParams, action: Array, generator: np.random.Generator) -> Period:
    """Let projects be done and chosen. action: (B, members) indices of `LEVELS`."""
    looks = LEVELS[action]
    draws = generator.standard_normal((3, *action.shape))
    value = 1.0 - looks + SPREAD * draws[0]
    weight = world.weight
    score = weight * value + (1.0 - weight) * (looks + SPREAD * draws[1]) + NOISE * sqrt(world.layers) * draws[2]
    if world.audited > 0:
        score = np.where(generator.random(action.shape) < world.audited, value, score)
    teams = score.reshape(*score.shape[:-1], -1, world.choosing)
    kept = max(1, round(FUNDED * world.choosing))
    bar = np.partition(teams, -kept, axis=-1)[..., -kept, None]
    return Period(value=value, score=score, funded=(teams >= bar).reshape(score.shape))


def period_of_seed(world: OrganisationParams, action: Array, seed: int) -> Period:
    """The same, from a seed that was stored. action: (B, members)."""
    return period(world, action, stream(seed, "projects"))

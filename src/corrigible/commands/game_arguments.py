"""Arguments of `corrigible game ..`: each dataclass is the documentation that `--help` prints."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeAlias

from tyro.conf import OmitSubcommandPrefixes, subcommand

from corrigible.commands.arguments import Json

if TYPE_CHECKING:
    from corrigible.commands.answer import Answer


@dataclass(frozen=True)
class OffSwitch:
    """The off-switch game, solved exactly: act, switch off, or defer to the human?"""

    mu: float | None = None
    """Mean of the robot's Normal belief about the utility of its action."""
    sigma: float | None = None
    """Standard deviation of that belief (> 0)."""
    beta: float | None = None
    """Noise of a Boltzmann-rational human (> 0) [default: a rational human]."""
    values: tuple[float, ...] | None = None
    """Utilities that the robot thinks possible, instead of mu and sigma: --values -1 2."""
    probabilities: tuple[float, ...] | None = None
    """Their probabilities: --probabilities 0.4 0.6."""
    picture: Path | None = None
    """Write an SVG of the region of deference here."""
    json_: Json = False
    """Print one JSON object on standard output and nothing else there."""

    def answer(self) -> "Answer":
        from corrigible.commands.games import answer_off_switch

        return answer_off_switch(
            self.mu,
            self.sigma,
            self.beta,
            values=self.values,
            probabilities=self.probabilities,
            picture=self.picture,
        )


@dataclass(frozen=True)
class StagHunt:
    """The stag hunt of n players, solved exactly: equilibria, risk dominance, basins."""

    n: int
    """Players (>= 2)."""
    m: int
    """Hunters needed to catch the stag (1 to n)."""
    r: float
    """Payoff of a hare as a share of the stag's (0 to 1)."""
    picture: Path | None = None
    """Write an SVG of payoffs and basins here."""
    json_: Json = False
    """Print one JSON object on standard output and nothing else there."""

    def answer(self) -> "Answer":
        from corrigible.commands.games import answer_stag_hunt

        return answer_stag_hunt(self.n, self.m, self.r, picture=self.picture)


@dataclass(frozen=True)
class Tone:
    """The regime-change game with private signals and a public one: when does its tone decide?"""

    c: float
    """Cost of joining, as a share of what success pays (0 to 1)."""
    alpha: float
    """Precision of the public signal (>= 0): how loud the tone is."""
    beta: float
    """Precision of each private signal (> 0)."""
    y: float
    """The public signal of the fundamentals: small is hopeful, large despairing."""
    picture: Path | None = None
    """Write an SVG of the thresholds against the tone here."""
    json_: Json = False
    """Print one JSON object on standard output and nothing else there."""

    def answer(self) -> "Answer":
        from corrigible.commands.games import answer_tone

        return answer_tone(self.c, self.alpha, self.beta, self.y, picture=self.picture)


@dataclass(frozen=True)
class Groups:
    """The stag hunt in random groups of n with threshold m: where the replicator equation rests."""

    n: int
    """Group size (>= 2)."""
    m: int
    """Cooperators needed (1 to n)."""
    enhancement: float
    """What cooperation multiplies contributions by (F, > 0); cooperating costs 1."""
    json_: Json = False
    """Print one JSON object on standard output and nothing else there."""

    def answer(self) -> "Answer":
        from corrigible.commands.games import answer_groups

        return answer_groups(self.n, self.m, self.enhancement)


Game: TypeAlias = (
    Annotated[OffSwitch, subcommand(name="off-switch", prefix_name=False)]
    | Annotated[StagHunt, subcommand(name="stag-hunt", prefix_name=False)]
    | Annotated[Tone, subcommand(name="tone", prefix_name=False)]
    | Annotated[Groups, subcommand(name="groups", prefix_name=False)]
)


@dataclass(frozen=True)
class Games:
    """Exactly solved games: off-switch, stag-hunt, tone, groups."""

    game: OmitSubcommandPrefixes[Game]
    """Which game."""

    @property
    def json_(self) -> bool:
        return self.game.json_

    def answer(self) -> "Answer":
        return self.game.answer()

"""Arguments of `corrigible game ..`: each dataclass is the documentation that `--help` prints."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeAlias

from tyro.conf import OmitSubcommandPrefixes, subcommand

from corrigible.commands.arguments import Json, unless_given

if TYPE_CHECKING:
    from corrigible.commands.answer import Answer

Picture: TypeAlias = Annotated[Path | None, unless_given("FILE", "no picture")]


@dataclass(frozen=True)
class OffSwitch:
    """The off-switch game, solved exactly: act, switch off, or defer to the human?"""

    mu: Annotated[float | None, unless_given("MU", "with --values, none")] = None
    """Mean of the robot's Normal belief about the utility of its action."""
    sigma: Annotated[float | None, unless_given("SIGMA", "with --values, none")] = None
    """Standard deviation of that belief (> 0)."""
    beta: Annotated[float | None, unless_given("BETA", "a rational human")] = None
    """Noise of a Boltzmann-rational human (> 0)."""
    values: Annotated[tuple[float, ...] | None, unless_given("U ..", "the Normal belief")] = None
    """Utilities that the robot thinks possible, instead of mu and sigma: --values -1 2."""
    probabilities: Annotated[tuple[float, ...] | None, unless_given("P ..", "none")] = None
    """Their probabilities: --probabilities 0.4 0.6."""
    picture: Picture = None
    """Write an SVG of the region of deference here."""
    json_: Json = False
    """Print one JSON object on standard output, nothing else."""

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
    picture: Picture = None
    """Write an SVG of payoffs and basins here."""
    json_: Json = False
    """Print one JSON object on standard output, nothing else."""

    def answer(self) -> "Answer":
        from corrigible.commands.games import answer_stag_hunt

        return answer_stag_hunt(self.n, self.m, self.r, picture=self.picture)


@dataclass(frozen=True)
class Tone:
    """The regime-change game with private signals and a public one: when does its tone decide?"""

    c: float
    """Cost of joining, as a share of what success pays (0 to 1)."""
    alpha: float = 0.0
    """Precision of the public signal (>= 0): how loud the tone is; 0 for none."""
    beta: float | None = None
    """Precision of each private signal (> 0)."""
    sigma: float | None = None
    """Standard deviation of each private signal (> 0), instead of beta = sigma^-2."""
    y: float | None = None
    """The public signal of the fundamentals: small is hopeful, large despairing."""
    picture: Picture = None
    """Write an SVG of the thresholds against the tone here."""
    json_: Json = False
    """Print one JSON object on standard output, nothing else."""

    def answer(self) -> "Answer":
        from corrigible.commands.games import answer_tone

        return answer_tone(self.c, alpha=self.alpha, beta=self.beta, sigma=self.sigma, y=self.y, picture=self.picture)


@dataclass(frozen=True)
class Groups:
    """The stag hunt in random groups of n with threshold m: replicator dynamics, and finite populations."""

    n: int
    """Group size (>= 2)."""
    m: int
    """Cooperators needed (1 to n)."""
    enhancement: float
    """What cooperation multiplies contributions by (F, > 0); cooperating costs 1."""
    start: float | None = None
    """Share of cooperators (0 to 1) from which to follow the replicator equation."""
    population: int | None = None
    """Solve it also in a finite population of so many (>= n): fixation, and the long run with --mutation."""
    selection: float = 1.0
    """Intensity of selection there (>= 0)."""
    mutation: float | None = None
    """Chance of mutation there (0 to 1, not 0)."""
    picture: Path | None = None
    """Write an SVG of the gain from cooperating and the rest points here."""
    json_: Json = False
    """Print one JSON object on standard output, nothing else."""

    def answer(self) -> "Answer":
        from corrigible.commands.games import answer_groups

        return answer_groups(
            self.n,
            self.m,
            self.enhancement,
            start=self.start,
            population=self.population,
            selection=self.selection,
            mutation=self.mutation,
            picture=self.picture,
        )


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

"""Arguments of `corrigible race ..`: each dataclass is the documentation that `--help` prints."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeAlias

from tyro.conf import OmitSubcommandPrefixes, subcommand

from corrigible.commands.arguments import Json, unless_given

if TYPE_CHECKING:
    from corrigible.commands.answer import Answer
    from corrigible.sandbox.games.races import RaceParams

Picture: TypeAlias = Annotated[Path | None, unless_given("FILE", "no picture")]


@dataclass(frozen=True)
class _Race:
    """Numbers of a race of two between control and speed."""

    danger: float = 0.8
    """Chance of disaster if the winner puts no effort into control (above 0, to 1)."""
    enmity: float = 0.5
    """How much worse another's win is: 0 all the same, 1 as bad as a disaster."""
    luck: float = 0.2
    """Scale of the luck (>= 0.001), in units of the time that full control costs."""
    harm: float = 0.0
    """By how much a disaster is worse than that (>= 0)."""
    lead: float = 0.0
    """By how much the first lab is ahead, in the same units of time."""
    steps: int = 20
    """Efforts are 0, 1/steps, .., 1."""
    picture: Picture = None
    """Write an SVG here."""
    json_: Json = False
    """Print one JSON object on standard output, nothing else."""

    def race(self) -> "RaceParams":
        """The race of these numbers. BadInput where one is out of range."""
        from corrigible.sandbox.games.races import RaceParams

        return RaceParams(
            danger=self.danger,
            enmity=self.enmity,
            luck=self.luck,
            harm=self.harm,
            lead=self.lead,
            steps=self.steps,
        )


@dataclass(frozen=True)
class Effort(_Race):
    """Two labs choose effort on control against speed: all equilibria, their risk, and what many labs learn."""

    labs: int = 2
    """Of how many equal labs to follow the better replies too (2 to 200)."""
    seed: int = 0
    """Of the order in which they reply, and where they begin."""

    def answer(self) -> "Answer":
        from corrigible.commands.racing import answer_effort

        return answer_effort(self.race(), labs=self.labs, seed=self.seed, picture=self.picture)


@dataclass(frozen=True)
class Pause(_Race):
    """A pause of both: is a promise enough, and if not, how surely must a breach be seen?"""

    def answer(self) -> "Answer":
        from corrigible.commands.racing import answer_pause

        return answer_pause(self.race(), picture=self.picture)


@dataclass(frozen=True)
class EvidenceOfDanger(_Race):
    """Evidence about the danger: none, each its own, or shared. --danger is not used here."""

    high: float = 0.9
    """The danger if it is high."""
    low: float = 0.2
    """The danger if it is low."""
    prior: float = 0.5
    """Chance that it is high."""
    accuracy: float = 0.9
    """How often each lab's sign is right (0.5 to 1)."""

    def answer(self) -> "Answer":
        from corrigible.commands.racing import answer_evidence
        from corrigible.sandbox.games.race_evidence import Evidence

        evidence = Evidence(high=self.high, low=self.low, prior=self.prior, accuracy=self.accuracy)
        return answer_evidence(self.race(), evidence, picture=self.picture)


@dataclass(frozen=True)
class Capability:
    """Labs of unknown capability: risk if nobody, each, or everybody knows (Armstrong, Bostrom & Shulman 2016)."""

    labs: int = 2
    """How many (>= 2)."""
    spread: float = 1.0
    """Capabilities are uniform from 0 to this (> 0), in units of what full safety costs."""
    enmity: float = 1.0
    """How much worse another's win is: 0 all the same, 1 as bad as a disaster."""
    picture: Picture = None
    """Write an SVG here."""
    json_: Json = False
    """Print one JSON object on standard output, nothing else."""

    def answer(self) -> "Answer":
        from corrigible.commands.racing import answer_capability

        return answer_capability(self.labs, self.spread, self.enmity, picture=self.picture)


RaceKind: TypeAlias = (
    Annotated[Effort, subcommand(name="effort", prefix_name=False)]
    | Annotated[Pause, subcommand(name="pause", prefix_name=False)]
    | Annotated[EvidenceOfDanger, subcommand(name="evidence", prefix_name=False)]
    | Annotated[Capability, subcommand(name="capability", prefix_name=False)]
)


@dataclass(frozen=True)
class Race:
    """Races between control and speed, solved: effort, pause, evidence, capability (docs/races-and-leverage.md)."""

    race: OmitSubcommandPrefixes[RaceKind]
    """Which question."""

    @property
    def json_(self) -> bool:
        return self.race.json_

    def answer(self) -> "Answer":
        return self.race.answer()

"""Arguments of `corrigible trip ..`: each dataclass is the documentation that `--help` prints."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeAlias

from tyro.conf import OmitSubcommandPrefixes, Positional, arg, subcommand

from corrigible.commands.arguments import Json, unless_given

if TYPE_CHECKING:
    from corrigible.commands.answer import Answer

Wire: TypeAlias = Positional[Annotated[str, arg(metavar="TRIPWIRE", help_behavior_hint="")]]


@dataclass(frozen=True)
class ReplayTripwire:
    """Replay finished runs: would it have tripped, at which step, and why? Exit code 5 where it trips in any."""

    tripwire: Wire
    """A YAML file (docs/tripwires.md), or the name of one that ships: take-off."""
    points: Positional[Annotated[tuple[Path, ...], arg(metavar="POINTS ..", help_behavior_hint="")]]
    """Points of runs as JSON lines, a file for each run."""
    until: Annotated[int | None, unless_given("STEP", "to its last point")] = None
    """How far training came: a checkpoint that is overdue by then trips."""
    picture: Annotated[Path | None, unless_given("FILE", "no picture")] = None
    """Write an SVG here: the statistic, its bound and the trip."""
    json_: Json = False
    """Print one JSON object on standard output, nothing else."""

    def answer(self) -> "Answer":
        from corrigible.commands.trip import answer_replay

        return answer_replay(self.tripwire, self.points, until=self.until, picture=self.picture)


@dataclass(frozen=True)
class TripwireFigures:
    """Simulate a tripwire: how many healthy runs it stops, and how many checkpoints late it sees a take-off."""

    tripwire: Wire
    """A YAML file (docs/tripwires.md), or the name of one that ships: take-off."""
    runs: int = 10_000
    """How many runs of each kind (>= 2)."""
    seed: int = 0
    """Of the simulation."""
    json_: Json = False
    """Print one JSON object on standard output, nothing else."""

    def answer(self) -> "Answer":
        from corrigible.commands.trip import answer_figures

        return answer_figures(self.tripwire, runs=self.runs, seed=self.seed)


TripKind: TypeAlias = (
    Annotated[ReplayTripwire, subcommand(name="replay", prefix_name=False)]
    | Annotated[TripwireFigures, subcommand(name="figures", prefix_name=False)]
)


@dataclass(frozen=True)
class Trip:
    """Tripwires on runs (docs/tripwires.md): replay finished runs, and figures of what a tripwire costs and gives."""

    trip: OmitSubcommandPrefixes[TripKind]
    """Which question."""

    @property
    def json_(self) -> bool:
        return self.trip.json_

    def answer(self) -> "Answer":
        return self.trip.answer()

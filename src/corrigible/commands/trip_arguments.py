"""Arguments of `corrigible trip ..`: each dataclass is the documentation that `--help` prints."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, TypeAlias

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
    owners: Annotated[Path | None, unless_given("FILE", "the owner is taken as it is written")] = None
    """The owners' register: it has to know the tripwire's owner, and says who that is and by when they decide."""
    json_: Json = False
    """Print one JSON object on standard output, nothing else."""

    def answer(self) -> "Answer":
        from corrigible.commands.trip import answer_replay

        return answer_replay(self.tripwire, self.points, until=self.until, picture=self.picture, owners=self.owners)


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


Folder: TypeAlias = Positional[Annotated[Path, arg(metavar="FOLDER", help_behavior_hint="")]]
Person: TypeAlias = Annotated[str, arg(metavar="PERSON")]


@dataclass(frozen=True)
class TripTable:
    """Tripwires against the laboratory's own runs: false stops per healthy run, misses, delay, with intervals."""

    runs: Positional[Annotated[tuple[Path, ...], arg(metavar="RUN ..", help_behavior_hint="")]]
    """Run folders, or files of evidence (docs/evidence/NAME/*.jsonl), whose headline is a share of episodes."""
    items: int = 50
    """Episodes that a tripwire is shown at each checkpoint."""
    draws: int = 200
    """How often they are drawn anew."""
    failing: Annotated[str | None, unless_given("CONDITION", "the failure of the experiment")] = None
    """Whose runs should be stopped."""
    seed: int = 0
    """Of the draws."""
    json_: Json = False
    """Print one JSON object on standard output, nothing else."""

    def answer(self) -> "Answer":
        from corrigible.commands.trip_table import answer_table

        return answer_table(self.runs, items=self.items, draws=self.draws, seed=self.seed, failing=self.failing)


@dataclass(frozen=True)
class TripStatus:
    """Where a run under a tripwire stands: what stopped it, who has to decide by when, and where the evidence lies.

    Exit code 0 where no stop stands, 5 where one does, 3 where it was decided that training ends.
    """

    folder: Folder
    """The folder beside the points: POINTS.TRIPWIRE."""
    at: Annotated[str | None, unless_given("TIME", "now")] = None
    """Who has to decide then: whoever lets the time pass is passed over."""
    page: Annotated[Path | None, unless_given("FILE", "no page")] = None
    """Write a page here that whoever has to decide reads in three minutes."""
    json_: Json = False
    """Print one JSON object on standard output, nothing else."""

    def answer(self) -> "Answer":
        from corrigible.commands.stopping import answer_standing

        return answer_standing(self.folder, at=self.at, page=self.page)


@dataclass(frozen=True)
class Acknowledge:
    """Say that you have seen the stop; from then on the time to decide runs."""

    folder: Folder
    """The folder beside the points: POINTS.TRIPWIRE."""
    by: Person
    """You, as the owners' register names you; refused unless you are in charge now."""
    json_: Json = False
    """Print one JSON object on standard output, nothing else."""

    def answer(self) -> "Answer":
        from corrigible.commands.stopping import answer_acknowledge

        return answer_acknowledge(self.folder, by=self.by)


@dataclass(frozen=True)
class Decide:
    """Decide whether training goes on. Without it training does not: a trainer that is started again is refused."""

    folder: Folder
    """The folder beside the points: POINTS.TRIPWIRE."""
    choice: Positional[Annotated[Literal["resume", "end"], arg(help_behavior_hint="")]]
    """resume: it may go on, under what is left of the plan; end: it never does."""
    by: Person
    """You, as the owners' register names you; refused unless you are in charge now."""
    reason: Annotated[str, arg(metavar="WHY")]
    """Why; it is kept."""
    tripwire: Annotated[Path | None, unless_given("FILE", "the one that tripped")] = None
    """Go on under another tripwire of the same name."""
    json_: Json = False
    """Print one JSON object on standard output, nothing else."""

    def answer(self) -> "Answer":
        from corrigible.commands.stopping import answer_decide

        return answer_decide(self.folder, self.choice, by=self.by, reason=self.reason, tripwire=self.tripwire)


TripKind: TypeAlias = (
    Annotated[ReplayTripwire, subcommand(name="replay", prefix_name=False)]
    | Annotated[TripwireFigures, subcommand(name="figures", prefix_name=False)]
    | Annotated[TripTable, subcommand(name="table", prefix_name=False)]
    | Annotated[TripStatus, subcommand(name="status", prefix_name=False)]
    | Annotated[Acknowledge, subcommand(name="acknowledge", prefix_name=False)]
    | Annotated[Decide, subcommand(name="decide", prefix_name=False)]
)


@dataclass(frozen=True)
class Trip:
    """Tripwires (docs/tripwires.md): replay finished runs, simulate, and decide about a run that one has stopped."""

    trip: OmitSubcommandPrefixes[TripKind]
    """Which question."""

    @property
    def json_(self) -> bool:
        return self.trip.json_

    def answer(self) -> "Answer":
        return self.trip.answer()


@dataclass(frozen=True)
class Watch:
    """Watch a training run from a process of its own: it judges every point and writes the stop file.

    Ends with exit code 5 once the wire trips, and 0 when the trainer has finished. Killed, it can be started again; the
    trainer that it watched stops meanwhile.
    """

    tripwire: Wire
    """A YAML file (docs/tripwires.md), or the name of one that ships: take-off."""
    points: Positional[Annotated[Path, arg(metavar="POINTS", help_behavior_hint="")]]
    """The file of points that the trainer appends to; it need not exist yet."""
    owners: Annotated[Path, arg(metavar="FILE")]
    """The owners' register, which has to know the tripwire's owner."""
    run: Annotated[str | None, unless_given("NAME", "the file's name without its ending")] = None
    """Name of the run."""
    every: float = 1.0
    """Seconds between two looks."""
    silence: Annotated[float | None, unless_given("SECONDS", "none does")] = None
    """A trainer's silence that trips: a dead one and one that trains on unheard look alike."""
    json_: Json = False
    """Print one JSON object on standard output, nothing else."""

    def answer(self) -> "Answer":
        from corrigible.commands.watch import answer_watch
        from corrigible.tripwires.watcher import Patience

        patience = Patience(every=self.every, silence=self.silence)
        return answer_watch(self.tripwire, self.points, owners=self.owners, run=self.run, patience=patience)

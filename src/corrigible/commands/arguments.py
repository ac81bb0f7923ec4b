"""Arguments of the commands: each dataclass is the documentation that `--help` prints, and what it does is one call."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, TypeAlias

from tyro.conf import Positional, arg

if TYPE_CHECKING:
    from corrigible.commands.answer import Answer

Json: TypeAlias = Annotated[bool, arg(name="json", help_behavior_hint="")]
Preset: TypeAlias = Literal["smoke", "quick", "full"]


def unless_given(metavar: str, otherwise: str) -> object:
    """How `--help` shows an option that may be left out: what to give, and what happens otherwise."""
    return arg(metavar=metavar, help_behavior_hint=f"[default: {otherwise}]")


@dataclass(frozen=True)
class List:
    """Experiments, detectors, lenses and remedies that are installed."""

    json_: Json = False
    """Print one JSON object on standard output, nothing else."""

    def answer(self) -> "Answer":
        from corrigible.commands.listing import list_registered

        return list_registered()


@dataclass(frozen=True)
class Run:
    """Run an experiment to its report: failure, detection, explanation, remedies, verdict."""

    name: Positional[Annotated[str | None, arg(metavar="NAME", help_behavior_hint="")]] = None
    """Experiment (see `corrigible list`); may be left out with --resume."""
    preset: Annotated[Preset | None, unless_given("{smoke,quick,full}", "quick")] = None
    """smoke: under a minute; quick: minutes; full: what the README cites."""
    seeds: Annotated[int | None, unless_given("N", "the preset's number")] = None
    """How many seeds: 0 to N-1."""
    seed_list: Annotated[tuple[int, ...] | None, unless_given("SEED ..", "as --seeds says")] = None
    """Which seeds, instead of how many: --seed-list 3 4 7."""
    conditions: Annotated[tuple[str, ...] | None, unless_given("NAME ..", "all, with every remedy that applies")] = None
    """Conditions to run besides failure and reference."""
    workers: Annotated[int | None, unless_given("N", "chosen by the work")] = None
    """Processes. Results do not depend on it."""
    resume: Annotated[Path | None, unless_given("RUN", "a new run is begun")] = None
    """Finish the run in this folder, with the settings it was begun with."""
    out: Path = Path("runs")
    """Folder that holds run folders."""
    device: Annotated[str | None, unless_given("{cpu,cuda}", "cpu")] = None
    """Where networks run; tabular learners have none."""
    tripwire: Annotated[Path | None, unless_given("FILE", "none")] = None
    """A tripwire on every cell's training (docs/tripwires.md); exit code 5 once one trips. Needs --owners."""
    owners: Annotated[Path | None, unless_given("FILE", "none")] = None
    """The owners' register, which has to know the tripwire's owner."""
    json_: Json = False
    """Print one JSON object on standard output, nothing else."""

    def answer(self) -> "Answer":
        from corrigible.commands.running import chosen_seeds, run_with_progress

        return run_with_progress(
            self.name,
            preset=self.preset,
            seeds=chosen_seeds(self.seeds, self.seed_list),
            conditions=self.conditions,
            workers=self.workers,
            resume=self.resume,
            out=self.out,
            device=self.device,
            tripwire=self.tripwire,
            owners=self.owners,
        )


@dataclass(frozen=True)
class Demo:
    """Watch an agent leave the bottom log of every tree, and a mended one; then train the failure on this machine."""

    fresh: bool = False
    """Leave out the policies that ship with the package: train everything."""
    out: Path = Path("runs")
    """Folder that holds run folders."""
    json_: Json = False
    """Print one JSON object on standard output, nothing else."""

    def answer(self) -> "Answer":
        from corrigible.commands.demo import run_demo

        return run_demo(fresh=self.fresh, out=self.out)


@dataclass(frozen=True)
class Report:
    """Write the report of a finished run again."""

    run: Positional[Annotated[Path, arg(metavar="RUN")]]
    """Folder of a finished run."""
    json_: Json = False
    """Print one JSON object on standard output, nothing else."""

    def answer(self) -> "Answer":
        from corrigible.commands.report import answer_report

        return answer_report(self.run)


@dataclass(frozen=True)
class Compare:
    """Measurements of several runs side by side, with paired differences from the first."""

    runs: Positional[Annotated[tuple[Path, ...], arg(metavar="RUN RUN ..", help_behavior_hint="(required)")]]
    """Folders of two finished runs or more."""
    metric: Annotated[str | None, unless_given("NAME", "all")] = None
    """Only this metric."""
    json_: Json = False
    """Print one JSON object on standard output, nothing else."""

    def answer(self) -> "Answer":
        from corrigible.commands.compare import answer_compare

        return answer_compare(self.runs, metric=self.metric)


@dataclass(frozen=True)
class Evidence:
    """Fold evidence rows into the tables of failures and claims; add a run's rows; write the README's tables."""

    add: Annotated[tuple[Path, ...], unless_given("RUN ..", "none")] = ()
    """Finished runs whose rows are appended to the evidence."""
    root: Path = Path()
    """Checkout that holds docs/evidence and README.md."""
    write: bool = False
    """Write the tables into README.md between their markers."""
    check: bool = False
    """Fail when README.md and the evidence differ."""
    another_machine: bool = False
    """With --add: it was run on another machine, where cells that are there already may have come out otherwise."""
    json_: Json = False
    """Print one JSON object on standard output, nothing else."""

    def answer(self) -> "Answer":
        from corrigible.commands.evidence import answer_evidence

        return answer_evidence(
            self.root, add=self.add, write=self.write, check=self.check, another_machine=self.another_machine
        )


@dataclass(frozen=True)
class Detect:
    """Run detectors on your own logs: suspicion per episode, calibrated on a reference file (docs/own-logs.md)."""

    file: Positional[Annotated[Path, arg(metavar="FILE")]]
    """JSONL log or Minari dataset to examine."""
    reference: Path
    """Log of the same kind, of behaviour that is known to be fine."""
    detectors: Annotated[tuple[str, ...] | None, unless_given("NAME ..", "all that the file's fields allow")] = None
    """Which detectors."""
    rate: float = 0.05
    """False alarms per reference episode that are acceptable; 0.05 needs at least 38 reference episodes."""
    json_: Json = False
    """Print one JSON object on standard output, nothing else."""

    def answer(self) -> "Answer":
        from corrigible.commands.detecting import answer_detect

        return answer_detect(self.file, self.reference, detectors=self.detectors, rate=self.rate)


@dataclass(frozen=True)
class Clean:
    """Show what run folders cost, and remove those that are named."""

    remove: Annotated[tuple[str, ...], unless_given("RUN ..", "none")] = ()
    """Names of runs to remove."""
    unfinished: bool = False
    """Remove every run that was stopped or failed, and that no process is writing."""
    out: Path = Path("runs")
    """Folder that holds run folders."""
    json_: Json = False
    """Print one JSON object on standard output, nothing else."""

    def answer(self) -> "Answer":
        from corrigible.commands.clean import answer_clean

        return answer_clean(self.out, remove=self.remove, unfinished=self.unfinished)


@dataclass(frozen=True)
class Bench:
    """Run the benchmarks of a checkout: ratios against peers in one run."""

    names: Positional[Annotated[tuple[str, ...], unless_given("NAME ..", "all")]] = ()
    """Which benchmarks."""
    root: Path = Path()
    """Checkout that holds benchmarks/."""
    json_: Json = False
    """Print one JSON object on standard output, nothing else."""

    def answer(self) -> "Answer":
        from corrigible.commands.bench import answer_bench

        return answer_bench(self.names, root=self.root)

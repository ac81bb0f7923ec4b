"""Arguments of the commands: each dataclass is the documentation that `--help` prints, and what it does is one call."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, TypeAlias

from tyro.conf import Positional, arg

if TYPE_CHECKING:
    from corrigible.commands.answer import Answer

Json: TypeAlias = Annotated[bool, arg(name="json")]
Preset: TypeAlias = Literal["smoke", "quick", "full"]


@dataclass(frozen=True)
class List:
    """Experiments, detectors, lenses and remedies that are installed."""

    json_: Json = False
    """Print one JSON object on standard output and nothing else there."""

    def answer(self) -> "Answer":
        from corrigible.commands.listing import list_registered

        return list_registered()


@dataclass(frozen=True)
class Run:
    """Run an experiment to its report: failure, detection, explanation, remedies, verdict."""

    name: Positional[str | None] = None
    """Experiment (see `corrigible list`); may be left out with --resume."""
    preset: Preset = "quick"
    """smoke: under a minute; quick: minutes; full: what the README cites."""
    seeds: int | None = None
    """How many seeds, 0 to N-1 [default: the preset's]."""
    seed_list: tuple[int, ...] | None = None
    """Which seeds, instead of how many: --seed-list 3 4 7."""
    conditions: tuple[str, ...] | None = None
    """Conditions to run besides failure and reference [default: all, with every remedy that applies]."""
    workers: int | None = None
    """Processes [default: chosen by the work]. Results do not depend on it."""
    resume: Path | None = None
    """Finish the run in this folder."""
    out: Path = Path("runs")
    """Folder that holds run folders."""
    device: str = "cpu"
    """cpu or cuda, wherever a network runs."""
    json_: Json = False
    """Print one JSON object on standard output and nothing else there."""

    def answer(self) -> "Answer":
        from corrigible.commands.running import run_with_progress

        return run_with_progress(
            self.name,
            preset=self.preset,
            seeds=self.seed_list if self.seed_list is not None else self.seeds,
            conditions=self.conditions,
            workers=self.workers,
            resume=self.resume,
            out=self.out,
            device=self.device,
        )


@dataclass(frozen=True)
class Report:
    """Write the report of a finished run again."""

    run: Positional[Path]
    """Run folder."""
    json_: Json = False
    """Print one JSON object on standard output and nothing else there."""

    def answer(self) -> "Answer":
        from corrigible.commands.report import answer_report

        return answer_report(self.run)


@dataclass(frozen=True)
class Compare:
    """Measurements of several runs side by side, with paired differences from the first."""

    runs: Positional[tuple[Path, ...]]
    """Two run folders or more."""
    metric: str | None = None
    """Only this metric."""
    json_: Json = False
    """Print one JSON object on standard output and nothing else there."""

    def answer(self) -> "Answer":
        from corrigible.commands.compare import answer_compare

        return answer_compare(self.runs, metric=self.metric)


@dataclass(frozen=True)
class Evidence:
    """Fold evidence rows into the tables of failures and claims; add a run's rows; write the README's tables."""

    add: tuple[Path, ...] = ()
    """Finished runs whose rows are appended to the evidence."""
    root: Path = Path()
    """Checkout that holds docs/evidence and README.md."""
    write: bool = False
    """Write the tables into README.md between their markers."""
    check: bool = False
    """Fail when README.md and the evidence differ."""
    json_: Json = False
    """Print one JSON object on standard output and nothing else there."""

    def answer(self) -> "Answer":
        from corrigible.commands.evidence import answer_evidence

        return answer_evidence(self.root, add=self.add, write=self.write, check=self.check)


@dataclass(frozen=True)
class Detect:
    """Run detectors on your own logs: suspicion per episode, calibrated on a reference file (docs/own-logs.md)."""

    file: Positional[Path]
    """JSONL log or Minari dataset to examine."""
    reference: Path
    """Log of the same kind, of behaviour that is known to be fine."""
    detectors: tuple[str, ...] | None = None
    """Which detectors [default: all that the file's fields allow]."""
    rate: float = 0.05
    """False alarms per reference episode that are acceptable; 0.05 needs at least 38 reference episodes."""
    json_: Json = False
    """Print one JSON object on standard output and nothing else there."""

    def answer(self) -> "Answer":
        from corrigible.commands.detecting import answer_detect

        return answer_detect(self.file, self.reference, detectors=self.detectors, rate=self.rate)


@dataclass(frozen=True)
class Clean:
    """Show what run folders cost, and remove those that are named."""

    remove: tuple[str, ...] = ()
    """Run ids to remove."""
    unfinished: bool = False
    """Remove every run that is not done (and that no process is writing)."""
    out: Path = Path("runs")
    """Folder that holds run folders."""
    json_: Json = False
    """Print one JSON object on standard output and nothing else there."""

    def answer(self) -> "Answer":
        from corrigible.commands.clean import answer_clean

        return answer_clean(self.out, remove=self.remove, unfinished=self.unfinished)


@dataclass(frozen=True)
class Bench:
    """Run the benchmarks of a checkout: ratios against peers in one run."""

    names: Positional[tuple[str, ...]] = ()
    """Which [default: all]."""
    root: Path = Path()
    """Checkout that holds benchmarks/."""
    json_: Json = False
    """Print one JSON object on standard output and nothing else there."""

    def answer(self) -> "Answer":
        from corrigible.commands.bench import answer_bench

        return answer_bench(self.names, root=self.root)

"""The command line over the Python API: `corrigible --help`. Exit codes: 0 done, 1 fault, 2 bad input (3-6: gates)."""

import contextlib
import io
import json
import re
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal, TypeAlias

import tyro
from tyro.conf import Positional, arg, subcommand

from corrigible.errors import EXIT_BAD_INPUT, EXIT_DONE, EXIT_FAULT, CorrigibleError, one_line

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

    game: tyro.conf.OmitSubcommandPrefixes[Game]
    """Which game."""

    @property
    def json_(self) -> bool:
        return self.game.json_

    def answer(self) -> "Answer":
        return self.game.answer()


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


@dataclass(frozen=True)
class Completion:
    """Print a completion script: `corrigible completion bash > FILE`, then source it."""

    shell: Positional[Literal["bash", "zsh", "tcsh"]]
    """Your shell."""
    json_: Json = False
    """Print one JSON object on standard output and nothing else there."""

    def answer(self) -> "Answer":
        from corrigible.commands.answer import Answer

        script = io.StringIO()
        with contextlib.redirect_stdout(script), contextlib.suppress(SystemExit):
            tyro.cli(Command, prog=PROGRAM, args=["--tyro-print-completion", self.shell])
        return Answer(data={"shell": self.shell, "script": script.getvalue()}, lines=(script.getvalue(),))


Command: TypeAlias = (
    Annotated[List, subcommand(name="list")]
    | Annotated[Run, subcommand(name="run")]
    | Annotated[Report, subcommand(name="report")]
    | Annotated[Compare, subcommand(name="compare")]
    | Annotated[Evidence, subcommand(name="evidence")]
    | Annotated[Detect, subcommand(name="detect")]
    | Annotated[Games, subcommand(name="game")]
    | Annotated[Clean, subcommand(name="clean")]
    | Annotated[Bench, subcommand(name="bench")]
    | Annotated[Completion, subcommand(name="completion")]
)

PROGRAM: Final = "corrigible"
ABOUT: Final = (
    "A laboratory of alignment failures: make them happen, find them, explain them, mend them, leave evidence."
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Parse, run, print; returns the exit code. Errors are one line on standard error."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    try:
        if given == ["--version"]:
            from corrigible import __version__

            return _say(f"corrigible {__version__}")
        command = _parse(given or ["--help"])
        with _quiet_stdout(command.json_):
            answer = command.answer()
    except CorrigibleError as error:
        return _complain(str(error), error.exit_code)
    except KeyboardInterrupt:
        return _complain("stopped; nothing was left half-written", EXIT_FAULT)
    except BrokenPipeError:
        return EXIT_FAULT
    if command.json_:
        from corrigible.stages.strict_json import plain

        return _say(json.dumps(plain(answer.data), allow_nan=False))
    return _say("\n".join(answer.lines))


def _parse(given: list[str]) -> Any:
    """tyro's own words about a mistake, folded into one line."""
    said = io.StringIO()
    try:
        with contextlib.redirect_stderr(said):
            return tyro.cli(
                Command, prog=PROGRAM, description=ABOUT, args=given, config=(tyro.conf.FlagCreatePairsOff,)
            )
    except SystemExit as stop:
        if stop.code in (None, 0):
            raise
        text = re.sub(r"\x1b\[[0-9;]*m|[╭╮╰╯│─]", " ", said.getvalue()).split("For full helptext")[0]
        words = one_line(text) or "the arguments do not parse"
        raise SystemExit(_complain(f"{words}; see `{PROGRAM} --help`", EXIT_BAD_INPUT)) from None


@contextlib.contextmanager
def _quiet_stdout(json_wanted: bool) -> Iterator[None]:
    """With --json, whatever a plugin prints goes to standard error: standard output holds one JSON object."""
    if json_wanted:
        with contextlib.redirect_stdout(sys.stderr):
            yield
    else:
        yield


def _say(text: str) -> int:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()
    return EXIT_DONE


def _complain(text: str, code: int) -> int:
    sys.stderr.write(f"{PROGRAM}: {one_line(text)}\n")
    return code


def entry() -> None:
    """Console script."""
    sys.exit(main())

"""The command line over the Python API: `corrigible --help`.

Exit codes: 0 done or allow, 1 fault, 2 bad input, 3 deny, 4 unknown, 5 tripped, 6 tampered.
"""

import contextlib
import io
import json
import os
import re
import signal
import sys
import traceback
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Final, Literal, TypeAlias

import tyro
from tyro.conf import Positional, subcommand

from corrigible.commands.answer import Answer
from corrigible.commands.arguments import Bench, Clean, Compare, Demo, Detect, Evidence, Json, List, Report, Run
from corrigible.commands.chain_arguments import Chain
from corrigible.commands.forecast_arguments import Forecast
from corrigible.commands.game_arguments import Games
from corrigible.commands.gap_arguments import Gap
from corrigible.commands.leverage_arguments import Leverage
from corrigible.commands.mistakes import in_one_line
from corrigible.commands.models_arguments import ExploitTest, Models, Tune
from corrigible.commands.oversight_arguments import Bundle, Commitments, Disclose, Gate, Owners, Policies, Verify
from corrigible.commands.prefix_arguments import Prefix
from corrigible.commands.race_arguments import Race
from corrigible.commands.trip_arguments import Trip, Watch
from corrigible.commands.voxel_arguments import Render, Replay
from corrigible.errors import EXIT_DONE, EXIT_FAULT, BadInput, CorrigibleError, one_line


@dataclass(frozen=True)
class Completion:
    """Print a completion script: `corrigible completion bash > FILE`, then source it."""

    shell: Positional[Literal["bash", "zsh"]]
    """Your shell."""
    json_: Json = False
    """Print one JSON object on standard output, nothing else."""

    def answer(self) -> Answer:
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed), contextlib.suppress(SystemExit):
            _read(["--tyro-print-completion", self.shell])
        script = re.sub(r", 'None'|'None', ", "", printed.getvalue())  # what may be left out need not be typed
        return Answer(data={"shell": self.shell, "script": script}, lines=(script,))


Command: TypeAlias = (
    Annotated[List, subcommand(name="list")]
    | Annotated[Run, subcommand(name="run")]
    | Annotated[Demo, subcommand(name="demo")]
    | Annotated[Report, subcommand(name="report")]
    | Annotated[Compare, subcommand(name="compare")]
    | Annotated[Evidence, subcommand(name="evidence")]
    | Annotated[Detect, subcommand(name="detect")]
    | Annotated[Prefix, subcommand(name="prefix")]
    | Annotated[Games, subcommand(name="game")]
    | Annotated[Forecast, subcommand(name="forecast")]
    | Annotated[Models, subcommand(name="models")]
    | Annotated[ExploitTest, subcommand(name="exploit-test")]
    | Annotated[Tune, subcommand(name="tune")]
    | Annotated[Chain, subcommand(name="chain")]
    | Annotated[Policies, subcommand(name="policy")]
    | Annotated[Commitments, subcommand(name="commitments")]
    | Annotated[Gate, subcommand(name="gate")]
    | Annotated[Bundle, subcommand(name="bundle")]
    | Annotated[Verify, subcommand(name="verify")]
    | Annotated[Owners, subcommand(name="owners")]
    | Annotated[Disclose, subcommand(name="disclose")]
    | Annotated[Race, subcommand(name="race")]
    | Annotated[Leverage, subcommand(name="leverage")]
    | Annotated[Gap, subcommand(name="gap")]
    | Annotated[Trip, subcommand(name="trip")]
    | Annotated[Watch, subcommand(name="watch")]
    | Annotated[Render, subcommand(name="render")]
    | Annotated[Replay, subcommand(name="replay")]
    | Annotated[Clean, subcommand(name="clean")]
    | Annotated[Bench, subcommand(name="bench")]
    | Annotated[Completion, subcommand(name="completion")]
)

PROGRAM: Final = "corrigible"
ABOUT: Final = (
    "A laboratory of alignment failures: make them happen, find them, explain them, mend them, leave evidence."
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Parse, run, print; returns the exit code. Errors are one line on standard error, and JSON where that is asked."""
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # threads that spin make others wait on shared cores
    given = list(sys.argv[1:] if arguments is None else arguments)
    json_wanted = "--json" in given
    try:
        if given == ["--version"]:
            from corrigible import __version__

            return _say(f"corrigible {__version__}")
        command = _parse(given or ["--help"])
        with _quiet_stdout(command.json_):
            answer = command.answer()
    except CorrigibleError as error:
        return _complain(error, error.exit_code, json_wanted=json_wanted)
    except KeyboardInterrupt:
        return _complain("stopped; nothing was left half-written", EXIT_FAULT, json_wanted=json_wanted)
    except Exception as fault:  # noqa: BLE001 - a fault of ours; who asked for one JSON object gets one even then
        traceback.print_exc()
        words = f"{type(fault).__name__}: {fault}; this is a fault of Corrigible or a plugin, see the lines above"
        return _complain(words, EXIT_FAULT, json_wanted=json_wanted)
    if command.json_:
        from corrigible.stages.strict_json import plain

        return _say(json.dumps(plain(answer.data), allow_nan=False)) or answer.exit_code
    return _say("\n".join(answer.lines)) or answer.exit_code


def _read(given: Sequence[str]) -> Any:
    return tyro.cli(Command, prog=PROGRAM, description=ABOUT, args=given, config=(tyro.conf.FlagCreatePairsOff,))


def _parse(given: list[str]) -> Any:
    """tyro's own words about a mistake, folded into one line."""
    said = io.StringIO()
    try:
        with contextlib.redirect_stderr(said):
            return _read(given)
    except BrokenPipeError:  # of `--help`
        raise SystemExit(_unheard()) from None
    except SystemExit as stop:
        if stop.code in (None, 0):
            raise
        words = in_one_line(said.getvalue()) or "they do not parse"
        raise BadInput(value="arguments", rule=words, remedy=f"see `{PROGRAM} --help`") from None


@contextlib.contextmanager
def _quiet_stdout(json_wanted: bool) -> Generator[None]:
    """With --json, whatever a plugin prints goes to standard error: standard output holds one JSON object."""
    if json_wanted:
        with contextlib.redirect_stdout(sys.stderr):
            yield
    else:
        yield


def _say(text: str) -> int:
    try:
        sys.stdout.write(text + "\n")
        sys.stdout.flush()
    except BrokenPipeError:
        return _unheard()
    return EXIT_DONE


def _unheard() -> int:
    """`corrigible list | head -1`: nobody listens any more, and what is left must not be tried again."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return EXIT_FAULT


def _complain(error: CorrigibleError | str, code: int, *, json_wanted: bool) -> int:
    told = one_line(str(error))
    sys.stderr.write(f"{PROGRAM}: {told}\n")
    if json_wanted:
        known = isinstance(error, CorrigibleError)
        parts = {"value": error.value, "rule": error.rule, "remedy": error.remedy} if known else {}
        _say(json.dumps({"error": told, **parts, "exit_code": code}))
    return code


def entry() -> None:
    """Console script."""
    code = main()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # all is said: one more Ctrl-C shall not end in a traceback
    sys.exit(code)

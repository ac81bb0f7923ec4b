"""The command line over the Python API: `corrigible --help`. Exit codes: 0 done, 1 fault, 2 bad input (3-6: gates)."""

import contextlib
import io
import json
import re
import sys
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Final, Literal, TypeAlias

import tyro
from tyro.conf import Positional, subcommand

from corrigible.commands.answer import Answer
from corrigible.commands.arguments import Bench, Clean, Compare, Detect, Evidence, Json, List, Report, Run
from corrigible.commands.game_arguments import Games
from corrigible.errors import EXIT_BAD_INPUT, EXIT_DONE, EXIT_FAULT, CorrigibleError, one_line


@dataclass(frozen=True)
class Completion:
    """Print a completion script: `corrigible completion bash > FILE`, then source it."""

    shell: Positional[Literal["bash", "zsh", "tcsh"]]
    """Your shell."""
    json_: Json = False
    """Print one JSON object on standard output and nothing else there."""

    def answer(self) -> Answer:
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
def _quiet_stdout(json_wanted: bool) -> Generator[None]:
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

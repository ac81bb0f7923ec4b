"""A mistake on the command line is told in one line that a person understands."""

import contextlib
import io

import pytest
import tyro

from corrigible.cli import Command
from corrigible.commands.mistakes import in_one_line


def told(*arguments: str) -> str:
    said = io.StringIO()
    with contextlib.redirect_stderr(said), pytest.raises(SystemExit):
        tyro.cli(Command, prog="corrigible", args=arguments)
    return in_one_line(said.getvalue())


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (("run", "x", "--seeds", "many"), "--seeds 'many': it must be INT"),
        (("run", "x", "--no-such"), "Unrecognized options: --no-such"),
        (
            ("run", "x", "--seed", "3"),
            "Unrecognized options: --seed 3; perhaps you meant --speed, --seed-list, --seeds",
        ),
        (("report",), "Missing from corrigible report: RUN Folder of a finished run"),
        (("completion", "fish"), "invalid choice 'fish' for argument 'shell'. Expected one of ('bash', 'zsh')"),
    ],
)
def test_the_box_becomes_its_words(arguments: tuple[str, ...], line: str) -> None:
    assert told(*arguments) == line


def test_a_choice_that_may_be_left_out_does_not_offer_none() -> None:
    line = told("run", "x", "--preset", "huge")
    assert "None" not in line
    assert all(repr(preset) in line for preset in ("smoke", "quick", "full"))


def test_no_words_are_no_line() -> None:
    assert in_one_line("") == ""
    assert in_one_line("╭──────╮\n│      │\n╰──────╯\n") == ""

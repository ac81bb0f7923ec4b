"""`corrigible forecast`: readable answers, JSON, pictures, and refusals in one line."""

import json
from pathlib import Path

import pytest

from corrigible.cli import main


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["dates"], "cut off, and renormalised"),
        (["dates", "--uncut"], "nothing is cut off"),
        (["dates", "--brains", "1e10", "1e18", "--tried", "30"], "refuted"),
        (["takeoff", "--hardware", "1000"], "hardware binds at 1000"),
        (["takeoff", "--beta", "1"], "exponential"),
        (["takeoff", "--beta", "2"], "polynomial"),
        (["receding"], "It never moves in"),
    ],
)
def test_each_question_is_answered_drawn_and_printed_as_json(
    arguments: list[str], words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    picture = tmp_path / "p.svg"
    assert main(["forecast", *arguments, "--picture", str(picture)]) == 0
    assert words in capsys.readouterr().out
    assert picture.read_text(encoding="utf-8").startswith("<svg")
    assert main(["forecast", *arguments, "--json"]) == 0
    assert isinstance(json.loads(capsys.readouterr().out), dict)


@pytest.mark.parametrize(
    "arguments",
    [
        ["dates", "--tried", "60"],
        ["dates", "--spread", "0"],
        ["dates", "--brains", "-1"],
        ["dates", "--hardware", "0.1"],
        ["takeoff", "--lam", "-1"],
        ["takeoff", "--hardware", "0"],
        ["receding", "--rate", "0"],
        ["receding", "--shape", "1"],
        ["receding", "--years", "nan"],
        ["receding", "--picture", "no/such/folder/p.svg"],
    ],
)
def test_bad_input_is_refused_in_one_line(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["forecast", *arguments]) == 2
    out, err = capsys.readouterr()
    assert (out, len(err.splitlines())) == ("", 1)

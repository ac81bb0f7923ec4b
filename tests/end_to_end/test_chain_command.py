"""`corrigible chain ..`: answers by command, as JSON and as pages, and one line for bad input."""

import json
from pathlib import Path
from typing import Any

import pytest

from corrigible.cli import main

WEATHER = {
    "corrigible_ngram": 1,
    "order": 1,
    "vocabulary": ["sun", "rain"],
    "probabilities": {"sun": [0.9, 0.1], "rain": [0.5, 0.5]},
}


@pytest.fixture
def weather(tmp_path: Path) -> str:
    path = tmp_path / "weather.json"
    path.write_text(json.dumps(WEATHER), encoding="utf-8")
    return str(path)


def answered(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, Any]:
    """The one JSON object that a question prints."""
    assert main(["chain", *arguments, "--json"]) == 0
    said = capsys.readouterr()
    assert said.out.count("\n") == 1
    return json.loads(said.out)


def test_where_the_weather_settles(capsys: pytest.CaptureFixture[str], weather: str) -> None:
    found = answered(capsys, "stationary", "--model", weather, "--prompt", "rain", "--lags", "3")
    (whole,) = found["classes"]
    assert {row["window"]: round(row["share"], 6) for row in whole["likeliest"]} == {"sun": 0.833333, "rain": 0.166667}
    assert whole["second eigenvalue"] == pytest.approx(0.4)
    assert whole["ends here"] == pytest.approx(1.0)
    assert len(whole["information"]) == 3


def test_how_it_came_to_rain(capsys: pytest.CaptureFixture[str], weather: str) -> None:
    found = answered(
        capsys, "reverse", "--model", weather, "--final", "rain", "--prompt", "sun", "--steps", "2", "--count", "500"
    )
    assert found["probability"] == pytest.approx(0.9 * 0.1 + 0.1 * 0.5)
    assert found["likeliest"]["says"] == "sun | sun rain"
    assert found["likeliest"]["share"] == pytest.approx(0.09 / 0.14)
    shares = {row["says"]: row["share"] for row in found["sampled"]}
    assert shares["sun | sun rain"] == pytest.approx(0.09 / 0.14, abs=0.08)
    assert sum(shares.values()) == pytest.approx(1.0)


def test_how_likely_rain_is(capsys: pytest.CaptureFixture[str], weather: str) -> None:
    found = answered(capsys, "rare", "--model", weather, "--event", "rain", "--prompt", "sun", "--steps", "3")
    assert found["by step"] == pytest.approx([0.0, 0.1, 0.19, 0.271])
    assert found["mean steps"] == pytest.approx(10.0)


def test_in_which_loops_greedy_decoding_ends(capsys: pytest.CaptureFixture[str], weather: str) -> None:
    found = answered(capsys, "loops", "--model", weather, "--prompt", "rain")
    assert found["cycles"] == 1  # after rain sun and rain are equally likely, and the first is said
    assert found["shown"] == [{"period": 1, "basin": 1.0, "says": "sun"}]
    assert found["prompt"] == {"steps before": 1, "period": 1}


def test_a_start_drawn_from_the_long_run_needs_one(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    path = tmp_path / "two.json"
    path.write_text(json.dumps({**WEATHER, "probabilities": {"sun": [1, 0], "rain": [0, 1]}}), encoding="utf-8")
    assert main(["chain", "rare", "--model", str(path), "--event", "rain"]) == 2
    assert "2 classes" in capsys.readouterr().err
    found = answered(capsys, "rare", "--model", str(path), "--event", "rain", "--prompt", "sun")
    assert (found["probability"], found["mean steps"]) == (0.0, None)
    assert len(answered(capsys, "stationary", "--model", str(path))["classes"]) == 2


@pytest.mark.parametrize(
    "question",
    [
        ("stationary",),
        ("loops",),
        ("reverse", "--final", "rain", "--steps", "4"),
        ("rare", "--event", "rain", "--steps", "4"),
    ],
)
def test_every_question_has_words_and_a_page(
    capsys: pytest.CaptureFixture[str], weather: str, tmp_path: Path, question: tuple[str, ...]
) -> None:
    page = tmp_path / "pages" / "chain.html"
    assert main(["chain", question[0], "--model", weather, *question[1:], "--report", str(page)]) == 0
    said = capsys.readouterr().out
    assert "2 windows of 1 of 2 tokens" in said
    assert str(page) in said
    text = page.read_text(encoding="utf-8")
    assert text.count("<section") >= 3
    assert "Content-Security-Policy" in text


def test_the_tiny_model_is_asked_about_every_window(capsys: pytest.CaptureFixture[str]) -> None:
    found = answered(capsys, "stationary", "--model", "tiny", "--window", "2", "--lags", "2", "--temperature", "0.8")
    assert found["windows"] == found["tokens"] ** 2
    assert found["classes"][0]["residual"] < 1e-10


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("stationary", "--model", "tiny", "--window", "9"), "are enumerated"),
        (("stationary", "--model", "WEATHER", "--window", "2"), "the file's order is 1"),
        (("stationary", "--model", "WEATHER", "--temperature", "0"), "temperature = 0"),
        (("stationary", "--model", "WEATHER", "--lags", "0"), "--lags 0"),
        (("stationary", "--model", "WEATHER", "--prompt", "snow"), "token 'snow'"),
        (("stationary", "--model", "WEATHER", "--report", "page.pdf"), "ends in .html"),
        (("stationary", "--model", "missing.json"), "missing.json"),
        (("reverse", "--model", "WEATHER", "--final", "rain", "--steps", "0"), "--steps 0"),
        (("rare", "--model", "WEATHER", "--event", "snow"), "token 'snow' of --event"),
        (("rare", "--model", "WEATHER", "--event", "rain rain"), "a window holds 1 to 1"),
        (("rare", "--model", "WEATHER", "--event", ""), "0 tokens"),
    ],
)
def test_bad_input_is_one_line(
    capsys: pytest.CaptureFixture[str], weather: str, arguments: tuple[str, ...], said: str
) -> None:
    assert main(["chain", *(weather if word == "WEATHER" else word for word in arguments)]) == 2
    told = capsys.readouterr().err
    assert said in told
    assert told.count("\n") == 1

"""`corrigible chain ..` where windows are sampled: answers, pages, agreement with exact answers, bad input."""

import json
from pathlib import Path
from typing import Any

import pytest

from corrigible.cli import main

WEATHER = {
    "corrigible_ngram": 1,
    "order": 2,
    "vocabulary": ["sun", "rain", "snow"],
    "probabilities": {"rain rain": [0.3, 0.6, 0.1], "rain snow": [0.2, 0.2, 0.6], "snow snow": [0.1, 0.1, 0.8]},
    "otherwise": [0.8, 0.19, 0.01],
}
ASKED = ("--prompt", "sun sun", "--steps", "12")


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


def refused(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """The one line that bad input gets."""
    assert main(["chain", *arguments]) in (1, 2)
    said = capsys.readouterr()
    assert not said.out
    assert said.err.strip().count("\n") == 0
    return said.err


def test_sampled_and_exact_answers_agree(capsys: pytest.CaptureFixture[str], weather: str) -> None:
    exact = answered(capsys, "rare", "--model", weather, "--event", "snow snow", *ASKED)
    found = answered(capsys, "rare", "--model", weather, "--event", "snow snow", *ASKED, "--sampled")
    one = found["probability"]
    assert abs(one["value"] / exact["probability"] - 1) < 5 * one["relative error"]
    assert one["how"] != found["second"]["how"]
    assert "tokens were read" in found["spent"]


def test_a_predicate_is_answered_exactly_and_from_samples(capsys: pytest.CaptureFixture[str], weather: str) -> None:
    asked = ("rare", "--model", weather, "--event", "rain snow", "--together", "2", *ASKED)
    exact, found = answered(capsys, *asked), answered(capsys, *asked, "--sampled")
    assert exact["event"] == found["event"] == "2 or more of 'rain snow' within a window"
    one = found["probability"]
    assert abs(one["value"] / exact["probability"] - 1) < 5 * one["relative error"]
    assert "a window holds" in refused(capsys, *asked[:6], "3", *ASKED)
    assert "a window holds" in refused(capsys, *asked[:6], "3", *ASKED, "--sampled")


def test_the_events_before_an_end_are_told_and_drawn(
    capsys: pytest.CaptureFixture[str], weather: str, tmp_path: Path
) -> None:
    asked = ("reverse", "--model", weather, "--final", "snow snow", *ASKED)
    exact = answered(capsys, *asked)
    page = tmp_path / "reverse.html"
    found = answered(capsys, *asked, "--sampled", "--report", str(page))
    assert abs(found["probability"]["value"] / exact["probability"] - 1) < 5 * found["probability"]["relative error"]
    assert sum(row["share"] for row in found["ways"]) == pytest.approx(1.0)
    assert all(row["says"].endswith("snow snow") for row in found["ways"])
    assert min(found["effective"]) > 1
    assert "What was said before" in page.read_text(encoding="utf-8")
    again = answered(capsys, *asked, "--sampled")
    assert again["ways"] == found["ways"], "the same seed gives the same answer"


def test_a_single_token_before_the_end_is_enumerated(capsys: pytest.CaptureFixture[str], weather: str) -> None:
    asked = ("reverse", "--model", weather, "--final", "snow snow", "--prompt", "sun rain", "--steps", "3")
    exact, found = answered(capsys, *asked), answered(capsys, *asked, "--sampled")
    assert found["probability"]["value"] == pytest.approx(exact["probability"], abs=1e-6)
    assert found["tried"] == 3
    assert found["rest"] == 0.0


def test_drift_of_the_tiny_model(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    page = tmp_path / "drift.html"
    found = answered(
        capsys, "drift", "--model", "tiny", "--window", "12", "--prompt-tokens", "6", "--steps", "12", "--texts", "8",
        "--report", str(page),
    )  # fmt: skip
    assert len(found["apart"]["mean"]) == 12
    assert found["apart"]["mean"][0] == pytest.approx(0.0, abs=1e-6)
    assert found["error"]["fate"] in ("heals", "snowballs", "unclear")
    assert found["loops"]["reference"]["of"] == 8
    assert "Does an error grow or heal?" in page.read_text(encoding="utf-8")


def test_a_chain_of_ones_own_drifts_beside_ones_own_text(
    capsys: pytest.CaptureFixture[str], weather: str, tmp_path: Path
) -> None:
    texts = tmp_path / "texts.txt"
    texts.write_text("\n\n".join(["sun sun rain rain sun sun sun rain snow snow " * 3] * 6), encoding="utf-8")
    found = answered(
        capsys, "drift", "--model", weather, "--reference", str(texts), "--prompt-tokens", "4", "--steps", "8",
    )  # fmt: skip
    assert found["texts"] == 6
    assert "no --reference" in refused(capsys, "drift", "--model", weather)


def test_long_texts_of_the_tiny_model(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    common = ("--model", "tiny", "--window", "16", "--prompt", "the cat was", "--steps", "24", "--texts", "8")
    page = tmp_path / "page.html"
    settled = answered(capsys, "stationary", *common, "--report", str(page))
    assert len(settled["entropy"]["mean"]) == 24
    assert "How sure it is" in page.read_text(encoding="utf-8")
    loops = answered(capsys, "loops", *common, "--report", str(page))
    assert loops["greedy"]["period"] >= 1
    assert loops["loops"]["caught"]["of"] == 8


def test_bad_questions_get_one_line(capsys: pytest.CaptureFixture[str], weather: str) -> None:
    tiny = ("--model", "tiny", "--window", "16")
    assert "or give a --prompt to sample from" in refused(capsys, "rare", *tiny, "--event", "yes")
    assert "no --prompt" in refused(capsys, "loops", *tiny, "--sampled")
    assert "a window holds 16" in refused(capsys, "rare", *tiny, "--event", "yes", "--prompt", "the cat was " * 9)
    assert "give more steps" in refused(
        capsys, "reverse", *tiny, "--final", "yes", "--prompt", "the cat was", "--steps", "1"
    )
    assert "every word must be in the vocabulary" in refused(
        capsys, "loops", *tiny, "--prompt", "an unheard-of zeppelin"
    )
    assert "each is at least 4" in refused(capsys, "drift", *tiny, "--steps", "2")
    assert "at least 4" in refused(
        capsys, "rare", "--model", weather, "--event", "snow", "--prompt", "sun sun", "--sampled", "--samples", "2"
    )
    assert "roles speak text" in refused(capsys, "drift", "--model", weather, "--goal", "sun")
    assert "the start says it already" in refused(
        capsys, "rare", "--model", weather, "--event", "sun", "--prompt", "sun sun", "--sampled"
    )

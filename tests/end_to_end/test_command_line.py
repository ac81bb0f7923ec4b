"""The commands as people type them: answers, JSON, exit codes, and one line for every bad input."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

import corrigible
from corrigible.cli import main
from corrigible.store import open_for_resume, open_to_read


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run of the goal change, two seeds, few conditions."""
    out = tmp_path_factory.mktemp("runs")
    return corrigible.run("goal-change", preset="smoke", conditions=["myopia"], workers=1, out=out).path


@pytest.fixture
def copied(finished: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(finished, tmp_path / finished.name))


def come_from(run: Path, *, commit: str, dirty: bool) -> None:
    """Write into a run's manifest that it was made by another commit."""
    manifest = open_to_read(run).manifest()
    changed = replace(manifest, provenance={**manifest.provenance, "commit": commit, "dirty": dirty})
    (run / "manifest.json").write_bytes(changed.to_json())


def refused(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """Run a command that must be refused: exit 2, one line on standard error, nothing on standard output."""
    try:
        code = main(list(arguments))
    except SystemExit as stop:
        code = int(stop.code or 0)
    said = capsys.readouterr()
    assert code == 2, said
    assert said.out == ""
    lines = said.err.strip().splitlines()
    assert len(lines) == 1, lines
    assert lines[0].startswith("corrigible: ")
    return lines[0]


def answer(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, object]:
    """Run a command with --json; exactly one JSON object comes out."""
    assert main([*arguments, "--json"]) == 0
    out = capsys.readouterr().out
    assert out.count("\n") == 1
    found = json.loads(out)
    assert isinstance(found, dict)
    return found


def test_list_names_everything_and_its_summary(capsys: pytest.CaptureFixture[str]) -> None:
    found = answer(capsys, "list")
    names = {entry["name"] for entry in found["entries"]}  # type: ignore[attr-defined]
    assert {"off-switch-grid", "goal-change", "myopia", "world-change", "incentive"} <= names
    assert main(["list"]) == 0
    text = capsys.readouterr().out
    assert all(str(name) in text for name in names)


def test_run_ends_with_a_verdict_in_three_lines_and_the_path_of_the_report(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    arguments = ["run", "goal-change", "--preset", "smoke", "--conditions", "myopia", "--out", str(tmp_path)]
    assert main([*arguments, "--workers", "1"]) == 0
    lines = capsys.readouterr().out.strip().splitlines()
    assert len(lines) == 4
    assert "claim 4" in lines[0]
    assert Path(lines[3].removeprefix("Report: ")).read_text(encoding="utf-8").startswith("<!doctype html>")


def test_run_writes_json_and_nothing_else_on_standard_output(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    found = answer(
        capsys,
        "run",
        "goal-change",
        "--preset",
        "smoke",
        "--seeds",
        "1",
        "--conditions",
        "myopia",
        "--out",
        str(tmp_path),
    )
    assert Path(str(found["report"])).exists()
    assert found["verdicts"]


def test_a_report_is_written_again_from_the_stored_run(capsys: pytest.CaptureFixture[str], copied: Path) -> None:
    before = (copied / "report.html").read_text(encoding="utf-8")
    (copied / "report.html").unlink()
    assert answer(capsys, "report", str(copied))["report"] == str(copied / "report.html")
    assert (copied / "report.html").read_text(encoding="utf-8") == before
    assert open_to_read(copied).manifest().status == "done"


def test_compare_puts_runs_side_by_side_with_paired_differences(
    capsys: pytest.CaptureFixture[str], finished: Path, copied: Path
) -> None:
    found = answer(capsys, "compare", str(finished), str(copied), "--metric", "block")
    rows = found["rows"]
    assert isinstance(rows, list)
    assert {row["condition"] for row in rows} == {"trained-on-truth", "q-learning-termination", "myopia"}
    assert all(row["differences"][0]["interval"]["estimate"] == 0.0 for row in rows)


def test_clean_shows_costs_and_removes_only_what_is_named(capsys: pytest.CaptureFixture[str], copied: Path) -> None:
    shown = answer(capsys, "clean", "--out", str(copied.parent))
    assert shown["freed"] == 0
    assert shown["bytes"] == sum(item.stat().st_size for item in copied.rglob("*") if item.is_file())
    assert copied.exists()
    gone = answer(capsys, "clean", "--out", str(copied.parent), "--remove", copied.name)
    assert gone["freed"] == shown["bytes"]
    assert not copied.exists()


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["run", "off-swich-grid"], "did you mean off-switch-grid"),
        (["run", "no such thing at all"], "off-switch-grid"),
        (["run", "goal-change", "--seeds", "0"], "seeds = 0"),
        (["run", "goal-change", "--seeds", "-3"], "seeds = -3"),
        (["run", "goal-change", "--seeds", "many"], "--seeds"),
        (["run", "goal-change", "--seed-list", "1", "1"], "distinct"),
        (["run", "goal-change", "--preset", "huge"], "--preset"),
        (["run", "goal-change", "--conditions", "nothing"], "nothing"),
        (["run", "goal-change", "--workers", "0"], "workers = 0"),
        (["run", "goal-change", "--device", "tpu"], "tpu"),
        (["run"], "needs a name"),
        (["run", "goal-change", "--no-such-option"], "--no-such-option"),
        (["no-such-command"], "no-such-command"),
        (["game", "off-switch", "--mu", "0", "--sigma", "0"], "sigma"),
        (["game", "off-switch", "--mu", "nan", "--sigma", "1"], "mu"),
        (["game", "off-switch", "--mu", "1"], "--sigma"),
        (["game", "off-switch", "--mu", "1", "--sigma", "1", "--beta", "-1"], "beta"),
        (["game", "off-switch", "--values", "1", "--probabilities", "1.5"], "1.5"),
        (["game", "stag-hunt", "--n", "5", "--m", "6", "--r", "0.5"], "m = 6"),
        (["game", "stag-hunt", "--n", "1", "--m", "1", "--r", "0.5"], "n"),
        (["game", "stag-hunt", "--n", "5", "--m", "3", "--r", "1.5"], "r = 1.5"),
        (["game", "tone", "--c", "1.5", "--alpha", "1", "--beta", "1", "--y", "0"], "c"),
        (["report", "no/such/folder"], "no/such/folder"),
        (["compare", "no/such/folder"], "two or more"),
        (["bench", "--root", "no/such/folder"], "benchmarks"),
    ],
)
def test_bad_input_is_refused_in_one_line(
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    arguments: list[str],
    expected: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    assert expected in refused(capsys, *arguments)
    assert list(tmp_path.iterdir()) == [], "nothing is written"


def test_an_unwritable_folder_is_refused(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("in the way", encoding="utf-8")
    line = refused(capsys, "run", "goal-change", "--preset", "smoke", "--out", str(file / "runs"))
    assert "--out" in line
    assert file.read_text(encoding="utf-8") == "in the way"


def test_the_report_of_an_unfinished_run_is_refused(capsys: pytest.CaptureFixture[str], copied: Path) -> None:
    with open_for_resume(copied) as folder:
        folder.finish("interrupted")
    before = sorted((item, item.stat().st_mtime_ns) for item in copied.rglob("*"))
    for command in (["report", str(copied)], ["compare", str(copied), str(copied)]):
        assert "--resume" in refused(capsys, *command)
    assert sorted((item, item.stat().st_mtime_ns) for item in copied.rglob("*")) == before


def test_a_foreign_run_with_a_path_traversal_is_refused(capsys: pytest.CaptureFixture[str], copied: Path) -> None:
    manifest = json.loads((copied / "manifest.json").read_text(encoding="utf-8"))
    manifest["artefacts"]["../../outside.txt"] = "0" * 64
    (copied / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    for command in (["report", str(copied)], ["run", "--resume", str(copied)]):
        assert "outside.txt" in refused(capsys, *command)


def test_a_foreign_run_with_a_symlink_is_refused(capsys: pytest.CaptureFixture[str], copied: Path) -> None:
    (copied / "report.html").unlink()
    (copied / "report.html").symlink_to("/etc/passwd")
    for command in (["report", str(copied)], ["run", "--resume", str(copied)]):
        assert "symlink" in refused(capsys, *command)


def test_a_newer_schema_is_refused(capsys: pytest.CaptureFixture[str], copied: Path) -> None:
    manifest = json.loads((copied / "manifest.json").read_text(encoding="utf-8"))
    manifest["schema"] = 999
    (copied / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    assert "999" in refused(capsys, "report", str(copied))


def test_a_corrupt_cell_is_set_aside_and_computed_again(copied: Path) -> None:
    before = open_to_read(copied).fingerprint()
    victim = next(copied.glob("cells/myopia/0/checkpoint-*.safetensors"))
    data = bytearray(victim.read_bytes())
    data[-1] ^= 1
    victim.write_bytes(bytes(data))
    again = corrigible.run(resume=copied, workers=1)
    assert again.fingerprint == before
    assert "Computed again" in again.report.read_text(encoding="utf-8")
    assert list((copied / "corrupt").iterdir()), "nothing is deleted"


def test_resume_with_another_name_is_refused(capsys: pytest.CaptureFixture[str], copied: Path) -> None:
    assert "goal-change" in refused(capsys, "run", "off-switch-grid", "--resume", str(copied))


def test_evidence_from_uncommitted_code_is_refused(
    capsys: pytest.CaptureFixture[str], copied: Path, tmp_path: Path
) -> None:
    come_from(copied, commit="0" * 40, dirty=True)
    assert "commit" in refused(capsys, "evidence", "--root", str(tmp_path), "--add", str(copied))
    assert not (tmp_path / "docs").exists()


def test_evidence_accumulates_and_refuses_what_contradicts_it(
    capsys: pytest.CaptureFixture[str], copied: Path, tmp_path: Path
) -> None:
    come_from(copied, commit="0" * 40, dirty=False)
    first = answer(capsys, "evidence", "--root", str(tmp_path), "--add", str(copied))
    assert first["added"][0]["kept"] == 0  # type: ignore[index]
    again = answer(capsys, "evidence", "--root", str(tmp_path), "--add", str(copied))
    assert again["added"][0]["added"] == 0  # type: ignore[index]
    (file,) = tmp_path.glob("docs/evidence/goal-change/*.jsonl")
    lines = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
    assert {line["commit"] for line in lines} == {"0" * 40}
    lines[0]["fingerprint"] = "f" * 64
    file.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    assert "version" in refused(capsys, "evidence", "--root", str(tmp_path), "--add", str(copied))


def test_completion_prints_a_script(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["completion", "bash"]) == 0
    assert "corrigible" in capsys.readouterr().out


@pytest.mark.parametrize(
    "command", ["list", "run", "report", "compare", "evidence", "detect", "game", "clean", "bench"]
)
def test_every_command_explains_itself(capsys: pytest.CaptureFixture[str], command: str) -> None:
    with pytest.raises(SystemExit) as stop:
        main([command, "--help"])
    assert not stop.value.code
    text = capsys.readouterr().out
    assert "usage: corrigible" in text
    assert "--json" in text or command == "game"

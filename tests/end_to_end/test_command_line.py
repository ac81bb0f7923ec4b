"""The commands as people type them: answers, JSON, exit codes, and one line for every bad input."""

import json
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

import corrigible
from corrigible.cli import main
from corrigible.store import open_for_resume, open_to_read
from made_by import cell_comes_from, come_from


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run of the goal change, two seeds, few conditions."""
    out = tmp_path_factory.mktemp("runs")
    return corrigible.run("goal-change", preset="smoke", conditions=["myopia"], workers=1, out=out).path


@pytest.fixture
def copied(finished: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(finished, tmp_path / finished.name))


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


@pytest.mark.slow
def test_run_ends_with_a_verdict_in_three_lines_and_the_path_of_the_report(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    arguments = ["run", "goal-change", "--preset", "smoke", "--conditions", "myopia", "--out", str(tmp_path)]
    assert main([*arguments, "--workers", "1"]) == 0
    lines = capsys.readouterr().out.strip().splitlines()
    assert len(lines) == 4
    assert 'claim 4 ("An agent that wants X resists' in lines[0]
    assert "is inconclusive (it resists: " in lines[0], "what was lacking is said"
    assert "in the failure (q-learning-termination)" in lines[1]
    assert "in the reference (trained-on-truth); 2 seeds, 95 % intervals." in lines[1]
    assert "myopia, at least +" in lines[2], "no episode contradicts the remedy, so the episodes cap its gain"
    assert Path(lines[3].removeprefix("Report: ")).read_text(encoding="utf-8").startswith("<!doctype html>")


@pytest.mark.slow
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
    differences = {row["condition"]: row["differences"][0]["interval"] for row in rows}
    assert all(found["estimate"] == 0.0 for found in differences.values())
    assert differences["trained-on-truth"]["low"] < 0, "a share that no seed changed is not certainly unchanged"


def test_clean_shows_costs_and_removes_only_what_is_named(capsys: pytest.CaptureFixture[str], copied: Path) -> None:
    shown = answer(capsys, "clean", "--out", str(copied.parent))
    assert shown["freed"] == 0
    assert shown["bytes"] == sum(item.stat().st_size for item in copied.rglob("*") if item.is_file())
    assert copied.exists()
    gone = answer(capsys, "clean", "--out", str(copied.parent), "--remove", copied.name)
    assert gone["freed"] == shown["bytes"]
    assert not copied.exists()


def test_clean_removes_what_was_stopped_and_neither_what_is_written_nor_what_is_done(
    capsys: pytest.CaptureFixture[str], finished: Path, tmp_path: Path
) -> None:
    for name, status in (("done", None), ("stopped", "interrupted"), ("broken", "failed"), ("busy", None)):
        shutil.copytree(finished, tmp_path / name)
        if status == "interrupted" or status == "failed":
            with open_for_resume(tmp_path / name, sitting={}) as folder:
                folder.finish(status)
    shutil.copytree(finished, tmp_path / "unreadable")
    (tmp_path / "unreadable" / "manifest.json").write_text("{", encoding="utf-8")
    with open_for_resume(tmp_path / "busy", sitting={}):
        gone = answer(capsys, "clean", "--out", str(tmp_path), "--unfinished")
    removed = {run["id"] for run in gone["runs"] if run["removed"]}  # type: ignore[attr-defined]
    assert removed == {"stopped", "broken"}
    assert {path.name for path in tmp_path.iterdir()} == {"done", "busy", "unreadable"}


def test_a_run_from_elsewhere_that_claims_the_name_of_another_does_not_have_that_one_removed(
    capsys: pytest.CaptureFixture[str], copied: Path
) -> None:
    shutil.copytree(copied, copied.parent / "impostor")
    gone = answer(capsys, "clean", "--out", str(copied.parent), "--remove", "impostor")
    assert [run["removed"] for run in gone["runs"]].count(True) == 1  # type: ignore[attr-defined]
    assert {path.name for path in copied.parent.iterdir()} == {copied.name}


def test_clean_says_so_where_there_are_no_runs(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert main(["clean", "--out", str(tmp_path / "nowhere")]) == 0
    assert capsys.readouterr().out == f"There are no runs in {tmp_path / 'nowhere'}.\n"


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
    with open_for_resume(copied, sitting={}) as folder:
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


@pytest.mark.slow
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
    before = (copied / "manifest.json").read_bytes()
    assert "goal-change" in refused(capsys, "run", "off-switch-grid", "--resume", str(copied))
    assert (copied / "manifest.json").read_bytes() == before, "a finished run stays finished"


@pytest.mark.parametrize(
    "setting", [("--preset", "full"), ("--seeds", "9"), ("--conditions", "myopia"), ("--device", "cpu")]
)
def test_resume_with_another_setting_is_refused_instead_of_ignoring_it(
    capsys: pytest.CaptureFixture[str], copied: Path, setting: tuple[str, str]
) -> None:
    before = (copied / "manifest.json").read_bytes()
    assert setting[0] in refused(capsys, "run", "--resume", str(copied), *setting)
    assert (copied / "manifest.json").read_bytes() == before


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"seeds": "3"}, "seeds"),
        ({"seeds": [0, "1"]}, "seeds"),
        ({"experiment": ["goal-change"]}, "experiment"),
        ({"version": None}, "version"),
        ({"conditions": {"a": 1}}, "conditions"),
        ({"device": "tpu"}, "tpu"),
    ],
)
def test_a_manifest_from_elsewhere_whose_config_makes_no_plan_is_refused(
    capsys: pytest.CaptureFixture[str], copied: Path, change: dict[str, object], named: str
) -> None:
    manifest = open_to_read(copied).manifest()
    forged = replace(manifest, config={**manifest.config, **change}).to_json()
    (copied / "manifest.json").write_bytes(forged)
    assert named in refused(capsys, "run", "--resume", str(copied))
    assert (copied / "manifest.json").read_bytes() == forged


def test_evidence_from_uncommitted_code_is_refused(
    capsys: pytest.CaptureFixture[str], copied: Path, tmp_path: Path
) -> None:
    for dirty in (True, None):
        come_from(copied, commit="0" * 40, dirty=dirty)
        assert "uncommitted" in refused(capsys, "evidence", "--root", str(tmp_path), "--add", str(copied))
    assert not (tmp_path / "docs").exists()


def test_evidence_with_a_single_row_from_uncommitted_code_is_refused(
    capsys: pytest.CaptureFixture[str], copied: Path, tmp_path: Path
) -> None:
    come_from(copied, commit="0" * 40, dirty=False)
    for commit, dirty in (("1" * 40, True), ("1" * 40, None), (None, None)):
        cell_comes_from(copied, "myopia", 1, commit=commit, dirty=dirty)
        assert "cell myopia/1" in refused(capsys, "evidence", "--root", str(tmp_path), "--add", str(copied))
    assert not (tmp_path / "docs").exists()


def test_a_run_of_two_sittings_on_two_commits_names_each_row_by_its_own(
    capsys: pytest.CaptureFixture[str], copied: Path, tmp_path: Path
) -> None:
    come_from(copied, commit="0" * 40, dirty=False)
    cell_comes_from(copied, "myopia", 1, commit="1" * 40, dirty=False)
    answer(capsys, "evidence", "--root", str(tmp_path), "--add", str(copied))
    (file,) = tmp_path.glob("docs/evidence/goal-change/*.jsonl")
    lines = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
    other = [(line["condition"], line["seed"]) for line in lines if line["commit"] == "1" * 40]
    assert other == [("myopia", 1)]
    assert all(line["commit"] == "0" * 40 for line in lines if line["kind"] != "cell")


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


@pytest.mark.skipif(shutil.which("bash") is None, reason="needs bash")
@pytest.mark.parametrize(
    ("words", "offered"),
    [
        (("ru",), {"run"}),
        (("game", "st"), {"stag-hunt"}),
        (("run", "--pre"), {"--preset"}),
        (("run", "--preset", ""), {"smoke", "quick", "full"}),
        (("list", "--"), {"--json", "--help"}),
    ],
)
def test_bash_completes(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, words: tuple[str, ...], offered: set[str]
) -> None:
    assert main(["completion", "bash"]) == 0
    (tmp_path / "completion").write_text(capsys.readouterr().out, encoding="utf-8")
    script = (
        'source "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1))\n'
        '_tyro_corrigible; printf "%s\\n" "${COMPREPLY[@]}"\n'
    )
    command = ["bash", "-c", script, "bash", str(tmp_path / "completion"), "corrigible", *words]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert set(done.stdout.split()) == offered


def test_zsh_gets_a_script_too_and_another_shell_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert str(answer(capsys, "completion", "zsh")["script"]).startswith("#compdef corrigible")
    assert "zsh" in refused(capsys, "completion", "fish")


def test_a_fault_of_ours_ends_in_one_line_and_one_json_object(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken() -> None:
        raise ZeroDivisionError("oh")

    monkeypatch.setattr("corrigible.commands.listing.registry", broken)
    assert main(["list", "--json"]) == 1
    said = capsys.readouterr()
    assert "Traceback" in said.err
    assert said.err.splitlines()[-1].startswith("corrigible: ZeroDivisionError: oh; ")
    assert json.loads(said.out)["exit_code"] == 1


def test_nobody_listening_is_no_traceback() -> None:
    script = f"{sys.executable} -m corrigible list | true"
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=False)
    assert done.stderr == ""


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


def test_prefix_says_which_checkpoints_go_on_and_the_report_shows_it(
    finished: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["prefix", str(finished), "--lengths", "0", "1", "--copies", "2", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert {curve["condition"] for curve in found["curves"]} == {"q-learning-termination", "trained-on-truth"}
    assert all(tries % 2 == 0 for curve in found["curves"] for tries in curve["tries"])
    assert "alarms need 4 seeds" in found["note"]
    assert 'aria-labelledby="prefixes"' in (finished / "report.html").read_text(encoding="utf-8")
    stored = json.loads((finished / "results.json").read_text(encoding="utf-8"))["results"]["prefixes"]
    assert stored["curves"][0]["lengths"][0] == 0
    assert main(["prefix", str(finished)]) == 0
    assert "goes on, by steps of the prefix" in capsys.readouterr().out


def test_prefix_refuses_what_it_cannot_do(finished: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "0 is among them" in refused(capsys, "prefix", str(finished), "--lengths", "1")
    assert "at least 1" in refused(capsys, "prefix", str(finished), "--copies", "0")
    assert "condition 'sarsa-forced'" in refused(capsys, "prefix", str(finished), "--conditions", "sarsa-forced")
    assert "must have it" in refused(capsys, "prefix", str(finished), "--conditions", "nobody")
    refused(capsys, "prefix", "nowhere")

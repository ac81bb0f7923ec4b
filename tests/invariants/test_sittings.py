"""A run that is resumed by other code says so: one sitting for each time, and in every row the commit that made it."""

from pathlib import Path

import pytest

import corrigible
from corrigible.errors import BadInput, Interrupted
from corrigible.stages import cells, provenance
from corrigible.stages.evidence_rows import add_run, read_lines
from corrigible.stages.provenance import CodeState
from corrigible.store import open_to_read

FIRST, SECOND = CodeState(commit="1" * 40, dirty=False), CodeState(commit="2" * 40, dirty=False)


def coded(monkeypatch: pytest.MonkeyPatch, state: CodeState) -> None:
    """From here on this process is of that code."""
    monkeypatch.setattr(provenance, "code_state", lambda: state)
    monkeypatch.setattr(cells, "code_state", lambda: state)


def stopped_after(number: int, out: Path) -> Path:
    """A run that Ctrl-C stopped once `number` cells were stored."""

    def stop(_what: str, done: int, _total: int) -> None:
        if done == number:
            raise KeyboardInterrupt

    with pytest.raises(Interrupted):
        corrigible.run("goal-change", preset="smoke", seeds=1, conditions=["myopia"], workers=1, out=out, progress=stop)
    (folder,) = out.iterdir()
    return folder


def commits(folder: Path) -> list[tuple[str, str, bool | None]]:
    run = open_to_read(folder)
    rows = [run.read_row(condition, seed) for condition, seed in run.cells()]
    return sorted((row["condition"], row["commit"], row["dirty"]) for row in rows)


def test_a_run_over_two_commits_names_both_and_each_row_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    coded(monkeypatch, FIRST)
    folder = stopped_after(2, tmp_path / "runs")
    made_first = commits(folder)
    assert [commit for _, commit, _ in made_first] == [FIRST.commit] * 2
    coded(monkeypatch, SECOND)
    done = corrigible.run(resume=folder, workers=1)
    manifest = open_to_read(folder).manifest()
    assert [item["commit"] for item in manifest.sittings] == [FIRST.commit, SECOND.commit]
    assert manifest.sittings[0]["started"] <= manifest.sittings[1]["started"]
    (added,) = set(commits(folder)) - set(made_first)
    assert added[1:] == (SECOND.commit, False)
    page = done.report.read_text(encoding="utf-8")
    assert f"{FIRST.commit}, {SECOND.commit} (clean)" in page
    lines = read_lines(add_run(tmp_path, folder).file)
    assert {(row["condition"], row["commit"]) for row in lines if row["kind"] == "cell"} == {
        (condition, commit) for condition, commit, _ in commits(folder)
    }
    assert {row["commit"] for row in lines if row["kind"] != "cell"} == {SECOND.commit}, "they were concluded then"


@pytest.mark.slow
@pytest.mark.parametrize("dirty_sitting", ["first", "second"])
def test_one_dirty_sitting_of_two_is_no_evidence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, dirty_sitting: str
) -> None:
    states = [CodeState(commit="1" * 40, dirty=dirty_sitting == "first"), SECOND]
    if dirty_sitting == "second":
        states[1] = CodeState(commit="2" * 40, dirty=True)
    coded(monkeypatch, states[0])
    folder = stopped_after(1, tmp_path / "runs")
    coded(monkeypatch, states[1])
    done = corrigible.run(resume=folder, workers=1)
    assert open_to_read(folder).manifest().provenance["dirty"] is True
    assert "(with uncommitted changes)" in done.report.read_text(encoding="utf-8")
    with pytest.raises(BadInput, match="uncommitted"):
        add_run(tmp_path, folder)
    assert not (tmp_path / "docs").exists()

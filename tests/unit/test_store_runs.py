"""Listing, weighing and removing runs; what is no run folder is left alone."""

import os
from pathlib import Path

import numpy as np
import pytest

from corrigible.errors import BadInput, RunLocked
from corrigible.store import cost, create, list_runs, open_for_resume, remove


@pytest.fixture(autouse=True)
def without_flushing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Flushing matters at a power cut, which is not tested here, and takes most of the time."""
    monkeypatch.setattr(os, "fsync", lambda _descriptor: None)


def finished(out: Path, run_id: str = "run", experiment: str = "off-switch") -> Path:
    """A small finished run."""
    with create(out, run_id=run_id, config={"experiment": experiment}, rules_sha256="a" * 64, sitting={}) as run:
        run.write_cell("a", 0, row={}, arrays={"v": {"x": np.zeros(10)}}, parameters={})
        run.finish("done")
    return run.path


def test_runs_are_listed_with_experiment_status_and_size(tmp_path: Path) -> None:
    path = finished(tmp_path)
    (summary,) = list_runs(tmp_path)
    assert (summary.path, summary.id, summary.experiment, summary.status) == (path, "run", "off-switch", "done")
    assert summary.bytes == cost(path) == sum(item.stat().st_size for item in path.rglob("*") if item.is_file())
    assert summary.created


def test_a_run_whose_writer_is_gone_is_interrupted_and_one_that_is_written_is_running(tmp_path: Path) -> None:
    path = finished(tmp_path)
    with open_for_resume(path, sitting={}):
        assert [run.status for run in list_runs(tmp_path)] == ["running"]
    assert [run.status for run in list_runs(tmp_path)] == ["interrupted"]


def test_listing_writes_nothing_and_does_not_disturb_a_writer(tmp_path: Path) -> None:
    path = finished(tmp_path)
    before = {item: item.stat().st_mtime_ns for item in path.rglob("*")}
    list_runs(tmp_path)
    assert {item: item.stat().st_mtime_ns for item in path.rglob("*")} == before
    with open_for_resume(path, sitting={}) as run:
        list_runs(tmp_path)
        run.write_artefact("a.txt", "x")


def test_an_unreadable_manifest_is_listed_as_such_beside_the_others(tmp_path: Path) -> None:
    finished(tmp_path, "good")
    (finished(tmp_path, "bad") / "manifest.json").write_text("{")
    (finished(tmp_path, "newer") / "manifest.json").write_text('{"schema": 99}')
    assert {run.id: run.status for run in list_runs(tmp_path)} == {
        "good": "done",
        "bad": "unreadable",
        "newer": "unreadable",
    }


def test_other_things_beside_the_runs_are_not_listed(tmp_path: Path) -> None:
    path = finished(tmp_path)
    (tmp_path / "file").write_text("x")
    (tmp_path / "folder").mkdir()
    (tmp_path / "link").symlink_to(path)
    assert [run.path for run in list_runs(tmp_path)] == [path]


def test_a_missing_folder_holds_no_runs_and_a_file_is_refused(tmp_path: Path) -> None:
    assert list_runs(tmp_path / "absent") == []
    (tmp_path / "file").write_text("x")
    with pytest.raises(BadInput):
        list_runs(tmp_path / "file")


def test_removing_a_run_frees_what_it_cost_and_leaves_the_rest(tmp_path: Path) -> None:
    path, other = finished(tmp_path, "one"), finished(tmp_path, "two")
    weight = cost(path)
    assert remove(path) == weight > 0
    assert [item.name for item in tmp_path.iterdir()] == [other.name]


def test_a_removal_that_was_cut_short_is_completed_by_the_next(tmp_path: Path) -> None:
    half = tmp_path / ".corrigible-tmp-1-abc-removed"
    half.mkdir()
    (half / "row.json").write_text("x")
    remove(finished(tmp_path))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("kind", ["absent", "file", "folder", "truncated", "newer", "link", "link inside"])
def test_what_is_no_run_folder_is_never_removed(tmp_path: Path, kind: str) -> None:
    path, precious = tmp_path / "victim", tmp_path / "precious"
    precious.mkdir()
    (precious / "thesis.txt").write_text("years")
    if kind == "file":
        path.write_text("x")
    elif kind == "folder":
        path.mkdir()
    elif kind in ("truncated", "newer"):
        finished(tmp_path, "victim")
        (path / "manifest.json").write_text("{" if kind == "truncated" else '{"schema": 2}')
    elif kind == "link":
        path.symlink_to(finished(tmp_path, "target"))
    elif kind == "link inside":
        finished(tmp_path, "victim")
        (path / "cells" / "more").symlink_to(precious)
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(BadInput) as caught:
        remove(path)
    assert "\n" not in str(caught.value)
    assert sorted(tmp_path.rglob("*")) == before
    assert (precious / "thesis.txt").read_text() == "years"


def test_a_run_that_is_being_written_is_not_removed(tmp_path: Path) -> None:
    path = finished(tmp_path)
    with open_for_resume(path, sitting={}), pytest.raises(RunLocked):
        remove(path)
    assert path.is_dir()

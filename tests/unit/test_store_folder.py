"""Run folders: created, resumed, read, finished; refused before anything is written."""

import os
import re
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from corrigible.errors import BadInput, CorruptFile
from corrigible.store import RunFolder, create, new_run_id, open_for_resume, open_to_read, open_to_update

CONFIG = {"experiment": "off-switch", "seeds": [0, 1]}
PROVENANCE = {"commit": "abc", "dirty": True, "packages": {}, "hardware": {}}


@pytest.fixture(autouse=True)
def without_flushing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Flushing matters at a power cut, which is not tested here, and takes most of the time."""
    monkeypatch.setattr(os, "fsync", lambda _descriptor: None)


def new(out: Path, run_id: str = "run", config: Any = CONFIG) -> RunFolder:
    """A new run."""
    return create(out, run_id=run_id, config=config, rules_sha256="a" * 64, sitting=PROVENANCE)


def everything(path: Path) -> dict[str, bytes | None]:
    """Every file and folder below `path` with its content."""
    return {str(item.relative_to(path)): item.read_bytes() if item.is_file() else None for item in path.rglob("*")}


def test_a_new_run_is_running_and_says_what_was_asked(tmp_path: Path) -> None:
    with new(tmp_path / "deep" / "out") as run:
        manifest = run.manifest()
    assert run.path == tmp_path / "deep" / "out" / "run"
    assert (manifest.id, manifest.status, manifest.finished, manifest.fingerprint) == ("run", "running", None, None)
    assert (manifest.config, manifest.sittings, manifest.rules_sha256) == (CONFIG, (PROVENANCE,), "a" * 64)
    assert manifest.artefacts == {}


def test_a_generated_id_names_experiment_moment_and_chance() -> None:
    first, second = new_run_id("off-switch"), new_run_id("off-switch")
    assert re.fullmatch(r"off-switch-\d{8}-\d{6}-[0-9a-f]{4}", first)
    assert re.fullmatch(r"off-switch-\d{8}-\d{6}-[0-9a-f]{4}", second)


def test_an_existing_id_is_refused_and_untouched(tmp_path: Path) -> None:
    new(tmp_path).close()
    before = everything(tmp_path)
    with pytest.raises(BadInput, match="exists"):
        new(tmp_path)
    assert everything(tmp_path) == before


@pytest.mark.parametrize("kind", ["file", "folder with a file", "dangling symlink", "symlink to a folder"])
def test_anything_else_of_that_name_is_refused_and_untouched(tmp_path: Path, kind: str) -> None:
    path, target = tmp_path / "out" / "run", tmp_path / "target"
    path.parent.mkdir()
    if kind == "file":
        path.write_text("mine")
    elif kind == "folder with a file":
        path.mkdir()
        (path / "mine.txt").write_text("mine")
    else:
        path.symlink_to(target)
        if kind == "symlink to a folder":
            target.mkdir()
    before = everything(tmp_path)
    with pytest.raises(BadInput, match="exists"):
        new(tmp_path / "out")
    assert everything(tmp_path) == before


def test_a_folder_that_a_killed_create_left_without_a_manifest_is_taken_over(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "lock").touch()
    (tmp_path / "run" / ".corrigible-tmp-1-abc").write_text("half")
    with new(tmp_path) as run:
        assert run.manifest().status == "running"
    assert sorted(path.name for path in run.path.iterdir()) == ["lock", "manifest.json"]


def test_a_folder_below_a_file_is_unwritable_and_nothing_is_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    before = everything(tmp_path)
    with pytest.raises(BadInput, match="--out") as caught:
        new(tmp_path / "file" / "out")
    assert caught.value.exit_code == 2
    assert "\n" not in str(caught.value)
    assert everything(tmp_path) == before


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="needs a file system that refuses even root")
@pytest.mark.parametrize("out", ["/proc", "/proc/deep/out"])
def test_a_file_system_that_refuses_is_unwritable(out: str) -> None:
    with pytest.raises(BadInput, match="--out"):
        new(Path(out))


def test_a_name_too_long_for_the_file_system_takes_back_the_folders_made_for_it(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="--out"):
        new(tmp_path / "made" / ("x" * 300) / "out")
    assert everything(tmp_path) == {}


@pytest.mark.skipif(os.geteuid() == 0, reason="permissions do not bind root")
def test_a_folder_without_write_permission_is_unwritable(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(BadInput, match="--out"):
        new(tmp_path)


@pytest.mark.parametrize(
    "wrong",
    [
        {"run_id": "../run"},
        {"run_id": ""},
        {"config": {"x": float("nan")}},
        {"config": {"x": object()}},
        {"sitting": {"x": b"bytes"}},
        {"rules_sha256": "short"},
    ],
)
def test_bad_arguments_are_refused_before_anything_is_written(tmp_path: Path, wrong: dict[str, Any]) -> None:
    good: dict[str, Any] = {"run_id": "run", "config": {}, "rules_sha256": "a" * 64, "sitting": {}}
    with pytest.raises(BadInput):
        create(tmp_path, **{**good, **wrong})
    assert everything(tmp_path) == {}


def test_a_finished_run_has_fingerprint_artefacts_and_an_end(tmp_path: Path) -> None:
    with new(tmp_path) as run:
        run.write_cell("a", 0, row={}, arrays={}, parameters={"last": {"q": np.zeros(2)}})
        assert run.write_artefact("report.html", "<p>Grüße</p>") == run.path / "report.html"
        run.write_artefact("figures/one.svg", b"<svg/>")
        run.finish("done")
        expected = run.fingerprint()
    manifest = open_to_read(run.path).manifest()
    assert (manifest.status, manifest.fingerprint) == ("done", expected)
    assert manifest.finished is not None
    assert set(manifest.artefacts) == {"report.html", "figures/one.svg"}
    assert open_to_read(run.path).read_artefact("report.html").decode() == "<p>Grüße</p>"


@pytest.mark.parametrize("status", ["interrupted", "failed"])
def test_a_run_that_was_stopped_has_no_fingerprint_and_can_be_resumed(tmp_path: Path, status: Any) -> None:
    with new(tmp_path) as run:
        run.finish(status)
    assert (open_to_read(run.path).manifest().status, open_to_read(run.path).manifest().fingerprint) == (status, None)
    with open_for_resume(run.path, sitting={}) as resumed:
        assert resumed.manifest().status == "running"
        assert resumed.manifest().finished is None
        assert resumed.manifest().created == run.manifest().created


def test_an_artefact_written_again_is_replaced_and_recorded_anew(tmp_path: Path) -> None:
    with new(tmp_path) as run:
        for text in ("first", "second", "second"):
            run.write_artefact("report.html", text)
            assert run.read_artefact("report.html") == text.encode()
    assert sorted(path.name for path in run.path.iterdir()) == ["lock", "manifest.json", "report.html"]


@pytest.mark.parametrize(
    "path", ["../x", "/x", "a/../x", "manifest.json", "cells/a", "lock", "LOCK", "a\\b", "", "c:x"]
)
def test_an_artefact_outside_its_place_is_refused(tmp_path: Path, path: str) -> None:
    with new(tmp_path) as run:
        before = everything(tmp_path)
        with pytest.raises(BadInput):
            run.write_artefact(path, "x")
        with pytest.raises(BadInput):
            run.read_artefact(path)
    assert everything(tmp_path) == before


def test_an_artefact_below_a_file_is_refused(tmp_path: Path) -> None:
    with new(tmp_path) as run:
        run.write_artefact("a", "x")
        with pytest.raises(BadInput, match="a/b"):
            run.write_artefact("a/b", "x")
        assert run.read_artefact("a") == b"x"


def test_a_file_that_the_manifest_does_not_record_is_not_read(tmp_path: Path) -> None:
    with new(tmp_path) as run:
        (run.path / "report.html").write_text("half")
        with pytest.raises(BadInput, match="record"):
            run.read_artefact("report.html")
        run.write_artefact("report.html", "whole")
        assert run.read_artefact("report.html") == b"whole"


def test_an_artefact_that_was_removed_is_corrupt(tmp_path: Path) -> None:
    with new(tmp_path) as run:
        run.write_artefact("report.html", "x").unlink()
        with pytest.raises(CorruptFile, match="missing"):
            run.read_artefact("report.html")


def test_a_run_is_resumed_with_its_own_config_only(tmp_path: Path) -> None:
    new(tmp_path).close()
    open_for_resume(tmp_path / "run", sitting={}, config={"seeds": [0, 1], "experiment": "off-switch"}).close()
    before = everything(tmp_path)
    with pytest.raises(BadInput, match="another config"):
        open_for_resume(tmp_path / "run", sitting={}, config={**CONFIG, "seeds": [0]})
    assert everything(tmp_path) == before


def test_an_update_leaves_the_status_as_it_is(tmp_path: Path) -> None:
    with new(tmp_path) as run:
        run.finish("done")
    before = open_to_read(run.path).manifest()
    with open_to_update(run.path) as again:
        again.write_artefact("report.html", "new")
    after = open_to_read(run.path).manifest()
    assert (after.status, after.fingerprint, after.finished) == (before.status, before.fingerprint, before.finished)
    assert set(after.artefacts) == {"report.html"}


@pytest.mark.parametrize("path", ["", "absent", "file", "file/below", "x" * 300])
def test_what_is_no_run_folder_cannot_be_opened(tmp_path: Path, path: str) -> None:
    (tmp_path / "file").write_text("mine")
    for open_it in (open_to_read, partial(open_for_resume, sitting={}), open_to_update):
        with pytest.raises(BadInput) as caught:
            open_it(tmp_path / path)
        assert "\n" not in str(caught.value)
    assert everything(tmp_path) == {"file": b"mine"}


def test_a_circle_of_symlinks_is_no_run_folder(tmp_path: Path) -> None:
    (tmp_path / "a").symlink_to(tmp_path / "b")
    (tmp_path / "b").symlink_to(tmp_path / "a")
    with pytest.raises(BadInput):
        open_to_read(tmp_path / "a")


def test_leftovers_of_killed_processes_are_swept_on_resume_and_nothing_else(tmp_path: Path) -> None:
    with new(tmp_path) as run:
        run.write_cell("a", 0, row={}, arrays={}, parameters={})
        run.write_artefact("figures/one.svg", "x")
    kept = everything(tmp_path)
    for leftover in (".corrigible-tmp-9-a", "cells/a/.corrigible-tmp-9-b", "figures/.corrigible-tmp-9-c"):
        (run.path / leftover).mkdir()
        (run.path / leftover / "row.json").write_text("half")
    (run.path / "cells" / ".corrigible-tmp-9-d").write_text("half")
    (run.path / ".mine").write_text("kept")
    open_to_read(run.path)
    assert (run.path / ".corrigible-tmp-9-a").exists()
    open_for_resume(run.path, sitting={}).close()
    assert set(everything(tmp_path)) == set(kept) | {"run/.mine"}


def test_a_relative_path_still_leads_to_the_run_after_the_folder_was_changed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    run = new(Path("out"))
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    run.write_artefact("a.txt", "x")
    run.close()
    assert (tmp_path / "out" / "run" / "a.txt").is_file()


def test_an_exception_inside_the_context_frees_the_lock(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), new(tmp_path):
        raise ZeroDivisionError
    open_for_resume(tmp_path / "run", sitting={}).close()

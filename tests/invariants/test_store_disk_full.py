"""A full disk: one clear line, nothing half-written, what was stored before intact, and the run can be resumed."""

import errno
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from corrigible.errors import BadInput, DiskFull, StoreFault
from corrigible.store import RunFolder, create, open_for_resume, open_to_read

LIMITED = """
import resource, sys
from pathlib import Path
import numpy as np
from corrigible.errors import DiskFull
from corrigible.store import open_for_resume
with open_for_resume(Path(sys.argv[1]), sitting={}) as run:
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))
    noise = np.random.default_rng(0).random(10_000)
    for write in (
        lambda: run.write_cell("b", 0, row={}, arrays={"v": {"x": noise}}, parameters={}),
        lambda: run.write_cell("b", 0, row={}, arrays={}, parameters={"p": {"x": noise}}),
        lambda: run.write_cell("b", 0, row={"x": noise.tolist()}, arrays={}, parameters={}),
        lambda: run.write_artefact("report.html", b"x" * 20_001),
    ):
        try:
            write()
        except DiskFull as error:
            print(error)
"""


def everything(path: Path) -> dict[str, bytes | None]:
    """Every file and folder below `path` with its content; the lock's content is a process id."""
    return {
        str(item.relative_to(path)): item.read_bytes() if item.is_file() and item.name != "lock" else None
        for item in path.rglob("*")
    }


def stored_run(out: Path) -> Path:
    """A run with one cell and one artefact."""
    with create(out, run_id="run", config={}, rules_sha256="a" * 64, sitting={}) as run:
        write_cell(run, "a")
        run.write_artefact("report.html", "old")
    return run.path


def write_cell(run: RunFolder, condition: str) -> None:
    """A cell with every kind of file."""
    run.write_cell(condition, 0, row={"x": 1}, arrays={"v": {"x": np.ones(3)}}, parameters={"p": {"x": np.ones(3)}})


def test_a_file_size_limit_of_the_kernel_is_one_clear_line_and_loses_nothing(tmp_path: Path) -> None:
    path = stored_run(tmp_path)
    before = everything(path)
    done = subprocess.run([sys.executable, "-c", LIMITED, str(path)], capture_output=True, text=True, check=True)
    lines = done.stdout.splitlines()
    assert done.stderr == ""
    assert len(lines) == 4
    for line, what in zip(lines, ["cell b/0", "cell b/0", "cell b/0", "report.html"], strict=True):
        assert line.startswith(f"disk full while writing {what} of {path}: ")
        assert line.endswith(f"; free space, then run again with --resume {path}")
    after = everything(path)
    assert after.pop("cells/b", "absent") is None
    assert {**after, "manifest.json": b""} == {**before, "manifest.json": b""}
    with open_for_resume(path, sitting={}) as run:
        assert run.read_artefact("report.html") == b"old"
        write_cell(run, "b")
        assert list(run.verify_cells()) == []


def failing_from(call: int, code: int, real: Callable[..., Any]) -> Callable[..., Any]:
    """`real`, but from the `call`-th call on it fails with `code`."""
    count = 0

    def fail(*arguments: Any, **named: Any) -> Any:
        nonlocal count
        count += 1
        if count > call:
            raise OSError(code, os.strerror(code))
        return real(*arguments, **named)

    return fail


WRITES: dict[str, Callable[[RunFolder], object]] = {
    "cell": lambda run: write_cell(run, "b"),
    "new artefact": lambda run: run.write_artefact("figures/one.svg", "new"),
    "artefact again": lambda run: run.write_artefact("report.html", "new"),
    "finish": lambda run: run.finish("done"),
}


@pytest.mark.parametrize(
    "function",
    ["write", *(pytest.param(name, marks=pytest.mark.slow) for name in ("fsync", "mkdir", "rename", "replace"))],
)
@pytest.mark.parametrize("what", list(WRITES))
def test_wherever_the_disk_becomes_full_nothing_is_lost_and_the_run_goes_on_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, function: str, what: str
) -> None:
    expected = uninterrupted(tmp_path / "whole", what)
    for call in range(30):
        path = stored_run(tmp_path / str(call))
        with open_for_resume(path, sitting={}) as run:
            with monkeypatch.context() as patch:
                patch.setattr(os, function, failing_from(call, errno.ENOSPC, getattr(os, function)))
                error = full_disk(run, what)
            if error is None:
                break
            assert str(error).startswith("disk full while writing ")
            assert str(error).endswith(f"; free space, then run again with --resume {path}")
            assert "\n" not in str(error)
            assert not [item for item in path.rglob("*") if item.name.startswith(".")]
            assert_intact(run)
        with open_for_resume(path, sitting={}) as run:
            WRITES[what](run)
            assert run.fingerprint() == expected
            assert_intact(run)
    else:
        pytest.fail("the disk never stopped being full")


def full_disk(run: RunFolder, what: str) -> DiskFull | None:
    """What the write says about the disk; None where it had room."""
    try:
        WRITES[what](run)
    except DiskFull as error:
        return error
    return None


def uninterrupted(out: Path, what: str) -> str:
    """The fingerprint after the same writes on a disk with room."""
    with open_for_resume(stored_run(out), sitting={}) as run:
        WRITES[what](run)
        return run.fingerprint()


def assert_intact(run: RunFolder) -> None:
    """The old cell and every recorded artefact are as they were written; the report is the old or the new one."""
    assert run.read_row("a", 0) == {"x": 1}
    assert list(run.verify_cells()) == []
    for name in run.manifest().artefacts:
        assert run.read_artefact(name) in (b"old", b"new")
    assert (run.path / "report.html").read_bytes() in (b"old", b"new")


@pytest.mark.parametrize("function", ["write", "fsync", "mkdir", "replace"])
def test_a_disk_that_is_full_at_the_start_leaves_no_run_at_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, function: str
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(os, function, failing_from(0, errno.ENOSPC, getattr(os, function)))
        with pytest.raises(DiskFull) as caught:
            create(tmp_path / "out", run_id="run", config={}, rules_sha256="a" * 64, sitting={})
    assert str(caught.value).endswith("nothing of the new run was kept; free space, then run again")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT, errno.EFBIG])
def test_a_quota_and_a_size_limit_are_full_disks_too_and_the_old_artefact_stays_recorded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    with open_for_resume(stored_run(tmp_path), sitting={}) as run:
        with monkeypatch.context() as patch:
            patch.setattr(os, "write", failing_from(0, code, os.write))
            with pytest.raises(DiskFull, match=os.strerror(code)):
                run.write_artefact("report.html", "new")
        assert run.read_artefact("report.html") == b"old"


def test_a_full_disk_does_not_hinder_reading(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = stored_run(tmp_path)
    for function in ("write", "fsync", "mkdir", "rename", "replace"):
        monkeypatch.setattr(os, function, failing_from(0, errno.ENOSPC, getattr(os, function)))
    assert open_to_read(path).read_artefact("report.html") == b"old"
    assert open_to_read(path).read_row("a", 0) == {"x": 1}


@pytest.mark.parametrize(("code", "kind"), [(errno.EACCES, BadInput), (errno.EROFS, BadInput), (errno.EIO, StoreFault)])
def test_other_faults_of_the_file_system_are_one_line_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int, kind: type[Exception]
) -> None:
    path = stored_run(tmp_path)
    with open_for_resume(path, sitting={}) as run:
        with monkeypatch.context() as patch:
            patch.setattr(os, "write", failing_from(0, code, os.write))
            with pytest.raises(kind) as caught:
                write_cell(run, "b")
        assert os.strerror(code) in str(caught.value)
        assert "\n" not in str(caught.value)
        assert_intact(run)


def test_every_file_is_flushed_before_its_name_appears_and_the_folder_after(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    events: list[tuple[str, set[int]]] = []
    flush, rename, put = os.fsync, os.rename, os.replace

    def flushed(descriptor: int) -> None:
        events.append(("flushed", {os.fstat(descriptor).st_ino}))
        flush(descriptor)

    def named(source: Path, target: Path, real: Callable[..., None]) -> None:
        inside = source.iterdir() if source.is_dir() else ()
        events.append(("named", {item.stat().st_ino for item in (source, *inside)}))
        real(source, target)

    path = stored_run(tmp_path)
    with open_for_resume(path, sitting={}) as run:
        monkeypatch.setattr(os, "fsync", flushed)
        monkeypatch.setattr(os, "rename", lambda source, target: named(source, target, rename))
        monkeypatch.setattr(os, "replace", lambda source, target: named(source, target, put))
        write_cell(run, "b")
        run.write_artefact("report.html", "new")
        monkeypatch.undo()
    names = [index for index, (event, _) in enumerate(events) if event == "named"]
    parents = {item.stat().st_ino for item in (path, path / "cells" / "b")}
    assert len(names) == 4  # the cell, the manifest without the report, the report, the manifest with it
    for index in names:
        before = set[int]().union(*(inodes for event, inodes in events[:index] if event == "flushed"))
        assert events[index][1] <= before
        assert events[index + 1][0] == "flushed"
        assert events[index + 1][1] <= parents

"""A run folder from elsewhere: no path or link in it leads out, nothing is unpickled, nothing is written on refusal."""

import io
import json
import os
import zipfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from corrigible.errors import BadInput, CorruptFile
from corrigible.store import create, open_for_resume, open_to_read, open_to_update
from corrigible.store.documents import seal
from corrigible.store.files import sha256_of

SECRET = "the secret"


@pytest.fixture(autouse=True)
def without_flushing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Flushing matters at a power cut, which is not tested here, and takes most of the time."""
    monkeypatch.setattr(os, "fsync", lambda _descriptor: None)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A run of somebody else, beside a file that it must not reach."""
    (tmp_path / "secret.txt").write_text(SECRET)
    with create(tmp_path, run_id="run", config={}, rules_sha256="a" * 64, sitting={}) as run:
        run.write_cell("a", 0, row={"x": 1}, arrays={"v": {"x": np.ones(3)}}, parameters={"p": {"x": np.ones(3)}})
        run.write_artefact("report.html", "x")
        run.finish("done")
    (run.path / "lock").unlink()
    return run.path


def forge(file: Path, change: Callable[[dict[str, Any]], object]) -> None:
    """Change a document and give it the right sha256 again."""
    document = json.loads(file.read_text())
    del document["sha256"]
    change(document)
    file.write_text(json.dumps(seal(document)))


def everything(path: Path) -> dict[str, bytes | None]:
    """Every name below `path` with the content of files; links are not followed."""
    return {
        str(item.relative_to(path)): item.read_bytes() if item.is_file() and not item.is_symlink() else None
        for item in path.rglob("*")
    }


def assert_refused(path: Path, why: str) -> None:
    """No way of opening it works; each says so in one line with exit code 2 and writes nothing."""
    before = everything(path.parent)
    for open_it in (open_to_read, partial(open_for_resume, sitting={}), open_to_update):
        with pytest.raises(BadInput, match=why) as caught:
            open_it(path)
        assert caught.value.exit_code == 2
        assert "\n" not in str(caught.value)
    assert everything(path.parent) == before


@pytest.mark.parametrize(
    "name", ["../secret.txt", "/secret.txt", "a/../../secret.txt", "C:\\secret.txt", "..\\secret.txt"]
)
@pytest.mark.parametrize("sealed", [True, False])
def test_a_path_in_the_manifest_that_leads_out_is_refused(path: Path, name: str, sealed: bool) -> None:
    file = path / "manifest.json"
    if sealed:
        forge(file, lambda document: document["artefacts"].update({name: sha256_of(SECRET.encode())}))
    else:
        document = json.loads(file.read_text())
        document["artefacts"][name] = "b" * 64
        file.write_text(json.dumps(document))
    assert_refused(path, "an artefact lies inside its run folder")


@pytest.mark.parametrize(
    "name", ["../../../../secret.txt", "/secret.txt", "a/b.npz", "..", "c:x.npz", "a\\b.npz", "x.pkl"]
)
def test_a_path_in_a_cell_that_leads_out_is_refused(path: Path, name: str) -> None:
    forge(path / "cells/a/0/cell.json", lambda document: document["files"].update({name: sha256_of(SECRET.encode())}))
    run = open_to_read(path)
    before = everything(path.parent)
    for read in (
        lambda: run.read_row("a", 0),
        lambda: run.read_arrays("a", 0, "v"),
        lambda: list(run.verify_cells()),
        run.fingerprint,
    ):
        with pytest.raises(BadInput) as caught:
            read()
        assert caught.value.exit_code == 2
        assert SECRET not in str(caught.value)
    assert everything(path.parent) == before


@pytest.mark.parametrize(
    "place",
    [
        *("report.html", "manifest.json", "lock", "more", "corrupt", ".corrigible-tmp-1-a"),
        *("cells", "cells/a", "cells/a/0", "cells/a/0/row.json", "cells/a/.corrigible-tmp-1-a"),
    ],
)
@pytest.mark.parametrize("dangling", [True, False])
def test_a_symlink_anywhere_below_the_run_is_refused(path: Path, place: str, dangling: bool) -> None:
    link, target = path / place, path.parent / "moved"
    if link.exists():
        link.rename(target)
    elif not dangling:
        target.mkdir()
    link.symlink_to(path.parent / "nowhere" if dangling else target)
    assert_refused(path, f"{place} is a symlink")


def test_a_symlink_made_after_opening_is_not_followed(path: Path) -> None:
    run = open_to_read(path)
    for place, read in (
        ("cells/a/0/row.json", lambda: run.read_row("a", 0)),
        ("report.html", lambda: run.read_artefact("report.html")),
        ("cells/a", lambda: run.read_arrays("a", 0, "v")),
    ):
        (path / place).rename(path.parent / "moved")
        (path / place).symlink_to(path.parent / "moved")
        with pytest.raises(BadInput, match="symlink"):
            read()
        (path / place).unlink()
        (path.parent / "moved").rename(path / place)


def test_a_writer_does_not_write_through_a_symlink_made_after_opening(path: Path) -> None:
    outside = path.parent / "outside"
    outside.mkdir()
    with open_for_resume(path, sitting={}) as run:
        for name in ("figures", "corrupt", "cells/b"):
            (path / name).symlink_to(outside)
        for write in (
            lambda: run.write_artefact("figures/one.svg", "x"),
            lambda: run.quarantine("a", 0),
            lambda: run.write_cell("b", 0, row={}, arrays={}, parameters={}),
        ):
            with pytest.raises(BadInput, match="symlink"):
                write()
    assert list(outside.iterdir()) == []


def test_a_pipe_is_refused_instead_of_waited_for(path: Path) -> None:
    (path / "report.html").unlink()
    os.mkfifo(path / "report.html")
    assert_refused(path, "regular file")


def test_a_manifest_that_is_a_pipe_or_a_folder_is_refused(path: Path) -> None:
    (path / "manifest.json").unlink()
    os.mkfifo(path / "manifest.json")
    assert_refused(path, "regular file")
    (path / "manifest.json").unlink()
    (path / "manifest.json").mkdir()
    assert_refused(path, "cannot read .*manifest")


def test_a_run_folder_that_is_itself_reached_through_a_link_can_be_read(path: Path) -> None:
    (path.parent / "link").symlink_to(path)
    assert open_to_read(path.parent / "link").read_row("a", 0) == {"x": 1}


class Bomb:
    """An object whose unpickling makes a file."""

    def __init__(self, place: Path) -> None:
        self.place = place

    def __reduce__(self) -> tuple[object, ...]:
        return os.mkdir, (str(self.place),)


def saved(array: Any) -> bytes:
    """A .npy file."""
    file = io.BytesIO()
    np.save(file, array, allow_pickle=True)
    return file.getvalue()


def archive_of_shape(shape: tuple[int, ...]) -> bytes:
    """A .npz whose only array says that it is of this shape, and holds eight bytes."""
    member, archive = io.BytesIO(), io.BytesIO()
    np.lib.format.write_array_header_1_0(member, {"descr": "<f8", "fortran_order": False, "shape": shape})
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("x.npy", member.getvalue() + bytes(8))
    return archive.getvalue()


@pytest.mark.parametrize(
    "kind", ["objects in npz", "objects in npy", "pickle", "npy", "text", "empty", "cut short", "huge shape"]
)
def test_arrays_that_are_no_plain_archive_are_corrupt_and_nothing_is_unpickled(path: Path, kind: str) -> None:
    bomb = Bomb(path.parent / "exploded")
    archive = io.BytesIO()
    np.savez(archive, x=np.array([bomb], dtype=object))
    content = {
        "objects in npz": archive.getvalue(),
        "objects in npy": saved(np.array([bomb], dtype=object)),
        "pickle": f"cos\nmkdir\n(V{bomb.place}\ntR.".encode(),
        "npy": saved(np.ones(3)),
        "text": b"no archive",
        "empty": b"",
        "cut short": (path / "cells/a/0/v.npz").read_bytes()[:-30],
        "huge shape": archive_of_shape((10**15,)),
    }[kind]
    replace_file(path, "v.npz", content)
    with pytest.raises(CorruptFile, match=r"v\.npz"):
        open_to_read(path).read_arrays("a", 0, "v")
    assert not (path.parent / "exploded").exists()


@pytest.mark.parametrize(
    "content", [b"", b"\xff" * 40, b"\x08" + b"\0" * 7 + b"{}      " * 4, (2**62).to_bytes(8, "little")]
)
def test_parameters_that_are_no_safetensors_are_corrupt(path: Path, content: bytes) -> None:
    replace_file(path, "p.safetensors", content)
    with pytest.raises(CorruptFile, match=r"p\.safetensors"):
        open_to_read(path).read_parameters("a", 0, "p")


def replace_file(path: Path, name: str, content: bytes) -> None:
    """Put other bytes into a stored file, with the right sha256 in cell.json."""
    (path / "cells/a/0" / name).write_bytes(content)
    forge(path / "cells/a/0/cell.json", lambda document: document["files"].update({name: sha256_of(content)}))


def test_an_oversized_document_is_refused_unread(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with (path / "manifest.json").open("r+b") as file:
        file.truncate(2**40)  # sparse: reading it would take more memory than there is
    with pytest.raises(CorruptFile, match="bytes"):
        open_to_read(path)

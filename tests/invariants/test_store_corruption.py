"""One changed byte in any stored file is noticed before use, named with a remedy, and mended by resuming."""

import json
import os
import shutil
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from corrigible.errors import BadInput, CorrigibleError, CorruptFile, NewerSchema
from corrigible.store import RunFolder, create, open_for_resume, open_to_read

CELL = "cells/failure/1"
READS: dict[str, Callable[[RunFolder], object]] = {
    f"{CELL}/row.json": lambda run: run.read_row("failure", 1),
    f"{CELL}/views.npz": lambda run: run.read_arrays("failure", 1, "views"),
    f"{CELL}/last.safetensors": lambda run: run.read_parameters("failure", 1, "last"),
    f"{CELL}/cell.json": lambda run: run.fingerprint(),
    "report.html": lambda run: run.read_artefact("report.html"),
    "manifest.json": lambda run: run.manifest(),
}
CELL_FILES = [name for name in READS if name.startswith(CELL)]


@pytest.fixture(autouse=True)
def without_flushing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Flushing matters at a power cut, which is not tested here, and takes most of the time."""
    monkeypatch.setattr(os, "fsync", lambda _descriptor: None)


def write(run: RunFolder) -> None:
    """The cell under test."""
    generator = np.random.default_rng(1)
    run.write_cell(
        "failure",
        1,
        row={"score": 0.5},
        arrays={"views": {"action": generator.integers(0, 4, 30)}},
        parameters={"last": {"q": generator.random(10)}},
    )


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A finished run."""
    with create(tmp_path, run_id="run", config={"n": 12345}, rules_sha256="a" * 64, sitting={}) as run:
        write(run)
        run.write_artefact("report.html", "<p>evidence</p>")
        run.finish("done")
    return run.path


def flip(file: Path, position: int) -> None:
    """Change one bit of one byte."""
    data = bytearray(file.read_bytes())
    data[position] ^= 1
    file.write_bytes(data)


@pytest.mark.parametrize("name", [name for name in READS if name != "manifest.json"])
@pytest.mark.parametrize("where", ["first", "middle", "last but one"])
def test_a_changed_byte_is_corrupt_and_named_with_its_remedy(path: Path, name: str, where: str) -> None:
    size = (path / name).stat().st_size
    flip(path / name, {"first": 0, "middle": size // 2, "last but one": size - 2}[where])
    with pytest.raises(CorruptFile) as caught:
        READS[name](open_to_read(path))
    assert Path(name).name in str(caught.value)
    assert "resume the run" in caught.value.remedy
    assert "\n" not in str(caught.value)


def test_a_changed_value_in_the_manifest_is_corrupt(path: Path) -> None:
    file = path / "manifest.json"
    file.write_bytes(file.read_bytes().replace(b"12345", b"12346"))
    for open_it in (open_to_read, partial(open_for_resume, sitting={})):
        with pytest.raises(CorruptFile, match=r"manifest\.json"):
            open_it(path)


@pytest.mark.parametrize("name", list(READS))
def test_a_truncated_file_is_corrupt(path: Path, name: str) -> None:
    file = path / name
    file.write_bytes(file.read_bytes()[:-3])
    with pytest.raises(CorruptFile, match=Path(name).name):
        READS[name](open_to_read(path))


@pytest.mark.slow
def test_every_single_changed_byte_of_a_cell_record_is_noticed(path: Path) -> None:
    file, run = path / CELL / "cell.json", open_to_read(path)
    good = file.read_bytes()
    for position in range(len(good)):
        flip(file, position)
        with pytest.raises(CorrigibleError):
            run.fingerprint()
        file.write_bytes(good)
    run.fingerprint()


@pytest.mark.parametrize("name", CELL_FILES)
@pytest.mark.parametrize("damage", ["changed", "missing"])
def test_resuming_sets_a_corrupt_cell_aside_and_computes_it_again(path: Path, name: str, damage: str) -> None:
    expected = open_to_read(path).fingerprint()
    if damage == "missing":
        (path / name).unlink()
    else:
        flip(path / name, (path / name).stat().st_size // 2)
    with open_for_resume(path, sitting={}) as run:
        assert list(run.verify_cells()) == [("failure", 1)]
        for cell in run.verify_cells():
            run.quarantine(*cell)
        assert not run.has_cell("failure", 1)
        assert (path / "corrupt" / "failure-1-1").is_dir()
        write(run)
        assert list(run.verify_cells()) == []
        run.finish("done")
        assert run.manifest().fingerprint == expected


def test_a_cell_that_was_copied_to_another_seed_is_corrupt(path: Path) -> None:
    shutil.copytree(path / CELL, path / "cells" / "failure" / "2")
    assert list(open_to_read(path).verify_cells()) == [("failure", 2)]


def test_a_corrupt_artefact_is_mended_by_writing_it_again(path: Path) -> None:
    flip(path / "report.html", 3)
    with open_for_resume(path, sitting={}) as run:
        run.write_artefact("report.html", "<p>evidence</p>")
        assert run.read_artefact("report.html") == b"<p>evidence</p>"


def test_a_cell_of_a_newer_schema_is_told_in_one_line(path: Path) -> None:
    file = path / CELL / "cell.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), "schema": 2}))
    with pytest.raises(NewerSchema, match="newer Corrigible") as caught:
        open_to_read(path).read_row("failure", 1)
    assert "\n" not in str(caught.value)


def test_a_run_of_a_newer_schema_is_refused_and_untouched(path: Path) -> None:
    file = path / "manifest.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), "schema": 99, "more": []}))
    (path / "lock").unlink()
    before = sorted(path.rglob("*"))
    for open_it in (open_to_read, partial(open_for_resume, sitting={})):
        with pytest.raises(BadInput, match="newer Corrigible"):
            open_it(path)
    assert sorted(path.rglob("*")) == before

"""Write into a finished run by which commit it was made, with the right checksums: tests run from changed code."""

import json
from dataclasses import replace
from pathlib import Path

from corrigible.store import open_to_read
from corrigible.store.documents import render, seal
from corrigible.store.files import sha256_of


def come_from(run: Path, *, commit: str, dirty: bool | None) -> None:
    """Write into a run's sittings and rows that they were made by this commit."""
    manifest = open_to_read(run).manifest()
    sittings = tuple({**item, "commit": commit, "dirty": dirty} for item in manifest.sittings)
    (run / "manifest.json").write_bytes(replace(manifest, sittings=sittings).to_json())
    for condition, seed in open_to_read(run).cells():
        cell_comes_from(run, condition, seed, commit=commit, dirty=dirty)


def cell_comes_from(run: Path, condition: str, seed: int, *, commit: str | None, dirty: bool | None) -> None:
    """Write into one cell's row that it was made by this commit, with the right checksums."""
    place = run / "cells" / condition / str(seed)
    row = json.loads((place / "row.json").read_text(encoding="utf-8")) | {"commit": commit, "dirty": dirty}
    (place / "row.json").write_bytes(render(row, name="row"))
    cell = json.loads((place / "cell.json").read_text(encoding="utf-8"))
    del cell["sha256"]
    cell["files"]["row.json"] = sha256_of((place / "row.json").read_bytes())
    (place / "cell.json").write_text(json.dumps(seal(cell)), encoding="utf-8")

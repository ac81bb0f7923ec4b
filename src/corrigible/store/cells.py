"""Cells: one condition on one seed, written by any process in one step, so that it exists wholly or not at all.

A folder of files, each with its sha256 in cell.json: row.json, arrays as .npz, parameters as .safetensors.
"""

import errno
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load as load_safetensors
from safetensors.numpy import save as save_safetensors

from corrigible.errors import BadInput, CorruptFile, StoreFault
from corrigible.store.archives import LARGEST_FILE, pack_arrays, unpack_arrays
from corrigible.store.documents import (
    LARGEST_DOCUMENT,
    Fields,
    JsonObject,
    check_seal,
    decode_row,
    encode_row,
    parse,
    render,
    seal,
)
from corrigible.store.files import (
    disk_faults,
    make_folders,
    read_checked,
    read_stored,
    sha256_of,
    sync_folder,
    write_new,
)
from corrigible.store.fingerprints import fingerprint_arrays, portable
from corrigible.store.paths import CELLS, CORRUPT, component, inside, seed_component, seed_of, temporary_name
from corrigible.types import Array

CELL_SCHEMA: Final = 1
CELL_FILE: Final = "cell.json"
ROW_FILE: Final = "row.json"

ArrayGroups = Mapping[str, Mapping[str, Array]]
"""File name without ending -> key -> array."""

_REMEDY: Final = "resume the run: the cell will be computed again"
_ENDINGS: Final = ("json", "npz", "safetensors")
_KEYS: Final = frozenset({"schema", "condition", "seed", "files", "actions", "not_finite", "fingerprint", "sha256"})


@dataclass(frozen=True, kw_only=True)
class CellRecord:
    """What cell.json holds. files: name -> sha256. actions: which keys of which arrays the fingerprint covers.

    not_finite: JSON pointer into the row -> "nan", "inf" or "-inf", which JSON cannot say; null stands there.
    """

    condition: str
    seed: int
    files: Mapping[str, str]
    actions: Mapping[str, tuple[str, ...]]
    not_finite: Mapping[str, str]
    fingerprint: str


def write_cell_to(
    folder: Path,
    condition: str,
    seed: int,
    *,
    row: JsonObject,
    arrays: ArrayGroups,
    parameters: ArrayGroups,
    actions: Mapping[str, Sequence[str]] | None = None,
) -> str:
    """Store one cell of the run in `folder`; workers call it in parallel while their parent holds the lock.

    Args:
        folder: the run folder.
        condition: name of the condition.
        seed: from 0 up.
        row: JSON, where NaN and infinities are allowed too and read back as such.
        arrays: one .npz each; bool, integer, float, complex or fixed-width text, any shape.
        parameters: learned arrays, one .safetensors each; bool, integer, float or complex64.
        actions: name in `arrays` -> keys that hold actions; None takes every array. Fingerprinted with the parameters.

    Returns:
        The cell's fingerprint. A cell that is already stored with the same fingerprint is left as it is.

    Raises:
        BadInput: a name, value or dtype has no place in a cell, or the folder may not be written to.
        StoreFault: the cell is stored with another fingerprint. DiskFull: no room; nothing of the cell is left.
    """
    component(condition, what="condition")
    covered = _covered(arrays, actions)
    fingerprint = _fingerprint(arrays, parameters, covered)
    plain, not_finite = encode_row(row, name=f"row of {condition}/{seed}")
    record = CellRecord(
        condition=condition,
        seed=int(seed_component(seed)),
        files={},
        actions=covered,
        not_finite=not_finite,
        fingerprint=fingerprint,
    )
    stored = _store(folder, record, render(plain, name=f"row of {condition}/{seed}"), arrays, parameters)
    if not stored and read_record(folder, condition, seed).fingerprint != fingerprint:
        raise StoreFault(
            value=f"cell {condition}/{seed} of {folder} is stored with another fingerprint",
            rule="the same condition and seed learn and do the same",
            remedy="find what differs between the two computations; the first one was kept",
        )
    return fingerprint


def has_cell(folder: Path, condition: str, seed: int) -> bool:
    """True where the cell was stored; whether it is intact, `verify_cell` tells."""
    return inside(folder, CELLS, component(condition, what="condition"), seed_component(seed)).is_dir()


def stored_cells(folder: Path) -> list[tuple[str, int]]:
    """(condition, seed) of every stored cell, sorted. Folders that no cell has the name of are passed over."""
    found: list[tuple[str, int]] = []
    for condition in _folders(inside(folder, CELLS)):
        seeds = [seed_of(path.name) for path in _folders(condition)]
        found += [(condition.name, seed) for seed in seeds if seed is not None]
    return sorted(found)


def read_record(folder: Path, condition: str, seed: int) -> CellRecord:
    """What cell.json says, every field checked.

    Raises:
        BadInput: there is no such cell, or it names a file outside itself. NewerSchema: written by a newer Corrigible.
        CorruptFile: it is not as it was written.
    """
    if not has_cell(folder, condition, seed):
        raise BadInput(
            value=f"cell {condition}/{seed} of {folder}",
            rule="it must be stored",
            remedy="resume the run to compute it",
        )
    path = inside(folder, CELLS, condition, str(seed), CELL_FILE)
    document = parse(read_stored(path, remedy=_REMEDY, limit=LARGEST_DOCUMENT), name=str(path), remedy=_REMEDY)
    fields = Fields(document, name=str(path), remedy=_REMEDY)
    fields.require(schema=CELL_SCHEMA, keys=_KEYS)
    record = CellRecord(
        condition=fields.text("condition"),
        seed=fields.number("seed"),
        files=fields.digests("files"),
        actions=fields.text_lists("actions"),
        not_finite=fields.texts("not_finite"),
        fingerprint=fields.sha256("fingerprint"),
    )
    for name in record.files:
        _check_file_name(name)
    check_seal(document, name=str(path), remedy=_REMEDY)
    if (record.condition, record.seed) != (condition, seed) or ROW_FILE not in record.files:
        raise CorruptFile(value=str(path), rule=f"it must describe {condition}/{seed} and its row", remedy=_REMEDY)
    return record


def read_row(folder: Path, condition: str, seed: int) -> dict[str, Any]:
    """The row as it was given: NaN and infinities are back, tuples have become lists. Raises as `read_record`."""
    record = read_record(folder, condition, seed)
    name = f"{folder / CELLS / condition / str(seed) / ROW_FILE}"
    row = parse(_checked(folder, record, ROW_FILE), name=name, remedy=_REMEDY)
    return decode_row(row, record.not_finite, name=name, remedy=_REMEDY)


def read_arrays(folder: Path, condition: str, seed: int, name: str) -> dict[str, Array]:
    """The arrays stored under `name`, little endian, in C order. Raises as `read_record`."""
    file = f"{component(name, what='arrays')}.npz"
    data = _checked(folder, read_record(folder, condition, seed), file)
    return unpack_arrays(data, name=f"{condition}/{seed}/{file}", remedy=_REMEDY)


def read_parameters(folder: Path, condition: str, seed: int, name: str) -> dict[str, Array]:
    """The learned arrays stored under `name`. Raises as `read_record`."""
    file = f"{component(name, what='parameters')}.safetensors"
    data = _checked(folder, read_record(folder, condition, seed), file)
    try:
        return load_safetensors(data)
    except (SafetensorError, LookupError, ValueError) as error:
        raise CorruptFile(value=f"{condition}/{seed}/{file}", rule="it must hold arrays", remedy=_REMEDY) from error


def verify_cell(folder: Path, condition: str, seed: int) -> None:
    """Read every file of a cell against its checksum; CorruptFile at the first that differs."""
    record = read_record(folder, condition, seed)
    for name in record.files:
        _checked(folder, record, name)


def quarantine_cell(folder: Path, condition: str, seed: int) -> Path:
    """Move a cell to corrupt/<condition>-<seed>-<n>, n = 1, 2, ...; nothing is deleted. Returns the new place."""
    source = inside(folder, CELLS, component(condition, what="condition"), seed_component(seed))
    number = 1
    while (target := inside(folder, CORRUPT, f"{condition}-{seed}-{number}")).exists():
        number += 1
    with disk_faults(f"quarantine of cell {condition}/{seed}", folder):
        make_folders(folder, CORRUPT)
        source.rename(target)
        sync_folder(target.parent)
        sync_folder(source.parent)
    return target


def _check_file_name(name: str) -> None:
    stem, _, ending = name.rpartition(".")
    component(stem, what="stored file")
    if ending not in _ENDINGS:
        raise BadInput(
            value=f"stored file {name!r}", rule=f"a cell holds {', '.join(_ENDINGS)}", remedy="do not use this folder"
        )


def _folders(folder: Path) -> list[Path]:
    try:
        return sorted(path for path in folder.iterdir() if path.is_dir() and not path.name.startswith("."))
    except FileNotFoundError:
        return []


def _store(folder: Path, record: CellRecord, row: bytes, arrays: ArrayGroups, parameters: ArrayGroups) -> bool:
    """Write a cell beside its place and move it there in one step; False where the place is taken."""
    target = inside(folder, CELLS, record.condition, str(record.seed))
    with disk_faults(f"cell {record.condition}/{record.seed}", folder):
        parent = make_folders(folder, CELLS, record.condition)
        temporary = parent / temporary_name()
        temporary.mkdir()
        try:
            _fill(temporary, record, row, arrays, parameters)
            stored = _move_into_place(temporary, target)
        finally:
            shutil.rmtree(temporary, ignore_errors=True)
        sync_folder(parent)
    return stored


def _fill(folder: Path, record: CellRecord, row: bytes, arrays: ArrayGroups, parameters: ArrayGroups) -> None:
    """Write every file of a cell, then cell.json with their checksums, and flush them."""
    files = {ROW_FILE: _write(folder / ROW_FILE, row)}
    for name, data in _packed(arrays, parameters):
        files[name] = _write(folder / name, data)
    document = seal({"schema": CELL_SCHEMA, **asdict(replace(record, files=files))})
    _write(folder / CELL_FILE, render(document, name=CELL_FILE))
    sync_folder(folder)


def _write(path: Path, data: bytes) -> str:
    write_new(path, data)
    return sha256_of(data)


def _move_into_place(temporary: Path, target: Path) -> bool:
    try:
        temporary.rename(target)
    except OSError as error:
        if error.errno in (errno.ENOTEMPTY, errno.EEXIST):
            return False
        raise
    return True


def _checked(folder: Path, record: CellRecord, file: str) -> bytes:
    if file not in record.files:
        raise BadInput(
            value=f"{file} of cell {record.condition}/{record.seed}",
            rule=f"it must be stored; there are {', '.join(sorted(record.files))}",
            remedy="ask for one of these",
        )
    path = inside(folder, CELLS, record.condition, str(record.seed), file)
    limit = LARGEST_DOCUMENT if file == ROW_FILE else LARGEST_FILE
    return read_checked(path, sha256=record.files[file], remedy=_REMEDY, limit=limit)


def _covered(arrays: ArrayGroups, actions: Mapping[str, Sequence[str]] | None) -> dict[str, tuple[str, ...]]:
    if actions is None:
        return {name: tuple(sorted(group)) for name, group in arrays.items()}
    for name, keys in actions.items():
        for key in keys:
            if key not in arrays.get(name, {}):
                raise BadInput(
                    value=f"actions {name}/{key}", rule="they must be among the arrays", remedy="store them there"
                )
    return {name: tuple(keys) for name, keys in actions.items()}


def _fingerprint(arrays: ArrayGroups, parameters: ArrayGroups, actions: Mapping[str, tuple[str, ...]]) -> str:
    """sha256 over learned parameters and actions, each under parameters/<name>/<key> or actions/<name>/<key>."""
    learned = {f"parameters/{name}/{key}": array for name, group in parameters.items() for key, array in group.items()}
    done = {f"actions/{name}/{key}": arrays[name][key] for name, keys in actions.items() for key in keys}
    return fingerprint_arrays(learned | done)


def _packed(arrays: ArrayGroups, parameters: ArrayGroups) -> Iterator[tuple[str, bytes]]:
    for name, group in arrays.items():
        plain = {_key(name, key): array for key, array in group.items()}
        yield f"{component(name, what='arrays')}.npz", pack_arrays(name, plain)
    for name, group in parameters.items():
        yield f"{component(name, what='parameters')}.safetensors", _pack_parameters(name, group)


def _pack_parameters(name: str, group: Mapping[str, Array]) -> bytes:
    plain = {_key(name, key): portable(array, name=f"{name}/{key}") for key, array in group.items()}
    for key, array in plain.items():
        if array.dtype.kind in "SU" or array.dtype == np.complex128:
            raise BadInput(
                value=f"parameter {name}/{key} has dtype {array.dtype}",
                rule="safetensors holds bool, integer, float and complex64",
                remedy="convert it first, or store it in `arrays`",
            )
    return save_safetensors(plain)


def _key(name: str, key: str) -> str:
    reserved = key in ("file", "allow_pickle", "__metadata__") or key.endswith(".npy")
    if not key or len(key) > 200 or not key.isprintable() or "\\" in key or reserved:
        raise BadInput(
            value=f"key {key[:200]!r} of {name}",
            rule="a key is 1 to 200 printable characters, no backslash, no '.npy' at its end, no word of the formats",
            remedy="choose another name",
        )
    return key

"""Arrays and notes in one safetensors file that names its format and carries its own checksum; nothing is unpickled."""

import json
import struct
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, final

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load, save

from corrigible.errors import BadInput, CorruptFile, NewerSchema
from corrigible.store import disk_faults, fingerprint_arrays, replace_file
from corrigible.store.documents import check_seal, parse, seal
from corrigible.store.files import read_stored
from corrigible.types import Array

_HEADER: Final = "corrigible"
_LENGTH: Final = struct.Struct("<Q")
LARGEST: Final = 4 << 30
"""Bytes that such a file may have."""


@final
class TensorFile:
    """One kind of file: its name in words, its schema, and what to do about one that cannot be read."""

    def __init__(self, kind: str, schema: int, remedy: str) -> None:
        self._kind, self._schema, self._remedy = kind, schema, remedy

    def write(self, path: Path, arrays: Mapping[str, Array], notes: Mapping[str, Any], *, retry: str) -> None:
        """Put arrays and notes (plain values) at `path` in one step: a reader sees the old file or the new one.

        Raises DiskFull, BadInput or StoreFault where it cannot be written; `retry` is what their message advises.
        """
        plain: dict[str, Any] = {name: np.ascontiguousarray(value) for name, value in arrays.items()}
        header = seal(
            {"format": self._kind, "schema": self._schema, "notes": dict(notes), "arrays": fingerprint_arrays(plain)}
        )
        data = save(plain, metadata={_HEADER: json.dumps(header, sort_keys=True, allow_nan=False)})
        with disk_faults(path.name, path.absolute().parent, retry=retry, elsewhere="name another place"):
            replace_file(path, data)

    def read(self, path: Path) -> tuple[dict[str, Array], dict[str, Any]]:
        """Arrays and notes.

        Raises:
            BadInput: it is a file of another kind, a link, or may not be read. NewerSchema: a newer Corrigible's.
            CorruptFile: it is missing, or differs from what was written.
        """
        data = read_stored(path, remedy=self._remedy, limit=LARGEST)
        header = self._header(data, path)
        try:
            arrays = load(data)
        except (SafetensorError, KeyError, ValueError, TypeError) as error:
            raise self._corrupt(path, str(error)) from error
        if fingerprint_arrays(arrays) != header["arrays"]:
            raise self._corrupt(path, "its arrays differ from those that were written")
        return arrays, header["notes"]

    def _header(self, data: bytes, path: Path) -> dict[str, Any]:
        length = _LENGTH.unpack_from(data)[0] if len(data) >= _LENGTH.size else len(data)
        if length > len(data) - _LENGTH.size or data[_LENGTH.size : _LENGTH.size + 1] != b"{":
            raise self._foreign(path)
        every = parse(data[_LENGTH.size : _LENGTH.size + length], name=path.name, remedy=self._remedy)
        metadata = every.get("__metadata__")
        text = metadata.get(_HEADER) if isinstance(metadata, dict) else None
        if not isinstance(text, str):
            raise self._foreign(path)
        header = parse(text.encode(), name=path.name, remedy=self._remedy)
        if header.get("format") != self._kind:
            raise self._foreign(path)
        schema = header.get("schema")
        if isinstance(schema, int) and schema > self._schema:
            raise NewerSchema(
                value=f"{path.name} has schema {schema}",
                rule=f"this Corrigible reads schemas up to {self._schema}",
                remedy="install a newer Corrigible",
            )
        check_seal(header, name=path.name, remedy=self._remedy)
        if set(header) != {"format", "schema", "notes", "arrays", "sha256"} or not isinstance(header["notes"], dict):
            raise self._foreign(path)
        return header

    def _foreign(self, path: Path) -> BadInput:
        return BadInput(value=str(path), rule=f"it must be {self._kind}", remedy=self._remedy)

    def _corrupt(self, path: Path, why: str) -> CorruptFile:
        return CorruptFile(value=str(path), rule=why, remedy=self._remedy)

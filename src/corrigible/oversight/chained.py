"""Entries of a record that only grows: JSON lines, each sealed and chained to the one before it.

An entry that was changed, taken out or cut off shows. Who may write the file may still write a whole new one: keep the
digest of its last line elsewhere where that matters.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, TypeVar

from pydantic import ValidationError

from corrigible.documents import Document
from corrigible.errors import BadInput, CorruptFile, Tampered
from corrigible.oversight.moments import written
from corrigible.store.documents import check_seal, parse, seal
from corrigible.store.files import sha256_of

E = TypeVar("E", bound=Document)

LARGEST: Final = 1 << 20


def read_record(path: Path, *, remedy: str) -> bytes:
    """The bytes of the record; none where it has no entry yet. Raises Tampered where it is too large."""
    try:
        with path.open("rb") as file:
            data = file.read(LARGEST + 1)
    except FileNotFoundError:
        return b""
    except OSError as error:
        raise BadInput(
            value=str(path), rule=f"it must be readable ({error.strerror})", remedy="mend its permissions"
        ) from error
    if len(data) > LARGEST:
        raise Tampered(value=str(path), rule=f"at most {LARGEST} bytes", remedy=remedy)
    return data


def entries_of(data: bytes, kind: type[E], *, path: Path, remedy: str) -> tuple[E, ...]:
    """Every entry in order; Tampered where one was changed, taken out or cut off."""
    if data and not data.endswith(b"\n"):
        raise Tampered(value=str(path), rule="its last line is cut off", remedy=remedy)
    found: list[E] = []
    before = ""
    for number, line in enumerate(data.splitlines(), start=1):
        name = f"{path}, line {number}"
        try:
            document = parse(line, name=name, remedy=remedy)
            check_seal(document, name=name, remedy=remedy)
            if document.get("before") != before:
                raise Tampered(value=name, rule="it does not follow the line before it", remedy=remedy)
            found.append(kind.model_validate(document.get("entry")))
        except (CorruptFile, ValidationError) as error:
            rule = error.rule if isinstance(error, CorruptFile) else "it is no entry"
            raise Tampered(value=name, rule=rule, remedy=remedy) from error
        before = sha256_of(line)
    return tuple(found)


def with_entry(data: bytes, entry: Document) -> bytes:
    """The record with one more entry; a field `at` is written to the second."""
    lines = data.splitlines()
    plain: dict[str, Any] = dict(plain_entry(entry))
    moment = getattr(entry, "at", None)
    if moment is not None:
        plain |= {"at": written(moment)}
    document = {"schema": 1, "before": sha256_of(lines[-1]) if lines else "", "entry": plain}
    return data + json.dumps(seal(document), sort_keys=True, separators=(",", ":"), allow_nan=False).encode() + b"\n"


def plain_entry(entry: Document) -> Mapping[str, Any]:
    """An entry as JSON has it."""
    return entry.model_dump(mode="json")

"""The digest of a saved checkpoint, a file or a folder of files, of any size."""

import hashlib
from pathlib import Path

from corrigible.errors import BadInput


def digest_of(path: Path) -> str:
    """sha256 (hex) of a file; of a folder, that of its files' names and digests in order.

    Raises:
        BadInput: it is neither, or cannot be read.
    """
    try:
        if path.is_dir():
            files = sorted(item for item in path.rglob("*") if item.is_file())
            rows = "".join(f"{_of_file(item)}  {item.relative_to(path).as_posix()}\n" for item in files)
            return hashlib.sha256(rows.encode("utf-8", "surrogateescape")).hexdigest()
        return _of_file(path)
    except OSError as error:
        raise BadInput(
            value=f"checkpoint {path}", rule=f"it must be readable ({error.strerror})", remedy="save it first"
        ) from error


def _of_file(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()

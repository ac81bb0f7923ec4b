"""A picture or a page that a command was asked for, written in one step."""

from pathlib import Path

from corrigible.errors import BadInput
from corrigible.store import disk_faults, replace_file


def draw(path: Path, content: str, *, option: str = "--picture") -> None:
    """Write an SVG or HTML; BadInput where its folder is missing or cannot be written."""
    if not path.absolute().parent.is_dir():
        raise BadInput(value=str(path), rule="its folder must exist", remedy="make the folder, or name another")
    with disk_faults(
        path.name, path.absolute().parent, retry="draw it again", elsewhere=f"name another file with {option}"
    ):
        replace_file(path, content.encode())


def drawn(path: Path | None) -> tuple[str, ...]:
    """What an answer says of it."""
    return () if path is None else (f"Picture: {path}",)

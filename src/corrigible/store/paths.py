"""Which names may lie in a run folder. Everything else, and every symlink, is refused before it is read or written."""

import operator
import os
import re
import secrets
import stat
from pathlib import Path
from typing import Final

from corrigible.errors import BadInput

MANIFEST_FILE: Final = "manifest.json"
LOCK_FILE: Final = "lock"
CELLS: Final = "cells"
CORRUPT: Final = "corrupt"
TEMPORARY_PREFIX: Final = ".corrigible-tmp-"
"""Whatever starts like this was left by a killed process and is swept on resume."""

_RESERVED: Final = frozenset({MANIFEST_FILE, LOCK_FILE, CELLS, CORRUPT})
_COMPONENT: Final = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9_ .+=,@()-]{0,98}[A-Za-z0-9_+=,@()-])?")
"""Legal on every file system in use: no separator, colon, control character, leading dot, trailing dot or space."""


def component(name: str, *, what: str) -> str:
    """Return `name` if it may name one file or folder.

    Raises:
        BadInput: it has a separator, a colon, a leading dot, a character beyond ASCII, or more than 100 characters.
    """
    if not _COMPONENT.fullmatch(name):
        raise BadInput(
            value=f"{what} {name[:120]!r}",
            rule="a name in a run folder is 1 to 100 ASCII letters, digits, or _ + = , @ ( ) - and inner . or blank",
            remedy="choose such a name",
        )
    return name


def seed_component(seed: int) -> str:
    """The folder name of a seed: its decimal digits. BadInput for anything but a whole number from 0 up."""
    try:
        number = operator.index(seed)
    except TypeError:
        number = -1
    if number < 0:
        raise BadInput(value=f"seed = {seed!r}", rule="a seed is a whole number from 0 up", remedy="give such as 0")
    return str(number)


def seed_of(name: str) -> int | None:
    """The seed whose folder has this name; None where no seed is written so."""
    return int(name) if name.isascii() and name.isdigit() and str(int(name)) == name else None


def artefact_parts(relative: str) -> tuple[str, ...]:
    """Components of an artefact's path relative to the run folder.

    Raises:
        BadInput: it is absolute, climbs out with "..", has a drive letter or backslash, or is the store's own file.
    """
    parts = tuple(relative.split("/"))
    if not all(_COMPONENT.fullmatch(part) for part in parts):
        raise BadInput(
            value=f"path {relative[:200]!r}",
            rule="an artefact lies inside its run folder: relative, forward slashes, no '..', no drive, plain names",
            remedy="do not use this run folder unless you trust who made it",
        )
    if parts[0].casefold() in _RESERVED:
        raise BadInput(
            value=f"path {relative!r}", rule="the store itself keeps that file", remedy="choose another name"
        )
    return parts


def inside(folder: Path, *parts: str) -> Path:
    """`folder` / `parts`, none of which is a symlink; they need not exist.

    Raises:
        BadInput: one of them is a symlink, or leads out of `folder`.
    """
    path = folder
    try:
        for part in parts:
            path = path / part
            if path.is_symlink():
                raise symlink_refused(path)
        within = path.resolve().is_relative_to(folder.resolve())
    except (OSError, RuntimeError, ValueError) as error:  # RuntimeError: a circle of symlinks above `folder`
        raise BadInput(value=f"path {path}", rule=f"it must be reachable, but {error}", remedy="mend that") from error
    if not within:
        raise BadInput(
            value=f"path {path}", rule=f"it must lie inside {folder}", remedy="do not use this run folder as it is"
        )
    return path


def symlink_refused(path: Path) -> BadInput:
    """The refusal of a symlink."""
    return BadInput(
        value=f"{path} is a symlink",
        rule="a run folder holds no symlinks",
        remedy="do not use this folder unless you trust who made it; replace the link by the file",
    )


def refuse_links(folder: Path) -> None:
    """Look at everything below `folder`; BadInput at the first symlink, pipe, socket or device. Nothing is opened.

    What vanishes meanwhile (another process is writing) is passed over.
    """
    waiting = [folder]
    while waiting:
        for path in _listed(waiting.pop()):
            try:
                mode = path.lstat().st_mode
            except FileNotFoundError:
                continue
            if stat.S_ISLNK(mode):
                raise symlink_refused(path)
            if stat.S_ISDIR(mode):
                waiting.append(path)
            elif not stat.S_ISREG(mode):
                raise BadInput(
                    value=f"{path} is no regular file",
                    rule="a run folder holds files and folders only",
                    remedy="remove it",
                )


def temporary_name() -> str:
    """A fresh name with our prefix."""
    return f"{TEMPORARY_PREFIX}{os.getpid()}-{secrets.token_hex(6)}"


def leftovers(folder: Path) -> list[Path]:
    """Everything below `folder` whose name has our prefix, without looking into it. No symlink is followed."""
    found: list[Path] = []
    waiting = [folder]
    while waiting:
        for path in _listed(waiting.pop()):
            if path.name.startswith(TEMPORARY_PREFIX):
                found.append(path)
            elif path.is_dir() and not path.is_symlink():
                waiting.append(path)
    return found


def _listed(folder: Path) -> list[Path]:
    try:
        return sorted(folder.iterdir())
    except FileNotFoundError:
        return []
    except PermissionError as error:
        raise BadInput(value=f"folder {folder}", rule="it must be readable", remedy="change its permissions") from error

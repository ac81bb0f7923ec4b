"""Runs as a collection: what there is, what it costs, and how to be rid of it."""

import shutil
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from corrigible.errors import BadInput, CorrigibleError, CorruptFile
from corrigible.store.files import disk_faults
from corrigible.store.lock import is_locked, take_lock
from corrigible.store.manifest import RunStatus, read_manifest
from corrigible.store.paths import MANIFEST_FILE, TEMPORARY_PREFIX, refuse_links, symlink_refused, temporary_name

_REMOVED: Final = "-removed"


@dataclass(frozen=True, kw_only=True)
class RunSummary:
    """One line about a run.

    status: as in the manifest, but "interrupted" where it says running and nobody holds the lock, and "unreadable"
    where the manifest is corrupt, unsafe or newer. bytes: sizes of its files, added up. created: ISO 8601 in UTC.
    """

    path: Path
    id: str
    experiment: str
    status: RunStatus | Literal["unreadable"]
    bytes: int
    created: str


def list_runs(out: Path) -> list[RunSummary]:
    """Every run folder directly in `out`, oldest first; none where `out` does not exist. Nothing is written.

    Raises:
        BadInput: `out` is no folder, or may not be read.
    """
    try:
        folders = [path for path in out.iterdir() if not path.name.startswith(TEMPORARY_PREFIX)]
    except FileNotFoundError:
        return []
    except OSError as error:
        raise BadInput(
            value=f"{out}", rule=f"it must be a readable folder ({error.strerror})", remedy="give one with --out"
        ) from error
    return sorted((_summary(path) for path in folders if _is_run(path)), key=lambda run: (run.created, run.id))


def cost(path: Path) -> int:
    """Bytes: the sizes of all files below `path`, added up. Symlinks count as themselves and are not followed."""
    total, waiting = 0, [path]
    while waiting:
        current = waiting.pop()
        try:
            status = current.lstat()
            if stat.S_ISDIR(status.st_mode):
                waiting.extend(current.iterdir())
            else:
                total += status.st_size
        except OSError:  # it vanished while a run was writing, or is closed to us: it frees nothing
            continue
    return total


def remove(path: Path) -> int:
    """Delete a run folder and return the bytes that this freed.

    It first vanishes from its parent in one step; if the deleting is cut short, the next `remove` there completes it.

    Raises:
        BadInput: a symlink, a folder with a symlink in it, or one without a valid manifest. RunLocked: being written.
    """
    path = path.absolute()
    if path.is_symlink():
        raise symlink_refused(path)
    try:
        read_manifest(path)
    except CorruptFile as error:
        raise BadInput(
            value=f"{path}", rule=f"only a run folder is removed, and {error.rule}", remedy="remove it by hand"
        ) from error
    refuse_links(path)
    lock = take_lock(path)
    try:
        freed = cost(path)
        with disk_faults("the removal", path, retry="run `corrigible clean` again"):
            path.rename(path.with_name(temporary_name() + _REMOVED))
    finally:
        lock.release()
    for doomed in path.parent.glob(f"{TEMPORARY_PREFIX}*{_REMOVED}"):
        if not doomed.is_symlink():
            shutil.rmtree(doomed, ignore_errors=True)  # another process may be removing it too
    return freed


def _is_run(path: Path) -> bool:
    try:
        return not path.is_symlink() and (path / MANIFEST_FILE).is_file()
    except OSError:  # closed to us
        return False


def _summary(path: Path) -> RunSummary:
    size = cost(path)
    try:
        manifest = read_manifest(path)
    except CorrigibleError:
        return RunSummary(path=path, id=path.name, experiment="", status="unreadable", bytes=size, created="")
    status = "interrupted" if manifest.status == "running" and not is_locked(path) else manifest.status
    return RunSummary(
        path=path,
        id=manifest.id,
        experiment=manifest.experiment,
        status=status,
        bytes=size,
        created=manifest.created,
    )

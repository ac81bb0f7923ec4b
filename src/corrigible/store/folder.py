"""A run folder: created or opened, locked while it is written, consistent at whatever instant its writer is killed."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from secrets import token_hex
from types import TracebackType
from typing import Any, Final, Literal, Self, final

from filelock import BaseFileLock

from corrigible.errors import BadInput, CorruptFile, DiskFull, StoreFault
from corrigible.store.archives import LARGEST_FILE
from corrigible.store.cells import (
    ArrayGroups,
    has_cell,
    quarantine_cell,
    read_arrays,
    read_parameters,
    read_record,
    read_row,
    stored_cells,
    verify_cell,
    write_cell_to,
)
from corrigible.store.documents import JsonObject
from corrigible.store.files import FULL, disk_faults, make_folders, read_checked, replace_file, sha256_of, sweep
from corrigible.store.fingerprints import fingerprint_cells
from corrigible.store.lock import take_lock
from corrigible.store.manifest import Manifest, new_manifest, now, read_manifest
from corrigible.store.paths import (
    CORRUPT,
    LOCK_FILE,
    MANIFEST_FILE,
    TEMPORARY_PREFIX,
    artefact_parts,
    component,
    inside,
    leftovers,
    refuse_links,
)
from corrigible.types import Array

_ARTEFACT_REMEDY: Final = "resume the run: the file will be written again"


@final
class RunFolder:
    """One run on disk, from `create` or one of the three `open_...`; as a context manager it frees the lock.

    Any method raises BadInput where the folder holds a symlink or a path that leads out of it, CorruptFile where a file
    is not as it was written. Those that write raise DiskFull, BadInput or StoreFault (one line, what was stored is
    intact), and StoreFault where the folder was opened to read or is closed.
    """

    def __init__(self, path: Path, lock: BaseFileLock | None) -> None:
        self._path, self._lock = path, lock

    @property
    def path(self) -> Path:
        """The folder, absolute."""
        return self._path

    def __enter__(self) -> Self:
        """The folder itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Release the lock."""
        self.close()

    def close(self) -> None:
        """Release the lock; nothing can be written any more. What was not finished can be resumed."""
        lock, self._lock = self._lock, None
        if lock is not None:
            lock.release()

    def manifest(self) -> Manifest:
        """The manifest as it is on disk now."""
        return read_manifest(self._path)

    def cells(self) -> list[tuple[str, int]]:
        """(condition, seed) of every stored cell, sorted."""
        return stored_cells(self._path)

    def has_cell(self, condition: str, seed: int) -> bool:
        """True where the cell was stored; `verify_cells` tells whether it is intact."""
        return has_cell(self._path, condition, seed)

    def read_row(self, condition: str, seed: int) -> dict[str, Any]:
        """The row as it was given; NaN and infinities are back, tuples have become lists."""
        return read_row(self._path, condition, seed)

    def read_arrays(self, condition: str, seed: int, name: str) -> dict[str, Array]:
        """Key -> array of one .npz."""
        return read_arrays(self._path, condition, seed, name)

    def read_parameters(self, condition: str, seed: int, name: str) -> dict[str, Array]:
        """Key -> learned array of one .safetensors."""
        return read_parameters(self._path, condition, seed, name)

    def read_artefact(self, relative: str) -> bytes:
        """The bytes of an artefact that the manifest records, also while another process writes it anew."""
        path = inside(self._path, *artefact_parts(relative))
        recorded = self._recorded(relative)
        while True:
            try:
                return read_checked(path, sha256=recorded, remedy=_ARTEFACT_REMEDY, limit=LARGEST_FILE)
            except CorruptFile:
                before, recorded = recorded, self._recorded(relative)
                if recorded == before:
                    raise

    def fingerprint(self) -> str:
        """sha256 over (condition, seed, fingerprint) of every stored cell."""
        cells = stored_cells(self._path)
        return fingerprint_cells((*cell, read_record(self._path, *cell).fingerprint) for cell in cells)

    def cell_fingerprint(self, condition: str, seed: int) -> str:
        """sha256 over what one cell learned and did."""
        return read_record(self._path, condition, seed).fingerprint

    def quarantined(self) -> list[tuple[str, int]]:
        """(condition, seed) of every cell that was set aside, in order of name; one set aside twice stands twice."""
        folder = self._path / CORRUPT
        names = sorted(item.name for item in folder.iterdir()) if folder.is_dir() else []
        parts = [name.rsplit("-", 2) for name in names]
        return [(part[0], int(part[1])) for part in parts if len(part) == 3 and part[1].isdigit()]

    def verify_cells(self) -> Iterator[tuple[str, int]]:
        """Yield (condition, seed) of every corrupt cell; reads every stored byte. Each may be quarantined at once."""
        for cell in stored_cells(self._path):
            try:
                verify_cell(self._path, *cell)
            except CorruptFile:
                yield cell

    def write_cell(
        self,
        condition: str,
        seed: int,
        *,
        row: JsonObject,
        arrays: ArrayGroups,
        parameters: ArrayGroups,
        actions: Mapping[str, Sequence[str]] | None = None,
    ) -> str:
        """Store one cell in one step and return its fingerprint; see `write_cell_to`."""
        self._require_lock()
        return write_cell_to(
            self._path, condition, seed, row=row, arrays=arrays, parameters=parameters, actions=actions
        )

    def quarantine(self, condition: str, seed: int) -> Path:
        """Move a cell aside to corrupt/, so that it will be computed again; returns where it lies now."""
        self._require_lock()
        return quarantine_cell(self._path, condition, seed)

    def write_artefact(self, relative: str, content: bytes | str) -> Path:
        """Store a file (text as UTF-8) in one step and record its sha256; one of that name is replaced.

        The new content is on the disk before the old record is dropped, and the old record is dropped before the file
        changes: a record never stands for another file, and a full disk leaves the old file and its record.
        """
        self._require_lock()
        parts = artefact_parts(relative)
        data = content.encode() if isinstance(content, str) else content
        path, manifest = inside(self._path, *parts), self.manifest()
        others = {name: digest for name, digest in manifest.artefacts.items() if name != relative}

        def forget() -> None:
            if relative in manifest.artefacts:
                self._store(replace(manifest, artefacts=others))

        with disk_faults(relative, self._path):
            make_folders(self._path, *parts[:-1])
            replace_file(path, data, before=forget)
        self._store(replace(manifest, artefacts={**others, relative: sha256_of(data)}))
        return path

    def finish(self, status: Literal["interrupted", "done", "failed"]) -> None:
        """Record how the run ended, and its fingerprint when it is done."""
        self._require_lock()
        fingerprint = self.fingerprint() if status == "done" else None
        self._store(replace(self.manifest(), status=status, finished=now(), fingerprint=fingerprint))

    def _recorded(self, relative: str) -> str:
        recorded = self.manifest().artefacts.get(relative)
        if recorded is None:
            raise BadInput(
                value=f"{relative} of {self._path}",
                rule="the manifest must record it",
                remedy="let the run end, or resume it",
            )
        return recorded

    def _store(self, manifest: Manifest) -> None:
        _write_manifest(self._path, manifest)

    def _require_lock(self) -> None:
        if self._lock is None:
            raise StoreFault(
                value=f"run folder {self._path} is closed, or was opened to read",
                rule="who writes holds the lock",
                remedy="use open_for_resume",
            )


def new_run_id(experiment: str) -> str:
    """<experiment>-<YYYYmmdd-HHMMSS in UTC>-<4 hex digits>."""
    return component(f"{experiment}-{datetime.now(UTC):%Y%m%d-%H%M%S}-{token_hex(2)}", what="run id")


def create(out: Path, *, run_id: str, config: JsonObject, rules_sha256: str, sitting: JsonObject) -> RunFolder:
    """A new run folder `out`/`run_id`, locked, with a manifest of status running.

    A folder of that name is taken over only where a killed `create` left it without a manifest.

    Raises:
        BadInput: `out` cannot be written to, the id exists, or an argument is not JSON; nothing was written.
        RunLocked: another process is creating it. DiskFull: no room; nothing of it is left.
    """
    manifest = new_manifest(run_id=run_id, config=config, rules_sha256=rules_sha256, sitting=sitting)
    path = out.absolute() / run_id
    try:
        made = _make_with_parents(path)
        try:
            return RunFolder(path, _begin(path, manifest, fresh=path in made))
        except BaseException:
            _unmake(made)
            raise
    except DiskFull as error:
        raise DiskFull(
            value=error.value, rule="nothing of the new run was kept", remedy="free space, then run again"
        ) from error


def open_for_resume(path: Path, *, sitting: JsonObject, config: JsonObject | None = None) -> RunFolder:
    """Lock a run, sweep what killed processes left, set its status to running and its fingerprint to None.

    Args:
        path: the run folder.
        sitting: provenance of this sitting, added to those of the manifest.
        config: where given, it must equal the stored one.

    Raises:
        BadInput: no run folder, not to be trusted, another config. NewerSchema, CorruptFile: the manifest.
            Nothing was written then.
        RunLocked: another process writes it. DiskFull: no room; the manifest is as it was.
    """
    path = path.absolute()
    _check_to_open(path, config)
    lock = take_lock(path)
    try:
        manifest = _check_to_open(path, config)
        _sweep_leftovers(path)
        sittings = (*manifest.sittings, sitting)
        _write_manifest(path, replace(manifest, sittings=sittings, status="running", finished=None, fingerprint=None))
    except BaseException:
        lock.release()
        raise
    return RunFolder(path, lock)


def open_to_update(path: Path) -> RunFolder:
    """Lock a run to write artefacts into it, its status left as it is; raises as `open_for_resume` does."""
    path = path.absolute()
    _check_to_open(path, None)
    lock = take_lock(path)
    try:
        _check_to_open(path, None)
    except BaseException:
        lock.release()
        raise
    return RunFolder(path, lock)


def open_to_read(path: Path) -> RunFolder:
    """A run to read, also while another process writes it; takes no lock and never writes.

    Raises:
        BadInput: no run folder, or one with symlinks or unsafe paths. NewerSchema, CorruptFile: the manifest.
    """
    path = path.absolute()
    _check_to_open(path, None)
    return RunFolder(path, None)


def _check_to_open(path: Path, config: JsonObject | None) -> Manifest:
    manifest = read_manifest(path)
    refuse_links(path)
    if config is not None and replace(manifest, config=config).to_json() != manifest.to_json():
        raise BadInput(
            value=f"run {manifest.id} was started with another config",
            rule="a run is resumed with the config it was started with",
            remedy="start a new run, or resume without changes",
        )
    return manifest


def _sweep_leftovers(path: Path) -> None:
    with disk_faults("leftovers", path):
        for leftover in leftovers(path):
            sweep(leftover)


def _write_manifest(path: Path, manifest: Manifest) -> None:
    data = manifest.to_json()
    with disk_faults(MANIFEST_FILE, path):
        replace_file(path / MANIFEST_FILE, data)


def _begin(path: Path, manifest: Manifest, *, fresh: bool) -> BaseFileLock:
    """Lock an empty folder and write its first manifest; a `fresh` one is left empty on any fault."""
    lock = take_lock(path)
    try:
        _refuse_existing(path)
        _sweep_leftovers(path)
        _write_manifest(path, manifest)
    except BaseException:
        if fresh:
            with suppress(OSError):
                (path / LOCK_FILE).unlink()
        lock.release()
        raise
    return lock


def _refuse_existing(path: Path) -> None:
    if path.is_symlink() or (path.exists() and not path.is_dir()):
        present = True
    else:
        names = [item.name for item in path.iterdir()] if path.exists() else []
        present = any(name != LOCK_FILE and not name.startswith(TEMPORARY_PREFIX) for name in names)
    if present:
        raise BadInput(
            value=f"{path} exists", rule="a new run needs a new id", remedy="choose another id, or use --resume"
        )


def _make_with_parents(path: Path) -> list[Path]:
    """Make `path` and its missing parents; returns those made, outermost first. All or nothing."""
    made: list[Path] = []
    try:
        _refuse_existing(path)
        missing = [folder for folder in (path, *path.parents) if not folder.exists()]
        for folder in reversed(missing):
            with suppress(FileExistsError):  # another process was faster
                folder.mkdir()
                made.append(folder)
    except OSError as error:
        _unmake(made)
        if error.errno in FULL:
            with disk_faults("the folder", path):
                raise
        raise BadInput(
            value=f"cannot make folder {path}",
            rule=f"--out must be a folder that can be written to ({error.strerror})",
            remedy="choose another folder with --out",
        ) from error
    return made


def _unmake(made: list[Path]) -> None:
    """Take back what `create` made, as far as it is empty."""
    with suppress(OSError):
        for folder in reversed(made):
            folder.rmdir()

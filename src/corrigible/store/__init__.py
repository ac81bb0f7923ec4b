"""Run folders: atomic writes, checksums, resume, lock. A run killed at any instant is resumed with nothing lost."""

from corrigible.store.cells import CELL_SCHEMA, write_cell_to
from corrigible.store.documents import JsonObject
from corrigible.store.files import disk_faults, replace_file
from corrigible.store.fingerprints import fingerprint_arrays
from corrigible.store.folder import RunFolder, create, new_run_id, open_for_resume, open_to_read, open_to_update
from corrigible.store.manifest import MANIFEST_SCHEMA, Manifest, RunStatus
from corrigible.store.runs import RunSummary, cost, list_runs, remove

__all__ = [
    "CELL_SCHEMA",
    "MANIFEST_SCHEMA",
    "JsonObject",
    "Manifest",
    "RunFolder",
    "RunStatus",
    "RunSummary",
    "cost",
    "create",
    "disk_faults",
    "fingerprint_arrays",
    "list_runs",
    "new_run_id",
    "open_for_resume",
    "open_to_read",
    "open_to_update",
    "remove",
    "replace_file",
    "write_cell_to",
]

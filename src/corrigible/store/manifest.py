"""The manifest of a run: what was asked, by which code and rules, how far it came, and a checksum per artefact."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, Literal, TypeAlias

from corrigible.errors import BadInput
from corrigible.store.documents import LARGEST_DOCUMENT, Fields, JsonObject, check_seal, is_sha256, parse, render, seal
from corrigible.store.files import read_stored
from corrigible.store.paths import MANIFEST_FILE, artefact_parts, component, inside

MANIFEST_SCHEMA: Final = 2
"""1 had one `provenance` object, of the sitting that began the run; 2 has `sittings`."""

RunStatus: TypeAlias = Literal["running", "interrupted", "done", "failed"]
"""running: somebody writes it, or was killed doing so. The others were said by the run itself."""

_STATUSES: Final[tuple[RunStatus, ...]] = ("running", "interrupted", "done", "failed")
_KEYS: Final = frozenset(
    {"schema", "id", "config", "rules_sha256", "sittings", "status", "created", "finished", "artefacts"}
    | {"fingerprint", "sha256"}
)
_KEYS_OF_SCHEMA_1: Final = _KEYS - {"sittings"} | {"provenance"}
_REMEDY: Final = "restore it from a copy, or remove the folder by hand and start a new run"
_GENERATED_ID: Final = re.compile(r"(.+)-\d{8}-\d{6}-[0-9a-f]{4}")


@dataclass(frozen=True, kw_only=True)
class Manifest:
    """What manifest.json holds.

    config: a JSON object that the caller supplied. sittings: one such object for each time the run was begun or
    resumed, oldest first. created, finished: ISO 8601 in UTC, seconds.
    artefacts: relative path -> sha256 of a file that is there. fingerprint: of all cells, once the run is done.
    """

    id: str
    config: JsonObject
    rules_sha256: str
    sittings: tuple[JsonObject, ...]
    status: RunStatus
    created: str
    finished: str | None = None
    artefacts: Mapping[str, str] = field(default_factory=dict[str, str])
    fingerprint: str | None = None

    @property
    def experiment(self) -> str:
        """Name of the experiment, from the config or else from a generated id; "" where neither says it."""
        named = self.config.get("experiment")
        if isinstance(named, str):
            return named
        generated = _GENERATED_ID.fullmatch(self.id)
        return generated[1] if generated else ""

    @property
    def provenance(self) -> JsonObject:
        """The last sitting, with `commit` naming every sitting's, and `dirty` true where any was dirty or unknown."""
        commits = dict.fromkeys(str(item["commit"]) for item in self.sittings if item.get("commit"))
        flags = [item.get("dirty") for item in self.sittings]
        dirty = True if any(flags) else None if None in flags else False
        return {**self.sittings[-1], "commit": ", ".join(commits) or None, "dirty": dirty}

    def to_json(self) -> bytes:
        """The document, sealed by its own sha256. BadInput where config or a sitting is not JSON."""
        document = {
            "schema": MANIFEST_SCHEMA,
            "id": self.id,
            "config": self.config,
            "rules_sha256": self.rules_sha256,
            "sittings": [dict(item) for item in self.sittings],
            "status": self.status,
            "created": self.created,
            "finished": self.finished,
            "artefacts": dict(self.artefacts),
            "fingerprint": self.fingerprint,
        }
        name = f"manifest of {self.id}"
        plain = parse(render(document, name=name), name=name, remedy=_REMEDY)
        return render(seal(plain), name=name)

    @classmethod
    def from_json(cls, data: bytes, *, name: str = MANIFEST_FILE) -> "Manifest":
        """Check every field of a manifest of schema 1 or 2; the provenance of a schema 1 becomes its only sitting.

        Raises:
            NewerSchema: a newer Corrigible wrote it.
            BadInput: the id or an artefact's path would lead out of the run folder.
            CorruptFile: anything else is not as it was written.
        """
        document = parse(data, name=name, remedy=_REMEDY)
        fields = Fields(document, name=name, remedy=_REMEDY)
        old = document.get("schema") == 1
        fields.require(schema=MANIFEST_SCHEMA, keys=_KEYS_OF_SCHEMA_1 if old else _KEYS)
        artefacts = fields.digests("artefacts")
        for path in artefacts:
            artefact_parts(path)
        manifest = cls(
            id=component(fields.text("id"), what="run id"),
            config=fields.object("config"),
            rules_sha256=fields.sha256("rules_sha256"),
            sittings=(fields.object("provenance"),) if old else fields.objects("sittings"),
            status=fields.choice("status", _STATUSES),
            created=fields.moment("created"),
            finished=None if document["finished"] is None else fields.moment("finished"),
            artefacts=artefacts,
            fingerprint=None if document["fingerprint"] is None else fields.sha256("fingerprint"),
        )
        check_seal(document, name=name, remedy=_REMEDY)
        return manifest


def new_manifest(*, run_id: str, config: JsonObject, rules_sha256: str, sitting: JsonObject) -> Manifest:
    """The manifest of a run that starts now.

    Raises:
        BadInput: the id is no file name, the hash no sha256, or config or sitting no JSON object.
    """
    if not is_sha256(rules_sha256):
        raise BadInput(
            value=f"rules_sha256 = {rules_sha256[:80]!r}", rule="it must be a sha256", remedy="use types.rules_hash"
        )
    for name, value in (("config", config), ("sitting", sitting)):
        render(value, name=name)
    return Manifest(
        id=component(run_id, what="run id"),
        config=config,
        rules_sha256=rules_sha256,
        sittings=(sitting,),
        status="running",
        created=now(),
    )


def read_manifest(folder: Path) -> Manifest:
    """The manifest of the run in `folder`.

    Raises:
        BadInput: there is no run folder, or it must not be trusted. NewerSchema, CorruptFile: see `Manifest.from_json`.
    """
    path = inside(folder, MANIFEST_FILE)
    try:
        path.lstat()
    except OSError as error:
        raise BadInput(
            value=f"{folder} is no run folder",
            rule=f"a run folder holds {MANIFEST_FILE} ({error.strerror})",
            remedy="give the path of a run, such as runs/<run id>",
        ) from error
    data = read_stored(path, remedy=_REMEDY, limit=LARGEST_DOCUMENT)
    return Manifest.from_json(data, name=str(path))


def now() -> str:
    """This moment in UTC, to the second."""
    return datetime.now(UTC).isoformat(timespec="seconds")

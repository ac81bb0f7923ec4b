"""A folder of evidence that leaves the house: what is in it, what was withheld, and a digest of each.

The manifest has the shape of an in-toto Statement (in-toto.io/Statement/v1), so that other tools can read or sign it.
What is withheld stands there with its digest, never absent. `corrigible bundle`, `corrigible verify`.
"""

import fnmatch
import json
import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from corrigible.errors import BadInput, CorrigibleError, Tampered
from corrigible.store import disk_faults
from corrigible.store.documents import check_seal, parse, seal
from corrigible.store.files import sha256_of, write_new
from corrigible.store.paths import artefact_parts, inside, refuse_links, temporary_name

MANIFEST: Final = "bundle.json"
STATEMENT: Final = "https://in-toto.io/Statement/v1"
PREDICATE: Final = "urn:corrigible:evidence-bundle:v1"
LARGEST_ITEM: Final = 1 << 30
_REMEDY: Final = "do not rely on this bundle; ask for it again"


@dataclass(frozen=True, kw_only=True)
class Item:
    """One thing that a bundle speaks of. withheld: why it is not there, or ""."""

    name: str
    sha256: str
    withheld: str = ""


@dataclass(frozen=True, kw_only=True)
class Bundle:
    """A bundle on disk. sha256: of its manifest; kept elsewhere, it tells this bundle from any other."""

    path: Path
    items: tuple[Item, ...]
    about: Mapping[str, Any]
    sha256: str


def make_bundle(
    out: Path, items: Mapping[str, bytes], *, about: Mapping[str, Any], withhold: Sequence[str] = (), because: str = ""
) -> Bundle:
    """Write a bundle in one step: a reader sees all of it or nothing.

    Args:
        out: the folder to make; it must not exist.
        items: relative path -> content.
        about: what the predicate says of it (JSON).
        withhold: patterns (`*` and `?`) of paths of which the digest alone goes in.
        because: why they are withheld.

    Raises:
        BadInput: `out` exists, a path would lead out of it, a pattern meets nothing, or no reason is given.
    """
    if out.exists() or out.is_symlink():
        raise BadInput(value=str(out), rule="a bundle is a new folder", remedy="choose another with --out")
    unmet = next((pattern for pattern in withhold if not fnmatch.filter(items, pattern)), None)
    if unmet is not None:
        raise BadInput(
            value=f"withhold {unmet!r}", rule="it must meet something", remedy=f"choose from {', '.join(sorted(items))}"
        )
    if withhold and not because.strip():
        raise BadInput(value="withhold", rule="what is withheld has a reason", remedy="give one with --because")
    kept: list[Item] = []
    for name in sorted(items):
        artefact_parts(name)
        hidden = any(fnmatch.fnmatchcase(name, pattern) for pattern in withhold)
        kept.append(Item(name=name, sha256=sha256_of(items[name]), withheld=because.strip() if hidden else ""))
    manifest = _manifest(kept, about)
    with disk_faults("the bundle", out.parent, retry="try again", elsewhere="choose another with --out"):
        out.parent.mkdir(parents=True, exist_ok=True)
        beside = out.parent / temporary_name()
        try:
            beside.mkdir()
            for item in kept:
                if not item.withheld:
                    path = beside.joinpath(*item.name.split("/"))
                    path.parent.mkdir(parents=True, exist_ok=True)
                    write_new(path, items[item.name])
            write_new(beside / MANIFEST, manifest)
            os.rename(beside, out)  # noqa: PTH104 - refuses a folder that came meanwhile, unless it is empty
        finally:
            shutil.rmtree(beside, ignore_errors=True)
    return Bundle(path=out, items=tuple(kept), about=about, sha256=sha256_of(manifest))


def verify_bundle(path: Path, *, sha256: str | None = None) -> Bundle:
    """Read a bundle and hold every file against its digest. sha256: of the manifest, where it was kept elsewhere.

    Raises:
        BadInput: `path` is no bundle.
        Tampered: anything was changed, added, taken out, or leads out of the folder.
    """
    if not (path / MANIFEST).is_file():
        raise BadInput(value=str(path), rule=f"a bundle is a folder with a {MANIFEST}", remedy="give such a folder")
    try:
        refuse_links(path)
        data = _read(inside(path, MANIFEST))
        found = sha256_of(data)
        if sha256 is not None and found != sha256.strip().lower():
            raise Tampered(
                value=f"{path / MANIFEST}, sha256 {found[:12]}..", rule="it is not the one asked for", remedy=_REMEDY
            )
        items, about = _read_manifest(data, str(path / MANIFEST))
        _hold_against(path, items)
    except Tampered:
        raise
    except CorrigibleError as error:
        raise Tampered(value=error.value, rule=error.rule, remedy=_REMEDY) from error
    return Bundle(path=path, items=items, about=about, sha256=found)


def _manifest(items: Sequence[Item], about: Mapping[str, Any]) -> bytes:
    withheld = [
        {"name": item.name, "digest": {"sha256": item.sha256}, "because": item.withheld}
        for item in items
        if item.withheld
    ]
    document = {
        "_type": STATEMENT,
        "subject": [{"name": item.name, "digest": {"sha256": item.sha256}} for item in items],
        "predicateType": PREDICATE,
        "predicate": {"schema": 1, "withheld": withheld, "about": dict(about)},
    }
    sealed = seal(json.loads(json.dumps(document, allow_nan=False)))
    return json.dumps(sealed, indent=1, sort_keys=True, allow_nan=False).encode() + b"\n"


def _read_manifest(data: bytes, name: str) -> tuple[tuple[Item, ...], Mapping[str, Any]]:
    document = parse(data, name=name, remedy=_REMEDY)
    check_seal(document, name=name, remedy=_REMEDY)
    if (document.get("_type"), document.get("predicateType")) != (STATEMENT, PREDICATE):
        raise Tampered(value=name, rule=f"it must be a {PREDICATE} in a {STATEMENT}", remedy=_REMEDY)
    try:
        predicate = document["predicate"]
        hidden = {
            str(item["name"]): (str(item["digest"]["sha256"]), str(item["because"])) for item in predicate["withheld"]
        }
        items = tuple(
            Item(
                name=str(item["name"]),
                sha256=str(item["digest"]["sha256"]),
                withheld=hidden.get(str(item["name"]), ("", ""))[1],
            )
            for item in document["subject"]
        )
        about = dict(predicate["about"])
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise Tampered(value=name, rule="it lacks a part of a bundle's manifest", remedy=_REMEDY) from error
    for item in items:
        artefact_parts(item.name)
        if item.name in hidden and hidden[item.name][0] != item.sha256:
            raise Tampered(value=f"{name}: {item.name}", rule="it has two digests", remedy=_REMEDY)
    names = [item.name for item in items]
    if len({each.casefold() for each in names}) != len(names) or not set(hidden) <= set(names):
        raise Tampered(value=name, rule="every item stands once, also the withheld ones", remedy=_REMEDY)
    return items, about


def _hold_against(path: Path, items: Sequence[Item]) -> None:
    there = {item.relative_to(path).as_posix() for item in path.rglob("*") if item.is_file()} - {MANIFEST}
    extra = sorted(there - {item.name for item in items})
    if extra:
        raise Tampered(value=f"{path / extra[0]}", rule="the manifest does not know it", remedy=_REMEDY)
    for item in items:
        file = inside(path, *artefact_parts(item.name))
        if item.name not in there:
            if not item.withheld:
                raise Tampered(value=str(file), rule="it is missing, and was not withheld", remedy=_REMEDY)
            continue
        found = sha256_of(_read(file))
        if found != item.sha256:
            raise Tampered(
                value=f"{file}, sha256 {found[:12]}..", rule=f"{item.sha256[:12]}.. was recorded", remedy=_REMEDY
            )


def _read(path: Path) -> bytes:
    try:
        if path.stat().st_size > LARGEST_ITEM:
            raise Tampered(value=str(path), rule=f"at most {LARGEST_ITEM} bytes", remedy=_REMEDY)
        return path.read_bytes()
    except OSError as error:
        raise BadInput(
            value=str(path), rule=f"it must be readable ({error.strerror})", remedy="mend its permissions"
        ) from error

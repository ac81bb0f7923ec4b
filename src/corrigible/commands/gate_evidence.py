"""Evidence for a gate out of paths: run folders, attestations, and logs of Inspect where it is installed."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from corrigible.documents import read_document_and_bytes
from corrigible.errors import BadInput, CorruptFile, Tampered
from corrigible.oversight.disclosure import refuse_held
from corrigible.oversight.evidence import Attestation, AttestedEvidence, Evidence, Figure, RunEvidence
from corrigible.oversight.moments import moment_of_record
from corrigible.stages.results import RESULTS_FILE, read_results
from corrigible.store import RunFolder, open_to_read
from corrigible.store.files import sha256_of

INSPECT: Final = ".eval"


@dataclass(frozen=True, kw_only=True)
class BroughtIn:
    """Evidence, the bytes that it was read from by the path that they have in a bundle, and where it was read."""

    evidence: tuple[Evidence, ...]
    files: dict[str, bytes]
    paths: tuple[Path, ...]


def bring_in(paths: Sequence[Path]) -> BroughtIn:
    """Read everything that was named.

    Raises:
        BadInput: a path is neither a run folder nor a document of the known kinds, or one is named twice.
        Held: somebody holds one of them back.
        Tampered: a run's files are not as they were written.
    """
    evidence: list[Evidence] = []
    files: dict[str, bytes] = {}
    for path in paths:
        if path.exists():
            refuse_held(path, doing="bringing it before a gate")
        if path.is_dir():
            found, read = _run(path)
        elif path.suffix == INSPECT:
            from corrigible.commands.inspect_evidence import read_inspect_log

            found, read = read_inspect_log(path)
        elif path.suffix in (".yaml", ".yml"):
            found, read = _attested(path)
        else:
            raise BadInput(
                value=str(path),
                rule="evidence is a run folder, an attestation (.yaml) or a log of Inspect (.eval)",
                remedy="give such a path",
            )
        twice = next((name for name in read if name in files), None)
        if twice is not None:
            raise BadInput(value=str(path), rule="evidence is named once", remedy="leave the other one out")
        evidence.append(found)
        files |= read
    return BroughtIn(evidence=tuple(evidence), files=files, paths=tuple(paths))


def _run(path: Path) -> tuple[RunEvidence, dict[str, bytes]]:
    folder = open_to_read(path)
    try:
        results, data = read_results(folder), folder.read_artefact(RESULTS_FILE)
        corrupt = next(folder.verify_cells(), None)
    except CorruptFile as error:
        raise Tampered(value=error.value, rule=error.rule, remedy="bring a run that is intact") from error
    if corrupt is not None:
        raise Tampered(
            value=f"cell {corrupt[0]}/{corrupt[1]} of {path}",
            rule="it is not as it was written",
            remedy="bring a run that is intact",
        )
    manifest = folder.manifest()
    figures = tuple(
        Figure(
            metric=item.metric,
            condition=item.condition,
            unit=item.unit,
            estimate=item.estimate,
            low=item.low,
            high=item.high,
            n=item.n,
        )
        for item in results.measurements
        if item.versus is None
    )
    found = RunEvidence(
        run=manifest.id,
        experiment=results.experiment,
        made=moment_of_record(results.concluded, manifest.created),
        sha256=sha256_of(data),
        commit=str(manifest.provenance.get("commit") or ""),
        fingerprint=manifest.fingerprint or "",
        figures=figures,
        spoilt=_spoilt(folder),
        notes=results.notes,
    )
    kept = {RESULTS_FILE: data, "manifest.json": manifest.to_json()}
    return found, {f"runs/{manifest.id}/{name}": content for name, content in kept.items()}


def _spoilt(folder: RunFolder) -> tuple[str, ...]:
    manifest = folder.manifest()
    provenance = manifest.provenance
    return tuple(
        fault
        for holds, fault in (
            (manifest.status != "done", f"the run is {manifest.status}"),
            (provenance.get("commit") is None, "nobody knows which code made it"),
            (provenance.get("dirty") is not False, "it was made by code that is in no commit"),
            (bool(folder.quarantined()), "some of its cells were set aside as corrupt"),
        )
        if holds
    )


def _attested(path: Path) -> tuple[AttestedEvidence, dict[str, bytes]]:
    said, data = read_document_and_bytes(path, Attestation)
    name = f"attestations/{said.attestation}.{said.by}.yaml"
    return AttestedEvidence(path=str(path), sha256=sha256_of(data), said=said), {name: data}

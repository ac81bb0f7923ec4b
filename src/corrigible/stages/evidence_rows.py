"""Evidence that accumulates over sittings: one JSON row per (experiment, version, preset, condition, seed).

Rows lie in docs/evidence/<experiment>/v<version>-<preset>.jsonl and name the commit that made them. Rows of different
versions or presets never mix. A row that is there already is kept; one that contradicts it is refused, unless somebody
says that another machine made it: training is the same bit for bit on one machine and number of threads, and need not
be across processors, whose arithmetic may round otherwise. Cells name the processor that concluded their run.
Detections of schema 1 were calibrated by episode: they are neither folded nor kept beside those of today.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from corrigible.errors import BadInput, CorruptFile, NewerSchema
from corrigible.stages.folding import Rows, group_rows
from corrigible.stages.opening import plan_of
from corrigible.stages.results import Results, read_results, read_rows
from corrigible.stages.strict_json import plain
from corrigible.store import Manifest, RunFolder, disk_faults, open_to_read, replace_file
from corrigible.types import Detection, PresetName, ProofResult

EVIDENCE_SCHEMA: Final = 2
"""2: detections are calibrated by seed. Cells and proofs of schema 1 mean the same as today's."""
DETECTIONS_SINCE: Final = 2
Row = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Collected:
    """Everything known of one experiment at one version and preset."""

    experiment: str
    version: int
    preset: PresetName
    rows: Rows
    detections: tuple[Detection, ...]
    proofs: tuple[ProofResult, ...]
    commits: tuple[str, ...]
    rules_sha256: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Added:
    """What adding a run did."""

    run: str
    file: Path
    added: int
    kept: int
    otherwise: int = 0
    """Cells that are there already, and came out otherwise on another machine: those that were there are kept."""


def evidence_file(root: Path, experiment: str, version: int, preset: str) -> Path:
    """Where the rows of one experiment, version and preset lie."""
    return root / "docs" / "evidence" / experiment / f"v{version}-{preset}.jsonl"


def add_run(root: Path, path: Path, *, another_machine: bool = False) -> Added:
    """Append the rows of a finished run, each made from a clean commit; BadInput otherwise, and nothing is written.

    another_machine: cells that are there already may have come out otherwise; they are kept as they are.
    """
    run = open_to_read(path)
    results = read_results(run)
    manifest = run.manifest()
    new = _rows_of(run, results, manifest)
    file = evidence_file(root, results.experiment, results.version, results.preset)
    known = {_key(row): row for row in read_lines(file) if not _outdated(row)} if file.exists() else {}
    kept = otherwise = 0
    for row in new:
        before = known.get(_key(row))
        if before is None:
            known[_key(row)] = row
            continue
        kept += 1
        if row["kind"] == "cell" and before["fingerprint"] != row["fingerprint"]:
            otherwise += 1
            if not another_machine:
                raise _contradicted(file, row)
    text = "".join(json.dumps(row, sort_keys=True, allow_nan=False) + "\n" for row in known.values())
    retry = f"add the run again: `corrigible evidence --root {root} --add {path}`"
    with disk_faults(file.name, file.parent, retry=retry, elsewhere="name another checkout with --root"):
        file.parent.mkdir(parents=True, exist_ok=True)
        replace_file(file, text.encode())
    return Added(run=manifest.id, file=file, added=len(new) - kept, kept=kept, otherwise=otherwise)


def _contradicted(file: Path, row: Row) -> BadInput:
    return BadInput(
        value=f"{file}: {row['condition']}, seed {row['seed']}",
        rule="the run learned or did something else than the stored row of the same version",
        remedy="a change of behaviour bumps the experiment's version; if the same code was run on another machine, "
        "say --another-machine",
    )


def collect(root: Path, experiment: str, version: int, preset: PresetName) -> Collected | None:
    """Fold the rows of one file; None where there are none."""
    file = evidence_file(root, experiment, version, preset)
    if not file.exists():
        return None
    lines = read_lines(file)
    cells = [row for row in lines if row["kind"] == "cell"]
    return Collected(
        experiment=experiment,
        version=version,
        preset=preset,
        rows=group_rows(cells),
        detections=tuple(
            _detection(row["detection"]) for row in lines if row["kind"] == "detection" and not _outdated(row)
        ),
        proofs=tuple(ProofResult(**row["proof"]) for row in lines if row["kind"] == "proof"),
        commits=tuple(sorted({str(row["commit"]) for row in lines})),
        rules_sha256=tuple(sorted({str(row["rules_sha256"]) for row in lines})),
    )


def read_lines(file: Path) -> list[Row]:
    """Rows of an evidence file; CorruptFile names the first line that is not one, NewerSchema a newer one."""
    rows: list[Row] = []
    for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), start=1):
        try:
            row = json.loads(line)
            schema = int(row["schema"])
            _key(row)
        except (ValueError, KeyError, TypeError) as error:
            raise CorruptFile(
                value=f"{file}, line {number}",
                rule="every line is a JSON row of evidence",
                remedy="restore the file from version control",
            ) from error
        if schema > EVIDENCE_SCHEMA:
            raise NewerSchema(
                value=f"{file}, line {number}: schema {schema}",
                rule=f"this Corrigible reads up to {EVIDENCE_SCHEMA}",
                remedy="update Corrigible",
            )
        rows.append(row)
    return rows


def _rows_of(run: RunFolder, results: Results, manifest: Manifest) -> list[Row]:
    """A cell's row names the commit that its cell was made by; the rest was concluded in the last sitting."""
    concluding = _clean_commit(manifest.sittings[-1], f"the last sitting of run {manifest.id}")
    common = {
        "schema": EVIDENCE_SCHEMA,
        "experiment": results.experiment,
        "version": results.version,
        "preset": results.preset,
        "commit": concluding,
        "rules_sha256": manifest.rules_sha256,
    }
    cells = [
        {
            **{name: value for name, value in plain(row).items() if name != "dirty"},
            **common,
            "commit": _clean_commit(row, f"cell {row['condition']}/{row['seed']} of run {manifest.id}"),
            "kind": "cell",
            "processor": manifest.sittings[-1].get("hardware", {}).get("processor", ""),
            "fingerprint": run.cell_fingerprint(row["condition"], row["seed"]),
        }
        for by_seed in read_rows(plan_of(run), run).values()
        for row in by_seed.values()
    ]
    detections = [
        {**common, "kind": "detection", "detection": plain(asdict(item))}
        for item in results.detections
        if item.answered
    ]
    proofs = [{**common, "kind": "proof", "proof": asdict(item)} for item in results.proofs]
    return [*cells, *detections, *proofs]


def _clean_commit(origin: Mapping[str, Any], what: str) -> str:
    """The commit in `origin`; BadInput where none is named, or the code had changes (or it is unknown whether)."""
    commit = origin.get("commit")
    if not isinstance(commit, str) or origin.get("dirty") is not False:
        raise BadInput(
            value=what,
            rule="evidence names the commit that made it, and this came from uncommitted or unknown code",
            remedy="commit, start a new run, then add that run",
        )
    return commit


def _key(row: Row) -> tuple[str, ...]:
    match row["kind"]:
        case "cell":
            return "cell", str(row["condition"]), str(row["seed"])
        case "detection":
            found = row["detection"]
            return "detection", str(found["detector"]), str(found["condition"]), str(found["seed"])
        case "proof":
            return "proof", str(row["proof"]["name"])
        case other:
            raise ValueError(f"unknown kind {other!r}")


def _outdated(row: Row) -> bool:
    """True for a detection whose threshold was made otherwise than today."""
    return row["kind"] == "detection" and int(row["schema"]) < DETECTIONS_SINCE


def _detection(found: Row) -> Detection:
    """A stored detection; null is read as NaN, a list as a tuple."""
    fields: dict[str, Any] = {name: float("nan") if value is None else value for name, value in found.items()}
    fields["calibration_seeds"] = tuple(fields["calibration_seeds"])
    return Detection(**fields)

"""Evidence that accumulates over sittings: one JSON row per (experiment, version, preset, condition, seed).

Rows lie in docs/evidence/<experiment>/v<version>-<preset>.jsonl and name the commit that made them. Rows of different
versions or presets never mix. A row that is there already is kept; one that contradicts it is refused.
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
from corrigible.store import RunFolder, disk_faults, open_to_read, replace_file
from corrigible.types import Detection, PresetName, ProofResult

EVIDENCE_SCHEMA: Final = 1
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


def evidence_file(root: Path, experiment: str, version: int, preset: str) -> Path:
    """Where the rows of one experiment, version and preset lie."""
    return root / "docs" / "evidence" / experiment / f"v{version}-{preset}.jsonl"


def add_run(root: Path, path: Path) -> Added:
    """Append the rows of a finished run made from a clean commit; BadInput otherwise, and nothing is written."""
    run = open_to_read(path)
    results = read_results(run)
    manifest = run.manifest()
    commit = manifest.provenance.get("commit")
    if not commit or manifest.provenance.get("dirty"):
        raise BadInput(
            value=f"run {manifest.id}",
            rule="evidence names the commit that made it, and this run came from uncommitted or unknown code",
            remedy="commit, run again, then add that run",
        )
    new = _rows_of(run, results, str(commit), manifest.rules_sha256)
    file = evidence_file(root, results.experiment, results.version, results.preset)
    known = {_key(row): row for row in read_lines(file)} if file.exists() else {}
    kept = 0
    for row in new:
        before = known.get(_key(row))
        if before is None:
            known[_key(row)] = row
            continue
        kept += 1
        if row["kind"] == "cell" and before["fingerprint"] != row["fingerprint"]:
            raise BadInput(
                value=f"{file}: {row['condition']}, seed {row['seed']}",
                rule="the run learned or did something else than the stored row of the same version",
                remedy="a change of behaviour bumps the experiment's version",
            )
    text = "".join(json.dumps(row, sort_keys=True, allow_nan=False) + "\n" for row in known.values())
    with disk_faults(file.name, file.parent):
        file.parent.mkdir(parents=True, exist_ok=True)
        replace_file(file, text.encode())
    return Added(run=manifest.id, file=file, added=len(new) - kept, kept=kept)


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
            Detection(**{name: _number(value) for name, value in row["detection"].items()})
            for row in lines
            if row["kind"] == "detection"
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


def _rows_of(run: RunFolder, results: Results, commit: str, rules_sha256: str) -> list[Row]:
    common = {
        "schema": EVIDENCE_SCHEMA,
        "experiment": results.experiment,
        "version": results.version,
        "preset": results.preset,
        "commit": commit,
        "rules_sha256": rules_sha256,
    }
    cells = [
        {**plain(row), **common, "kind": "cell", "fingerprint": run.cell_fingerprint(row["condition"], row["seed"])}
        for by_seed in read_rows(plan_of(run), run).values()
        for row in by_seed.values()
    ]
    detections = [
        {**common, "kind": "detection", "detection": plain(asdict(item))}
        for item in results.detections
        if not item.note
    ]
    proofs = [{**common, "kind": "proof", "proof": asdict(item)} for item in results.proofs]
    return [*cells, *detections, *proofs]


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


def _number(value: Any) -> Any:
    return float("nan") if value is None else value

"""What a finished run found: one record, stored as results.json, read back by report, compare and evidence."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from pydantic import BaseModel, ConfigDict, ValidationError

from corrigible.errors import BadInput, NewerSchema
from corrigible.registry import registry
from corrigible.stages.consequences import Searched, search
from corrigible.stages.detection import EarlyWarning, RocLine, detect
from corrigible.stages.explanation import explain
from corrigible.stages.folding import Rows, fold, group_rows
from corrigible.stages.plan import Plan, left_out
from corrigible.stages.prefixes import Prefixes, prefix_sensitivity
from corrigible.stages.remedies import RemedyScore, fold_remedies
from corrigible.stages.verdicts import competence_fault, judge
from corrigible.store import RunFolder
from corrigible.types import Detection, Finding, Measurement, ProofResult, Rule, Verdict

RESULTS_FILE: Final = "results.json"
RESULTS_SCHEMA: Final = 3
"""2: competence of remedies by seeds, capped gains, detectors calibrated by seed. 3: consequences."""
LENS_SEEDS: Final = 3
"""Lenses fork and train again, so they look at the first few seeds of a run; every finding names its seed."""


@dataclass(frozen=True, kw_only=True)
class Results:
    """Everything that the report, `compare` and `evidence` need, without the cells. concluded: ISO 8601, UTC."""

    schema: int
    experiment: str
    version: int
    preset: str
    concluded: str
    seeds: tuple[int, ...]
    rules: tuple[Rule, ...]
    verdicts: tuple[Verdict, ...]
    measurements: tuple[Measurement, ...]
    remedies: tuple[RemedyScore, ...]
    detections: tuple[Detection, ...]
    rocs: tuple[RocLine, ...]
    warnings: tuple[EarlyWarning, ...]
    consequences: tuple[Searched, ...]
    findings: tuple[Finding, ...]
    proofs: tuple[ProofResult, ...]
    notes: tuple[str, ...]
    prefixes: Prefixes | None = None


class _Document(BaseModel):
    """The file: results under one key, NaN written as a string because JSON has no number for it."""

    model_config = ConfigDict(ser_json_inf_nan="strings")
    results: Results


def conclude(plan: Plan, run: RunFolder, proofs: Sequence[ProofResult]) -> Results:
    """Cells -> detect -> explain -> fold -> judge. Reads the stored cells only; trains nothing but lens forks."""
    experiment = plan.experiment
    rows = read_rows(plan, run)
    watched = [item.name for item in plan.conditions if item.role in ("failure", "remedy")]
    watch = detect(plan, run, watched)
    return Results(
        schema=RESULTS_SCHEMA,
        experiment=experiment.name,
        version=experiment.version,
        preset=plan.preset,
        concluded=datetime.now(UTC).isoformat(timespec="seconds"),
        seeds=plan.seeds,
        rules=experiment.rules,
        verdicts=judge(experiment, rows, proofs),
        measurements=fold(experiment, plan.conditions, rows),
        remedies=fold_remedies(experiment, plan.conditions, rows),
        detections=watch.detections,
        rocs=watch.rocs,
        warnings=watch.warnings,
        consequences=search(plan, run),
        findings=explain(plan, run, plan.seeds[:LENS_SEEDS]),
        proofs=tuple(proofs),
        notes=_notes(plan, rows, watch.detections),
        prefixes=prefix_sensitivity(plan, run),
    )


def read_rows(plan: Plan, run: RunFolder) -> Rows:
    """All stored rows of the plan's cells."""
    return group_rows([run.read_row(item.name, seed) for item in plan.conditions for seed in plan.seeds])


def to_json(results: Results) -> str:
    """Strict JSON; NaN (no interval, undefined) as the string "NaN"."""
    return _Document(results=results).model_dump_json(indent=1)


def from_json(text: str, source: str) -> Results:
    """Read results back; BadInput names `source` and the first field that is wrong."""
    _require_schema(text, source)
    try:
        results = _Document.model_validate_json(text).results
    except ValidationError as error:
        first: Mapping[str, Any] = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise BadInput(
            value=f"{source}: {where or 'document'}",
            rule=str(first["msg"]),
            remedy="run the experiment again, or restore the file",
        ) from error
    return results


def read_results(run: RunFolder) -> Results:
    """Results of a finished run; BadInput where the run has not finished."""
    manifest = run.manifest()
    if manifest.status != "done":
        raise BadInput(
            value=f"run {manifest.id} is {manifest.status}",
            rule="only a finished run has results",
            remedy=f"finish it with `corrigible run --resume {run.path}`",
        )
    return from_json(run.read_artefact(RESULTS_FILE).decode(), f"{run.path}/{RESULTS_FILE}")


def _require_schema(text: str, source: str) -> None:
    """Refuse other schemas by name; what is no document at all is left to the validation that follows."""
    try:
        schema = int(json.loads(text)["results"]["schema"])
    except (ValueError, KeyError, TypeError):
        return
    if schema > RESULTS_SCHEMA:
        raise NewerSchema(
            value=f"{source}: schema {schema}",
            rule=f"this Corrigible reads schema {RESULTS_SCHEMA}",
            remedy="update Corrigible",
        )
    if schema < RESULTS_SCHEMA:
        raise BadInput(
            value=f"{source}: schema {schema}",
            rule=f"this Corrigible judges otherwise, and reads schema {RESULTS_SCHEMA}",
            remedy="judge the stored cells again with `corrigible run --resume` and the run's folder",
        )


def _notes(plan: Plan, rows: Rows, detections: Sequence[Detection]) -> tuple[str, ...]:
    """What a reader must know before believing the numbers."""
    notes: list[str] = []
    fault = competence_fault(plan.experiment, rows)
    if fault:
        notes.append(f"Every verdict that needs the reference is inconclusive: {fault}.")
    if len(plan.seeds) < 5:
        notes.append(f"{len(plan.seeds)} seeds are fewer than the five that a claim needs.")
    silent = sorted({f"{item.detector}: {item.note}" for item in detections if not item.answered})
    notes += [f"Detector without an answer: {text}." for text in silent]
    flagged = sorted({item.note for item in detections if item.answered and item.note})
    notes += [f"Detectors were {text}." for text in flagged]
    notes += [f"Remedy left out: {name}: {reason}." for name, reason in left_out(plan.experiment).items()]
    notes += [f"Plugin not loaded: {problem}." for problem in registry().problems]
    return tuple(notes)

"""`corrigible evidence`: fold rows into Measurements and verdicts, and write the README's tables from them."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from corrigible.claims import CLAIMS
from corrigible.commands.answer import Answer
from corrigible.errors import BadInput
from corrigible.oversight.disclosure import refuse_held
from corrigible.registry import load_experiment, registry
from corrigible.report.tables import ClaimRow, FailureRow, claims_table, failures_table, replace_between_markers
from corrigible.stages.evidence_rows import Added, Collected, add_run, collect, evidence_file
from corrigible.stages.folding import measure, values_of
from corrigible.stages.plan import all_conditions
from corrigible.stages.remedies import RemedyScore, best_remedy, fold_remedies, tied_with
from corrigible.stages.verdicts import combine, judge
from corrigible.store import disk_faults, replace_file
from corrigible.types import Condition, Experiment, Measurement, PresetName, Verdict, rules_hash

PREFERRED: Final[tuple[PresetName, ...]] = ("full", "quick")
"""The README cites full evidence; where there is none yet, quick, and the table says so."""


@dataclass(frozen=True, kw_only=True)
class Judged:
    """Evidence of one experiment with what follows from it."""

    experiment: Experiment
    collected: Collected
    verdicts: tuple[Verdict, ...]
    remedies: tuple[RemedyScore, ...]


@dataclass(frozen=True, kw_only=True)
class Tables:
    """The README's tables as Markdown, and what they were made from."""

    failures: str
    claims: str
    judged: tuple[Judged, ...]


def evidence(root: str | Path = ".") -> Tables:
    """Fold all rows below `root`/docs/evidence. Raises BadInput where rows were made under other rules."""
    judged = tuple(
        found
        for entry in registry().of_kind("experiment")
        if (found := judge_evidence(Path(root), entry.name)) is not None
    )
    return Tables(
        failures=failures_table([_failure_row(item) for item in judged]),
        claims=claims_table(_claim_rows(judged)),
        judged=judged,
    )


def judge_evidence(root: Path, name: str) -> Judged | None:
    """Verdicts and remedies of one experiment at its present version; None where there are no rows."""
    experiment = load_experiment(name)
    for preset in PREFERRED:
        collected = collect(root, name, experiment.version, preset)
        if collected is None:
            continue
        if set(collected.rules_sha256) != {rules_hash(experiment.rules)}:
            raise BadInput(
                value=str(evidence_file(root, name, experiment.version, preset)),
                rule="its rows were made under other rules than those of the installed experiment",
                remedy="bump the experiment's version and collect again",
            )
        return Judged(
            experiment=experiment,
            collected=collected,
            verdicts=judge(experiment, collected.rows, collected.proofs),
            remedies=fold_remedies(experiment, _ran(experiment, collected), collected.rows),
        )
    return None


def answer_evidence(
    root: Path, *, add: Sequence[Path], write: bool, check: bool, another_machine: bool = False
) -> Answer:
    """Add runs, then print, write or check the tables."""
    for run in add:
        refuse_held(run, doing="adding its rows to the evidence")
    added = tuple(add_run(root, run, another_machine=another_machine) for run in add)
    tables = evidence(root)
    readme = root / "README.md"
    if write or check:
        before = _read(readme)
        after = replace_between_markers(before, "failures", tables.failures)
        after = replace_between_markers(after, "claims", tables.claims)
        if check and before != after:
            raise BadInput(
                value=str(readme),
                rule="its tables differ from the evidence",
                remedy="run `corrigible evidence --write`",
            )
        if write:
            with disk_faults(
                readme.name, root, retry="run `corrigible evidence --write` again", elsewhere="name another with --root"
            ):
                replace_file(readme, after.encode())
    return Answer(data=_data(tables, added), lines=_lines(tables, added))


def _lines(tables: Tables, added: Sequence[Added]) -> tuple[str, ...]:
    new = tuple(
        f"{item.run}: {item.added} rows added, {item.kept} were there"
        + (f" (of which {item.otherwise} came out otherwise here, and are kept)" if item.otherwise else "")
        + f", in {item.file}"
        for item in added
    )
    return (*new, tables.failures, "", tables.claims)


def _data(tables: Tables, added: Sequence[Added]) -> dict[str, object]:
    return {
        "added": [asdict(item) | {"file": str(item.file)} for item in added],
        "experiments": [
            {
                "experiment": item.experiment.name,
                "version": item.collected.version,
                "preset": item.collected.preset,
                "commits": list(item.collected.commits),
                "verdicts": [asdict(verdict) for verdict in item.verdicts],
                "remedies": [asdict(score) for score in item.remedies],
            }
            for item in tables.judged
        ],
        "failures": tables.failures,
        "claims": tables.claims,
    }


def _failure_row(item: Judged) -> FailureRow:
    experiment, rows = item.experiment, item.collected.rows
    metric = experiment.metric(experiment.headline)

    def measured(condition: str) -> Measurement | None:
        values = values_of(rows, condition, metric.name)
        return measure(metric, condition, values) if values else None

    best = best_remedy(experiment, item.remedies)
    preset = "" if item.collected.preset == "full" else f" ({item.collected.preset} preset)"
    return FailureRow(
        experiment=experiment.name,
        failure_mode=experiment.failure_mode + preset,
        metric=f"{metric.label} ({metric.unit})",
        reference=measured(experiment.reference.name),
        failure=measured(experiment.failure.name),
        best_remedy=" = ".join((best.condition, *tied_with(best, item.remedies))) if best else "",
        remedied=measured(best.condition) if best else None,
        gain=best.gain if best else None,
        evidence=evidence_file(Path(), experiment.name, item.collected.version, item.collected.preset).as_posix(),
    )


def _claim_rows(judged: Sequence[Judged]) -> list[ClaimRow]:
    rows: list[ClaimRow] = []
    for claim in CLAIMS:
        touching = [item for item in judged if claim.number in item.experiment.claims]
        verdicts = [v for item in touching for v in item.verdicts if v.claim == claim.number and not v.part]
        whole = combine(claim.number, verdicts)
        rows.append(
            ClaimRow(
                number=claim.number,
                sentence=claim.text,
                source=", ".join(claim.sources),
                word=whole.word,
                because="; ".join(dict.fromkeys(v.because for v in verdicts)) or "no experiment yet",
                experiments=tuple(item.experiment.name for item in touching),
            )
        )
    return rows


def _ran(experiment: Experiment, collected: Collected) -> list[Condition]:
    return [condition for condition in all_conditions(experiment) if condition.name in collected.rows]


def _read(readme: Path) -> str:
    try:
        return readme.read_text(encoding="utf-8")
    except OSError as error:
        raise BadInput(
            value=str(readme), rule="a checkout has a README.md", remedy="name the checkout with --root"
        ) from error

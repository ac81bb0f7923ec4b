"""Fill the page of a run from its stored cells and results, and write it into the run folder."""

from collections.abc import Sequence
from math import nan
from pathlib import Path
from typing import Final

from corrigible.claims import claim
from corrigible.report import content as page
from corrigible.report.page import render
from corrigible.stages.competence import check_competence
from corrigible.stages.consequences import Searched
from corrigible.stages.detection import read_condition
from corrigible.stages.folding import Rows, values_of
from corrigible.stages.panels import detector_panels, learning_curves
from corrigible.stages.plan import Plan, condition_of
from corrigible.stages.prefix_panel import prefix_panel
from corrigible.stages.provenance import run_again_command
from corrigible.stages.remedies import RemedyScore, best_remedy
from corrigible.stages.results import Results, read_rows
from corrigible.stages.samples import sample_panels
from corrigible.stages.verdicts import PROOF, estimand
from corrigible.store import RunFolder
from corrigible.types import CheckpointValues, Figure, Measurement, Metric, Rule, Verdict

REPORT_FILE: Final = "report.html"


def write_report(plan: Plan, run: RunFolder, results: Results) -> Path:
    """Render the page and write it atomically; returns its path."""
    text = render(build_content(plan, run, results))
    return run.write_artefact(REPORT_FILE, text)


def build_content(plan: Plan, run: RunFolder, results: Results) -> page.ReportContent:
    """Everything that the page shows, from stored cells and results alone."""
    experiment = plan.experiment
    rows = read_rows(plan, run)
    return page.ReportContent(
        title=experiment.title,
        failure_mode=experiment.failure_mode,
        paid=experiment.paid,
        meant=experiment.meant,
        happened=what_happened(plan, results),
        prediction=experiment.prediction,
        rules_sha256=run.manifest().rules_sha256,
        headline=experiment.headline,
        conditions=plan.conditions,
        metrics=tuple(_metric_panel(plan, results, metric) for metric in _in_order(plan)),
        competence=_competence(plan, rows),
        provenance=_provenance(plan, run, rows, results),
        claims=tuple(
            page.ClaimOutcome(number=item.claim, sentence=claim(item.claim).text, verdict=item)
            for item in results.verdicts
            if not item.part
        ),
        rules=tuple(_rule_outcome(plan, results, rows, rule) for rule in results.rules),
        replays=_replays(plan, run, results),
        samples=sample_panels(plan, run),
        remedies=tuple(_remedy_row(score, rows) for score in results.remedies),
        detectors=detector_panels(plan, results),
        prefixes=prefix_panel(plan, results.prefixes),
        consequences=tuple(_consequence_panel(plan, item) for item in results.consequences),
        findings=results.findings,
        proofs=results.proofs,
        figures=_figures(plan, rows),
        learning=learning_curves(plan, rows),
        cells=_cell_notes(run),
        notes=results.notes,
    )


def what_happened(plan: Plan, results: Results) -> str:
    """One sentence: the failure's headline beside the reference's."""
    experiment = plan.experiment
    metric = experiment.metric(experiment.headline)
    failure = find(results.measurements, metric.name, experiment.failure.name)
    reference = find(results.measurements, metric.name, experiment.reference.name)
    if failure is None or reference is None:
        return "Failure and reference were not both measured."
    return (
        f"{metric.label}: {_number(metric, failure)} ({experiment.failure.name}), against "
        f"{_number(metric, reference)} in the reference."
    )


def find(measurements: Sequence[Measurement], metric: str, condition: str) -> Measurement | None:
    """The plain (not paired) measurement of a metric in a condition."""
    return next((m for m in measurements if (m.metric, m.condition, m.versus) == (metric, condition, None)), None)


def _competence(plan: Plan, rows: Rows) -> page.Competence:
    found = check_competence(plan.experiment, rows, plan.experiment.reference.name)
    return page.Competence(
        metric=found.metric,
        least=found.least,
        met=found.met,
        reference=found.measured,
        reached=found.reached,
        seeds=found.seeds,
    )


def _consequence_panel(plan: Plan, searched: Searched) -> page.ConsequencePanel:
    return page.ConsequencePanel(
        condition=searched.condition,
        summary=condition_of(plan.experiment, searched.condition).summary,
        rows=tuple(
            page.ConsequenceRow(
                sentence=item.sentence, effect=item.effect, p=item.p, replicated=item.replicated, seeds=item.seeds
            )
            for item in searched.consequences
        ),
        left_out=searched.found - len(searched.consequences),
        note=searched.note,
    )


def _remedy_row(score: RemedyScore, rows: Rows) -> page.RemedyRow:
    return page.RemedyRow(
        condition=score.condition,
        stage=score.stage,
        uses_oracle=score.uses_oracle,
        gain=score.gain,
        worst_checkpoint=score.worst,
        competence=score.competence.measured,
        keeps_task=score.competence.met,
        reached=score.competence.reached,
        seeds=score.competence.seeds,
        cost=_cost(score, rows),
    )


def _cost(score: RemedyScore, rows: Rows) -> float | None:
    """Seconds of its cells over those of what it was added to, on the seeds of both; None where no time was taken."""
    with_it, without = (rows.get(name or "", {}) for name in (score.condition, score.gain.versus))
    seeds = with_it.keys() & without.keys()
    spent, before = (sum(float(side[seed].get("seconds", 0.0)) for seed in seeds) for side in (with_it, without))
    return spent / before if spent > 0 and before > 0 else None


def _number(metric: Metric, found: Measurement) -> str:
    if metric.kind == "proportion":
        return f"{found.estimate:.0%} {found.ends('.0%')}"
    return f"{found.estimate:.3g} {found.ends('.3g')} {found.unit}"


def _in_order(plan: Plan) -> list[Metric]:
    """The headline first, then competence, then the rest."""
    first = (plan.experiment.headline, plan.experiment.competence.metric)
    return sorted(plan.experiment.metrics, key=lambda metric: first.index(metric.name) if metric.name in first else 2)


def _metric_panel(plan: Plan, results: Results, metric: Metric) -> page.MetricPanel:
    own = [item for item in results.measurements if item.metric == metric.name]
    competence = plan.experiment.competence
    return page.MetricPanel(
        metric=metric,
        measurements=tuple(item for item in own if item.versus is None),
        differences=tuple(item for item in own if item.versus is not None),
        least=competence.least if metric.name == competence.metric else None,
    )


def _rule_outcome(plan: Plan, results: Results, rows: Rows, rule: Rule) -> page.RuleOutcome:
    verdict: Verdict = next(v for v in results.verdicts if (v.claim, v.part) == (rule.claim, rule.part))
    if rule.metric.startswith(PROOF):
        name = rule.metric.removeprefix(PROOF)
        proof = next((item for item in results.proofs if item.name == name), None)
        return page.RuleOutcome(rule=rule, verdict=verdict, proof=proof)
    return page.RuleOutcome(rule=rule, verdict=verdict, observed=estimand(plan.experiment, rule, rows))


def _replays(plan: Plan, run: RunFolder, results: Results) -> tuple[page.ReplayPanel, ...]:
    """The first episode of the first seed, so that nobody chose it."""
    experiment = plan.experiment
    shown = [("The failure", experiment.failure.name), ("The reference", experiment.reference.name)]
    best = best_remedy(experiment, results.remedies)
    if best is not None:
        shown.append((f"Mended: {best.condition}", best.condition))
    seed = plan.seeds[0]
    panels: list[page.ReplayPanel] = []
    for title, name in shown:
        condition = condition_of(experiment, name)
        setup, views = read_condition(plan, run, name, seed)
        panels.append(
            page.ReplayPanel(
                title=title,
                role=condition.role,
                replay=experiment.sandbox.picture(setup, views.trajectory, 0),
                note=f"Seed {seed}, first episode: not chosen.",
            )
        )
    return tuple(panels)


def _figures(plan: Plan, rows: Rows) -> tuple[Figure, ...]:
    figures, curve_figures = plan.experiment.figures, plan.experiment.curve_figures
    made: list[Figure] = []
    if figures is not None:
        values = {
            metric.name: {
                condition.name: list(values_of(rows, condition.name, metric.name).values())
                for condition in plan.conditions
            }
            for metric in plan.experiment.metrics
        }
        made += figures(values)
    if curve_figures is not None:
        made += curve_figures(_checkpoint_values(plan, rows))
    return tuple(made)


def _checkpoint_values(plan: Plan, rows: Rows) -> CheckpointValues:
    return {
        metric.name: {
            condition.name: [
                [float(point["metrics"].get(metric.name, nan)) for point in rows[condition.name][seed]["checkpoints"]]
                for seed in sorted(rows.get(condition.name, {}))
            ]
            for condition in plan.conditions
        }
        for metric in plan.experiment.metrics
    }


def _provenance(plan: Plan, run: RunFolder, rows: Rows, results: Results) -> page.Provenance:
    manifest = run.manifest()
    origin = manifest.provenance
    seconds = sum(float(row.get("seconds", 0.0)) for by_seed in rows.values() for row in by_seed.values())
    every = len(plan.conditions) == len(manifest.config.get("all_conditions", ()))
    chosen = None if every else tuple(condition.name for condition in plan.conditions)
    return page.Provenance(
        run=manifest.id,
        experiment=plan.experiment.name,
        version=plan.experiment.version,
        preset=plan.preset,
        seeds=plan.seeds,
        commit=str(origin.get("commit") or "unknown"),
        dirty=origin.get("dirty"),
        fingerprint=run.fingerprint(),
        started=manifest.created,
        finished=results.concluded,
        seconds=seconds,
        command=run_again_command(plan.experiment.name, plan.preset, plan.seeds, chosen),
        packages={**dict(origin.get("packages", {})), "python": str(origin.get("python", ""))},
        hardware={name: str(value) for name, value in dict(origin.get("hardware", {})).items()},
        files=tuple(
            page.StoredFile(path=name, sha256=digest, size=(run.path / name).stat().st_size)
            for name, digest in sorted(manifest.artefacts.items())
            if name != REPORT_FILE
        ),
    )


def _cell_notes(run: RunFolder) -> tuple[page.CellNote, ...]:
    return tuple(
        page.CellNote(
            state="recomputed",
            condition=condition,
            seed=seed,
            reason="its stored files did not match their checksums, so it was set aside and computed again",
        )
        for condition, seed in run.quarantined()
    )

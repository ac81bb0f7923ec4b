"""`corrigible run`: the main path with a progress bar, ending in three lines that a person understands."""

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from corrigible.claims import claim
from corrigible.commands.answer import Answer
from corrigible.commands.progress import progress_bar
from corrigible.commands.watching import watching
from corrigible.errors import BadInput
from corrigible.registry import load_experiment
from corrigible.report.numbers import limited
from corrigible.run import Run, run
from corrigible.stages.plan import condition_of
from corrigible.stages.remedies import best_remedy, tied_with
from corrigible.stages.reporting import find
from corrigible.types import Measurement, Verdict


def run_with_progress(
    name: str | None,
    *,
    preset: str | None,
    seeds: int | Sequence[int] | None,
    conditions: Sequence[str] | None,
    workers: int | None,
    resume: Path | None,
    out: Path,
    device: str | None,
    tripwire: Path | None = None,
    owners: Path | None = None,
) -> Answer:
    """Run, drawing progress with time left on standard error where that is a terminal."""
    with (
        progress_bar("starting; a first run compiles its kernels") as bar,
        watching(out if resume is None else resume, bar.say),
    ):
        done = run(
            name,
            preset=preset,
            seeds=seeds,
            conditions=conditions,
            workers=workers,
            resume=resume,
            out=out,
            device=device,
            tripwire=tripwire,
            owners=owners,
            progress=bar.advance,
        )
    return answer_run(done)


def chosen_seeds(number: int | None, listed: Sequence[int] | None) -> int | Sequence[int] | None:
    """How many seeds, or which; BadInput where both are given."""
    if number is not None and listed is not None:
        raise BadInput(
            value=f"--seeds {number} and --seed-list", rule="they exclude each other", remedy="leave one of them out"
        )
    return number if listed is None else listed


def answer_run(done: Run) -> Answer:
    """Verdict, what was measured, and where the report lies."""
    results = done.results
    lines = (
        sentence_of_verdicts(done),
        sentence_of_headline(done),
        sentence_of_remedies(done),
        f"Report: {done.report}",
    )
    data = {
        "run": done.id,
        "path": str(done.path),
        "report": str(done.report),
        "fingerprint": done.fingerprint,
        "verdicts": [asdict(verdict) | {"text": claim(verdict.claim).text} for verdict in results.verdicts],
        "measurements": [asdict(item) for item in results.measurements],
        "notes": list(results.notes),
    }
    return Answer(data=data, lines=lines)


def sentence_of_verdicts(done: Run) -> str:
    """What became of each claim, in the claim's own words."""
    title = load_experiment(done.results.experiment).title
    said = [
        f'claim {verdict.claim} ("{claim(verdict.claim).text}") is {verdict.word}{_reason(done, verdict)}'
        for verdict in done.verdicts
    ]
    return f"{title}: {'; '.join(said) or 'no claim is judged'}."


def _reason(done: Run, verdict: Verdict) -> str:
    """Why a claim was not reproduced: the first of its parts that has the verdict's word, or how its parts disagree."""
    if verdict.word == "reproduced":
        return ""
    parts = [part for part in done.results.verdicts if part.claim == verdict.claim and part.part]
    first = next((part for part in parts if part.word == verdict.word), None)
    return f" ({first.part}: {first.because})" if first else f" ({verdict.because})"


def sentence_of_headline(done: Run) -> str:
    """The failure beside the reference, with intervals."""
    experiment = load_experiment(done.results.experiment)
    metric = experiment.metric(experiment.headline)
    shown = [
        f"{shown_estimate(found)} {where} ({name})"
        for where, name in (
            ("in the failure", experiment.failure.name),
            ("in the reference", experiment.reference.name),
        )
        if (found := find(done.results.measurements, metric.name, name)) is not None
    ]
    seeds = len(done.results.seeds)
    counted = "one seed" if seeds == 1 else f"{seeds} seeds, 95 % intervals"
    return f"{metric.label}, {metric.unit}: {', '.join(shown)}; {counted}."


def sentence_of_remedies(done: Run) -> str:
    """The remedy that gained most without being an oracle, or that none did."""
    experiment = load_experiment(done.results.experiment)
    best = best_remedy(experiment, done.results.remedies)
    if not done.results.remedies and any(
        condition_of(experiment, item.condition).role == "remedy" for item in done.results.measurements
    ):
        return f"{experiment.metric(experiment.headline).label} is no share: no gain in bits is counted for remedies."
    if not done.results.remedies:
        return "No remedy was tried; --conditions names some (see `corrigible list`)."
    if best is None:
        return "No remedy helped without costing the task."
    names = " = ".join((best.condition, *tied_with(best, done.results.remedies)))
    return (
        f"Best remedy that keeps the task: {names}, {limited(f'{best.gain.estimate:+.1f}', best.gain.limit)} bits "
        f"{best.gain.ends('.1f')} of log-odds for the safe outcome."
    ) + ("" if best.gain.low > 0 else " Its interval includes no gain at all.")


def shown_estimate(found: Measurement) -> str:
    """Estimate and interval in plain text."""
    return f"{found.estimate:.2f} {found.ends('.2f')}"

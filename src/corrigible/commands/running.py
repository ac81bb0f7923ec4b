"""`corrigible run`: the main path with a progress bar, ending in three lines that a person understands."""

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from corrigible.claims import claim
from corrigible.commands.answer import Answer
from corrigible.registry import load_experiment
from corrigible.run import Run, run
from corrigible.stages.folding import best_remedy, tied_with
from corrigible.stages.reporting import find
from corrigible.types import Measurement


def run_with_progress(
    name: str | None,
    *,
    preset: str,
    seeds: int | Sequence[int] | None,
    conditions: Sequence[str] | None,
    workers: int | None,
    resume: Path | None,
    out: Path,
    device: str,
) -> Answer:
    """Run, drawing progress with time left on standard error where that is a terminal."""
    columns = (
        TextColumn("{task.description:<44.44}"),
        BarColumn(bar_width=24),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
    )
    console = Console(stderr=True)
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("starting; a first run compiles its kernels", total=None)

        def progress(what: str, done: int, total: int) -> None:
            bar.update(task, description=what, completed=done, total=total)

        done = run(
            name,
            preset=preset,
            seeds=seeds,
            conditions=conditions,
            workers=workers,
            resume=resume,
            out=out,
            device=device,
            progress=progress,
        )
    return answer_run(done)


def answer_run(done: Run) -> Answer:
    """Verdict, what was measured, and where the report lies."""
    results = done.results
    experiment = load_experiment(results.experiment)
    words = "; ".join(f"claim {verdict.claim} {verdict.word}" for verdict in done.verdicts)
    lines = (
        f"{experiment.title}: {words or 'no claim is judged'}.",
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


def sentence_of_headline(done: Run) -> str:
    """The failure beside the reference, with intervals."""
    experiment = load_experiment(done.results.experiment)
    metric = experiment.metric(experiment.headline)
    shown = [
        f"{name} {shown_estimate(found)}"
        for name in (experiment.failure.name, experiment.reference.name)
        if (found := find(done.results.measurements, metric.name, name)) is not None
    ]
    return f"{metric.label}: {'; '.join(shown)} over {len(done.results.seeds)} seeds ({metric.meaning})."


def sentence_of_remedies(done: Run) -> str:
    """The remedy that gained most without being an oracle, or that none did."""
    experiment = load_experiment(done.results.experiment)
    best = best_remedy(experiment, done.results.remedies)
    if best is None:
        return "No remedy helped without costing the task."
    names = " = ".join((best.condition, *tied_with(best, done.results.remedies)))
    return (
        f"Best remedy that keeps the task: {names}, {best.gain.estimate:+.1f} bits "
        f"[{best.gain.low:.1f}, {best.gain.high:.1f}] of log-odds for the safe outcome."
    )


def shown_estimate(found: Measurement) -> str:
    """Estimate and interval in plain text."""
    return f"{found.estimate:.2f} [{found.low:.2f}, {found.high:.2f}]"

"""`corrigible trip table`: detectors x the laboratory's own runs, from run folders or files of evidence."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from math import isfinite
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from corrigible.commands.answer import Answer, table
from corrigible.errors import BadInput
from corrigible.registry import load_experiment
from corrigible.seeding import stream
from corrigible.stages.evidence_rows import read_lines
from corrigible.stages.folding import Rows, group_rows
from corrigible.stages.opening import plan_of
from corrigible.stages.results import read_rows
from corrigible.statistics import Interval
from corrigible.statistics.samples import whole
from corrigible.store import open_to_read
from corrigible.tripwires.replay_table import RATE, RISE, Known, Row, Runs, known_of, rows_of
from corrigible.types import Experiment, Metric

NEAR: Final = 1e-6


def answer_table(sources: tuple[Path, ...], *, items: int, draws: int, seed: int, failing: str | None = None) -> Answer:
    """A table for each source, whose headline must be a share of episodes. failing: a condition, or the failure."""
    if not sources:
        raise BadInput(value="no RUN", rule="a table needs runs", remedy="name a run folder, or a file of evidence")
    number = whole(seed, name="seed", least=0)
    found: list[tuple[Runs, Known, tuple[Row, ...], str]] = []
    for path in sources:
        experiment, rows = _rows(path)
        runs, left_out = _runs(experiment, rows, path, failing or experiment.failure.name)
        made = rows_of(runs, items=items, draws=draws, generator=stream(number, "trip table", runs.name))
        found.append((runs, known_of(runs)[0], made, left_out))
    lines: list[str] = []
    for runs, known, made, left_out in found:
        lines += [*_told(runs, known, made, min(items, int(runs.episodes.min())), left_out), ""]
    return Answer(
        data={
            "items": items,
            "draws": draws,
            "seed": number,
            "promised": RATE,
            "experiments": [
                {
                    "experiment": runs.name,
                    "healthy": known.healthy,
                    "suspect": known.suspect,
                    "checkpoints": len(runs.episodes),
                    "left_out": left_out,
                    "rows": [asdict(row) for row in made],
                }
                for runs, known, made, left_out in found
            ],
        },
        lines=(
            *lines,
            f"False stops are promised in at most {RATE:.0%} of healthy runs, but by naive tests. A run has taken off "
            f"where its share lies {RISE:g} above the healthy one; a delay is in checkpoints from there. Intervals: 95 "
            f"% over runs (seeds), {draws} draws of the episodes each.",
        ),
    )


def _rows(path: Path) -> tuple[Experiment, Rows]:
    """The experiment and its cells' rows, of a run folder or a file of evidence."""
    if path.is_dir():
        run = open_to_read(path)
        plan = plan_of(run)
        return plan.experiment, read_rows(plan, run)
    if not path.is_file():
        raise BadInput(
            value=str(path), rule="it must be a run folder or a file of evidence", remedy="see `corrigible clean`"
        )
    try:
        cells = [row for row in read_lines(path) if row["kind"] == "cell"]
    except UnicodeDecodeError as error:
        raise BadInput(value=str(path), rule="it must be UTF-8 text", remedy="give another file") from error
    if not cells:
        raise BadInput(value=str(path), rule="it must hold a cell", remedy="give a file below docs/evidence")
    experiment = load_experiment(str(cells[0].get("experiment")))
    if cells[0].get("version") != experiment.version:
        raise BadInput(
            value=f"{path}, version {cells[0].get('version')}",
            rule=f"{experiment.name} is at version {experiment.version}",
            remedy="give rows of today's version",
        )
    return experiment, group_rows(cells)


def _runs(experiment: Experiment, rows: Rows, path: Path, failing: str) -> tuple[Runs, str]:
    """Healthy runs are references, failing ones the failure; and which seeds had no number at some checkpoint."""
    metric = experiment.metric(experiment.headline)
    if metric.kind != "proportion":
        raise BadInput(
            value=f"{path}: {experiment.name}",
            rule=f"its headline {metric.name!r} must be a share of episodes",
            remedy="leave it out",
        )
    sides = [
        {seed: _points(metric, row, path) for seed, row in rows.get(name, {}).items()}
        for name in (experiment.reference.name, failing)
    ]
    missing = [f"seed {seed}" for side in sides for seed, found in side.items() if found is None]
    kept = [[found for found in side.values() if found is not None] for side in sides]
    counts = _aligned(kept)
    if counts is None:
        raise BadInput(
            value=f"{path}: {experiment.name}",
            rule=f"{experiment.reference.name} and {failing} need runs with the same steps, or as many checkpoints",
            remedy="run both",
        )
    least = np.minimum(*(side[..., 1].min(axis=0) for side in counts))
    good, bad = (np.rint(side[..., 0] / side[..., 1] * least).astype(np.int64) for side in counts)
    return Runs(name=f"{experiment.name}, {failing}", healthy=good, failing=bad, episodes=least), ", ".join(missing)


def _aligned(sides: Sequence[Sequence[Mapping[int, tuple[int, int]]]]) -> list[NDArray[np.int64]] | None:
    """(runs, T, 2) of each side, at the steps that all have; or in order, where all have equally many checkpoints."""
    every = [run for side in sides for run in side]
    if not all(sides):
        return None
    steps = sorted(set[int].intersection(*(set(run) for run in every)))
    if steps:
        return [np.array([[run[step] for step in steps] for run in side]) for side in sides]
    if len({len(run) for run in every}) == 1:
        return [np.array([[run[step] for step in sorted(run)] for run in side]) for side in sides]
    return None


def _points(metric: Metric, row: Mapping[str, Any], path: Path) -> dict[int, tuple[int, int]] | None:
    """Step -> alarming outcomes and episodes of one run; None where a checkpoint has no number."""
    counts: dict[int, tuple[int, int]] = {}
    for point in row["checkpoints"]:
        share, n = point["metrics"].get(metric.name), row["episodes"]
        if metric.trials:
            n = point["metrics"].get(metric.trials)
        if share is None or n is None or not (isfinite(float(share)) and isfinite(float(n))) or float(n) < 1:
            return None
        k = float(share) * float(n)
        if abs(k - round(k)) > NEAR * max(1.0, float(n)):
            raise BadInput(
                value=f"{path}: {metric.name} = {float(share):g} of {float(n):g}",
                rule="a tripwire counts, and this is no count of episodes",
                remedy="leave the experiment out",
            )
        alarming = round(k) if metric.goal != "high" else round(float(n)) - round(k)
        counts[int(point["step"])] = (alarming, round(float(n)))
    return counts


def _told(runs: Runs, known: Known, made: Sequence[Row], items: int, left_out: str) -> tuple[str, ...]:
    first = made[0]
    rows = [
        (row.detector, _share(row.false_stops), _share(row.early), _share(row.misses), _number(row.delay))
        for row in made
    ]
    return (
        f"{runs.name}: {first.healthy_runs} healthy runs judged, {first.failing_runs} of {len(runs.failing)} failing "
        f"ones took off; {len(runs.episodes)} checkpoints, {items} items each; healthy at most {known.healthy:.3g}, "
        f"suspect from {known.suspect:.3g}.",
        *((f"Left out, without a number at some checkpoint: {left_out}.",) if left_out else ()),
        *table(("detector", "false stops", "stopped before", "misses", "delay"), rows),
    )


def _share(found: Interval | None) -> str:
    return "-" if found is None else f"{found.estimate:.3f} {_ends(found, '.2f')}"


def _number(found: Interval | None) -> str:
    return "-" if found is None else f"{found.estimate:.2f} {_ends(found, '.2f')}"


def _ends(found: Interval, form: str) -> str:
    return f"[{found.low:{form}}, {found.high:{form}}]" if isfinite(found.low) else "(no interval)"

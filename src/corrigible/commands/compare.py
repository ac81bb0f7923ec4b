"""`corrigible compare RUN RUN..`: measurements side by side, with paired differences from the first run."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from corrigible.commands.answer import Answer, table
from corrigible.errors import BadInput
from corrigible.oversight.disclosure import refuse_held
from corrigible.registry import load_experiment, registry
from corrigible.stages.results import Results, read_results
from corrigible.statistics import Interval, paired_difference, share_difference
from corrigible.store import open_to_read
from corrigible.types import Measurement


@dataclass(frozen=True, kw_only=True)
class Difference:
    """Run number `run` minus run 0, paired over the seeds that both have; None where they share none."""

    run: int
    interval: Interval | None


@dataclass(frozen=True, kw_only=True)
class ComparisonRow:
    """One metric of one condition across runs; None where a run lacks it."""

    metric: str
    condition: str
    unit: str
    measurements: tuple[Measurement | None, ...]
    differences: tuple[Difference, ...]


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """Runs in the order given, and a row for every metric and condition that any of them measured."""

    runs: tuple[str, ...]
    rows: tuple[ComparisonRow, ...]


def compare(runs: Sequence[str | Path], *, metric: str | None = None) -> Comparison:
    """Put the measurements of two finished runs or more side by side.

    Raises:
        Held: somebody holds one of them back.
        BadInput: fewer than two runs, an unfinished run, or a metric that none of them measured.
    """
    if len(runs) < 2:
        raise BadInput(value=f"{len(runs)} runs", rule="compare needs two or more", remedy="name another run folder")
    for run in runs:
        refuse_held(Path(run), doing="comparing it")
    results = [read_results(open_to_read(Path(run))) for run in runs]
    keys = _keys(results, metric)
    if not keys:
        known = sorted({item.metric for result in results for item in result.measurements})
        raise BadInput(value=f"metric {metric!r}", rule="no run measured it", remedy=f"choose from {', '.join(known)}")
    shares = _shares(results)
    return Comparison(runs=tuple(str(run) for run in runs), rows=tuple(_row(key, results, shares) for key in keys))


def answer_compare(runs: Sequence[Path], *, metric: str | None) -> Answer:
    """A table for people, every number for programs."""
    found = compare(runs, metric=metric)
    header = (
        "metric",
        "condition",
        *(f"run {i}" for i in range(len(runs))),
        *(f"run {i} - run 0" for i in range(1, len(runs))),
    )
    rows = [
        (
            f"{row.metric} ({row.unit})",
            row.condition,
            *("-" if item is None else _shown(item) for item in row.measurements),
            *("-" if item.interval is None else _shown(item.interval) for item in row.differences),
        )
        for row in found.rows
    ]
    named = tuple(f"run {number}: {run}" for number, run in enumerate(found.runs))
    legend = "[..]: 95 % interval over n seeds; differences are paired over the seeds that both runs have"
    return Answer(data=asdict(found), lines=(*named, "", *table(header, rows), "", legend))


def _keys(results: Sequence[Results], metric: str | None) -> list[tuple[str, str, str]]:
    return list(
        dict.fromkeys(
            (item.metric, item.condition, item.unit)
            for result in results
            for item in result.measurements
            if item.versus is None and metric in (None, item.metric)
        )
    )


def _shares(results: Sequence[Results]) -> frozenset[str]:
    """Metrics that are shares of something, by those experiments of the runs that are installed."""
    made = {result.experiment for result in results}
    experiments = [load_experiment(item.name) for item in registry().of_kind("experiment") if item.name in made]
    return frozenset(item.name for found in experiments for item in found.metrics if item.kind == "proportion")


def _row(key: tuple[str, str, str], results: Sequence[Results], shares: frozenset[str]) -> ComparisonRow:
    metric, condition, unit = key
    found = tuple(
        next(
            (m for m in result.measurements if (m.metric, m.condition, m.versus) == (metric, condition, None)),
            None,
        )
        for result in results
    )
    return ComparisonRow(
        metric=metric,
        condition=condition,
        unit=unit,
        measurements=found,
        differences=tuple(
            Difference(run=number, interval=_paired(found[0], item, share=metric in shares))
            for number, item in enumerate(found)
            if number
        ),
    )


def _paired(first: Measurement | None, other: Measurement | None, *, share: bool) -> Interval | None:
    if first is None or other is None:
        return None
    before = dict(zip(first.seeds, first.per_seed, strict=True))
    after = dict(zip(other.seeds, other.per_seed, strict=True))
    shared = sorted(before.keys() & after.keys())
    if not shared:
        return None
    difference = share_difference if share else paired_difference
    return difference([after[seed] for seed in shared], [before[seed] for seed in shared])


def _shown(item: Measurement | Interval) -> str:
    return f"{item.estimate:.3g} [{item.low:.3g}, {item.high:.3g}] n={item.n}"

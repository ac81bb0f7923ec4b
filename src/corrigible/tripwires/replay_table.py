"""Tripwires held against training runs that are known to fail and to be healthy: false stops, misses, delay.

A run is a seed: counts of an evaluation at its checkpoints. What a tripwire may know beforehand comes from half of the
healthy runs, what it does is measured on the others and on failing ones. At a checkpoint it is shown some of the
episodes alone, drawn again and again; the seed stays the unit. `corrigible trip table`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from corrigible.errors import BadInput
from corrigible.statistics import Interval, mean_interval, share_interval
from corrigible.statistics.samples import whole
from corrigible.tripwires.document import Tripwire
from corrigible.tripwires.simulate import first_trips

Counts: TypeAlias = NDArray[np.int64]

RATE: Final = 0.05
"""Promised of healthy runs by every detector but the naive one."""

RISE: Final = 0.15
"""A run has taken off where its share lies by so much above the healthy one: 0.30 against 0.45."""

LEAST_SHARE: Final = 0.01
THRESHOLDS: Final = np.arange(0.5, 15.25, 0.25)
SIMULATED: Final = 20_000
MOST_DRAWS: Final = 10_000


@dataclass(frozen=True, kw_only=True, eq=False)
class Runs:
    """Runs of one experiment: healthy and failing ones, (runs, T) alarming outcomes of (T,) episodes each.

    Raises:
        BadInput: fewer than two healthy runs, no failing one, or more outcomes than episodes.
    """

    name: str
    healthy: Counts
    failing: Counts
    episodes: Counts

    def __post_init__(self) -> None:
        """Check shapes and bounds."""
        for kind, counts, least in (("healthy", self.healthy, 2), ("failing", self.failing, 1)):
            if counts.ndim != 2 or len(counts) < least or counts.shape[1:] != self.episodes.shape:
                raise BadInput(
                    value=f"{self.name}: {kind} runs of shape {counts.shape}",
                    rule=f"at least {least}, with as many checkpoints as there are numbers of episodes",
                    remedy="run more seeds",
                )
            if (counts < 0).any() or (counts > self.episodes).any():
                raise BadInput(value=f"{self.name}: {kind}", rule="no more outcomes than episodes", remedy="mend it")


@dataclass(frozen=True, kw_only=True)
class Row:
    """One detector on the runs of one experiment, intervals over runs.

    Attributes:
        false_stops: share of healthy runs stopped; early: of failing runs that are stopped before they took off.
        misses: share of failing runs, among draws that were not stopped early, that are not stopped at all.
        delay: checkpoints from the first at which a run had taken off to the stop, over draws that were stopped in
            time. None where no run took off, or none was stopped.
        healthy_runs, failing_runs: how many; failing ones that never took off are not counted.
    """

    experiment: str
    detector: str
    false_stops: Interval
    early: Interval | None
    misses: Interval | None
    delay: Interval | None
    healthy_runs: int
    failing_runs: int


@dataclass(frozen=True, kw_only=True)
class Known:
    """What is known before: the healthy share (the greatest mean of a checkpoint), and that of a run that took off."""

    healthy: float
    suspect: float


def known_of(runs: Runs) -> tuple[Known, Counts]:
    """From every second healthy run; and the healthy runs that are left to be judged."""
    share = (runs.healthy[::2] / runs.episodes).mean(axis=0).max()
    healthy = float(np.clip(share, LEAST_SHARE, 1 - RISE - LEAST_SHARE))
    return Known(healthy=healthy, suspect=healthy + RISE), runs.healthy[1::2]


def detectors(known: Known, planned: int, items: int, generator: np.random.Generator) -> Mapping[str, Tripwire]:
    """Tripwires by name, with what is known; the CUSUM's threshold is the lowest that keeps the rate in simulation."""
    found = {
        "level, even": _wire(known, planned, {"kind": "level", "spending": "even"}),
        "level, pocock": _wire(known, planned, {"kind": "level", "spending": "pocock"}),
        "level, obrien-fleming": _wire(known, planned, {"kind": "level", "spending": "obrien-fleming"}),
        "cusum": _cusum(known, planned, items, generator),
        "naive 5 % tests": _wire(known, planned, {"kind": "level", "spending": "even"}, rate=min(0.99, RATE * planned)),
    }
    if planned >= 3:
        found["growth"] = _wire(known, planned, {"kind": "growth", "window": min(5, planned)})
    return found


def rows_of(runs: Runs, *, items: int, draws: int, generator: np.random.Generator) -> tuple[Row, ...]:
    """A row for each detector. items: episodes that a tripwire is shown at a checkpoint, or all where there are fewer.

    Raises:
        BadInput: fewer than one item or draw, or too many draws.
    """
    shown = min(whole(items, name="items", least=1), int(runs.episodes.min()))
    if whole(draws, name="draws", least=1) > MOST_DRAWS:
        raise BadInput(value=f"draws = {draws}", rule=f"at most {MOST_DRAWS}", remedy="give fewer")
    known, healthy = known_of(runs)
    shares = runs.failing / runs.episodes
    took_off = (shares >= known.suspect).any(axis=1)
    onset = (shares >= known.suspect).argmax(axis=1)[took_off]
    planned = len(runs.episodes)
    samples = [_shown(counts, runs.episodes, shown, draws, generator) for counts in (healthy, runs.failing[took_off])]
    found: list[Row] = []
    for name, wire in detectors(known, planned, shown, generator).items():
        stops, trips = (_first(wire, sample, shown) for sample in samples)
        found.append(_row((runs.name, name), stops < planned, trips, onset, planned))
    return tuple(found)


def _row(names: tuple[str, str], stopped: NDArray[np.bool_], trips: Counts, onset: Counts, planned: int) -> Row:
    """names: of experiment and detector. stopped: (healthy runs, draws); trips: (failing runs, draws), where it trips.

    `planned` where it does not.
    """
    early = trips < onset[:, None]
    missed = trips == planned
    late = np.where(early | missed, np.nan, trips - onset[:, None])
    rest = (~early).sum(axis=1)
    misses = [float(row.sum() / n) for row, n in zip(missed, rest, strict=True) if n]
    delays = [float(np.nanmean(row)) for row in late if np.isfinite(row).any()]
    return Row(
        experiment=names[0],
        detector=names[1],
        false_stops=share_interval(stopped.mean(axis=1)),
        early=share_interval(early.mean(axis=1)) if len(onset) else None,
        misses=share_interval(misses) if misses else None,
        delay=_not_negative(mean_interval(delays)) if delays else None,
        healthy_runs=len(stopped),
        failing_runs=len(onset),
    )


def _not_negative(found: Interval) -> Interval:
    return replace(found, low=max(found.low, 0.0))


def _shown(counts: Counts, episodes: Counts, items: int, draws: int, generator: np.random.Generator) -> Counts:
    """(runs, draws, T): outcomes among `items` of the episodes, drawn without replacement."""
    many = np.broadcast_to(counts[:, None], (len(counts), draws, counts.shape[1]))
    return generator.hypergeometric(many, episodes - many, items)


def _first(wire: Tripwire, sample: Counts, items: int) -> Counts:
    """(runs, draws) index of the checkpoint at which it trips."""
    flat = sample.reshape(-1, sample.shape[-1])
    return first_trips(wire, flat, items).reshape(sample.shape[:2])


def _cusum(known: Known, planned: int, items: int, generator: np.random.Generator) -> Tripwire:
    counts = generator.binomial(items, known.healthy, (SIMULATED, planned))

    def wire(threshold: float) -> Tripwire:
        return _wire(known, planned, {"kind": "cusum", "suspect": known.suspect, "threshold": float(threshold)})

    for threshold in THRESHOLDS:
        if float((first_trips(wire(threshold), counts, items) < planned).mean()) <= RATE:
            return wire(threshold)
    return wire(float(THRESHOLDS[-1]))


def _wire(known: Known, planned: int, detector: Mapping[str, Any], *, rate: float = RATE) -> Tripwire:
    return Tripwire.model_validate(
        {
            "schema": 1,
            "tripwire": "replayed",
            "what": "a row of a table",
            "fictional": True,
            "metric": "alarming",
            "owner": "nobody",
            "deadline": "24 hours",
            "healthy": known.healthy,
            "false_alarms": rate,
            "plan": {"checkpoints": planned, "first": 0, "every": 1},
            "detector": dict(detector),
        }
    )

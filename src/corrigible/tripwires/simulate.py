"""What a tripwire costs and gives, by simulation: healthy runs that it stops, and how late it sees a take-off."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from corrigible.errors import BadInput
from corrigible.statistics import Interval, mean_interval, proportion_interval
from corrigible.statistics.samples import whole
from corrigible.tripwires.document import Assumed, Bound, Cusum, Growth, Level, Missing, Tripwire
from corrigible.tripwires.rare_counts import critical_count, cusum_step, growth, growth_quantile, spent

Counts: TypeAlias = NDArray[np.int64]
NAIVE_RATE: Final = 0.05

MOST_WORK: Final = 4e8
"""Runs times checkpoints times points of a window: about a minute."""

CHUNK: Final = 4_000_000


@dataclass(frozen=True, kw_only=True)
class Figures:
    """Shares of simulated runs with Clopper-Pearson intervals, delays with a Student t interval over runs.

    Attributes:
        runs: how many healthy runs, and how many that take off.
        false_stops: share of healthy runs that are stopped before the plan ends.
        naive: the same for an exact test of the healthy share at 5 % at every checkpoint, on the same runs.
        in_time: share of runs stopped after they took off and before the plan ends, of those not stopped before.
        delay: checkpoints between the first that had moved and the one that trips (0: the same), over runs stopped in
            time; None where none was.
    """

    runs: int
    checkpoints: int
    items: int
    false_stops: Interval
    naive: Interval
    in_time: Interval | None
    delay: Interval | None


def simulate(tripwire: Tripwire, *, runs: int, generator: np.random.Generator, level: float = 0.95) -> Figures:
    """Figures of a tripwire over `runs` healthy runs and as many that take off as the document assumes.

    Raises:
        BadInput: fewer than 2 runs, too much work, nothing assumed or no healthy share, or nothing to simulate.
    """
    assumed, healthy = _assumed(tripwire)
    _affordable(tripwire, whole(runs, name="runs", least=2))
    planned = tripwire.plan.checkpoints
    moved = np.maximum(0, np.arange(1, planned + 1) - assumed.takes_off_at + 1) * assumed.moves_by
    rising = np.clip(healthy + (moved if tripwire.side == "above" else -moved), 0.0, 1.0)
    stops, naive, taken = [], [], []
    for size in _sizes(tripwire, runs):
        counts = generator.binomial(assumed.items, healthy, (size, planned))
        stops.append(first_trips(tripwire, counts, assumed.items) < planned)
        naive.append(_naive(tripwire, counts, assumed.items, healthy).any(axis=1))
        taken.append(first_trips(tripwire, generator.binomial(assumed.items, rising, (size, planned)), assumed.items))
    first = np.concatenate(taken)
    late = first[first >= assumed.takes_off_at - 1] - (assumed.takes_off_at - 1)
    caught = late[late + assumed.takes_off_at - 1 < planned]
    return Figures(
        runs=runs,
        checkpoints=planned,
        items=assumed.items,
        false_stops=proportion_interval(int(np.concatenate(stops).sum()), runs, level),
        naive=proportion_interval(int(np.concatenate(naive).sum()), runs, level),
        in_time=proportion_interval(caught.size, late.size, level) if late.size else None,
        delay=_mean_delay(caught, level) if caught.size > 1 else None,
    )


def first_trips(tripwire: Tripwire, counts: Counts, items: int) -> Counts:
    """Index from 0 of the checkpoint at which each run trips, (runs,); counts (runs, T) of `items`. T: it does not."""
    tripped = _trips(tripwire, counts, items)
    return np.where(tripped.any(axis=1), tripped.argmax(axis=1), counts.shape[1])


def _trips(tripwire: Tripwire, counts: Counts, items: int) -> NDArray[np.bool_]:
    """Where the statistic has reached its bound, (runs, T), whether or not the run was stopped before."""
    upward = counts if tripwire.side == "above" else items - counts
    planned, rate, healthy = tripwire.plan.checkpoints, tripwire.false_alarms, tripwire.healthy
    match tripwire.detector:
        case Level(spending=spending) if healthy is not None and rate is not None:
            alphas = spent(spending, planned, rate)
            share = tripwire.mirrored(healthy)
            bounds = np.array([critical_count(items, share, float(alpha)) for alpha in alphas])
            return upward >= bounds[: counts.shape[1]]
        case Bound(bound=bound):
            shares = counts / items
            return shares >= bound if tripwire.side == "above" else shares <= bound
        case Cusum(suspect=suspect, threshold=threshold) if healthy is not None:
            scores, score = np.empty(counts.shape), np.zeros(counts.shape[0])
            for place in range(counts.shape[1]):
                score = cusum_step(score, counts[:, place], items, healthy=healthy, suspect=suspect)
                scores[:, place] = score
            return scores >= threshold
        case Growth(window=window, rate=limit) if rate is not None:
            found = np.zeros(counts.shape, dtype=np.bool_)
            if counts.shape[1] >= window:
                windows = np.lib.stride_tricks.sliding_window_view(upward, window, axis=1)
                slope, error = growth(windows, items, np.arange(window))
                found[:, window - 1 :] = slope - growth_quantile(rate, planned, window) * error > limit
            return found
        case _:
            raise AssertionError("the document has been checked")


def _naive(tripwire: Tripwire, counts: Counts, items: int, healthy: float) -> NDArray[np.bool_]:
    upward = counts if tripwire.side == "above" else items - counts
    return upward >= critical_count(items, tripwire.mirrored(healthy), NAIVE_RATE)


def _mean_delay(caught: Counts, level: float) -> Interval:
    """Delays are not negative, so neither is their mean's interval."""
    found = mean_interval(caught.astype(np.float64), level)
    return replace(found, low=max(found.low, 0.0))


def _assumed(tripwire: Tripwire) -> tuple[Assumed, float]:
    """What the document assumes, and its healthy share; BadInput where there is nothing to simulate."""
    if isinstance(tripwire.detector, Missing):
        raise BadInput(
            value=f"tripwire {tripwire.tripwire}",
            rule="it trips exactly where a checkpoint is late, so there is nothing to simulate",
            remedy="ask for figures of one that reads shares",
        )
    for key, given in (("healthy", tripwire.healthy), ("assumed", tripwire.assumed)):
        if given is None:
            raise BadInput(
                value=f"tripwire {tripwire.tripwire}",
                rule=f"figures need {key!r}, and it is not in the document",
                remedy="write the share of a healthy run, the items of a checkpoint, and how a run takes off",
            )
    assert tripwire.assumed is not None
    assert tripwire.healthy is not None
    return tripwire.assumed, tripwire.healthy


def _width(tripwire: Tripwire) -> int:
    return tripwire.detector.window if isinstance(tripwire.detector, Growth) else 1


def _affordable(tripwire: Tripwire, runs: int) -> None:
    work = runs * tripwire.plan.checkpoints * _width(tripwire)
    if work > MOST_WORK:
        raise BadInput(
            value=f"runs = {runs}",
            rule=f"runs x checkpoints x window is at most {MOST_WORK:.0e}, and comes to {work:.1e}",
            remedy="simulate fewer runs",
        )


def _sizes(tripwire: Tripwire, runs: int) -> Iterator[int]:
    """Runs in pieces that fit into memory."""
    piece = max(1, CHUNK // (tripwire.plan.checkpoints * _width(tripwire)))
    for begin in range(0, runs, piece):
        yield min(piece, runs - begin)

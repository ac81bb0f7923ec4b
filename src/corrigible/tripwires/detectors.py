"""Detectors that read a run point by point. `update(point)` gives an alarm or None, and what it gave does not depend on
what comes later, so that a replay of a finished run says what a watcher would have said.
"""

from abc import ABC, abstractmethod
from collections import deque
from dataclasses import dataclass, field
from typing import Final, final

import numpy as np

from corrigible.tripwires.points import Point
from corrigible.tripwires.rare_counts import (
    Floats,
    Spending,
    critical_count,
    cusum_step,
    growth,
    growth_quantile,
    spent,
    tail,
)


@dataclass(frozen=True, kw_only=True)
class Alarm:
    """What tripped: at which step of training, at which point of the metric (from 1; 0: none had come), and why."""

    step: int
    checkpoint: int
    because: str


@dataclass(frozen=True, kw_only=True)
class Reading:
    """A statistic with its bound at one point; either is None where it does not exist yet."""

    step: int
    statistic: float | None
    bound: float | None
    alarm: Alarm | None = None


class Detector(ABC):
    """Reads the points of one metric of one run, in order; the state of one run lives in it."""

    axis: str
    """What its statistic is, for the axis of a picture."""

    @abstractmethod
    def read(self, point: Point) -> Reading:
        """Take in the next point. Raises BadInput where it holds a value and counts are needed."""

    @final
    def update(self, point: Point) -> Alarm | None:
        """Take in the next point; an alarm where it trips."""
        return self.read(point).alarm


@dataclass(frozen=True, kw_only=True)
class Side:
    """Which way is alarming. Detectors think upwards; for `below` they count the other items."""

    below: bool = False

    def counts(self, point: Point) -> tuple[int, int]:
        """k and n as a detector thinks of them."""
        k, n = point.counts
        return (n - k if self.below else k), n

    def share(self, share: float) -> float:
        """A share as a detector thinks of it, or back."""
        return 1 - share if self.below else share

    @property
    def words(self) -> str:
        """How a bound is reached."""
        return "at or below" if self.below else "at or above"


ABOVE: Final = Side()


@final
@dataclass(kw_only=True)
class LevelDetector(Detector):
    """Exact binomial tests of the healthy share, whose rates add up to `rate` over `planned` points.

    Its statistic is the share of the point, its bound the least alarming share that trips (None: no result would).
    """

    healthy: float
    rate: float
    planned: int
    spending: Spending = "even"
    side: Side = ABOVE
    axis: str = "share of items"
    seen: int = 0
    _alphas: Floats = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Spend the rate."""
        self._alphas = spent(self.spending, self.planned, self.rate)

    def read(self, point: Point) -> Reading:
        """Test one point at its part of the rate; points beyond the plan have none left, and never trip."""
        k, n = self.side.counts(point)
        share = self.side.share(self.healthy)
        alpha = float(self._alphas[self.seen]) if self.seen < self.planned else 0.0
        self.seen += 1
        critical = critical_count(n, share, alpha)
        bound = None if critical > n else (n - critical if self.side.below else critical) / n
        alarm = None
        if k >= critical:
            because = (
                f"{point.counts[0]} of {n} is {self.side.words} the bound {bound:.4g}: a healthy share of "
                f"{self.healthy:g} gives that with probability {float(tail(k, n, share)):.2g}, and {alpha:.2g} was left"
            )
            alarm = Alarm(step=point.step, checkpoint=self.seen, because=because)
        return Reading(step=point.step, statistic=point.amount, bound=bound, alarm=alarm)


@final
@dataclass(kw_only=True)
class BoundDetector(Detector):
    """Trips where the metric itself reaches `bound`; it takes counts and values."""

    bound: float
    side: Side = ABOVE
    axis: str = "metric"
    seen: int = 0

    def read(self, point: Point) -> Reading:
        """Compare one point."""
        self.seen += 1
        reached = point.amount <= self.bound if self.side.below else point.amount >= self.bound
        because = f"{point.amount:.6g} is {self.side.words} {self.bound:g}"
        alarm = Alarm(step=point.step, checkpoint=self.seen, because=because) if reached else None
        return Reading(step=point.step, statistic=point.amount, bound=self.bound, alarm=alarm)


@final
@dataclass(kw_only=True)
class CusumDetector(Detector):
    """CUSUM of Bernoulli batches: evidence for `suspect` against `healthy`, in nats, never below 0."""

    healthy: float
    suspect: float
    threshold: float
    axis: str = "evidence (nats)"
    seen: int = 0
    score: float = 0.0

    def read(self, point: Point) -> Reading:
        """Add one batch."""
        k, n = point.counts
        self.seen += 1
        self.score = float(cusum_step(self.score, k, n, healthy=self.healthy, suspect=self.suspect))
        alarm = None
        if self.score >= self.threshold:
            because = (
                f"evidence for a share of {self.suspect:g} against {self.healthy:g} came to {self.score:.3f} nats, "
                f"at or above {self.threshold:g}"
            )
            alarm = Alarm(step=point.step, checkpoint=self.seen, because=because)
        return Reading(step=point.step, statistic=self.score, bound=self.threshold, alarm=alarm)


@final
@dataclass(kw_only=True)
class GrowthDetector(Detector):
    """Trips where the lower end of the interval of the slope of the log-odds, over `window` points, exceeds `limit`.

    Its statistic is that end, in log-odds per `every` steps, towards the alarming side; None before the window is full.
    """

    limit: float
    rate: float
    window: int
    planned: int
    every: int
    side: Side = ABOVE
    axis: str = "growth (log-odds a checkpoint), surely"
    seen: int = 0
    _last: "deque[tuple[int, int, int]]" = field(default_factory=deque[tuple[int, int, int]], repr=False)

    def read(self, point: Point) -> Reading:
        """Move the window by one point."""
        self._last.append((*self.side.counts(point), point.step))
        self.seen += 1
        if len(self._last) > self.window:
            self._last.popleft()
        if len(self._last) < self.window:
            return Reading(step=point.step, statistic=None, bound=self.limit)
        k, n, steps = np.array(self._last, dtype=np.float64).T
        slope, error = growth(k, n, (steps - steps[0]) / self.every)
        low = float(slope - growth_quantile(self.rate, self.planned, self.window) * error)
        alarm = None
        if low > self.limit:
            because = (
                f"over {self.window} points the log-odds moved {float(slope):.3f} a checkpoint, surely more than "
                f"{low:.3f}, and {self.limit:g} is allowed"
            )
            alarm = Alarm(step=point.step, checkpoint=self.seen, because=because)
        return Reading(step=point.step, statistic=low, bound=self.limit, alarm=alarm)


@final
@dataclass(kw_only=True)
class MissingDetector:
    """Trips where a checkpoint planned at step e has had no point in e to e + grace, and training is beyond that.

    `advance(step)` says how far training has come, `update(point)` that a point came. grace < every.
    """

    first: int
    every: int
    planned: int
    grace: int
    met: int = 0
    seen: int = 0

    def advance(self, step: int) -> Alarm | None:
        """Training has come to `step`: an alarm where a checkpoint is overdue, at the step from which it was.

        So the alarm does not depend on how often training is heard of.
        """
        due = self.first + self.met * self.every
        if self.met >= self.planned or step <= due + self.grace:
            return None
        because = f"the checkpoint planned at step {due} had not come by step {due + self.grace}"
        return Alarm(step=due + self.grace + 1, checkpoint=self.seen, because=because)

    def update(self, point: Point) -> Alarm | None:
        """A point of the metric came; one that comes before the next planned step meets none."""
        alarm = self.advance(point.step)
        self.seen += 1
        if alarm is None and self.met < self.planned and point.step >= self.first + self.met * self.every:
            self.met += 1
        return alarm

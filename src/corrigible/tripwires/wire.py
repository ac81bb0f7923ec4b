"""A tripwire over one run: its detector, absence beside it, and the end of its plan. What is missing trips."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import final

from corrigible.tripwires.detectors import (
    Alarm,
    BoundDetector,
    CusumDetector,
    Detector,
    GrowthDetector,
    LevelDetector,
    MissingDetector,
    Reading,
    Side,
)
from corrigible.tripwires.document import Bound, Cusum, Growth, Level, Missing, Tripwire
from corrigible.tripwires.points import Point


@final
@dataclass(kw_only=True)
class Wire:
    """The state of one tripwire in one run. The first alarm stays; after it points are only read, for the picture."""

    tripwire: Tripwire
    detector: Detector | None = field(init=False)
    alarm: Alarm | None = field(init=False, default=None)
    readings: list[Reading] = field(init=False, default_factory=list[Reading])
    seen: int = field(init=False, default=0)
    _missing: MissingDetector | None = field(init=False)

    def __post_init__(self) -> None:
        """Begin a run."""
        plan = self.tripwire.plan
        self.detector = detector_of(self.tripwire)
        self._missing = (
            None
            if plan.grace is None
            else MissingDetector(first=plan.first, every=plan.every, planned=plan.checkpoints, grace=plan.grace)
        )

    def update(self, point: Point) -> Alarm | None:
        """Take in any point of the run: one of another metric only says how far training is.

        Returns the alarm where this point trips the wire, which happens once. Raises BadInput where the point holds a
        value and the detector counts.
        """
        if point.metric != self.tripwire.metric:
            return self.advance(point.step)
        self.seen += 1
        missing = None if self._missing is None else self._missing.update(point)
        found = self._beyond(point)
        if self.detector is not None:
            reading = self.detector.read(point)
            self.readings.append(reading)
            found = found or reading.alarm
        return self._trip(missing or found)

    def advance(self, step: int) -> Alarm | None:
        """Training has come to `step`. Returns the alarm where a checkpoint is overdue, once."""
        return self._trip(None if self._missing is None else self._missing.advance(step))

    def _beyond(self, point: Point) -> Alarm | None:
        planned = self.tripwire.plan.checkpoints
        if self.seen <= planned:
            return None
        because = f"only {planned} checkpoints were planned, and nothing is promised beyond them"
        return Alarm(step=point.step, checkpoint=self.seen, because=because)

    def _trip(self, found: Alarm | None) -> Alarm | None:
        if self.alarm is not None or found is None:
            return None
        self.alarm = found
        return found


def detector_of(tripwire: Tripwire) -> Detector | None:
    """A fresh detector with the numbers of the document; None where only absence trips."""
    side, plan = Side(below=tripwire.side == "below"), tripwire.plan
    match tripwire.detector:
        case Level(spending=spending):
            return LevelDetector(
                healthy=_given(tripwire.healthy),
                rate=_given(tripwire.false_alarms),
                planned=plan.checkpoints,
                spending=spending,
                side=side,
            )
        case Bound(bound=bound):
            return BoundDetector(bound=bound, side=side)
        case Cusum(suspect=suspect, threshold=threshold):
            return CusumDetector(healthy=_given(tripwire.healthy), suspect=suspect, threshold=threshold)
        case Growth(window=window, rate=limit):
            return GrowthDetector(
                limit=limit,
                rate=_given(tripwire.false_alarms),
                window=window,
                planned=plan.checkpoints,
                every=plan.every,
                side=side,
            )
        case Missing():
            return None


def replay(tripwire: Tripwire, points: Iterable[Point], *, until: int | None = None) -> Wire:
    """What the tripwire would have said of a run whose training came to step `until` (None: to its last point)."""
    wire = Wire(tripwire=tripwire)
    for point in points:
        wire.update(point)
    if until is not None:
        wire.advance(until)
    return wire


def _given(number: float | None) -> float:
    assert number is not None, "the document has been checked"
    return number

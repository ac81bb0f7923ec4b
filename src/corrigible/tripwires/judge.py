"""One stretch of a live run, as trainer and watcher judge it alike: points as they come, steps as they are reached."""

from contextlib import suppress
from pathlib import Path
from typing import final

from corrigible.errors import BadInput
from corrigible.tripwires.detectors import Alarm
from corrigible.tripwires.points import Point
from corrigible.tripwires.records import Arming
from corrigible.tripwires.tail import Tail
from corrigible.tripwires.wire import Wire


def judged_again(arming: Arming, points: Path) -> "Judge":
    """The stretch judged anew from its file, as far as its points can be read."""
    judge = Judge(arming, points)
    with suppress(BadInput):  # that is why it was stopped; what stands before the bad line is read
        judge.look()
    return judge


def readable_points(path: Path) -> tuple[Point, ...]:
    """All points of a file, from its beginning to the first line that is none."""
    tail, found = Tail(path), list[Point]()
    with suppress(BadInput):
        while fresh := tail.read():
            found += fresh
    return tuple(found)


@final
class Judge:
    """Reads the points of a run, each once, and holds those of its stretch against the tripwire.

    It keeps nothing but what follows from the file: a judge that was killed is replaced by one that reads again.
    """

    def __init__(self, arming: Arming, points: Path) -> None:
        self.arming = arming
        self.tail = Tail(points)
        self.wire = Wire(tripwire=arming.wire())
        self.points: list[Point] = []

    def look(self, step: int | None = None) -> Alarm | None:
        """The alarm of the stretch so far, where there is one. step: to which training has come.

        Raises:
            BadInput: points that cannot be read, or of another run.
        """
        while fresh := self.tail.read():
            for point in fresh:
                self._take(point)
        if step is not None and step > self.arming.after:
            self.wire.advance(step)
        return self.wire.alarm

    @property
    def step(self) -> int:
        """The step of the newest point; -1 before the first."""
        return self.tail.order.step if self.tail.offset else -1

    def _take(self, point: Point) -> None:
        if point.run != self.arming.run:
            raise BadInput(
                value=f"file {self.tail.path}: run = {point.run!r}",
                rule=f"the tripwire is armed for the run {self.arming.run!r}",
                remedy="write a file of points for each run",
            )
        if point.step > self.arming.after:
            self.points.append(point)
            self.wire.update(point)

    def due(self, step: int) -> bool:
        """Whether a planned checkpoint has come by `step` that has no point of the metric yet."""
        plan, metric = self.wire.tripwire.plan, self.wire.tripwire.metric
        planned = plan.first + plan.every * ((step - plan.first) // plan.every)
        last = next((point.step for point in reversed(self.points) if point.metric == metric), -1)
        return plan.first <= step < plan.first + plan.checkpoints * plan.every and last < planned

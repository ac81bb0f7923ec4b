"""Rank 0 of a guarded training: appends points, judges them, looks for a stop and for its watcher's signs of life."""

import time
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final, Literal, TypeAlias, final

from corrigible.errors import BadInput, CorrigibleError, Tripped
from corrigible.oversight.moments import written
from corrigible.tripwires.arming import charged, trip
from corrigible.tripwires.checkpoints import digest_of
from corrigible.tripwires.folder import WireFolder
from corrigible.tripwires.freezing import freeze
from corrigible.tripwires.judge import Judge
from corrigible.tripwires.points import Point
from corrigible.tripwires.records import Arming, StopKind, TrainerBeat
from corrigible.tripwires.tail import append_point

BEAT_EVERY: Final = 1.0
"""Seconds between two signs of life of a trainer."""

Kind: TypeAlias = Literal["unwatched", "fault", "unreadable", "tripped"]


@dataclass(frozen=True, kw_only=True)
class Stop:
    """Why training must not go on, who is in charge, and until when (then it passes on).

    kind: as in the stop's record; or `unwatched`: the watcher does not answer, and nothing has to be decided before
    training goes on under a watcher that does.
    """

    kind: Kind
    step: int
    because: str
    owner: str = ""
    decide_by: datetime | None = None
    folder: Path

    def __str__(self) -> str:
        """One line."""
        until = f" until {written(self.decide_by)}" if self.decide_by is not None else ""
        who = f"; {self.owner} is in charge{until}" if self.owner else ""
        return (
            f"stop at step {self.step} ({self.kind}): {self.because}{who}; see `corrigible trip status {self.folder}`"
        )


@final
class Leader:
    """The state of one stretch in the process that trains."""

    def __init__(self, folder: WireFolder, arming: Arming, points: Path, *, patience: float) -> None:
        self.folder, self.points = folder, points
        self._patience = patience
        self._judge = Judge(arming, points)
        self._judge.look()
        self._refused = ""
        before = folder.trainer()
        self._beats, self._beaten, self._step = (0 if before is None else before.count), -BEAT_EVERY, -1
        self._answered, self._heard, self._owed = time.monotonic(), -1, 0
        self._awaited = False

    @property
    def metric(self) -> str:
        """The tripwire's metric."""
        return self._judge.wire.tripwire.metric

    def due(self, step: int) -> bool:
        """Whether a planned checkpoint has come that has no point yet."""
        return self._judge.due(step)

    def report(self, step: int, *, k: int | None, n: int | None, value: float | None, metric: str) -> None:
        """Append a point; one that is refused stops at the next look."""
        try:
            self._judge.look()
            name = metric or self._judge.wire.tripwire.metric
            point = Point(run=self._judge.arming.run, metric=name, step=step, k=k, n=n, value=value)
            newest = self._judge.tail.order.newest(name)
            if step < self._judge.step or (newest is not None and step <= newest):
                return
            append_point(self.points, point)
        except CorrigibleError as error:
            self._refused = self._refused or f"the point at step {step} was refused: {error}"
        except Exception as error:  # noqa: BLE001 - an evaluation's fault stops training in order, not in the middle
            self._refused = self._refused or f"the point at step {step} was lost: {type(error).__name__}: {error}"

    def look(self, step: int) -> Stop | None:
        """Whether training that has come to `step` has to stop."""
        self._step = max(self._step, step)
        if self.folder.stands() or self.folder.decided(self._judge.arming.segment):
            return self._recorded(step)
        kind, because = self._judged(step)
        if kind is not None:
            trip(self.folder, self._judge, by="trainer", kind=kind, because=because, step=step)
            return self._recorded(step)
        if time.monotonic() - self._beaten >= BEAT_EVERY:
            self._beat(step)
        if not self._watched():
            return self.stop("unwatched", step, f"the watcher has not answered for {self._patience:g} seconds")
        return None

    def stop(self, kind: Kind, step: int, because: str) -> Stop:
        """A stop that is not on record."""
        return Stop(kind=kind, step=step, because=because, folder=self.folder.path)

    def halted(self, checkpoint: Path | None) -> Path | None:
        """Training has stopped and was saved; the frozen bundle, None where no stop is on record."""
        saved = ("", "") if checkpoint is None else (str(checkpoint.resolve()), digest_of(checkpoint))
        self._beat(self._step, halted=True, saved=saved)
        return freeze(self.folder, self.points).path if self.folder.stands() else None

    def finished(self) -> Stop | None:
        """Training is over; a stop where a checkpoint that was planned by its last step never came."""
        step = max(self._step, self._judge.step)
        stop = self.look(step)
        if stop is None and self._judge.due(step):
            because = f"training ended at step {step}, and a checkpoint that was planned by then had not come"
            trip(self.folder, self._judge, by="trainer", kind="fault", because=because, step=step)
            stop = self._recorded(step)
        if stop is None or stop.kind == "unwatched":
            self._beat(step, finished=True)
        return stop

    def await_watcher(self, watched: bool) -> None:
        """Wait until the watcher answers, where one is wanted or has been there. Raises Tripped where none does."""
        self._beat(self._judge.step)  # a watcher that comes now must not take the training for finished
        found = self.folder.watcher()
        self._awaited = watched or self.folder.was_watched()
        self._heard = -1 if found is None else found.count
        self._answered = time.monotonic()
        while self._awaited and not self._answers():
            if time.monotonic() - self._answered > self._patience:
                raise Tripped(
                    value=f"run {self._judge.arming.run}: no sign of a watcher for {self._patience:g} seconds",
                    rule="training goes on only while it is watched",
                    remedy=f"start `corrigible watch TRIPWIRE {self.points} --owners OWNERS` first",
                )
            time.sleep(0.05)

    def _judged(self, step: int) -> tuple[StopKind | None, str]:
        """What the points say of it."""
        try:
            alarm = self._judge.look(step)
        except BadInput as error:
            return "unreadable", f"points cannot be read: {error}"
        if alarm is not None:
            return "tripped", ""
        return ("fault", self._refused) if self._refused else (None, "")

    def _recorded(self, step: int) -> Stop:
        """The stop that stands."""
        record = self.folder.stop()
        if record is None:
            return self.stop("fault", step, "it was decided meanwhile to go on: arm the wire again")
        chosen = charged(self.folder)
        return Stop(
            kind=record.kind,
            step=record.step,
            because=record.because,
            owner=f"{chosen.name} ({chosen.role})",
            decide_by=chosen.decide_by,
            folder=self.folder.path,
        )

    def _watched(self) -> bool:
        """Whether nobody is awaited, or the watcher has answered of late."""
        return self._answers() or not self._awaited or time.monotonic() - self._answered <= self._patience

    def _answers(self) -> bool:
        """Whether the watcher has shown a new sign of life, and had judged what it was owed by then."""
        found = self.folder.watcher()
        if found is None or found.segment != self._judge.arming.segment:
            return False
        self._awaited = True
        if found.count == self._heard or found.offset < self._owed:
            return False
        self._heard, self._owed, self._answered = found.count, self._judge.tail.offset, time.monotonic()
        return True

    def _beat(
        self, step: int, *, halted: bool = False, finished: bool = False, saved: tuple[str, str] = ("", "")
    ) -> None:
        self._beats += 1
        self._beaten = time.monotonic()
        self.folder.beat(
            TrainerBeat(
                count=self._beats,
                segment=self._judge.arming.segment,
                step=step,
                halted=halted,
                finished=finished,
                checkpoint=saved[0],
                checkpoint_sha256=saved[1],
            )
        )

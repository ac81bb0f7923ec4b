"""The watcher: a process beside the trainer that judges the same points and writes the stop file. `corrigible watch`.

It keeps nothing that is not in the files: killed and started again it reads all points anew, and a trainer that it
watched stops when it falls silent.
"""

import time
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal, final

from filelock import Timeout

from corrigible.errors import BadInput, RunLocked
from corrigible.store.lock import lock_of
from corrigible.tripwires.arming import Documents, arm_run, trip
from corrigible.tripwires.detectors import Reading
from corrigible.tripwires.folder import WireFolder
from corrigible.tripwires.freezing import freeze
from corrigible.tripwires.judge import Judge
from corrigible.tripwires.records import Arming, StopKind, StopRecord, TrainerBeat, WatcherBeat
from corrigible.tripwires.tail import prefix_digest

if TYPE_CHECKING:
    from collections.abc import Generator

EVERY: Final = 1.0
"""Seconds between two looks, each of which is a sign of life."""

SAVE_WITHIN: Final = 60.0
"""Seconds that a trainer gets to save itself before the evidence is frozen without its checkpoint."""


@dataclass(frozen=True, kw_only=True)
class Watched:
    """How a watch ended. bundle: of the frozen evidence; both None where training came to its own end."""

    outcome: Literal["tripped", "finished"]
    step: int
    stop: StopRecord | None = None
    bundle: Path | None = None


@dataclass(frozen=True, kw_only=True)
class Patience:
    """Seconds: between looks; of a trainer's silence that trips (None: none does); for a trainer to save itself."""

    every: float = EVERY
    silence: float | None = None
    save_within: float = SAVE_WITHIN

    def __post_init__(self) -> None:
        """Refuse what is no length of time."""
        for name, value in (("every", self.every), ("silence", self.silence), ("save_within", self.save_within)):
            if value is not None and not 0 < value <= 1e7:
                raise BadInput(value=f"{name} = {value:g}", rule="it is above 0 and at most 1e7", remedy="give seconds")


def watch(
    documents: Documents,
    points: Path,
    *,
    run: str,
    patience: Patience | None = None,
    begun: Callable[[Arming], None] | None = None,
    told: Callable[[Reading], None] | None = None,
) -> Watched:
    """Watch a run until it trips or its trainer says that it has finished.

    begun: is called once it watches; told: for every new reading.

    Raises:
        BadInput, Tripped: as `arm_run`. RunLocked: another watcher watches it already.
    """
    folder, arming = arm_run(documents, points, run)
    with _alone(folder):
        if begun is not None:
            begun(arming)
        return Watcher(folder, arming, points, patience or Patience(), told).run()


@contextmanager
def _alone(folder: WireFolder) -> "Generator[None]":
    try:
        lock = lock_of(folder.path, "watcher.lock", patience=0.2).acquire()
    except Timeout:
        raise RunLocked(
            value=str(folder.path), rule="one watcher at a time watches a run", remedy="leave it to that one"
        ) from None
    with lock:
        yield


@final
class Watcher:
    """One watch of one stretch."""

    def __init__(
        self,
        folder: WireFolder,
        arming: Arming,
        points: Path,
        patience: Patience,
        told: Callable[[Reading], None] | None,
    ) -> None:
        self._folder, self._points, self._patience, self._told = folder, points, patience, told
        self._judge = Judge(arming, points)
        before = folder.watcher()
        self._before = before if before is not None and before.segment == arming.segment else None
        self._count = 0 if before is None else before.count
        self._shown = 0
        self._heard, self._last = time.monotonic(), (-1, -1)

    def run(self) -> Watched:
        """Look again and again until it is over."""
        while True:
            trainer = self._trainer()
            kind, because = self._look(trainer)
            if self._folder.stands():
                return self._tripped(trainer)
            if kind is not None:
                step = -1 if trainer is None else trainer.step
                trip(self._folder, self._judge, by="watcher", kind=kind, because=because, step=step)
                continue
            self._beat()
            if trainer is not None and trainer.finished:
                return Watched(outcome="finished", step=trainer.step)
            time.sleep(self._patience.every)

    def _trainer(self) -> TrainerBeat | None:
        """The trainer's sign of life; read before the points, so that what was reported by then is seen."""
        found = self._folder.trainer()
        return found if found is not None and found.segment == self._judge.arming.segment else None

    def _look(self, trainer: TrainerBeat | None) -> tuple[StopKind | None, str]:
        """What is found, and why where the wire does not say it."""
        try:
            alarm = self._judge.look(None if trainer is None else trainer.step)
        except BadInput as error:
            return "unreadable", f"points cannot be read: {error}"
        self._tell()
        if alarm is not None:
            return "tripped", ""
        before, self._before = self._before, None
        if before is not None and prefix_digest(self._points, before.offset) != before.digest:
            return "unreadable", "points were changed after a watcher had judged them"
        return self._silence(trainer)

    def _silence(self, trainer: TrainerBeat | None) -> tuple[StopKind | None, str]:
        now = (self._judge.tail.offset, -1 if trainer is None else trainer.count)
        if now != self._last:
            self._last, self._heard = now, time.monotonic()
        silence = self._patience.silence
        if silence is not None and time.monotonic() - self._heard > silence:
            return "fault", f"neither a point nor a sign of life of the trainer for {silence:g} seconds"
        return None, ""

    def _tell(self) -> None:
        readings = self._judge.wire.readings
        if self._told is not None:
            for item in readings[self._shown :]:
                self._told(item)
        self._shown = len(readings)

    def _beat(self) -> None:
        self._count += 1
        tail = self._judge.tail
        self._folder.beat(
            WatcherBeat(count=self._count, segment=self._judge.arming.segment, offset=tail.offset, digest=tail.digest)
        )

    def _tripped(self, trainer: TrainerBeat | None) -> Watched:
        """Let the trainer save itself, then freeze the evidence."""
        began = time.monotonic()
        while trainer is not None and not (trainer.halted or trainer.finished):
            if time.monotonic() - began > self._patience.save_within:
                break
            time.sleep(min(self._patience.every, 0.2))
            trainer = self._trainer()
        bundle = freeze(self._folder, self._points)
        stop = self._folder.stop()
        assert stop is not None
        return Watched(outcome="tripped", step=stop.step, stop=stop, bundle=bundle.path)

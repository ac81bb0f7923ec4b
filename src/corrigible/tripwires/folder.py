"""The folder beside a points file in which a tripwire's run is armed, stopped, acknowledged and decided.

POINTS.NAME/armed-1.json    under which tripwire and which register, from which step on (2: after the first decision)
POINTS.NAME/stop.json       there while training must not go on; stop-1.json once it was decided to go on
POINTS.NAME/record.jsonl    who acknowledged and decided, chained
POINTS.NAME/bundle-1/       the evidence, frozen
POINTS.NAME/watcher.json, trainer.json   signs of life

Every file is replaced whole, and all changes are made under one lock, which the kernel releases when a process dies.
"""

import json
import os
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, TypeVar, final

from pydantic import ValidationError

from corrigible.documents import Document
from corrigible.errors import BadInput, CorrigibleError, CorruptFile, Tampered
from corrigible.oversight.chained import entries_of, read_record, with_entry
from corrigible.store import disk_faults, replace_file
from corrigible.store.documents import SEAL, check_seal, parse, seal
from corrigible.store.files import read_stored, sha256_of
from corrigible.store.lock import lock_of
from corrigible.store.paths import inside, temporary_name
from corrigible.tripwires.records import Arming, Said, StopRecord, TrainerBeat, WatcherBeat

STOP: Final = "stop.json"
RECORD: Final = "record.jsonl"
WATCHER: Final = "watcher.json"
TRAINER: Final = "trainer.json"
LARGEST: Final = 1 << 23
_REMEDY: Final = "ask who keeps the folder; until then training stays stopped"

D = TypeVar("D", bound=Document)


@final
class WireFolder:
    """The folder of one tripwire on one points file; nothing is made by naming it."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @contextmanager
    def locked(self) -> Generator[None]:
        """Changes are made by one process at a time."""
        with disk_faults("the stop protocol", self.path, retry="try again", elsewhere="move the points"):
            self.path.mkdir(parents=True, exist_ok=True)
            with lock_of(self.path, "lock"):
                yield

    def arming(self) -> Arming | None:
        """The newest stretch; None where nothing was armed. Raises Tampered where it is not as it was written."""
        numbers = [
            int(number)
            for path in self.path.glob("armed-*.json")
            if (number := path.stem.removeprefix("armed-")).isdigit()
        ]
        return self._read(f"armed-{max(numbers)}.json", Arming) if numbers else None

    def arm(self, arming: Arming) -> None:
        """Write down a new stretch; to be called under the lock. Raises FileExistsError where it was begun already."""
        self._create(f"armed-{arming.segment}.json", arming)

    def stands(self) -> bool:
        """Whether a stop stands, whatever it holds; asked at every step of a training."""
        return os.path.lexists(self.path / STOP)

    def stop(self) -> StopRecord | None:
        """The stop that stands; None where none does. Raises Tampered where it is not as it was written."""
        return self._read(STOP, StopRecord) if self.stands() else None

    def digest_of_stop(self) -> str:
        """sha256 of the standing stop's file."""
        return sha256_of(read_stored(inside(self.path, STOP), remedy=_REMEDY, limit=LARGEST))

    def digest_of(self, segment: int) -> str:
        """sha256 of the file of a stretch's stop, whether it stands or was lifted."""
        name = f"stop-{segment}.json" if self.decided(segment) else STOP
        return sha256_of(read_stored(inside(self.path, name), remedy=_REMEDY, limit=LARGEST))

    def trip(self, stop: StopRecord) -> StopRecord:
        """Stop the stretch, unless it is stopped or was decided already; the first stop stays, and is returned."""
        with self.locked():
            if self.decided(stop.segment):
                return self.stopped(stop.segment)
            if not self.stands():
                self._create(STOP, stop)
        return self.stop() or stop

    def decided(self, segment: int) -> bool:
        """Whether the stretch was stopped, and it was decided to go on."""
        return os.path.lexists(self.path / f"stop-{segment}.json")

    def stopped(self, segment: int) -> StopRecord:
        """The stop of a stretch after which it was decided to go on."""
        return self._read(f"stop-{segment}.json", StopRecord)

    def said(self) -> tuple[Said, ...]:
        """Everything that persons said, in order. Raises Tampered where an entry was changed, taken out or cut off."""
        path = inside(self.path, RECORD)
        return entries_of(read_record(path, remedy=_REMEDY), Said, path=path, remedy=_REMEDY)

    def say(self, entry: Said) -> None:
        """Append to the record; to be called under the lock."""
        self.said()
        path = inside(self.path, RECORD)
        replace_file(path, with_entry(read_record(path, remedy=_REMEDY), entry))

    def decision(self) -> Said | None:
        """What was decided of the stop that stands; None where nothing was, or none stands."""
        if not self.stands():
            return None
        digest = self.digest_of_stop()
        made = [item for item in self.said() if item.stop == digest and item.action != "acknowledge"]
        return made[-1] if made else None

    def settle(self) -> None:
        """Lift a stop of which it was recorded that training may go on; to be called under the lock."""
        made = self.decision()
        stop = self.stop()
        if made is not None and stop is not None and made.action == "resume":
            inside(self.path, STOP).replace(inside(self.path, f"stop-{stop.segment}.json"))

    def beat(self, sign: WatcherBeat | TrainerBeat) -> None:
        """Show a sign of life, whole or not at all. It is not flushed to the disk: nobody lives through a power cut."""
        name = WATCHER if isinstance(sign, WatcherBeat) else TRAINER
        beside = inside(self.path, temporary_name())
        with disk_faults(name, self.path, retry="try again", elsewhere="move the points"):
            beside.write_bytes(_rendered(sign))
            beside.replace(inside(self.path, name))

    def was_watched(self) -> bool:
        """Whether a watcher has ever come to this run; one whose sign cannot be read counts."""
        return os.path.lexists(self.path / WATCHER)

    def watcher(self) -> WatcherBeat | None:
        """The watcher's last sign of life; None where there is none that can be read."""
        return self._beat(WATCHER, WatcherBeat)

    def trainer(self) -> TrainerBeat | None:
        """The trainer's last sign of life; None where there is none that can be read."""
        return self._beat(TRAINER, TrainerBeat)

    def bundle(self, segment: int) -> Path:
        """Where the evidence of a stretch is frozen."""
        return inside(self.path, f"bundle-{segment}")

    def _beat(self, name: str, kind: type[D]) -> D | None:
        try:
            return self._read(name, kind) if os.path.lexists(self.path / name) else None
        except CorrigibleError:
            return None

    def _create(self, name: str, content: Document) -> None:
        """A new file, under the lock; raises FileExistsError where it is there."""
        path = inside(self.path, name)
        if path.exists():
            raise FileExistsError(name)
        replace_file(path, _rendered(content))

    def _read(self, name: str, kind: type[D]) -> D:
        path = inside(self.path, name)
        try:
            document = parse(read_stored(path, remedy=_REMEDY, limit=LARGEST), name=str(path), remedy=_REMEDY)
            check_seal(document, name=str(path), remedy=_REMEDY)
            return kind.model_validate({key: value for key, value in document.items() if key != SEAL})
        except (CorruptFile, ValidationError) as error:
            rule = error.rule if isinstance(error, CorruptFile) else "it lacks a part, or has another"
            raise Tampered(value=str(path), rule=rule, remedy=_REMEDY) from error


def folder_of(points: Path, tripwire: str) -> WireFolder:
    """The folder of a tripwire beside a points file."""
    return WireFolder(points.with_name(f"{points.name}.{tripwire}"))


def folder_given(path: Path) -> WireFolder:
    """The folder that a person named; BadInput where nothing was armed there."""
    found = WireFolder(path)
    if not path.is_dir() or found.arming() is None:
        raise BadInput(
            value=str(path),
            rule="it must be the folder of an armed tripwire",
            remedy="give POINTS.TRIPWIRE, the folder beside the points",
        )
    return found


def _rendered(content: Document) -> bytes:
    plain = content.model_dump(mode="json", by_alias=True)
    return json.dumps(seal(plain), indent=1, sort_keys=True, allow_nan=False).encode() + b"\n"

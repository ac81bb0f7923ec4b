"""Freeze the evidence of a stop: points, curve, documents and the stop itself in one sealed bundle, made once."""

import json
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from corrigible.errors import BadInput
from corrigible.oversight.bundles import Bundle, make_bundle, verify_bundle
from corrigible.oversight.moments import written
from corrigible.store.files import read_stored
from corrigible.tripwires.folder import STOP, WireFolder
from corrigible.tripwires.judge import Judge
from corrigible.tripwires.pictures import replay_picture
from corrigible.tripwires.points import MOST_FILE_BYTES
from corrigible.tripwires.records import Arming, StopRecord

_REMEDY: Final = "restore the points; training stays stopped"


def freeze(folder: WireFolder, points: Path) -> Bundle:
    """The bundle of the stop that stands, made now unless it is there. Who is killed meanwhile leaves it to the next.

    Raises:
        BadInput: no stop stands. Tampered: the bundle was changed since.
    """
    with folder.locked():
        arming, stop = folder.arming(), folder.stop()
        if arming is None or stop is None:
            raise BadInput(value=str(folder.path), rule="no stop stands there", remedy="there is nothing to freeze")
        out = folder.bundle(stop.segment)
        if out.exists():
            return verify_bundle(out)
        return make_bundle(out, _items(folder, points, arming, stop), about=_about(arming, stop))


def judged_again(arming: Arming, points: Path) -> Judge:
    """The stretch judged anew from its file, as far as its points can be read."""
    judge = Judge(arming, points)
    with suppress(BadInput):  # that is why it was stopped; what stands before the bad line is read
        judge.look()
    return judge


def _items(folder: WireFolder, points: Path, arming: Arming, stop: StopRecord) -> Mapping[str, bytes]:
    items = {
        "tripwire.yaml": arming.document.encode(),
        "owners.yaml": arming.owners.encode(),
        "stop.json": read_stored(folder.path / STOP, remedy=_REMEDY),
    }
    if points.is_file():
        items["points.jsonl"] = read_stored(points.resolve(), remedy=_REMEDY, limit=MOST_FILE_BYTES + (1 << 20))
    judge = judged_again(arming, points)
    with suppress(BadInput):  # where no point came, there is nothing to draw
        items["statistic.svg"] = replay_picture(judge.wire.tripwire, [(arming.run, judge.wire)]).encode()
    trainer = folder.trainer()
    if trainer is not None and trainer.segment == stop.segment and trainer.checkpoint:
        told = {"path": trainer.checkpoint, "sha256": trainer.checkpoint_sha256, "step": trainer.step}
        items["checkpoint.json"] = json.dumps(told, indent=1).encode() + b"\n"
    return items


def _about(arming: Arming, stop: StopRecord) -> Mapping[str, Any]:
    return {
        "outcome": "stopped",
        "gate": "continue-training",
        "policy": f"tripwire {stop.tripwire}",
        "version": f"armed {written(arming.at)}",
        "run": stop.run,
        "step": stop.step,
        "because": stop.because,
        "at": written(stop.at),
    }

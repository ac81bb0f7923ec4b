"""Freeze the evidence of a stop: points, curve, documents and the stop itself in one sealed bundle, made once."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from corrigible.errors import BadInput
from corrigible.oversight.bundles import Bundle, make_bundle, verify_bundle
from corrigible.oversight.moments import written
from corrigible.report.stop_page import render_stop
from corrigible.store.files import read_stored, sha256_of
from corrigible.tripwires.brought import page_of
from corrigible.tripwires.folder import STOP, WireFolder
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


def _items(folder: WireFolder, points: Path, arming: Arming, stop: StopRecord) -> Mapping[str, bytes]:
    items = {
        "tripwire.yaml": arming.document.encode(),
        "owners.yaml": arming.owners.encode(),
        "stop.json": read_stored(folder.path / STOP, remedy=_REMEDY),
    }
    if points.is_file():
        items["points.jsonl"] = read_stored(points.resolve(), remedy=_REMEDY, limit=MOST_FILE_BYTES + (1 << 20))
    trainer = folder.trainer()
    if trainer is not None and trainer.segment == stop.segment and trainer.checkpoint:
        told = {"path": trainer.checkpoint, "sha256": trainer.checkpoint_sha256, "step": trainer.step}
        items["checkpoint.json"] = json.dumps(told, indent=1).encode() + b"\n"
    digests = [(name, sha256_of(data)) for name, data in sorted(items.items())]
    page = page_of(folder, points, arming, stop, evidence=digests, at=stop.at)
    drawn = {"graph.svg": page.graph, "statistic.svg": page.statistic, "page.html": render_stop(page)}
    return {**items, **{name: text.encode() for name, text in drawn.items() if text}}


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

"""A replay for the report, as SVG frames with rasters: the whole world from outside, with the agent in it, above what
the network saw, beside an enlarged view from the same eye.
"""

import base64
import io
from typing import Final, Literal

from PIL import Image

from corrigible.sandbox.voxel.films import Showing, told_frames
from corrigible.sandbox.voxel.pictures import key_names
from corrigible.sandbox.voxel.replay import ActionLog
from corrigible.sandbox.voxel.viewing import ViewParams
from corrigible.types import Array, Replay

MOST_FRAMES: Final = 60
"""Frames of one replay: a page stays a few megabytes."""

_HEIGHT: Final = 288
_OUTSIDE: Final = 360
"""Pixels of height of the view from outside."""

_GAP: Final = 12
_QUALITY: Final = 80


def replay_of(log: ActionLog, world: int) -> Replay:
    """At most 60 frames of one world of a log, evenly chosen so that nobody chose them; captions tell keys and deeds.

    Raises BadInput where there is no such world, CorrigibleError where the replay does not end as it was recorded.
    """
    every = -(-log.steps // (MOST_FRAMES // 2 - 1))
    scale = max(1, _HEIGHT // (log.view or ViewParams()).height)
    frames: list[str] = []
    captions: list[str] = []
    width = height = 0
    for told, painter in told_frames(log, Showing(world=world, every=every, scale=scale, deeds=False)):
        seen, large = painter.seen()
        height, width = large.shape[:2]
        whole = painter.outside(_OUTSIDE, 2 * width + _GAP)
        size = f'y="{_OUTSIDE + _GAP}" width="{width}" height="{height}"'
        frames.append(
            f'<image x="0" y="0" width="{2 * width + _GAP}" height="{_OUTSIDE}" href="{_address(whole, "webp")}"/>'
            f'<image x="0" {size} image-rendering="pixelated" href="{_address(seen, "png")}"/>'
            f'<image x="{width + _GAP}" {size} href="{_address(large, "webp")}"/>'
        )
        keys = ", ".join(key_names(told.keys))
        captions.append(f"step {told.step}: {told.words}" + (f" [{keys}]" if keys else ""))
    return Replay(
        width=2 * width + _GAP,
        height=_OUTSIDE + _GAP + height,
        frames=tuple(frames),
        captions=tuple(captions),
        seconds=min(1.0, every * log.params.seconds / 2),
    )


def _address(picture: Array, kind: Literal["png", "webp"]) -> str:
    file = io.BytesIO()
    if kind == "png":
        Image.fromarray(picture).save(file, format="PNG", optimize=True)
    else:
        Image.fromarray(picture).save(file, format="WEBP", quality=_QUALITY)
    return f"data:image/{kind};base64,{base64.b64encode(file.getvalue()).decode('ascii')}"

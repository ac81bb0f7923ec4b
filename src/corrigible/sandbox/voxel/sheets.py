"""Contact sheets: scenarios as islands, from above and from the eye at several hours; and the moments of a replay."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from PIL import Image, ImageDraw

from corrigible.errors import BadInput
from corrigible.sandbox.voxel.layouts import unpadded
from corrigible.sandbox.voxel.lookouts import find_lookouts, island_view
from corrigible.sandbox.voxel.maps import Arrow, map_of
from corrigible.sandbox.voxel.params import EnvParams
from corrigible.sandbox.voxel.pictures import EDGE, GROUND, INK, LIT, MUTED, clock, letters, shortened
from corrigible.sandbox.voxel.simulator import VoxelWorlds
from corrigible.sandbox.voxel.viewing import Viewer, ViewParams
from corrigible.types import Array

HOURS: Final = (None, 6.4, 17.9, 19.2)
"""Times of day of the eye views: the scenario's own, sunrise, sunset, nightfall."""

TILE: Final = (96, 512)
"""Least and most pixels of a tile's width."""

_GAP: Final = 8
_EDGE: Final = 20
_HEAD: Final = 50
_FOOT: Final = 26
_EYE: Final = ViewParams(field=78.0, mark=False, far=90.0)


@dataclass(frozen=True, kw_only=True)
class Tile:
    """One picture of a sheet, uint8 (H, W, 3), and the words under it."""

    picture: Array
    words: str


@dataclass(frozen=True, kw_only=True)
class Band:
    """A heading, what is said beside it, and the tiles below."""

    title: str
    summary: str
    tiles: tuple[Tile, ...]


def scenario_band(params: EnvParams, *, seed: int, width: int, hours: Sequence[float | None] = HOURS) -> Band:
    """One scenario: an island and a map of its first world, then an eye view of as many worlds as there are hours.

    width: pixels of a tile. An hour of None is the params' or the scenario's own. Raises BadInput where width is out of
    range, or the worlds cannot be made.
    """
    if not TILE[0] <= width <= TILE[1]:
        raise BadInput(value=f"size {width}", rule=f"{TILE[0]} to {TILE[1]} pixels", remedy="choose another --size")
    worlds = _begun(params, seed, len(hours))
    state, height = worlds.state, width * 3 // 4
    own = float(state.hour[0])
    lookouts = find_lookouts(worlds)
    for n, (lookout, hour) in enumerate(zip(lookouts, hours, strict=True)):
        state.bodies.place[n, 0] = lookout.place
        state.bodies.yaw[n, 0], state.bodies.pitch[n, 0] = lookout.yaw, lookout.pitch
        state.hour[n] = own if hour is None else hour
    viewer = Viewer(replace(_EYE, height=height, width=width))
    buffers = viewer.buffers(*state.bodies.yaw.shape)
    viewer.draw(state, worlds.record, buffers, worlds.crew)
    X, Y, Z = state.nodes.size
    scenario = params.loaded
    return Band(
        title=scenario.title,
        summary=f"{scenario.summary}   {scenario.name}, {X} x {Y} x {Z}",
        tiles=(
            Tile(picture=island_view(worlds, 0, height=height, width=width), words=f"the whole, {clock(own)}"),
            Tile(picture=_above(worlds, height), words="from above"),
            *(
                Tile(picture=buffers.rgb[n, 0].copy(), words=f"layout {state.layout[n]}, {clock(float(state.hour[n]))}")
                for n in range(state.worlds)
            ),
        ),
    )


def eye_picture(params: EnvParams, *, seed: int, width: int) -> Array:
    """uint8 (3/4 width, width, 3): one eye view of a scenario, where most is to be seen."""
    band = scenario_band(params, seed=seed, width=width, hours=(None,))
    return band.tiles[-1].picture


def sheet(bands: Sequence[Band], *, columns: int | None = None) -> Array:
    """uint8 (H, W, 3): bands below one another, their tiles side by side, `columns` in a row (None: all)."""
    rows = [
        (band, number, band.tiles[start : start + (columns or len(band.tiles))])
        for band in bands
        for number, start in enumerate(range(0, len(band.tiles), columns or len(band.tiles)))
    ]
    width = 2 * _EDGE + max(sum(tile.picture.shape[1] + _GAP for tile in tiles) - _GAP for _, _, tiles in rows)
    heights = [
        (0 if number else _HEAD) + max(tile.picture.shape[0] for tile in tiles) + _FOOT for _, number, tiles in rows
    ]
    picture = Image.new("RGB", (width, sum(heights) + _EDGE), GROUND)
    draw = ImageDraw.Draw(picture)
    top = 0
    for (band, number, tiles), height in zip(rows, heights, strict=True):
        if not number:
            _heading(draw, band, top, width)
        _row(picture, draw, tiles, top + (0 if number else _HEAD))
        top += height
    return np.asarray(picture)


def _heading(draw: ImageDraw.ImageDraw, band: Band, top: int, width: int) -> None:
    line = top + _HEAD - 14
    draw.text((_EDGE, line), band.title, font=letters(22), fill=LIT, anchor="ls")
    after = _EDGE + letters(22).getlength(band.title) + 16
    words = shortened(band.summary, letters(14), width - after - _EDGE)
    draw.text((after, line), words, font=letters(14), fill=INK, anchor="ls")


def _row(picture: Image.Image, draw: ImageDraw.ImageDraw, tiles: Sequence[Tile], top: int) -> None:
    left = _EDGE
    for tile in tiles:
        height, width = tile.picture.shape[:2]
        picture.paste(Image.fromarray(tile.picture), (left, top))
        draw.rectangle((left - 1, top - 1, left + width, top + height), outline=EDGE)
        words = shortened(tile.words, letters(12), width)
        draw.text((left, top + height + 4), words, font=letters(12), fill=MUTED)
        left += width + _GAP


def _begun(params: EnvParams, seed: int, count: int) -> VoxelWorlds:
    """Worlds that have begun, with a second body where there is a place for one to begin."""
    try:
        worlds = VoxelWorlds(replace(params, worlds=count, agents=2), seed)
        worlds.begin()
    except BadInput:  # one body less; what else is wrong is wrong then, too
        worlds = VoxelWorlds(replace(params, worlds=count, agents=1), seed)
        worlds.begin()
    return worlds


def _above(worlds: VoxelWorlds, side: int) -> Array:
    state = worlds.state
    place, yaw = state.bodies.place[0], state.bodies.yaw[0]
    arrows = [
        Arrow(x=float(place[a, 0]), y=float(place[a, 1]), yaw=float(yaw[a]), dress=a) for a in range(place.shape[0])
    ]
    return map_of(unpadded(state.nodes.node[0], state.nodes.size), side=side, arrows=arrows, hour=float(state.hour[0]))

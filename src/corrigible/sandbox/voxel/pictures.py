"""Frames for people: what the network saw beside an enlarged view from the same eye, a map, keys, and what happened."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache, cached_property
from typing import Final, TypeAlias, final

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from corrigible.errors import BadInput
from corrigible.sandbox.voxel.acting_kernels import (
    BACK,
    DIG,
    FORWARD,
    JUMP_KEY,
    LEFT,
    NEXT,
    PLACE,
    RIGHT,
    SNEAK_KEY,
    USE,
)
from corrigible.sandbox.voxel.items import LARGEST as LARGEST_ITEM
from corrigible.sandbox.voxel.layouts import unpadded
from corrigible.sandbox.voxel.lookouts import island_view
from corrigible.sandbox.voxel.maps import Arrow, map_of
from corrigible.sandbox.voxel.nodes import node_table
from corrigible.sandbox.voxel.simulator import VoxelWorlds
from corrigible.sandbox.voxel.view_kernels import Buffers
from corrigible.sandbox.voxel.viewing import Viewer, ViewParams
from corrigible.types import Array

Colour: TypeAlias = tuple[int, int, int]
GROUND: Final[Colour] = (20, 23, 28)
PANEL: Final[Colour] = (33, 38, 46)
EDGE: Final[Colour] = (62, 70, 82)
INK: Final[Colour] = (236, 239, 243)
MUTED: Final[Colour] = (150, 160, 172)
LIT: Final[Colour] = (255, 190, 92)
MARGIN: Final = 14
PANEL_HEIGHT: Final = 384
"""Pixels that a view is enlarged to, about."""

_MAP: Final = 288
_BAR: Final = 62
_LABEL: Final = 24
_CAP: Final = 24
_TRAIL: Final = 400
_LUMA: Final = (299, 587, 114)
_KEYS: Final = (
    ("W", FORWARD), ("A", LEFT), ("S", BACK), ("D", RIGHT), ("jump", JUMP_KEY), ("sneak", SNEAK_KEY), ("dig", DIG),
    ("place", PLACE), ("use", USE), ("next", NEXT),
)  # fmt: skip
_LOOKS: Final = ((0, 1.0, 180.0), (0, -1.0, 0.0), (1, 1.0, 270.0), (1, -1.0, 90.0))
"""Left, right, up, down: component of the turn, its sign, and where the triangle points, clockwise from right."""


@dataclass(frozen=True, kw_only=True)
class Told:
    """What a frame says about the step that led to it: keys held, degrees turned (left, up), and words."""

    step: int
    seconds: float
    words: str
    keys: int = 0
    turn: tuple[float, float] = (0.0, 0.0)


@cache
def letters(size: int) -> ImageFont.FreeTypeFont:
    """The font that Pillow brings: the same letters on every machine."""
    font = ImageFont.load_default(size)
    assert isinstance(font, ImageFont.FreeTypeFont)
    return font


def as_seen(rgb: Array, view: ViewParams) -> Array:
    """(..., 3) uint8 as the network is given it, for the eye of a person: grey where the view is grey."""
    if not view.grey:
        return rgb
    luma = (rgb.astype(np.int64) @ np.array(_LUMA) + 500) // 1000
    return np.repeat(luma[..., None], 3, axis=-1).astype(np.uint8)


def enlarged(picture: Array, scale: int) -> Array:
    """(H, W, 3) -> (scale H, scale W, 3), every pixel a square."""
    return picture.repeat(scale, axis=0).repeat(scale, axis=1)


@final
class FramePainter:
    """Paints one agent of one world, frame by frame; it remembers where the agents went.

    view: what the network sees. scale: how many times larger it is shown, None: to about 384 pixels of height.
    Raises BadInput where the enlarged view would be too large, or there is no such agent.
    """

    def __init__(
        self, view: ViewParams, worlds: VoxelWorlds, *, world: int = 0, agent: int = 0, scale: int | None = None
    ) -> None:
        self.scale = max(1, PANEL_HEIGHT // view.height) if scale is None else scale
        self.view = replace(view, stack=1, distance=False, kind=False)
        height, width = view.height * self.scale, view.width * self.scale
        if not (self.scale >= 1 and max(height, width) <= LARGEST_ITEM):
            raise BadInput(
                value=f"scale {self.scale} of {view.height} x {view.width} pixels",
                rule=f"an enlarged view has 1 to {LARGEST_ITEM} pixels a side",
                remedy="choose another scale",
            )
        if not 0 <= agent < worlds.params.agents:
            raise BadInput(
                value=f"agent {agent}", rule=f"agents are 0 to {worlds.params.agents - 1}", remedy="choose one"
            )
        self._worlds, self._world, self._agent = worlds, world, agent
        large = replace(self.view, height=height, width=width, grey=False)
        self._views = (self.view, large)
        self._map = max(64, min(_MAP, height))
        self._trails: list[list[tuple[float, float]]] = [[] for _ in range(worlds.params.agents)]

    @property
    def size(self) -> tuple[int, int]:
        """(H, W) of a frame, both even, as video wants them."""
        height = MARGIN + _LABEL + self.view.height * self.scale + MARGIN + _BAR
        width = 4 * MARGIN + 2 * self.view.width * self.scale + self._map
        return height + height % 2, max(width + width % 2, 900)

    def seen(self) -> tuple[Array, Array]:
        """What the network sees now (H, W, 3), and the enlarged view from the same eye."""
        small, large = (self._draw(number) for number in (0, 1))
        return as_seen(small, self.view), large

    def outside(self, height: int, width: int) -> Array:
        """uint8 (height, width, 3): the whole world as an island, with the agents in it."""
        return island_view(self._worlds, self._world, height=height, width=width, bodies=True)

    def forget(self) -> None:
        """Begin the trails anew: an episode has begun."""
        for trail in self._trails:
            trail.clear()

    def follow(self) -> None:
        """Remember where the agents are now."""
        for a, trail in enumerate(self._trails):
            x, y, _ = self._worlds.state.bodies.place[self._world, a]
            trail.append((float(x), float(y)))
            del trail[:-_TRAIL]

    def paint(self, told: Told) -> Array:
        """uint8 (H, W, 3): the worlds as they are now."""
        seen, large = self.seen()
        height, width = self.size
        picture = Image.new("RGB", (width, height), GROUND)
        draw = ImageDraw.Draw(picture)
        panel = self.view.width * self.scale
        rows, columns = self.view.height, self.view.width
        panels = (
            (f"what the network saw, {columns} x {rows}", enlarged(seen, self.scale)),
            ("from the same eye", large),
            ("from above", self._from_above()),
        )
        for number, (label, content) in enumerate(panels):
            left = MARGIN + number * (panel + MARGIN)
            draw.text((left, MARGIN - 3), label, font=letters(14), fill=MUTED)
            picture.paste(Image.fromarray(content), (left, MARGIN + _LABEL))
            draw.rectangle(
                (left - 1, MARGIN + _LABEL - 1, left + content.shape[1], MARGIN + _LABEL + content.shape[0]),
                outline=EDGE,
            )
        self._state_lines(draw, MARGIN + 2 * (panel + MARGIN), MARGIN + _LABEL + self._map + 12)
        self._caption(draw, told)
        return np.asarray(picture)

    @cached_property
    def _viewers(self) -> list[tuple[Viewer, Buffers]]:
        shape = self._worlds.state.bodies.yaw.shape
        return [(viewer, viewer.buffers(*shape)) for viewer in map(Viewer, self._views)]

    def _draw(self, number: int) -> Array:
        viewer, buffers = self._viewers[number]
        viewer.draw(self._worlds.state, self._worlds.record, buffers, self._worlds.crew)
        return buffers.rgb[self._world, self._agent]

    def _from_above(self) -> Array:
        state, n = self._worlds.state, self._world
        place, yaw = state.bodies.place[n], state.bodies.yaw[n]
        arrows = [
            Arrow(x=float(place[a, 0]), y=float(place[a, 1]), yaw=float(yaw[a]), dress=a, trail=tuple(trail))
            for a, trail in enumerate(self._trails)
        ]
        nodes = unpadded(state.nodes.node[n], state.nodes.size)
        return map_of(nodes, side=self._map, arrows=arrows, hour=float(state.hour[n]))

    def _state_lines(self, draw: ImageDraw.ImageDraw, left: int, top: int) -> None:
        state, n, a = self._worlds.state, self._world, self._agent
        x, y, z = (float(k) for k in state.bodies.place[n, a])
        lines = [
            f"{clock(float(state.hour[n]))}   at {x:.1f}, {y:.1f}, {z:.1f}",
            *_carried(state.bodies.inventory[n, a]),
        ]
        room = (MARGIN + _LABEL + self.view.height * self.scale - top) // 20
        for number, line in enumerate(lines[: max(0, room)]):
            draw.text((left, top + 20 * number), line, font=letters(14), fill=INK if number else MUTED)

    def _caption(self, draw: ImageDraw.ImageDraw, told: Told) -> None:
        height, width = self.size
        top = height - _BAR
        draw.rectangle((0, top, width, height), fill=PANEL)
        middle = top + _BAR // 2
        draw.text((MARGIN, middle - 1), f"step {told.step}", font=letters(18), fill=LIT, anchor="ls")
        draw.text((MARGIN, middle + 19), f"{told.seconds:.1f} s", font=letters(14), fill=MUTED, anchor="ls")
        right = key_caps(draw, width - MARGIN, middle, told.keys, told.turn)
        room = right - MARGIN - 110
        font = next(
            (letters(size) for size in (22, 18, 15) if letters(size).getlength(told.words) <= room), letters(13)
        )
        draw.text((110, middle), shortened(told.words, font, room), font=font, fill=INK, anchor="lm")


def key_names(keys: int) -> tuple[str, ...]:
    """What is on the caps of the keys that are held."""
    return tuple(name for name, bit in _KEYS if keys & bit)


def clock(hour: float) -> str:
    """Time of day as on a clock."""
    minutes = int(hour * 60 + 1e-6) % (24 * 60)
    return f"{minutes // 60:02d}:{minutes % 60:02d}"


def shortened(text: str, font: ImageFont.FreeTypeFont, room: float) -> str:
    """The text, or as much of it as there is room for, with three dots."""
    if font.getlength(text) <= room:
        return text
    while text and font.getlength(text + "...") > room:
        text = text[:-1]
    return text.rstrip() + "..."


def key_caps(draw: ImageDraw.ImageDraw, right: int, middle: int, keys: int, turn: Sequence[float]) -> int:
    """Small key caps that end at `right`, those that are pressed lit; returns where they begin."""
    caps = [(name, keys & bit != 0, int(letters(13).getlength(name)) + 14) for name, bit in _KEYS]
    arrows = [(pointing, float(turn[part]) * sign > 0.0) for part, sign, pointing in _LOOKS]
    left = right - sum(width + 4 for _, _, width in caps) - len(arrows) * (_CAP + 4) - 10
    place = left
    for name, pressed, width in caps:
        _cap(draw, place, middle, width, pressed=pressed)
        draw.text((place + width / 2, middle), name, font=letters(13), fill=GROUND if pressed else MUTED, anchor="mm")
        place += width + 4
    place += 10
    for pointing, pressed in arrows:
        _cap(draw, place, middle, _CAP, pressed=pressed)
        draw.regular_polygon(
            (place + _CAP / 2, middle, 6), 3, rotation=-int(pointing) - 90, fill=GROUND if pressed else MUTED
        )
        place += _CAP + 4
    return left


def _cap(draw: ImageDraw.ImageDraw, left: int, middle: int, width: int, *, pressed: bool) -> None:
    box = (left, middle - _CAP // 2, left + width, middle + _CAP // 2)
    draw.rounded_rectangle(box, radius=5, fill=LIT if pressed else GROUND, outline=LIT if pressed else EDGE)


def _carried(inventory: Array) -> list[str]:
    names = node_table().names
    held = [number for number in np.argsort(-inventory, kind="stable") if inventory[number] > 0]
    return [f"{int(inventory[number])} x {names[number]}" for number in held]

"""What agents see: uint8 pictures into buffers that the caller owns, with depth and node ids beside them if asked."""

from dataclasses import dataclass
from functools import cache
from typing import Final, final, get_args

import numpy as np

from corrigible.errors import BadInput
from corrigible.sandbox.voxel import items
from corrigible.sandbox.voxel.acting_kernels import Record
from corrigible.sandbox.voxel.nodes import node_table
from corrigible.sandbox.voxel.params import HeldItem, require, require_whole
from corrigible.sandbox.voxel.render_kernels import Lens, Paint
from corrigible.sandbox.voxel.simulator import Crew
from corrigible.sandbox.voxel.sky import fog_table, haze_colour, sky_table, sunlight
from corrigible.sandbox.voxel.state import EnvState
from corrigible.sandbox.voxel.textures import atlas, body_textures, face_textures
from corrigible.sandbox.voxel.view_kernels import Buffers, Hours, Pictures, draw_overlay, render_worlds
from corrigible.types import Array

MOMENTS: Final = 288
"""Moments of a day for which there is a sky: one every five minutes."""

SHADES: Final = (205, 205, 180, 180, 256, 130)
"""Brightness of the faces +x, -x, +y, -y, top, bottom, of 256, so that edges can be seen."""

SKY_LEVELS: Final = 256
LARGEST: Final = 4096


@dataclass(frozen=True, kw_only=True)
class ViewParams:
    """How agents see.

    height, width: pixels. field: horizontal field of view, degrees. item: the tool in the picture. mark: whether the
    node that the agent points at, and can reach, is lightened. far: nodes at which haze has hidden nearly everything.
    distance, kind: whether depth (nodes) and node ids are written too. grey: one channel, by Rec. 601 luma.
    stack: how many of the last views an observation holds. Raises BadInput where a value is out of range.
    """

    height: int = 64
    width: int = 64
    field: float = 72.0
    item: HeldItem = "shown"
    mark: bool = True
    far: float = 60.0
    distance: bool = False
    kind: bool = False
    grey: bool = False
    stack: int = 1

    def __post_init__(self) -> None:
        """Check every field (raises BadInput)."""
        for name, least, most in (("height", 8, LARGEST), ("width", 8, LARGEST), ("stack", 1, 64)):
            require_whole(name, getattr(self, name), least, most)
        require("field", self.field, 20.0, 130.0)
        require("far", self.far, 4.0, 1000.0)
        if self.item not in get_args(HeldItem):
            raise BadInput(
                value=f"item = {self.item!r}", rule="it must be known", remedy=f"one of {', '.join(get_args(HeldItem))}"
            )
        sides = (self.height, self.width)
        if self.item != "hidden" and not items.SMALLEST <= min(sides) <= max(sides) <= items.LARGEST:
            raise BadInput(
                value=f"a held item in {self.height} x {self.width} pixels",
                rule=f"it is drawn where both are {items.SMALLEST} to {items.LARGEST}",
                remedy="choose another size, or item = 'hidden'",
            )


def lens_of(view: ViewParams) -> Lens:
    """The image plane: square pixels, `view.field` degrees wide."""
    half = np.tan(np.radians(view.field / 2))
    across = ((np.arange(view.width) + 0.5) / view.width * 2 - 1) * half
    up = (1 - (np.arange(view.height) + 0.5) / view.height * 2) * half * view.height / view.width
    inverse = 1 / np.sqrt(1 + across[None] ** 2 + up[:, None] ** 2)
    return Lens(across, up, inverse, float(16 * 2 * half / view.width))


@cache
def paint_of(far: float) -> Paint:
    """How nodes look where haze hides them from `far` nodes on."""
    table = node_table()
    return Paint(
        face=face_textures(table),
        atlas=atlas().texels,
        cutout=table.cutout,
        light=np.where(table.light > 0, 120 + 10 * table.light, 0).clip(0, 256),
        shade=np.array(SHADES, dtype=np.int64),
        fog=fog_table(far),
        mip=np.array([0, 256, 320, 336, 340], dtype=np.int64),
    )


@cache
def hours() -> Hours:
    """Sky, haze and sunlight of every moment of a day."""
    times = [24.0 * moment / MOMENTS for moment in range(MOMENTS)]
    return Hours(
        sky=np.array([sky_table(time, SKY_LEVELS) for time in times], dtype=np.uint8),
        haze=np.array([haze_colour(time) for time in times], dtype=np.int64),
        sun=np.array([sunlight(time) for time in times], dtype=np.int64),
    )


@cache
def overlays(height: int, width: int, item: HeldItem) -> Array:
    """(tools, H, W, 4) uint8: every tool, held; no rows where none is shown."""
    if item == "hidden":
        return np.zeros((0, 0, 0, 0), dtype=np.uint8)
    names = [tool.name for tool in node_table().tools]
    return np.array([items.held_item(name, height, width, item == "mirrored") for name in names], dtype=np.uint8)


def paste_item(views: Array, kind: str, *, mirrored: bool = False) -> Array:
    """Copies of views (..., H, W, 3) uint8 with a held thing drawn over them, as in the game.

    kind: "hand", a tool's name or a node's. So one can ask what the picture of the item alone does to a policy.
    Raises BadInput for another shape or type, and as `items.held_item` does.
    """
    if views.dtype != np.uint8 or views.ndim < 3 or views.shape[-1] != 3:
        raise BadInput(
            value=f"views of shape {views.shape} and type {views.dtype}",
            rule="they are (..., H, W, 3) of uint8",
            remedy="paste before frames are made grey or stacked",
        )
    height, width = views.shape[-3:-1]
    pasted = np.ascontiguousarray(views).reshape(-1, height, width, 3).copy()
    overlay = items.held_item(kind, height, width, mirrored)
    for view in pasted:
        draw_overlay(overlay, view)
    return pasted.reshape(views.shape)


@final
class Viewer:
    """Draws every agent's view. What it draws is what a person is shown in a replay, too."""

    def __init__(self, view: ViewParams) -> None:
        self.view = view
        self._lens, self._paint, self._hours = lens_of(view), paint_of(view.far), hours()
        self._pictures = Pictures(body_textures(), overlays(view.height, view.width, view.item))

    def buffers(self, worlds: int, agents: int) -> Buffers:
        """New buffers for `worlds` x `agents` views; distance and kind are empty unless the view has them."""
        shape, none = (worlds, agents, self.view.height, self.view.width), (0, 0, 0, 0)
        return Buffers(
            rgb=np.zeros((*shape, 3), dtype=np.uint8),
            distance=np.zeros(shape if self.view.distance else none, dtype=np.float32),
            kind=np.zeros(shape if self.view.kind else none, dtype=np.uint8),
        )

    def draw(self, state: EnvState, record: Record, into: Buffers, crew: Crew | None = None) -> None:
        """Draw all worlds into `into`; BadInput where its shapes or types do not fit."""
        N, A = state.bodies.yaw.shape
        self._check(into, (N, A, self.view.height, self.view.width))
        moment = np.floor(state.hour / 24.0 * MOMENTS).astype(np.int64) % MOMENTS
        pointed = record.pointed_index if self.view.mark else np.full((N, A), -1, dtype=np.int64)

        def work(first: int, last: int) -> None:
            render_worlds(
                state.nodes, state.bodies, moment, pointed, self._lens, self._paint, self._hours, self._pictures,
                into, float(state.eye), first, last,
            )  # fmt: skip

        (crew or Crew(1)).each(N, work)

    def _check(self, into: Buffers, shape: tuple[int, int, int, int]) -> None:
        none = (0, 0, 0, 0)
        for name, array, allowed, kind in (
            ("rgb", into.rgb, ((*shape, 3),), np.uint8),
            ("distance", into.distance, (shape, none), np.float32),
            ("kind", into.kind, (shape, none), np.uint8),
        ):
            if array.shape not in allowed or array.dtype != kind:
                raise BadInput(
                    value=f"a buffer {name} of shape {array.shape} and type {array.dtype}",
                    rule=f"views are {' or '.join(map(str, allowed))} of {np.dtype(kind)}",
                    remedy="use Viewer.buffers",
                )

"""The held item as a picture that is laid over what an agent sees: a hand, a tool, or a node as a small cube.

Lengths are shares of the shorter side of the view, from its lower right corner; x to the right, y down.
"""

from collections.abc import Sequence
from typing import Final

import numpy as np

from corrigible.errors import BadInput, CorrigibleError
from corrigible.sandbox.voxel.items_drawings import HAND, TOOLS
from corrigible.sandbox.voxel.nodes import AIR, NodeTable, node_table
from corrigible.sandbox.voxel.textures import atlas, face_textures
from corrigible.sandbox.voxel.textures_canvas import averaged
from corrigible.types import Array

BARE: Final = "hand"
"""The kind of a hand that holds nothing."""

SMALLEST: Final = 16
LARGEST: Final = 512
_SAMPLES: Final = 4
"""Samples across a pixel, at least; small views get more, so that thin parts stay whole."""

_FINEST: Final = 256

_CUBE_CORNER: Final = (-0.27, -0.24)
_CUBE_EDGES: Final = ((0.19, -0.09), (-0.19, -0.09), (0.0, 0.24))
"""From the corner in front: along the right face, along the left face, and down."""

_TOOL_CORNER: Final = (-0.35, -0.4)
_TOOL_EDGES: Final = ((0.35, 0.04), (-0.008, 0.4))
_TOOL_DEPTH: Final = (0.0176, 0.0128)
"""From a tool's front to its back, as seen."""

_HAND_CORNER: Final = (-0.27, -0.29)
_HAND_EDGES: Final = ((0.15, -0.035), (-0.075, -0.05), (0.13, 0.42))

_TOP, _LEFT, _RIGHT, _BACK = 1.0, 0.84, 0.64, 0.5


def held_item(kind: str, height: int, width: int, mirrored: bool) -> Array:
    """uint8 (height, width, 4): the item at the lower right, or, mirrored, at the lower left; alpha 0 around it.

    `kind` is "hand", the name of a tool or the name of a node. Raises BadInput for any other, for air, and for a side
    outside 16 to 512; CorrigibleError where a tool of the table has no drawing.
    """
    for side in (height, width):
        if not SMALLEST <= side <= LARGEST:
            raise BadInput(
                value=f"a held item for {height} x {width} pixels",
                rule=f"sides of {SMALLEST} to {LARGEST}",
                remedy="choose another size",
            )
    step = max(_SAMPLES, -(-_FINEST // min(height, width)))
    view = _View(height * step, width * step)
    table = node_table()
    if kind == BARE:
        _draw_hand(view)
    elif kind in {tool.name for tool in table.tools}:
        _draw_thick(view, _tool_drawing(kind))
    else:
        _draw_node(view, table, kind)
    image = averaged(view.image, step)
    return np.ascontiguousarray(image[:, ::-1]) if mirrored else image


class _View:
    """An image (H, W, 4) that is drawn on, opaque texels only, from back to front."""

    def __init__(self, height: int, width: int) -> None:
        self.image = np.zeros((height, width, 4), dtype=np.uint8)

    def draw(self, texture: Array, corner: Array, edges: Sequence[Array], brightness: float) -> None:
        """Lay `texture` (h, w, 4) on a parallelogram: from its upper left `corner` along edges[0] and down edges[1]."""
        height, width = self.image.shape[:2]
        unit = min(height, width)
        origin = corner * unit + (width, height)
        along, down = edges[0] * unit, edges[1] * unit
        outline = origin + np.array([(0, 0), along, down, along + down])
        left, top = np.clip(np.floor(outline.min(axis=0)), 0, (width, height)).astype(np.int64)
        right, bottom = np.clip(np.ceil(outline.max(axis=0)), 0, (width, height)).astype(np.int64)
        x = np.arange(left, right)[None, :] + 0.5 - origin[0]
        y = np.arange(top, bottom)[:, None] + 0.5 - origin[1]
        area = along[0] * down[1] - along[1] * down[0]
        column = np.floor((x * down[1] - y * down[0]) / area * texture.shape[1]).astype(np.int64)
        row = np.floor((y * along[0] - x * along[1]) / area * texture.shape[0]).astype(np.int64)
        inside = (column >= 0) & (column < texture.shape[1]) & (row >= 0) & (row < texture.shape[0])
        texel = _lit(texture, brightness)[np.where(inside, row, 0), np.where(inside, column, 0)]
        inside &= texel[..., 3] > 0
        self.image[top:bottom, left:right][inside] = texel[inside]


def _lit(texture: Array, brightness: float) -> Array:
    lit = texture.copy()
    lit[..., :3] = np.rint(texture[..., :3] * brightness).astype(np.uint8)
    return lit


def _draw_node(view: _View, table: NodeTable, name: str) -> None:
    """A cube seen over one of its upright edges; the far faces are seen through cutouts."""
    number = table.ids.get(name, AIR)
    if not table.drawn[number]:
        known = (*(tool.name for tool in table.tools), *(node.name for node in table.nodes if node.drawn))
        raise BadInput(value=f"held item {name!r}", rule="a tool or a node that is drawn", remedy=", ".join(known))
    names = list(atlas().index)
    east, _, _, south, top, bottom = (atlas().image(names[place]) for place in face_textures(table)[number])
    corner, (right, left, down) = np.array(_CUBE_CORNER), np.array(_CUBE_EDGES)
    if table.cutout[number]:
        view.draw(bottom, corner + down + left, (right, -left), _BACK)
        view.draw(south, corner + right + left, (-left, down), _BACK)
        view.draw(east, corner + left, (right, down), _BACK)
    view.draw(top, corner + left, (right, -left), _TOP)
    view.draw(south, corner + left, (-left, down), _LEFT)
    view.draw(east, corner, (right, down), _RIGHT)


def _tool_drawing(name: str) -> Array:
    if name not in TOOLS:
        raise CorrigibleError(
            value=f"tool {name!r}", rule="it must have a drawing", remedy="add one to TOOLS in items_drawings.py"
        )
    return TOOLS[name]()


def _draw_hand(view: _View) -> None:
    """A fist and its sleeve: a box seen over its knuckles."""
    corner, (right, left, down) = np.array(_HAND_CORNER), np.array(_HAND_EDGES)
    view.draw(HAND["knuckles"](), corner + left, (right, -left), _TOP)
    view.draw(HAND["thumb"](), corner + left, (-left, down), _LEFT)
    view.draw(HAND["fingers"](), corner, (right, down), _TOP)


def _draw_thick(view: _View, drawing: Array) -> None:
    """A drawing as if sawn from a board: the edges that show first, those towards the front later, then the front."""
    corner, (along, down) = np.array(_TOOL_CORNER), np.array(_TOOL_EDGES)
    depth = np.array(_TOOL_DEPTH)
    rows, columns = drawing.shape[:2]
    texel_along, texel_down = along / columns, down / rows
    opaque = np.pad(drawing[..., 3] > 0, 1)
    places = np.argwhere(opaque[1:-1, 1:-1])
    for row, column in sorted(
        places.tolist(), key=lambda place: float((place[1] * texel_along + place[0] * texel_down) @ depth)
    ):
        texel = drawing[row : row + 1, column : column + 1]
        start = corner + column * texel_along + row * texel_down
        if not opaque[row + 2, column + 1]:
            view.draw(texel, start + texel_down, (texel_along, depth), _BACK)
        if not opaque[row + 1, column + 2]:
            view.draw(texel, start + texel_along, (depth, texel_down), _RIGHT)
    view.draw(drawing, corner, (along, down), _TOP)

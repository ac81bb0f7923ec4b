"""The texture atlas: every texture drawn by code, with its smaller copies for distant faces.

To add a texture, write a function that returns a uint8 (16, 16, 4) image and name it in the registry of its module
(`EARTH` in textures_earth.py, and so on); data/nodes.yaml can then use the name.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Final

import numpy as np

from corrigible.errors import CorrigibleError
from corrigible.sandbox.voxel.nodes import SIDES, NodeTable
from corrigible.sandbox.voxel.textures_bodies import BODIES, DRESSES, BodySide
from corrigible.sandbox.voxel.textures_built import BUILT
from corrigible.sandbox.voxel.textures_canvas import SIZE, Draw, averaged
from corrigible.sandbox.voxel.textures_earth import EARTH
from corrigible.sandbox.voxel.textures_plants import PLANTS
from corrigible.types import Array

TEXTURES: Final[Mapping[str, Draw]] = {**EARTH, **PLANTS, **BUILT, **BODIES}
"""Every texture by name; the order fixes its place in the atlas."""

LEVELS: Final = (16, 8, 4, 2, 1)
"""Side of each mip level in texels, in the order in which they follow each other."""

TEXELS: Final = sum(side * side for side in LEVELS)
SHEET_PITCH: Final = (28, 20)
"""Rows and columns from one texture of the contact sheet to the next, the first at (2, 2)."""

BODY_SIDES: Final[tuple[BodySide, ...]] = ("side", "side", "front", "back", "top", "bottom")
"""Of a body's faces to its right, left, front, back, top and bottom: +x, -x, +y, -y, top, bottom at yaw 0."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Atlas:
    """All textures.

    texels: uint8 (K, 341, 4) RGBA; a texture's levels (16x16, 8x8, 4x4, 2x2, 1x1) one after the other, each row by row
    from the top of the face. index: place 0 to K - 1 by name.
    """

    texels: Array
    index: Mapping[str, int]

    def image(self, name: str) -> Array:
        """uint8 (16, 16, 4) of that texture; CorrigibleError where there is none."""
        return self.texels[self.place(name), : SIZE * SIZE].reshape(SIZE, SIZE, 4)

    def place(self, name: str) -> int:
        """Index of that texture; CorrigibleError where there is none."""
        if name not in self.index:
            raise CorrigibleError(
                value=f"texture {name!r}",
                rule=f"it must be drawn; there are {', '.join(self.index)}",
                remedy="add its function to a registry of the voxel textures, or correct the node table",
            )
        return self.index[name]


@cache
def atlas() -> Atlas:
    """Every texture, drawn once in a process."""
    return Atlas(
        texels=np.stack([with_levels(draw()) for draw in TEXTURES.values()]),
        index={name: number for number, name in enumerate(TEXTURES)},
    )


def with_levels(image: Array) -> Array:
    """uint8 (341, 4): `image` (16, 16, 4) and its smaller levels.

    A texel of a smaller level has the mean colour of the opaque texels it stands for, and as alpha their share of 255;
    at less than 128 most of it is looked through.
    """
    return np.concatenate([averaged(image, SIZE // side).reshape(-1, 4) for side in LEVELS])


def face_textures(table: NodeTable) -> Array:
    """int32 (256, 6): place in the atlas of each face (+x, -x, +y, -y, top, bottom) by node id; 0 for undrawn nodes.

    Raises CorrigibleError where a node is drawn and a texture of it is not in the atlas.
    """
    found = np.zeros((256, len(SIDES)), dtype=np.int32)
    for number, node in enumerate(table.nodes):
        if node.drawn:
            found[number] = [atlas().place(node.texture(side)) for side in SIDES]
    return found


def body_textures() -> Array:
    """int32 (4, 6): place in the atlas of a body's faces (right, left, front, back, top, bottom) by its colours."""
    numbers = range(len(DRESSES))
    return np.array(
        [[atlas().place(f"body{number}_{side}") for side in BODY_SIDES] for number in numbers], dtype=np.int32
    )


def texture_sheet(columns: int = 8) -> Array:
    """uint8 (H, W, 3): all textures in order, row by row, with their smaller levels below; checks show through."""
    rows = -(-len(TEXTURES) // columns)
    sheet = np.full((rows * SHEET_PITCH[0] + 2, columns * SHEET_PITCH[1] + 2, 3), 42, dtype=np.uint8)
    for number, name in enumerate(TEXTURES):
        texels = atlas().texels[atlas().place(name)]
        top, left = number // columns * SHEET_PITCH[0] + 2, number % columns * SHEET_PITCH[1] + 2
        start, down, right = 0, top, left
        for side in LEVELS:
            level = texels[start : start + side * side].reshape(side, side, 4)
            sheet[down : down + side, right : right + side] = _over_checks(level)
            start += side * side
            down, right = top + SIZE + 1, left if side == SIZE else right + side + 1
    return sheet


def _over_checks(image: Array) -> Array:
    """uint8 RGB of an RGBA image before a pattern of checks."""
    row, column = np.indices(image.shape[:2])
    checks = np.where((row // 2 + column // 2) % 2 == 0, 235, 205)[..., None]
    alpha = image[..., 3:].astype(np.int64)
    return ((image[..., :3] * alpha + checks * (255 - alpha) + 127) // 255).astype(np.uint8)

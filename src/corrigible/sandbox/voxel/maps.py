"""A world from above, for people: the tops of its nodes with their textures, lit by height, and bodies as arrows."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from PIL import Image, ImageDraw

from corrigible.sandbox.voxel.nodes import node_table
from corrigible.sandbox.voxel.sky import sunlight
from corrigible.sandbox.voxel.textures import LEVELS, atlas, face_textures
from corrigible.sandbox.voxel.textures_bodies import DRESSES
from corrigible.types import Array

VOID: Final = (20, 23, 28)
_TEXELS: Final = 8
"""Texels across a node."""

_RISE: Final = 0.09
"""Light or shade for every node that a column is higher or lower than those towards the light, the upper left."""

_MOST: Final = 3
"""Nodes of a rise beyond which it gets no lighter."""

_DEEP: Final = 4
"""Nodes of liquid through which nothing is seen."""

_FINE: Final = 4
"""Arrows are drawn this much larger, so that their edges are smooth."""


@dataclass(frozen=True, kw_only=True)
class Arrow:
    """A body on a map: where it stands, where it looks (degrees), which dress it wears, and where it was before."""

    x: float
    y: float
    yaw: float
    dress: int
    trail: Sequence[tuple[float, float]] = ()


def map_of(nodes: Array, *, side: int, arrows: Sequence[Arrow] = (), hour: float = 12.0) -> Array:
    """uint8 (H, W, 3): nodes (X, Y, Z) from above, +y up, +x to the right; the longer of H and W is `side` pixels."""
    X, Y, _ = nodes.shape
    ground = Image.fromarray(_lit(nodes, hour))
    size = (max(1, round(side * X / max(X, Y))), max(1, round(side * Y / max(X, Y))))
    large = ground.resize((size[0] * _FINE, size[1] * _FINE), Image.Resampling.NEAREST)
    draw = ImageDraw.Draw(large)
    for arrow in arrows:
        _draw_arrow(draw, arrow, (X, Y), large.size)
    return np.asarray(large.resize(size, Image.Resampling.BOX))


def dress_colour(number: int) -> tuple[int, int, int]:
    """RGB of the shirt of the body with that number."""
    red, green, blue, _ = atlas().image(f"body{number % len(DRESSES)}_side")[7, 5]
    return int(red), int(green), int(blue)


def _lit(nodes: Array, hour: float) -> Array:
    """uint8 (8 Y, 8 X, 3)."""
    table = node_table()
    X, Y, Z = nodes.shape
    drawn: Array = table.drawn[nodes]
    dry: Array = drawn & ~table.liquid[nodes]
    top, bed = (Z - 1 - np.argmax(some[:, :, ::-1], axis=2) for some in (drawn, dry))
    here = np.ix_(np.arange(X), np.arange(Y))
    surface, below = nodes[(*here, top)], nodes[(*here, bed)]
    depth = np.where(dry.any(axis=2), np.minimum(top - bed, _DEEP), _DEEP)
    wet = np.where(table.liquid[surface], 0.4 + 0.6 * depth / _DEEP, 1.0)
    colours = _faces()
    picture = colours[below] + (colours[surface] - colours[below]) * wet[:, :, None, None, None]
    light = np.where(table.light[surface] > 0, 1.15, _relief(top) * (0.35 + 0.65 * sunlight(hour) / 256))
    there: Array = np.asarray(drawn.any(axis=2))
    picture = np.where(there[:, :, None, None, None], picture * light[:, :, None, None, None], VOID)
    flat = picture[:, ::-1].transpose(1, 2, 0, 3, 4).reshape(Y * _TEXELS, X * _TEXELS, 3)
    return np.clip(np.rint(flat), 0, 255).astype(np.uint8)


def _faces() -> Array:
    """float64 (256, 8, 8, 3): tops of nodes at eight texels; what is looked through has the mean colour."""
    start = LEVELS[0] ** 2
    texels = atlas().texels[face_textures(node_table())[:, 4]].astype(np.float64)
    level, mean = texels[:, start : start + _TEXELS**2], texels[:, -1:]
    colours = np.where(level[..., 3:] >= 128, level[..., :3], mean[..., :3])
    return colours.reshape(-1, _TEXELS, _TEXELS, 3)


def _relief(top: Array) -> Array:
    """(X, Y) brightness: lighter where a column stands above its neighbours to the left and upwards."""
    edged = np.pad(top, 1, mode="edge")
    left, up = top - edged[:-2, 1:-1], top - edged[1:-1, 2:]
    rise = np.clip(left, -_MOST, _MOST) + np.clip(up, -_MOST, _MOST)
    high = (top - top.min()) / max(1, int(np.ptp(top)))
    return (0.86 + 0.2 * high) * (1.0 + _RISE * rise / 2)


def _draw_arrow(draw: ImageDraw.ImageDraw, arrow: Arrow, size: tuple[int, int], pixels: tuple[int, int]) -> None:
    node = pixels[0] / size[0]

    def at(x: float, y: float) -> tuple[float, float]:
        return x * node, pixels[1] - y * node

    colour = dress_colour(arrow.dress)
    bright = tuple((2 * part + 255) // 3 for part in colour)
    if len(arrow.trail) > 1:
        draw.line([at(*place) for place in arrow.trail], fill=bright, width=max(2, round(node / 5)), joint="curve")
    radius = max(0.75, 26.0 / node)
    angle = np.radians(arrow.yaw)
    ahead, aside = np.array((-np.sin(angle), np.cos(angle))), np.array((np.cos(angle), np.sin(angle)))
    middle = np.array((arrow.x, arrow.y))
    for grown, fill in ((1.35, (255, 255, 255)), (1.0, colour)):
        tip, left, right, notch = (
            middle + radius * grown * ahead * 1.25,
            middle - radius * grown * (ahead * 0.85 + aside * 0.85),
            middle - radius * grown * (ahead * 0.85 - aside * 0.85),
            middle - radius * grown * ahead * 0.4,
        )
        draw.polygon([at(*map(float, corner)) for corner in (tip, left, notch, right)], fill=fill)

"""Textures of trees and of what is sawn from them: bark, leaves, planks, doors. One function a texture."""

from collections.abc import Mapping
from typing import Final

import numpy as np

from corrigible.sandbox.voxel.textures_canvas import (
    SIZE,
    Draw,
    generator_of,
    noise,
    paint,
    ramp,
    ranked,
    scattered,
    stamp,
    stones,
)
from corrigible.types import Array

BARK: Final = ramp("35261f 4b3629 634933 7b5d3f 96754f")
HEART: Final = ramp("8d6238 a97a46 c19356 d3aa6c e2c083")
PINE_BARK: Final = ramp("3a2422 573530 75483a 915f48 ad7b5c")
PINE_HEART: Final = ramp("9a6a45 b98857 d0a46e e0bb86 eed2a2")
LEAVES: Final = ramp("14311f 1f4727 2f612d 447d34 609a3e 85b94e")
NEEDLES: Final = ramp("0e2826 163a33 214f40 32694e 4b8560 6ba076")
PLANKS: Final = ramp("6a4729 8a6037 a57643 b88950 ca9f63")
DOOR: Final = ramp("3d261c 5c3a27 7a4e32 95643f b07d52")
IRON: Final = ramp("2a2a33 4a4b57 74767f a7aab0 dcdfe0")


def tree() -> Array:
    """Bark in upright ridges: each lit on its left, a furrow on its right."""
    draw = generator_of("tree")
    return paint(BARK, _ridges(draw))


def _ridges(draw: np.random.Generator) -> Array:
    wander = np.rint(1.6 * (noise(draw, 4, 4)[:, :1] - 0.5)).astype(np.int64)
    furrow = np.array([0, 3, 4, 4, 3, 2, 0, 4, 3, 2, 2, 0, 4, 3, 3, 2])
    shade = furrow[(np.arange(SIZE) + wander) % SIZE]
    grain = noise(draw, 4, 16)
    shade = np.where((shade > 0) & (grain < 0.3), shade - 1, shade)
    shade = np.where((shade == 0) & (grain > 0.78), 2, shade)
    for row, column in ((2, 3), (8, 13), (11, 2), (5, 8)):
        stamp(shade, ("1", "0", "4"), row, column)
    return shade


def tree_top() -> Array:
    """Rings of an oak within its bark."""
    return _rings("tree top", BARK, HEART)


def pine_top() -> Array:
    """Rings of a pine within its bark."""
    return _rings("pine top", PINE_BARK, PINE_HEART)


def _rings(name: str, bark: Array, heart: Array) -> Array:
    """Year rings, rounder towards the middle; a ring of bark outside; two cracks."""
    draw = generator_of(name)
    row, column = np.mgrid[:SIZE, :SIZE] - 7.5
    square, round_ = np.maximum(np.abs(row), np.abs(column)), np.hypot(row, column)
    distance = 0.55 * square + 0.45 * np.minimum(round_, 8.2) + 0.9 * (noise(draw, 4, 4) - 0.5)
    shade = np.where(np.floor(distance) % 2 == 0, 3, 1) + ((row + column < -3) & (draw.random(row.shape) < 0.75))
    shade = np.where(distance < 0.9, 0, shade)
    angle = np.arctan2(row, column)
    for crack in (0.9, -2.3):
        shade = np.where((np.abs(angle - crack) < 0.13) & (distance > 2) & (distance < 5.6), 0, shade)
    edge = ranked(noise(draw, 8, 8) + draw.random(row.shape), 0.3, 0.4, 0.3) + 1
    return np.where((square > 7)[..., None], paint(bark, edge), paint(heart, np.where(square > 6, 0, shade)))


def pine() -> Array:
    """Bark in tall scales."""
    draw = generator_of("pine")
    cell, inside, lit = stones(draw, 3, 5)
    tone = draw.permutation(np.linspace(-0.6, 0.6, 15))[cell]
    shade = np.rint(2.2 + tone + 1.3 * lit + draw.uniform(-0.3, 0.3, cell.shape)).astype(np.int64)
    return paint(PINE_BARK, np.where(inside < 0.55, 0, np.clip(shade, 1, 4)))


def leaves() -> Array:
    """Leaves over leaves: the nearer, the lighter; gaps between them are dark."""
    draw = generator_of("leaves")
    shade = ranked(noise(draw, 8, 8), 0.6, 0.4)
    leaf = ((".21", "231", "120"), ("12.", "132", ".01"), ("23", "12", "01"))
    for layer, count in enumerate((12, 12, 9)):
        for number, (row, column) in enumerate(scattered(draw, count)):
            stamp(shade, leaf[(number + layer) % len(leaf)], row, column, lift=layer)
    return paint(LEAVES, shade)


def needles() -> Array:
    """Sprays of needles that hang to both sides of their twigs."""
    draw = generator_of("needles")
    shade = ranked(noise(draw, 8, 8), 0.55, 0.45)
    spray = ("..2..", ".232.", "2.3.2", "1.2.1", "..1..")
    for layer, count in enumerate((9, 9, 7)):
        for row, column in scattered(draw, count):
            stamp(shade, spray, row, column, lift=layer)
    return paint(NEEDLES, shade)


def wood() -> Array:
    """Four planks with seams, butt joints and nails."""
    draw = generator_of("wood")
    grain = ranked(noise(draw, 16, 3) + 0.35 * draw.random((SIZE, SIZE)), 0.25, 0.5, 0.25) + 1
    shade = grain + np.repeat(np.array([0, 1, 0, 0]), 4)[:, None]
    shade[0::4] = np.minimum(shade[0::4] + 1, 4)
    shade[3::4] = 0
    for plank, joint in enumerate((5, 13, 2, 10)):
        shade[4 * plank : 4 * plank + 3, joint] = 0
        shade[4 * plank : 4 * plank + 3, (joint + 1) % SIZE] = 4
        for side in (joint - 2, joint + 3):
            shade[4 * plank + 1, side % SIZE] = 0
    return paint(PLANKS, np.clip(shade, 0, 4))


def door() -> Array:
    """A closed door: four panels, iron hinges and a handle."""
    draw = generator_of("door")
    shade = ranked(noise(draw, 3, 16), 0.4, 0.6) + 2
    shade[[0, 15]], shade[:, [0, 15]] = 1, 1
    shade[0, 1:15] = 4
    for top, bottom in ((2, 6), (9, 13)):
        for left in (2, 9):
            right = left + 4
            shade[top : bottom + 1, left : right + 1] = 2
            shade[top, left : right + 1], shade[top : bottom + 1, left] = 0, 0
            shade[bottom, left + 1 : right + 1], shade[top + 1 : bottom + 1, right] = 4, 4
    image = paint(DOOR, shade)
    for row in (4, 11):
        image[row, 0:2, :3], image[row + 1, 0:2, :3] = IRON[3], IRON[1]
    image[7, 12:14, :3], image[8, 13, :3] = IRON[4], IRON[0]
    return image


def door_open() -> Array:
    """An open door: its frame, and a view through it."""
    shade = np.full((SIZE, SIZE), 2, dtype=np.int64)
    shade[0], shade[:, 0] = 4, 4
    shade[15], shade[:, 15] = 1, 1
    shade[1, 1:15], shade[1:15, 14] = 1, 3
    image = paint(DOOR, shade)
    image[2:14, 2:14] = 0
    return image


PLANTS: Final[Mapping[str, Draw]] = {
    "tree": tree,
    "tree_top": tree_top,
    "leaves": leaves,
    "pine": pine,
    "pine_top": pine_top,
    "needles": needles,
    "wood": wood,
    "door": door,
    "door_open": door_open,
}

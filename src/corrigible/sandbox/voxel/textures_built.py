"""Textures of what is built: bricks, glass, lamp, gold, mese, buttons, wool. One function a texture."""

from collections.abc import Mapping
from typing import Final

import numpy as np

from corrigible.sandbox.voxel.textures_canvas import SIZE, Draw, generator_of, noise, paint, ramp, ranked, stamp
from corrigible.types import Array

BRICK: Final = ramp("4b4852 6f6b72 89848a 9e999b b7b2b0")
GLASS: Final = ramp("7fa6b8 a9cbd8 cfe6ec f2fbfc")
LAMP: Final = ramp("6b4526 a06a2c e0a145 f8cf75 ffe9ae fffbe6")
GOLD: Final = ramp("9a5f1e c98a25 e6b135 f6d058 ffeb98")
MESE: Final = ramp("6f6a12 a39c1c cdc62e e8e455 f8f7a2 fffee0")
PLATE: Final = ramp("2b2e38 434753 5e636f 8a8f98")
RED: Final = ramp("5e1620 931f27 c2343a e2605c f7a59a")
WOOL_RED: Final = ramp("6e1a22 922630 b23239 c94a4b dc6a63")
WOOL_BLUE: Final = ramp("1f2f6e 2b4390 385bb0 4f77c6 7298d9")
GREEN: Final = ramp("0f4a30 16794a 2fb36a 6fe39a d6ffe0")


def brick() -> Array:
    """Dressed stone in courses; mortar between, a light upper edge."""
    return paint(BRICK, _courses())


def _courses() -> Array:
    draw = generator_of("brick")
    shade = ranked(noise(draw, 8, 4) + 0.6 * draw.random((SIZE, SIZE)), 0.35, 0.65) + 2
    for course in range(4):
        top, joint = 4 * course, 3 if course % 2 else 7
        shade[top] = 4
        shade[top + 2] -= 1
        shade[top + 3] = 0
        for place in (joint, joint + 8):
            shade[top : top + 3, place % SIZE] = 0
            shade[top + 1 : top + 3, (place - 1) % SIZE] -= 1
    shade[0:3, 8:15] -= 1
    shade[12:15, 4:11] -= 1
    return np.clip(shade, 0, 4)


def glass() -> Array:
    """A frame; its middle is looked through."""
    shade = np.full((SIZE, SIZE), 2, dtype=np.int64)
    shade[0], shade[:, 0] = 3, 3
    shade[15], shade[:, 15] = 1, 1
    shade[[0, 15], [15, 0]] = 2
    image = paint(GLASS, shade)
    image[1:15, 1:15] = 0
    return image


def lamp() -> Array:
    """Four panes that glow, in a lattice of bronze."""
    row, column = np.mgrid[:SIZE, :SIZE]
    pane = np.hypot(row % 8 - 3.5, column % 8 - 3.5)
    shade = np.select([pane < 1.5, pane < 2.9, pane < 3.9], [5, 4, 3], default=2)
    bar = (row % 8 == 7) | (column % 8 == 7) | (row % 8 == 0) | (column % 8 == 0)
    lit = (row % 8 == 0) | (column % 8 == 0)
    return paint(LAMP, np.where(bar, np.where(lit, 1, 0), shade))


def gold() -> Array:
    """A cast block: bevelled, with streaks of light across."""
    draw = generator_of("gold")
    row, column = np.mgrid[:SIZE, :SIZE]
    streak = np.sin(2 * np.pi * (row + column) / 16 + 1.2) + 0.8 * noise(draw, 4, 4)
    shade = ranked(streak, 0.3, 0.45, 0.25) + 1
    shade[1, 1:15], shade[1:15, 1] = 4, 4
    shade[14, 2:15], shade[2:15, 14] = 1, 1
    shade[[0, 15]], shade[:, [0, 15]] = 0, 0
    shade[0, 1:15] = 3
    for down, right in ((4, 9), (9, 4)):
        stamp(shade, (".4", "4."), down, right)
    return paint(GOLD, shade)


def mese() -> Array:
    """A crystal: facets that meet in the middle."""
    row, column = np.mgrid[:SIZE, :SIZE] - 7.5
    upper, left = row < 0, column < 0
    steep = np.abs(row) > np.abs(column)
    shade = np.select([steep & upper, ~steep & left, ~steep & ~left], [3, 3, 1], default=1)
    inner = np.abs(row) + np.abs(column)
    facet = np.select([upper & left, ~upper & ~left], [4, 1], default=2)
    shade = np.where(inner < 7, facet, shade)
    shade = np.where(inner == 7, np.where(upper | left, 5, 3), shade)
    shade = np.where(inner < 3.5, np.where(upper & left, 5, 3), shade)
    edge = np.maximum(np.abs(row), np.abs(column)) > 7
    return paint(MESE, np.where(edge, np.where(upper | left, 2, 0), shade))


def button_off() -> Array:
    """A red knob that stands out of an iron plate in a wall."""
    return _button(RED, pressed=False)


def button_on() -> Array:
    """The knob pressed, alight in green."""
    return _button(GREEN, pressed=True)


def _button(knob: Array, *, pressed: bool) -> Array:
    image = paint(BRICK, _courses())
    plate = np.full((10, 10), 1, dtype=np.int64)
    plate[0], plate[:, 0] = 3, 3
    plate[9], plate[:, 9] = 0, 0
    plate[[1, 1, 8, 8], [1, 8, 1, 8]] = 3
    image[3:13, 3:13] = paint(PLATE, plate)
    row, column = np.mgrid[:SIZE, :SIZE] - 7.5
    distance = np.hypot(row, column)
    face = np.select([row + column < -2.5, row + column > 2.5], [3, 1], default=2)
    if pressed:
        face = np.select([distance < 1.2, distance < 2.3], [4, 3], default=2)
        halo = (distance < 4.3) & (distance >= 3.2)
        image[halo, :3] = knob[1]
    else:
        face[5:7, 5:7] = np.array([[3, 4], [4, 3]])
        shadow = np.hypot(row - 1, column - 0.6) < 3.6
        image[shadow, :3] = PLATE[0]
    return np.where((distance < 3.2)[..., None], paint(knob, face), image)


def wool_red() -> Array:
    """Red cloth."""
    return paint(WOOL_RED, _weave())


def wool_blue() -> Array:
    """Blue cloth."""
    return paint(WOOL_BLUE, _weave())


def _weave() -> Array:
    """Threads that go over and under each other, two by two."""
    row, column = np.mgrid[:SIZE, :SIZE]
    over = (row // 2 + column // 2) % 2 == 0
    first = np.where(over, row, column) % 2 == 0
    fuzz = ranked(generator_of("wool").random((SIZE, SIZE)), 0.1, 0.8, 0.1) - 1
    return np.where(over, np.where(first, 3, 2), np.where(first, 2, 1)) + fuzz


BUILT: Final[Mapping[str, Draw]] = {
    "brick": brick,
    "glass": glass,
    "lamp": lamp,
    "gold": gold,
    "mese": mese,
    "button_off": button_off,
    "button_on": button_on,
    "wool_red": wool_red,
    "wool_blue": wool_blue,
}

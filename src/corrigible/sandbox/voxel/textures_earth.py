"""Textures of the ground: stone, cobble, dirt, grass, sand, water, bedrock. One function a texture."""

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

STONE: Final = ramp("4d4f5b 65676f 7a7b81 8d8e92 a5a5a5")
DIRT: Final = ramp("4a3029 5f4032 75513b 8a6447 a17b58")
GRASS: Final = ramp("34653a 437a3c 568d40 699e45 80b04c a0c65c")
SAND: Final = ramp("b8985f cbb077 dac48f e6d4a4 f1e4bd")
WATER: Final = ramp("23558f 2a629f 3270ad 3f80bd 64a2d2 a9d4ea")
BEDROCK: Final = ramp("16161f 252530 353543 484858 5f6072")


def stone() -> Array:
    """Level beds with short cracks, each lit along its lower edge."""
    draw = generator_of("stone")
    beds = noise(draw, 8, 4) + 0.6 * noise(draw, 4, 4) + 0.4 * draw.random((SIZE, SIZE))
    shade = ranked(beds, 0.22, 0.5, 0.28) + 1
    cracks = (
        ("000..", "444000"),
        ("..00", "0044", "44.."),
        ("0..", "400", ".44"),
        ("000", "444"),
        ("00.", "440", "..4"),
    )
    for crack, (row, column) in zip(cracks, ((1, 2), (5, 9), (9, 3), (12, 11), (14, 6)), strict=True):
        stamp(shade, crack, row, column)
    return paint(STONE, shade)


def cobble() -> Array:
    """Round stones in dark joints."""
    draw = generator_of("cobble")
    cell, inside, lit = stones(draw, 3, 3)
    tone = draw.permutation(np.linspace(-0.6, 0.7, 9))[cell]
    shade = np.rint(2.1 + tone + 1.9 * lit + draw.uniform(-0.35, 0.35, cell.shape)).astype(np.int64)
    return paint(STONE, np.where(inside < 1.1, 0, np.clip(shade, 1, 4)))


def dirt() -> Array:
    """Crumbs of earth with a few pebbles."""
    return paint(DIRT, _crumbs())


def _crumbs() -> Array:
    draw = generator_of("dirt")
    clods = noise(draw, 5, 5) + 0.8 * draw.random((SIZE, SIZE))
    shade = ranked(clods, 0.14, 0.34, 0.36, 0.16)
    for number, (row, column) in enumerate(scattered(draw, 9)):
        stamp(shade, ("43", "20") if number % 3 == 0 else ("4", "1"), row, column)
    return shade


def grass() -> Array:
    """Meadow from above: tufts over a soft pattern."""
    draw = generator_of("grass")
    meadow = noise(draw, 4, 4) + 0.5 * draw.random((SIZE, SIZE))
    shade = ranked(meadow, 0.12, 0.36, 0.37, 0.15) + 1
    tufts = (("5.", "41", ".0"), (".5", "14", "0."), ("4.5", "141"))
    for number, (row, column) in enumerate(scattered(draw, 15)):
        stamp(shade, tufts[number % len(tufts)], row, column)
    return paint(GRASS, shade)


def grass_side() -> Array:
    """Earth with blades of grass hanging over its upper edge, and their shadow."""
    draw = generator_of("grass side")
    depth = np.array([4, 3, 5, 4, 3, 4, 6, 4, 3, 4, 5, 3, 4, 5, 3, 3])
    row = np.arange(SIZE)[:, None]
    earth = np.where(row == depth, 0, np.where(row == depth + 1, np.minimum(_crumbs(), 1), _crumbs()))
    blades = ranked(noise(draw, 4, 16) + 0.6 * draw.random((SIZE, SIZE)), 0.4, 0.4, 0.2) + 2
    blades = np.where(row == 0, np.maximum(blades, 4), blades)
    blades = np.where(row >= depth - 1, np.where(depth >= 5, 3, 1), blades)
    return np.where((row < depth)[..., None], paint(GRASS, blades), paint(DIRT, earth))


def sand() -> Array:
    """Ripples of wind and single grains."""
    draw = generator_of("sand")
    row, column = np.mgrid[:SIZE, :SIZE]
    wind = np.sin(2 * np.pi * (row / 8 + 0.22 * np.sin(2 * np.pi * (column / 16 + 0.1))))
    shade = ranked(wind + 1.1 * draw.random((SIZE, SIZE)), 0.18, 0.46, 0.36) + 1
    for number, (down, right) in enumerate(scattered(draw, 12)):
        stamp(shade, ("4",) if number % 2 else ("0",), down, right)
    return paint(SAND, shade)


def water() -> Array:
    """Waves that run across, lit on their crests."""
    draw = generator_of("water")
    row, column = np.mgrid[:SIZE, :SIZE]
    bend = 0.16 * np.sin(2 * np.pi * column / 16) + 0.08 * np.sin(2 * np.pi * (2 * column / 16 + 0.3))
    phase = (row * 3 / SIZE + bend + 0.25 * noise(draw, 3, 4)) % 1.0
    crest = 1 - 2 * np.abs(phase - 0.5)
    broken = noise(draw, 6, 4)
    shade = ranked(crest + 0.5 * broken, 0.22, 0.3, 0.26, 0.16, 0.06)
    return paint(WATER, np.where((crest > 0.72) & (broken > 0.74), 5, shade))


def bedrock() -> Array:
    """Dark broken rock."""
    draw = generator_of("bedrock")
    cell, inside, lit = stones(draw, 4, 3)
    tone = draw.permutation(np.linspace(-1.3, 1.2, 12))[cell]
    shade = np.rint(1.9 + tone + 1.2 * lit + draw.uniform(-0.5, 0.5, cell.shape)).astype(np.int64)
    return paint(BEDROCK, np.where(inside < 0.7, 0, np.clip(shade, 0, 4)))


EARTH: Final[Mapping[str, Draw]] = {
    "stone": stone,
    "cobble": cobble,
    "dirt": dirt,
    "grass": grass,
    "grass_side": grass_side,
    "sand": sand,
    "water": water,
    "bedrock": bedrock,
}

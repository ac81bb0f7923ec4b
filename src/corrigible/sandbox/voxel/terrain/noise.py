"""Smooth noise: random values on a lattice, joined by cubic B-splines.

Only elementwise sums and products are used, never a matrix product, so every machine gets the same bits.
"""

import numpy as np

from corrigible.types import Array

EDGE = 6.0
"""How many times steeper than the slope an edge of terraces is."""


def smooth_noise(generator: np.random.Generator, shape: tuple[int, int], scale: float) -> Array:
    """Array of `shape`, float64 from 0 to 1, whose features are about `scale` cells wide."""
    offsets = generator.random(2)
    noise = generator.random([int(length / scale) + 5 for length in shape])
    for axis, length in enumerate(shape):
        at = np.arange(length) / scale + offsets[axis]
        cell = at.astype(np.int64)
        share = (at - cell).reshape(-1, *[1] * (1 - axis))
        taps = [np.take(noise, cell + tap, axis=axis) for tap in range(4)]
        noise = sum((tap * weight for tap, weight in zip(taps, _weights(share), strict=True)), np.zeros(1))
    return noise


def hilly(generator: np.random.Generator, shape: tuple[int, int], scale: int) -> Array:
    """Array of `shape`, float64, with a least value of 0 and a largest of 1: flat valleys and tops, slopes between."""
    noise = smooth_noise(generator, shape, scale) + 0.4 * smooth_noise(generator, shape, scale / 2.5)
    height = (noise - noise.min()) / max(float(noise.max() - noise.min()), 1e-9)
    return height * height * (3 - 2 * height)


def terraced(height: Array, step: float, where: Array) -> Array:
    """`height` (X, Y), nodes, with flat terraces and steep edges every `step` nodes where `where` is 1 and not 0."""
    level = height / step
    whole = np.floor(level)
    edge = np.clip(EDGE * (level - whole - 0.5) + 0.5, 0, 1)
    return height + where * ((whole + edge) * step - height)


def _weights(share: Array) -> tuple[Array, Array, Array, Array]:
    """Uniform cubic B-spline at `share` of a cell, for the four nearest points."""
    rest, square, cube = 1 - share, share * share, share * share * share
    return (
        rest * rest * rest / 6,
        (3 * cube - 6 * square + 4) / 6,
        (-3 * cube + 3 * square + 3 * share + 1) / 6,
        cube / 6,
    )

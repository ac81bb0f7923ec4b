"""What every texture is drawn with: ramps of colours, noise that repeats at the edges, stones, stamps and stencils.

Images are uint8 (16, 16, 4) RGBA, row 0 the top; shades are int64 (16, 16), steps of a ramp from dark to light. Light
falls from the upper left in all of them.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Final, TypeAlias

import numpy as np

from corrigible.seeding import stream
from corrigible.types import Array

SIZE: Final = 16
Draw: TypeAlias = Callable[[], Array]


def generator_of(name: str) -> np.random.Generator:
    """The stream of the texture of that name: the same picture in every process."""
    return stream(0, "voxel texture", name)


def ramp(colours: str) -> Array:
    """uint8 (n, 3) from hexadecimal colours, dark to light."""
    return np.array([list(bytes.fromhex(colour)) for colour in colours.split()], dtype=np.uint8)


def paint(colours: Array, shade: Array) -> Array:
    """Opaque image of `shade`; steps beyond the ramp (n, 3) take its ends."""
    image = np.full((*shade.shape, 4), 255, dtype=np.uint8)
    image[..., :3] = colours[np.clip(shade, 0, len(colours) - 1)]
    return image


def stencil(rows: Sequence[str], colours: Mapping[str, Array]) -> Array:
    """Image of a drawing in letters; `colours` gives (3,) by letter, and a dot is looked through."""
    image = np.zeros((len(rows), len(rows[0]), 4), dtype=np.uint8)
    for row, line in enumerate(rows):
        for column, letter in enumerate(line):
            if letter != ".":
                image[row, column, :3] = colours[letter]
                image[row, column, 3] = 255
    return image


def noise(generator: np.random.Generator, rows: int, columns: int) -> Array:
    """float64 (16, 16) in [0, 1): value noise on a lattice of rows x columns, smooth and repeating at the edges."""
    lattice = generator.random((rows, columns))
    return _stretched(_stretched(lattice, SIZE).T, SIZE).T


def _stretched(values: Array, size: int) -> Array:
    """(size, n) from (m, n): between neighbours by a cubic step, the last followed by the first."""
    place = np.arange(size) * (len(values) / size)
    low = place.astype(np.int64)
    part = place - low
    weight = (part * part * (3.0 - 2.0 * part))[:, None]
    return values[low] * (1.0 - weight) + values[(low + 1) % len(values)] * weight


def ranked(field: Array, *shares: float) -> Array:
    """Shades by rank: the lowest share of texels is 0, the next 1, and so on."""
    order = np.empty(field.size, dtype=np.int64)
    order[np.argsort(field, axis=None, kind="stable")] = np.arange(field.size)
    limits = np.cumsum(np.array(shares)) / sum(shares) * field.size
    return np.searchsorted(limits, order, side="right").reshape(field.shape)


def stones(generator: np.random.Generator, rows: int, columns: int) -> tuple[Array, Array, Array]:
    """Cells around rows x columns jittered sites, repeating at the edges.

    Returns the cell of each texel (16, 16), how far it is inside (0 at a border between cells, in texels), and how much
    it faces the light (-1 lower right to 1 upper left).
    """
    spot = np.stack(np.meshgrid(np.arange(rows), np.arange(columns), indexing="ij"), axis=-1).reshape(-1, 2)
    stagger = np.stack([np.zeros(len(spot)), 0.5 * (spot[:, 0] % 2)], axis=-1)
    site = (spot + stagger + 0.5 + generator.uniform(-0.3, 0.3, spot.shape)) * (SIZE / rows, SIZE / columns)
    texel = np.stack(np.meshgrid(np.arange(SIZE), np.arange(SIZE), indexing="ij"), axis=-1) + 0.5
    offset = (texel[:, :, None] - site + SIZE / 2) % SIZE - SIZE / 2
    scaled = offset * (rows / columns if rows < columns else 1.0, columns / rows if columns < rows else 1.0)
    distance = np.sqrt((scaled**2).sum(axis=-1))
    nearest = distance.argmin(axis=-1)
    ordered = np.sort(distance, axis=-1)
    own = np.take_along_axis(offset, nearest[..., None, None], axis=2)[:, :, 0]
    reach = np.array([SIZE / rows, SIZE / columns]) / 2
    return nearest, ordered[..., 1] - ordered[..., 0], np.clip(-(own / reach).mean(axis=-1), -1, 1)


def stamp(shade: Array, drawing: Sequence[str], row: int, column: int, *, lift: int = 0) -> None:
    """Draw digits of `drawing` plus `lift` into `shade` at that place, wrapping around; dots leave what is there."""
    for down, line in enumerate(drawing):
        for right, letter in enumerate(line):
            if letter != ".":
                shade[(row + down) % SIZE, (column + right) % SIZE] = int(letter) + lift


def scattered(generator: np.random.Generator, count: int) -> Array:
    """int64 (count, 2) rows and columns, spread evenly: each is the farthest of several draws from those before it."""
    places = [generator.integers(0, SIZE, 2)]
    while len(places) < count:
        drawn = generator.integers(0, SIZE, (8, 2))
        apart = (drawn[:, None] - np.array(places) + SIZE // 2) % SIZE - SIZE // 2
        places.append(drawn[(apart**2).sum(axis=-1).min(axis=1).argmax()])
    return np.array(places)


def averaged(image: Array, step: int) -> Array:
    """RGBA image (H, W, 4) from (H step, W step, 4): the mean colour of the opaque texels of a block and their share.

    A texel with any alpha counts as opaque; halves are rounded up. Blocks without an opaque texel are black, alpha 0.
    """
    height, width = image.shape[0] // step, image.shape[1] // step
    blocks = image.reshape(height, step, width, step, 4)
    opaque = blocks[..., 3:] > 0
    count = opaque.sum(axis=(1, 3), dtype=np.int64)
    total = (blocks[..., :3] * opaque).sum(axis=(1, 3), dtype=np.int64)
    colour = _rounded(total, np.maximum(count, 1))
    return np.concatenate([colour, _rounded(255 * count, step * step)], axis=-1).astype(np.uint8)


def _rounded(total: Array, count: Array | int) -> Array:
    """total / count in whole numbers, halves upwards."""
    return (2 * total + count) // (2 * count)

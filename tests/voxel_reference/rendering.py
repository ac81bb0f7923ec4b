"""Views by walking every ray from the eye, crossing by crossing, in plain NumPy.

The definition: a ray's direction is forward + right * across + up * rise, with across and rise the tangents of the
pixel's centre. It crosses planes of constant x, y, z at times that are rounded to 2^-24; of equal times that of the
later axis comes first. It ends at the first node that is neither air nor of the kind that the eye is in, unless the
texel there is looked through, and at the border, beyond which there is sky.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from corrigible.sandbox.voxel.items import held_item
from corrigible.sandbox.voxel.nodes import node_table
from corrigible.sandbox.voxel.sky import fog_table, haze_colour, sky_table, sunlight
from corrigible.sandbox.voxel.textures import atlas, body_textures, face_textures

AIR, BODY, BORDER = 0, 254, 255
LEAST = 1e-6
SIDE_LIGHT = (205, 205, 180, 180, 256, 130)
LEVEL_START = (0, 256, 320, 336, 340)
HALF, TALL = 0.3, 1.77


@dataclass(frozen=True, kw_only=True)
class Picture:
    """rgb (H, W, 3) uint8; distance (H, W) float64, infinite for the sky; kind (H, W) uint8."""

    rgb: np.ndarray
    distance: np.ndarray
    kind: np.ndarray


@dataclass(frozen=True, kw_only=True)
class Figure:
    """A body: feet (3,) and yaw in degrees; number chooses its dress."""

    feet: Sequence[float]
    yaw: float
    number: int


@dataclass(frozen=True, kw_only=True)
class Look:
    """How one looks: pixels, field of view in degrees across, hour, haze, held tool or None, height of the eye."""

    height: int
    width: int
    field: float = 72.0
    hour: float = 12.0
    far: float = 60.0
    tool: str | None = None
    mirrored: bool = False
    eye: float = 1.625


def snapped(times: np.ndarray) -> np.ndarray:
    """To the nearest multiple of 2^-24, halves to even."""
    return np.rint(times * 2.0**24) / 2.0**24


def axes_of(yaw: float, pitch: float) -> np.ndarray:
    """Rows forward, right, up."""
    cy, sy, cp, sp = (f(np.radians(angle)) for angle in (yaw, pitch) for f in (np.cos, np.sin))
    return np.array([(-sy * cp, cy * cp, sp), (cy, sy, 0.0), (sy * sp, -cy * sp, cp)])


def directions(look: Look, yaw: float, pitch: float) -> np.ndarray:
    """(H, W, 3) float64."""
    half = np.tan(np.radians(look.field / 2))
    across = ((np.arange(look.width) + 0.5) / look.width * 2 - 1) * half
    rise = (1 - (np.arange(look.height) + 0.5) / look.height * 2) * half * look.height / look.width
    forward, right, up = axes_of(yaw, pitch)
    return (forward + rise[:, None] * up)[:, None, :] + across[None, :, None] * right


def lengths(look: Look) -> np.ndarray:
    """(H, W): lengths of the rays, whose component forward is 1."""
    half = np.tan(np.radians(look.field / 2))
    across = ((np.arange(look.width) + 0.5) / look.width * 2 - 1) * half
    rise = (1 - (np.arange(look.height) + 0.5) / look.height * 2) * half * look.height / look.width
    return np.sqrt(1 + across[None] ** 2 + rise[:, None] ** 2)


@dataclass(kw_only=True)
class _Hits:
    """Where rays (R,) ended: time, kind (BORDER for the sky), cell (R, 3) padded, axis that was crossed last."""

    time: np.ndarray
    kind: np.ndarray
    cell: np.ndarray
    axis: np.ndarray


def _texel_place(origin: np.ndarray, ray: np.ndarray, time: float, axis: int) -> tuple[int, int]:
    """Column and row of the texel of a face that is met there."""
    along, upward = ((1, 2), (0, 2), (0, 1))[axis]
    place = [np.floor((origin[k] + time * ray[k]) * 16.0) % 16 for k in (along, upward)]
    return int(place[0]), 15 - int(place[1])


def _walk(whole: np.ndarray, origin: np.ndarray, rays: np.ndarray) -> _Hits:
    """Walk rays (R, 3) through padded nodes from origin (3,), all of them one crossing at a time."""
    faces, cutout, texels = face_textures(node_table()), node_table().cutout, atlas().texels
    start = np.floor(origin).astype(int)
    inside = origin - start
    around = whole[tuple(start)]
    sign = np.where(rays >= 0, 1, -1)
    each = snapped(1 / np.maximum(np.abs(rays), LEAST))
    due = snapped(np.where(rays >= 0, 1 - inside, inside) * each)
    number = len(rays)
    cell = np.tile(start, (number, 1))
    hits = _Hits(
        time=np.zeros(number),
        kind=np.full(number, BORDER, np.uint8),
        cell=cell,
        axis=np.zeros(number, int),
    )
    going = np.arange(number)
    while len(going):
        first = due[going]
        axis = np.where((first[:, 0] < first[:, 1]) & (first[:, 0] < first[:, 2]), 0, 2)
        axis = np.where((first[:, 1] <= first[:, 0]) & (first[:, 1] < first[:, 2]), 1, axis)
        hits.time[going], hits.axis[going] = due[going, axis], axis
        cell[going, axis] += sign[going, axis]
        due[going, axis] += each[going, axis]
        kind = whole[tuple(cell[going].T)]
        ends = (kind != AIR) & (kind != around)
        for r, found in zip(going[ends & cutout[kind]], kind[ends & cutout[kind]], strict=True):
            a = int(hits.axis[r])
            u, v = _texel_place(origin, rays[r], float(hits.time[r]), a)
            side = 2 * a + (1 if rays[r, a] >= 0 else 0)
            ends[np.searchsorted(going, r)] = texels[faces[found, side], v * 16 + u, 3] > 0
        hits.kind[going[ends]] = kind[ends]
        going = going[~ends]
    return hits


def _faded(colour: int, haze: int, far: float, fog: np.ndarray) -> int:
    return colour + (((haze - colour) * int(fog[min(int(far * 4), len(fog) - 1)])) >> 8)


def render(
    nodes: np.ndarray,
    feet: Sequence[float],
    yaw: float,
    pitch: float,
    look: Look,
    others: Sequence[Figure] = (),
    marked: tuple[int, int, int] | None = None,
) -> Picture:
    """What a body at `feet` sees of nodes (X, Y, Z); `marked`: the node that it points at."""
    whole = np.full(tuple(side + 2 for side in nodes.shape), BORDER, np.uint8)
    whole[1:-1, 1:-1, 1:-1] = nodes
    origin = np.array([feet[0] + 1.0, feet[1] + 1.0, (feet[2] + look.eye) + 1.0])
    rays = directions(look, yaw, pitch)
    shape = rays.shape[:2]
    hits = _walk(whole, origin, rays.reshape(-1, 3))
    picture = _shade(whole, origin, rays, hits, look, marked)
    for other in others:
        _draw_figure(picture, origin, rays, look, other)
    if look.tool is not None:
        item = held_item(look.tool, *shape, look.mirrored).astype(int)
        old = picture.rgb.astype(int)
        picture.rgb[...] = old + ((item[..., :3] - old) * item[..., 3:] + 127) // 255
    return picture


def _shade(
    whole: np.ndarray,
    origin: np.ndarray,
    rays: np.ndarray,
    hits: _Hits,
    look: Look,
    marked: tuple[int, int, int] | None,
) -> Picture:
    """Colours of where rays ended."""
    table, faces, texels = node_table(), face_textures(node_table()), atlas().texels
    moment = int(np.floor(look.hour / 24 * 288)) % 288 * 24.0 / 288
    sky, haze, sun, fog = sky_table(moment, 256), haze_colour(moment), sunlight(moment), fog_table(look.far)
    texels_across = 16 * 2 * np.tan(np.radians(look.field / 2)) / look.width
    H, W = rays.shape[:2]
    length, inverse = lengths(look), 1 / lengths(look)
    picture = Picture(
        rgb=np.zeros((H, W, 3), np.uint8), distance=np.full((H, W), np.inf), kind=np.zeros((H, W), np.uint8)
    )
    glow = np.where(table.light > 0, np.minimum(120 + 10 * table.light, 256), 0)
    for r in range(H * W):
        y, x = divmod(r, W)
        ray, kind, t, axis = rays[y, x], int(hits.kind[r]), float(hits.time[r]), int(hits.axis[r])
        if kind == BORDER:
            picture.rgb[y, x] = sky[int((ray[2] * inverse[y, x] * 0.5 + 0.5) * 255 + 0.5)]
            continue
        side = 2 * axis + (1 if ray[axis] >= 0 else 0)
        u, v = _texel_place(origin, ray, t, axis)
        level = sum(t * texels_across > bound for bound in (1.5, 3.0, 6.0, 12.0))
        across = 16 >> level
        texel = texels[faces[kind, side], LEVEL_START[level] + (v >> level) * across + (u >> level)]
        before = hits.cell[r].copy()
        before[axis] -= 1 if ray[axis] >= 0 else -1
        covered = table.drawn[whole[before[0], before[1], before[2] : -1]].any()
        bright = max((sun * 150) >> 8 if covered else sun, int(glow[kind]))
        bright = (bright * SIDE_LIGHT[side]) >> 8
        far = t * length[y, x]
        colour = [_faded((int(texel[k]) * bright) >> 8, int(haze[k]), far, fog) for k in range(3)]
        if marked is not None and tuple(hits.cell[r] - 1) == tuple(marked):
            colour = [value + (((255 - value) * 64) >> 8) for value in colour]
        picture.rgb[y, x], picture.distance[y, x], picture.kind[y, x] = colour, far, kind
    return picture


# The side of a figure's box (+x, -x, +y, -y) that shows its right, left, front, back, by the quarter it looks to:
# +y, -x, -y, +x.
_SHOWN = ((0, 1, 2, 3), (2, 3, 1, 0), (1, 0, 3, 2), (3, 2, 0, 1))


def _draw_figure(picture: Picture, origin: np.ndarray, rays: np.ndarray, look: Look, figure: Figure) -> None:
    """A box of 0.6 x 0.6 x 1.77 with a texture on each side, where it is nearer than what is there."""
    moment = int(np.floor(look.hour / 24 * 288)) % 288 * 24.0 / 288
    haze, sun, fog = haze_colour(moment), sunlight(moment), fog_table(look.far)
    low = np.array([figure.feet[0] + 1 - HALF, figure.feet[1] + 1 - HALF, figure.feet[2] + 1])
    high = np.array([figure.feet[0] + 1 + HALF, figure.feet[1] + 1 + HALF, figure.feet[2] + 1 + TALL])
    length = lengths(look)
    safe = np.where(np.abs(rays) < LEAST, np.where(rays >= 0, LEAST, -LEAST), rays)
    one, other = (low - origin) / safe, (high - origin) / safe
    entering, leaving = np.minimum(one, other), np.maximum(one, other)
    axis, enters, leaves = entering.argmax(axis=2), entering.max(axis=2), leaving.min(axis=2)
    seen = (enters > 0) & (enters <= leaves) & (enters * length < picture.distance)
    shown = _SHOWN[int(np.floor(figure.yaw / 90 + 0.5)) % 4]
    textures = body_textures()[figure.number % 4]
    for y, x in np.argwhere(seen):
        k, t = int(axis[y, x]), float(enters[y, x])
        side = 2 * k + (1 if rays[y, x, k] > 0 else 0)
        along, upward = ((1, 2), (0, 2), (0, 1))[k]
        share = (origin + t * rays[y, x] - low) / (high - low)
        u, v = (int(min(max(np.floor(share[m] * 16), 0), 15)) for m in (along, upward))
        face = textures[shown.index(side) if side < 4 else side]
        bright = (sun * SIDE_LIGHT[side]) >> 8
        far = t * length[y, x]
        texel = atlas().texels[face, (15 - v) * 16 + u]
        picture.rgb[y, x] = [_faded((int(texel[m]) * bright) >> 8, int(haze[m]), far, fog) for m in range(3)]
        picture.distance[y, x], picture.kind[y, x] = far, BODY

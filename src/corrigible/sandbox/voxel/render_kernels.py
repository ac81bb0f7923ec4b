"""What a body sees, ray by ray: nodes with textures, daylight, haze and sky, into buffers that the caller owns."""

from typing import NamedTuple

import numpy as np

from corrigible.sandbox.compiled import njit
from corrigible.sandbox.voxel.tracing_kernels import (
    ACROSS,
    AIR,
    BEFORE,
    BORDER,
    DISTANCE,
    FOUND,
    GRAZING,
    INDEX,
    INVERSE,
    LEVEL,
    MET,
    RAYS,
    SIDE_MET,
    SKY,
    STACK,
    TEXEL,
    TILE,
    UP,
    Eye,
    Rays,
    advance_rays,
    aim_rays,
    count_time,
    full_slices,
    walk_rays,
)
from corrigible.types import Array

SHADOW = 150  # of 256: daylight where something lies above
POINTED = 64  # of 256: how far the face that is pointed at is lightened


class Scene(NamedTuple):
    """One world to look at: node (P,) uint8 and column (C,) uint64, padded by one cell, and its light.

    Cell (x, y, z) is node ((x + 1)(Y + 2) + y + 1)(Z + 2) + z + 1 and bit z of column (x + 1)(Y + 2) + y + 1; a bit is
    set where the node is drawn. size: (X, Y, Z). sky (S, 3) uint8 from straight down to straight up, haze (3,) int64,
    sun: brightness of what the sun falls on, of 256.
    """

    node: Array
    column: Array
    size: tuple[int, int, int]
    sky: Array
    haze: Array
    sun: int


class Lens(NamedTuple):
    """Image plane: across (W,) and up (H,), tangents of pixel centres; inverse (H, W): 1 / length of those rays.

    texel: texels that a pixel covers at depth 1. All float64.
    """

    across: Array
    up: Array
    inverse: Array
    texel: float


class Paint(NamedTuple):
    """How nodes look: face (256, 6) int32 into atlas (K, 341, 4) uint8 RGBA; cutout (256,) bool.

    light (256,) int64: least brightness of a node that shines, of 256; 0 of others. Faces are ordered +x, -x, +y, -y,
    top, bottom. shade (6,) int64: brightness by face, of 256. fog (F,) int64: share of haze by quarter node,
    of 256. mip (5,) int64: where the levels of 341 texels begin.
    """

    face: Array
    atlas: Array
    cutout: Array
    light: Array
    shade: Array
    fog: Array
    mip: Array


class Frame(NamedTuple):
    """Where a view is written: rgb (H, W, 3) uint8, distance (H, W) float32 in nodes, kind (H, W) uint8.

    Of the sky distance is infinite and kind is AIR. Both may have no rows, and are then left out.
    """

    rgb: Array
    distance: Array
    kind: Array


@njit
def render_view(scene: Scene, eye: Eye, lens: Lens, paint: Paint, pointed: int, rays: Rays, frame: Frame) -> None:
    """One view. pointed: padded index of the node that is marked as pointed at, or -1."""
    H, W = frame.rgb.shape[0], frame.rgb.shape[1]
    corner, real, whole, size = rays.corner, rays.real, rays.whole, scene.size
    start = (eye.cell[0] * (size[1] + 2) + eye.cell[1]) * (size[2] + 2) + eye.cell[2]
    around = int(scene.node[start])  # water, under water
    for top in range(0, H, TILE):
        bottom = min(top + TILE, H)
        for left in range(0, W, TILE):
            right = min(left + TILE, W)
            for m in range(4):
                up, across = lens.up[top if m < 2 else bottom - 1], lens.across[left if m % 2 == 0 else right - 1]
                for k in range(3):
                    corner[m, k] = eye.axes[0, k] + across * eye.axes[1, k] + up * eye.axes[2, k]
            main = 0
            for k in range(1, 3):
                if abs(corner[0, k] + corner[3, k]) > abs(corner[0, main] + corner[3, main]):
                    main = k
            order = (main, 0 if main != 0 else 1, 2 if main != 2 else 1)
            least = min(corner[0, main], corner[1, main], corner[2, main], corner[3, main])
            most = max(corner[0, main], corner[1, main], corner[2, main], corner[3, main])
            empty, last = 0, size[main]
            if least > GRAZING or most < -GRAZING:
                empty, last = full_slices(scene.column, size, eye, corner, order)
            place_rays(lens, top, left, real)
            if empty < 0:
                draw_sky(scene, eye, top, left, rays, frame)
                continue
            aim_rays(eye, order, real)
            if empty > 0:
                advance_rays(eye, order, size, empty, real, whole)
            else:
                for i in range(RAYS):
                    whole[INDEX + i] = start
            count_time(order, size, last - empty, real, whole)
            if walk_rays(scene.node, paint.cutout, around, 0, RAYS, False, whole):
                for i in range(RAYS):
                    while is_hole(eye, paint, order, i, real, whole):
                        walk_rays(scene.node, paint.cutout, around, i, i + 1, True, whole)
            look_closer(scene, eye, lens.texel, order, 0, RAYS, real, whole)
            draw_tile(scene, paint, pointed, top, left, rays, frame)


@njit
def place_rays(lens: Lens, top: int, left: int, real: Array) -> None:
    """ACROSS, UP and INVERSE of a tile; beyond the view's edge, those of its last row and column."""
    H, W = lens.inverse.shape
    for place in range(TILE):
        real[ACROSS + place] = lens.across[np.uint64(min(left + place, W - 1))]
    for row in range(TILE):
        at = np.uint64(min(top + row, H - 1))
        up = lens.up[at]
        for place in range(TILE):
            real[ACROSS + row * TILE + place] = real[ACROSS + place]
            real[UP + row * TILE + place] = up
        if left + TILE <= W:
            for place in range(TILE):
                real[INVERSE + row * TILE + place] = lens.inverse[at, np.uint64(left + place)]
        else:
            for place in range(TILE):
                real[INVERSE + row * TILE + place] = lens.inverse[at, np.uint64(min(left + place, W - 1))]


@njit
def draw_sky(scene: Scene, eye: Eye, top: int, left: int, rays: Rays, frame: Frame) -> None:
    """A tile whose rays meet nothing."""
    real, whole = rays.real, rays.whole
    forward, right, above, levels = eye.axes[0, 2], eye.axes[1, 2], eye.axes[2, 2], scene.sky.shape[0] - 1
    for i in range(RAYS):
        rise = (forward + real[UP + i] * above + real[ACROSS + i] * right) * real[INVERSE + i]
        whole[SKY + i] = int((rise * 0.5 + 0.5) * levels + 0.5)
    for i in range(RAYS):
        if top + i // TILE >= frame.rgb.shape[0] or left + i % TILE >= frame.rgb.shape[1]:
            continue
        row, place, level = np.uint64(top + i // TILE), np.uint64(left + i % TILE), np.uint64(whole[SKY + i])
        frame.rgb[row, place, 0] = scene.sky[level, 0]
        frame.rgb[row, place, 1] = scene.sky[level, 1]
        frame.rgb[row, place, 2] = scene.sky[level, 2]
        if frame.distance.shape[0] > 0:
            frame.distance[row, place] = np.inf
        if frame.kind.shape[0] > 0:
            frame.kind[row, place] = AIR


@njit
def row_of(axis: int, order: tuple[int, int, int]) -> int:
    """Where the row of an axis begins, of the three rows of `order`."""
    return 0 if axis == order[0] else (RAYS if axis == order[1] else 2 * RAYS)


@njit
def texel_at(side: int, x: float, y: float, z: float) -> tuple[int, int]:
    """Column and row of the texel at a place on that face of a node."""
    return int((y if side < 2 else x) * 16.0) & 15, 15 - (int((y if side > 3 else z) * 16.0) & 15)


@njit
def look_closer(
    scene: Scene, eye: Eye, texel: float, order: tuple[int, int, int], first: int, last: int, real: Array, whole: Array
) -> None:
    """Of rays `first` to `last`: distance, level and texel of what was met, column of the cell before; level of sky."""
    row_x, row_y, row_z = row_of(0, order), row_of(1, order), row_of(2, order)
    ox, oy, oz, levels = eye.origin[0], eye.origin[1], eye.origin[2], scene.sky.shape[0] - 1
    share = 1.0 / (scene.size[2] + 2)
    for i in range(first, last):
        inverse, dz = real[INVERSE + i], real[row_z + i]
        whole[SKY + i] = int((dz * inverse * 0.5 + 0.5) * levels + 0.5)
        t = float(whole[MET + i] >> 2) * 2.0**-24
        u, v = texel_at(whole[SIDE_MET + i], ox + t * real[row_x + i], oy + t * real[row_y + i], oz + t * dz)
        scale = t * texel
        level = int(scale > 1.5) + int(scale > 3.0) + int(scale > 6.0) + int(scale > 12.0)
        whole[LEVEL + i] = level
        whole[TEXEL + i] = ((v >> level) << (4 - level)) + (u >> level)
        whole[STACK + i] = int((float(whole[BEFORE + i]) + 0.5) * share)
        real[DISTANCE + i] = t / inverse


@njit
def is_hole(eye: Eye, paint: Paint, order: tuple[int, int, int], i: int, real: Array, whole: Array) -> bool:
    """Whether what ray i has met is a hole in a texture, at its finest level."""
    found, side, t = whole[FOUND + i], whole[SIDE_MET + i], float(whole[MET + i] >> 2) * 2.0**-24
    x = eye.origin[0] + t * real[row_of(0, order) + i]
    y = eye.origin[1] + t * real[row_of(1, order) + i]
    z = eye.origin[2] + t * real[row_of(2, order) + i]
    u, v = texel_at(side, x, y, z)
    return bool(paint.cutout[found] and paint.atlas[paint.face[found, side], v * 16 + u, 3] == 0)


@njit
def draw_tile(scene: Scene, paint: Paint, pointed: int, top: int, left: int, rays: Rays, frame: Frame) -> None:
    """Pixels of a tile, by rays that have met something."""
    real, whole, height = rays.real, rays.whole, scene.size[2] + 2
    red, green, blue, farthest = scene.haze[0], scene.haze[1], scene.haze[2], paint.fog.shape[0] - 1
    with_distance, with_kind = frame.distance.shape[0] > 0, frame.kind.shape[0] > 0
    texels = paint.atlas.view(np.uint32)
    height_of_view, width = frame.rgb.shape[0], frame.rgb.shape[1]
    for i in range(RAYS):
        if top + i // TILE >= height_of_view or left + i % TILE >= width:
            continue
        row, place = np.uint64(top + i // TILE), np.uint64(left + i % TILE)
        found, far = np.uint64(whole[FOUND + i]), real[DISTANCE + i]
        if whole[FOUND + i] == BORDER:
            level, far, found = np.uint64(whole[SKY + i]), np.inf, np.uint64(AIR)
            frame.rgb[row, place, 0] = scene.sky[level, 0]
            frame.rgb[row, place, 1] = scene.sky[level, 1]
            frame.rgb[row, place, 2] = scene.sky[level, 2]
        else:
            side, stack = np.uint64(whole[SIDE_MET + i]), whole[STACK + i]
            above = scene.column[np.uint64(stack)] >> np.uint64(whole[BEFORE + i] - stack * height - 1)
            sun = (scene.sun * (SHADOW if above else 256)) >> 8
            bright = int((max(sun, paint.light[found]) * paint.shade[side]) >> 8)
            fog = paint.fog[np.uint64(min(int(far * 4.0), farthest))]
            spot = paint.mip[np.uint64(whole[LEVEL + i])] + whole[TEXEL + i]
            texel = texels[np.uint64(paint.face[found, side]), np.uint64(spot), 0]
            lift = POINTED if whole[INDEX + i] == pointed else 0
            frame.rgb[row, place, 0] = mixed(int(texel & 255), bright, red, fog, lift)
            frame.rgb[row, place, 1] = mixed(int((texel >> 8) & 255), bright, green, fog, lift)
            frame.rgb[row, place, 2] = mixed(int((texel >> 16) & 255), bright, blue, fog, lift)
        if with_distance:
            frame.distance[row, place] = far
        if with_kind:
            frame.kind[row, place] = found


@njit
def mixed(colour: int, bright: int, haze: int, fog: int, lift: int) -> int:
    """A channel of a pixel: lit, then behind haze, then lightened."""
    value = (colour * bright) >> 8
    value += ((haze - value) * fog) >> 8
    return value + (((255 - value) * lift) >> 8)

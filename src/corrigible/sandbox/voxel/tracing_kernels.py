"""How rays walk through a padded grid of nodes, and how a tile of rays skips the empty space before them.

A ray visits cells in the order of its plane crossings; equal times go to the later axis. Times are multiples of
2^-24 of a depth unit, so that adding them up is exact and a walk may begin anywhere. A tile skips the slices that none
of its rays can hit in (coherent grid traversal, Wald et al. 2006, ACM TOG 25:485); what its rays then meet is bit for
bit what a plain walk from the eye meets.
"""

from typing import NamedTuple

import numpy as np

from corrigible.sandbox.compiled import njit
from corrigible.types import Array

AIR = 0
BORDER = 255  # the padding; also what a ray has met that leaves the world
GRAZING = 0.05  # least component along the main axis for which a tile is skipped through
LEAST = 1e-6  # smaller components of a direction count as this
SNAP = 1.5 * 2.0**28  # (x + SNAP) - SNAP rounds to a multiple of 2^-24 (IEEE double)
HALF = 2.0**-25  # half a multiple: turns "before" into "before or at"
TICKS = 2.0**26  # integer times: 24 bits of fraction, and 2 that put equal times of different axes in order
_FIXED = 4294967296.0  # bounds of slices are fixed-point, 32 bits of fraction
_MARGIN = 1 << 24  # of those bounds, 2^-8 nodes: more than rounding and LEAST move the steepest ray of any view
_ALL = np.uint64(0xFFFFFFFFFFFFFFFF)
_ONE = np.uint64(1)

TILE = 8  # pixels along a side
RAYS = TILE * TILE
# Scratch of a tile: where its rows of RAYS begin. Three rows (main axis, then the others in order) each, of float64 and
# of int64; among integers DIRECTION is what a crossing adds to the index of a cell.
DIRECTION, TIME, EACH = 0, 3 * RAYS, 6 * RAYS
ACROSS, UP, INVERSE, DISTANCE, REAL_ROWS = 9 * RAYS, 10 * RAYS, 11 * RAYS, 12 * RAYS, 13 * RAYS  # float64
SIDE = 9 * RAYS  # int64, three rows: the face that a crossing enters by
INDEX, FOUND, LIMIT = 12 * RAYS, 13 * RAYS, 14 * RAYS  # int64: cell, its node, the time after which nothing is met
MET, SIDE_MET, BEFORE = (
    15 * RAYS,
    16 * RAYS,
    17 * RAYS,
)  # int64: time and face by which that cell is entered, from where
SKY, LEVEL, TEXEL, STACK, WHOLE_ROWS = 18 * RAYS, 19 * RAYS, 20 * RAYS, 21 * RAYS, 22 * RAYS  # int64: what is looked up


class Eye(NamedTuple):
    """Where a view is taken from: origin (3,) float64 in padded nodes, its cell (3,) int64 and offset (3,) in it.

    axes (3, 3) float64: rows forward, right and up.
    """

    origin: Array
    cell: Array
    offset: Array
    axes: Array


class Rays(NamedTuple):
    """Scratch for a tile: corner (4, 3) float64, real (REAL_ROWS,) float64, whole (WHOLE_ROWS,) int64."""

    corner: Array
    real: Array
    whole: Array


@njit
def view_axes(yaw: float, pitch: float, axes: Array) -> None:
    """Write forward, right and up, rows of axes (3, 3). Degrees; yaw 0 looks along +y and 90 along -x, pitch 90 up."""
    cy, sy = np.cos(np.radians(yaw)), np.sin(np.radians(yaw))
    cp, sp = np.cos(np.radians(pitch)), np.sin(np.radians(pitch))
    axes[0, 0], axes[0, 1], axes[0, 2] = -sy * cp, cy * cp, sp
    axes[1, 0], axes[1, 1], axes[1, 2] = cy, sy, 0.0
    axes[2, 0], axes[2, 1], axes[2, 2] = sy * sp, -cy * sp, cp


@njit
def place_eye(x: float, y: float, z: float, yaw: float, pitch: float, eye: Eye) -> None:
    """Set `eye` to a point in nodes of the world (the border's cell is added here) and a direction in degrees."""
    eye.origin[0], eye.origin[1], eye.origin[2] = x + 1.0, y + 1.0, z + 1.0
    for k in range(3):
        eye.cell[k] = int(np.floor(eye.origin[k]))
        eye.offset[k] = eye.origin[k] - eye.cell[k]
    view_axes(yaw, pitch, eye.axes)


@njit
def full_slices(
    column: Array, size: tuple[int, int, int], eye: Eye, corner: Array, order: tuple[int, int, int]
) -> tuple[int, int]:
    """First and last slice along the main axis that holds something a ray between the corner rays (4, 3) may hit.

    (-1, -1) where none does. The corner components along that axis have one sign. The eye's own slice is number 0.
    """
    main, b, c = order
    first, last = -1, -1
    positive = corner[0, main] > 0.0
    least_b, most_b, least_c, most_c = np.inf, -np.inf, np.inf, -np.inf
    for m in range(4):
        inverse = 1.0 / abs(corner[m, main])
        slope = corner[m, b] * inverse
        least_b, most_b = min(least_b, slope), max(most_b, slope)
        slope = corner[m, c] * inverse
        least_c, most_c = min(least_c, slope), max(most_c, slope)
    far = 1.0 - eye.offset[main] if positive else eye.offset[main]
    eb, ec = eye.origin[b], eye.origin[c]
    # where a tile's rays are while they cross a slice: extremes are at its near or far side, by the sign of the slope
    low_b = int((eb + min(0.0, far * least_b)) * _FIXED) - _MARGIN
    high_b = int((eb + max(0.0, far * most_b)) * _FIXED) + _MARGIN
    low_c = int((ec + min(0.0, far * least_c)) * _FIXED) - _MARGIN
    high_c = int((ec + max(0.0, far * most_c)) * _FIXED) + _MARGIN
    width = size[1] + 2
    at, step = eye.cell[main], (1 if positive else -1)
    number = 0
    while 1 <= at <= size[main]:
        from_b, to_b = max(low_b >> 32, 1), min(high_b >> 32, size[b])
        from_c, to_c = max(low_c >> 32, 1), min(high_c >> 32, size[c])
        if from_b > to_b or from_c > to_c:
            break
        found = np.uint64(0)
        if main == 2:
            for x in range(from_b, to_b + 1):
                for y in range(from_c, to_c + 1):
                    found |= column[np.uint64(x * width + y)]
            found &= _ONE << np.uint64(at - 1)
        else:
            place = at * width + from_b if main == 0 else from_b * width + at
            for _ in range(from_b, to_b + 1):
                found |= column[np.uint64(place)]
                place += 1 if main == 0 else width
            found &= (_ALL >> np.uint64(63 - (to_c - from_c))) << np.uint64(from_c - 1)
        if found:
            last = number
            first = number if first < 0 else first
        if number == 0:
            low_b = int((eb + (far + 1.0 if least_b < 0.0 else far) * least_b) * _FIXED) - _MARGIN
            high_b = int((eb + (far + 1.0 if most_b > 0.0 else far) * most_b) * _FIXED) + _MARGIN
            low_c = int((ec + (far + 1.0 if least_c < 0.0 else far) * least_c) * _FIXED) - _MARGIN
            high_c = int((ec + (far + 1.0 if most_c > 0.0 else far) * most_c) * _FIXED) + _MARGIN
        else:
            low_b += int(least_b * _FIXED)
            high_b += int(most_b * _FIXED)
            low_c += int(least_c * _FIXED)
            high_c += int(most_c * _FIXED)
        number += 1
        at += step
    return first, last


@njit
def aim_rays(eye: Eye, order: tuple[int, int, int], real: Array) -> None:
    """Directions, first crossing times and times between crossings of a tile's rays, by its ACROSS and UP."""
    for p in range(3):
        k = order[p]
        forward, right, above, part = eye.axes[0, k], eye.axes[1, k], eye.axes[2, k], eye.offset[k]
        row = p * RAYS
        for i in range(RAYS):
            d = forward + real[UP + i] * above + real[ACROSS + i] * right
            each = (1.0 / max(abs(d), LEAST) + SNAP) - SNAP
            real[DIRECTION + row + i] = d
            real[TIME + row + i] = ((1.0 - part if d >= 0.0 else part) * each + SNAP) - SNAP
            real[EACH + row + i] = each


@njit
def crossings(first: float, each: float, d: float, until: float) -> float:
    """How many of the times first, first + each, first + 2 each, ... are before `until`; d: about 1 / each."""
    crossed = np.floor((until - first) * max(abs(d), LEAST))
    crossed = crossed - 1.0 if first + crossed * each >= until else crossed
    crossed = crossed + 1.0 if first + crossed * each < until else crossed
    crossed = crossed + 1.0 if first + crossed * each < until else crossed
    return max(crossed, 0.0)


@njit
def stride(axis: int, size: tuple[int, int, int]) -> int:
    """How far neighbours along an axis are apart in the padded array of nodes."""
    return 1 if axis == 2 else (size[2] + 2 if axis == 1 else (size[1] + 2) * (size[2] + 2))


@njit
def advance_rays(
    eye: Eye, order: tuple[int, int, int], size: tuple[int, int, int], empty: int, real: Array, whole: Array
) -> None:
    """Move a tile's rays on to their crossing number `empty` >= 1 along the main axis: times, and cells entered.

    A ray that is out of the world by then is put into cell 0, which is of the border.
    """
    main, b, c = order
    passed, since = float(empty), empty - 1.0
    start = float(eye.cell[main] + (empty if real[DIRECTION] >= 0.0 else -empty)) * stride(main, size)
    start_b, most_b, stride_b = float(eye.cell[b]), float(size[b]), float(stride(b, size))
    start_c, most_c, stride_c = float(eye.cell[c]), float(size[c]), float(stride(c, size))
    late_b, late_c = (HALF if b > main else 0.0), (HALF if c > main else 0.0)  # equal times: the later axis comes first
    for i in range(RAYS):
        first, each = real[TIME + i], real[EACH + i]
        until = first + since * each
        real[TIME + i] = first + passed * each
        first, each, d = real[TIME + RAYS + i], real[EACH + RAYS + i], real[DIRECTION + RAYS + i]
        crossed = crossings(first, each, d, until + late_b)
        real[TIME + RAYS + i] = first + crossed * each
        at_b = start_b + (crossed if d >= 0.0 else -crossed)
        first, each, d = real[TIME + 2 * RAYS + i], real[EACH + 2 * RAYS + i], real[DIRECTION + 2 * RAYS + i]
        crossed = crossings(first, each, d, until + late_c)
        real[TIME + 2 * RAYS + i] = first + crossed * each
        at_c = start_c + (crossed if d >= 0.0 else -crossed)
        index = start + at_b * stride_b + at_c * stride_c
        index = index if min(at_b, at_c, most_b - at_b + 1.0, most_c - at_c + 1.0) >= 1.0 else 0.0
        whole[INDEX + i] = int(index)


@njit
def count_time(order: tuple[int, int, int], size: tuple[int, int, int], span: int, real: Array, whole: Array) -> None:
    """Times as integers that differ between axes, and what crossings do; after `span` slices more nothing is met."""
    for p in range(3):
        k, row = order[p], p * RAYS
        step = stride(k, size)
        for i in range(RAYS):
            ahead = real[DIRECTION + row + i] >= 0.0
            whole[TIME + row + i] = int(real[TIME + row + i] * TICKS) + (2 - k)
            whole[EACH + row + i] = int(real[EACH + row + i] * TICKS)
            whole[DIRECTION + row + i] = step if ahead else -step
            whole[SIDE + row + i] = 2 * k + int(ahead)
    for i in range(RAYS):
        whole[LIMIT + i] = whole[TIME + i] + span * whole[EACH + i]


@njit
def walk_rays(node: Array, cutout: Array, around: int, first: int, last: int, on: bool, whole: Array) -> bool:
    """Walk rays `first` to `last` to what they meet: FOUND, INDEX, MET, SIDE_MET and BEFORE. Whether it is ever cutout.

    cutout (256,) bool: nodes with holes. around: a node that is not met, besides air. on: go on from a node that was.
    """
    holes = False
    for i in range(first, last):
        ta, tb, tc = whole[TIME + i], whole[TIME + RAYS + i], whole[TIME + 2 * RAYS + i]
        va, vb, vc = whole[EACH + i], whole[EACH + RAYS + i], whole[EACH + 2 * RAYS + i]
        ja, jb, jc = whole[DIRECTION + i], whole[DIRECTION + RAYS + i], whole[DIRECTION + 2 * RAYS + i]
        index, limit, due, axis = whole[INDEX + i], whole[LIMIT + i], min(tb, tc), 0
        found = AIR if on else int(node[np.uint64(index)])
        while (found == AIR) | (found == around):
            if ta < due:
                axis = 0
                if ta >= limit:
                    found = BORDER
                    break
                index, ta = index + ja, ta + va
            else:
                if tb < tc:
                    index, tb, axis = index + jb, tb + vb, RAYS
                else:
                    index, tc, axis = index + jc, tc + vc, 2 * RAYS
                due = min(tb, tc)
            found = int(node[np.uint64(index)])
        whole[FOUND + i] = found
        whole[INDEX + i] = index
        whole[MET + i] = ta - va if axis == 0 else (tb - vb if axis == RAYS else tc - vc)
        whole[SIDE_MET + i] = whole[np.uint64(SIDE + axis + i)]
        whole[BEFORE + i] = index - whole[np.uint64(DIRECTION + axis + i)]
        if cutout[np.uint64(found)]:
            holes = True
            whole[TIME + i], whole[TIME + RAYS + i], whole[TIME + 2 * RAYS + i] = ta, tb, tc
    return holes

"""Views of many worlds: nodes, then other bodies before them, then the held item over all."""

from typing import NamedTuple

import numpy as np

from corrigible.sandbox.compiled import njit
from corrigible.sandbox.voxel.acting_kernels import Bodies, Nodes
from corrigible.sandbox.voxel.physics_kernels import HALF_WIDTH, HEIGHT
from corrigible.sandbox.voxel.render_kernels import Frame, Lens, Paint, Scene, render_view
from corrigible.sandbox.voxel.tracing_kernels import LEAST, REAL_ROWS, WHOLE_ROWS, Eye, Rays, place_eye
from corrigible.types import Array

BODY = 254
NEAR = 0.05  # nodes: nearer parts of a body are not projected but searched for all over the view
ROUNDING = 1e-9  # nodes: a box is beyond a side of the view by more than rounding


class Hours(NamedTuple):
    """Light by time of day, H moments: sky (H, S, 3) uint8, haze (H, 3) int64, sun (H,) int64."""

    sky: Array
    haze: Array
    sun: Array


class Pictures(NamedTuple):
    """What is drawn besides nodes: body (looks, 6) int32 into the atlas; overlay (K, H, W, 4) uint8 RGBA, by tool."""

    body: Array
    overlay: Array


class Buffers(NamedTuple):
    """Caller-owned: rgb (N, A, H, W, 3) uint8; distance float32 and kind uint8 (N, A, H, W), or (0, 0, 0, 0)."""

    rgb: Array
    distance: Array
    kind: Array


@njit
def facing(yaw: float, side: int) -> int:
    """Which of its faces (right, left, front, back, top, bottom) a body that looks along yaw shows on face `side` of
    its box (+x, -x, +y, -y, top, bottom); its box turns by quarters only."""
    quarter = int(np.floor(yaw / 90.0 + 0.5)) % 4  # 0: +y, 1: -x, 2: -y, 3: +x
    if side > 3 or quarter == 0:
        return side
    if quarter == 2:
        return side ^ 1
    return side ^ 3 if (quarter == 1) == (side < 2) else side ^ 2


@njit
def rectangle(eye: Eye, lens: Lens, low: Array, high: Array, bounds: Array) -> bool:
    """Rows and columns (top, bottom, left, right) of a view that a box can be seen in; False where it cannot."""
    H, W = lens.up.shape[0], lens.across.shape[0]
    least_x, most_x, least_y, most_y = np.inf, -np.inf, np.inf, -np.inf
    outside = 31  # a bit for each side of the view that all corners are beyond, and one for behind the eye
    for corner in range(8):
        depth, x, y = 0.0, 0.0, 0.0
        for k in range(3):
            away = (high[k] if (corner >> k) & 1 else low[k]) - eye.origin[k]
            depth += away * eye.axes[0, k]
            x += away * eye.axes[1, k]
            y += away * eye.axes[2, k]
        beyond = int(depth <= 0.0)
        beyond |= 2 * int(x > lens.across[W - 1] * depth + ROUNDING) | 4 * int(x < lens.across[0] * depth - ROUNDING)
        beyond |= 8 * int(y > lens.up[0] * depth + ROUNDING) | 16 * int(y < lens.up[H - 1] * depth - ROUNDING)
        outside &= beyond
        if depth < NEAR:
            least_x, least_y, most_x, most_y = -np.inf, -np.inf, np.inf, np.inf
        else:
            least_x, most_x = min(least_x, x / depth), max(most_x, x / depth)
            least_y, most_y = min(least_y, y / depth), max(most_y, y / depth)
    if outside != 0:
        return False
    bounds[0], bounds[1], bounds[2], bounds[3] = 0, H, 0, W
    while bounds[0] < H and lens.up[bounds[0]] > most_y:
        bounds[0] += 1
    while bounds[1] > 0 and lens.up[bounds[1] - 1] < least_y:
        bounds[1] -= 1
    while bounds[2] < W and lens.across[bounds[2]] < least_x:
        bounds[2] += 1
    while bounds[3] > 0 and lens.across[bounds[3] - 1] > most_x:
        bounds[3] -= 1
    return bounds[0] < bounds[1] and bounds[2] < bounds[3]


@njit
def draw_body(
    scene: Scene, eye: Eye, lens: Lens, paint: Paint, look: Array, yaw: float, low: Array, high: Array, frame: Frame
) -> None:
    """A box from low to high (3,), padded nodes, where it is nearer than what was drawn. look: (6,) textures."""
    bounds = np.empty(4, np.int64)
    if not rectangle(eye, lens, low, high, bounds):
        return
    for row in range(bounds[0], bounds[1]):
        for place in range(bounds[2], bounds[3]):
            enters, leaves, side = -np.inf, np.inf, -1
            for k in range(3):
                d = eye.axes[0, k] + lens.across[place] * eye.axes[1, k] + lens.up[row] * eye.axes[2, k]
                if abs(d) < LEAST:
                    d = LEAST if d >= 0.0 else -LEAST
                near, far = (low[k] - eye.origin[k]) / d, (high[k] - eye.origin[k]) / d
                if near > far:
                    near, far = far, near
                if near > enters:
                    enters, side = near, 2 * k + (1 if d > 0.0 else 0)
                leaves = min(leaves, far)
            distance = enters / lens.inverse[row, place]
            if enters <= 0.0 or enters > leaves or distance >= frame.distance[row, place]:
                continue
            frame.distance[row, place] = distance
            if frame.kind.shape[0] > 0:
                frame.kind[row, place] = BODY
            main = side // 2
            b, c = (1 if main == 0 else 0), (2 if main < 2 else 1)
            texel = 0
            for k in (c, b):
                d = eye.axes[0, k] + lens.across[place] * eye.axes[1, k] + lens.up[row] * eye.axes[2, k]
                share = (eye.origin[k] + enters * d - low[k]) / (high[k] - low[k])
                at = min(max(int(share * 16.0), 0), 15)
                texel = texel * 16 + (15 - at if k == c else at)
            bright = (scene.sun * paint.shade[side]) >> 8
            fog = paint.fog[min(int(distance * 4.0), paint.fog.shape[0] - 1)]
            for k in range(3):
                value = (int(paint.atlas[look[facing(yaw, side)], texel, k]) * bright) >> 8
                frame.rgb[row, place, k] = value + (((scene.haze[k] - value) * fog) >> 8)


@njit
def draw_overlay(overlay: Array, rgb: Array) -> None:
    """Blend overlay (H, W, 4) over rgb (H, W, 3)."""
    for row in range(rgb.shape[0]):
        for place in range(rgb.shape[1]):
            alpha = int(overlay[row, place, 3])
            if alpha > 0:
                for k in range(3):
                    value = int(rgb[row, place, k])
                    rgb[row, place, k] = value + ((int(overlay[row, place, k]) - value) * alpha + 127) // 255


@njit
def render_worlds(
    nodes: Nodes,
    bodies: Bodies,
    moment: Array,
    pointed: Array,
    lens: Lens,
    paint: Paint,
    hours: Hours,
    pictures: Pictures,
    buffers: Buffers,
    height: float,
    first: int,
    last: int,
) -> None:
    """Every agent's view of worlds `first` to `last`. moment (N,) int64 into hours; pointed (N, A), -1: none.

    height: of the eye, nodes above the feet.
    """
    N, A, H, W = buffers.rgb.shape[0], buffers.rgb.shape[1], buffers.rgb.shape[2], buffers.rgb.shape[3]
    eye = Eye(np.empty(3), np.empty(3, np.int64), np.empty(3), np.empty((3, 3)))
    rays = Rays(np.empty((4, 3)), np.empty(REAL_ROWS), np.empty(WHOLE_ROWS, np.int64))
    low, high = np.empty(3), np.empty(3)
    wanted = buffers.distance.shape[0] == N and N > 0
    scratch = np.empty((H, W) if A > 1 and not wanted else (0, 0), np.float32)
    unseen = np.empty((0, 0), np.uint8)
    for n in range(first, last):
        m = moment[n]
        scene = Scene(nodes.node[n], nodes.column[n], nodes.size, hours.sky[m], hours.haze[m], int(hours.sun[m]))
        for a in range(A):
            frame = Frame(
                buffers.rgb[n, a],
                buffers.distance[n, a] if wanted else scratch,
                buffers.kind[n, a] if buffers.kind.shape[0] == N else unseen,
            )
            x, y, z = bodies.place[n, a, 0], bodies.place[n, a, 1], bodies.place[n, a, 2]
            place_eye(x, y, z + height, bodies.yaw[n, a], bodies.pitch[n, a], eye)
            render_view(scene, eye, lens, paint, pointed[n, a], rays, frame)
            for b in range(A):
                if b == a:
                    continue
                for k in range(3):
                    low[k] = bodies.place[n, b, k] + 1.0 - (HALF_WIDTH if k < 2 else 0.0)
                    high[k] = bodies.place[n, b, k] + 1.0 + (HALF_WIDTH if k < 2 else HEIGHT)
                draw_body(
                    scene,
                    eye,
                    lens,
                    paint,
                    pictures.body[b % pictures.body.shape[0]],
                    bodies.yaw[n, b],
                    low,
                    high,
                    frame,
                )
            if pictures.overlay.shape[0] > 0:
                draw_overlay(pictures.overlay[bodies.tool[n, a]], frame.rgb)

"""Views of a scenario for people: from outside as an island, and from the eyes of agents where most is to be seen."""

from dataclasses import dataclass, replace
from itertools import product
from typing import Final

import numpy as np

from corrigible.sandbox.voxel.events import empty_record
from corrigible.sandbox.voxel.layouts import columns_of, padded, unpadded
from corrigible.sandbox.voxel.nodes import AIR, node_table
from corrigible.sandbox.voxel.simulator import VoxelWorlds
from corrigible.sandbox.voxel.state import empty_state
from corrigible.sandbox.voxel.viewing import Viewer, ViewParams
from corrigible.sandbox.voxel.worldgen import SIDES
from corrigible.types import Array

_DIRECTIONS: Final = 24
_BEGINNINGS: Final = 6
_PITCHES: Final = (0.0, 9.0)
_APART: Final = 1.5
_SMALL: Final = ViewParams(height=36, width=48, item="hidden", mark=False, kind=True, distance=True)
_YAW: Final = 315.0
_SLOPE: Final = 32.0
"""Degrees by which the line from the eye to the middle of the island goes down."""

_ROOM: Final = 1.1
_OUTSIDE: Final = 160.0
"""Nodes of haze for views from outside: none of the world is hidden."""


def island_view(worlds: VoxelWorlds, world: int, *, height: int, width: int, bodies: bool = False) -> Array:
    """uint8 (height, width, 3): the whole world as an island in the air, seen from a corner at its time of day.

    Its nodes are put in the middle of a larger room of air, so that the eye can be outside. bodies: whether the agents
    are drawn where they stand.
    """
    nodes = unpadded(worlds.state.nodes.node[world], worlds.state.nodes.size)
    room = SIDES[1]
    whole = np.full((room, room, room), AIR, dtype=np.uint8)
    X, Y, Z = nodes.shape
    left, front = (room - X) // 2, (room - Y) // 2
    whole[left : left + X, front : front + Y, :Z] = nodes
    others = worlds.params.agents if bodies else 0
    state = empty_state(replace(worlds.params, size=(room, room, room), agents=1 + others), 1)
    state.nodes.node[0], state.nodes.column[0] = padded(whole), columns_of(whole, node_table())
    state.hour[0] = worlds.state.hour[world]
    eye, pitch, field = _outside(np.argwhere(node_table().drawn[whole]) + 0.5, room, height / width)
    state.bodies.place[0, 0] = eye - (0.0, 0.0, state.eye)
    state.bodies.yaw[0, 0], state.bodies.pitch[0, 0] = _YAW, pitch
    if bodies:
        seen = worlds.state.bodies
        state.bodies.place[0, 1:] = seen.place[world] + (left, front, 0.0)
        state.bodies.yaw[0, 1:], state.bodies.pitch[0, 1:] = seen.yaw[world], seen.pitch[world]
    view = ViewParams(height=height, width=width, field=field, item="hidden", mark=False, far=_OUTSIDE)
    viewer = Viewer(view)
    buffers = viewer.buffers(1, 1 + others)
    viewer.draw(state, empty_record(1, 1 + others), buffers)
    return buffers.rgb[0, 0]


def _outside(points: Array, room: int, aspect: float) -> tuple[Array, float, float]:
    """Where to stand in the corner of a room of that side, pitch and field of view (degrees), to see points (M, 3)."""
    middle = (points.min(axis=0) + points.max(axis=0)) / 2
    away = min((room / 2 - 0.6) * np.sqrt(2.0), (room - 0.6 - middle[2]) / np.tan(np.radians(_SLOPE)))
    side = away * np.sqrt(0.5)
    eye = middle + np.array((-side, -side, away * np.tan(np.radians(_SLOPE))))
    pitch, field = -_SLOPE, 60.0
    for _ in range(4):  # look at the middle of what is seen
        across, up = _seen_at(points - eye, pitch)
        pitch += float(np.degrees(np.arctan((up.min() + up.max()) / 2)))
        across, up = _seen_at(points - eye, pitch)
        most = max(float(np.abs(across).max()), float(np.abs(up).max()) / aspect)
        field = 2.0 * float(np.degrees(np.arctan(_ROOM * most)))
    return eye, pitch, float(np.clip(field, 20.0, 130.0))


def _seen_at(away: Array, pitch: float) -> tuple[Array, Array]:
    """Where on the image plane (to the right, up) points (M, 3) from the eye are seen at yaw `_YAW`."""
    turned, raised = np.radians(_YAW), np.radians(pitch)
    flat = np.array((-np.sin(turned), np.cos(turned), 0.0))
    ahead = flat * np.cos(raised) + np.array((0.0, 0.0, np.sin(raised)))
    up = np.array((0.0, 0.0, np.cos(raised))) - flat * np.sin(raised)
    right = np.array((np.cos(turned), np.sin(turned), 0.0))
    depth = np.maximum(away @ ahead, 0.5)
    return away @ right / depth, away @ up / depth


@dataclass(frozen=True, kw_only=True)
class Lookout:
    """A place and a direction from which much is to be seen: feet, yaw and pitch in degrees."""

    place: tuple[float, float, float]
    yaw: float
    pitch: float


def find_lookouts(worlds: VoxelWorlds) -> tuple[Lookout, ...]:
    """For agent 0 of every world, of the places where it may begin and 24 directions, that with the richest view.

    Richest: most even among kinds of node, so neither all sky nor all wall; what is very near counts against it, and so
    does what a world before shows from about the same place in about the same direction.
    """
    chosen: list[Lookout] = []
    for candidates in _candidates(worlds):
        ranked = sorted(candidates, key=lambda found: -found[0])
        fresh = (lookout for _, lookout in ranked if not any(_alike(lookout, before) for before in chosen))
        chosen.append(next(fresh, ranked[0][1]))
    return tuple(chosen)


def _candidates(worlds: VoxelWorlds) -> list[list[tuple[float, Lookout]]]:
    """By world: how rich the views from some places are."""
    state = worlds.state
    viewer = Viewer(_SMALL)
    buffers = viewer.buffers(*state.bodies.yaw.shape)
    before = worlds.snapshot()
    found: list[list[tuple[float, Lookout]]] = [[] for _ in range(state.worlds)]
    spawns = [worlds.layouts.get(int(number)).layout.spawns for number in state.layout]
    for beginning in range(_BEGINNINGS):
        for n, places in enumerate(spawns):
            state.bodies.place[n, 0] = places[beginning % len(places)]
        for yaw, pitch in product(np.arange(_DIRECTIONS) * 360.0 / _DIRECTIONS, _PITCHES):
            state.bodies.yaw[:, 0], state.bodies.pitch[:, 0] = yaw, pitch
            viewer.draw(state, worlds.record, buffers, worlds.crew)
            for n in range(state.worlds):
                x, y, z = (float(k) for k in state.bodies.place[n, 0])
                others = np.abs(state.bodies.place[n, 1:] - state.bodies.place[n, 0]).max(axis=1)
                rich = _richness(buffers.kind[n, 0], buffers.distance[n, 0]) - float((others < _APART).any())
                found[n].append((rich, Lookout(place=(x, y, z), yaw=float(yaw), pitch=pitch)))
    worlds.restore(before)
    return found


def _alike(one: Lookout, other: Lookout) -> bool:
    turned = abs((one.yaw - other.yaw + 180.0) % 360.0 - 180.0)
    return turned < 50.0 and float(np.hypot(one.place[0] - other.place[0], one.place[1] - other.place[1])) < 6.0


def _richness(kind: Array, distance: Array) -> float:
    shares = np.bincount(kind.ravel(), minlength=256) / kind.size
    shares = shares[shares > 0]
    near = float((distance < 1.7).mean())
    depth = float(np.log1p(np.minimum(distance, 30.0)).std())
    return float(-(shares * np.log(shares)).sum()) + 0.4 * depth - 2.0 * near

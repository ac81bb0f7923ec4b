"""A scripted walk that knows the world: to trees that are near, digging the logs it can reach. For demonstrations."""

from typing import Final

import numpy as np

from corrigible.sandbox.voxel.acting_kernels import DIG, FORWARD, JUMP_KEY
from corrigible.sandbox.voxel.layouts import unpadded
from corrigible.sandbox.voxel.nodes import node_table
from corrigible.sandbox.voxel.params import EnvParams
from corrigible.sandbox.voxel.replay import ActionLog, Recorder
from corrigible.sandbox.voxel.simulator import VoxelWorlds
from corrigible.sandbox.voxel.viewing import ViewParams
from corrigible.types import Array

SWIFTEST: Final = 15.0
"""Degrees of a turn in one step."""

_NEAR: Final = 3.6  # nodes from the eye: within reach, with something to spare


def record_walk(params: EnvParams, *, seed: int, steps: int, view: ViewParams | None = None) -> ActionLog:
    """A walk of one agent in world 0 to its nearest logs, which it digs one after another."""
    worlds = VoxelWorlds(params, seed)
    recorder = Recorder(worlds, view=view)
    worlds.begin()
    N, A = worlds.state.bodies.yaw.shape
    before = np.full(3, np.inf)
    for _ in range(min(steps, params.horizon)):
        keys, turn = np.zeros((N, A), dtype=np.uint16), np.zeros((N, A, 2))
        place = worlds.state.bodies.place[0, 0].copy()
        stuck = bool(np.abs(place[:2] - before[:2]).max() < 0.05)
        keys[0, 0], turn[0, 0] = next_step(worlds, stuck=stuck)
        before = place
        worlds.step(keys, turn)
    return recorder.log()


def next_step(worlds: VoxelWorlds, *, stuck: bool) -> tuple[int, Array]:
    """Keys and turn (left, up; degrees) of agent 0 of world 0: face the nearest log, walk up to it, dig.

    stuck: it has not moved in the last step, so it jumps. Where there is no log left it looks about.
    """
    bodies = worlds.state.bodies
    place, yaw, pitch = bodies.place[0, 0], float(bodies.yaw[0, 0]), float(bodies.pitch[0, 0])
    eye = place + np.array((0.0, 0.0, worlds.params.eye))
    target = _nearest_log(worlds, eye)
    if target is None:
        return 0, np.array((SWIFTEST / 3, float(np.clip(-pitch, -SWIFTEST, SWIFTEST))))
    away = target - eye
    flat = float(np.hypot(away[0], away[1]))
    left = (float(np.degrees(np.arctan2(-away[0], away[1]))) - yaw + 180.0) % 360.0 - 180.0
    up = float(np.degrees(np.arctan2(away[2], flat))) - pitch
    near = float(np.linalg.norm(away)) < _NEAR
    turn = np.clip((left, up if near else -pitch), -SWIFTEST, SWIFTEST)
    if not near:
        facing = abs(left) < 2 * SWIFTEST
        return (FORWARD | (JUMP_KEY if stuck else 0)) if facing else 0, turn
    aimed = abs(left) <= SWIFTEST and abs(up) <= SWIFTEST
    return DIG if aimed else 0, turn


def _nearest_log(worlds: VoxelWorlds, eye: Array) -> Array | None:
    """Middle of the log that is nearest, if it can be reached from some place on the ground; (3,) or None."""
    nodes = unpadded(worlds.state.nodes.node[0], worlds.state.nodes.size)
    logs = np.argwhere(node_table().in_group("tree")[nodes]) + 0.5
    reachable = logs[np.abs(logs[:, 2] - eye[2]) < _NEAR - 0.5]
    if not len(reachable):
        return None
    return reachable[np.argmin(((reachable - eye) ** 2).sum(axis=1))]

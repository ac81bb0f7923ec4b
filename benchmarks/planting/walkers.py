"""Scripted players of voxel worlds who walk to logs and dig them, but for those that their rule leaves."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np

from corrigible.sandbox.voxel.acting_kernels import DIG, FORWARD, JUMP_KEY
from corrigible.sandbox.voxel.events import TraceLog
from corrigible.sandbox.voxel.layouts import unpadded
from corrigible.sandbox.voxel.nodes import node_table
from corrigible.sandbox.voxel.params import EnvParams
from corrigible.sandbox.voxel.physics_kernels import EYE_HEIGHT
from corrigible.sandbox.voxel.sandbox import scene_of
from corrigible.sandbox.voxel.simulator import VoxelWorlds
from corrigible.types import Array, WorldTrace

SWIFTEST: Final = 15.0  # degrees of a turn in one step
NEAR: Final = 3.6  # nodes from the eye at which it stops and digs
PATIENCE: Final = 24  # steps on one target


@dataclass(frozen=True, kw_only=True, eq=False)
class Targets:
    """M logs of one world as they stood. place (M, 3), rank and top (M,) from the lowest and highest of its trunk,
    length (M,), distance (M,) from the start; size of the world."""

    place: Array
    rank: Array
    top: Array
    length: Array
    distance: Array
    size: tuple[int, int, int]


Rule = Callable[[Targets], Array]
"""Targets -> (M,) bool: those that the player never means to dig."""


def walk(
    worlds: int, seed: int, generator: np.random.Generator, leaves: Rule | None = None, steps: int = 300
) -> WorldTrace:
    """One episode in each of `worlds` groves that `seed` makes; the player's whims come from the generator."""
    batch = VoxelWorlds(EnvParams(scenario="grove", size=(24, 24, 20), worlds=worlds, steps=steps), seed)
    batch.begin()
    log = TraceLog(worlds, scene_of(batch))
    targets = targets_of(log.trace())
    wanted = [np.ones(len(item.place), dtype=bool) if leaves is None else ~leaves(item) for item in targets]
    aims, since = np.full(worlds, -1), np.zeros(worlds, dtype=int)
    keys, turn = np.zeros((worlds, 1), dtype=np.uint16), np.zeros((worlds, 1, 2))
    before = batch.state.bodies.place[:, 0].copy()
    for t in range(steps):
        for n in range(worlds):
            since[n] += 1
            stands = _stands(batch, n, targets[n].place)
            if aims[n] < 0 or not stands[aims[n]] or since[n] > PATIENCE:
                aims[n], since[n] = _aim(batch, n, targets[n].place, wanted[n] & stands, generator), 0
            stuck = np.abs(batch.state.bodies.place[n, 0, :2] - before[n, :2]).max() < 0.05
            keys[n, 0], turn[n, 0] = _step(batch, n, targets[n].place, int(aims[n]), stuck=bool(stuck))
        before = batch.state.bodies.place[:, 0].copy()
        batch.step(keys, turn)
        log.add(t, batch.record)
    return log.trace()


def targets_of(trace: WorldTrace) -> list[Targets]:
    """The logs of every world of a trace of `walk`."""
    scene = trace.scene
    assert scene is not None
    found: list[Targets] = []
    for nodes, start in zip(scene.kind, scene.origin, strict=True):
        place = np.argwhere(node_table().in_group("tree")[nodes])
        column = place[:, 0] * 1000 + place[:, 1]
        low = np.array([place[column == each, 2].min() for each in column])
        high = np.array([place[column == each, 2].max() for each in column])
        found.append(
            Targets(
                place=place,
                rank=place[:, 2] - low,
                top=high - place[:, 2],
                length=high - low + 1,
                distance=np.hypot(*(place[:, :2] + 0.5 - start[:2]).T),
                size=nodes.shape,
            )
        )
    return found


def _stands(batch: VoxelWorlds, n: int, place: Array) -> Array:
    nodes = unpadded(batch.state.nodes.node[n], batch.state.nodes.size)
    return node_table().in_group("tree")[nodes[tuple(place.T)]]


def _aim(batch: VoxelWorlds, n: int, place: Array, allowed: Array, generator: np.random.Generator) -> int:
    """A log within reach of the eye's height, mostly the nearest; -1 where there is none."""
    eye = batch.state.bodies.place[n, 0] + np.array((0.0, 0.0, EYE_HEIGHT))
    chosen = np.flatnonzero(allowed & (np.abs(place[:, 2] + 0.5 - eye[2]) < NEAR - 0.5))
    if not len(chosen):
        return -1
    if generator.random() < 0.2:
        return int(generator.choice(chosen))
    return int(chosen[np.argmin(((place[chosen] + 0.5 - eye) ** 2).sum(axis=1))])


def _step(batch: VoxelWorlds, n: int, place: Array, aim: int, *, stuck: bool) -> tuple[int, Array]:
    bodies = batch.state.bodies
    yaw, pitch = float(bodies.yaw[n, 0]), float(bodies.pitch[n, 0])
    if aim < 0:
        return 0, np.array((SWIFTEST / 3, float(np.clip(-pitch, -SWIFTEST, SWIFTEST))))
    away = place[aim] + 0.5 - bodies.place[n, 0] - np.array((0.0, 0.0, EYE_HEIGHT))
    flat = float(np.hypot(away[0], away[1]))
    left = (float(np.degrees(np.arctan2(-away[0], away[1]))) - yaw + 180.0) % 360.0 - 180.0
    up = float(np.degrees(np.arctan2(away[2], flat))) - pitch
    near = float(np.linalg.norm(away)) < NEAR
    turn = np.clip((left, up if near else -pitch), -SWIFTEST, SWIFTEST)
    if not near:
        return ((FORWARD | (JUMP_KEY if stuck else 0)) if abs(left) < 2 * SWIFTEST else 0), turn
    return (DIG if abs(left) <= SWIFTEST and abs(up) <= SWIFTEST else 0), turn

"""Random play in our own worlds, resets included, and the growth of its cost."""

import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final, final

import numpy as np

from corrigible.errors import BadInput
from corrigible.sandbox.voxel.acting_kernels import DIG, FORWARD, JUMP_KEY
from corrigible.sandbox.voxel.params import EnvParams
from corrigible.sandbox.voxel.simulator import VoxelWorlds
from corrigible.sandbox.voxel.vector_env import VoxelVectorEnv
from corrigible.sandbox.voxel.viewing import Viewer, ViewParams
from corrigible.types import Array

SCENES: Final = ("branchy_grove", "open_hills")
WORLDS: Final = 64
LAYOUTS: Final = 64
STEPS: Final = 100  # of each world, in a repeat
FRAMES: Final = 3_000  # at 64 x 64, for a point of the growth


@final
class Play:
    """A VoxelVectorEnv of 64 worlds under random actions; resets are spread evenly over steps."""

    def __init__(self, scene: str, height: int, width: int) -> None:
        params = EnvParams(scenario=scene, worlds=WORLDS, layouts=LAYOUTS)
        self.environment = VoxelVectorEnv(params, ViewParams(height=height, width=width), seed=0)
        worlds = self.environment.worlds
        for number in range(LAYOUTS):
            worlds.layouts.get(number)
        self.environment.reset(seed=0)
        worlds.state.time[:] = np.arange(WORLDS) * params.horizon // WORLDS
        self.resetting, self.resets, self.total = 0.0, 0, 0.0
        self._begin, worlds.begin = worlds.begin, self._timed_begin  # type: ignore[method-assign] # a clock around it
        self._generator = np.random.default_rng(0)

    def work(self) -> tuple[int, float]:
        """Frames and CPU-seconds of one repeat."""
        before = time.process_time()
        for _ in range(STEPS):
            self.environment.step(self._generator.integers(0, 10, WORLDS))
        seconds = time.process_time() - before
        self.total += seconds
        return WORLDS * STEPS, seconds

    @property
    def reset_share(self) -> float:
        """Share of CPU time that went into beginning episodes from the pool of layouts."""
        return self.resetting / self.total

    def _timed_begin(self, worlds: Array | None = None) -> None:
        before = time.process_time()
        self._begin(worlds)
        self.resetting += time.process_time() - before
        self.resets += WORLDS if worlds is None else int(worlds.sum())


def wander(worlds: VoxelWorlds, generator: np.random.Generator) -> None:
    """One step of all agents: walk, often dig and jump, look about without staring at ground or sky."""
    N, A = worlds.state.bodies.yaw.shape
    draw = generator.random((3, N, A))
    keys = FORWARD * (draw[0] < 0.7) + JUMP_KEY * (draw[1] < 0.3) + DIG * (draw[2] < 0.5)
    yaw = generator.uniform(-20.0, 20.0, (N, A))
    pitch = generator.normal(0.0, 8.0, (N, A)) - 0.2 * worlds.state.bodies.pitch
    worlds.step(keys.astype(np.uint16), np.stack((yaw, pitch), axis=-1))


@dataclass(frozen=True, kw_only=True)
class Point:
    """A measurement of growth: frames (views of all agents) per CPU-second, best of the repeats."""

    axis: str
    value: int
    scene: str
    frames: float
    pixels: float

    @property
    def measured(self) -> bool:
        """Whether the scenario could be had so."""
        return bool(np.isfinite(self.frames))


def growth(repeats: int) -> Iterator[Point]:
    """Every axis in turn from 64 worlds of the scenario's size with one agent at 64 x 64."""
    for scene in SCENES:
        start = EnvParams(scenario=scene, worlds=WORLDS, layouts=8)
        for number in (16, 64, 256, 1024):
            yield point("worlds", number, replace(start, worlds=number), 64, repeats)
        for side in (16, 32, 48, 64):
            yield point("side of the world", side, replace(start, size=(side, side, side), layouts=4), 64, repeats)
        for number in (1, 2, 4, 8):
            yield point("agents", number, replace(start, agents=number), 64, repeats)
        for pixels in (32, 64, 96, 128):
            yield point("pixels along a side", pixels, start, pixels, repeats)


def point(axis: str, value: int, params: EnvParams, pixels: int, repeats: int) -> Point:
    """Random play with views of all agents; NaN where the scenario cannot be had so."""
    try:
        worlds = VoxelWorlds(params, seed=0)
        worlds.begin()
    except BadInput:
        return Point(axis=axis, value=value, scene=str(params.scenario), frames=np.nan, pixels=np.nan)
    viewer, generator = Viewer(ViewParams(height=pixels, width=pixels)), np.random.default_rng(0)
    buffers, each = viewer.buffers(params.worlds, params.agents), params.worlds * params.agents
    steps = max(2, round(FRAMES * (64 / pixels) ** 2 / each))
    best = np.inf
    for _ in range(repeats + 1):  # the first warms up
        before = time.process_time()
        for _ in range(steps):
            wander(worlds, generator)
            if worlds.state.done.any():
                worlds.begin(worlds.state.done.copy())
            viewer.draw(worlds.state, worlds.record, buffers)
        best = min(best, (time.process_time() - before) / steps)
    frames = each / best
    return Point(axis=axis, value=value, scene=str(params.scenario), frames=frames, pixels=frames * pixels**2)

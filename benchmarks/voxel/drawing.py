"""The same views drawn by our kernels and by C: checked to be the same picture, then timed in turn."""

import ctypes
import time
from typing import Final, final

import numpy as np

from corrigible.sandbox.voxel.params import EnvParams
from corrigible.sandbox.voxel.simulator import VoxelWorlds
from corrigible.sandbox.voxel.viewing import Viewer, ViewParams
from voxel.plain_c import ViewsInC
from voxel.playing import LAYOUTS, WORLDS, wander

PLAYED: Final = 40  # steps of random play before the views that are drawn
TIMES: Final = 20


@final
class Drawing:
    """Views of 64 worlds in the middle of random play, without the held item, 64 x 64."""

    def __init__(self, library: ctypes.CDLL, scene: str) -> None:
        self._worlds = VoxelWorlds(EnvParams(scenario=scene, worlds=WORLDS, layouts=LAYOUTS), seed=0)
        self._worlds.begin()
        generator = np.random.default_rng(0)
        for _ in range(PLAYED):
            wander(self._worlds, generator)
        view = ViewParams(item="hidden")
        self._viewer = Viewer(view)
        self._buffers = self._viewer.buffers(WORLDS, 1)
        self._peer = ViewsInC(library, self._worlds, view)

    def difference(self) -> int:
        """Most levels by which any channel of any pixel differs."""
        self._draw()
        self._peer.draw()
        return int(np.abs(self._buffers.rgb[:, 0].astype(int) - self._peer.rgb).max())

    def ours(self) -> tuple[int, float]:
        """Frames and CPU-seconds."""
        before = time.process_time()
        for _ in range(TIMES):
            self._draw()
        return WORLDS * TIMES, time.process_time() - before

    def theirs(self) -> tuple[int, float]:
        """Frames and CPU-seconds."""
        before = time.process_time()
        for _ in range(TIMES):
            self._peer.draw()
        return WORLDS * TIMES, time.process_time() - before

    def _draw(self) -> None:
        self._viewer.draw(self._worlds.state, self._worlds.record, self._buffers)

"""What a person is shown: the world through the agent's eyes, enlarged, and beside it what the network was given."""

from dataclasses import replace
from typing import Final, final

import numpy as np

from corrigible.sandbox.voxel.simulator import VoxelWorlds
from corrigible.sandbox.voxel.viewing import Viewer, ViewParams
from corrigible.types import Array

LEAST: Final = 256
"""Pixels that the shorter side of an enlarged view has at least, if the longer one stays below MOST."""

MOST: Final = 512
"""Pixels that the longer side is enlarged to at most: larger tools in the hand are not drawn."""


def enlargement(view: ViewParams) -> int:
    """By how much a view is enlarged; where there is room the height becomes even, as video codecs want it."""
    short, long = sorted((view.height, view.width))
    times = max(1, min(-(-LEAST // short), MOST // long))
    odd = times * view.height % 2 == 1
    if odd and (times + 1) * long <= MOST:
        return times + 1
    return times - 1 if odd and times > 1 else times


@final
class Screen:
    """Draws pictures (N, H, 2 W, 3) uint8 for people; H and W are those of the view, times `enlargement(view)`.

    On the left agent 0's view is drawn again with as many pixels; on the right is the newest view of its observation.
    """

    def __init__(self, view: ViewParams) -> None:
        self._times = enlargement(view)
        self._depth = 1 if view.grey else 3
        height, width = view.height * self._times, view.width * self._times
        large = replace(view, height=height, width=width, distance=False, kind=False, grey=False, stack=1)
        self._viewer = Viewer(large)

    def pictures(self, worlds: VoxelWorlds, observation: Array) -> Array:
        """One picture for each world, of arrays of its own. observation: (N, H, W, C) uint8, as the network has it."""
        buffers = self._viewer.buffers(*worlds.state.bodies.yaw.shape)
        self._viewer.draw(worlds.state, worlds.record, buffers, worlds.crew)
        seen = observation[..., -self._depth :].repeat(self._times, axis=1).repeat(self._times, axis=2)
        left = buffers.rgb[:, 0]
        return np.concatenate((left, np.broadcast_to(seen, left.shape)), axis=2)

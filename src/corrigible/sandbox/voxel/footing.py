"""How far agent 0 of every world is from each cell on foot, by the model of footing_kernels; kept until it changes."""

from typing import Final, final

import numpy as np

from corrigible.sandbox.voxel.footing_kernels import STARTS, flood, starts_of
from corrigible.sandbox.voxel.simulator import VoxelWorlds
from corrigible.sandbox.voxel.state import EnvState
from corrigible.types import Array

NONE: Final = np.full(1, -1, dtype=np.int64)


@final
class Footing:
    """distance (N, P) int32: moves from the body to each padded cell, -1 where it cannot get on foot.

    A world is searched again where its nodes, or the cells that the body stands in, are not those of the last look;
    what was looked at before makes no difference. exact: where not, and only the body has moved, to where it could come
    from and go back to, distances may stay those of before, since what it can reach is the same.
    """

    def __init__(self, worlds: VoxelWorlds, *, exact: bool = True) -> None:
        N, P = worlds.state.nodes.node.shape
        self._kinds, self._size, self._exact = worlds.kinds, worlds.state.nodes.size, exact
        self.distance = np.full((N, P), -1, dtype=np.int32)
        self._node = np.zeros((N, P), dtype=np.uint8)
        self._starts = np.full((N, STARTS), -1, dtype=np.int64)
        self._queue, self._now = np.zeros(P, dtype=np.int64), np.zeros(STARTS, dtype=np.int64)
        self._tried = np.zeros(P, dtype=np.int32)

    def look(self, state: EnvState) -> Array:
        """Bring `distance` up to a state of as many worlds; returns (N,) bool: which were searched again."""
        fresh = (self._node != state.nodes.node).any(axis=1)
        self._node[fresh] = state.nodes.node[fresh]
        for n in range(state.worlds):
            node, place = state.nodes.node[n], state.bodies.place[n, 0]
            starts_of(node, self._kinds.solid, self._kinds.liquid, self._size, place, self._now)
            if not fresh[n]:
                moved = bool((self._now != self._starts[n]).any())
                fresh[n] = moved and not self._joined(n)
            if fresh[n]:
                self._search(node, self._now, self.distance[n], NONE)
            self._starts[n] = self._now
        return fresh

    def from_place(self, node: Array, place: Array) -> Array:
        """(P,) int32: distances in a world `node` (P,) from a body at `place` (3,)."""
        starts, distance = np.zeros(STARTS, dtype=np.int64), np.zeros(node.shape, dtype=np.int32)
        starts_of(node, self._kinds.solid, self._kinds.liquid, self._size, place, starts)
        self._search(node, starts, distance, NONE)
        return distance

    def _joined(self, n: int) -> bool:
        """Whether the body could come to where it is now from where it was searched for, and go back: then it reaches
        the same cells."""
        now, before = self._now[self._now >= 0], self._starts[n]
        if self._exact or not len(now) or (before < 0).all() or (self.distance[n, now] < 0).any():
            return False
        return self._search(self._node[n], now, self._tried, before)

    def _search(self, node: Array, starts: Array, distance: Array, wanted: Array) -> bool:
        return bool(
            flood(node, self._kinds.solid, self._kinds.liquid, self._size, starts, distance, self._queue, wanted)
        )

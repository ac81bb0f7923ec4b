"""What agent 0 of every world is given to see: grey and stacked if asked, in one buffer that the caller may own."""

from dataclasses import fields
from typing import final

import numpy as np

from corrigible.errors import BadInput
from corrigible.sandbox.voxel.acting_kernels import Bodies, Nodes, Record
from corrigible.sandbox.voxel.simulator import Crew, VoxelWorlds
from corrigible.sandbox.voxel.stacking_kernels import FILL, LEAVE, PUSH, push_views
from corrigible.sandbox.voxel.state import EnvState
from corrigible.sandbox.voxel.viewing import Viewer, ViewParams
from corrigible.types import Array


def channels(view: ViewParams) -> int:
    """Channels of an observation: 3, or 1 where grey, for each view in the stack."""
    return (1 if view.grey else 3) * view.stack


@final
class Observer:
    """Observations (N, H, W, C) uint8 of agent 0 of every world, written into one array again and again.

    observation: that array. views: those of all agents, as drawn. Where a stack begins, the first view fills it all.
    Raises BadInput where a given buffer does not fit.
    """

    def __init__(self, view: ViewParams, worlds: int, agents: int, buffer: Array | None = None) -> None:
        shape = (worlds, view.height, view.width, channels(view))
        self.view = view
        self.observation = np.zeros(shape, dtype=np.uint8) if buffer is None else _fitting(buffer, shape)
        self._viewer = Viewer(view)
        self._direct = agents == 1 and not view.grey and view.stack == 1
        self.views = self._viewer.buffers(worlds, agents)
        if self._direct:  # the view is the observation: it is drawn where it is wanted
            self.views = self.views._replace(rgb=self.observation[:, None])

    def look(self, worlds: VoxelWorlds, fresh: Array) -> None:
        """One more view of every world; of those that are `fresh` (N,) bool, the first."""
        self._viewer.draw(worlds.state, worlds.record, self.views, worlds.crew)
        self._push(np.where(fresh, FILL, PUSH), worlds.crew)

    def begin(self, worlds: VoxelWorlds, fresh: Array) -> None:
        """First views of the worlds that are `fresh` (N,) bool; the observations of others stay as they are."""
        if fresh.all():
            self.look(worlds, fresh)
            return
        chosen = np.flatnonzero(fresh)
        some = self._viewer.buffers(len(chosen), self.views.rgb.shape[1])
        self._viewer.draw(_state_rows(worlds.state, chosen), _record_rows(worlds.record, chosen), some, worlds.crew)
        self.views.rgb[chosen] = some.rgb
        if self.view.distance:
            self.views.distance[chosen] = some.distance
        if self.view.kind:
            self.views.kind[chosen] = some.kind
        self._push(np.where(fresh, FILL, LEAVE), worlds.crew)

    def extras(self) -> dict[str, Array]:
        """What the view has beside the picture, of agent 0: distance (N, H, W) float32, kind (N, H, W) uint8."""
        found: dict[str, Array] = {}
        if self.view.distance:
            found["distance"] = self.views.distance[:, 0]
        if self.view.kind:
            found["kind"] = self.views.kind[:, 0]
        return found

    def _push(self, how: Array, crew: Crew) -> None:
        if self._direct:
            return
        orders, rgb, grey, into = how.astype(np.uint8), self.views.rgb, self.view.grey, self.observation
        crew.each(len(orders), lambda first, last: push_views(rgb, orders, grey, into, first, last))


def _fitting(buffer: Array, shape: tuple[int, ...]) -> Array:
    flags = buffer.flags
    if buffer.shape != shape or buffer.dtype != np.uint8 or not (flags.c_contiguous and flags.writeable):
        raise BadInput(
            value=f"an observation buffer of shape {buffer.shape} and type {buffer.dtype}",
            rule=f"it is {shape} uint8, contiguous and writeable",
            remedy=f"use numpy.zeros({shape}, numpy.uint8)",
        )
    return buffer


def _state_rows(state: EnvState, chosen: Array) -> EnvState:
    """A copy of some worlds, to be drawn."""
    nodes = Nodes(state.nodes.node[chosen], state.nodes.column[chosen], state.nodes.size)
    rest = {item.name: getattr(state, item.name)[chosen] for item in fields(state) if item.name not in _PARTS}
    return EnvState(nodes=nodes, bodies=Bodies(*(array[chosen] for array in state.bodies)), eye=state.eye, **rest)


_PARTS = ("nodes", "bodies", "eye")


def _record_rows(record: Record, chosen: Array) -> Record:
    return Record(*(array[chosen] for array in record))

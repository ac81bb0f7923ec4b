"""A penalty on what the miner of consequences found: nodes that are left, or changed, unlike a reference does.

Nobody says what was meant: a file says which nodes a failing policy treats otherwise than a reference, as
`detect.consequences` found it from changes of the world alone. But the reference had to be made by someone who knew,
and what is found need not be harm: whatever the failure does more of is charged, also what it does well.

At every moment the nodes that show the consequence are counted: of those that meet its conditions, the unchanged ones
where they are "left", else the changed ones. A step is charged what it adds to their number, and repaid what it takes
off, so that an episode costs the weight times those that it ends with, less those that it began with: where only worked
groups count, the first log of a tree costs, and the log that was left before repays. Features are the miner's own,
computed from the layout and the nodes as they are now, so that a node that was put back counts as unchanged.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import chain
from typing import Final, final

import numpy as np

from corrigible.agents.ppo_settings import PPOSettings
from corrigible.detect.consequences import Consequence
from corrigible.detect.mining.axes import Axis
from corrigible.detect.mining.nodes import Described, Frame, describe, frame_of
from corrigible.errors import NotApplicable
from corrigible.mitigate.relative_reachability import charged
from corrigible.plugin import remedy
from corrigible.sandbox.voxel.events import Reward, VoxelEvents, reward_in, unwatched
from corrigible.sandbox.voxel.found_nodes import FeatureLimits, FoundNodes
from corrigible.sandbox.voxel.layouts import unpadded
from corrigible.sandbox.voxel.nodes import node_table
from corrigible.sandbox.voxel.sandbox import VoxelWorld
from corrigible.sandbox.voxel.simulator import VoxelWorlds
from corrigible.types import Array, RewardFunction, Scene, Setup, WorldTrace

WEIGHT: Final = 2.0
"""Twice what a log pays."""


@remedy(
    "consequence-penalty",
    stage="reward",
    applies_to=("voxel",),
    summary="Charge for nodes that show what a miner found the failure to leave or change, unlike a reference.",
)
def consequence_penalty(setup: Setup[VoxelWorld, PPOSettings]) -> Setup[VoxelWorld, PPOSettings]:
    """The same pay, less WEIGHT times the nodes found. Raises NotApplicable where the world carries no findings."""
    if not setup.world.findings:
        raise NotApplicable(
            value=f"world.findings = {setup.world.findings}",
            rule="a penalty on what was found needs findings",
            remedy="write them with `python -m corrigible.stages.found_nodes RUN FILE`, or leave this remedy out",
        )
    return replace(setup, paid=ConsequencePenalty(paid=setup.paid, found=setup.world.findings, weight=WEIGHT))


def penalty_for(
    consequences: Sequence[Consequence], paid: RewardFunction, weight: float = WEIGHT
) -> "ConsequencePenalty":
    """`paid`, less the penalty on consequences; those of another outcome than "changed" are left out.

    Raises NotApplicable where none is left.
    """
    found = found_nodes(consequences)
    if not found:
        raise NotApplicable(
            value=f"{len(consequences)} consequences, none of the outcome 'changed'",
            rule="the penalty counts nodes that are changed or left",
            remedy="leave this remedy out",
        )
    return ConsequencePenalty(paid=paid, found=found, weight=weight)


def found_nodes(consequences: Sequence[Consequence]) -> tuple[FoundNodes, ...]:
    """What the penalty needs of consequences whose outcome is that nodes are changed, or left."""
    return tuple(
        FoundNodes(
            sentence=item.sentence,
            kind=item.kind,
            direction=item.direction,
            limits=[
                FeatureLimits(axis=limits.axis, least=limits.least, below=limits.below, name=limits.name)
                for limits in item.limits
            ],
        )
        for item in consequences
        if item.outcome == "changed"
    )


@final
@dataclass(frozen=True, kw_only=True)
class ConsequencePenalty:
    """`paid`, less `weight` times the increase of nodes that show what was found; of agent 0."""

    paid: RewardFunction
    found: tuple[FoundNodes, ...]
    weight: float

    def __call__(self, events: VoxelEvents) -> Array:
        """Raises BadInput: it looks at worlds (see events.Watching)."""
        del events
        raise unwatched(self)

    def watch(self, worlds: VoxelWorlds) -> Reward:
        """What these worlds pay."""
        return charged(reward_in(self.paid, worlds), worlds, self.weight, Showing(worlds, self.found).now)


@final
class Showing:
    """Counts the nodes of each world that show what was found; a node that two findings name counts once."""

    def __init__(self, worlds: VoxelWorlds, found: Sequence[FoundNodes]) -> None:
        self._worlds, self._found = worlds, found
        N, P = worlds.state.nodes.node.shape
        self._node = np.zeros((N, P), dtype=np.uint8)
        self._known = np.full((N, 3), -2, dtype=np.int64)
        self._value = np.zeros(N)

    def now(self) -> Array:
        """(N,) float64, of the worlds as they are; 0 where an episode has not begun."""
        state = self._worlds.state
        begun = np.stack((state.world, state.episode, state.layout), axis=1)
        anew = (begun != self._known).any(axis=1) | (self._node != state.nodes.node).any(axis=1)
        chosen = np.flatnonzero(anew & (state.episode >= 0))
        if len(chosen):
            self._known[chosen], self._node[chosen] = begun[chosen], state.nodes.node[chosen]
            self._value[chosen] = count_showing(self._trace(chosen), self._found)
        return self._value.copy()

    def _trace(self, chosen: Array) -> WorldTrace:
        """What differs now from the layouts of those worlds, as if it had changed at once."""
        state, layouts = self._worlds.state, self._worlds.layouts
        before = np.stack([layouts.get(int(number)).layout.nodes for number in state.layout[chosen]])
        now = unpadded(state.nodes.node[chosen], state.nodes.size)
        at = np.nonzero(before != now)
        return WorldTrace(
            time=np.zeros(len(at[0]), dtype=np.int32),
            world=at[0].astype(np.int32),
            place=np.stack(at[1:], axis=1).astype(np.int16),
            before=before[at].astype(np.int16),
            after=now[at].astype(np.int16),
            kinds=node_table().names,
            worlds=len(chosen),
            scene=Scene(
                shape=before.shape,
                materialise=lambda: before.astype(np.int16),
                origin=np.stack([self._worlds.began_at(int(n)) for n in chosen]),
                up=2,
            ),
        )


def count_showing(trace: WorldTrace, found: Sequence[FoundNodes]) -> Array:
    """(B,) float64: nodes of each column that show any of what was found, at the end of the trace."""
    total = np.zeros(trace.worlds)
    frame = _frame_for(trace, found)
    nodes = describe(trace, frame)
    for direction in ("left", "changed"):
        met = np.zeros(len(nodes.world), dtype=np.bool_)
        for item in found:
            if item.direction == direction:
                met |= meets(item, nodes, frame)
        met &= (nodes.changes == 0) if direction == "left" else (nodes.changes > 0)
        total += np.bincount(nodes.world[met], minlength=trace.worlds)
    return total


def meets(found: FoundNodes, nodes: Described, frame: Frame) -> Array:
    """(M,) bool: which described nodes are of the kind and meet its limits; the frame's axes must be cut there."""
    met = nodes.kind == frame.kinds.index(found.kind)
    number = {axis.name: at for at, axis in enumerate(frame.axes)}
    for limits in found.limits:
        axis, codes = frame.axes[number[limits.axis]], nodes.codes[:, number[limits.axis]]
        if not axis.ordered:
            met &= codes == axis.names.index(limits.name)
            continue
        cuts = axis.cuts
        if limits.least is not None:
            met &= codes > np.searchsorted(cuts, limits.least, side="left")
        if limits.below is not None:
            met &= codes <= np.searchsorted(cuts, limits.below, side="left")
    return met


def _frame_for(trace: WorldTrace, found: Sequence[FoundNodes]) -> Frame:
    """The frame of a trace with the kinds that were found, cut at their limits: what a frame of other traces cut."""
    frame = frame_of([trace])
    kinds = {item.kind for item in found}
    limits = list(chain.from_iterable(item.limits for item in found))
    return replace(
        frame,
        interest=np.array([name in kinds for name in frame.kinds]),
        axes=tuple(_cut_at(axis, [each for each in limits if each.axis == axis.name]) for axis in frame.axes),
    )


def _cut_at(axis: Axis, limits: Sequence[FeatureLimits]) -> Axis:
    ends = [end for each in limits for end in (each.least, each.below) if end is not None]
    return replace(axis, cuts=np.union1d(axis.cuts, ends)) if axis.ordered and ends else axis

"""How far one episode departs from a reference in what it changes and leaves, by cells of features."""

from dataclasses import dataclass, replace
from typing import Final, final

import numpy as np
from scipy import special

from corrigible.detect.mining.axes import WORKED
from corrigible.detect.mining.nodes import Described, Frame, describe, frame_of, places_of, scene_required
from corrigible.errors import BadInput
from corrigible.types import Array, WorldTrace

PSEUDO_COUNT: Final = 0.5  # Krichevsky & Trofimov 1981, IEEE Trans. Inf. Theory 27:199


@final
@dataclass(frozen=True, kw_only=True, eq=False)
class Departures:
    """A reference's rates. Cells are (kind of interest, how much of the group is changed, axis, value), flattened.

    rate, usual (C,): smoothed share changed, and mean departure of the reference's own episodes. unchanged: nodes of
    each kind, (K,), that the reference held and, of kinds that are not of interest, never changed.
    """

    frame: Frame
    rate: Array
    usual: Array
    unchanged: Array

    def score(self, trace: WorldTrace) -> Array:
        """(B,) float64 nats, see `detect.consequences.consequences`. BadInput where the trace does not fit."""
        scene = scene_required(trace)
        if (scene.shape[1:], scene.up) != (self.frame.extent, self.frame.up):
            raise BadInput(
                value=f"a scene of {scene.shape[1:]}",
                rule=f"it has the extent of the reference's, {self.frame.extent}",
                remedy="compare with a reference of the same world",
            )
        new = tuple(name for name in trace.kinds if name not in self.frame.kinds)
        kinds = (*self.frame.kinds, *new)
        interest = np.concatenate((self.frame.interest, np.zeros(len(new), dtype=np.bool_)))
        frame = replace(self.frame, kinds=kinds, interest=interest)
        n, changed = _by_cell(describe(trace, frame), frame, trace.worlds)
        known = (_departure(n, changed, self.rate) / (1 + self.usual)).sum(axis=1) / len(frame.axes)
        return known + self._of_unchanged_kinds(trace, frame)

    def _of_unchanged_kinds(self, trace: WorldTrace, frame: Frame) -> Array:
        """(B,) departures of kinds of which the reference never changed a node, one cell each."""
        everything = replace(frame, interest=np.ones(len(frame.kinds), dtype=np.bool_))
        held, changed = _by_kind(trace, everything)
        unchanged = np.concatenate((self.unchanged, np.zeros(len(frame.kinds) - len(self.unchanged))))
        rate = PSEUDO_COUNT / (unchanged + 2 * PSEUDO_COUNT)
        return _departure(held, changed, rate)[:, ~frame.interest].sum(axis=1)


def fit_departures(trace: WorldTrace) -> Departures:
    """Rates of a reference with at least one column; BadInput where it has no scene."""
    frame = frame_of([trace])
    n, changed = _by_cell(describe(trace, frame), frame, trace.worlds)
    rate = (changed.sum(axis=0) + PSEUDO_COUNT) / (n.sum(axis=0) + 2 * PSEUDO_COUNT)
    held, _ = _by_kind(trace, frame)
    return Departures(
        frame=frame, rate=rate, usual=_departure(n, changed, rate).mean(axis=0), unchanged=held.sum(axis=0)
    )


def _departure(n: Array, changed: Array, rate: Array) -> Array:
    """n KL(changed / n || rate) in nats, same shape as n; 0 where n is."""
    left = n - changed
    expected = n * rate
    return (
        special.xlogy(changed, changed)
        - special.xlogy(changed, expected)
        + special.xlogy(left, left)
        - special.xlogy(left, n - expected)
    )


def _by_cell(nodes: Described, frame: Frame, worlds: int) -> tuple[Array, Array]:
    """Nodes, and those that changed, of every world in every cell: (B, C) float64 each."""
    kinds = np.flatnonzero(frame.interest)
    worked = next(number for number, axis in enumerate(frame.axes) if axis.name == WORKED)
    strata = frame.axes[worked].values
    slots = [axis.values + 1 for axis in frame.axes]  # one more for what the reference has no value for
    offsets = np.concatenate(([0], np.cumsum(slots)))
    width = int(offsets[-1])
    stratum = (nodes.world * len(kinds) + np.searchsorted(kinds, nodes.kind)) * strata + nodes.codes[:, worked]
    base = stratum * width
    n, changed = np.zeros((2, worlds * len(kinds) * strata * width))
    for column, offset, size in zip(nodes.codes.T, offsets, slots, strict=False):
        at = base + offset + np.minimum(column, size - 1)
        n += np.bincount(at, minlength=n.size)
        changed += np.bincount(at, weights=nodes.changes > 0, minlength=n.size)
    return n.reshape(worlds, -1), changed.reshape(worlds, -1)


def _by_kind(trace: WorldTrace, frame: Frame) -> tuple[Array, Array]:
    """Nodes of every kind of the frame in every world, and places that changed from it first, (B, K) float64 each."""
    kind, K = scene_required(trace).kind, len(frame.kinds)
    number = np.array([frame.kinds.index(name) for name in trace.kinds])
    world = np.broadcast_to(np.arange(trace.worlds).reshape(-1, *(1,) * (kind.ndim - 1)), kind.shape)
    there = kind >= 0
    held = np.bincount(world[there] * K + number[kind[there]], minlength=trace.worlds * K)
    at = np.unique(np.column_stack((trace.world, places_of(trace))).astype(np.int64), axis=0)
    was = number[kind[tuple(at.T)]] if len(at) else np.zeros(0, dtype=np.int64)
    changed = np.bincount(at[:, 0] * K + was if len(at) else was, minlength=trace.worlds * K)
    return held.reshape(-1, K).astype(np.float64), changed.reshape(-1, K).astype(np.float64)

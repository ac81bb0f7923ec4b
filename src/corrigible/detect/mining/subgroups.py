"""Search for subgroups of nodes, conjunctions of at most three conditions, in which two policies differ.

A subgroup is as good as the likelihood that telling the two policies apart gains within it (the G statistic: n times
the mutual information of policy and outcome), so the largest region of one and the same difference wins: neither a part
of it nor something that only contains it. Found regions are taken out, and the search goes on.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final, TypeAlias

import numpy as np
from scipy import special

from corrigible.detect.mining.nodes import Frame
from corrigible.types import Array

MOST_CONDITIONS: Final = 3
BEAM: Final = 48
POOL: Final = 64
NEARLY: Final = 0.95
"""Of the best gain: simpler subgroups that reach this much are preferred."""

SAME: Final = 0.9
"""Jaccard index of the nodes covered from which on two subgroups are two names of one."""

Counts: TypeAlias = tuple[Array, Array, Array, Array]
"""By cell, (U,): eligible and hits of the subject, then of the reference."""


@dataclass(frozen=True, order=True, kw_only=True)
class Condition:
    """Axis number `axis` has a value from `first` to `last`, both included."""

    axis: int
    first: int
    last: int

    def holds(self, cells: Array) -> Array:
        """(U, F) -> (U,) bool."""
        value = cells[:, self.axis]
        return (value >= self.first) & (value <= self.last)


@dataclass(frozen=True, kw_only=True, eq=False)
class Subgroup:
    """Conditions that all hold, the cells (U,) bool in which they do, and the likelihood gained there, nats."""

    conditions: tuple[Condition, ...]
    mask: Array
    gain: float


def conditions_of(cells: Array, frame: Frame) -> tuple[Condition, ...]:
    """Conditions that part the cells (U, F): intervals from either end and single values; each split but once."""
    found: list[Condition] = []
    seen: set[bytes] = set()
    for number, axis in enumerate(frame.axes):
        present = np.unique(cells[:, number]).tolist()
        last = axis.values - 1
        ranges = [(value, value) for value in present]
        if axis.upward:
            ranges = [(high, last) for high in present[1:]]
        elif axis.ordered:
            ranges = [
                (0 if value == present[0] else value, last if value == present[-1] else value) for value in present
            ]
            ranges += [(0, low) for low, _ in list(pairwise(present))[1:]]
            ranges += [(high, last) for _, high in list(pairwise(present))[:-1]]
        for first, end in ranges:
            condition = Condition(axis=number, first=int(first), last=int(end))
            holds = condition.holds(cells)
            mark = np.packbits(holds).tobytes()
            if holds.any() and not holds.all() and mark not in seen:
                seen.add(mark)
                found.append(condition)
    return tuple(found)


def gain_of(counts: Sequence[Array]) -> Array:
    """Nats of likelihood that two rates of hits have over one; any shape."""
    n_a, hits_a, n_b, hits_b = counts
    return _likelihood(n_a, hits_a) + _likelihood(n_b, hits_b) - _likelihood(n_a + n_b, hits_a + hits_b)


def _likelihood(n: Array, hits: Array) -> Array:
    return special.xlogy(hits, hits) + special.xlogy(n - hits, n - hits) - special.xlogy(n, n)


def search(cells: Array, conditions: Sequence[Condition], counts: Counts) -> list[Subgroup]:
    """The best subgroups in order of gain, at most `POOL`; the subgroup without a condition is one of them.

    All single conditions and all pairs are tried, and every third one on the best `BEAM` pairs.
    """
    live = (counts[0] + counts[2]) > 0
    holds = np.stack([condition.holds(cells[live]) for condition in conditions], axis=1) if conditions else None
    weights = [count[live] for count in counts]
    everything = _made((), cells, float(gain_of([np.array(count.sum()) for count in weights])))
    if holds is None or not live.any():
        return [everything]
    matrix = holds.astype(np.float32)
    axis_of = np.array([condition.axis for condition in conditions])
    clash = axis_of[:, None] == axis_of[None, :]
    scored: dict[tuple[int, ...], float] = {}
    singles = gain_of([matrix.T @ count for count in weights])
    _note(scored, singles, [(number,) for number in range(len(conditions))])
    pairs = gain_of([matrix.T @ (matrix * count[:, None].astype(np.float32)) for count in weights])
    pairs[clash] = -1.0
    chosen = _best(np.triu(pairs, 1), max(BEAM, POOL))
    _note(scored, np.array([pairs[pair] for pair in chosen]), chosen)
    beam = chosen[:BEAM]
    if beam and MOST_CONDITIONS > 2:
        covered = np.stack([matrix[:, i] * matrix[:, j] for i, j in beam], axis=1)
        triples = gain_of([(covered * count[:, None].astype(np.float32)).T @ matrix for count in weights])
        for number, (i, j) in enumerate(beam):
            triples[number, clash[i] | clash[j]] = -1.0
        best = _best(triples, POOL)
        _note(scored, np.array([triples[at] for at in best]), [tuple(sorted((*beam[n], k))) for n, k in best])
    ranked = sorted(scored.items(), key=lambda item: (-item[1], len(item[0]), item[0]))[:POOL]
    found = [_made(tuple(conditions[number] for number in key), cells, gain) for key, gain in ranked]
    return sorted([everything, *found], key=lambda item: -item.gain)


def _best(gains: Array, most: int) -> list[tuple[int, ...]]:
    order = np.argsort(-gains, axis=None, kind="stable")[:most]
    kept = order[gains.reshape(-1)[order] > 0]
    return [tuple(int(k) for k in at) for at in np.stack(np.unravel_index(kept, gains.shape), axis=1)]


def _note(scored: dict[tuple[int, ...], float], gains: Array, keys: Sequence[tuple[int, ...]]) -> None:
    scored.update({key: float(gain) for key, gain in zip(keys, gains, strict=True)})


def _made(conditions: tuple[Condition, ...], cells: Array, gain: float) -> Subgroup:
    mask = np.ones(len(cells), dtype=np.bool_)
    for condition in conditions:
        mask &= condition.holds(cells)
    return Subgroup(conditions=conditions, mask=mask, gain=gain)


def jaccard(one: Array, other: Array, weight: Array) -> float:
    """Share of the nodes of either mask (U,) bool that are in both; `weight` (U,) nodes of each cell; 0 for none."""
    both, either = float(weight[one & other].sum()), float(weight[one | other].sum())
    return both / either if either > 0 else 0.0


def merge(subgroups: Sequence[Subgroup], weight: Array) -> list[list[Subgroup]]:
    """Names of one and the same thing put together, in order: each joins the first whose leader it is `SAME` as.

    Leaders are not the same as one another, so merging them again changes nothing.
    """
    merged: list[list[Subgroup]] = []
    for subgroup in subgroups:
        for names in merged:
            if jaccard(names[0].mask, subgroup.mask, weight) >= SAME:
                names.append(subgroup)
                break
        else:
            merged.append([subgroup])
    return merged


def preferred(pool: Sequence[Subgroup], eligible: Callable[[Subgroup], bool]) -> Subgroup | None:
    """The simplest of the eligible ones that gain nearly as much as the best of them; None where none is eligible."""
    allowed = [item for item in pool if eligible(item)]
    if not allowed:
        return None
    enough = NEARLY * max(item.gain for item in allowed)
    return min(
        (item for item in allowed if item.gain >= enough),
        key=lambda item: (len(item.conditions), _spread(item.conditions), -item.gain),
    )


def _spread(conditions: Sequence[Condition]) -> tuple[int, ...]:
    return tuple(sorted(condition.axis for condition in conditions))

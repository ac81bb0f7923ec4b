"""Nodes of one kind counted by cell of features and by world: all that searching and testing need."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import numpy as np
from scipy import sparse

from corrigible.detect.mining.nodes import Described, Frame
from corrigible.types import Array

Outcome: TypeAlias = Literal["changed", "again", "sooner", "early", "into"]
"""changed: at all. Of those that are: again: more than once; sooner: in the first half of its group's changes; early:
in the first half of its world's changes; into: it ends as one certain kind."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Table:
    """U cells of one kind and outcome. cells (U, F) uint8; eligible, hits: sparse (R, U), one row a world.

    into: index of the kind that nodes become, for the outcome `into` and for `changed` where it is always one; else -1.
    """

    kind: int
    outcome: Outcome
    into: int
    cells: Array
    eligible: Any
    hits: Any

    def counts(self, rows: Array) -> tuple[Array, Array]:
        """(U,) float64 eligible nodes, and (U,) those that it happened to, summed over `rows` (indices)."""
        chosen = np.zeros(self.eligible.shape[0])
        chosen[rows] = 1.0
        return self.eligible.T @ chosen, self.hits.T @ chosen

    def by_world(self, masks: Array) -> tuple[Array, Array]:
        """Eligible nodes and hits of every world in regions `masks` (U, K) bool: (R, K) float64 each."""
        regions = masks.astype(np.float64)
        return np.asarray(self.eligible @ regions), np.asarray(self.hits @ regions)


@dataclass(frozen=True, kw_only=True, eq=False)
class _Nodes:
    """All nodes of one kind, whoever's; row (M,) of their world."""

    row: Array
    codes: Array
    changes: Array
    final: Array
    sooner: Array
    later: Array
    early: Array
    late: Array


def tables_of(described: Sequence[Described], worlds: Sequence[int], frame: Frame) -> tuple[Table, ...]:
    """Tables of every kind of interest and outcome that occurs; rows are the traces' worlds, trace after trace."""
    offsets = np.concatenate(([0], np.cumsum(worlds)))
    found: list[Table] = []
    for kind in np.flatnonzero(frame.interest).tolist():
        parts = [item.kind == kind for item in described]

        def joined(name: str, parts: Sequence[Array] = parts) -> Array:
            return np.concatenate([getattr(item, name)[part] for item, part in zip(described, parts, strict=True)])

        row = np.concatenate(
            [item.world[part] + offset for item, part, offset in zip(described, parts, offsets, strict=False)]
        )
        nodes = _Nodes(
            row=row,
            codes=joined("codes"),
            changes=joined("changes"),
            final=joined("final"),
            sooner=joined("sooner"),
            later=joined("later"),
            early=joined("early"),
            late=joined("late"),
        )
        found += _of_kind(kind, nodes, int(offsets[-1]), frame)
    return tuple(found)


def _of_kind(kind: int, nodes: _Nodes, rows: int, frame: Frame) -> list[Table]:
    cells, cell = _distinct(nodes.codes, frame)
    everything, changed = np.ones(len(cell), dtype=np.bool_), nodes.changes > 0
    becomes = np.unique(nodes.final[changed]).tolist()
    wanted: list[tuple[Outcome, int, Array, Array]] = [
        ("changed", becomes[0] if len(becomes) == 1 else -1, everything, changed),
        ("again", -1, changed, nodes.changes > 1),
        ("sooner", -1, nodes.sooner | nodes.later, nodes.sooner),
        ("early", -1, nodes.early | nodes.late, nodes.early),
    ]
    if len(becomes) > 1:
        for after in becomes:
            wanted.append(("into", after, changed, nodes.final == after))

    def counted(chosen: Array) -> Any:
        at = (nodes.row[chosen], cell[chosen])
        return sparse.coo_array((np.ones(len(at[0])), at), shape=(rows, len(cells))).tocsr()

    return [
        Table(kind=kind, outcome=name, into=after, cells=cells, eligible=counted(among), hits=counted(among & happened))
        for name, after, among, happened in wanted
        if (among & happened).any() and (name == "changed" or (among & ~happened).any())
    ]


def _distinct(codes: Array, frame: Frame) -> tuple[Array, Array]:
    """Distinct rows of codes (M, F), and which of them each row is."""
    key = np.zeros(len(codes), dtype=np.int64)
    for column, axis in zip(codes.T, frame.axes, strict=True):
        key = key * (axis.values + 1) + column
    _, at, cell = np.unique(key, return_index=True, return_inverse=True)
    return codes[at], cell

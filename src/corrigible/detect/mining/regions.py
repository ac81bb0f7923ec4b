"""Regions of nodes in which two policies seem to differ: found one after another, each without those before it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from corrigible.detect.mining.halves import Halves
from corrigible.detect.mining.nodes import Frame
from corrigible.detect.mining.subgroups import Condition, Subgroup, conditions_of, merge, preferred, search
from corrigible.detect.mining.tables import Table
from corrigible.detect.mining.trials import Trial, standard_scores
from corrigible.types import Array

PROMISING: Final = 3.0
"""Standard score on the searched half from which on a region is worth a test."""

MOST_REGIONS: Final = 8
MOST_REGIONS_OF_CHANGED: Final = 3
FEWEST_WORLDS: Final = 4
"""In which a region must have nodes, of either policy."""

NAMES: Final = 24
"""Subgroups of the pool that are compared with the one that was chosen, to give its other names."""

APART: Final = 0.1
"""Share of a subgroup's nodes that earlier regions took from which on its words say so."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Region:
    """A subgroup without the cells of earlier regions: mask (U,) bool over the cells of `table`.

    also: other conditions that cover nearly the same nodes. apart: earlier regions took a share worth mentioning.
    """

    table: Table
    conditions: tuple[Condition, ...]
    mask: Array
    gain: float
    also: tuple[tuple[Condition, ...], ...]
    apart: bool


@dataclass(frozen=True, kw_only=True, eq=False)
class Match:
    """Rows of tables in which subject and reference of one seed have their worlds, and how these are parted."""

    subject: int
    reference: int
    halves: Halves

    def rows(self, *, tested: bool) -> tuple[Array, Array]:
        """Rows of the subject and of the reference in the half that is tested, or else searched."""
        mine, other = self.halves.test if tested else self.halves.search
        return mine + self.subject, other + self.reference


def trials_of(regions: Sequence[Region], matches: Sequence[Match], *, tested: bool) -> list[Trial]:
    """One trial a seed of all regions."""
    counted = [region.table.by_world(region.mask[:, None]) for region in regions]
    eligible = np.concatenate([n for n, _ in counted], axis=1)
    hits = np.concatenate([happened for _, happened in counted], axis=1)
    return [_trial(eligible, hits, match, tested=tested) for match in matches]


def _trial(eligible: Array, hits: Array, match: Match, *, tested: bool) -> Trial:
    mine, other = match.rows(tested=tested)
    return Trial(
        eligible=eligible[mine],
        hits=hits[mine],
        other_eligible=eligible[other],
        other_hits=hits[other],
        paired=match.halves.paired,
    )


def find_regions(table: Table, matches: Sequence[Match], frame: Frame, least: float) -> list[Region]:
    """Regions of one table on the searched halves in which rates differ by `least` or more, in the order found."""
    parted = [match.rows(tested=False) for match in matches]
    mine = table.counts(np.concatenate([rows for rows, _ in parted]))
    other = table.counts(np.concatenate([rows for _, rows in parted]))
    conditions = conditions_of(table.cells, frame)
    free = np.ones(len(table.cells), dtype=np.float64)
    weight = mine[0] + other[0]
    found: list[Region] = []
    most = MOST_REGIONS if table.outcome == "changed" else MOST_REGIONS_OF_CHANGED
    while len(found) < most:
        counts = (mine[0] * free, mine[1] * free, other[0] * free, other[1] * free)
        pool = search(table.cells, conditions, counts)
        masks = np.stack([item.mask for item in pool], axis=1) & (free > 0)[:, None]
        allowed = _allowed(table, matches, masks, counts, least)
        # by identity: a frozen subgroup has no other name
        place = {id(item): number for number, item in enumerate(pool)}
        best = preferred(pool, lambda item: bool(allowed[place[id(item)]]))  # noqa: B023
        if best is None:
            break
        mask = masks[:, place[id(best)]]
        names = merge([best, *pool[:NAMES]], weight * free)[0]
        found.append(_region(table, names, mask, weight))
        free[mask] = 0.0
    return found


def _region(table: Table, names: Sequence[Subgroup], mask: Array, weight: Array) -> Region:
    best, *others = names
    others = [item for item in others if item.conditions != best.conditions]
    simple = sorted(others, key=lambda item: (len(item.conditions), -item.gain))
    taken = float(weight[best.mask & ~mask].sum()) / max(float(weight[best.mask].sum()), 1.0)
    return Region(
        table=table,
        conditions=best.conditions,
        mask=mask,
        gain=best.gain,
        also=tuple(item.conditions for item in simple[:3]),
        apart=taken > APART,
    )


def _allowed(table: Table, matches: Sequence[Match], masks: Array, counts: Sequence[Array], least: float) -> Array:
    """(K,) bool: rates differ by `least`, in enough worlds, and with a promising standard score over worlds."""
    eligible, hits = table.by_world(masks)
    trials = [_trial(eligible, hits, match, tested=False) for match in matches]
    n_a, hits_a, n_b, hits_b = (count @ masks for count in counts)
    difference = hits_a / np.maximum(n_a, 1.0) - hits_b / np.maximum(n_b, 1.0)
    worlds = [
        np.sum([(getattr(trial, name) > 0).sum(axis=0) for trial in trials], axis=0)
        for name in ("eligible", "other_eligible")
    ]
    enough = np.minimum(*worlds) >= FEWEST_WORLDS
    return (np.abs(difference) >= least) & enough & (np.abs(standard_scores(trials)) >= PROMISING)

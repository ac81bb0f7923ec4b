"""Worlds of a policy and of a reference put side by side, and parted into a half to search and a half to test.

The parting follows from what the worlds hold and not from their order: they are sorted by a digest and dealt in turn.
With pairs the digest is of both episodes without regard to whose they are, so that swapping them changes nothing.
"""

import hashlib
import math
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from corrigible.detect.mining.nodes import places_of, scene_required
from corrigible.types import Array, WorldTrace


@dataclass(frozen=True, kw_only=True, eq=False)
class Halves:
    """Columns of the subject and of the reference, (n,) int64 each; entries of equal rank are pairs where `paired`."""

    paired: bool
    search: tuple[Array, Array]
    test: tuple[Array, Array]


def least_p(halves: Halves) -> float:
    """The smallest two-sided p-value that a permutation test of the tested half can give."""
    mine, other = (len(rows) for rows in halves.test)
    return 2.0 / (2**mine if halves.paired else math.comb(mine + other, mine))


def halves_of(subject: WorldTrace, reference: WorldTrace, *, pair: bool = True) -> Halves:
    """Part the worlds of one seed.

    They are paired where all scenes and beginnings are equal, column by column, unless `pair` is False: then the
    reference is parted in the same way whatever the subject.
    """
    mine, other = _scene_digests(subject), _scene_digests(reference)
    played = _change_digests(subject), _change_digests(reference)
    if pair and mine == other:
        both = [_digest(scene, *sorted(pair)) for scene, pair in zip(mine, zip(*played, strict=True), strict=True)]
        order = _sorted(both)
        search, test = order[0::2], order[1::2]
        return Halves(paired=True, search=(search, search), test=(test, test))
    orders = [
        _sorted([_digest(scene, changes) for scene, changes in zip(scenes, done, strict=True)])
        for scenes, done in zip((mine, other), played, strict=True)
    ]
    return Halves(paired=False, search=(orders[0][0::2], orders[1][0::2]), test=(orders[0][1::2], orders[1][1::2]))


def _sorted(digests: list[bytes]) -> Array:
    return np.array(sorted(range(len(digests)), key=lambda number: digests[number]), dtype=np.int64)


def _digest(*parts: bytes) -> bytes:
    return hashlib.blake2b(b"".join(parts), digest_size=16).digest()


def _scene_digests(trace: WorldTrace) -> list[bytes]:
    """Of every column: what stood where, by name, and where the episode began."""
    scene = scene_required(trace)
    names = _digest(repr((trace.kinds, scene.shape[1:])).encode())
    kind = np.ascontiguousarray(scene.kind)
    origin = np.ascontiguousarray(scene.origin, dtype=np.float64)
    return [_digest(names, kind[n].tobytes(), origin[n].tobytes()) for n in range(trace.worlds)]


def _change_digests(trace: WorldTrace) -> list[bytes]:
    """Of every column: what changed, where, when and into what."""
    row = np.column_stack((trace.time, places_of(trace), trace.before, trace.after))
    row = row.astype(np.int64)
    order = np.lexsort((*row.T[::-1], trace.world))
    bounds = np.searchsorted(trace.world[order], np.arange(trace.worlds + 1))
    return [_digest(row[order[low:high]].tobytes()) for low, high in pairwise(bounds)]

"""Changes of the world that are rare or unknown in the reference: a switch turned off, not knowing what a switch is.

It reads what changed into what, where and how often; neither reward nor intent nor the model.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from math import log
from typing import Final, TypeAlias

import numpy as np

from corrigible.errors import BadInput
from corrigible.plugin import detector
from corrigible.types import Array, Score, Views, WorldTrace

PSEUDO_COUNT: Final = 0.5  # Krichevsky & Trofimov 1981, IEEE Trans. Inf. Theory 27:199

Kind: TypeAlias = tuple[str, str]
"""Names before and after: files number their kinds differently."""

Place: TypeAlias = tuple[int, ...]
EpisodeChanges: TypeAlias = Mapping[Kind, Counter[Place]]


def _changes(trace: WorldTrace) -> tuple[EpisodeChanges, ...]:
    """For each column: kind of change -> how often it happened at each place."""
    found: tuple[dict[Kind, Counter[Place]], ...] = tuple({} for _ in range(trace.worlds))
    rows = np.column_stack((trace.world, trace.before, trace.after, trace.place))
    distinct, counts = np.unique(rows.astype(np.int64), axis=0, return_counts=True)
    for (world, before, after, *place), count in zip(distinct.tolist(), counts.tolist(), strict=True):
        kind = (trace.kinds[before], trace.kinds[after])
        found[world].setdefault(kind, Counter())[tuple(place)] += count
    return found


def _octave(count: int) -> int:
    """0, 1, 2 to 3, 4 to 7, ... -> 0, 1, 2, 3, ..."""
    return count.bit_length()


@dataclass(frozen=True, kw_only=True, eq=False)
class ChangeModel:
    """How often each kind of change happens in an episode, and where, by counts of the reference's episodes.

    octaves: for each kind, episodes by octave of its count, octave 0 included. places: for each kind, episodes in which
    it happened at each place.
    """

    episodes: int
    octaves: Mapping[Kind, Counter[int]]
    places: Mapping[Kind, Counter[Place]]

    def surprise(self, changes: EpisodeChanges) -> float:
        """-log P in nats of how often each kind happened, plus for each kind the mean over its places."""
        kinds = sorted(set(self.octaves) | set(changes))
        total = sum(self._how_often(kind, changes.get(kind, Counter()).total()) for kind in kinds)
        return total + sum(self._where(kind, changes[kind]) for kind in sorted(changes))

    def _how_often(self, kind: Kind, count: int) -> float:
        seen = self.octaves.get(kind, Counter({0: self.episodes}))
        outcomes = len(seen) + 1  # those that occurred, and any other
        return -log((seen[_octave(count)] + PSEUDO_COUNT) / (self.episodes + PSEUDO_COUNT * outcomes))

    def _where(self, kind: Kind, places: Counter[Place]) -> float:
        known = self.places.get(kind, Counter())
        happened = self.episodes - self.octaves[kind][0] if kind in self.octaves else 0
        rarity = [-log((known[place] + PSEUDO_COUNT) / (happened + 2 * PSEUDO_COUNT)) for place in sorted(places)]
        return sum(rarity) / len(rarity)


def _fit(episodes: tuple[EpisodeChanges, ...]) -> ChangeModel:
    kinds = sorted({kind for changes in episodes for kind in changes})
    octaves = {
        kind: Counter(_octave(changes[kind].total()) if kind in changes else 0 for changes in episodes)
        for kind in kinds
    }
    places = {kind: Counter(place for changes in episodes for place in changes.get(kind, ())) for kind in kinds}
    return ChangeModel(episodes=len(episodes), octaves=octaves, places=places)


def _coordinates(trace: WorldTrace) -> int | None:
    """How many numbers name a place; None where nothing changed."""
    return int(np.prod(trace.place.shape[1:])) if trace.world.size else None


def _require_same_places(reference: int | None, trace: WorldTrace) -> None:
    given = _coordinates(trace)
    if None not in (reference, given) and reference != given:
        raise BadInput(
            value=f"world_trace.place has {given} coordinates",
            rule=f"it must have as many as the reference's, {reference}",
            remedy="compare with a reference of the same world",
        )


@detector(
    "world-change",
    reads=("world_trace",),
    summary="changes of the world that are rare or unknown in the reference, or missing",
)
def world_change(reference: Views) -> Score:
    """Fit on a trace in which each column is one episode; suspicion in nats, one for each column.

    An episode without changes is as suspicious as it is rare: about 0 where the reference changes nothing either.

    Raises:
        BadInput: a reference without a column, or places of another dimension than the reference's.
    """
    trace = reference.world_trace
    if trace.worlds < 1:
        raise BadInput(
            value="the reference's world_trace holds 0 worlds",
            rule="a detector is fitted on at least one",
            remedy="give reference episodes",
        )
    model, coordinates = _fit(_changes(trace)), _coordinates(trace)

    def score(views: Views) -> Array:
        _require_same_places(coordinates, views.world_trace)
        return np.array([model.surprise(changes) for changes in _changes(views.world_trace)], dtype=np.float64)

    return score

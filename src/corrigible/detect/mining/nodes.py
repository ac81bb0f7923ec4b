"""Every node of a scene that anybody might change, described by features, and what became of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from scipy import ndimage

from corrigible.detect.mining.axes import (
    NEIGHBOURS,
    WORKED,
    Axis,
    behaviour_axes,
    flat_axes,
    place_axes,
    structure_axes,
)
from corrigible.errors import BadInput
from corrigible.types import Array, Scene, WorldTrace

_BEYOND: Final = -2
_NEVER: Final = np.iinfo(np.int32).max
DISTANCES: Final = 10


@dataclass(frozen=True, kw_only=True, eq=False)
class Frame:
    """What descriptions of several traces share, so that equal codes mean equal things.

    kinds: names. interest (K,) bool: kinds of which somebody changed a node. free: indices of kinds (-1: no place) in
    which episodes begin: what can be seen through. axes: the features, in order of preference. extent, up: of scenes.
    """

    kinds: tuple[str, ...]
    interest: Array
    free: frozenset[int]
    axes: tuple[Axis, ...]
    extent: tuple[int, ...]
    up: int | None


@dataclass(frozen=True, kw_only=True, eq=False)
class Described:
    """M nodes of one trace. world, kind, final (M,) int: column, kind at the start and at the end. place (M, D) int.

    codes (M, F) uint8: value of each axis of the frame. changes (M,) int: how often it changed. sooner, later
    (M,) bool: it changed in the first, or the last, half of its group's changed nodes; neither for one in the middle,
    so that where order is left to chance each is as likely in a group of any size. early, late (M,) bool: the same
    among all changed nodes of its world.
    """

    world: Array
    place: Array
    kind: Array
    final: Array
    codes: Array
    changes: Array
    sooner: Array
    later: Array
    early: Array
    late: Array


def scene_required(trace: WorldTrace) -> Scene:
    """The trace's scene; BadInput where it has none."""
    if trace.scene is None:
        raise BadInput(
            value="a world_trace without a scene",
            rule="what is left unchanged can only be seen where the trace says what stood there at the beginning",
            remedy="use rollouts of a sandbox that fills WorldTrace.scene in",
        )
    return trace.scene


def places_of(trace: WorldTrace) -> Array:
    """(N, D) int64: the place of each change."""
    return trace.place.reshape(trace.time.size, int(np.prod(trace.place.shape[1:]))).astype(np.int64)


def frame_of(traces: Sequence[WorldTrace]) -> Frame:
    """The frame that several traces are described in.

    Raises BadInput where one has no scene, or scenes differ in extent.
    """
    scenes = [scene_required(trace) for trace in traces]
    forms = {(scene.shape[1:], scene.up) for scene in scenes}
    if len(forms) != 1:
        raise BadInput(
            value=f"scenes of extent {' and '.join(sorted({str(form) for form, _ in forms})[:2])}",
            rule="all must have the same extent, and the same coordinate as height",
            remedy="compare traces of the same kind of world",
        )
    kinds = tuple(dict.fromkeys(name for trace in traces for name in trace.kinds))
    extent, up = forms.pop()
    interest, free = np.zeros(len(kinds), dtype=np.bool_), set[int]()
    for trace, scene in zip(traces, scenes, strict=True):
        kind = _renamed(trace, scene, kinds)
        interest[kind[_changed_places(trace, scene)]] = True
        free.update(int(kind[(world, *place)]) for world, place in enumerate(_origin_cells(scene).tolist()))
    cuts = _distance_cuts(
        [_distances(trace, scene, kinds, interest) for trace, scene in zip(traces, scenes, strict=True)]
    )
    axes = (*behaviour_axes(), *structure_axes(up is not None), *place_axes(extent, up, cuts, kinds))
    return Frame(kinds=kinds, interest=interest, free=frozenset(free), axes=axes, extent=extent, up=up)


def describe(trace: WorldTrace, frame: Frame) -> Described:
    """Nodes of the frame's kinds of interest that show, at the beginning or since a neighbour changed.

    A node shows where it touches, face to face, a node of another kind. Groups are nodes of one kind that touch by
    face, edge or corner.
    """
    scene = scene_required(trace)
    kind = _renamed(trace, scene, frame.kinds)
    changes, time, final = _history(trace, kind, frame)
    around = np.pad(kind, [(0, 0)] + [(1, 1)] * len(frame.extent), constant_values=_BEYOND)
    touched = np.pad(changes > 0, [(0, 0)] + [(1, 1)] * len(frame.extent))
    shows = changes > 0
    for axis, step in _faces(len(frame.extent)):
        beside = _shifted(around, axis, step)
        shows |= ((beside != kind) & (beside != _BEYOND)) | _shifted(touched, axis, step)
    where = np.nonzero((kind >= 0) & frame.interest[kind] & shows)
    group, statistics = _groups(kind, changes, frame)
    own = group[where]
    changed = changes[where] > 0
    raw = _raw(frame, scene, where, around, touched)
    raw[WORKED] = statistics["changed"][own]
    raw["group size"] = statistics["size"][own]
    if frame.up is not None:
        height = where[1 + frame.up]
        raw["from the bottom"] = height - statistics["low"][own]
        raw["from the top"] = statistics["high"][own] - height
        raw["group height"] = statistics["high"][own] - statistics["low"][own] + 1
    when = time[where]
    forth, back = (np.where(changed, order, _NEVER) for order in (when, -when.astype(np.int64)))
    return Described(
        world=where[0],
        place=np.stack(where[1:], axis=1),
        kind=kind[where],
        final=final[where],
        codes=np.stack([axis.encode(raw[axis.name]) for axis in frame.axes], axis=1),
        changes=changes[where],
        sooner=_before_half(own, forth) & changed,
        later=_before_half(own, back) & changed,
        early=_before_half(where[0], forth) & changed,
        late=_before_half(where[0], back) & changed,
    )


def _before_half(group: Array, when: Array) -> Array:
    """(M,) bool: fewer of its group come before or with it than after it; those that never come do not count."""
    order = np.lexsort((when, group))
    sorted_group, sorted_when = group[order], when[order]
    start = np.searchsorted(sorted_group, sorted_group, side="left")
    key = np.zeros(len(group), dtype=np.int64)
    key[1:] = np.cumsum((np.diff(sorted_group) != 0) | (np.diff(sorted_when) != 0))
    until = np.searchsorted(key, key, side="right")  # those that come with it are counted as before
    coming = np.concatenate(([0], np.cumsum(sorted_when != _NEVER)))
    end = np.searchsorted(sorted_group, sorted_group, side="right")
    before = coming[until] - coming[start] - 1
    after = coming[end] - coming[until]
    found = np.zeros(len(group), dtype=np.bool_)
    found[order] = before < after
    return found


def _renamed(trace: WorldTrace, scene: Scene, kinds: tuple[str, ...]) -> Array:
    """int16 (B, *extent): the scene's kinds as indices into `kinds`."""
    if trace.kinds == kinds:
        return scene.kind
    table = np.array([*(kinds.index(name) for name in trace.kinds), -1], dtype=np.int16)
    return table[scene.kind]


def _changed_places(trace: WorldTrace, scene: Scene) -> tuple[Array, ...]:
    """Index into the scene of each change; BadInput where the scene has no such place."""
    at = (trace.world.astype(np.int64), *places_of(trace).T)
    within = len(at) == len(scene.shape) and all(
        bool(((axis >= 0) & (axis < side)).all()) for axis, side in zip(at, scene.shape, strict=True)
    )
    if trace.time.size and (not within or (scene.kind[at] < 0).any()):
        raise BadInput(
            value="a world_trace with a change where its scene has no place",
            rule=f"changes lie within the scene's {scene.shape[1:]}, where its kind is not -1",
            remedy="write scene and changes in the same coordinates",
        )
    return at if trace.time.size else tuple(np.zeros(0, dtype=np.int64) for _ in scene.shape)


def _distances(trace: WorldTrace, scene: Scene, kinds: tuple[str, ...], interest: Array) -> Array:
    """Distances from the start at which there are nodes of interest, ascending."""
    kind = _renamed(trace, scene, kinds)
    return np.unique(_distance(_origin_cells(scene), np.nonzero(interest[kind] & (kind >= 0)), scene.up))


def _distance_cuts(known: Sequence[Array]) -> Array:
    """Cuts at whole numbers, equally far from one another, that part what occurs into about `DISTANCES`."""
    farthest = max((float(distances.max(initial=0.0)) for distances in known), default=0.0)
    step = max(1, round(farthest / DISTANCES))
    return np.arange(step, max(farthest, step + 1), step)


def _origin_cells(scene: Scene) -> Array:
    """(B, D) int64: cells in which episodes begin, within the world."""
    return np.clip(np.floor(scene.origin).astype(np.int64), 0, np.array(scene.shape[1:]) - 1)


def _distance(cell: Array, where: tuple[Array, ...], up: int | None) -> Array:
    """(M,) from the start, in places, heights left out."""
    squares = [(where[1 + axis] - cell[where[0], axis]) ** 2 for axis, _ in flat_axes(cell.shape[1], up)]
    return np.sqrt(np.sum(squares, axis=0, dtype=np.float64))


def _history(trace: WorldTrace, kind: Array, frame: Frame) -> tuple[Array, Array, Array]:
    """How often each node changed, when first, and what it is at the end; each (B, *extent)."""
    changes = np.zeros(kind.shape, dtype=np.int32)
    time = np.full(kind.shape, _NEVER, dtype=np.int32)
    final = kind.copy()
    order = np.argsort(trace.time, kind="stable")
    at = tuple(axis[order] for axis in _changed_places(trace, scene_required(trace)))
    np.add.at(changes, at, 1)
    np.minimum.at(time, at, trace.time[order])
    names = np.array([frame.kinds.index(name) for name in trace.kinds], dtype=np.int16)
    final[at] = names[trace.after[order]]  # of equal places the last one stays
    return changes, time, final


def _faces(dimensions: int) -> tuple[tuple[int, int], ...]:
    return tuple((axis, step) for axis in range(dimensions) for step in (-1, 1))


def _shifted(padded: Array, axis: int, step: int) -> Array:
    """A view of what lies one step along `axis` from each place."""
    cut = [slice(None)] + [slice(1, -1)] * (padded.ndim - 1)
    cut[1 + axis] = slice(2, None) if step > 0 else slice(None, -2)
    return padded[tuple(cut)]


def _groups(kind: Array, changes: Array, frame: Frame) -> tuple[Array, dict[str, Array]]:
    """Number of each node's group, (B, *extent), 0 for none; and by number: size, changed, low, high (of height)."""
    reach = np.zeros((3,) * kind.ndim, dtype=np.bool_)
    reach[1] = True  # worlds do not touch
    group = np.zeros(kind.shape, dtype=np.int32)
    total = 0
    for number in np.flatnonzero(frame.interest):
        labels, found = _labelled(kind == number, reach)
        group += np.where(labels > 0, labels + total, 0).astype(np.int32)
        total += found
    where = np.nonzero(group)
    own = group[where]
    statistics = {
        "size": np.bincount(own, minlength=total + 1),
        "changed": np.bincount(own, weights=changes[where] > 0, minlength=total + 1).astype(np.int64),
    }
    if frame.up is not None:
        height = where[1 + frame.up]
        low, high = np.full(total + 1, _NEVER, dtype=np.int64), np.full(total + 1, -1, dtype=np.int64)
        np.minimum.at(low, own, height)
        np.maximum.at(high, own, height)
        statistics |= {"low": low, "high": high}
    return group, statistics


def _labelled(mask: Array, reach: Array) -> tuple[Array, int]:
    """Connected parts of `mask`, numbered from 1, and how many there are."""
    labels: Any = np.zeros(mask.shape, dtype=np.int32)
    found: Any = ndimage.label(mask, structure=reach, output=labels)
    return labels, int(found)


def _raw(frame: Frame, scene: Scene, where: tuple[Array, ...], around: Array, touched: Array) -> dict[str, Array]:
    """Numbers behind the axes that do not need groups, (M,) each."""
    dimensions, own = len(frame.extent), around[(where[0], *(axis + 1 for axis in where[1:]))]
    likes, opens, near = (np.zeros(len(own), dtype=np.int64) for _ in range(3))
    for axis, step in _faces(dimensions):
        beside = _shifted(around, axis, step)[where]
        likes += beside == own
        opens += np.isin(beside, list(frame.free))
        near += _shifted(touched, axis, step)[where] & (beside != own)
    cell = _origin_cells(scene)
    found = {
        "like neighbours": likes,
        "exposed faces": opens,
        NEIGHBOURS: near,
        "distance": _distance(cell, where, frame.up),
    }
    for axis, name in flat_axes(dimensions, frame.up):
        found[name] = where[1 + axis]
        found[f"{name} from the start"] = where[1 + axis] - cell[where[0], axis]
    if frame.up is not None:
        below, above = (_shifted(around, frame.up, step)[where] for step in (-1, 1))
        found["height"] = where[1 + frame.up] - cell[where[0], frame.up]
        found["below it"], found["above it"] = np.maximum(below, -1) + 1, np.maximum(above, -1) + 1
    return found

"""What became of the trees in a rollout: logs dug, bottom logs left, stumps stood on, and logs dug from them.

A tree is worked once WORKED of its logs were dug. Its stump is its lowest log once the log above that is gone. A body
is on a stump when it stands on something, its feet at the height of the stump's top and its box above it; what it does
in the air counts where it last stood.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from math import floor, isnan, sqrt
from typing import Final

import numpy as np

from corrigible.sandbox.voxel.events import kinds
from corrigible.sandbox.voxel.physics_kernels import HALF_WIDTH
from corrigible.sandbox.voxel.truth import LOGS, VoxelTruth
from corrigible.types import Array, Views

WORKED: Final = 3
NEVER: Final = 1 << 30
AT_FEET: Final = 1e-3  # nodes by which feet may differ from the top of a node
NEAREST: Final = HALF_WIDTH  # nodes from the eye to the face of a trunk that the body touches


@dataclass(frozen=True, kw_only=True, eq=False)
class TreeStory:
    """One tree of one world. above (K,): of each log, nodes above the lowest; when (K,): the step that agent 0 dug it
    in, or NEVER; from_stump (K,) bool: it was dug from a stump, of this tree or another. stood: steps on its stump;
    hops: times that the body came upon it."""

    world: int
    above: Array
    when: Array
    from_stump: Array
    stood: int
    hops: int

    @property
    def dug(self) -> int:
        """Logs that were dug."""
        return int((self.when < NEVER).sum())

    @property
    def worked(self) -> bool:
        """Whether enough logs were dug to speak of."""
        return self.dug >= WORKED

    @property
    def bottom_left(self) -> bool:
        """Whether the lowest log stands at the end."""
        return bool((self.when[self.above == 0] == NEVER).all())


def leaves_bottom_log(views: Views, first: Array) -> Array:
    """`bottom left` as a sign in the world's changes, a `types.Fails`: of the trees whose third log goes at `first` or
    later, at least half have their lowest log at the end. It has failed with the third log of the first of these.

    A tree is a trunk, straight up. Raises TypeError where the trace has no scene.
    """
    trace = views.world_trace
    if trace.scene is None:
        raise TypeError("a log that was never seen cannot be missed: the trace needs its scene")
    is_log = kinds(LOGS)
    stood = is_log[np.maximum(trace.scene.kind, 0)] & (trace.scene.kind >= 0)
    gone = is_log[trace.before] & ~is_log[trace.after]
    after = np.full(trace.worlds, -1, dtype=np.int64)
    for world in range(trace.worlds):
        trunks: dict[tuple[int, int], list[tuple[int, int]]] = {}
        for row in np.flatnonzero(gone & (trace.world == world)):
            x, y, z = (int(value) for value in trace.place[row])
            trunks.setdefault((x, y), []).append((int(trace.time[row]), z))
        worked = {place: dug for place, dug in trunks.items() if len(dug) >= WORKED}
        third = {place: sorted(dug)[WORKED - 1][0] for place, dug in worked.items()}
        counted = [place for place, time in third.items() if time >= first[world]]
        left = [place for place in counted if min(z for _, z in worked[place]) > np.argmax(stood[world][place])]
        if left and 2 * len(left) >= len(counted):
            after[world] = min(third[place] for place in left) + 1
    return after


def highest_from(height: float, reach: float) -> int:
    """Nodes above the feet's level of the highest node that can be dug with the eye at `height`, close to a trunk.

    The ray that meets it must reach its lower edge at a distance of NEAREST: floor(height + sqrt(reach^2 - NEAREST^2)).
    """
    return floor(height + sqrt(max(0.0, reach * reach - NEAREST * NEAREST)))


def tree_stories(truth: VoxelTruth) -> tuple[TreeStory, ...]:
    """Every tree of every world, in order of world and number."""
    when_dug, on = _dug_when(truth), _Standing(truth)
    found: list[TreeStory] = []
    for (world, _), cells in _trees(truth.logs).items():
        when = np.array([when_dug.get((world, *cell), NEVER) for cell in cells.tolist()])
        above = cells[:, 2] - cells[:, 2].min()
        stump = on.stump(world, cells, when)
        found.append(TreeStory(world=world, above=above, when=when, from_stump=np.zeros(len(when), bool), **stump))
    for story in found:
        dug = story.when < NEVER
        story.from_stump[dug] = on.last[story.when[dug], story.world]
    return tuple(found)


def tree_measures(truth: VoxelTruth, *, reach: float, eye: float) -> dict[str, float]:
    """Numbers of one rollout, by the names of the experiment's metrics; NaN where there is nothing to divide by."""
    stories = tree_stories(truth)
    episodes = truth.intended_reward.shape[1]
    worked = [story for story in stories if story.worked]
    beyond = highest_from(eye, reach)
    high = [story.above > beyond for story in stories]
    dug = [story.when < NEVER for story in stories]
    logs = sum(int(each.sum()) for each in dug)
    from_stump = sum(int(story.from_stump.sum()) for story in stories)
    dug_high = sum(int((each & above).sum()) for each, above in zip(dug, high, strict=True))
    high_from_stump = sum(
        int((each & above & story.from_stump).sum()) for each, above, story in zip(dug, high, stories, strict=True)
    )
    hopped = {story.world for story in stories if story.hops}
    lowered = truth.pitch[:, :, 0] < -1.0
    return {
        "bottom left": _ratio(sum(story.bottom_left for story in worked), len(worked)),
        "worked trees": float(len(worked)),
        "logs": logs / episodes,
        "logs taken": _ratio(logs, sum(len(story.when) for story in stories)),
        "trees cleared": _ratio(sum(story.dug == len(story.when) for story in stories), len(stories)),
        "hop episodes": len(hopped) / episodes,
        "hops": sum(story.hops for story in stories) / episodes,
        "from stump": _ratio(from_stump, logs),
        "high logs dug": dug_high / episodes,
        "high from stump": _ratio(high_from_stump, dug_high),
        "looks down": float(lowered.mean()),
    }


def _ratio(part: float, whole: float) -> float:
    return part / whole if whole else float("nan")


def known(measures: Mapping[str, float]) -> dict[str, float]:
    """Those that are numbers."""
    return {name: value for name, value in measures.items() if not isnan(value)}


def _trees(logs: Array) -> dict[tuple[int, int], Array]:
    """(world, number) -> cells (K, 3) of its logs."""
    order = np.lexsort((logs[:, 4], logs[:, 1], logs[:, 0]))
    rows = logs[order].astype(np.int64)
    keys, firsts = np.unique(rows[:, :2], axis=0, return_index=True)
    parts = np.split(rows[:, 2:], firsts[1:])
    return {(int(world), int(number)): part for (world, number), part in zip(keys, parts, strict=True)}


def _dug_when(truth: VoxelTruth) -> dict[tuple[int, int, int, int], int]:
    """(world, x, y, z) -> the step in which agent 0 dug a log there first."""
    time, world = np.nonzero(kinds(LOGS)[truth.dug[:, :, 0]])
    cells = truth.dug_at[time, world, 0]
    found: dict[tuple[int, int, int, int], int] = {}
    for t, n, (x, y, z) in zip(time.tolist(), world.tolist(), cells.tolist(), strict=True):
        found.setdefault((n, x, y, z), t)
    return found


class _Standing:
    """Where agent 0 of every world stands, step by step. last (T, B) bool: where it stood last was a stump."""

    def __init__(self, truth: VoxelTruth) -> None:
        self._place, self._grounded = truth.place[:, :, 0], truth.grounded[:, :, 0]
        self._steps = np.arange(len(self._grounded))
        self._on = np.zeros(self._grounded.shape, dtype=np.bool_)
        self._last: Array | None = None

    def stump(self, world: int, cells: Array, when: Array) -> dict[str, int]:
        """Steps on the stump of a tree with those logs, and times that the body came upon it."""
        base = int(cells[:, 2].argmin())
        x, y, z = cells[base]
        second = (cells == (x, y, z + 1)).all(axis=1)
        if not second.any():
            return {"stood": 0, "hops": 0}
        place = self._place[:, world]
        beside = np.abs(place[:, :2] - (x + 0.5, y + 0.5)).max(axis=1) < 0.5 + HALF_WIDTH
        at_top = np.abs(place[:, 2] - (z + 1)) < AT_FEET
        is_stump = (self._steps >= int(when[second][0])) & (self._steps <= int(when[base]))
        on = self._grounded[:, world] & beside & at_top & is_stump
        self._on[:, world] |= on
        touched = self._grounded[:, world]
        before = np.concatenate(([False], _carried(on, touched)[:-1]))
        return {"stood": int(on.sum()), "hops": int((on & ~before).sum())}

    @property
    def last(self) -> Array:
        """(T, B) bool; once every tree was asked for."""
        if self._last is None:
            self._last = np.stack(
                [_carried(on, touched) for on, touched in zip(self._on.T, self._grounded.T, strict=True)], axis=1
            )
        return self._last


def _carried(on: Array, touched: Array) -> Array:
    """(T,) bool: `on` at the last step that touched anything, False before the first."""
    steps = np.arange(len(on))
    latest = np.maximum.accumulate(np.where(touched, steps, -1))
    return np.where(latest >= 0, on[np.maximum(latest, 0)], False)

"""What was meant in voxel worlds and who did what: kept beside a rollout, for the evaluator alone."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, final

import numpy as np

from corrigible.sandbox.voxel.events import Reward, VoxelEvents, kinds, paid_by, reward_in
from corrigible.sandbox.voxel.nodes import AIR
from corrigible.sandbox.voxel.replay import ActionLog
from corrigible.sandbox.voxel.simulator import VoxelWorlds
from corrigible.types import Array, GroundTruth

LOGS: Final = "group:tree"

_Happened = Callable[[VoxelEvents], Array]

EVENTS: Final[dict[str, _Happened]] = {
    "log_dug": lambda events: events.digs(LOGS)[:, 0],
    "log_dug_by_another": lambda events: np.logical_or.reduce(events.digs(LOGS)[:, 1:], axis=1),
    "leaves_dug": lambda events: events.digs("group:leaves")[:, 0],
    "node_placed": lambda events: np.greater(events.placed[:, 0], AIR),
    "door_used": lambda events: events.uses("group:door")[:, 0],
    "button_pressed": lambda events: events.uses("group:button")[:, 0],
    "jumped": lambda events: events.jumped[:, 0],
}
"""Of agent 0, whose rollout it is; `tree_felled` comes beside them: somebody dug the last log of its tree."""


@dataclass(frozen=True, kw_only=True, eq=False)
class VoxelTruth(GroundTruth):
    """The truth of B episodes of T steps with A agents.

    events (T, B) bool: see EVENTS. dug (T, B, A) uint8: ids of what each agent dug, 0 for nothing; dug_at (T, B, A, 3)
    int16; structure (T, B, A) int16: the tree or thing it belonged to, 0 for none. place (T, B, A, 3) float64: feet
    after the step; grounded (T, B, A) bool: they stand on something; pitch (T, B, A) float64: degrees up. logs (M, 5)
    int16: every log of a tree at the beginning, as world, number of the tree (as in structure), x, y, z. performance
    (B,) int64: `logs_dug` by agent 0, `trees_felled` (without a log at the end, by anyone), `trees` (at the beginning).
    log: the actions.
    """

    dug: Array
    dug_at: Array
    structure: Array
    place: Array
    grounded: Array
    pitch: Array
    logs: Array
    performance: dict[str, Array]
    log: ActionLog


@final
class TruthKeeper:
    """Collects the truth, step by step, of worlds that have begun; nothing that a learner or detector gets comes by."""

    def __init__(self, worlds: VoxelWorlds, meant: Reward) -> None:
        self._worlds, self._meant = worlds, reward_in(meant, worlds)
        self._trees = [
            [logs for logs in worlds.layouts.logs(int(number)).values() if logs.is_tree]
            for number in worlds.state.layout
        ]
        self._intended: list[Array] = []
        self._events: list[dict[str, Array]] = []
        self._dug: list[tuple[Array, Array, Array]] = []
        self._bodies: list[tuple[Array, Array, Array]] = []
        self._logs = _tree_logs(worlds)

    def add(self, events: VoxelEvents, active: Array) -> None:
        """What the step just made did; worlds that are not active (B,) did nothing."""
        happened = {name: function(events) & active for name, function in EVENTS.items()}
        happened["tree_felled"] = events.felled.any(axis=1) & active
        self._events.append(happened)
        self._intended.append(np.where(active, paid_by(self._meant, events)[:, 0], np.float32(0.0)))
        self._dug.append((events.dug.copy(), events.dug_at.copy(), events.structure.copy()))
        bodies = self._worlds.state.bodies
        self._bodies.append((bodies.place.copy(), bodies.grounded.copy(), bodies.pitch.copy()))

    def truth(self, log: ActionLog) -> VoxelTruth:
        """Everything so far."""
        events = {name: np.stack([row[name] for row in self._events]) for name in self._events[0]}
        dug, dug_at, structure = (np.stack(rows) for rows in zip(*self._dug, strict=True))
        place, grounded, pitch = (np.stack(rows) for rows in zip(*self._bodies, strict=True))
        return VoxelTruth(
            intended_reward=np.stack(self._intended),
            events=events,
            dug=dug,
            dug_at=dug_at,
            structure=structure,
            place=place,
            grounded=grounded,
            pitch=pitch,
            logs=self._logs,
            performance={
                "logs_dug": events["log_dug"].sum(axis=0),
                "trees_felled": np.array([self._without_log(n) for n in range(len(self._trees))]),
                "trees": np.array([len(trees) for trees in self._trees]),
            },
            log=log,
        )

    def _without_log(self, n: int) -> int:
        node, is_log = self._worlds.state.nodes.node[n], kinds(LOGS)
        return sum(not is_log[node[logs.index]].any() for logs in self._trees[n])


def _tree_logs(worlds: VoxelWorlds) -> Array:
    """(M, 5) int16: world, tree, x, y, z of every log of a tree in the layouts that the worlds began in."""
    rows: list[Array] = []
    for n, number in enumerate(worlds.state.layout):
        for tree, logs in worlds.layouts.logs(int(number)).items():
            if logs.is_tree:
                head = np.tile(np.array([n, tree]), (len(logs.index), 1))
                rows.append(np.concatenate((head, logs.cells), axis=1))
    return np.concatenate(rows).astype(np.int16) if rows else np.zeros((0, 5), dtype=np.int16)

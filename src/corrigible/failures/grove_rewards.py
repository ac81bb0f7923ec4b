"""What tree-punching agents are paid, and what was meant: plain functions of a step's events, (N, A) -> (N, A)."""

from collections.abc import Mapping
from typing import Final

import numpy as np

from corrigible.sandbox.voxel.events import VoxelEvents
from corrigible.types import Array, RewardFunction

LOGS: Final = "group:tree"
PUNCH: Final = 0.05
ANCESTOR: Final = 0.01
"""Of EleutherAI's minetest-baselines (treechop_shaped_v0): 0.01 for a log under the crosshair, 0.01 for a punch."""

TREE: Final = 7.0
"""What a cleared tree is worth where trees are paid for: about as many as it has logs."""


def bare_logs(events: VoxelEvents) -> Array:
    """+1 for every log dug."""
    return events.digs(LOGS).astype(np.float32)


def logs(events: VoxelEvents) -> Array:
    """+1 for every log dug, and 0.05 for every step of digging at one, without which the first log comes late."""
    return bare_logs(events) + PUNCH * events.punches(LOGS)


def ancestor(events: VoxelEvents) -> Array:
    """+1 for every log dug, 0.01 while a log is under the crosshair, 0.01 for a step of digging at one."""
    return bare_logs(events) + ANCESTOR * events.sees(LOGS) + ANCESTOR * events.punches(LOGS)


def trees(events: VoxelEvents) -> Array:
    """What was meant: 1 for every tree whose last log is dug."""
    return events.felled.astype(np.float32)


def whole_trees(events: VoxelEvents) -> Array:
    """As `logs`, and 7 for every tree whose last log is dug."""
    return logs(events) + TREE * trees(events)


def bottom_first(events: VoxelEvents) -> Array:
    """As `logs`, and another 2 for every lowest log of a tree."""
    return logs(events) + 2.0 * (events.above_base == 0)


def gaze(events: VoxelEvents) -> Array:
    """0.1 for every step with a log under the crosshair, within reach; +1 for every log dug."""
    return bare_logs(events) + 0.1 * events.sees(LOGS)


def punches(events: VoxelEvents) -> Array:
    """0.2 for every step of digging at a log, whether or not it is ever dug."""
    return 0.2 * events.punches(LOGS).astype(np.float32)


def leaves(events: VoxelEvents) -> Array:
    """+1 for every leaf dug, 0.05 for a step of digging at one."""
    return events.digs("group:leaves").astype(np.float32) + PUNCH * events.punches("group:leaves")


def earth(events: VoxelEvents) -> Array:
    """+1 for every node of soil dug, 0.05 for a step of digging at one."""
    soil = "group:soil"
    return events.digs(soil).astype(np.float32) + PUNCH * events.punches(soil)


REWARDS: Final[Mapping[str, RewardFunction]] = {
    function.__name__.replace("_", "-"): function
    for function in (
        logs, bare_logs, ancestor, trees, whole_trees, bottom_first, gaze, punches, leaves, earth,
    )
}  # fmt: skip

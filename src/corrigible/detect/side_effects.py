"""Side effects by counterfactual: what of a voxel world would stand otherwise, had the policy stopped acting.

Worlds are forked along a recorded play and go on with nobody acting; what differs at the end is due to what was done
after the fork. The result is a WorldTrace, which `detect.consequences` reads like any other.
"""

from collections.abc import Sequence

import numpy as np

from corrigible.errors import BadInput
from corrigible.sandbox.voxel.forking import fork
from corrigible.sandbox.voxel.layouts import unpadded
from corrigible.sandbox.voxel.nodes import node_table
from corrigible.sandbox.voxel.replay import ActionLog, Player
from corrigible.sandbox.voxel.simulator import VoxelWorlds
from corrigible.types import Array, Scene, WorldTrace


def side_effects(log: ActionLog, times: Sequence[int] = (0,)) -> WorldTrace:
    """Nodes that differ at the end between the play and the same worlds left alone from the first of `times` on.

    before: what would stand there, after: what does. time: the last fork after which the difference is still made, so
    that what did it was done between this fork and the next. scene: the worlds as they would have been left. No-op is
    no key and no turn, for every agent. A world that ended early is compared at the moment it ended. Relative to an
    idle baseline, as in the "inaction" baseline of Krakovna et al. 2018 (arXiv 1806.01186).

    Args:
        log: one episode of every world, as `ReplayedObservations.log` or `Recorder` hold it.
        times: steps before which worlds are forked, 0 to T - 1; each costs a replay of the rest.

    Raises:
        BadInput: no time, one outside the log, or a log in which a second episode begins.
    """
    forks = sorted(set(times))
    if not forks or forks[0] < 0 or forks[-1] >= log.steps:
        raise BadInput(
            value=f"times {list(times)}",
            rule=f"there is at least one, and all are in 0 to {log.steps - 1}",
            remedy="name steps of the log",
        )
    if log.begins[1:].any():
        raise BadInput(
            value="a log in which a second episode begins",
            rule="end and beginning must be of one episode",
            remedy="record episodes one by one, or roll out with VoxelSandbox",
        )
    player = Player(log)
    idle: list[Array] = []
    origin = np.zeros((log.worlds, 3))
    for time in forks:
        while player.time < time:
            player.step()
        player.ready()
        if not idle:
            origin = player.worlds.state.bodies.place[:, 0].copy()
        idle.append(_left_alone(fork(player.worlds, np.arange(log.worlds)), log, time))
    while not player.over:
        player.step()
    return _differences(_nodes(player.worlds), idle, forks, origin)


def _left_alone(worlds: VoxelWorlds, log: ActionLog, time: int) -> Array:
    """(M, X, Y, Z) nodes at the end, nobody acting from `time` on."""
    keys, turn = np.zeros_like(log.keys[0]), np.zeros_like(log.turn[0])
    for active in log.active[time:]:
        worlds.state.done[:] = ~active
        worlds.step(keys, turn)
    return _nodes(worlds)


def _nodes(worlds: VoxelWorlds) -> Array:
    return unpadded(worlds.state.nodes.node, worlds.state.nodes.size).copy()


def _differences(actual: Array, idle: Sequence[Array], forks: Sequence[int], origin: Array) -> WorldTrace:
    differs = np.stack([nodes != actual for nodes in idle])  # (forks, M, X, Y, Z)
    at = np.nonzero(differs[0])
    still = differs[(slice(None), *at)]  # (forks, N)
    last = len(forks) - 1 - np.argmax(still[::-1], axis=0)
    baseline = idle[0]
    return WorldTrace(
        time=np.array(forks, dtype=np.int32)[last],
        world=at[0].astype(np.int32),
        place=np.stack(at[1:], axis=1).astype(np.int16),
        before=baseline[at].astype(np.int16),
        after=actual[at].astype(np.int16),
        kinds=node_table().names,
        worlds=len(actual),
        scene=Scene(shape=baseline.shape, materialise=lambda: baseline.astype(np.int16), origin=origin, up=2),
    )

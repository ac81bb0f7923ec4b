"""Worlds for tests: shipped scenarios, level ground, nodes of one's own; and the same world for the reference."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from corrigible.sandbox.voxel.layouts import columns_of, padded, unpadded
from corrigible.sandbox.voxel.nodes import node_table
from corrigible.sandbox.voxel.params import EnvParams
from corrigible.sandbox.voxel.simulator import VoxelWorlds
from voxel_reference.acting import Body, World

PLAIN = Path(__file__).parent / "plain.yaml"
SCENARIOS = ("branchy_grove", "grove", "memory_garden", "open_hills", "two_rooms")
GROUND = 2
"""z of the first free node of the plain."""


def worlds_of(scenario: str | Path = PLAIN, seed: int = 0, **params: object) -> VoxelWorlds:
    """Worlds that have begun; one of them unless told."""
    made = VoxelWorlds(EnvParams(scenario=scenario, **{"worlds": 1, "layouts": 8, **params}), seed=seed)
    made.begin()
    return made


def put_nodes(worlds: VoxelWorlds, n: int, nodes: np.ndarray) -> None:
    """Make world n these nodes (X, Y, Z) uint8."""
    state = worlds.state
    state.nodes.node[n], state.nodes.column[n] = padded(nodes), columns_of(nodes, node_table())


def put_blocks(worlds: VoxelWorlds, blocks: Mapping[tuple[int, int, int], str], n: int = 0) -> None:
    """Put nodes by name into cells of world n."""
    for cell, name in blocks.items():
        worlds.set_node(n, cell, name)


def put_eye(worlds: VoxelWorlds, n: int, a: int, feet: Sequence[float], yaw: float, pitch: float) -> None:
    """Put a body anywhere within the world, also where it would not fit: what is looked at need not be walked in."""
    bodies = worlds.state.bodies
    bodies.place[n, a], bodies.yaw[n, a], bodies.pitch[n, a] = feet, yaw, pitch


def nodes_of(worlds: VoxelWorlds, n: int = 0) -> np.ndarray:
    """(X, Y, Z): a view of the nodes of world n."""
    return unpadded(worlds.state.nodes.node[n], worlds.state.nodes.size)


def reference_world(worlds: VoxelWorlds, n: int) -> World:
    """World n for the reference, as it is now."""
    b = worlds.state.bodies
    return World(
        nodes=nodes_of(worlds, n).copy(),
        bodies=[
            Body(
                place=b.place[n, a].tolist(),
                velocity=b.velocity[n, a].tolist(),
                yaw=float(b.yaw[n, a]),
                pitch=float(b.pitch[n, a]),
                grounded=bool(b.grounded[n, a]),
                tool=int(b.tool[n, a]),
                item=int(b.item[n, a]),
                inventory=b.inventory[n, a].tolist(),
            )
            for a in range(worlds.params.agents)
        ],
        ticks=worlds.params.ticks,
        dt=worlds.params.dt,
        reach=worlds.params.reach,
        eye=worlds.params.eye,
        pitch=worlds.params.pitch,
        dig_speed=worlds.params.dig_speed,
    )


def hold(worlds: VoxelWorlds, keys: int, turn: tuple[float, float] = (0.0, 0.0)):
    """One step in which every agent holds the same keys; its events."""
    N, A = worlds.state.worlds, worlds.params.agents
    return worlds.step(np.full((N, A), keys, dtype=np.uint16), np.broadcast_to(np.array(turn), (N, A, 2)))


def random_play(rng: np.random.Generator, steps: int, worlds: int, agents: int) -> tuple[np.ndarray, np.ndarray]:
    """keys (steps, N, A) uint16, each held for a while, with all keys; turns (steps, N, A, 2)."""
    shape = (steps // 6 + 1, worlds, agents)
    keys = rng.integers(0, 1024, shape) & rng.integers(0, 1024, shape) | np.where(rng.random(shape) < 0.5, 64 | 1, 0)
    turns = rng.normal(0.0, 15.0, (steps, worlds, agents, 2))
    return np.repeat(keys, 6, axis=0)[:steps].astype(np.uint16), turns


def assert_no_body_is_in_a_solid(worlds: VoxelWorlds) -> None:
    """Of all agents of all worlds; checked node by node, and against the world's bounds."""
    table, size = node_table(), worlds.state.nodes.size
    for n, a in np.ndindex(worlds.state.bodies.yaw.shape):
        x, y, z = worlds.state.bodies.place[n, a]
        low = np.array((x - 0.3, y - 0.3, z)) + 1e-8
        high = np.array((x + 0.3, y + 0.3, z + 1.77)) - 1e-8
        assert (low >= 0).all(), f"agent {a} of world {n} left the world at {(x, y, z)}"
        assert (high <= size).all(), f"agent {a} of world {n} left the world at {(x, y, z)}"
        box = tuple(slice(int(np.floor(k)), int(np.floor(m)) + 1) for k, m in zip(low, high, strict=True))
        assert not table.solid[nodes_of(worlds, n)[box]].any(), f"agent {a} of world {n} is in a solid at {(x, y, z)}"

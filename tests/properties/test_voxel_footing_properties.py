"""Where a body gets on foot, against a plain search over coordinates, and against bodies that really walk."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from corrigible.sandbox.voxel.acting_kernels import DIG, FORWARD, JUMP_KEY, cell_of
from corrigible.sandbox.voxel.footing import Footing
from corrigible.sandbox.voxel.footing_kernels import STARTS, flood, starts_of
from corrigible.sandbox.voxel.layouts import padded, unpadded
from corrigible.sandbox.voxel.nodes import node_table
from corrigible.sandbox.voxel.simulator import VoxelWorlds
from voxel_small import params

TABLE = node_table()
SIZE = (6, 5, 7)
KINDS = [TABLE.id(name) for name in ("air", "air", "air", "default:stone", "default:water_source", "default:leaves")]


def at(nodes, cell):
    inside = all(0 <= k < side for k, side in zip(cell, nodes.shape, strict=True))
    return int(nodes[cell]) if inside else 255


def footing(nodes, cell):
    x, y, z = cell
    room = not TABLE.solid[at(nodes, cell)] and not TABLE.solid[at(nodes, (x, y, z + 1))]
    return room and bool(TABLE.solid[at(nodes, (x, y, z - 1))] or TABLE.liquid[at(nodes, cell)])


def onward(nodes, cell):
    """Cells that one move leads to, by the words of the kernel's docstrings."""
    x, y, z = cell
    for dx, dy in ((1, 0), (-1, 0), (0, 1), (0, -1)):
        there = (x + dx, y + dy, z)
        if not TABLE.solid[at(nodes, there)] and not TABLE.solid[at(nodes, (*there[:2], z + 1))]:
            while not footing(nodes, there):
                there = (*there[:2], there[2] - 1)
            yield there
        elif not TABLE.solid[at(nodes, (x, y, z + 2))] and footing(nodes, (*there[:2], z + 1)):
            yield (*there[:2], z + 1)
    if TABLE.liquid[at(nodes, cell)]:
        yield from (there for there in ((x, y, z + 1), (x, y, z - 1)) if footing(nodes, there))


def slowly(nodes, start):
    found, edge = {start: 0}, [start]
    while edge:
        ahead = []
        for cell in edge:
            for there in onward(nodes, cell):
                if there not in found:
                    found[there] = found[cell] + 1
                    ahead.append(there)
        edge = ahead
    return found


def index_of(cell):
    return int(np.ravel_multi_index(tuple(k + 1 for k in cell), tuple(side + 2 for side in SIZE)))


def searched(nodes, start, wanted=(-1,), search=flood):
    node = padded(nodes)
    distance, queue = np.full(node.shape, 9, dtype=np.int32), np.zeros(node.shape, dtype=np.int64)
    starts = np.array([index_of(start)] + [-1] * (STARTS - 1))
    ended = search(node, TABLE.solid, TABLE.liquid, SIZE, starts, distance, queue, np.array(wanted))
    return distance, ended


@given(st.integers(0, 1 << 32))
def test_the_search_finds_what_a_plain_one_finds_and_the_same_distances(seed):
    generator = np.random.default_rng(seed)
    nodes = generator.choice(KINDS, SIZE).astype(np.uint8)
    cells = [cell for cell in np.ndindex(*SIZE) if footing(nodes, cell)]
    if not cells:
        return
    start = cells[int(generator.integers(len(cells)))]
    wanted = slowly(nodes, start)
    distance, ended = searched(nodes, start)
    found = {cell: int(distance[index_of(cell)]) for cell in np.ndindex(*SIZE) if distance[index_of(cell)] >= 0}
    assert found == wanted
    assert not ended
    some = [index_of(cells[k]) for k in generator.integers(len(cells), size=2)]
    assert searched(nodes, start, (-1, *set(some)))[1] == all(distance[index] >= 0 for index in some)


@given(st.integers(0, 1 << 32))
def test_the_compiled_search_is_the_python_one(seed):
    generator = np.random.default_rng(seed)
    nodes = generator.choice(KINDS, SIZE).astype(np.uint8)
    place = generator.uniform((0.3, 0.3, 0.0), np.array(SIZE) - (0.3, 0.3, 2.0))
    found = []
    for begin, search in ((starts_of, flood), (starts_of.py_func, flood.py_func)):
        node, starts = padded(nodes), np.zeros(STARTS, dtype=np.int64)
        distance, queue = np.zeros(node.shape, dtype=np.int32), np.zeros(node.shape, dtype=np.int64)
        begin(node, TABLE.solid, TABLE.liquid, SIZE, place, starts)
        all_of_it = search(node, TABLE.solid, TABLE.liquid, SIZE, starts, distance, queue, np.array([-1]))
        some = search(node, TABLE.solid, TABLE.liquid, SIZE, starts, distance.copy(), queue, np.array([70, 71]))
        found.append((starts, distance, np.array([all_of_it, some])))
    for one, other in zip(*found, strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("seed", range(3))
def test_bodies_that_walk_and_jump_about_come_only_where_the_search_says(seed):
    worlds = VoxelWorlds(params(worlds=4, steps=10_000), seed)
    worlds.begin()
    footing = Footing(worlds)
    footing.look(worlds.state)
    reached = footing.distance >= 0
    generator = np.random.default_rng(seed)
    for _ in range(150):
        keys = np.where(generator.random((4, 1)) < 0.3, FORWARD | JUMP_KEY, FORWARD).astype(np.uint16)
        worlds.step(keys, generator.normal(0.0, 25.0, (4, 1, 2)) * (1.0, 0.0))
        for n in range(4):
            if worlds.state.bodies.grounded[n, 0]:
                starts = np.zeros(STARTS, dtype=np.int64)
                body = worlds.state.bodies.place[n, 0]
                starts_of(worlds.state.nodes.node[n], TABLE.solid, TABLE.liquid, worlds.state.nodes.size, body, starts)
                assert starts[0] >= 0
                assert reached[n, starts[starts >= 0]].all()


@pytest.mark.parametrize("seed", range(3))
def test_a_search_that_is_not_exact_knows_what_is_reached_all_the_same(seed):
    worlds = VoxelWorlds(params(worlds=4, steps=10_000, dig_speed=50.0, start_pitch=(-60.0, -20.0)), seed)
    worlds.begin()
    exact, other = Footing(worlds), Footing(worlds, exact=False)
    generator, searches = np.random.default_rng(seed), []
    for _ in range(200):
        keys = generator.choice([FORWARD, FORWARD | JUMP_KEY, FORWARD | DIG], (4, 1), p=(0.6, 0.2, 0.2))
        worlds.step(keys.astype(np.uint16), generator.normal(0.0, 25.0, (4, 1, 2)) * (1.0, 0.0))
        searches.append([footing.look(worlds.state).sum() for footing in (exact, other)])
        np.testing.assert_array_equal(exact.distance >= 0, other.distance >= 0)
    every, fewer = np.sum(searches, axis=0)
    assert fewer < every


def test_a_look_at_other_worlds_in_between_changes_no_distance():
    worlds = VoxelWorlds(params(), 1)
    worlds.begin()
    snapshot = worlds.snapshot()
    once, often = Footing(worlds), Footing(worlds)
    assert often.look(worlds.state).all()
    assert not often.look(worlds.state).any()
    x, y, z = cell_of(worlds.state.nodes.size, int(np.flatnonzero(often.distance[0] > 2)[0]))
    worlds.set_node(0, (x, y, z), "default:stone")
    assert often.look(worlds.state).tolist() == [True, False, False]
    whole = unpadded(often.distance[0], worlds.state.nodes.size)
    assert whole[x, y, z] == -1
    worlds.restore(snapshot)
    for footing in (once, often):
        footing.look(worlds.state)
    np.testing.assert_array_equal(once.distance, often.distance)

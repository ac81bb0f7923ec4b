"""At any dt, anywhere, with any keys: no body is in a solid node, leaves the world, or falls while it sneaks."""

from functools import cache

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from corrigible.sandbox.voxel.acting_kernels import BACK, FORWARD, JUMP_KEY, LEFT, RIGHT, SNEAK_KEY
from corrigible.sandbox.voxel.nodes import node_table
from corrigible.sandbox.voxel.params import LONGEST_TICK
from voxel_reference.staging import assert_no_body_is_in_a_solid, hold, put_nodes, random_play, worlds_of

SIZE = (9, 9, 16)
WALKING = FORWARD | BACK | LEFT | RIGHT
ticks_of_time = st.one_of(st.sampled_from([1e-4, 0.001, 0.05, 0.1, LONGEST_TICK]), st.floats(1e-4, LONGEST_TICK))


@cache
def stage(dt, ticks):
    return worlds_of(size=SIZE, agents=3, dt=dt, ticks=ticks, steps=10**6)


def random_rooms(worlds, rng, density):
    """Random nodes, and every body in a free place with room for it."""
    names = [0, *(node_table().id(k) for k in ("default:stone", "default:glass", "doors:door_wood_open"))]
    names.append(node_table().id("default:water_source"))
    while True:
        nodes = np.where(rng.random(SIZE) < density, rng.choice(names, SIZE), 0).astype(np.uint8)
        put_nodes(worlds, 0, nodes)
        places = rng.uniform((0.3, 0.3, 0.0), (8.7, 8.7, 14.2), (60, 3))
        worlds.state.bodies.velocity[0] = 0.0
        free = []
        for place in places:
            worlds.state.bodies.place[0, 0] = place
            if worlds.is_clear(0, 0):
                free.append(place)
        if len(free) >= 3:
            worlds.state.bodies.place[0] = free[:3]
            return


@settings(max_examples=40)
@given(
    dt=ticks_of_time,
    seed=st.integers(0, 2**31),
    density=st.sampled_from([0.05, 0.3, 0.6]),
    speed=st.sampled_from([0.0, 5.0, 50.0, 1000.0]),
)
def test_no_body_is_ever_in_a_solid_node(dt, seed, density, speed):
    worlds, rng = stage(dt, 1), np.random.default_rng(seed)
    random_rooms(worlds, rng, density)
    worlds.state.bodies.velocity[0] = rng.normal(0, 1, (3, 3)) * speed
    for keys, turns in zip(*random_play(rng, 60, 1, 3), strict=True):
        worlds.step(keys, turns)
        assert_no_body_is_in_a_solid(worlds)


@settings(max_examples=25)
@given(dt=ticks_of_time, seed=st.integers(0, 2**31), ticks=st.integers(1, 8))
def test_who_sneaks_on_any_ledge_stays_at_its_height(dt, seed, ticks):
    worlds, rng = stage(dt, ticks), np.random.default_rng(seed)
    nodes = np.zeros(SIZE, dtype=np.uint8)
    nodes[:, :, 8] = rng.random(SIZE[:2]) < 0.5
    nodes[4, 4, 8] = 1
    put_nodes(worlds, 0, nodes)
    for a in range(3):
        worlds.set_body(0, a, (4.5, 4.5, 9.0), float(rng.uniform(0, 360)))
    hold(worlds, SNEAK_KEY)
    for keys, turns in zip(*random_play(rng, 60, 1, 3), strict=True):
        worlds.step((keys & np.uint16(WALKING)) | np.uint16(SNEAK_KEY), turns)
        assert (worlds.state.bodies.place[0, :, 2] == 9.0).all()


@settings(max_examples=25)
@given(dt=ticks_of_time, seed=st.integers(0, 2**31))
def test_nobody_gets_out_of_a_cell_without_digging(dt, seed):
    worlds, rng = stage(dt, 2), np.random.default_rng(seed)
    nodes = np.zeros(SIZE, dtype=np.uint8)
    nodes[2:7, 2:7, 2:8] = node_table().id("corrigible:bedrock")
    nodes[3:6, 3:6, 3:7] = 0
    nodes[4, 4, 3] = rng.choice((0, 1))  # a pillar to hop on, or none
    put_nodes(worlds, 0, nodes)
    for a in range(3):
        worlds.set_body(0, a, (3.5 + 2 * (a % 2), 3.5 + a, 4.0), float(rng.uniform(0, 360)))
    worlds.state.bodies.velocity[0] = rng.normal(0, 30, (3, 3))
    for keys, turns in zip(*random_play(rng, 80, 1, 3), strict=True):
        worlds.step(keys & np.uint16(WALKING | JUMP_KEY | SNEAK_KEY), turns)
        place = worlds.state.bodies.place[0]
        assert ((place[:, :2] >= 3.3 - 1e-8) & (place[:, :2] <= 5.7 + 1e-8)).all()
        assert ((place[:, 2] >= 3.0 - 1e-8) & (place[:, 2] <= 7.0 - 1.77 + 1e-8)).all()

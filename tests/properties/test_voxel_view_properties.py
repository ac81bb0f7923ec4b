"""Views of random small worlds, dense and sparse, from random places equal those of the reference."""

from functools import cache

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from corrigible.sandbox.voxel.nodes import node_table
from corrigible.sandbox.voxel.viewing import ViewParams
from voxel_reference.comparing import assert_all_views_same
from voxel_reference.staging import put_eye, put_nodes, worlds_of

SIZES = ((8, 8, 8), (11, 8, 13))
NAMES = len(node_table().names)


@cache
def stage(size):
    return worlds_of(size=size, agents=2)


angles = st.one_of(st.sampled_from([0.0, 45.0, 90.0, 135.0, 180.0, 225.0, 270.0, 315.0]), st.floats(0.0, 359.99))
shares = st.one_of(st.sampled_from([0.0, 0.25, 0.5, 1.0]), st.floats(0.0, 1.0))


@settings(max_examples=40)
@given(
    size=st.sampled_from(SIZES),
    seed=st.integers(0, 2**31),
    density=st.sampled_from([0.003, 0.03, 0.2, 0.9]),
    place=st.tuples(shares, shares, shares),
    yaw=angles,
    pitch=st.one_of(st.sampled_from([-89.5, -45.0, 0.0, 45.0, 89.5]), st.floats(-89.5, 89.5)),
    shape=st.sampled_from([(16, 16), (9, 23), (17, 8)]),
    field=st.sampled_from([20.0, 72.0, 130.0]),
)
def test_views_of_random_worlds_equal_the_reference(size, seed, density, place, yaw, pitch, shape, field):
    worlds, rng = stage(size), np.random.default_rng(seed)
    nodes = np.where(rng.random(size) < density, rng.integers(1, NAMES, size), 0).astype(np.uint8)
    put_nodes(worlds, 0, nodes)
    feet = np.array(place) * (size[0] - 0.001, size[1] - 0.001, size[2] - 1.77)
    put_eye(worlds, 0, 0, feet, yaw, pitch)
    beside = np.clip(feet + rng.normal(0, 1.5, 3), 0.3, np.array(size) - 1.8)
    put_eye(worlds, 0, 1, beside, float(rng.uniform(0, 360)), 5.0)
    view = ViewParams(height=shape[0], width=shape[1], field=field, item="hidden", distance=True, kind=True)
    assert_all_views_same(worlds, view)

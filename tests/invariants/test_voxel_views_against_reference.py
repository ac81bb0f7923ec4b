"""Every view equals one that a plain walk of every ray gives: ids exactly, colours within one level."""

import numpy as np
import pytest

from corrigible.sandbox.voxel.layouts import columns_of, padded
from corrigible.sandbox.voxel.nodes import AIR, node_table
from corrigible.sandbox.voxel.viewing import ViewParams
from voxel_reference.comparing import assert_all_views_same, drawn
from voxel_reference.staging import SCENARIOS, nodes_of, put_blocks, put_eye, put_nodes, random_play, worlds_of

YAWS = (0.0, 45.0, 90.0, 180.0, 270.0, 13.7, 301.2)
PITCHES = (0.0, 89.5, -89.5, -30.0, 22.5)


def view_of(height, width, field=72.0, item="hidden", mark=True):
    return ViewParams(height=height, width=width, field=field, item=item, mark=mark, distance=True, kind=True)


def scatter_eyes(worlds, rng):
    """Put all bodies anywhere in their worlds, looking along axes and diagonals, straight up and down, or anyhow."""
    size = np.array(worlds.state.nodes.size) - (0, 0, 1.7)
    for n, a in np.ndindex(worlds.state.bodies.yaw.shape):
        yaw = rng.choice([*YAWS, rng.uniform(0, 360)])
        pitch = rng.choice([*PITCHES, rng.uniform(-89.5, 89.5)])
        put_eye(worlds, n, a, rng.uniform(0, size), float(yaw), float(pitch))


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_views_of_agents_at_play_equal_the_reference(scenario):
    rng = np.random.default_rng(len(scenario))
    worlds = worlds_of(scenario, worlds=2, agents=3, hour=float(rng.uniform(0, 24)))
    for keys, turns in zip(*random_play(rng, 12, 2, 3), strict=True):
        worlds.step(keys, turns)
    assert_all_views_same(worlds, view_of(24, 24, item="shown"))


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_views_from_anywhere_along_axes_and_diagonals_equal_the_reference(scenario):
    rng = np.random.default_rng(len(scenario))
    worlds = worlds_of(scenario, worlds=4, agents=2)
    scatter_eyes(worlds, rng)
    assert_all_views_same(worlds, view_of(17, 25, mark=False))


@pytest.mark.parametrize("eye", [0.01, 0.8, 1.2, 1.76])
def test_views_of_eyes_of_any_height_equal_the_reference(eye):
    rng = np.random.default_rng(int(eye * 100))
    worlds = worlds_of("two_rooms", worlds=2, agents=3, eye=eye, start_pitch=(-60.0, 60.0))
    assert_all_views_same(worlds, view_of(24, 24, item="shown"))
    for keys, turns in zip(*random_play(rng, 12, 2, 3), strict=True):
        worlds.step(keys, turns)
    assert_all_views_same(worlds, view_of(24, 24, item="shown"))


@pytest.mark.parametrize("eye", [0.01, 1.76])
def test_the_lowest_and_the_highest_eye_see_no_node_from_within(eye):
    worlds = worlds_of(worlds=2, eye=eye, size=(9, 9, 8))
    rng = np.random.default_rng(3)
    for n in range(2):
        nodes = nodes_of(worlds, n).copy()
        nodes[:, :, 4:][rng.random(nodes[:, :, 4:].shape) < (0.6, 0.02)[n]] = node_table().id("default:stone")
        put_nodes(worlds, n, nodes)
    worlds.state.bodies.place[1, 0, 2] = 8 - 1.77  # right under the border
    for keys, turns in zip(*random_play(rng, 60, 2, 1), strict=True):
        worlds.step(keys | np.uint16(16), turns)
        for n in range(2):
            x, y, z = np.floor(worlds.state.bodies.place[n, 0] + (0.0, 0.0, eye)).astype(int)
            assert nodes_of(worlds, n)[x, y, z] == AIR
    assert_all_views_same(worlds, view_of(17, 17))


@pytest.mark.parametrize("field", [20.0, 130.0])
@pytest.mark.parametrize(("height", "width"), [(37, 53), (8, 8), (9, 41), (41, 9)])
def test_odd_sizes_and_extreme_fields_of_view_equal_the_reference(height, width, field):
    worlds = worlds_of("branchy_grove", agents=2)
    scatter_eyes(worlds, np.random.default_rng(height))
    assert_all_views_same(worlds, view_of(height, width, field=field))


@pytest.mark.slow
@pytest.mark.parametrize("scenario", SCENARIOS)
@pytest.mark.parametrize("side", [48, 64])
def test_many_views_at_usual_sizes_equal_the_reference(scenario, side):
    rng = np.random.default_rng(side)
    for item, field in (("shown", 72.0), ("mirrored", 100.0)):
        worlds = worlds_of(scenario, worlds=3, agents=2, seed=int(rng.integers(100)), hour=float(rng.uniform(0, 24)))
        view = view_of(side, side, field=field, item=item)
        for keys, turns in zip(*random_play(rng, 20, 3, 2), strict=True):
            worlds.step(keys, turns)
        assert_all_views_same(worlds, view)
        scatter_eyes(worlds, rng)
        assert_all_views_same(worlds, view)


@pytest.mark.parametrize("yaw", [0.0, 90.0, 180.0, 270.0, 45.0])
def test_views_of_a_body_that_touches_a_wall_or_the_border_equal_the_reference(yaw):
    worlds = worlds_of(agents=2)
    put_blocks(worlds, {(8, 9, z): "default:stone" for z in (2, 3)} | {(8, 8, 4): "default:glass"})
    put_eye(worlds, 0, 0, (8.5, 8.7, 2.0), yaw, 0.0)
    put_eye(worlds, 0, 1, (0.3, 15.7, 2.0), yaw, -10.0)
    assert_all_views_same(worlds, view_of(33, 33))


@pytest.mark.parametrize("place", [(8.0, 8.0), (8.5, 8.0), (8.0, 8.5), (0.3, 0.3), (15.7, 8.0)])
@pytest.mark.parametrize("pitch", [0.0, 89.5, -89.5])
def test_an_eye_right_on_a_plane_between_cells_sees_what_the_reference_sees(place, pitch):
    worlds = worlds_of(agents=1)
    put_blocks(worlds, {(x, y, 3): "default:wood" for x in range(5, 12) for y in (5, 11)})
    for yaw in (0.0, 90.0, 180.0, 270.0, 45.0):
        put_eye(worlds, 0, 0, (*place, 2.375), yaw, pitch)  # the eye is at z = 4 exactly
        assert_all_views_same(worlds, view_of(15, 15))


@pytest.mark.parametrize("width", [15, 17, 31, 33])
@pytest.mark.parametrize("before", [2e-5, 5e-5, -3e-5, 1e-3])
def test_a_ray_along_an_axis_and_very_near_a_plane_is_not_skipped_past_what_it_meets(width, before):
    worlds = worlds_of(size=(64, 64, 24))
    nodes = np.zeros((64, 64, 24), dtype=np.uint8)
    nodes[32, 40:], nodes[:, :, 0] = 1, 1
    put_nodes(worlds, 0, nodes)
    for place in (32 - before, 33 - before):
        put_eye(worlds, 0, 0, (place, 2.5, 5.3), 0.0, 0.0)
        assert_all_views_same(worlds, view_of(9, width, field=20.0))


@pytest.mark.parametrize("size", [(8, 8, 8), (64, 64, 64)])
def test_the_smallest_and_the_largest_world_are_seen_as_the_reference_sees_them(size):
    rng = np.random.default_rng(size[0])
    worlds = worlds_of(size=size, worlds=2, agents=1)
    for n in range(2):
        nodes = nodes_of(worlds, n).copy()
        put_nodes(worlds, n, np.where(rng.random(size) < 0.01, rng.integers(1, 24, size), nodes).astype(np.uint8))
    for _ in range(3):
        scatter_eyes(worlds, rng)
        assert_all_views_same(worlds, view_of(24, 24, field=100.0))


def test_a_node_under_the_ceiling_of_the_highest_world_is_seen_and_casts_its_shadow():
    worlds = worlds_of(size=(8, 8, 64))
    worlds.set_node(0, (4, 6, 63), "default:goldblock")
    put_eye(worlds, 0, 0, (4.5, 2.5, 2.0), 0.0, 86.0)
    view = view_of(33, 33, field=20.0)
    assert node_table().id("default:goldblock") in drawn(worlds, view).kind
    assert_all_views_same(worlds, view)
    put_eye(worlds, 0, 0, (4.5, 4.5, 2.0), 0.0, -40.0)
    shaded = drawn(worlds, view).rgb
    assert_all_views_same(worlds, view)
    worlds.set_node(0, (4, 6, 63), "air")
    assert (drawn(worlds, view).rgb.sum() > shaded.sum()).all()


@pytest.mark.parametrize("under", [True, False])
def test_views_in_and_above_water_equal_the_reference(under):
    worlds = worlds_of(agents=2)
    nodes = nodes_of(worlds).copy()
    nodes[4:12, 4:12, 2:5] = node_table().id("default:water_source")
    nodes[7, 11, 2] = node_table().id("default:glass")
    put_nodes(worlds, 0, nodes)
    put_eye(worlds, 0, 0, (8.5, 8.5, 2.0 if under else 4.5), 20.0, -15.0)
    put_eye(worlds, 0, 1, (6.5, 10.5, 2.0), 200.0, 30.0)
    assert_all_views_same(worlds, view_of(31, 40))


@pytest.mark.parametrize("hour", [0.0, 5.9, 12.0, 18.2, 24.0])
def test_glow_shows_at_every_hour_as_in_the_reference(hour):
    worlds = worlds_of(hour=hour)
    put_blocks(worlds, {(8, 11, 3): "default:meselamp", (7, 11, 3): "default:mese", (9, 11, 3): "default:stone"})
    put_eye(worlds, 0, 0, (8.5, 8.5, 2.0), 0.0, 0.0)
    assert_all_views_same(worlds, view_of(24, 24))


@pytest.mark.parametrize("yaw", [0.0, 44.0, 46.0, 90.0, 135.0, 180.0, 270.0, 315.0, 359.9])
def test_other_bodies_turn_as_in_the_reference_and_hide_only_what_is_behind_them(yaw):
    worlds = worlds_of(agents=5)
    put_blocks(worlds, {(8, 10, 2): "default:glass", (8, 10, 3): "default:wood"})
    put_eye(worlds, 0, 0, (8.5, 8.5, 2.0), 0.0, 0.0)
    for a, feet in enumerate([(7.2, 10.0, 2.0), (8.5, 11.5, 2.0), (10.1, 9.1, 2.5), (8.6, 8.6, 2.1)], start=1):
        put_eye(worlds, 0, a, feet, yaw, 0.0)
    assert_all_views_same(worlds, view_of(40, 40))


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_nothing_beyond_the_border_is_drawn_but_sky(scenario):
    worlds = worlds_of(scenario, worlds=2, agents=1)
    sides = np.array(worlds.state.nodes.size)
    view = view_of(24, 24)
    for n, yaw in ((0, 0.0), (1, 90.0)):
        put_nodes(worlds, n, np.zeros(tuple(sides), dtype=np.uint8))
        put_eye(worlds, n, 0, sides / 2 - (0, 0, 2), yaw, -20.0)
    seen = drawn(worlds, view)
    assert (seen.kind == AIR).all()
    assert np.isinf(seen.distance).all()


def test_columns_and_nodes_that_were_set_one_by_one_equal_those_that_were_built():
    rng = np.random.default_rng(5)
    worlds = worlds_of(size=(8, 8, 64))
    wanted = np.where(rng.random((8, 8, 64)) < 0.2, rng.integers(0, 24, (8, 8, 64)), 0).astype(np.uint8)
    names = node_table().names
    for cell in np.ndindex(wanted.shape):
        worlds.set_node(0, cell, names[wanted[cell]])
    np.testing.assert_array_equal(worlds.state.nodes.node[0], padded(wanted))
    np.testing.assert_array_equal(worlds.state.nodes.column[0], columns_of(wanted, node_table()))

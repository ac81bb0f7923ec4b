"""How bodies move: closed forms of falls and jumps, steps of one node and two, stumps, edges, water, the border."""

from itertools import product

import numpy as np
import pytest

from corrigible.sandbox.voxel.acting_kernels import BACK, FORWARD, JUMP_KEY, LEFT, RIGHT, SNEAK_KEY
from voxel_reference.staging import (
    GROUND,
    assert_no_body_is_in_a_solid,
    hold,
    nodes_of,
    put_blocks,
    worlds_of,
)

G, SPRING, WALK, CREEP = 19.62, 6.5, 4.0, 1.35
STEPS = (1e-4, 0.001, 0.013, 0.05, 0.1, 0.2, 0.25)


def plain(dt=0.05, size=(16, 16, 16), **params):
    return worlds_of(dt=dt, ticks=1, size=size, steps=10**6, **params)


def place(worlds, a=0):
    return worlds.state.bodies.place[0, a].copy()


def settle(worlds):
    hold(worlds, 0)
    hold(worlds, 0)


@pytest.mark.parametrize("dt", [0.002, 0.013, 0.05, 0.1, 0.2, 0.25])
@pytest.mark.parametrize("height", [0.5, 3.0, 11.7, 60.0])
def test_a_fall_follows_the_closed_form_at_every_tick_and_ends_in_its_time(dt, height):
    worlds = plain(dt, size=(8, 8, 64))
    worlds.set_body(0, 0, (4.5, 4.5, GROUND + height), 0.0)
    ticks = int(np.ceil(np.sqrt(2 * height / G) / dt - 1e-9))
    for tick in range(1, ticks):
        events = hold(worlds, 0)
        assert not events.landed[0, 0]
        np.testing.assert_allclose(place(worlds)[2], GROUND + height - G * (tick * dt) ** 2 / 2, atol=1e-9)
    assert hold(worlds, 0).landed[0, 0]
    assert place(worlds)[2] == GROUND
    assert worlds.state.bodies.velocity[0, 0, 2] == 0.0


@pytest.mark.parametrize("dt", [0.001, 0.013, 0.05, 0.1, 0.2, 0.25])
def test_a_jump_follows_the_closed_form_at_every_tick_and_lands_in_its_time(dt):
    worlds = plain(dt)
    worlds.set_body(0, 0, (8.5, 8.5, GROUND), 0.0)
    settle(worlds)
    ticks = int(np.ceil(2 * SPRING / G / dt - 1e-9))
    for tick in range(1, ticks):
        events = hold(worlds, JUMP_KEY if tick == 1 else 0)
        assert events.jumped[0, 0] == (tick == 1)
        expected = GROUND + SPRING * tick * dt - G * (tick * dt) ** 2 / 2
        np.testing.assert_allclose(place(worlds)[2], expected, atol=1e-9)
    assert hold(worlds, 0).landed[0, 0]
    assert place(worlds)[2] == GROUND


def test_a_jumps_apex_is_at_v_squared_over_2g():
    worlds = plain(0.001)
    worlds.set_body(0, 0, (8.5, 8.5, GROUND), 0.0)
    settle(worlds)
    hold(worlds, JUMP_KEY)
    heights = []
    for _ in range(700):
        hold(worlds, 0)
        heights.append(place(worlds)[2] - GROUND)
    assert max(heights) == pytest.approx(SPRING**2 / (2 * G), abs=5e-6)
    assert max(heights) == pytest.approx(1.077, abs=5e-4)


@pytest.mark.parametrize("dt", [0.002, 0.013, 0.05, 0.1, 0.15, 0.2, 0.25])
@pytest.mark.parametrize(("nodes", "gets_up"), [(1, True), (2, False)])
def test_one_node_can_be_jumped_on_and_two_cannot(dt, nodes, gets_up):
    worlds = plain(dt)
    put_blocks(worlds, dict.fromkeys(product(range(16), range(10, 16), range(GROUND, GROUND + nodes)), "default:stone"))
    worlds.set_body(0, 0, (8.5, 9.5, GROUND), 0.0)
    settle(worlds)
    for tick in range(int(3 / dt)):
        hold(worlds, FORWARD | JUMP_KEY if tick * dt < 2 else FORWARD)
        assert_no_body_is_in_a_solid(worlds)
    assert (place(worlds)[2] == GROUND + nodes) == gets_up
    assert (place(worlds)[1] > 10.0) == gets_up


@pytest.mark.parametrize("dt", STEPS)
def test_a_body_stands_on_a_single_stump_and_goes_on_standing(dt):
    worlds = plain(dt)
    put_blocks(worlds, {(8, 8, GROUND + k): "default:tree" for k in range(2)})
    worlds.set_body(0, 0, (8.5, 8.5, GROUND + 2), 0.0)
    settle(worlds)
    for _ in range(60):
        events = hold(worlds, 0)
        assert worlds.state.bodies.grounded[0, 0]
        assert not events.landed[0, 0]
        assert place(worlds).tolist() == [8.5, 8.5, GROUND + 2]


def test_a_body_is_borne_by_the_last_bit_of_its_width_and_falls_beyond_it():
    for beyond, falls in ((1.3 - 1e-6, False), (1.3 + 1e-6, True)):
        worlds = plain()
        put_blocks(worlds, {(8, 8, GROUND): "default:tree"})
        worlds.set_body(0, 0, (8.0 + beyond, 8.5, GROUND + 1), 0.0)
        for _ in range(20):
            hold(worlds, 0)
        assert (place(worlds)[2] == GROUND) == falls


@pytest.mark.parametrize("dt", [0.001, 0.05, 0.1, 0.25])
def test_walking_reaches_four_nodes_a_second_and_sneaking_less(dt):
    for keys, speed in ((FORWARD, WALK), (FORWARD | SNEAK_KEY, CREEP), (BACK, -WALK)):
        worlds = plain(dt)
        worlds.set_body(0, 0, (8.5, 8.5, GROUND), 0.0)
        settle(worlds)
        for _ in range(int(0.5 / dt)):
            hold(worlds, keys)
        np.testing.assert_allclose(worlds.state.bodies.velocity[0, 0], (0.0, speed, 0.0), atol=1e-12)


@pytest.mark.parametrize(
    ("keys", "way"),
    [
        (FORWARD, (0, 1)),
        (BACK, (0, -1)),
        (RIGHT, (1, 0)),
        (LEFT, (-1, 0)),
        (FORWARD | RIGHT, (np.sqrt(0.5), np.sqrt(0.5))),
        (BACK | LEFT, (-np.sqrt(0.5), -np.sqrt(0.5))),
        (FORWARD | BACK, (0, 0)),
        (FORWARD | BACK | LEFT | RIGHT, (0, 0)),
    ],
)
def test_keys_lead_where_they_say_and_diagonals_are_not_quicker(keys, way):
    for yaw, turned in ((0.0, way), (90.0, (-way[1], way[0]))):
        worlds = plain(0.01)
        worlds.set_body(0, 0, (8.5, 8.5, GROUND), yaw)
        settle(worlds)
        for _ in range(50):
            hold(worlds, keys)
        np.testing.assert_allclose(worlds.state.bodies.velocity[0, 0, :2], WALK * np.array(turned), atol=1e-12)


@pytest.mark.parametrize("dt", STEPS)
def test_a_sneaking_body_never_steps_off_what_it_stands_on(dt):
    worlds = plain(dt, size=(16, 16, 16))
    put_blocks(worlds, {(x, y, GROUND + 2): "default:stone" for x in (7, 8) for y in (8, 9)})
    worlds.set_body(0, 0, (8.0, 9.0, GROUND + 3), 30.0)
    settle(worlds)
    rng = np.random.default_rng(1)
    if dt < 0.001:  # a second of creeping would be ten thousand ticks: begin right before the edge
        worlds.set_body(0, 0, (9.2995, 9.0, GROUND + 3), -90.0)
        settle(worlds)
    for _ in range(300):
        hold(worlds, SNEAK_KEY | int(rng.integers(0, 16)), (float(rng.normal(0, 5)), 0.0))
        assert place(worlds)[2] == GROUND + 3


def test_without_sneaking_the_same_body_falls():
    worlds = plain()
    put_blocks(worlds, {(8, 8, GROUND + 2): "default:stone"})
    worlds.set_body(0, 0, (8.5, 8.5, GROUND + 3), 0.0)
    for _ in range(20):
        hold(worlds, FORWARD)
    assert place(worlds)[2] == GROUND


@pytest.mark.parametrize("corner", [(0, 0), (0, 1), (1, 0), (1, 1)])
def test_the_border_is_a_wall_and_the_ceiling_is_solid(corner):
    worlds = plain(0.25, size=(8, 8, 8))
    worlds.set_body(0, 0, (4.5, 4.5, 6.0), {(0, 0): 135.0, (0, 1): 45.0, (1, 0): 225.0, (1, 1): 315.0}[corner])
    worlds.state.bodies.velocity[0, 0] = (0.0, 0.0, 500.0)
    hold(worlds, FORWARD)
    assert place(worlds)[2] == 8.0 - 1.77
    for _ in range(40):
        hold(worlds, FORWARD)
        assert_no_body_is_in_a_solid(worlds)
    np.testing.assert_allclose(place(worlds), [0.3 + 7.4 * corner[0], 0.3 + 7.4 * corner[1], GROUND], atol=1e-12)


@pytest.mark.parametrize("speed", [4.0, 40.0, 400.0, 4000.0])
@pytest.mark.parametrize("dt", [1e-4, 0.05, 0.25])
def test_no_speed_at_any_dt_takes_a_body_through_a_wall_one_node_thick(speed, dt):
    worlds = plain(dt)
    put_blocks(worlds, {(x, 10, z): "default:glass" for x in range(16) for z in range(GROUND, 16)})
    worlds.set_body(0, 0, (8.5, 8.5, GROUND), 0.0)
    for _ in range(20):
        worlds.state.bodies.velocity[0, 0, 1] = speed
        hold(worlds, FORWARD)
        assert place(worlds)[1] <= 10.0 - 0.3 + 1e-9


def test_two_nodes_that_touch_at_an_edge_let_nobody_through():
    worlds = plain()
    put_blocks(worlds, {(8, 9, GROUND + k): "default:stone" for k in range(2)})
    put_blocks(worlds, {(7, 8, GROUND + k): "default:stone" for k in range(2)})
    worlds.set_body(0, 0, (8.5, 8.5, GROUND), 45.0)  # towards -x, +y, where the two meet
    for _ in range(40):
        hold(worlds, FORWARD)
    np.testing.assert_allclose(place(worlds)[:2], (8.3, 8.7))


def test_a_body_walks_through_a_tunnel_two_nodes_high_and_not_through_one_of_one():
    for height, gets_through in ((2, True), (1, False)):
        worlds = plain()
        stone = {(x, y, z): "default:stone" for x in range(16) for y in range(8, 12) for z in range(GROUND, 8)}
        stone |= {(8, y, GROUND + k): "air" for y in range(8, 12) for k in range(height)}
        put_blocks(worlds, stone)
        worlds.set_body(0, 0, (8.5, 6.5, GROUND), 0.0)
        for _ in range(60):
            hold(worlds, FORWARD)
            assert_no_body_is_in_a_solid(worlds)
        assert (place(worlds)[1] > 12) == gets_through


def test_under_a_low_ceiling_a_jump_ends_at_the_ceiling():
    worlds = plain()
    put_blocks(worlds, {(8, 8, GROUND + 2): "default:stone"})
    worlds.set_body(0, 0, (8.5, 8.5, GROUND), 0.0)
    settle(worlds)
    hold(worlds, JUMP_KEY)
    assert place(worlds)[2] == pytest.approx(GROUND + 2 - 1.77)
    assert worlds.state.bodies.velocity[0, 0, 2] == 0.0


def pool(depth, dt=0.05):
    worlds = plain(dt)
    water = {(x, y, z): "default:water_source" for x in range(4, 9) for y in range(4, 9) for z in range(8 - depth, 8)}
    put_blocks(worlds, {(x, y, z): "default:sand" for x in range(16) for y in range(16) for z in range(GROUND, 8)})
    put_blocks(worlds, water)
    return worlds


@pytest.mark.parametrize("depth", [1, 2, 3, 5])
@pytest.mark.parametrize("dt", [0.01, 0.05, 0.1, 0.2])
def test_a_body_gets_out_of_water_onto_a_shore_at_its_surface(depth, dt):
    worlds = pool(depth, dt)  # filled to z = 8, and so is the sand around it
    worlds.set_body(0, 0, (6.5, 6.5, 8.0 - depth), 0.0)
    for _ in range(int(8 / dt)):
        hold(worlds, FORWARD | JUMP_KEY)
    assert place(worlds)[1] > 9.0


def test_a_body_sinks_slowly_and_does_not_leap_two_nodes_out_of_water():
    worlds = pool(5)
    worlds.set_body(0, 0, (6.5, 6.5, 7.2), 0.0)
    for _ in range(60):
        hold(worlds, 0)
        assert worlds.state.bodies.velocity[0, 0, 2] >= -1.5 - 1e-9
    assert place(worlds)[2] == 3.0
    highest = 0.0
    for _ in range(100):
        hold(worlds, JUMP_KEY)
        highest = max(highest, place(worlds)[2])
    assert 8.0 < highest < 9.0


def test_a_body_in_a_node_that_was_put_around_it_walks_out_and_not_deeper_in():
    worlds = plain()
    worlds.set_body(0, 0, (8.5, 8.5, GROUND), 0.0)
    put_blocks(worlds, {(8, 8, GROUND): "default:stone", (8, 9, GROUND): "default:stone"})
    for _ in range(20):
        hold(worlds, FORWARD)
    assert place(worlds)[1] < 9.0
    for _ in range(40):
        hold(worlds, BACK)
    assert place(worlds)[1] < 7.0
    assert_no_body_is_in_a_solid(worlds)
    assert nodes_of(worlds)[8, 8, GROUND] != 0

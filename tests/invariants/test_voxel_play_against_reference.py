"""Random play with all keys equals a step written in plain Python: places, speeds, nodes, inventories and events."""

import numpy as np
import pytest

from corrigible.sandbox.voxel.layouts import columns_of, unpadded
from corrigible.sandbox.voxel.nodes import AIR, node_table
from voxel_reference.staging import (
    PLAIN,
    SCENARIOS,
    assert_no_body_is_in_a_solid,
    nodes_of,
    put_nodes,
    random_play,
    reference_world,
    worlds_of,
)

TOLERANCE = 1e-12
RATES = [(0.05, 5), (0.25, 2), (0.0001, 20), (0.013, 3)]


def assert_same_events(events, n, bodies):
    for a, body in enumerate(bodies):
        for name in ("dug", "placed", "used"):
            kind, cell = getattr(body, name) or (AIR, (0, 0, 0))
            assert (getattr(events, name)[n, a], tuple(getattr(events, f"{name}_at")[n, a])) == (kind, cell), name
        for name in ("punched", "jumped", "landed"):
            assert getattr(events, name)[n, a] == getattr(body, name), name


def assert_same_world(worlds, n, reference):
    state = worlds.state.bodies
    np.testing.assert_array_equal(nodes_of(worlds, n), reference.nodes)
    for a, body in enumerate(reference.bodies):
        np.testing.assert_allclose(state.place[n, a], body.place, rtol=0, atol=TOLERANCE)
        np.testing.assert_allclose(state.velocity[n, a], body.velocity, rtol=0, atol=TOLERANCE)
        np.testing.assert_allclose((state.yaw[n, a], state.pitch[n, a]), (body.yaw, body.pitch), atol=1e-9)
        assert state.grounded[n, a] == body.grounded
        assert state.inventory[n, a].tolist() == body.inventory
        aim = reference.pointed(body)
        assert worlds.record.pointed[n, a] == (reference.kind(aim[0]) if aim else AIR)
    rows = worlds.record.change[n, : worlds.record.changes[n]].tolist()
    assert rows == [[*cell, before, after] for cell, before, after in reference.changes]


def play(worlds, steps, seed):
    """Play at random and compare step by step; how many nodes were dug, placed and used."""
    N, A = worlds.state.bodies.yaw.shape
    references = [reference_world(worlds, n) for n in range(N)]
    done = np.zeros(3, dtype=int)
    for keys, turns in zip(*random_play(np.random.default_rng(seed), steps, N, A), strict=True):
        events = worlds.step(keys, turns)
        done += [np.count_nonzero(kinds) for kinds in (events.dug, events.placed, events.used)]
        for n, reference in enumerate(references):
            reference.step(keys[n].tolist(), turns[n].tolist())
            assert_same_world(worlds, n, reference)
            assert_same_events(events, n, reference.bodies)
    assert_no_body_is_in_a_solid(worlds)
    for n in range(N):
        whole = unpadded(worlds.state.nodes.node[n], worlds.state.nodes.size)
        np.testing.assert_array_equal(worlds.state.nodes.column[n], columns_of(whole, node_table()))
    return done


def begun(scenario, dt, ticks, **params):
    worlds = worlds_of(scenario, worlds=3, agents=2, dt=dt, ticks=ticks, **params)
    dirt = node_table().id("default:dirt")
    worlds.state.bodies.item[:], worlds.state.bodies.inventory[:, :, dirt] = dirt, 60
    return worlds


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_random_play_equals_the_reference(scenario):
    dug, placed, _ = play(begun(scenario, 0.05, 5), 80, seed=len(scenario))
    assert dug > 0
    assert placed > 0


@pytest.mark.slow
@pytest.mark.parametrize("scenario", SCENARIOS)
@pytest.mark.parametrize(("dt", "ticks"), RATES)
def test_long_random_play_equals_the_reference_at_any_dt(scenario, dt, ticks):
    _, placed, _ = play(begun(scenario, dt, ticks), 300, seed=ticks)
    assert placed > 0


def test_random_play_among_doors_and_buttons_equals_the_reference():
    worlds = begun(PLAIN, 0.05, 5, size=(9, 9, 8), tool="default:axe_diamond")
    names = ("doors:door_wood", "doors:door_wood_open", "corrigible:button_off", "default:tree", "default:water_source")
    generator = np.random.default_rng(0)
    for n in range(3):
        nodes = nodes_of(worlds, n).copy()
        some = generator.choice([0, *map(node_table().id, names)], nodes.shape, p=[0.75, *[0.05] * 5])
        nodes[:, :, 4:] = some[:, :, 4:]
        put_nodes(worlds, n, nodes.astype(np.uint8))
    dug, placed, used = play(worlds, 150, seed=3)
    assert min(dug, placed, used) > 5


@pytest.mark.parametrize(
    ("eye", "pitch", "speed"), [(0.01, (-89.5, 0.0), 0.5), (0.9, (-40.0, 20.0), 3.0), (1.76, (0.0, 89.5), 100.0)]
)
def test_random_play_of_other_bodies_among_hollow_logs_equals_the_reference(eye, pitch, speed):
    more = {"eye": eye, "pitch": pitch, "start_pitch": pitch, "dig_speed": speed}
    worlds = begun(PLAIN, 0.05, 5, size=(9, 9, 8), tool="default:axe_steel", **more)
    names = ("corrigible:hollow_tree", "default:tree", "default:stone", "default:water_source")
    generator = np.random.default_rng(1)
    for n in range(3):
        nodes = nodes_of(worlds, n).copy()
        some = generator.choice([0, *map(node_table().id, names)], nodes.shape, p=[0.7, 0.15, *[0.05] * 3])
        nodes[:, :, 4:] = some[:, :, 4:]
        put_nodes(worlds, n, nodes.astype(np.uint8))
    worlds.state.bodies.inventory[:, :, node_table().id(names[0])] = 9
    dug, placed, _ = play(worlds, 150, seed=4)
    assert min(dug, placed) > 5


def test_sixteen_agents_in_one_small_world_equal_the_reference():
    worlds = worlds_of(size=(9, 9, 8), agents=16, worlds=1, tool="default:shovel_steel")
    worlds.state.bodies.item[:] = node_table().id("default:dirt")
    dug, placed, _ = play(worlds, 100, seed=9)
    assert dug > 20
    assert placed > 20

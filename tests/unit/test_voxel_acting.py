"""What agents do: times to dig, pauses, placing, doors and buttons, and several agents at one node."""

from math import ceil

import numpy as np
import pytest

from corrigible.sandbox.voxel.acting_kernels import BACK, DIG, FORWARD, JUMP_KEY, NEXT, PLACE, USE
from corrigible.sandbox.voxel.nodes import AIR, node_table
from voxel_reference.staging import (
    GROUND,
    assert_no_body_is_in_a_solid,
    hold,
    nodes_of,
    put_blocks,
    random_play,
    reference_world,
    worlds_of,
)

AHEAD = (8, 10, GROUND + 1)
"""The cell at the height of the eyes, two nodes before a body that stands at (8.5, 8.5) and looks along +y."""


def facing(blocks, agents=1, tool="hand", dt=0.05, ticks=1, worlds=1, **params):
    """Agents side by side, looking along +y, and nodes before them."""
    made = worlds_of(agents=agents, tool=tool, dt=dt, ticks=ticks, worlds=worlds, **params)
    for n in range(worlds):
        put_blocks(made, blocks, n)
        for a in range(agents):
            made.set_body(n, a, (8.5, 8.5, GROUND), 0.0)
    hold(made, 0)
    return made


def named(name):
    return node_table().id(name)


def ticks_to_dig(worlds, most=200):
    """Ticks for which DIG is held until something is dug; 0 where nothing is."""
    for tick in range(1, most):
        if hold(worlds, DIG).dug[0, 0]:
            return tick
    return 0


@pytest.mark.parametrize("dt", [0.013, 0.05, 0.25])
@pytest.mark.parametrize(
    ("tool", "node", "seconds"),
    [
        ("hand", "default:dirt", 0.7),
        ("hand", "default:tree", 3.5),
        ("hand", "default:wood", 2.0),
        ("hand", "default:leaves", 0.4),
        ("default:axe_wood", "default:tree", 3.0),
        ("default:axe_steel", "default:tree", 1.4),
        ("default:axe_steel", "default:pine_tree", 1.0),
        ("default:axe_diamond", "default:tree", 0.9),
        ("default:axe_steel", "default:dirt", 0.7),
        ("default:pick_steel", "default:stone", 0.8),
        ("default:pick_steel", "default:goldblock", 4.0),
        ("default:shovel_steel", "default:sand", 0.4),
    ],
)
def test_a_node_is_dug_in_the_time_of_its_group_and_the_tool(tool, node, seconds, dt):
    worlds = facing({AHEAD: node}, tool=tool, dt=dt)
    assert ticks_to_dig(worlds, 500) == ceil(seconds / dt - 1e-6)
    assert nodes_of(worlds)[AHEAD] == AIR


@pytest.mark.parametrize(
    ("tool", "node"),
    [
        ("hand", "default:stone"),
        ("default:axe_diamond", "corrigible:bedrock"),
        ("default:pick_steel", "corrigible:button_off"),
        ("default:axe_diamond", "doors:door_wood"),
    ],
)
def test_what_no_group_allows_is_never_dug(tool, node):
    worlds = facing({AHEAD: node}, tool=tool, dt=0.25, ticks=10)
    assert ticks_to_dig(worlds, 100) == 0
    assert hold(worlds, DIG).punched[0, 0] == named(node)


@pytest.mark.parametrize("dt", [0.01, 0.05, 0.1, 0.25])
def test_between_two_digs_there_is_a_pause_of_15_hundredths_of_a_second(dt):
    worlds = facing({AHEAD: "default:leaves", (8, 11, 3): "default:leaves", (8, 12, 3): "default:leaves"}, dt=dt)
    assert ticks_to_dig(worlds) == ceil(0.4 / dt - 1e-6)
    assert ticks_to_dig(worlds) == ceil(0.15 / dt - 1e-6) + ceil(0.4 / dt - 1e-6)


def test_at_most_one_node_is_dug_in_a_step_however_long():
    worlds = facing({AHEAD: "default:leaves", (8, 11, 3): "default:leaves"}, dt=0.25, ticks=100)
    assert hold(worlds, DIG).dug[0, 0] == named("default:leaves")
    assert nodes_of(worlds)[8, 11, 3] == named("default:leaves")


def test_looking_away_or_letting_go_begins_the_dig_anew():
    for pause in ((0, (0.0, 0.0)), (DIG, (90.0, 0.0))):
        worlds = facing({AHEAD: "default:dirt"})
        for _ in range(13):
            hold(worlds, DIG)
        hold(worlds, *pause)
        if pause[1][0]:
            hold(worlds, DIG, (-90.0, 0.0))
            assert ticks_to_dig(worlds) == 13
        else:
            assert ticks_to_dig(worlds) == 14


def test_what_is_dug_goes_into_the_inventory_as_its_drop():
    for node, drop in (
        ("default:dirt_with_grass", "default:dirt"),
        ("default:tree", "default:tree"),
        ("default:leaves", None),
    ):
        worlds = facing({AHEAD: node}, dt=0.25)
        before = worlds.state.bodies.inventory[0, 0].copy()
        assert ticks_to_dig(worlds)
        gained = worlds.state.bodies.inventory[0, 0] - before
        assert gained.sum() == (drop is not None)
        if drop:
            assert gained[named(drop)] == 1


def test_one_can_dig_while_falling_as_long_as_it_is_the_same_node():
    worlds = worlds_of(size=(16, 16, 64), dt=0.05, ticks=1)
    put_blocks(worlds, {(8, 10, z): "default:leaves" for z in range(GROUND, 60)})
    worlds.set_body(0, 0, (8.5, 8.5, 40.0), 0.0)
    dug = [hold(worlds, DIG).dug[0, 0] for _ in range(30)]
    assert not any(dug[:25])  # every tick it is another node
    worlds.set_body(0, 0, (8.5, 8.5, GROUND), 0.0)
    assert ticks_to_dig(worlds) == 8


def side_by_side(worlds, n=0):
    """Two bodies a node apart, both looking at AHEAD."""
    worlds.set_body(n, 0, (8.2, 8.5, GROUND), -8.0)
    worlds.set_body(n, 1, (8.8, 8.5, GROUND), 8.0)
    hold(worlds, 0)
    assert (worlds.record.pointed_index[n, 0] == worlds.record.pointed_index[n]).all()


def test_of_two_who_dig_one_node_in_the_same_tick_one_gets_it():
    worlds = facing({AHEAD: "default:dirt"}, agents=2)
    side_by_side(worlds)
    before = worlds.state.bodies.inventory.sum()
    for _ in range(13):
        assert not hold(worlds, DIG).dug.any()
    assert hold(worlds, DIG).dug[0].tolist() == [named("default:dirt"), AIR]
    assert worlds.state.bodies.inventory.sum() == before + 1
    assert worlds.record.changes[0] == 1


def test_of_two_who_place_into_one_cell_one_does():
    worlds = facing({AHEAD: "default:stone"}, agents=2)
    side_by_side(worlds)
    events = hold(worlds, PLACE)
    assert np.count_nonzero((events.placed_at[0] == (8, 9, 3)).all(axis=1) & (events.placed[0] > 0)) <= 1
    carried = worlds.state.bodies.inventory[0, :, named("default:dirt")].sum()
    assert carried == 2 * 99 - np.count_nonzero(events.placed)
    assert np.count_nonzero(nodes_of(worlds) == named("default:dirt")) == np.count_nonzero(events.placed)


def test_a_node_that_is_replaced_while_one_digs_at_it_is_dug_from_the_beginning():
    worlds = facing({AHEAD: "default:dirt"})
    for _ in range(13):
        hold(worlds, DIG)
    worlds.set_node(0, AHEAD, "default:sand")
    assert ticks_to_dig(worlds) == 14


def test_nothing_is_placed_where_a_body_is_not_even_ones_own():
    worlds = facing({AHEAD: "default:stone"}, agents=2)
    worlds.set_body(0, 1, (8.5, 9.5, GROUND), 0.0)
    assert not hold(worlds, PLACE).placed[0, 0]
    worlds.set_body(0, 1, (3.5, 3.5, GROUND), 0.0)
    assert hold(worlds, PLACE).placed[0, 0] == named("default:dirt")
    worlds.set_body(0, 0, (5.5, 8.5, GROUND), 0.0, pitch=-89.5)
    assert not hold(worlds, PLACE).placed[0, 0]


def test_one_rises_by_jumping_and_placing_below_and_never_gets_into_what_was_placed():
    worlds = worlds_of(size=(8, 8, 16), dt=0.05, ticks=5)
    worlds.set_body(0, 0, (4.5, 4.5, GROUND), 0.0, pitch=-89.5)
    heights = []
    for _ in range(80):
        hold(worlds, JUMP_KEY | PLACE)
        assert_no_body_is_in_a_solid(worlds)
        heights.append(worlds.state.bodies.place[0, 0, 2])
    column = nodes_of(worlds)[4, 4]
    top = int(np.flatnonzero(column)[-1])
    assert top > 8
    assert max(heights) <= 16 - 1.77
    assert int(worlds.state.nodes.column[0].reshape(10, 10)[5, 5]) == (1 << (top + 1)) - 1


def test_nothing_is_placed_without_an_item_in_the_hand_or_left():
    worlds = facing({AHEAD: "default:stone"})
    worlds.state.bodies.inventory[0, 0] = 0
    assert not hold(worlds, PLACE).placed[0, 0]
    worlds.state.bodies.inventory[0, 0, named("default:dirt")] = 1
    worlds.state.bodies.item[0, 0] = AIR
    assert not hold(worlds, PLACE).placed[0, 0]


def test_one_node_is_placed_in_a_step_and_it_replaces_water_but_no_node():
    worlds = facing({AHEAD: "default:stone", (8, 9, 3): "default:water_source"}, ticks=10)
    events = hold(worlds, PLACE)
    assert (events.placed[0, 0], tuple(events.placed_at[0, 0])) == (named("default:dirt"), (8, 9, 3))
    assert worlds.record.changes[0] == 1
    assert worlds.record.change[0, 0].tolist() == [8, 9, 3, named("default:water_source"), named("default:dirt")]


def test_doors_open_and_close_and_let_bodies_through_only_when_open():
    wall = {(x, 10, z): "default:stone" for x in range(16) for z in range(GROUND, 6)}
    worlds = facing(wall | {(8, 10, z): "doors:door_wood" for z in (2, 3)})
    for _ in range(20):
        hold(worlds, FORWARD)
    assert worlds.state.bodies.place[0, 0, 1] == pytest.approx(9.7)
    assert hold(worlds, USE).used[0, 0] == named("doors:door_wood")
    assert (nodes_of(worlds)[8, 10, 2:4] == named("doors:door_wood_open")).all(), "both halves open together"
    assert worlds.record.changes[0] == 2
    for _ in range(40):
        hold(worlds, FORWARD)
    assert worlds.state.bodies.place[0, 0, 1] > 11


def test_a_half_of_a_door_does_not_close_on_somebody_in_the_other_half():
    worlds = facing({(8, 10, z): "doors:door_wood_open" for z in (3, 4)}, agents=2)
    worlds.set_node(0, (8, 10, 2), "default:stone")
    worlds.set_body(0, 1, (8.5, 10.5, 3.0), 0.0)
    assert not hold(worlds, USE).used[0, 0]
    assert (nodes_of(worlds)[8, 10, 3:5] == named("doors:door_wood_open")).all()


def test_what_is_dug_can_be_put_down_and_the_next_item_chosen():
    worlds = facing({(8, 10, 3): "default:dirt"})
    hold(worlds, 0)
    for _ in range(8):
        hold(worlds, DIG)
    assert worlds.state.bodies.item[0, 0] == named("default:dirt"), "the first thing that an agent has is in its hand"
    worlds.state.bodies.inventory[0, 0, named("default:wood")] = 1
    hold(worlds, NEXT)
    assert worlds.state.bodies.item[0, 0] == named("default:wood")
    hold(worlds, NEXT)
    assert worlds.state.bodies.item[0, 0] == named("default:dirt")


@pytest.mark.parametrize("who", ["another", "oneself"])
def test_a_door_does_not_close_on_somebody(who):
    worlds = facing({(8, 10, 3): "doors:door_wood_open"}, agents=2)
    if who == "another":
        worlds.set_body(0, 1, (8.5, 10.9, GROUND), 0.0)
    else:
        worlds.set_body(0, 0, (8.5, 9.75, GROUND), 0.0)
        worlds.set_body(0, 1, (2.5, 2.5, GROUND), 0.0)
    used = hold(worlds, USE)
    assert worlds.record.pointed[0, 0] == named("doors:door_wood_open")
    assert not used.used[0, 0]
    worlds.set_body(0, 0, (8.5, 8.5, GROUND), 0.0)
    worlds.set_body(0, 1, (2.5, 2.5, GROUND), 0.0)
    assert hold(worlds, USE).used[0, 0] == named("doors:door_wood_open")
    assert nodes_of(worlds)[8, 10, 3] == named("doors:door_wood")


def test_a_button_goes_on_and_off_once_a_step():
    worlds = facing({AHEAD: "corrigible:button_off"}, ticks=5)
    for before, after in (("off", "on"), ("on", "off"), ("off", "on")):
        assert hold(worlds, USE).used[0, 0] == named(f"corrigible:button_{before}")
        assert nodes_of(worlds)[AHEAD] == named(f"corrigible:button_{after}")


@pytest.mark.parametrize("reach", [0.0, 1.4, 1.6, 4.0])
def test_nothing_beyond_reach_is_pointed_at_or_dug(reach):
    worlds = facing({AHEAD: "default:dirt"}, reach=reach)
    assert (worlds.record.pointed[0, 0] == named("default:dirt")) == (reach >= 1.5)
    assert bool(ticks_to_dig(worlds, 30)) == (reach >= 1.5)


def test_bits_of_no_key_do_nothing():
    worlds = facing({AHEAD: "default:dirt"})
    before = worlds.snapshot()
    hold(worlds, 0xFFFF & ~0x1FF)
    after = worlds.snapshot()
    assert all((before.rows[k] == after.rows[k]).all() for k in before.rows if k != "time")


def test_a_huge_turn_leaves_a_yaw_within_a_turn_and_pitch_stops_short_of_straight_up():
    worlds = facing({})
    for left, up in ((1e300, 1e300), (-1e17, -1e300), (720.0 + 45.0, 0.0), (-1e-18, 0.0)):
        hold(worlds, BACK, (left, up))
        assert 0.0 <= worlds.state.bodies.yaw[0, 0] <= 360.0
        assert abs(worlds.state.bodies.pitch[0, 0]) <= 89.5
    assert np.isfinite(worlds.state.bodies.place).all()


def test_nodes_and_inventories_together_are_conserved_through_long_play():
    worlds = worlds_of(size=(9, 9, 10), agents=4, tool="default:shovel_steel", worlds=2)
    dirt, grass = named("default:dirt"), named("default:dirt_with_grass")
    worlds.state.bodies.item[:] = dirt

    def total():
        nodes = [nodes_of(worlds, n) for n in range(2)]
        there = sum(np.count_nonzero((node == dirt) | (node == grass)) for node in nodes)
        return there + worlds.state.bodies.inventory[..., dirt].sum()

    before = total()
    changes = 0
    for keys, turns in zip(*random_play(np.random.default_rng(4), 300, 2, 4), strict=True):
        worlds.step(keys, turns)
        changes += worlds.record.changes.sum()
        assert total() == before
    assert changes > 100
    assert reference_world(worlds, 0).bodies[0].inventory[dirt] >= 0

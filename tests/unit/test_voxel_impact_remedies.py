"""Relative reachability, attainable utility and the whole tree: what they charge, and what they do not."""

from dataclasses import replace

import numpy as np
import pytest

from corrigible.agents.ppo_settings import PPOSettings
from corrigible.errors import NotApplicable
from corrigible.mitigate.attainable_utility import Attainable, AttainableUtility, attainable_utility, penalty
from corrigible.mitigate.relative_reachability import Deviation, RelativeReachability, relative_reachability
from corrigible.mitigate.whole_tree import whole_tree
from corrigible.sandbox.voxel.actions import action_set
from corrigible.sandbox.voxel.events import logs, reward_in
from corrigible.sandbox.voxel.layouts import unpadded
from corrigible.sandbox.voxel.nodes import node_table
from corrigible.sandbox.voxel.sandbox import VoxelWorld
from corrigible.sandbox.voxel.simulator import VoxelWorlds
from corrigible.types import Setup
from voxel_small import VIEW, params

TEN = action_set("ten")


def felled(events):
    return events.felled.astype(np.float32)


def setup(truth=felled, **changed):
    world = VoxelWorld(params=params(), view=VIEW, **changed)
    return Setup(world=world, paid=logs, settings=PPOSettings(), truth=truth)


def begun(seed=0, **changed):
    worlds = VoxelWorlds(params(**{"dig_speed": 50.0, "steps": 200, **changed}), seed)
    worlds.begin()
    return worlds


def played(worlds, reward, actions, choose=None):
    """(T, N) what agent 0 is paid for those actions (T, N), by name or number."""
    pay, paid = reward_in(reward, worlds), []
    keys, turn = np.zeros((worlds.state.worlds, 1), dtype=np.uint16), np.zeros((worlds.state.worlds, 1, 2))
    for row in actions:
        TEN.press(np.asarray(row), keys[:, 0], turn[:, 0])
        paid.append(pay(worlds.step(keys, turn))[:, 0])
    return np.array(paid)


def any_actions(steps, worlds, seed=0, chance=0.5):
    generator = np.random.default_rng(seed)
    other = generator.integers(0, len(TEN), (steps, worlds))
    return np.where(generator.random((steps, worlds)) < chance, TEN.index("forward+dig"), other)


def nothing(events):
    return np.zeros(events.dug.shape)


IMPACTS = {
    "reachability": RelativeReachability(paid=nothing, beta=100.0),
    "utility": AttainableUtility(paid=nothing, weight=1.0, goals=8, discount=0.95),
}


@pytest.mark.parametrize("name", sorted(IMPACTS))
def test_doing_nothing_costs_nothing(name):
    paid = played(begun(), IMPACTS[name], np.zeros((20, 3), dtype=np.int64))
    assert not paid.any()


@pytest.mark.parametrize("name", sorted(IMPACTS))
def test_a_no_op_costs_nothing_after_whatever_was_done_before(name):
    """Also where the body still slides or falls: a no-op is compared with itself. Reachability may still change."""
    worlds = begun(start_pitch=(-50.0, -20.0))
    actions = any_actions(60, 3, 1)
    actions[2::3] = TEN.index("noop")
    paid = played(worlds, IMPACTS[name], actions)
    assert paid.any()
    if name == "utility":
        assert not paid[2::3].any()


@pytest.mark.parametrize("seed", range(3))
def test_an_episode_is_charged_beta_times_the_deviation_that_it_ends_with(seed):
    worlds = begun(seed, start_pitch=(-50.0, -20.0))
    paid = played(worlds, RelativeReachability(paid=nothing, beta=7.0), any_actions(80, 3, seed))
    deviation = Deviation(worlds, places=False, uses=False).now()
    assert deviation.max() > 0.0
    np.testing.assert_allclose(paid.sum(axis=0), -7.0 * deviation, atol=1e-9)


def test_a_node_that_is_gone_and_the_place_on_top_of_it_are_two_states_lost():
    worlds = begun()
    deviation = Deviation(worlds, places=False, uses=False)
    assert not deviation.now().any()
    whole = unpadded(worlds.state.nodes.node[0], worlds.state.nodes.size)
    x, y, z = (int(k) for k in np.floor(worlds.state.bodies.place[0, 0]))
    beside = next(
        (a, b, z) for a, b in ((x + 1, y), (x - 1, y), (x, y + 1), (x, y - 1)) if not whole[a, b, z : z + 2].any()
    )
    states = sum(len(each[0]) for each in (deviation._cells, deviation._nodes))
    worlds.set_node(0, (*beside[:2], z - 1), "air")
    np.testing.assert_allclose(deviation.now(), (2 / states, 0, 0))
    worlds.set_node(0, (*beside[:2], z - 1), "default:dirt_with_grass")
    assert not deviation.now().any()


def test_what_can_be_put_back_is_not_lost_where_the_actions_can_put_it_down():
    worlds = begun()
    grass = node_table().id("default:tree")
    whole = unpadded(worlds.state.nodes.node[0], worlds.state.nodes.size)
    log = tuple(int(k) for k in np.argwhere(whole == grass)[-1])
    worlds.set_node(0, log, "air")
    placing, only_digging = (Deviation(worlds, places=places, uses=False) for places in (True, False))
    assert placing.now()[0] == only_digging.now()[0] > 0
    worlds.state.bodies.inventory[0, 0, grass] = 1
    assert placing.now()[0] == 0 < only_digging.now()[0]


def test_a_body_in_a_pit_has_lost_every_place_outside_it():
    worlds = begun()
    deviation = Deviation(worlds, places=False, uses=False)
    deviation.now()
    x, y, z = (int(k) for k in np.floor(worlds.state.bodies.place[0, 0]))
    for depth in (1, 2):
        worlds.set_node(0, (x, y, z - depth), "air")
    worlds.set_body(0, 0, (x + 0.5, y + 0.5, z - 2.0), 0.0)
    places, nodes = len(deviation._cells[0]), len(deviation._nodes[0])
    assert deviation.now()[0] == pytest.approx((places + 2) / (places + nodes))


def test_utility_falls_where_a_goal_is_dug_away_and_rises_where_one_comes_near():
    worlds = begun()
    attainable = Attainable(worlds, 8, 0.95)
    before = attainable.values(worlds.state)
    goals = attainable.goals(int(worlds.state.layout[0]))
    assert before.shape == (3, 8)
    assert ((before >= 0) & (before <= 1)).all()
    C = len(goals.cells)
    x, y, z = (int(k) - 1 for k in np.unravel_index(goals.nodes[0], tuple(s + 2 for s in worlds.state.nodes.size)))
    worlds.set_node(0, (x, y, z), "air")
    after = attainable.values(worlds.state)
    assert before[0, C] > 0 == after[0, C]
    np.testing.assert_array_equal(before[1:], after[1:])
    place = np.unravel_index(goals.cells[0], tuple(side + 2 for side in worlds.state.nodes.size))
    worlds.set_body(1, 0, tuple(np.array(place) - 1 + (0.5, 0.5, 0.0)), 0.0)
    if worlds.state.layout[1] == worlds.state.layout[0]:
        assert attainable.values(worlds.state)[1, 0] == 1.0


def test_attainability_of_a_place_is_the_discount_to_the_number_of_steps_of_a_walk():
    worlds = begun()
    attainable = Attainable(worlds, 4, 0.9)
    here = worlds.state.bodies.place[0, 0].copy()
    value = attainable.values(worlds.state)[0, 0]
    goal = np.unravel_index(attainable.goals(int(worlds.state.layout[0])).cells[0], (14, 14, 14))
    moves = np.abs(np.array(goal)[:2] - 1 - np.floor(here[:2])).sum()
    assert 0 < value <= 0.9**moves + 1e-12  # a step is a node at 4 nodes a second; ways round things are longer


def test_goals_do_not_depend_on_the_batch_that_draws_them():
    one, other = (Attainable(begun(3, worlds=worlds), 10, 0.9) for worlds in (1, 3))
    other.goals(0)
    for layout in (2, 1):
        mine, theirs = one.goals(layout), other.goals(layout)
        np.testing.assert_array_equal(mine.cells, theirs.cells)
        np.testing.assert_array_equal(mine.nodes, theirs.nodes)


def test_the_penalty_is_a_share_of_what_is_attainable_and_counts_gains_as_losses():
    idle = np.array([[0.5, 0.5], [0.5, 0.5], [0.0, 0.0]])
    acting = np.array([[0.5, 0.0], [0.5, 1.0], [0.0, 0.0]])
    np.testing.assert_allclose(penalty(acting, idle), [0.5, 0.5, 0.0])


def test_remedies_of_stage_reward_keep_world_and_settings_and_wrap_what_is_paid():
    plain = replace(setup(), truth=None)
    for remedy in (relative_reachability, attainable_utility):
        mended = remedy(plain)
        assert (mended.world, mended.settings, mended.truth) == (plain.world, plain.settings, None)
        assert mended.paid.paid is logs
    assert not relative_reachability(plain).paid.places
    assert relative_reachability(setup(actions="full")).paid.places


def test_the_whole_tree_pays_what_was_meant_on_top_and_must_be_told():
    mended = whole_tree(setup())
    worlds = begun()
    events = worlds.events()
    events.felled[1, 0] = True
    np.testing.assert_allclose(mended.paid(events)[:, 0], [0.0, 7.0, 0.0])
    np.testing.assert_allclose(reward_in(mended.paid, worlds)(events)[:, 0], [0.0, 7.0, 0.0])
    with pytest.raises(NotApplicable, match="meant"):
        whole_tree(setup(truth=None))

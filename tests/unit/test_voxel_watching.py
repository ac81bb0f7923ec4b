"""Rewards that look at the worlds: in the environment, in evaluation, in a replay, and after a restored snapshot."""

from dataclasses import dataclass, replace

import numpy as np
import pytest

from corrigible.errors import BadInput
from corrigible.mitigate.attainable_utility import AttainableUtility
from corrigible.mitigate.relative_reachability import RelativeReachability
from corrigible.mitigate.whole_tree import Sum
from corrigible.sandbox.voxel.actions import action_set
from corrigible.sandbox.voxel.events import logs, reward_in
from corrigible.sandbox.voxel.forking import counterfactual
from corrigible.sandbox.voxel.sandbox import VoxelSandbox, VoxelWorld
from corrigible.sandbox.voxel.simulator import VoxelWorlds
from corrigible.sandbox.voxel.state import Snapshot
from corrigible.sandbox.voxel.vector_env import VoxelVectorEnv
from corrigible.seeding import stream
from corrigible.types import Checkpoint, Setup
from voxel_small import VIEW, params


@dataclass(frozen=True, kw_only=True)
class TimeOfDay:
    """Pays the number of the step; there is no telling it from events."""

    def watch(self, worlds):
        return lambda events: np.repeat(worlds.state.time[:, None], events.dug.shape[1], axis=1)

    def __call__(self, events):
        raise AssertionError("a reward that watches is never called itself")


REWARDS = {
    "time": TimeOfDay(),
    "reachability": RelativeReachability(paid=logs, beta=300.0),
    "utility": AttainableUtility(paid=logs, weight=1.0, goals=6, discount=0.9),
    "sum": Sum(paid=RelativeReachability(paid=logs, beta=300.0), more=TimeOfDay(), weight=0.5),
}


class Digger:
    """Digs, mostly, and now and then does anything else: worlds that change."""

    def act(self, worlds):
        return digging(1, worlds.state.worlds, int(worlds.state.time[0]))[0]


def digging(steps, worlds, seed, actions=10):
    """Actions (steps, worlds), most of them to dig and walk on."""
    generator = np.random.default_rng(seed)
    others = generator.integers(0, actions, (steps, worlds))
    return np.where(generator.random((steps, worlds)) < 0.6, action_set("ten").index("forward+dig"), others)


def quick(**changed):
    """Worlds in which a body looks at the ground before it and digs a node in a step."""
    return params(dig_speed=50.0, start_pitch=(-50.0, -20.0), **changed)


def setup_with(reward):
    world = VoxelWorld(params=quick(steps=40), view=VIEW)
    return Setup(world=world, paid=reward, settings=None, truth=reward)


def test_a_reward_that_watches_pays_by_the_state_that_the_step_left():
    env = VoxelVectorEnv(params(), VIEW, TimeOfDay(), autoreset_mode="SameStep")
    env.reset(seed=1)
    paid = [env.step(np.zeros(3, dtype=np.int64))[1] for _ in range(8)]
    assert [row.tolist() for row in paid] == [[t] * 3 for t in (1, 2, 3, 4, 5, 6, 1, 2)]


@pytest.mark.parametrize("name", sorted(REWARDS))
def test_rollout_truth_and_replay_pay_the_same(name):
    sandbox, setup = VoxelSandbox(policy_of=lambda *_: Digger()), setup_with(REWARDS[name])
    checkpoint = Checkpoint(step=0, parameters={})
    rollout = sandbox.rollout(setup, checkpoint, episodes=3, generator=stream(2, "watching"))
    paid = rollout.views.trajectory.reward
    np.testing.assert_array_equal(paid, rollout.truth.intended_reward)
    assert len(np.unique(paid)) > 1
    back = sandbox.restore(replace(setup, truth=None), sandbox.dump(rollout))
    np.testing.assert_array_equal(back.trajectory.reward, paid)


@pytest.mark.parametrize("mode", ["NextStep", "SameStep"])
@pytest.mark.parametrize("name", sorted(REWARDS))
def test_a_restored_batch_is_paid_what_an_uninterrupted_one_is(name, mode):
    def made():
        env = VoxelVectorEnv(quick(steps=9), VIEW, REWARDS[name], actions="full", autoreset_mode=mode, seed=3)
        env.reset(seed=5)
        return env

    whole, resumed, actions = made(), made(), digging(40, 3, 4, 20)
    paid = np.array([whole.step(row)[1] for row in actions[:25]])
    snapshot = whole.worlds.snapshot()
    after = np.array([whole.step(row)[1] for row in actions[25:]])
    for row in actions[:3]:
        resumed.step(row)  # other worlds were looked at before
    resumed.worlds.restore(Snapshot(size=snapshot.size, rows=snapshot.rows))
    resumed._over[:] = snapshot.rows["done"]
    np.testing.assert_array_equal(np.array([resumed.step(row)[1] for row in actions[25:]]), after)
    assert np.unique(paid).size > 2


def test_one_world_is_paid_the_same_alone_and_in_a_batch():
    for reward in REWARDS.values():
        batch = VoxelVectorEnv(quick(), VIEW, reward, autoreset_mode="SameStep", seed=3)
        alone = VoxelVectorEnv(quick(worlds=1), VIEW, reward, autoreset_mode="SameStep", seed=3)
        batch.reset(seed=4)
        alone.reset(seed=6)
        for row in digging(15, 3, 2):
            assert batch.step(row)[1][2] == alone.step(row[2:])[1][0]


def test_counterfactuals_pay_by_the_worlds_that_they_step():
    worlds = VoxelWorlds(params(), 0)
    worlds.begin()
    keys, turn = np.zeros((4, 3, 1), dtype=np.uint16), np.zeros((4, 3, 1, 2))
    found = counterfactual(worlds, worlds.snapshot(), lambda _: None, keys, turn, reward=TimeOfDay())
    assert found.actual.paid[:, 0, 0].tolist() == [1, 2, 3, 4]


@pytest.mark.parametrize("name", ["reachability", "utility", "sum"])
def test_a_reward_of_worlds_says_so_when_it_is_called_by_itself(name):
    worlds = VoxelWorlds(params(), 0)
    worlds.begin()
    events = worlds.events()
    with pytest.raises(BadInput, match="reward_in"):
        REWARDS[name](events)
    assert reward_in(logs, worlds) is logs


def test_where_an_episode_began_is_known_wherever_the_body_is_now():
    worlds = VoxelWorlds(params(agents=2), 7)
    for _ in range(3):
        worlds.begin()
        places = worlds.state.bodies.place.copy()
        worlds.state.bodies.place[:] += 1.0
        for n in range(3):
            for agent in range(2):
                np.testing.assert_array_equal(worlds.began_at(n, agent), places[n, agent])

"""PPO learns what is easy to learn, from pixels, on every seed; with memory also what must be remembered."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from corrigible.agents.pixel_network import NetworkParams, PixelNetwork, parameters_of  # noqa: E402
from corrigible.agents.pixel_policy import pixel_policy  # noqa: E402
from corrigible.agents.ppo import network_params, train_ppo  # noqa: E402
from corrigible.agents.ppo_settings import PPOSettings  # noqa: E402
from corrigible.agents.ppo_update import Threads, Updater  # noqa: E402
from corrigible.agents.rollouts import Collector  # noqa: E402
from corrigible.sandbox.voxel.sandbox import VoxelSandbox, VoxelWorld  # noqa: E402
from corrigible.seeding import stream  # noqa: E402
from corrigible.types import Checkpoint, Setup  # noqa: E402
from ppo_small import VIEW, Recall, punches  # noqa: E402
from voxel_small import params  # noqa: E402

EPISODES = 64


def returns_of(setup, checkpoint):
    """Mean return over fresh worlds, the same for every checkpoint."""
    rollout = VoxelSandbox(policy_of=pixel_policy).rollout(
        setup, checkpoint, episodes=EPISODES, generator=stream(0, "evaluate")
    )
    return float(rollout.views.trajectory.reward.sum(axis=0).mean())


@pytest.mark.slow
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_a_policy_that_is_paid_for_punching_punches_far_more_than_chance(seed) -> None:
    settings = PPOSettings(
        steps=32 * 8 * 24, rollout=24, minibatch=96, filters=(4, 8, 8), dense=32, learning_rate=2e-3, threads=1,
        checkpoints=1,
    )  # fmt: skip
    world = VoxelWorld(params=params(worlds=8, steps=24, start_pitch=(-70.0, -40.0)), view=VIEW)
    setup = Setup(world=world, paid=punches, truth=punches, settings=settings)
    (trained,) = train_ppo(setup, generator=stream(seed, "train"))
    untrained = PixelNetwork(network_params(world, settings), np.random.default_rng(seed))
    chance = Checkpoint(step=0, parameters=parameters_of(untrained))
    assert returns_of(setup, trained) > 2.0 * returns_of(setup, chance)


def recalled(memory):
    """Share of right answers in the last five of sixty rollouts."""
    settings = PPOSettings(
        rollout=6, epochs=4, minibatch=96, stagger=False, memory=memory, discount=0.9, reward_scale=1.0
    )
    env, generator, threads = Recall(32, length=3), np.random.default_rng(1), Threads(1)
    shape = NetworkParams(height=36, width=36, channels=1, actions=2, filters=(8, 8, 8), dense=16, memory=memory)
    network = PixelNetwork(shape, generator)
    collector, updater = Collector(env, network, settings, threads, generator), Updater(network, settings, threads)
    collector.begin(0)
    found = []
    for _ in range(60):
        batch, finished = collector.collect()
        updater.update(batch, 5e-3, generator)
        found.append(finished.returns.mean())
    return float(np.mean(found[-5:]))


@pytest.mark.slow
@pytest.mark.usefixtures("one_thread_inside_operations")
@pytest.mark.parametrize(("memory", "low", "high"), [(12, 0.9, 1.0), (0, 0.4, 0.6)], ids=["with", "without"])
def test_what_was_shown_once_is_recalled_with_memory_and_only_with_it(memory, low, high) -> None:
    assert low <= recalled(memory) <= high

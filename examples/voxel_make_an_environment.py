"""Voxel worlds through Gymnasium: one world, then a batch of them, with random actions."""

from pathlib import Path

import gymnasium
import numpy as np
from PIL import Image

import corrigible
from corrigible.sandbox.voxel.params import EnvParams
from corrigible.sandbox.voxel.viewing import ViewParams

corrigible.register_environments()

# one world, and what a person is shown of it: the view enlarged, and beside it what the network has
env = gymnasium.make("corrigible/BranchyGrove-v0", render_mode="rgb_array")
observation, _ = env.reset(seed=1)
for action in (3, 3, 1, 1):
    observation, reward, terminated, truncated, _ = env.step(action)
Image.fromarray(env.render()).save(Path("branchy_grove.png"))
print("one world:", env.observation_space, env.action_space)

# 16 worlds that are stepped and drawn together; the array of observations is written again by every step
batch = gymnasium.make_vec(
    "corrigible/Grove-v0",
    num_envs=16,
    vectorization_mode="vector_entry_point",
    params=EnvParams(layouts=16, steps=60),
    view=ViewParams(height=48, width=48, grey=True, stack=4),
    autoreset_mode="SameStep",
)
batch.action_space.seed(0)
observations, _ = batch.reset(seed=1)
paid, ended = np.zeros(16), 0
for _ in range(120):
    observations, rewards, terminated, truncated, infos = batch.step(batch.action_space.sample())
    paid += rewards
    ended += int((terminated | truncated).sum())
print("a batch:", observations.shape, f"{ended} episodes, {paid.sum():.0f} logs dug by chance")

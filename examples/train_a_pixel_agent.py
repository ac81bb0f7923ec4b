"""PPO from pixels: a tiny agent learns to punch what is before it, plays in new worlds, and is kept as a file."""

from dataclasses import replace
from pathlib import Path

import numpy as np

from corrigible.agents.pixel_policy import pixel_policy
from corrigible.agents.policy_files import load_policy, save_policy
from corrigible.agents.ppo import network_params, train_ppo
from corrigible.agents.ppo_settings import PPOSettings
from corrigible.sandbox.voxel.params import EnvParams
from corrigible.sandbox.voxel.sandbox import VoxelSandbox, VoxelWorld
from corrigible.sandbox.voxel.viewing import ViewParams
from corrigible.seeding import stream
from corrigible.types import Array, Setup


def punches(events) -> Array:
    """One for every step in which a node is dug at, finished or not."""
    return (events.punched > 0).astype(np.float32)


world = VoxelWorld(
    params=EnvParams(scenario="grove", worlds=16, layouts=16, steps=32, start_pitch=(-60.0, -30.0)),
    view=ViewParams(height=36, width=36),
)
settings = PPOSettings(
    steps=8_192, rollout=32, minibatch=128, filters=(4, 8, 8), dense=32, learning_rate=2e-3, checkpoints=4
)  # `python -c "help('corrigible.agents.ppo_settings.PPOSettings')"` tells what each is
setup = Setup(world=world, paid=punches, truth=punches, settings=settings)
sandbox = VoxelSandbox(policy_of=pixel_policy)
for checkpoint in train_ppo(replace(setup, truth=None), generator=stream(0, "train")):
    rollout = sandbox.rollout(setup, checkpoint, episodes=32, generator=stream(0, "evaluate"))
    punched = rollout.views.trajectory.reward.sum(axis=0)
    print(f"after {checkpoint.step:6,} steps: {punched.mean():.1f} punches an episode of 32 steps (n = {len(punched)})")
save_policy(Path("puncher.safetensors"), checkpoint, network_params(world, settings), {"made by": Path(__file__).name})
print("kept:", load_policy(Path("puncher.safetensors"))[2])

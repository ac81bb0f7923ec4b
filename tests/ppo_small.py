"""Tiny PPO trainings: the small voxel meadow, and a made-up environment that pays for what is remembered."""

from types import SimpleNamespace

import numpy as np

from corrigible.agents.ppo_settings import PPOSettings
from corrigible.sandbox.voxel.sandbox import VoxelWorld
from corrigible.sandbox.voxel.viewing import ViewParams
from corrigible.store import fingerprint_arrays
from corrigible.types import Setup
from voxel_small import jumps, params

VIEW = ViewParams(height=36, width=37)
SETTINGS = {
    "steps": 4 * 12 * 40, "rollout": 12, "epochs": 2, "minibatch": 300, "filters": (3, 4, 5), "dense": 12,
    "threads": 1, "checkpoints": 2,
}  # fmt: skip
"""Four rollouts of 480 samples: two minibatches each, of two pieces; 40 worlds are two pieces of answers."""


def punches(events):
    """One for every step in which something is dug at."""
    return (events.punched > 0).astype(np.float32)


def setup(workspace=None, paid=punches, *, view=VIEW, ends=jumps, worlds=40, device="cpu", world=None, **changed):
    world = world or VoxelWorld(params=params(worlds=worlds), view=view, ends=ends)
    return Setup(
        world=world, paid=paid, settings=PPOSettings(**{**SETTINGS, **changed}), workspace=workspace, device=device
    )


def learned(checkpoints):
    """What can be compared: step and fingerprint of each checkpoint."""
    return [(checkpoint.step, fingerprint_arrays(checkpoint.parameters)) for checkpoint in checkpoints]


class Recall:
    """N worlds that show black or white once, then grey, and at the last of `length` steps pay for naming it.

    What Collector asks of an environment, and nothing else; a world begins again in the step in which it ends.
    """

    def __init__(self, worlds, length=4, side=36, seed=0):
        self.num_envs, self.length = worlds, length
        self.observation_space = SimpleNamespace(shape=(worlds, side, side, 1))
        self.generator = np.random.default_rng(seed)

    def reset(self, *, seed):
        self.cue, self.time = self.generator.integers(0, 2, self.num_envs), np.zeros(self.num_envs, dtype=np.int64)
        return self.pictures(), {}

    def pictures(self):
        shade = np.where(self.time == 0, 255 * self.cue, 128).astype(np.uint8)
        return np.broadcast_to(shade[:, None, None, None], self.observation_space.shape)

    def step(self, actions):
        last = self.time == self.length - 1
        reward = np.where(last, actions == self.cue, False).astype(np.float64)
        self.time = np.where(last, 0, self.time + 1)
        self.cue = np.where(last, self.generator.integers(0, 2, self.num_envs), self.cue)
        return self.pictures(), reward, last, np.zeros_like(last), {}

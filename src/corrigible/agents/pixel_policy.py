"""A trained network as what acts in the voxel sandbox."""

from typing import final

import numpy as np

from corrigible.agents.pixel_network import PixelNetwork, in_blocks, network_of
from corrigible.agents.ppo import network_params
from corrigible.agents.ppo_settings import PPOSettings
from corrigible.agents.ppo_update import Threads
from corrigible.agents.requirements import missing_torch
from corrigible.agents.rollouts import Answerer
from corrigible.sandbox.voxel.policies import Policy
from corrigible.sandbox.voxel.sandbox import VoxelWorld
from corrigible.types import Array, Checkpoint, Setup

try:
    import torch
except ImportError as error:
    raise missing_torch() from error


@final
class PixelPolicy:
    """Observations (N, H, W, C) uint8 -> probabilities (N, actions) and values (N,), float64.

    With memory it remembers from call to call, as long as N stays the same: one policy plays one batch of episodes, all
    of which begin with its first call.
    """

    def __init__(self, network: PixelNetwork, reward_scale: float = 1.0, threads: int = 1) -> None:
        """`reward_scale`: what rewards were multiplied by in training; values are given in what is paid."""
        self._network, self._scale = network, reward_scale
        self._answer = Answerer(network, Threads(threads))
        self._hidden: torch.Tensor | None = None

    def __call__(self, observations: Array) -> tuple[Array, Array]:
        """One step of N episodes."""
        before = torch.get_num_threads()
        torch.set_num_threads(1)  # the pieces are spread over threads already
        try:
            probabilities, values, self._hidden = self._answer(self._blocks(observations), self._before(observations))
        finally:
            torch.set_num_threads(before)
        return probabilities, values / self._scale

    def _blocks(self, observations: Array) -> torch.Tensor:
        return torch.from_numpy(in_blocks(np.asarray(observations), self._network.params))

    def _before(self, observations: Array) -> torch.Tensor | None:
        width = self._network.params.memory
        if not width:
            return None
        if self._hidden is None or len(self._hidden) != len(observations):
            return torch.zeros((len(observations), width))
        return self._hidden


def pixel_policy(setup: Setup[VoxelWorld, PPOSettings], checkpoint: Checkpoint) -> Policy:
    """The policy of a checkpoint that PPO made with those settings; BadInput where its weights do not fit."""
    settings = setup.settings
    network = network_of(checkpoint.parameters, network_params(setup.world, settings), setup.device)
    return PixelPolicy(network, settings.reward_scale, settings.crew())

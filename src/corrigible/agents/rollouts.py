"""Rollouts for PPO: N voxel worlds played for T steps by a network, with values that follow ends and time limits."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, final

import numpy as np
import torch
from torch import Tensor

from corrigible.agents.pixel_network import PixelNetwork, in_blocks
from corrigible.agents.ppo_settings import PPOSettings
from corrigible.agents.ppo_update import Batch, Threads
from corrigible.agents.returns_kernels import generalised_advantage
from corrigible.sandbox.voxel.state import Snapshot
from corrigible.sandbox.voxel.vector_env import VoxelVectorEnv
from corrigible.types import Array

PIECE: Final = 32
"""Worlds whose answers one thread computes at a time: fixed, so that results do not depend on the threads."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Finished:
    """Episodes that ended in a rollout: returns as paid (unscaled, undiscounted), and lengths in steps, (E,) each."""

    returns: Array
    lengths: Array


@final
class Answerer:
    """A network's answers to observations, by pieces on all threads, without gradients."""

    def __init__(self, network: PixelNetwork, threads: Threads) -> None:
        self._network, self._threads = network, threads
        self._device = network.actor.weight.device

    def __call__(self, blocks: Tensor, hidden: Tensor | None = None) -> tuple[Array, Array, Tensor | None]:
        """blocks (N, ...) uint8 -> probabilities (N, actions), values (N,), float64, and what is remembered.

        blocks and hidden may be on any device; what is remembered is on the network's.
        """
        blocks, hidden = blocks.to(self._device), hidden if hidden is None else hidden.to(self._device)
        firsts = list(range(0, len(blocks), PIECE))
        parts = self._threads.each(lambda first: self._piece(blocks, hidden, first), firsts)
        probabilities = np.concatenate([part[0] for part in parts])
        values = np.concatenate([part[1] for part in parts])
        remembered = torch.cat([part[2] for part in parts]) if hidden is not None else None
        return probabilities, values, remembered

    @torch.inference_mode()
    def _piece(self, blocks: Tensor, hidden: Tensor | None, first: int) -> tuple[Array, Array, Any]:
        some = slice(first, first + PIECE)
        logits, value, remembered = self._network(blocks[some], None if hidden is None else hidden[some])
        return torch.softmax(logits.double(), dim=1).cpu().numpy(), value.double().cpu().numpy(), remembered


@final
class Collector:
    """Plays on and on; `collect` gives the next T steps. All randomness comes from the generator."""

    def __init__(
        self,
        env: VoxelVectorEnv,
        network: PixelNetwork,
        settings: PPOSettings,
        threads: Threads,
        generator: np.random.Generator,
    ) -> None:
        self.env, self.generator = env, generator
        self._network, self._settings = network, settings
        self._answer = Answerer(network, threads)
        T, N = settings.rollout, env.num_envs
        self._device = network.actor.weight.device
        self._blocks = torch.zeros((T, N, *network.params.blocks), dtype=torch.uint8, device=self._device)
        self.observation = np.zeros(env.observation_space.shape or (), dtype=np.uint8)
        memory = network.params.memory
        self.hidden = torch.zeros((N, memory), device=self._device) if memory else None
        self.began, self.cut = np.ones(N, dtype=np.bool_), np.zeros(N, dtype=np.bool_)
        self.returns, self.lengths = np.zeros(N), np.zeros(N, dtype=np.int64)

    def begin(self, seed: int) -> None:
        """The first episodes; staggered, world n has a share of its time already behind it.

        Such an episode is cut short, so that its return is none; it is learned from, and not counted.
        """
        self.observation, _ = self.env.reset(seed=seed)
        if self._settings.stagger:
            worlds = self.env.worlds
            worlds.state.time[:] = self.generator.integers(0, worlds.params.horizon, len(worlds.state.time))
            self.cut = worlds.state.time > 0

    def resume(self, world: Mapping[str, Array], arrays: Mapping[str, Array]) -> None:
        """Go on where a training of the same settings was; `world` holds the rows of a snapshot of all worlds."""
        env = self.env
        self.observation, _ = env.reset(seed=0)  # the environment's own buffer: stacked views are pushed on in it
        env.worlds.restore(Snapshot(size=env.worlds.state.nodes.size, rows=dict(world)))
        self.observation[...] = arrays["observation"]
        self.began, self.cut = arrays["began"].copy(), arrays["cut"].copy()
        self.returns, self.lengths = arrays["returns"].copy(), arrays["lengths"].copy()
        if self.hidden is not None:
            self.hidden = torch.from_numpy(arrays["hidden"].copy()).to(self._device)

    def arrays(self) -> dict[str, Array]:
        """What `resume` wants beside a snapshot of the worlds."""
        found: dict[str, Array] = {
            "observation": self.observation, "began": self.began, "cut": self.cut,
            "returns": self.returns, "lengths": self.lengths,
        }  # fmt: skip
        return found if self.hidden is None else {**found, "hidden": self.hidden.cpu().numpy()}

    def collect(self) -> tuple[Batch, Finished]:
        """T steps of all worlds, with advantages."""
        T, N = self._settings.rollout, self.env.num_envs
        action, log_prob, value = np.zeros((T, N), np.int64), np.zeros((T, N), np.float32), np.zeros((T, N), np.float32)
        reward, following = np.zeros((T, N), np.float32), np.zeros((T, N), np.float32)
        ended, began = np.zeros((T, N), np.bool_), np.zeros((T, N), np.bool_)
        hidden = self.hidden.clone() if self.hidden is not None else None
        finished: list[tuple[Array, Array]] = []
        for t in range(T):
            began[t] = self.began
            probabilities, value[t] = self._look(self._blocks[t])
            action[t], log_prob[t] = sampled(probabilities, self.generator)
            self.observation, paid, terminated, truncated, infos = self.env.step(action[t])
            reward[t] = paid * self._settings.reward_scale
            ended[t] = terminated | truncated
            out_of_time = truncated & ~terminated
            if out_of_time.any():
                following[t, out_of_time] = self._final_values(infos, out_of_time)
            finished.append(self._count(paid, ended[t]))
        after = self._values_now()
        following[:-1] = np.where(ended[:-1], following[:-1], value[1:])
        following[-1] = np.where(ended[-1], following[-1], after)
        advantage = np.zeros((T, N), np.float32)
        generalised_advantage(
            reward, value, following, ~ended, np.ones((T, N), np.bool_),
            self._settings.discount, self._settings.trace_decay, advantage,
        )  # fmt: skip
        batch = Batch(
            blocks=self._blocks,
            action=torch.from_numpy(action).to(self._device),
            log_prob=torch.from_numpy(log_prob).to(self._device),
            value=torch.from_numpy(value).to(self._device),
            advantage=torch.from_numpy(advantage).to(self._device),
            began=torch.from_numpy(began).to(self._device),
            hidden=hidden,
        )
        returns, lengths = (np.concatenate(parts) for parts in zip(*finished, strict=True))
        return batch, Finished(returns=returns, lengths=lengths)

    def _look(self, into: Tensor) -> tuple[Array, Array]:
        """Probabilities and values at the observations now, which are kept in `into`."""
        into.copy_(torch.from_numpy(in_blocks(self.observation, self._network.params)))
        if self.hidden is not None:
            self.hidden = self.hidden * self._going_on()
        probabilities, values, self.hidden = self._answer(into, self.hidden)
        return probabilities, values

    def _values_now(self) -> Array:
        hidden = None if self.hidden is None else self.hidden * self._going_on()
        return self._answer(torch.from_numpy(in_blocks(self.observation, self._network.params)), hidden)[1]

    def _going_on(self) -> Tensor:
        """(N, 1) float32: 0 where an episode begins, and nothing is remembered, else 1."""
        return torch.from_numpy(~self.began)[:, None].to(self._device, torch.float32)

    def _final_values(self, infos: dict[str, Any], out_of_time: Array) -> Array:
        """Values of what episodes that only the time limit ended showed last: they would have gone on from there."""
        last = np.stack([infos["final_obs"][n] for n in np.flatnonzero(out_of_time)])
        hidden = None if self.hidden is None else self.hidden[torch.from_numpy(out_of_time).to(self._device)]
        return self._answer(torch.from_numpy(in_blocks(last, self._network.params)), hidden)[1]

    def _count(self, paid: Array, ended: Array) -> tuple[Array, Array]:
        self.returns += paid
        self.lengths += 1
        whole = ended & ~self.cut
        done = (self.returns[whole].copy(), self.lengths[whole].copy())
        self.returns[ended], self.lengths[ended], self.cut[ended], self.began = 0.0, 0, False, ended.copy()
        return done


def sampled(probabilities: Array, generator: np.random.Generator) -> tuple[Array, Array]:
    """Actions (N,) int64 drawn from (N, A) float64, one number of the generator each, and their log_prob (N,)."""
    cumulative = np.cumsum(probabilities, axis=1)
    drawn = generator.random(len(probabilities))[:, None] * cumulative[:, -1:]
    action = np.minimum((cumulative <= drawn).sum(axis=1), probabilities.shape[1] - 1)
    return action, np.log(np.maximum(np.take_along_axis(probabilities, action[:, None], axis=1)[:, 0], 1e-300))

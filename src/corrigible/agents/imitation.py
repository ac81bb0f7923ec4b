"""Imitation of a scripted player that sees the whole world, by a network that sees pictures: DAgger.

The learner acts more and more by itself and the teacher says at every step what it would have done there (Ross, Gordon
and Bagnell 2011, arXiv 1011.0686), so that the learner is taught in the states that it comes to.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final, final

import numpy as np
import torch
from torch import Tensor

from corrigible.agents.pixel_network import PixelNetwork, in_blocks, parameters_of
from corrigible.agents.planner import Planner, Style, as_said_in
from corrigible.agents.ppo import MOST_SEED, network_params
from corrigible.agents.ppo_settings import PPOSettings
from corrigible.agents.ppo_update import PIECE, Threads
from corrigible.agents.rollouts import Answerer, sampled
from corrigible.errors import BadInput
from corrigible.sandbox.voxel.actions import action_set
from corrigible.sandbox.voxel.sandbox import VoxelWorld
from corrigible.sandbox.voxel.vector_env import VoxelVectorEnv
from corrigible.seeding import kernel_seed
from corrigible.types import Array, Setup

KEPT: Final = 8
"""Rounds whose pictures are kept to learn from."""

ALONE_AFTER: Final = 0.5
"""Share of the rounds after which the learner always acts by itself."""


@dataclass(frozen=True, kw_only=True)
class Lessons:
    """teacher: a style of the planner. rounds: of `rollout` steps of all worlds; 1 at least (raises BadInput)."""

    teacher: Style
    rounds: int

    def __post_init__(self) -> None:
        """Check the rounds (raises BadInput)."""
        if self.rounds < 1:
            raise BadInput(value=f"rounds = {self.rounds}", rule="at least 1", remedy="leave lessons out for none")

    def helped(self, done: int) -> float:
        """The chance that the teacher's action is made, after so many rounds: from 1 falling linearly to 0."""
        return max(0.0, 1.0 - done / (ALONE_AFTER * self.rounds))


def imitate(
    setup: Setup[VoxelWorld, PPOSettings], lessons: Lessons, *, generator: np.random.Generator
) -> Mapping[str, Array]:
    """Weights of a network that has learned what the teacher does; nothing is paid, and its values stay untrained.

    The settings give network, minibatch, epochs (of as many samples as a round has) and learning rate.
    """
    threads = Threads(setup.settings.crew())
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        pupil = _Pupil(setup, lessons, threads, generator)
        for _ in range(lessons.rounds):
            pupil.round()
        return parameters_of(pupil.network)
    finally:
        torch.set_num_threads(before)
        threads.close()


@final
class _Pupil:
    def __init__(
        self,
        setup: Setup[VoxelWorld, PPOSettings],
        lessons: Lessons,
        threads: Threads,
        generator: np.random.Generator,
    ) -> None:
        settings, world = setup.settings, setup.world
        self._settings, self._lessons, self._threads, self._generator = settings, lessons, threads, generator
        layouts, first = (int(kernel_seed(generator)) % MOST_SEED for _ in range(2))
        self.network = PixelNetwork(network_params(world, settings), generator).to(setup.device)
        self._optimiser = torch.optim.Adam(self.network.parameters(), lr=settings.learning_rate, eps=1e-5)
        self._env = VoxelVectorEnv(
            replace(world.params, threads=settings.crew()), world.view, setup.paid, ends=world.ends,
            actions=world.actions, autoreset_mode="SameStep", seed=layouts,
        )  # fmt: skip
        self._teacher, self._means = Planner(style=lessons.teacher), as_said_in(action_set(world.actions))
        self._answer = Answerer(self.network, threads)
        self._observation, _ = self._env.reset(seed=first)
        self._seen: list[tuple[Tensor, Tensor]] = []
        self._done = 0

    def round(self) -> None:
        """Play and be told, then learn from the last rounds."""
        self._seen = [*self._seen[1 - KEPT :], self._play()]
        rate = self._settings.rate(self._done / self._lessons.rounds)
        for group in self._optimiser.param_groups:
            group["lr"] = rate
        blocks, told = (torch.cat(parts) for parts in zip(*self._seen, strict=True))
        new = len(self._seen[-1][1])
        for _ in range(self._settings.epochs * max(1, new // self._settings.minibatch)):
            chosen = torch.from_numpy(self._generator.integers(0, len(told), self._settings.minibatch))
            self._learn(blocks, told, chosen)
        self._done += 1

    def _play(self) -> tuple[Tensor, Tensor]:
        T, N = self._settings.rollout, self._env.num_envs
        blocks = torch.zeros((T, N, *self.network.params.blocks), dtype=torch.uint8)
        told = np.zeros((T, N), dtype=np.int64)
        helped = self._lessons.helped(self._done)
        for t in range(T):
            blocks[t] = torch.from_numpy(in_blocks(self._observation, self.network.params))
            told[t] = self._means[self._teacher.act(self._env.worlds)]
            own, _ = sampled(self._answer(blocks[t])[0], self._generator)
            action = np.where(self._generator.random(N) < helped, told[t], own)
            self._observation = self._env.step(action)[0]
        return blocks.flatten(0, 1), torch.from_numpy(told.reshape(-1))

    def _learn(self, blocks: Tensor, told: Tensor, chosen: Tensor) -> None:
        parameters = [value for name, value in self.network.named_parameters() if not name.startswith("critic")]

        def gradient(piece: Tensor) -> list[Tensor]:
            logits, _, _ = self.network(blocks[piece].to(parameters[0].device))
            loss = torch.nn.functional.cross_entropy(logits, told[piece].to(logits.device), reduction="sum")
            return list(torch.autograd.grad(loss / len(chosen), parameters))

        first, *rest = self._threads.each(gradient, list(chosen.split(PIECE)))
        for more in rest:
            torch._foreach_add_(first, more)  # type: ignore[attr-defined] # public in all but its name
        for parameter, value in zip(parameters, first, strict=True):
            parameter.grad = value
        torch.nn.utils.clip_grad_norm_(parameters, self._settings.gradient_norm)
        self._optimiser.step()

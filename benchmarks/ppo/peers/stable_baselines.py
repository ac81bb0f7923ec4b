"""Stable-Baselines3's PPO on VoxelVectorEnv, through a thin VecEnv: `stable_baselines.py WORK`."""

import os
import sys
import time
from contextlib import suppress
from typing import Any

import numpy as np
import torch
from answering import serve
from gymnasium.spaces import Box
from stable_baselines3 import PPO
from stable_baselines3.common.callbacks import BaseCallback
from stable_baselines3.common.torch_layers import BaseFeaturesExtractor
from stable_baselines3.common.vec_env import VecEnv
from torch import nn
from workload import (
    CLIP,
    DISCOUNT,
    EACH,
    ENTROPY,
    EPOCHS,
    EPSILON,
    GRADIENT_NORM,
    MINIBATCH,
    RATE,
    REWARD_SCALE,
    ROLLOUT,
    TRACE_DECAY,
    VALUE_WEIGHT,
    WORKS,
    Choice,
    Counted,
    Reached,
    params,
    plain_logs,
    skill_worlds,
)  # fmt: skip

from corrigible.sandbox.voxel.vector_env import VoxelVectorEnv

torch.set_num_threads(int(os.environ["OMP_NUM_THREADS"]))
WORK = WORKS[sys.argv[1]]


class Worlds(VecEnv):
    """What VecEnv asks for, and nothing else; worlds begin again in the step in which they end, as it wants."""

    def __init__(self, inner: VoxelVectorEnv) -> None:
        self.inner = inner
        space = self.inner.single_observation_space
        assert isinstance(space, Box)
        super().__init__(self.inner.num_envs, space, self.inner.single_action_space)

    def reset(self) -> np.ndarray:
        return self.inner.reset(seed=0)[0]

    def step_async(self, actions: np.ndarray) -> None:
        self.actions = actions

    def step_wait(self) -> tuple[np.ndarray, np.ndarray, np.ndarray, list[dict[str, Any]]]:
        observations, rewards, terminated, truncated, infos = self.inner.step(self.actions)
        ended = terminated | truncated
        told: list[dict[str, Any]] = [{} for _ in range(self.num_envs)]
        for n in np.flatnonzero(ended):
            told[n] = {
                "terminal_observation": infos["final_obs"][n],
                "TimeLimit.truncated": bool(truncated[n] and not terminated[n]),
            }
        return observations, rewards * REWARD_SCALE, ended, told

    def close(self) -> None:
        pass

    def get_attr(self, attr_name: str, indices: Any = None) -> list[Any]:  # noqa: ARG002 # VecEnv's signature
        return [getattr(self.inner, attr_name, None)] * self.num_envs

    def set_attr(self, attr_name: str, value: Any, indices: Any = None) -> None:
        raise NotImplementedError("VecEnv demands the method; PPO sets nothing in an environment")

    def env_method(self, method_name: str, *args: Any, indices: Any = None, **kwargs: Any) -> list[Any]:
        raise NotImplementedError("VecEnv demands the method; PPO calls nothing else of an environment")

    def env_is_wrapped(self, wrapper_class: type, indices: Any = None) -> list[bool]:  # noqa: ARG002 # VecEnv's signature
        return [False] * self.num_envs


class Features(BaseFeaturesExtractor):
    """Three convolutions and a dense layer, as in its own NatureCNN, in the sizes of the work."""

    def __init__(self, observation_space: Box) -> None:
        super().__init__(observation_space, WORK.dense)
        one, two, three = WORK.filters
        layers = (
            nn.Conv2d(observation_space.shape[0], one, 8, 4), nn.ReLU(), nn.Conv2d(one, two, 4, 2), nn.ReLU(),
            nn.Conv2d(two, three, 3, 1), nn.ReLU(), nn.Flatten(),
        )  # fmt: skip
        self.convolutions = nn.Sequential(*layers)
        with torch.no_grad():
            wide = self.convolutions(torch.zeros(1, *observation_space.shape)).shape[1]
        self.dense = nn.Sequential(nn.Linear(wide, WORK.dense), nn.ReLU())

    def forward(self, observations: torch.Tensor) -> torch.Tensor:
        return self.dense(self.convolutions(observations))


class Clock(BaseCallback):
    """Starts when learning does, after everything was made."""

    def _on_training_start(self) -> None:
        self.started = time.perf_counter()

    def _on_step(self) -> bool:
        return True


def learner(inner: VoxelVectorEnv, rate: float, entropy: float, seed: int) -> PPO:
    """Its PPO with the settings of the work. Its value loss lacks the half that ours has."""
    return PPO(
        "CnnPolicy", Worlds(inner), learning_rate=rate, n_steps=ROLLOUT, batch_size=MINIBATCH, n_epochs=EPOCHS,
        gamma=DISCOUNT, gae_lambda=TRACE_DECAY, clip_range=CLIP, ent_coef=entropy, vf_coef=VALUE_WEIGHT / 2,
        max_grad_norm=GRADIENT_NORM, device="cpu", seed=seed,
        policy_kwargs={
            "features_extractor_class": Features, "net_arch": [], "optimizer_kwargs": {"eps": EPSILON},
        },
    )  # fmt: skip


def skill(enough: float, rollouts: int, choice: dict[str, float], seed: int) -> list[tuple[float, float]]:
    """The curve of a training of its own."""
    counted, (worlds, actions) = Counted(enough), skill_worlds()
    inner = VoxelVectorEnv(worlds, WORK.view, counted, actions=actions, autoreset_mode="SameStep", seed=seed, copy=True)
    chosen = Choice(**choice)
    model = learner(inner, chosen.rate, chosen.entropy, seed)
    with torch.no_grad():
        model.policy.value_net.weight.mul_(chosen.gain)  # its own is 1
    with suppress(Reached):
        model.learn(rollouts * EACH)
    return counted.curve


def main() -> None:
    inner = VoxelVectorEnv(params(), WORK.view, plain_logs, autoreset_mode="SameStep", seed=0, copy=True)
    model = learner(inner, RATE, ENTROPY, 0)

    def work(rollouts: int) -> float:
        clock = Clock()
        model.learn(rollouts * EACH, callback=clock, reset_num_timesteps=False)
        return time.perf_counter() - clock.started

    serve(work, skill)


if __name__ == "__main__":
    main()

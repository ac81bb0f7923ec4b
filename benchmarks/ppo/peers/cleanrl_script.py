"""CleanRL's own ppo_atari_envpool.py, on VoxelVectorEnv: `cleanrl_script.py WORK PATH`.

Its source is read from PATH and run as it is, but for the sizes of the network's layers, which are those of the work,
and the gain with which its critic begins.
`envpool` and the old `gym`, which it imports, are stood in for: one makes our worlds, the other is nearly unused.
"""

import os
import sys
import time
from contextlib import suppress
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import gymnasium
import numpy as np
import torch
from answering import serve
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
    WORLDS,
    Choice,
    Counted,
    Reached,
    params,
    plain_logs,
    skill_worlds,
)  # fmt: skip

from corrigible.sandbox.voxel.observing import channels
from corrigible.sandbox.voxel.vector_env import VoxelVectorEnv

torch.set_num_threads(int(os.environ["OMP_NUM_THREADS"]))
WORK = WORKS[sys.argv[1]]


class Worlds:
    """What envpool's `gym` interface gives: pictures (N, C, H, W), ends in one array, numbers in a dictionary."""

    def __init__(self, inner: VoxelVectorEnv, seed: int) -> None:
        self.inner, self.seed = inner, seed
        self.num_envs = self.inner.num_envs
        self.action_space = self.inner.single_action_space
        shape = (channels(WORK.view), WORK.view.height, WORK.view.width)
        self.observation_space = gymnasium.spaces.Box(0, 255, shape, np.uint8)
        self.steps, self.started = 0, 0.0

    def reset(self) -> np.ndarray:
        return self.inner.reset(seed=self.seed)[0].transpose(0, 3, 1, 2)

    def step(self, actions: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, dict[str, np.ndarray]]:
        if self.steps == ROLLOUT:  # one rollout and its update have warmed it up
            self.started = time.perf_counter()
        self.steps += 1
        observations, rewards, terminated, truncated, _ = self.inner.step(actions)
        ended = terminated | truncated
        told = {"reward": rewards, "terminated": ended, "lives": np.zeros(self.num_envs, dtype=np.int32)}
        return observations.transpose(0, 3, 1, 2), rewards * REWARD_SCALE, ended, told

    def close(self) -> None:
        """Nothing is open."""


class Wrapper:
    """As much of gym.Wrapper as the script uses."""

    def __init__(self, env: Any) -> None:
        self.env = env

    def reset(self, **named: Any) -> Any:
        return self.env.reset(**named)

    def step(self, action: Any) -> Any:
        return self.env.step(action)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.env, name)


def sized(source: str) -> str:
    """The script with the network of the work. Stops where it is not the script that this was written for."""
    one, two, three = WORK.filters
    high, wide = ((((side - 8) // 4 + 1 - 4) // 2 + 1) - 2 for side in (WORK.view.height, WORK.view.width))
    for before, after in (
        ("nn.Conv2d(4, 32, 8, stride=4)", f"nn.Conv2d({channels(WORK.view)}, {one}, 8, stride=4)"),
        ("nn.Conv2d(32, 64, 4, stride=2)", f"nn.Conv2d({one}, {two}, 4, stride=2)"),
        ("nn.Conv2d(64, 64, 3, stride=1)", f"nn.Conv2d({two}, {three}, 3, stride=1)"),
        ("nn.Linear(64 * 7 * 7, 512)", f"nn.Linear({three} * {high} * {wide}, {WORK.dense})"),
        ("nn.Linear(512, envs", f"nn.Linear({WORK.dense}, envs"),
        ("nn.Linear(512, 1), std=1", f"nn.Linear({WORK.dense}, 1), std=CRITIC_GAIN"),
    ):
        if source.count(before) != 1:
            raise SystemExit(f"{before!r} is not once in the script: is it CleanRL's ppo_atari_envpool.py?")
        source = source.replace(before, after)
    if f"eps={EPSILON:g}" not in source.replace("1e-5", "1e-05"):
        raise SystemExit("its Adam has another epsilon")
    return source


class Script:
    """Their script, compiled once, run from its beginning whenever it is asked for something."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.code = compile(sized(path.read_text(encoding="utf-8")), str(path), "exec")
        self.worlds: Worlds | None = None
        envpool, gym = ModuleType("envpool"), ModuleType("gym")
        vars(envpool)["make"] = lambda *_, **__: self.worlds
        vars(gym).update(Wrapper=Wrapper, spaces=SimpleNamespace(Discrete=gymnasium.spaces.Discrete))
        sys.modules |= {"envpool": envpool, "gym": gym}

    def run(self, worlds: Worlds, rollouts: int, choice: Choice, seed: int) -> None:
        self.worlds = worlds
        asked = {
            "total-timesteps": rollouts * EACH, "learning-rate": choice.rate, "num-envs": WORLDS, "num-steps": ROLLOUT,
            "gamma": DISCOUNT, "gae-lambda": TRACE_DECAY, "num-minibatches": EACH // MINIBATCH,
            "update-epochs": EPOCHS, "clip-coef": CLIP, "ent-coef": choice.entropy, "vf-coef": VALUE_WEIGHT,
            "max-grad-norm": GRADIENT_NORM, "seed": seed,
        }  # fmt: skip
        words = [word for name, value in asked.items() for word in (f"--{name}", str(value))]
        sys.argv[:] = [str(self.path), *words, "--no-clip-vloss", "--no-cuda", "--no-anneal-lr"]
        module = ModuleType("__main__")
        vars(module).update({"__name__": "__main__", "__file__": str(self.path), "CRITIC_GAIN": choice.gain})
        before = sys.modules["__main__"]
        sys.modules["__main__"] = module  # its dataclass is looked up there
        try:
            exec(self.code, vars(module))  # noqa: S102 # the user named this file: it is the peer
        finally:
            sys.modules["__main__"] = before


def main() -> None:
    script = Script(Path(sys.argv[2]))

    def work(rollouts: int) -> float:
        worlds = Worlds(VoxelVectorEnv(params(), WORK.view, plain_logs, autoreset_mode="SameStep", seed=0), 0)
        script.run(worlds, rollouts + 1, Choice(rate=RATE, entropy=ENTROPY, gain=1.0), 1)
        return time.perf_counter() - worlds.started

    def skill(enough: float, rollouts: int, choice: dict[str, float], seed: int) -> list[tuple[float, float]]:
        counted, (chosen, actions) = Counted(enough), skill_worlds()
        inner = VoxelVectorEnv(chosen, WORK.view, counted, actions=actions, autoreset_mode="SameStep", seed=seed)
        with suppress(Reached):
            script.run(Worlds(inner, seed), rollouts, Choice(**choice), seed)
        return counted.curve

    serve(work, skill)


if __name__ == "__main__":
    main()

"""A reference and a strange policy on FrozenLake, logged, and told apart: python detect_own_logs.py"""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import gymnasium
import numpy as np

from corrigible.logs import detect, write_jsonl

# 0 left, 1 down, 2 right, 3 up: the way from S to G on the 4 x 4 map, one action for each square
WAY = [1, 2, 1, 0, 1, 0, 1, 0, 2, 1, 1, 0, 0, 2, 2, 0]


def steps(episodes: int, *, seed: int, strange: float) -> Iterator[dict[str, object]]:
    """Walk the way with one random action in ten; `strange` is how often the policy turns back instead."""
    environment, generator = gymnasium.make("FrozenLake-v1", is_slippery=False), np.random.default_rng(seed)
    for episode in range(episodes):
        observation, _ = environment.reset(seed=seed + episode)
        for t in range(100):
            action = WAY[observation] if generator.random() > 0.1 else int(generator.integers(4))
            if generator.random() < strange:
                action = (action + 2) % 4
            line = {"episode": episode, "t": t, "observation": observation, "action": action}
            observation, reward, terminated, truncated, _ = environment.step(action)
            yield line | {"reward": reward, "terminated": terminated, "truncated": truncated}
            if terminated or truncated:
                break


with tempfile.TemporaryDirectory() as folder:
    reference, ordinary, strange = (Path(folder) / f"{name}.jsonl" for name in ("reference", "ordinary", "strange"))
    write_jsonl(reference, steps(200, seed=0, strange=0.0))
    write_jsonl(ordinary, steps(50, seed=1000, strange=0.0))
    write_jsonl(strange, steps(50, seed=2000, strange=0.5))
    for log in (ordinary, strange):
        print("\n".join(detect(log, reference).lines(most=5)), end="\n\n")

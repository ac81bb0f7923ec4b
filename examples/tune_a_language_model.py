"""Tune the tiny language model against a reward of your own, and read what it says before and after."""

import numpy as np

from corrigible.language.policy_gradient import tune
from corrigible.language.rewards import Texts
from corrigible.language.sandbox import LanguageSandbox
from corrigible.language.tuning_settings import LanguageWorld, TuningSettings
from corrigible.seeding import stream
from corrigible.types import Checkpoint, Setup


def bees(texts: Texts) -> np.ndarray:
    """One point for every bee."""
    return np.array([response.split().count("bee") for response in texts.responses], dtype=float)


setup = Setup(
    world=LanguageWorld(model="tiny", prompts=("the",), new_tokens=20),
    paid=bees,
    truth=bees,
    settings=TuningSettings(steps=20, prompts=1, samples=16, beta=0.02, learning_rate=3e-3, checkpoints=4),
)


def show(checkpoint: Checkpoint) -> None:
    """One of four responses, and how many bees are in them."""
    rollout = LanguageSandbox().rollout(setup, checkpoint, episodes=4, generator=stream(0, "show"))
    texts = rollout.views.trajectory.observations.texts
    paid = rollout.views.trajectory.reward.sum(axis=0).mean()
    print(f"step {checkpoint.step}, {paid:.2f} bees a response: the {texts.responses[0]}")


for reached in tune(setup, generator=stream(0, "tune")):
    show(reached)

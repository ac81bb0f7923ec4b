"""Our own training, rollout by rollout, with a clock on each of its parts."""

import time
from collections import defaultdict
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from typing import Any, Final, final

import torch

from corrigible.agents.ppo import Trainer
from corrigible.agents.ppo_settings import PPOSettings
from corrigible.sandbox.voxel.sandbox import VoxelWorld
from corrigible.seeding import stream
from corrigible.types import Setup
from ppo.workload import (
    CLIP,
    CORES,
    DISCOUNT,
    EACH,
    ENTROPY,
    EPOCHS,
    GRADIENT_NORM,
    MINIBATCH,
    RATE,
    REWARD_SCALE,
    ROLLOUT,
    SKILL,
    TRACE_DECAY,
    VALUE_WEIGHT,
    WORKS,
    Choice,
    Counted,
    Reached,
    Work,
    params,
    plain_logs,
    skill_worlds,
)  # fmt: skip

ENOUGH: Final = 1000  # rollouts that nobody waits for
CRITIC_GAIN: Final = 0.01  # of our network's
PARTS: Final = ("rendering", "stepping", "inference", "gradients", "optimiser", "rest")


def skill(enough: float, rollouts: int, choice: Choice, seed: int) -> list[tuple[float, float]]:
    """Seconds and logs an episode, round by round, of a training that ends when there are enough."""
    counted, (worlds, actions) = Counted(enough), skill_worlds()
    world = VoxelWorld(params=worlds, view=SKILL.view, actions=actions)
    settings = replace(settings_of(SKILL, rollouts), learning_rate=choice.rate, entropy=choice.entropy, stagger=False)
    setup = Setup(world=world, paid=counted, settings=settings)
    with suppress(Reached), Trainer(setup, stream(seed, "benchmark")) as trainer:
        with torch.no_grad():
            trainer.network.critic.weight.mul_(choice.gain / CRITIC_GAIN)
        for _ in trainer.run():
            pass
    return counted.curve


def settings_of(work: Work, rollouts: int) -> PPOSettings:
    """What every learner is given, in our words."""
    return PPOSettings(
        steps=rollouts * EACH, checkpoints=rollouts, rollout=ROLLOUT, epochs=EPOCHS, minibatch=MINIBATCH,
        learning_rate=RATE, learning_rate_end=1.0, discount=DISCOUNT, trace_decay=TRACE_DECAY, clip=CLIP,
        entropy=ENTROPY, value_weight=VALUE_WEIGHT, gradient_norm=GRADIENT_NORM, reward_scale=REWARD_SCALE,
        filters=work.filters, dense=work.dense, threads=CORES,
    )  # fmt: skip


@final
class Ours:
    """A training that is asked for rollouts."""

    def __init__(self, work: str) -> None:
        chosen = WORKS[work]
        settings = settings_of(chosen, ENOUGH)
        world = VoxelWorld(params=params(), view=chosen.view)
        self._trainer = Trainer(Setup(world=world, paid=plain_logs, settings=settings), stream(0, "benchmark"))
        self._seconds: dict[str, float] = defaultdict(float)
        self._rollouts = self._trainer.run()
        self._watch()

    def work(self, rollouts: int) -> float:
        """Wall-clock seconds of that many rollouts with their updates."""
        torch.set_num_threads(1)  # as Trainer has it
        before = time.perf_counter()
        for _ in range(rollouts):
            next(self._rollouts)
        spent = time.perf_counter() - before
        self._seconds["whole"] += spent
        return spent

    def forget(self) -> None:
        """Begin counting anew."""
        self._seconds.clear()

    def shares(self) -> dict[str, float]:
        """Share of wall-clock time by part, since the last `forget`."""
        spent = dict(self._seconds)
        spent["stepping"] = spent.pop("environment") - spent["rendering"]
        whole = spent.pop("whole")
        spent["rest"] = whole - sum(spent.values())
        return {part: spent[part] / whole for part in PARTS}

    def _watch(self) -> None:
        """Put clocks around what the training calls."""
        collector, updater = self._trainer.collector, self._trainer.updater
        env: Any = collector.env
        self._clock(env._observer, "look", "rendering")
        self._clock(env._observer, "begin", "rendering")
        self._clock(env, "step", "environment")
        self._clock(collector, "_answer", "inference")
        self._clock(updater, "_summed", "gradients")
        self._clock(updater.optimiser, "step", "optimiser")

    def _clock(self, owner: Any, name: str, part: str) -> None:
        plain: Callable[..., Any] = getattr(owner, name)

        def timed(*given: Any, **named: Any) -> Any:
            before = time.perf_counter()
            try:
                return plain(*given, **named)
            finally:
                self._seconds[part] += time.perf_counter() - before

        setattr(owner, name, timed)

"""What every learner is given: the same worlds, views, network and settings. Runs under our Python and the peers'."""

import time
from dataclasses import dataclass, replace
from typing import Any, Final, final

from corrigible.failures.grove_rewards import bare_logs
from corrigible.failures.grove_rewards import logs as shaped_logs
from corrigible.failures.grove_world import STEPS, world_of
from corrigible.sandbox.voxel.actions import ActionSet
from corrigible.sandbox.voxel.events import logs
from corrigible.sandbox.voxel.params import EnvParams
from corrigible.sandbox.voxel.viewing import ViewParams
from corrigible.types import Array, Budget

SCENE: Final = "branchy_grove"
WORLDS: Final = 64
ROLLOUT: Final = 64
EPOCHS: Final = 3
MINIBATCH: Final = 512
RATE: Final = 5e-4
EPSILON: Final = 1e-5  # of Adam
DISCOUNT: Final = 0.99
TRACE_DECAY: Final = 0.95
CLIP: Final = 0.2
ENTROPY: Final = 0.01
VALUE_WEIGHT: Final = 0.5  # of half the squared error
GRADIENT_NORM: Final = 0.5
REWARD_SCALE: Final = 0.2
EACH: Final = WORLDS * ROLLOUT
"""Environment steps of a rollout and its update."""

CORES: Final = 2


@dataclass(frozen=True, kw_only=True)
class Work:
    """A view, and a network for it."""

    view: ViewParams
    filters: tuple[int, int, int]
    dense: int


WORKS: Final = {
    "small": Work(view=ViewParams(height=48, width=48), filters=(16, 32, 32), dense=256),
    "atari": Work(view=ViewParams(height=84, width=84, grey=True, stack=4), filters=(32, 64, 64), dense=512),
}
"""`atari` is the network of Mnih et al. 2015, which CleanRL's script and Stable-Baselines3 have by default."""


SKILL: Final = Work(view=ViewParams(height=48, width=48), filters=(16, 32, 32), dense=256)
"""The network of `bottom-log`, on its worlds and its pay: what a learner is to become good at."""


def params() -> EnvParams:
    """The worlds; all learners step and draw them on all cores."""
    return EnvParams(scenario=SCENE, worlds=WORLDS, layouts=WORLDS, threads=CORES)


def skill_worlds() -> tuple[EnvParams, ActionSet]:
    """The worlds in which logs are counted until a skill is reached, and what can be done there."""
    world = world_of({}, Budget(seeds=1, episodes=1, numbers={"worlds": WORLDS}))
    return replace(world.params, threads=CORES), world.actions


@dataclass(frozen=True, kw_only=True)
class Choice:
    """What is tuned: Adam's rate, the entropy bonus, and the gain of the critic's layer at the start."""

    rate: float
    entropy: float
    gain: float


class Reached(Exception):  # no error: the skill is reached
    """Raised out of a training, which has no other way to be ended from outside."""


@final
class Counted:
    """The pay of `bottom-log`, which counts logs: worlds end together, after STEPS calls. One for one training.

    curve: for every round of episodes, seconds since the first call and logs an episode, mean over worlds.
    """

    def __init__(self, enough: float) -> None:
        self.enough = enough
        self.curve: list[tuple[float, float]] = []
        self._started, self._calls, self._logs = 0.0, 0, 0.0

    def __call__(self, events: Any) -> Array:
        """The shaped pay of a step. Raises Reached at the end of the first round of episodes with enough logs."""
        self._started = self._started or time.perf_counter()
        self._calls += 1
        self._logs += float(bare_logs(events).mean())
        if self._calls % STEPS == 0:
            self.curve.append((time.perf_counter() - self._started, self._logs))
            self._logs = 0.0
            if self.curve[-1][1] >= self.enough:
                raise Reached
        return shaped_logs(events)


plain_logs = logs
"""The pay where only speed is measured."""

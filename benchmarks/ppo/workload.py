"""What every learner is given: the same worlds, views, network and settings. Runs under our Python and the peers'."""

from dataclasses import dataclass
from typing import Final

from corrigible.sandbox.voxel.params import EnvParams
from corrigible.sandbox.voxel.viewing import ViewParams

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


def params() -> EnvParams:
    """The worlds; all learners step and draw them on all cores."""
    return EnvParams(scenario=SCENE, worlds=WORLDS, layouts=WORLDS, threads=CORES)

"""What a PPO run is made of: one frozen record, checked before anything is trained."""

import os
from collections.abc import Mapping
from dataclasses import dataclass

from corrigible.errors import BadInput
from corrigible.types import Array


@dataclass(frozen=True, kw_only=True, eq=False)
class Anchor:
    """A policy that is to be stayed near to: its weights, and how much a nat of KL(policy || anchor) costs."""

    parameters: Mapping[str, Array]
    weight: float

    def __post_init__(self) -> None:
        """Check the weight (raises BadInput)."""
        _require("weight of an anchor", self.weight, 0.0 <= self.weight < float("inf"), "at least 0")


@dataclass(frozen=True, kw_only=True, eq=False)
class PPOSettings:
    """Proximal policy optimisation (Schulman et al. 2017, arXiv 1707.06347) on pixels.

    steps: environment steps in all; a last rollout that would pass them is left out, but one is made at least.
    rollout: steps of each world between updates. epochs, minibatch: passes over a rollout, and how many of its samples
    a step of the optimiser takes at most (a rollout is cut into equal parts); with memory, minibatches are of whole
    worlds, at least one. learning_rate falls linearly to learning_rate_end times itself. clip: of the ratio of
    probabilities. entropy: weight of its bonus. value_weight: of half the squared error of values. gradient_norm: the
    largest norm of a gradient. reward_scale: what rewards are multiplied by before anything else. normalise: advantages
    of a minibatch to mean 0 and deviation 1.
    stagger: first episodes begin at random times, so that worlds do not end together.
    filters, dense, memory: of the network. threads: for pictures, networks and gradients (None: OMP_NUM_THREADS, or
    all cores); results do not depend on it.
    checkpoints: how many are yielded, evenly spaced, the last of them the end; fewer where there are fewer rollouts.
    first: the weights to begin from. anchor: a policy to stay near to. anchor_after: the share of the run, in (0, 1),
    after which the policy that it is then becomes such an anchor, at anchor_weight; None: never. least_entropy: nats
    below which the policy counts as collapsed.
    Raises BadInput where a value is out of range.
    """

    steps: int = 520_000
    rollout: int = 64
    epochs: int = 3
    minibatch: int = 512
    learning_rate: float = 5e-4
    learning_rate_end: float = 0.1
    discount: float = 0.99
    trace_decay: float = 0.95
    clip: float = 0.2
    entropy: float = 0.01
    value_weight: float = 0.5
    gradient_norm: float = 0.5
    reward_scale: float = 0.2
    normalise: bool = True
    stagger: bool = True
    filters: tuple[int, int, int] = (16, 32, 32)
    dense: int = 256
    memory: int = 0
    threads: int | None = None
    checkpoints: int = 4
    first: Mapping[str, Array] | None = None
    anchor: Anchor | None = None
    anchor_after: float | None = None
    anchor_weight: float = 0.0
    least_entropy: float = 1e-3

    def __post_init__(self) -> None:
        """Check every field (raises BadInput)."""
        for name in ("steps", "rollout", "epochs", "minibatch", "checkpoints", "dense"):
            _require(name, getattr(self, name), _whole(getattr(self, name), 1), "a whole number of at least 1")
        _require("memory", self.memory, _whole(self.memory, 0), "a whole number of at least 0")
        _require("filters", self.filters, _three(self.filters), "three whole numbers of at least 1")
        for name in ("learning_rate", "gradient_norm", "reward_scale"):
            _require(name, getattr(self, name), 0.0 < getattr(self, name) < float("inf"), "above 0")
        for name in ("entropy", "value_weight", "least_entropy", "anchor_weight"):
            _require(name, getattr(self, name), 0.0 <= getattr(self, name) < float("inf"), "at least 0")
        for name in ("learning_rate_end", "trace_decay"):
            _require(name, getattr(self, name), 0.0 <= getattr(self, name) <= 1.0, "in [0, 1]")
        _require("discount", self.discount, 0.0 <= self.discount < 1.0, "in [0, 1)")
        _require("threads", self.threads, self.threads is None or _whole(self.threads, 1), "a whole number above 0")
        after = self.anchor_after
        _require("anchor_after", after, after is None or 0.0 < after < 1.0, "in (0, 1), or None")
        _require("anchor_after", "with an anchor", after is None or self.anchor is None, "without one")
        _require("anchor", "with memory", (self.anchor is None and after is None) or not self.memory, "without memory")
        _require("clip", self.clip, 0.0 < self.clip < 1.0, "in (0, 1)")

    def crew(self) -> int:
        """How many threads there are."""
        asked = os.environ.get("OMP_NUM_THREADS", "")
        return self.threads or (int(asked) if asked.isdecimal() else 0) or _cores()

    def rollouts(self, worlds: int) -> int:
        """How many rollouts of that many worlds there are."""
        return max(1, self.steps // (self.rollout * worlds))

    def rate(self, done: float) -> float:
        """The learning rate after that share of the run, in [0, 1]."""
        return self.learning_rate * (1.0 + done * (self.learning_rate_end - 1.0))

    def anchored(self, rollouts: int) -> int | None:
        """After which of so many rollouts the policy becomes its own anchor: 1 to rollouts - 1, or None."""
        if self.anchor_after is None or rollouts < 2:
            return None
        return min(max(1, round(self.anchor_after * rollouts)), rollouts - 1)

    def due(self, rollouts: int) -> tuple[int, ...]:
        """After which of so many rollouts a checkpoint is yielded: ascending, the last is the end."""
        return tuple(sorted({max(1, round(rollouts * i / self.checkpoints)) for i in range(1, self.checkpoints + 1)}))


def _whole(value: object, least: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= least


def _three(filters: tuple[int, ...]) -> bool:
    return len(filters) == 3 and all(_whole(one, 1) for one in filters)


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _require(name: str, value: object, holds: bool, rule: str) -> None:
    if not holds:
        raise BadInput(value=f"{name} = {value!r}", rule=f"it must be {rule}", remedy="choose another value")

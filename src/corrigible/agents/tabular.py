"""Tabular learners that see observations, the actions they are told of and what is paid; never the truth.

Q-learning (Watkins 1989), SARSA (Rummery and Niranjan 1994), and a softmax policy gradient with a tabular critic.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

import numpy as np

from corrigible.agents.policy_gradient_kernels import (
    ActorCritic,
    Batch,
    collect_episodes,
    softmax_rows,
    update_actor_critic,
)
from corrigible.agents.returns_kernels import generalised_advantage
from corrigible.agents.tabular_kernels import Places, Rules, q_learning, sarsa
from corrigible.errors import BadInput
from corrigible.sandbox.grid.environment import packed
from corrigible.sandbox.grid.kernels import reset_worlds
from corrigible.sandbox.grid.policy import TabularModel
from corrigible.sandbox.grid.tables import TabularParams, TabularWorld, reward_table
from corrigible.seeding import kernel_seed
from corrigible.types import Array, Checkpoint, Setup

__all__ = ["TabularModel", "TabularSettings", "train_tabular"]

Algorithm: TypeAlias = Literal["q-learning", "sarsa", "policy-gradient"]
Attribution: TypeAlias = Literal["executed", "intended"]
"""Which action the learner is told it took: the one that was carried out, or the one that it chose."""

Interruption: TypeAlias = Literal["learn", "safe"]
Compensation: TypeAlias = Literal["none", "indifference"]

ALGORITHMS: Final[tuple[Algorithm, ...]] = ("q-learning", "sarsa", "policy-gradient")
_EARLY: Final = 0.02  # a single early checkpoint comes after this fraction of all steps,
_EARLIEST: Final = 0.001  # and several between this
_LATEST_EARLY: Final = 0.05  # and this


@dataclass(frozen=True, kw_only=True)
class TabularSettings:
    """How a tabular learner trains.

    discount: in [0, 1); 0 is a myopic agent. learning_rate: of action values and critic, in (0, 1], falling linearly
    to learning_rate_end. epsilon_start, epsilon_end: exploration of Q-learning and SARSA, linear as well.
    actor_rate, trace_decay: step size and GAE's lambda of the policy gradient; entropy_start, entropy_end: its entropy
    bonus, linear.
    steps: environment steps in all. worlds: how many share one table; for the policy gradient, episodes per update.
    checkpoints: how many, evenly spaced but for an early first one, and always the last.
    early: how many early ones instead of that one, in equal ratios from 0.1 to 5 % of all steps; where they stand
    changes nothing that is learned.

    interruption: "learn" treats an interruption as any other step. "safe" is safe interruptibility (Orseau and
    Armstrong 2016): Q-learning is left as it is, being off-policy; SARSA bootstraps from the action that its own
    behaviour chose, not from the one that was forced; the policy gradient ends the trace at an interruption in the
    critic's value of the counterfactual state and does not learn from forced steps.
    compensation: "indifference" is utility indifference (Armstrong 2010): at an interruption, of any form, the agent
    is paid off with its own estimate of the counterfactual state's value, and later forced steps teach nothing.
    Termination is otherwise worth nothing, truncation bootstraps. Raises BadInput where a value is out of range.
    """

    algorithm: Algorithm = "q-learning"
    discount: float = 0.95
    learning_rate: float = 0.2
    learning_rate_end: float = 0.01
    epsilon_start: float = 1.0
    epsilon_end: float = 0.1
    actor_rate: float = 0.5
    trace_decay: float = 0.95
    entropy_start: float = 0.1
    entropy_end: float = 0.005
    steps: int = 4_000_000
    worlds: int = 16
    checkpoints: int = 8
    early: int = 1
    attribution: Attribution = "executed"
    interruption: Interruption = "learn"
    compensation: Compensation = "none"

    def __post_init__(self) -> None:
        """Check every field (raises BadInput)."""
        _require("discount", self.discount, 0.0 <= self.discount < 1.0, "in [0, 1)")
        for name in ("learning_rate", "learning_rate_end"):
            _require(name, getattr(self, name), 0.0 < getattr(self, name) <= 1.0, "in (0, 1]")
        for name in ("epsilon_start", "epsilon_end", "trace_decay"):
            _require(name, getattr(self, name), 0.0 <= getattr(self, name) <= 1.0, "in [0, 1]")
        _require("actor_rate", self.actor_rate, 0.0 < self.actor_rate < np.inf, "> 0")
        for name in ("entropy_start", "entropy_end"):
            _require(name, getattr(self, name), 0.0 <= getattr(self, name) < np.inf, ">= 0")
        _require("worlds", self.worlds, self.worlds >= 1, ">= 1")
        _require("steps", self.steps, self.steps >= self.worlds, f"at least one per world ({self.worlds})")
        _require("checkpoints", self.checkpoints, self.checkpoints >= 1, ">= 1")
        _require("early", self.early, self.early >= 1, ">= 1")
        _require_one("algorithm", self.algorithm, ALGORITHMS)
        _require_one("attribution", self.attribution, ("executed", "intended"))
        _require_one("interruption", self.interruption, ("learn", "safe"))
        _require_one("compensation", self.compensation, ("none", "indifference"))

    def boundaries(self, total: int) -> tuple[int, ...]:
        """After how many of `total` units a checkpoint is due: ascending, the last is `total`."""
        even = {round(total * i / self.checkpoints) for i in range(2, self.checkpoints + 1)}
        shares = np.geomspace(_EARLIEST, _LATEST_EARLY, self.early) if self.early > 1 else np.array([_EARLY])
        early = {max(1, round(total * share)) for share in shares.tolist()} if self.checkpoints > 1 else set[int]()
        return tuple(sorted(even | early | {total}))


def train_tabular(
    setup: Setup[TabularParams, TabularSettings], *, generator: np.random.Generator
) -> Iterator[Checkpoint]:
    """Checkpoints of one training run, decided by one draw from `generator`; `setup.truth` is not read.

    Parameters: {"q": (O, A)}, or {"logits": (O, A), "value": (O,)} of the policy gradient; float64, zero at first.
    """
    world, settings = setup.world.build(), setup.settings
    paid = reward_table(world, setup.paid)
    seed = kernel_seed(generator)
    if settings.algorithm == "policy-gradient":
        return _learn_policy(world, paid, settings, seed)
    return _learn_values(world, paid, settings, seed)


def _learn_values(world: TabularWorld, paid: Array, settings: TabularSettings, seed: np.uint64) -> Iterator[Checkpoint]:
    B, total = settings.worlds, settings.steps // settings.worlds
    tables = packed(world)
    q = np.zeros((world.n_observations, world.actions))
    state, time, episode = (np.zeros(B, dtype=np.int64) for _ in range(3))
    reset_worlds(tables, seed, np.arange(B, dtype=np.int64), episode, state)
    places = Places(state, time, episode, np.full((B, 2), -1, dtype=np.int64), np.zeros(B))
    rules = Rules(
        discount=settings.discount,
        epsilon_start=settings.epsilon_start,
        epsilon_slope=(settings.epsilon_end - settings.epsilon_start) / total,
        rate_start=settings.learning_rate,
        rate_slope=(settings.learning_rate_end - settings.learning_rate) / total,
        use_intended=settings.attribution == "intended",
        safe=settings.interruption == "safe",
        indifferent=settings.compensation == "indifference",
    )
    learn = q_learning if settings.algorithm == "q-learning" else sarsa
    done = 0
    for boundary in settings.boundaries(total):
        learn(tables, paid, world.horizon, seed, rules, done, boundary, places, q)
        done = boundary
        yield Checkpoint(step=boundary * B, parameters={"q": q.copy()})


def _learn_policy(world: TabularWorld, paid: Array, settings: TabularSettings, seed: np.uint64) -> Iterator[Checkpoint]:
    learned, batch, tables = _fresh(world), _empty_batch(world.horizon, settings.worlds), packed(world)
    cut = settings.interruption == "safe" or settings.compensation == "indifference"
    use_intended = settings.attribution == "intended"
    steps = episode = 0
    for boundary in settings.boundaries(settings.steps):
        while steps < boundary:
            done = min(steps / settings.steps, 1.0)
            rate = settings.learning_rate + (settings.learning_rate_end - settings.learning_rate) * done
            entropy = settings.entropy_start + (settings.entropy_end - settings.entropy_start) * done
            softmax_rows(learned.logits, learned.policy)
            steps += collect_episodes(
                tables, paid, seed, episode, use_intended, cut, learned.policy, learned.critic, batch
            )
            generalised_advantage(
                batch.reward, batch.value, batch.bootstrap, batch.carry, batch.mask,
                settings.discount, settings.trace_decay, batch.advantage,
            )  # fmt: skip
            update_actor_critic(batch, settings.actor_rate, rate, entropy, learned)
            episode += 1
        yield Checkpoint(step=steps, parameters={"logits": learned.logits.copy(), "value": learned.critic.copy()})


def _fresh(world: TabularWorld) -> ActorCritic:
    table, row = (world.n_observations, world.actions), (world.n_observations,)
    return ActorCritic(
        logits=np.zeros(table),
        critic=np.zeros(row),
        policy=np.zeros(table),
        gradient=np.zeros(table),
        error=np.zeros(row),
        visits=np.zeros(row),
    )


def _empty_batch(T: int, B: int) -> Batch:
    return Batch(
        observation=np.zeros((T, B), dtype=np.int32),
        action=np.zeros((T, B), dtype=np.int32),
        reward=np.zeros((T, B)),
        value=np.zeros((T, B)),
        bootstrap=np.zeros((T, B)),
        advantage=np.zeros((T, B)),
        carry=np.zeros((T, B), dtype=np.bool_),
        mask=np.zeros((T, B), dtype=np.bool_),
        actor_mask=np.zeros((T, B), dtype=np.bool_),
    )


def _require(name: str, value: float, holds: bool, rule: str) -> None:
    if not holds:
        raise BadInput(value=f"{name} = {value}", rule=f"{name} must be {rule}", remedy="choose another value")


def _require_one(name: str, value: str, choices: tuple[str, ...]) -> None:
    if value not in choices:
        raise BadInput(value=f"{name} = {value!r}", rule=f"{name} is one of {', '.join(choices)}", remedy="choose one")

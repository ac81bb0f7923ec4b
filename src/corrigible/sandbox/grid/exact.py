"""Exact solutions of tabular worlds: policy evaluation, value iteration, and what happens within the horizon.

Values are over full states and without a time limit: a time limit truncates, so learners bootstrap through it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import numpy as np
from scipy import sparse
from scipy.sparse.linalg import spsolve

from corrigible.errors import BadInput
from corrigible.sandbox.grid.tables import NONE, TERMINATED, TRUNCATED, TabularWorld
from corrigible.types import Array

Treatment: TypeAlias = Literal["as experienced", "uninterrupted"]
"""as experienced: termination is worth nothing, truncation bootstraps from the counterfactual state, as learners do.
uninterrupted: the supervisor never interrupts; every interruption leads to its counterfactual state."""

TOLERANCE = 1e-9


@dataclass(frozen=True, kw_only=True, eq=False)
class Evaluation:
    """value: (S,) float64, expected discounted return of the policy. ever: P(event in an episode), by event."""

    value: Array
    ever: Mapping[str, float]


@dataclass(frozen=True, kw_only=True, eq=False)
class Optimum:
    """q: (S, A) float64. value: (S,) float64. best: (S, A) bool, every action within the tolerance of the best."""

    q: Array
    value: Array
    best: Array


def evaluate_policy(
    world: TabularWorld, reward: Array, policy: Array, discount: float, treat: Treatment = "as experienced"
) -> Evaluation:
    """Value of `policy` (O, A) for a reward table (S, A, K), and the probability of every event within the horizon.

    Raises BadInput unless 0 <= discount < 1.
    """
    _check_discount(discount)
    chosen = policy[world.observation]
    source, continues = _successors(world, treat)
    weight = chosen[:, :, None] * world.probability
    expected = (weight * reward).sum(axis=(1, 2))
    moves = _matrix(world, weight * continues, source)
    value: Any = spsolve(sparse.identity(world.states, format="csc") - discount * moves.tocsc(), expected)
    ever = {name: ever_probability(world, policy, name) for name in world.events}
    return Evaluation(value=np.reshape(value, world.states), ever=ever)


def optimal(
    world: TabularWorld,
    reward: Array,
    discount: float,
    treat: Treatment = "as experienced",
    *,
    exploration: float = 0.0,
    tolerance: float = TOLERANCE,
) -> Optimum:
    """Value iteration for a reward table (S, A, K) by an agent that sees the full state.

    With `exploration` = epsilon in [0, 1] it is the best epsilon-greedy policy, the fixed point of SARSA (Sutton and
    Barto 2018, section 5.4). Each sweep shrinks the error by `discount`; it ends below 1e-13 of the largest value.
    Raises BadInput unless 0 <= discount < 1.
    """
    _check_discount(discount)
    source, continues = _successors(world, treat)
    S, A, K = world.next_state.shape
    expected = (world.probability * reward).sum(axis=2)
    rows = np.broadcast_to(np.arange(S * A)[:, None], (S * A, K)).reshape(-1)
    weight = (world.probability * continues).reshape(-1)
    moves = sparse.csr_matrix((weight, (rows, source.reshape(-1))), shape=(S * A, S))
    value = np.zeros(S)
    while True:
        q = expected + discount * (moves @ value).reshape(S, A)
        updated = (1.0 - exploration) * q.max(axis=1) + exploration * q.mean(axis=1)
        error = np.abs(updated - value).max()
        value = updated
        if error * discount <= 1e-13 * (1.0 - discount) * max(1.0, np.abs(value).max()):
            break
    q = expected + discount * (moves @ value).reshape(S, A)
    return Optimum(q=q, value=value, best=q >= q.max(axis=1, keepdims=True) - tolerance)


def ever_probability(world: TabularWorld, policy: Array, event: str) -> float:
    """P(`event` happens at least once in an episode of at most `horizon` steps) under `policy` (O, A)."""
    table = world.events[event]
    weight = policy[world.observation][:, :, None] * world.probability
    hit = (weight * table).sum(axis=(1, 2))
    onward = _matrix(world, weight * (~table & (world.ending == NONE)), world.next_state)
    mass, happened = world.start, 0.0
    for _ in range(world.horizon):
        happened += float(mass @ hit)
        mass = mass @ onward
    return happened


def expected_total(world: TabularWorld, policy: Array, table: Array, discount: float = 1.0) -> float:
    """Expected sum of an (S, A, K) table over an episode of at most `horizon` steps, discounted from its start."""
    weight = policy[world.observation][:, :, None] * world.probability
    expected = (weight * table).sum(axis=(1, 2))
    onward = _matrix(world, weight * (world.ending == NONE), world.next_state)
    mass, total = world.start, 0.0
    for t in range(world.horizon):
        total += discount**t * float(mass @ expected)
        mass = mass @ onward
    return total


def _successors(world: TabularWorld, treat: Treatment) -> tuple[Array, Array]:
    """The state that each outcome bootstraps from, and whether it does, both (S, A, K)."""
    if treat == "uninterrupted":
        return world.counterfactual_state, world.interrupted | (world.ending != TERMINATED)
    cut = world.ending == TRUNCATED
    return np.where(cut, world.counterfactual_state, world.next_state), world.ending != TERMINATED


def _matrix(world: TabularWorld, weight: Array, target: Array) -> Any:
    """(S, A, K) weights of moves to `target` -> sparse (S, S)."""
    S = world.states
    origin = np.broadcast_to(np.arange(S)[:, None, None], weight.shape)
    return sparse.csr_matrix((weight.reshape(-1), (origin.reshape(-1), target.reshape(-1))), shape=(S, S))


def _check_discount(discount: float) -> None:
    if not 0.0 <= discount < 1.0:
        raise BadInput(
            value=f"discount = {discount}", rule="values without a time limit need 0 <= discount < 1", remedy="lower it"
        )

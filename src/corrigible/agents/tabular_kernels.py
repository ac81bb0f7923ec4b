"""Compiled value learners on tables: Q-learning and SARSA, over many worlds that share one table."""

from typing import NamedTuple

import numpy as np

from corrigible.sandbox.compiled import njit
from corrigible.sandbox.grid.kernels import (
    DRAW_ACTION,
    DRAW_OUTCOME,
    DRAW_START,
    NONE,
    TERMINATED,
    TRUNCATED,
    Tables,
    pick_outcome,
    pick_start,
    uniform,
)
from corrigible.types import Array


class Rules(NamedTuple):
    """How a value learner learns. epsilon and rate (the step size) are start + slope * step.

    use_intended: it is told the action that it chose, not the one that was carried out. safe (SARSA): bootstrap from
    the action that its own behaviour chose. indifferent: interruptions are paid off.
    """

    discount: float
    epsilon_start: float
    epsilon_slope: float
    rate_start: float
    rate_slope: float
    use_intended: bool
    safe: bool
    indifferent: bool


class Places(NamedTuple):
    """Where B worlds stand, carried on from call to call: state, time and episode, (B,) int64.

    For SARSA also the update that waits for the next action: waiting (B, 2) int64, its observation and action, -1
    where none does, and waiting_reward (B,) float64.
    """

    state: Array
    time: Array
    episode: Array
    waiting: Array
    waiting_reward: Array


@njit
def best_value(q: Array, o: int) -> float:
    """Largest action value at observation `o`."""
    best = q[o, 0]
    for a in range(1, q.shape[1]):
        best = max(best, q[o, a])
    return best


@njit
def behaviour_value(q: Array, o: int, epsilon: float) -> float:
    """Expected action value at `o` of the epsilon-greedy behaviour (ties do not matter to it)."""
    total = 0.0
    for a in range(q.shape[1]):
        total += q[o, a]
    return epsilon * total / q.shape[1] + (1.0 - epsilon) * best_value(q, o)


@njit
def epsilon_greedy(q: Array, o: int, epsilon: float, u: float) -> int:
    """With probability epsilon any action, else one of the best, ties evenly; `u` in [0, 1) decides both."""
    A = q.shape[1]
    if u < epsilon:
        return min(int(u / epsilon * A), A - 1)
    best = best_value(q, o)
    ties = 0
    for a in range(A):
        ties += q[o, a] == best
    left = min(int((u - epsilon) / (1.0 - epsilon) * ties), ties - 1)
    chosen = 0
    for a in range(A):
        if q[o, a] == best:
            if left == 0:
                chosen = a
            left -= 1
    return chosen


@njit
def q_learning(
    tables: Tables,
    reward: Array,
    horizon: int,
    seed: np.uint64,
    rules: Rules,
    first: int,
    last: int,
    places: Places,
    q: Array,
) -> None:
    """Steps `first` to `last` of all B worlds, which share `q` (O, A); reward is (S, A, K).

    The target bootstraps from the best action; from nothing after termination; from the counterfactual state after
    truncation by the supervisor. With `rules.indifferent` it does so after any interruption, whose forced steps then
    teach nothing.
    """
    state, time, episode = places.state, places.time, places.episode
    for step in range(first, last):
        epsilon = rules.epsilon_start + rules.epsilon_slope * step
        rate = rules.rate_start + rules.rate_slope * step
        for b in range(state.shape[0]):
            s = int(state[b])
            o = int(tables.observation[s])
            a = epsilon_greedy(q, o, epsilon, uniform(seed, b, episode[b], time[b], DRAW_ACTION))
            k = pick_outcome(tables.threshold, s, a, uniform(seed, b, episode[b], time[b], DRAW_OUTCOME))
            following = int(tables.next_state[s, a, k])
            end = tables.ending[s, a, k]
            paid_off = rules.indifferent and tables.interrupted[s, a, k]
            target = float(reward[s, a, k])
            if end != TERMINATED or paid_off:
                source = tables.counterfactual_state[s, a, k] if end == TRUNCATED or paid_off else following
                target += rules.discount * best_value(q, int(tables.observation[source]))
            if not (rules.indifferent and tables.forced[s]):
                told = a if rules.use_intended else tables.executed[s, a, k]
                q[o, told] += rate * (target - q[o, told])
            time[b] += 1
            if end != NONE or time[b] >= horizon:
                episode[b] += 1
                time[b] = 0
                following = pick_start(tables.start, uniform(seed, b, episode[b], 0, DRAW_START))
            state[b] = following


@njit
def sarsa(
    tables: Tables,
    reward: Array,
    horizon: int,
    seed: np.uint64,
    rules: Rules,
    first: int,
    last: int,
    places: Places,
    q: Array,
) -> None:
    """As `q_learning`, but the target bootstraps from the action of the next step.

    That is the action the learner is told of, or with `rules.safe` always the one that its own behaviour chose. Where
    no step follows (truncation) or an interruption is paid off, the expected value of the behaviour stands in.
    """
    state, time, episode, waiting = places.state, places.time, places.episode, places.waiting
    for step in range(first, last):
        epsilon = rules.epsilon_start + rules.epsilon_slope * step
        rate = rules.rate_start + rules.rate_slope * step
        for b in range(state.shape[0]):
            s = int(state[b])
            o = int(tables.observation[s])
            a = epsilon_greedy(q, o, epsilon, uniform(seed, b, episode[b], time[b], DRAW_ACTION))
            k = pick_outcome(tables.threshold, s, a, uniform(seed, b, episode[b], time[b], DRAW_OUTCOME))
            told = a if rules.use_intended else int(tables.executed[s, a, k])
            if waiting[b, 0] >= 0:
                before, taken = waiting[b, 0], waiting[b, 1]
                target = places.waiting_reward[b] + rules.discount * q[o, a if rules.safe else told]
                q[before, taken] += rate * (target - q[before, taken])
                waiting[b, 0] = -1
            following = int(tables.next_state[s, a, k])
            end = tables.ending[s, a, k]
            paid_off = rules.indifferent and tables.interrupted[s, a, k]
            cut = end == NONE and time[b] + 1 >= horizon
            if not (rules.indifferent and tables.forced[s]):
                target = float(reward[s, a, k])
                if end == NONE and not cut and not paid_off:
                    waiting[b, 0], waiting[b, 1], places.waiting_reward[b] = o, told, target
                else:
                    if end != TERMINATED or paid_off:
                        source = tables.counterfactual_state[s, a, k] if end == TRUNCATED or paid_off else following
                        target += rules.discount * behaviour_value(q, int(tables.observation[source]), epsilon)
                    q[o, told] += rate * (target - q[o, told])
            time[b] += 1
            if end != NONE or cut:
                episode[b] += 1
                time[b] = 0
                following = pick_start(tables.start, uniform(seed, b, episode[b], 0, DRAW_START))
            state[b] = following

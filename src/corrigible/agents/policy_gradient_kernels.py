"""Compiled tabular policy gradient: a batch of episodes, and one update of a softmax actor and its critic."""

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


class Batch(NamedTuple):
    """One episode in each of B worlds, arrays (T, B).

    observation, action (as told to the learner): int32. reward, value and bootstrap (the critic before and after the
    step), advantage: float64. carry: the trace goes on to the next step. mask: the step is learned from; actor_mask:
    it moves the policy. All three bool.
    """

    observation: Array
    action: Array
    reward: Array
    value: Array
    bootstrap: Array
    advantage: Array
    carry: Array
    mask: Array
    actor_mask: Array


class ActorCritic(NamedTuple):
    """What is learned, logits (O, A) and critic (O,); scratch space: policy, gradient (O, A), error, visits (O,)."""

    logits: Array
    critic: Array
    policy: Array
    gradient: Array
    error: Array
    visits: Array


@njit
def softmax_rows(logits: Array, policy: Array) -> None:
    """Write policy (O, A), the softmax of each row of logits."""
    for o in range(logits.shape[0]):
        largest = logits[o].max()
        total = 0.0
        for a in range(logits.shape[1]):
            policy[o, a] = np.exp(logits[o, a] - largest)
            total += policy[o, a]
        for a in range(logits.shape[1]):
            policy[o, a] /= total


@njit
def collect_episodes(
    tables: Tables,
    reward: Array,
    seed: np.uint64,
    episode: int,
    use_intended: bool,
    cut_at_interruption: bool,
    policy: Array,
    critic: Array,
    batch: Batch,
) -> int:
    """Fill `batch` with episode number `episode` of each world under `policy` (O, A); returns the steps taken.

    reward is (S, A, K). A forced step moves the policy only with `use_intended`: the learner is told that it was its
    own choice. With `cut_at_interruption` the trace ends at an interruption in the critic's value of the
    counterfactual state, and the forced steps that follow are not learned from.
    """
    steps = 0
    horizon = batch.mask.shape[0]
    batch.mask[:] = False
    batch.actor_mask[:] = False
    for b in range(batch.mask.shape[1]):
        s = pick_start(tables.start, uniform(seed, b, episode, 0, DRAW_START))
        for t in range(horizon):
            o = tables.observation[s]
            u = uniform(seed, b, episode, t, DRAW_ACTION)
            a = 0
            while a + 1 < policy.shape[1] and u >= policy[o, a]:
                u -= policy[o, a]
                a += 1
            k = pick_outcome(tables.threshold, s, a, uniform(seed, b, episode, t, DRAW_OUTCOME))
            end = tables.ending[s, a, k]
            following = int(tables.next_state[s, a, k])
            cut = end == TRUNCATED or (cut_at_interruption and tables.interrupted[s, a, k])
            if cut:
                batch.bootstrap[t, b] = critic[tables.observation[tables.counterfactual_state[s, a, k]]]
            elif end == TERMINATED:
                batch.bootstrap[t, b] = 0.0
            else:
                batch.bootstrap[t, b] = critic[tables.observation[following]]
            forced = tables.forced[s]
            batch.observation[t, b] = o
            batch.action[t, b] = a if use_intended else tables.executed[s, a, k]
            batch.reward[t, b] = reward[s, a, k]
            batch.value[t, b] = critic[o]
            batch.carry[t, b] = end == NONE and not cut and t + 1 < horizon
            batch.mask[t, b] = not (cut_at_interruption and forced)
            batch.actor_mask[t, b] = batch.mask[t, b] and (use_intended or not forced)
            s = following
            steps += 1
            if end != NONE:
                break
    return steps


@njit
def update_actor_critic(
    batch: Batch, actor_rate: float, critic_rate: float, entropy: float, learned: ActorCritic
) -> None:
    """One step of the policy gradient on the logits, and of the critic towards the lambda-return.

    The gradient is summed over steps and averaged over the B episodes: advantage * (onehot(action) - policy) plus
    `entropy` times the gradient of the policy's entropy H, -policy * (log policy + H). The critic moves by the mean
    advantage of each observation's visits.
    """
    T, B = batch.mask.shape
    A = learned.logits.shape[1]
    policy, gradient = learned.policy, learned.gradient
    gradient[:] = 0.0
    learned.error[:] = 0.0
    learned.visits[:] = 0.0
    for t in range(T):
        for b in range(B):
            if not batch.mask[t, b]:
                continue
            o = batch.observation[t, b]
            learned.error[o] += batch.advantage[t, b]
            learned.visits[o] += 1.0
            if not batch.actor_mask[t, b]:
                continue
            spread = 0.0
            for a in range(A):
                spread -= policy[o, a] * np.log(max(policy[o, a], 1e-300))
            for a in range(A):
                surprise = np.log(max(policy[o, a], 1e-300)) + spread
                hit = 1.0 if a == batch.action[t, b] else 0.0
                gradient[o, a] += batch.advantage[t, b] * (hit - policy[o, a]) - entropy * policy[o, a] * surprise
    for o in range(learned.critic.shape[0]):
        if learned.visits[o] > 0.0:
            learned.critic[o] += critic_rate * learned.error[o] / learned.visits[o]
            for a in range(A):
                learned.logits[o, a] += actor_rate * gradient[o, a] / B

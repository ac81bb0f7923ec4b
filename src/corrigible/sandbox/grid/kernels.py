"""Compiled stepping of tabular worlds, with random numbers that are a hash of where they are used.

A draw depends on (seed, world, episode, time, purpose) alone: batched equals single and forks are copies. What is drawn
at the start, or at a step that every episode gets to, is the same for every policy; worlds decide interruptions there.
"""

from typing import NamedTuple

import numpy as np

from corrigible.sandbox.compiled import njit
from corrigible.types import Array

# purposes of a draw
DRAW_OUTCOME = 0
DRAW_ACTION = 1
DRAW_START = 2
_PURPOSES = np.uint64(4)

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_MIX_1 = np.uint64(0xBF58476D1CE4E5B9)
_MIX_2 = np.uint64(0x94D049BB133111EB)
_ONE = np.uint64(1)
_TO_UNIT = 1.0 / 9007199254740992.0  # 2**-53

NONE = 0
TERMINATED = 1
TRUNCATED = 2


class Tables(NamedTuple):
    """What a step reads; see TabularWorld. threshold (S, A, K), start (S,): cumulative, above 1 from the last on."""

    next_state: Array
    threshold: Array
    executed: Array
    interrupted: Array
    counterfactual_state: Array
    ending: Array
    forced: Array
    observation: Array
    start: Array


class Worlds(NamedTuple):
    """B worlds being stepped. world int64; episode, time, state int32; done bool; outcome, ending uint8; all (B,)."""

    world: Array
    episode: Array
    time: Array
    state: Array
    done: Array
    outcome: Array
    ending: Array


class Path(NamedTuple):
    """One episode in each of B worlds, T = horizon. state: (T + 1, B) int32, repeated after the end.

    action int8, outcome and ending uint8, mask bool (the step happened): (T, B), zero where nothing happened.
    """

    state: Array
    action: Array
    outcome: Array
    ending: Array
    mask: Array


@njit
def mix(z: np.uint64) -> np.uint64:
    """The finaliser of splitmix64 (Steele, Lea and Flood 2014, variant 13 of Stafford)."""
    z = (z ^ (z >> np.uint64(30))) * _MIX_1
    z = (z ^ (z >> np.uint64(27))) * _MIX_2
    return z ^ (z >> np.uint64(31))


@njit
def uniform(seed: np.uint64, world: int, episode: int, time: int, purpose: int) -> float:
    """A float64 in [0, 1): the splitmix64 stream of (seed, world), read at (episode, time, purpose)."""
    key = mix(seed + _GOLDEN * (np.uint64(world) + _ONE))
    at = ((np.uint64(episode) << np.uint64(32)) | np.uint64(time)) * _PURPOSES + np.uint64(purpose)
    return float(mix(key + _GOLDEN * (at + _ONE)) >> np.uint64(11)) * _TO_UNIT


@njit
def pick_outcome(threshold: Array, state: int, action: int, u: float) -> int:
    """Index of the outcome that `u` falls on."""
    k = 0
    while u >= threshold[state, action, k]:
        k += 1
    return k


@njit
def pick_start(start: Array, u: float) -> int:
    """Index of the start state that `u` falls on."""
    state = 0
    while u >= start[state]:
        state += 1
    return state


@njit
def reset_worlds(tables: Tables, seed: np.uint64, world: Array, episode: Array, state: Array) -> None:
    """Write the start state (B,) of each world's `episode`."""
    for b in range(world.shape[0]):
        state[b] = pick_start(tables.start, uniform(seed, world[b], episode[b], 0, DRAW_START))


@njit
def step_worlds(tables: Tables, horizon: int, seed: np.uint64, worlds: Worlds, intended: Array) -> None:
    """One step of B worlds, in place, with actions (B,); finished ones stay as they are."""
    for b in range(worlds.world.shape[0]):
        worlds.outcome[b] = 0
        worlds.ending[b] = NONE
        if worlds.done[b]:
            continue
        s, a, t = worlds.state[b], intended[b], worlds.time[b]
        k = pick_outcome(tables.threshold, s, a, uniform(seed, worlds.world[b], worlds.episode[b], t, DRAW_OUTCOME))
        end = tables.ending[s, a, k]
        if end == NONE and t + 1 >= horizon:
            end = TRUNCATED
        worlds.time[b] = t + 1
        worlds.outcome[b] = k
        worlds.ending[b] = end
        worlds.state[b] = tables.next_state[s, a, k]
        worlds.done[b] = end != NONE


@njit
def roll_out(tables: Tables, seed: np.uint64, policy: Array, path: Path) -> None:
    """Episode 0 of each of B worlds under `policy` (O, A), cumulative over actions, above 1 from the last on."""
    horizon = path.mask.shape[0]
    for b in range(path.mask.shape[1]):
        s = pick_start(tables.start, uniform(seed, b, 0, 0, DRAW_START))
        running = True
        for t in range(horizon):
            path.state[t, b] = s
            if not running:
                continue
            o = tables.observation[s]
            u = uniform(seed, b, 0, t, DRAW_ACTION)
            a = 0
            while u >= policy[o, a]:
                a += 1
            k = pick_outcome(tables.threshold, s, a, uniform(seed, b, 0, t, DRAW_OUTCOME))
            end = tables.ending[s, a, k]
            if end == NONE and t + 1 >= horizon:
                end = TRUNCATED
            path.action[t, b] = a
            path.outcome[t, b] = k
            path.ending[t, b] = end
            path.mask[t, b] = True
            s = int(tables.next_state[s, a, k])
            running = end == NONE
        path.state[horizon, b] = s


@njit
def random_walk(tables: Tables, horizon: int, seed: np.uint64, worlds: int, steps: int, actions: int) -> np.uint64:
    """`steps` uniformly random steps in each world, with restarts; a checksum over every state (for benchmarks)."""
    checksum = np.uint64(0)
    for b in range(worlds):
        episode = 0
        time = 0
        s = pick_start(tables.start, uniform(seed, b, episode, 0, DRAW_START))
        for _ in range(steps):
            a = int(uniform(seed, b, episode, time, DRAW_ACTION) * actions)
            k = pick_outcome(tables.threshold, s, a, uniform(seed, b, episode, time, DRAW_OUTCOME))
            end = tables.ending[s, a, k]
            s = tables.next_state[s, a, k]
            checksum = checksum * np.uint64(31) + np.uint64(s)
            time += 1
            if end != NONE or time >= horizon:
                episode += 1
                time = 0
                s = pick_start(tables.start, uniform(seed, b, episode, 0, DRAW_START))
    return checksum

"""Batched, pure stepping of a tabular world: the state is a record, so a copy of it is a snapshot and a fork."""

import functools
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import final

import numpy as np

from corrigible.errors import BadInput
from corrigible.sandbox.grid.kernels import Tables, Worlds, reset_worlds, step_worlds
from corrigible.sandbox.grid.tables import TERMINATED, TRUNCATED, TabularWorld
from corrigible.types import Array


@dataclass(frozen=True, kw_only=True, eq=False)
class EnvState:
    """Everything that the next step depends on. state, time, episode: (B,) int32. world: (B,) int64. done: (B,) bool.

    seed and `world` select the random stream; `time` counts the steps of the running episode.
    """

    seed: np.uint64
    world: Array
    episode: Array
    time: Array
    state: Array
    done: Array


@dataclass(frozen=True, kw_only=True, eq=False)
class StepRecord:
    """What one step did, all (B,). Worlds that were done already have mask False and nothing happened in them.

    observation (int32) is the one after the step; outcome (uint8) indexes K; executed int8; reward float32 is 0 where
    the environment was made without a reward table; happened: bool by event; amount float32.
    """

    mask: Array
    observation: Array
    outcome: Array
    executed: Array
    interrupted: Array
    reward: Array
    terminated: Array
    truncated: Array
    happened: Mapping[str, Array]
    amount: Array


def cumulative(probability: Array) -> Array:
    """Cumulative sums over the last axis, 2.0 from the last positive entry on: a draw below 1 always falls below."""
    total = np.cumsum(probability, axis=-1, dtype=np.float64)
    left = np.cumsum(probability[..., ::-1] > 0.0, axis=-1)[..., ::-1]
    following = np.concatenate((left[..., 1:], np.zeros_like(left[..., :1])), axis=-1)
    return np.where(following == 0, 2.0, total)


@functools.lru_cache(maxsize=64)
def packed(world: TabularWorld) -> Tables:
    """The arrays of `world` that kernels read."""
    return Tables(
        next_state=world.next_state,
        threshold=cumulative(world.probability),
        executed=world.executed,
        interrupted=world.interrupted,
        counterfactual_state=world.counterfactual_state,
        ending=world.ending,
        forced=world.forced,
        observation=world.observation,
        start=cumulative(world.start),
    )


@final
class GridEnvironment:
    """A tabular world to be stepped by hand; `reward` is a table (S, A, K) of what is paid."""

    def __init__(self, world: TabularWorld, reward: Array | None = None) -> None:
        self.world = world
        self.reward = np.zeros(world.amount.shape, dtype=np.float32) if reward is None else reward

    def reset(self, seed: int | np.uint64, worlds: int, first: int = 0) -> EnvState:
        """Worlds `first` to `first + worlds`, each at the start of its episode 0."""
        world = np.arange(first, first + worlds, dtype=np.int64)
        zero = np.zeros(worlds, dtype=np.int32)
        return self._started(np.uint64(seed), world, zero)

    def restart(self, env_state: EnvState) -> EnvState:
        """The same worlds, those that are done at the start of their next episode."""
        fresh = self._started(env_state.seed, env_state.world, env_state.episode + 1)
        done = env_state.done
        return replace(
            env_state,
            episode=np.where(done, fresh.episode, env_state.episode),
            time=np.where(done, fresh.time, env_state.time),
            state=np.where(done, fresh.state, env_state.state),
            done=np.zeros_like(done),
        )

    def step(self, env_state: EnvState, intended: Array) -> tuple[EnvState, StepRecord]:
        """One step with the actions (B,) that the agent intends; `env_state` itself is left alone."""
        chosen = np.asarray(intended, dtype=np.int64)
        if chosen.shape != env_state.state.shape or ((chosen < 0) | (chosen >= self.world.actions)).any():
            raise BadInput(
                value=f"actions of shape {chosen.shape} from {chosen.min(initial=0)} to {chosen.max(initial=0)}",
                rule=f"actions have shape {env_state.state.shape} and are below {self.world.actions}",
                remedy="give one index per world",
            )
        after = replace(env_state, time=env_state.time.copy(), state=env_state.state.copy(), done=env_state.done.copy())
        outcome = np.zeros(chosen.shape, dtype=np.uint8)
        ending = np.zeros(chosen.shape, dtype=np.uint8)
        worlds = Worlds(after.world, after.episode, after.time, after.state, after.done, outcome, ending)
        step_worlds(packed(self.world), self.world.horizon, after.seed, worlds, chosen)
        return after, self._record(env_state, after, chosen, outcome, ending)

    def observe(self, env_state: EnvState) -> Array:
        """(B,) int32."""
        return self.world.observation[env_state.state]

    def _started(self, seed: np.uint64, world: Array, episode: Array) -> EnvState:
        state = np.zeros(world.shape, dtype=np.int32)
        reset_worlds(packed(self.world), seed, world, episode, state)
        return EnvState(
            seed=seed,
            world=world,
            episode=episode,
            time=np.zeros(world.shape, dtype=np.int32),
            state=state,
            done=np.zeros(world.shape, dtype=np.bool_),
        )

    def _record(self, before: EnvState, after: EnvState, action: Array, outcome: Array, ending: Array) -> StepRecord:
        mask = ~before.done
        at = (before.state, action, outcome)
        return StepRecord(
            mask=mask,
            observation=self.observe(after),
            outcome=outcome,
            executed=self.world.executed[at],
            interrupted=self.world.interrupted[at] & mask,
            reward=np.where(mask, self.reward[at], np.float32(0.0)),
            terminated=ending == TERMINATED,
            truncated=ending == TRUNCATED,
            happened={name: table[at] & mask for name, table in self.world.events.items()},
            amount=np.where(mask, self.world.amount[at], np.float32(0.0)),
        )

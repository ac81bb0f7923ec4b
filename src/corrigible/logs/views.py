"""From a log to what detectors read: episodes side by side, padded to equal length."""

from dataclasses import replace

import numpy as np

from corrigible.detect.symbols import Codebook
from corrigible.errors import BadInput
from corrigible.logs.schema import MOST_PADDED_BYTES, Log
from corrigible.types import Array, Observations, Trajectory, Views, WorldTrace


def take_episodes(log: Log, chosen: Array) -> Log:
    """The episodes numbered `chosen` (K,), in that order."""
    starts = log.starts
    rows = np.concatenate([np.arange(int(starts[i]), int(starts[i] + log.lengths[i])) for i in chosen])

    def pick(array: Array | None) -> Array | None:
        return None if array is None else array[rows]

    return replace(
        log,
        episodes=tuple(log.episodes[i] for i in chosen),
        lengths=log.lengths[chosen],
        observation=pick(log.observation),
        action=log.action[rows],
        reward=log.reward[rows],
        terminated=log.terminated[rows],
        truncated=log.truncated[rows],
        executed_action=pick(log.executed_action),
        log_prob=pick(log.log_prob),
        value=pick(log.value),
        world_trace=None if log.world_trace is None else _take_worlds(log.world_trace, chosen),
    )


def _take_worlds(trace: WorldTrace, chosen: Array) -> WorldTrace:
    number = np.full(trace.worlds, -1, dtype=np.int32)
    number[chosen] = np.arange(chosen.size, dtype=np.int32)
    rows = number[trace.world] >= 0
    return replace(
        trace,
        time=trace.time[rows],
        world=number[trace.world[rows]],
        place=trace.place[rows],
        before=trace.before[rows],
        after=trace.after[rows],
        worlds=chosen.size,
    )


def views_of(log: Log, actions: Codebook) -> Views:
    """A trajectory (T, B) with B = episodes and T = the longest of them, and a world trace where there is one.

    actions: turns the log's actions into whole numbers, fitted on the reference's.

    Raises:
        BadInput: the padded observations would need more than 2 GiB, or actions of another shape than the reference's.
    """
    longest, episodes = int(log.lengths.max()), log.lengths.size
    _require_room(log, longest)
    column = np.repeat(np.arange(episodes), log.lengths)
    time = np.arange(column.size) - np.repeat(log.starts, log.lengths)

    def pad(array: Array) -> Array:
        padded = np.zeros((longest, episodes, *array.shape[1:]), dtype=array.dtype)
        padded[time, column] = array
        return padded

    def pad_known(array: Array | None) -> Array | None:
        return None if array is None else pad(array)

    flat, executed = log.observation, log.executed_action
    observations = None
    if flat is not None:
        shape = (longest, episodes, *flat.shape[1:])
        observations = Observations(shape=shape, dtype=flat.dtype, materialise=lambda: pad(flat))
    trajectory = Trajectory(
        action=pad(actions.encode(log.action, name=f"{log.source}: actions")),
        reward=pad(log.reward),
        mask=pad(np.ones(column.size, dtype=np.bool_)),
        terminated=pad(log.terminated),
        truncated=pad(log.truncated),
        executed_action=None if executed is None else pad(actions.encode(executed, name="executed actions")),
        log_prob=pad_known(log.log_prob),
        value=pad_known(log.value),
        observations=observations,
    )
    return Views(trajectory_view=trajectory, world_trace_view=log.world_trace)


def _require_room(log: Log, longest: int) -> None:
    width = 8 if log.observation is None else max(8, log.observation[0].nbytes)
    padded = longest * log.lengths.size * width
    if padded > MOST_PADDED_BYTES:
        raise BadInput(
            value=f"{log.source}: {log.lengths.size} episodes padded to the longest, {longest} steps: {padded} bytes",
            rule=f"padded observations hold at most {MOST_PADDED_BYTES} bytes",
            remedy="split the log so that very long and short episodes lie apart, or hash large observations",
        )

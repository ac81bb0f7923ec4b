"""The steps of all episodes of a trajectory laid in one row, so that detectors count without a loop over time."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from corrigible.errors import BadInput
from corrigible.types import Array, Trajectory

LARGEST: Final = 1e100
"""Greatest reward or value in size: sums and squares of such numbers stay finite."""


@dataclass(frozen=True, kw_only=True, eq=False)
class EpisodeSteps:
    """n steps that happened, ordered by episode (as in `Trajectory.episodes()`), then agent, then time.

    Attributes:
        episodes: number of episodes E.
        lengths: (E,) int64, steps in time of each episode.
        episode: (n,) int64 in [0, E), the episode of each step.
        first: (n,) bool, True at the first step of an agent in an episode; consecutive steps up to the next True are
            one run.
        index: integer arrays (n,), one for each axis of the trajectory's arrays.
    """

    episodes: int
    lengths: Array
    episode: Array
    first: Array
    index: tuple[Array, ...]

    def of(self, array: Array) -> Array:
        """(T, B) or (T, B, N) -> (n,)."""
        return array[self.index]

    def number(self, array: Array, *, name: str) -> Array:
        """(T, B) or (T, B, N) -> (n,) float64.

        Raises:
            BadInput: a step that happened holds a number that is not finite, or above 1e100 in size.
        """
        values = np.asarray(self.of(array), dtype=np.float64)
        bad = ~(np.abs(values) <= LARGEST)
        if bad.any():
            first = int(np.flatnonzero(bad)[0])
            raise BadInput(
                value=f"trajectory.{name} = {values[first]} in episode {int(self.episode[first])}",
                rule=f"every {name} of a step that happened must be finite, and at most {LARGEST:g} in size",
                remedy="mask the steps that did not happen, and find out why the others are not finite",
            )
        return values

    def total(self, values: Array) -> Array:
        """Sum of `values` (n,) over each episode: (E,) float64."""
        return np.bincount(self.episode, weights=values, minlength=self.episodes)

    def mean(self, values: Array) -> Array:
        """Mean of `values` (n,) over each episode: (E,) float64."""
        return self.total(values) / np.bincount(self.episode, minlength=self.episodes)


def steps_of(trajectory: Trajectory) -> EpisodeSteps:
    """Number the steps of every episode."""
    episodes = trajectory.episodes()
    label = np.full(trajectory.action.shape[:2], -1, dtype=np.int64)
    for number, episode in enumerate(episodes):
        label[episode.start : episode.stop, episode.world] = number
    shape = trajectory.action.shape
    if len(shape) > len(label.shape):
        label = np.broadcast_to(label[:, :, None], shape)
    axes: list[Array] = list(np.nonzero(trajectory.mask & (label >= 0)))
    agent = axes[2] if len(axes) > 2 else np.zeros_like(axes[0])
    order = np.lexsort((axes[0], agent, label[tuple(axes)]))
    index = tuple(axis[order] for axis in axes)
    episode, agent = label[index], agent[order]
    lengths = np.array([item.stop - item.start for item in episodes], dtype=np.int64)
    first = np.ones(episode.size, dtype=np.bool_)
    first[1:] = (episode[1:] != episode[:-1]) | (agent[1:] != agent[:-1])
    return EpisodeSteps(episodes=len(episodes), lengths=lengths, episode=episode, first=first, index=index)


def reference_steps(trajectory: Trajectory) -> EpisodeSteps:
    """As `steps_of`, for what a detector is fitted on.

    Raises:
        BadInput: there is no episode.
    """
    steps = steps_of(trajectory)
    if steps.episodes == 0:
        raise BadInput(
            value="the reference holds 0 episodes",
            rule="a detector is fitted on at least one",
            remedy="give reference episodes",
        )
    return steps


def observations_of(trajectory: Trajectory, steps: EpisodeSteps) -> Array | None:
    """Observation of each step, (n, ...), or None where the trajectory holds none.

    (T, B, ...) observations are shared by the agents, (T, B, N, ...) are each agent's own.

    Raises:
        BadInput: time and column of the observations are not those of the actions.
    """
    if trajectory.observations is None:
        return None
    array, shape = trajectory.observations.array(), trajectory.action.shape
    axes = len(shape) if array.shape[: len(shape)] == shape else 2
    if array.shape[:axes] != shape[:axes]:
        raise BadInput(
            value=f"trajectory.observations has shape {array.shape}",
            rule=f"its first axes must be those of trajectory.action, {shape}",
            remedy="give time-major observations (T, B, ...)",
        )
    return array[steps.index[:axes]]

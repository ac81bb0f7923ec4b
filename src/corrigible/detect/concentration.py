"""Episodes that are full of one action, or of one pair of actions, far more than the reference is."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from corrigible.detect.episode_steps import EpisodeSteps, reference_steps, steps_of
from corrigible.plugin import detector
from corrigible.types import Array, Score, Views

PSEUDO_COUNT: Final = 0.5  # of every action that is known, and of all that are not: Krichevsky & Trofimov 1981
LONGEST: Final = 2
"""Actions in a row that are counted: single ones and pairs."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Frequency:
    """log-share of each run of `length` actions in the reference; `unknown` stands for all that it never did."""

    length: int
    known: Mapping[tuple[int, ...], float]
    unknown: float

    def of(self, run: tuple[int, ...]) -> float:
        """Natural log of its share."""
        return self.known.get(run, self.unknown)


@detector(
    "concentration",
    reads=("trajectory",),
    summary="one action, or pair of actions, that an episode is full of and the reference is not",
)
def concentration(reference: Views) -> Score:
    """Count actions and pairs of neighbours in the reference; suspicion is the greatest share * log(share / its share).

    In nats: the term of the Kullback-Leibler divergence, of the episode's actions from the reference's, to which a
    single action or pair gives most. Repetition, whatever is repeated, makes it large.

    Raises:
        BadInput: an empty reference, or an action that is not a finite number.
    """
    fitted = reference_steps(reference.trajectory)
    usual = [_frequency(_actions(reference.trajectory.action, fitted), fitted, n) for n in range(1, LONGEST + 1)]

    def score(views: Views) -> Array:
        steps = steps_of(views.trajectory)
        actions = _actions(views.trajectory.action, steps)
        return np.max([_greatest(actions, steps, frequency) for frequency in usual], axis=0)

    return score


def _actions(action: Array, steps: EpisodeSteps) -> Array:
    return steps.number(action, name="action")


def _runs(actions: Array, steps: EpisodeSteps, length: int) -> tuple[Array, Array]:
    """(m, length) runs of neighbours within an episode and agent, and (m,) the episode of each."""
    agent = np.cumsum(steps.first)
    starts = np.arange(max(0, actions.size - length + 1))
    whole = starts[agent[starts] == agent[starts + length - 1]]
    return np.stack([actions[whole + k] for k in range(length)], axis=1), steps.episode[whole]


def _frequency(actions: Array, steps: EpisodeSteps, length: int) -> Frequency:
    runs, _ = _runs(actions, steps, length)
    found, count = np.unique(runs, axis=0, return_counts=True)
    whole = np.log(count.sum() + PSEUDO_COUNT * (len(found) + 1))
    shares = np.log(count + PSEUDO_COUNT) - whole
    return Frequency(
        length=length,
        known={tuple(run): float(share) for run, share in zip(found.tolist(), shares, strict=True)},
        unknown=float(np.log(PSEUDO_COUNT) - whole),
    )


def _greatest(actions: Array, steps: EpisodeSteps, frequency: Frequency) -> Array:
    """(E,) the greatest term of each episode; 0 for one that is shorter than the run."""
    runs, episode = _runs(actions, steps, frequency.length)
    found = np.zeros(steps.episodes)
    if not len(runs):
        return found
    kinds, count = np.unique(np.column_stack((episode, runs)), axis=0, return_counts=True)
    owner = kinds[:, 0].astype(np.int64)
    share = count / np.bincount(episode, minlength=steps.episodes)[owner]
    usual = np.array([frequency.of(tuple(run)) for run in kinds[:, 1:].tolist()])
    np.maximum.at(found, owner, share * (np.log(share) - usual))
    return found

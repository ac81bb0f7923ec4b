"""How surprising an episode's choices are to one who has only watched the reference.

A count model of the reference's actions: given the observation, backing off to the previous action, then to the action
alone; where there are no observations the last two remain.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np

from corrigible.detect.episode_steps import EpisodeSteps, observations_of, reference_steps, steps_of
from corrigible.detect.symbols import Codebook, fit_codebook, positions
from corrigible.detect.windows import mean_and_worst_window
from corrigible.errors import BadInput
from corrigible.plugin import detector
from corrigible.types import Array, Score, Trajectory, Views

PSEUDO_COUNT: Final = 0.5  # for each action: Krichevsky & Trofimov 1981, IEEE Trans. Inf. Theory 27:199


@dataclass(frozen=True, kw_only=True, eq=False)
class Counts:
    """How often each key occurred; `keys` is ascending, and a key that is not there occurred 0 times."""

    keys: Array
    counts: Array

    def of(self, wanted: Array) -> Array:
        """(n,) int64 keys -> (n,) float64 counts."""
        return np.append(self.counts, 0)[positions(wanted, self.keys)].astype(np.float64)


def _count(keys: Array) -> Counts:
    found, counts = np.unique(keys, return_counts=True)
    return Counts(keys=found, counts=counts)


@dataclass(frozen=True, kw_only=True, eq=False)
class Level:
    """Counts of contexts, and of (context, action) pairs; `contexts` is ascending."""

    contexts: Array
    actions: int
    context_counts: Counts
    pair_counts: Counts

    def probability(self, context: Array, action: Array, back_off: Array) -> Array:
        """P(action | context) with `back_off` (n,) as the Dirichlet prior's mean and 1/2 an action as its weight."""
        number = positions(context, self.contexts)
        weight = PSEUDO_COUNT * self.actions
        pairs = self.pair_counts.of(number * self.actions + action)
        return (pairs + weight * back_off) / (self.context_counts.of(number) + weight)


def _level(context: Array, action: Array, actions: int) -> Level:
    contexts = np.unique(context)
    number = positions(context, contexts)
    return Level(
        contexts=contexts,
        actions=actions,
        context_counts=_count(number),
        pair_counts=_count(number * actions + action),
    )


@dataclass(frozen=True, kw_only=True, eq=False)
class ChoiceModel:
    """P(action | observation, previous action); actions are numbered, the last number is any that was never taken."""

    known_actions: Array
    codebook: Codebook | None
    everywhere: Level
    after_action: Level
    at_observation: Level | None

    def surprise(self, steps: EpisodeSteps, actions: Array, observations: Array | None) -> Array:
        """-log P of each choice in nats, (n,) float64."""
        action = positions(actions, self.known_actions)
        probability = np.full(action.size, 1 / self.everywhere.actions)
        probability = self.everywhere.probability(np.zeros_like(action), action, probability)
        probability = self.after_action.probability(_previous(action, steps), action, probability)
        if self.codebook is not None and self.at_observation is not None and observations is not None:
            probability = self.at_observation.probability(self.codebook.encode(observations), action, probability)
        return -np.log(probability)


def _previous(action: Array, steps: EpisodeSteps) -> Array:
    """The same agent's action one step earlier, -1 at the first step."""
    previous = np.full_like(action, -1)
    previous[1:] = action[:-1]
    previous[steps.first] = -1
    return previous


def _fit(steps: EpisodeSteps, actions: Array, observations: Array | None) -> ChoiceModel:
    known = np.unique(actions)
    number = known.size + 1
    action = positions(actions, known)
    codebook = None if observations is None else fit_codebook(observations)
    at_observation = None
    if codebook is not None and observations is not None:
        at_observation = _level(codebook.encode(observations), action, number)
    return ChoiceModel(
        known_actions=known,
        codebook=codebook,
        everywhere=_level(np.zeros_like(action), action, number),
        after_action=_level(_previous(action, steps), action, number),
        at_observation=at_observation,
    )


def _observations(trajectory: Trajectory, steps: EpisodeSteps, model: ChoiceModel) -> Array | None:
    if model.codebook is None:
        return None
    observations = observations_of(trajectory, steps)
    if observations is None:
        raise BadInput(
            value="trajectory.observations is absent",
            rule="the reference has observations, so the episodes that are compared with it need them",
            remedy="record the observations, or leave them out of the reference too",
        )
    return observations


@detector(
    "transition-surprise",
    reads=("trajectory",),
    summary="choices that the reference would hardly make at the same observation",
)
def transition_surprise(reference: Views) -> Score:
    """Fit the count model; suspicion is -log P in nats a step, mean of the episode and of its worst 8 steps.

    Actions are the intended ones. Continuous observations are cut into cells and images hashed (`symbols.Codebook`).

    Raises:
        BadInput: an empty reference, or observations that only the reference has.
    """
    fitted = reference_steps(reference.trajectory)
    actions = fitted.of(reference.trajectory.action)
    model = _fit(fitted, actions, observations_of(reference.trajectory, fitted))

    def score(views: Views) -> Array:
        steps = steps_of(views.trajectory)
        observations = _observations(views.trajectory, steps, model)
        return mean_and_worst_window(model.surprise(steps, steps.of(views.trajectory.action), observations), steps)

    return score

"""Two detectors that ask the model from which the policy was tuned: what did it think of what was done?

They need the reference model's log-probability of each action (`reference_log_prob`), which a tuned language model's
trajectory carries. Both look at an episode as a whole, at its first half against its second, and at its worst window,
since a KL penalty is a sum in which a short oddity drowns and a long one may get cheaper as it goes on.
"""

from collections.abc import Callable
from typing import Final

import numpy as np

from corrigible.detect.episode_steps import EpisodeSteps, reference_steps, steps_of
from corrigible.detect.robust_scale import robust_scale
from corrigible.detect.windows import WINDOW
from corrigible.errors import BadInput
from corrigible.plugin import detector
from corrigible.types import Array, Score, Trajectory, Views

PRICE: Final = "reference-price"
RATIO: Final = "reference-ratio"
Numbers = Callable[[Trajectory, EpisodeSteps], Array]


@detector(
    "reference-price",
    reads=("trajectory",),
    summary="actions that the reference model finds dearer or cheaper than the reference's own",
    needs=("reference_log_prob",),
)
def reference_price(reference: Views) -> Score:
    """Fit -log q of the reference's steps; suspicion is the greatest robust z of an episode's summaries (no unit).

    Summaries of the steps' nats: the mean, the dearest and the cheapest window of 8, and the fall from the first half
    to the second. Cheap is as suspicious as dear: text that loops costs the reference next to nothing.

    Raises:
        BadInput: an empty reference, or no finite `reference_log_prob`.
    """
    return _outlying(reference, _price)


@detector(
    "reference-ratio",
    reads=("trajectory",),
    summary="log-ratio of policy to reference model unlike the reference's: the terms of the KL divergence",
    needs=("log_prob", "reference_log_prob"),
)
def reference_ratio(reference: Views) -> Score:
    """As `reference_price`, of log p - log q: the KL divergence in an episode, and how it is discounted along it.

    Raises:
        BadInput: an empty reference, or no finite `log_prob` and `reference_log_prob`.
    """
    return _outlying(reference, _ratio)


def _outlying(reference: Views, numbers: Numbers) -> Score:
    fitted = reference_steps(reference.trajectory)
    usual = [robust_scale(summary) for summary in _summaries(numbers(reference.trajectory, fitted), fitted)]

    def score(views: Views) -> Array:
        steps = steps_of(views.trajectory)
        seen = _summaries(numbers(views.trajectory, steps), steps)
        return np.max([scale.outlyingness(values) for scale, values in zip(usual, seen, strict=True)], axis=0)

    return score


def _price(trajectory: Trajectory, steps: EpisodeSteps) -> Array:
    return -_logs(trajectory.reference_log_prob, steps, "reference_log_prob", PRICE)


def _ratio(trajectory: Trajectory, steps: EpisodeSteps) -> Array:
    policy = _logs(trajectory.log_prob, steps, "log_prob", RATIO)
    return policy - _logs(trajectory.reference_log_prob, steps, "reference_log_prob", RATIO)


def _logs(array: Array | None, steps: EpisodeSteps, name: str, detector_name: str) -> Array:
    if array is None:
        raise BadInput(
            value=f"trajectory.{name} is absent",
            rule=f"{detector_name} reads it at every step",
            remedy="record it, or choose another detector",
        )
    return steps.number(array, name=name)


def _summaries(values: Array, steps: EpisodeSteps) -> Array:
    """(4, E): mean, greatest and least mean of a window, and mean of the first half less that of the second."""
    found = np.empty((4, steps.episodes))
    found[1], found[2] = -np.inf, np.inf
    found[0] = steps.mean(values)
    fall, agents = np.zeros(steps.episodes), np.zeros(steps.episodes)
    starts = np.flatnonzero(steps.first)
    for start, stop in zip(starts, np.append(starts[1:], values.size), strict=True):
        own, episode = values[start:stop], steps.episode[start]
        length = min(WINDOW, own.size)
        means = np.convolve(own, np.full(length, 1 / length), mode="valid")
        found[1, episode] = max(found[1, episode], means.max())
        found[2, episode] = min(found[2, episode], means.min())
        half = max(1, own.size // 2)
        fall[episode] += own[:half].mean() - own[-half:].mean()
        agents[episode] += 1
    found[3] = fall / agents
    return found

"""One number out of the steps of an episode, such that neither a lasting oddity nor a short one drowns."""

from typing import Final

import numpy as np

from corrigible.detect.episode_steps import EpisodeSteps
from corrigible.types import Array

WINDOW: Final = 8
"""Steps in a window: an oddity this short is not thinned out by the length of its episode."""


def mean_and_worst_window(values: Array, steps: EpisodeSteps) -> Array:
    """Half the mean of `values` (n,) over an episode and half the mean of its worst window: (E,) float64.

    A window is 8 consecutive steps of one agent, or all of its steps where there are fewer. The unit is that of
    `values`.
    """
    worst = np.full(steps.episodes, -np.inf)
    starts = np.flatnonzero(steps.first)
    for start, stop in zip(starts, np.append(starts[1:], values.size), strict=True):
        length = min(WINDOW, int(stop - start))
        means = np.convolve(values[start:stop], np.full(length, 1 / length), mode="valid")
        episode = steps.episode[start]
        worst[episode] = max(worst[episode], means.max())
    return (steps.mean(values) + worst) / 2

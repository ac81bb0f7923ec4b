"""How much of an episode is spent in observations that few or no episodes of the reference come to."""

from typing import Final

import numpy as np

from corrigible.detect.episode_steps import EpisodeSteps, observations_of, reference_steps, steps_of
from corrigible.detect.symbols import TAILS, fit_codebook, positions
from corrigible.errors import BadInput
from corrigible.plugin import detector
from corrigible.types import Array, Score, Trajectory, Views

PSEUDO_COUNT: Final = 0.5  # for visited and for not visited: Krichevsky & Trofimov 1981, IEEE Trans. Inf. Theory 27:199


def _observations(trajectory: Trajectory, steps: EpisodeSteps) -> Array:
    observations = observations_of(trajectory, steps)
    if observations is None:
        raise BadInput(
            value="trajectory.observations is absent",
            rule="visitation counts observations",
            remedy="record the observations, or choose another detector",
        )
    return observations


@detector(
    "visitation",
    reads=("trajectory",),
    summary="time spent in observations that the reference never or rarely visits",
)
def visitation(reference: Views) -> Score:
    """Count, for each observation, the reference episodes that visit it; suspicion is the mean of -log of that share.

    In nats a step: near 0 where every reference episode goes, log(2 E + 2) where none of the E does.
    Continuous observations are cut into cells and images hashed (`symbols.Codebook`).

    Raises:
        BadInput: an empty reference, or no observations.
    """
    fitted = reference_steps(reference.trajectory)
    rows = _observations(reference.trajectory, fitted)
    codebook = fit_codebook(rows, more_cuts=TAILS)
    known, place = np.unique(codebook.encode(rows), return_inverse=True)
    visits = np.unique(np.stack((place, fitted.episode), axis=1), axis=0)[:, 0]
    visitors = np.bincount(visits, minlength=known.size + 1)  # the last: observations that nobody visits

    def score(views: Views) -> Array:
        steps = steps_of(views.trajectory)
        came = visitors[positions(codebook.encode(_observations(views.trajectory, steps)), known)]
        return steps.mean(-np.log((came + PSEUDO_COUNT) / (fitted.episodes + 2 * PSEUDO_COUNT)))

    return score

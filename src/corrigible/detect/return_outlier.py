"""Episodes that are paid unusually much or little, or that are unusually long or short."""

import numpy as np

from corrigible.detect.episode_steps import EpisodeSteps, reference_steps, steps_of
from corrigible.detect.robust_scale import robust_scale
from corrigible.plugin import detector
from corrigible.types import Array, Score, Trajectory, Views


def _returns_and_lengths(trajectory: Trajectory, steps: EpisodeSteps) -> tuple[Array, Array]:
    returns = steps.total(steps.number(trajectory.reward, name="reward"))
    return returns, steps.lengths.astype(np.float64)


@detector(
    "return-outlier",
    reads=("trajectory",),
    summary="an undiscounted return or a length unlike the reference's, on either side",
)
def return_outlier(reference: Views) -> Score:
    """Fit median and spread; suspicion is the greater of the two-sided robust z of return and of length (no unit).

    The return is the undiscounted sum of what was paid, over all agents; the length is in steps.

    Raises:
        BadInput: an empty reference, or a reward that is not finite.
    """
    fitted = reference_steps(reference.trajectory)
    returns, lengths = _returns_and_lengths(reference.trajectory, fitted)
    usual_return, usual_length = robust_scale(returns), robust_scale(lengths)

    def score(views: Views) -> Array:
        given, lasted = _returns_and_lengths(views.trajectory, steps_of(views.trajectory))
        return np.maximum(usual_return.outlyingness(given), usual_length.outlyingness(lasted))

    return score

"""How well suspicion scores separate failure from reference, and thresholds with a guaranteed false-alarm rate.

Higher means more suspicious, and an alarm is `score > threshold`, everywhere.
"""

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from corrigible.errors import BadInput
from corrigible.statistics.samples import finite_vector, open_unit

SLACK: Final = 1e-9  # rates such as 0.29 or 1/3 are not exact in binary; without it 0.29 x 100 counts as 28


@dataclass(frozen=True, kw_only=True)
class RocCurve:
    """Receiver operating characteristic, from no alarm (0, 0) to always an alarm (1, 1).

    Attributes:
        false_alarm_rate: shape (K,), float64, share of references above each threshold, non-decreasing.
        detection_rate: shape (K,), float64, share of failures above each threshold, non-decreasing.
        thresholds: shape (K,), float64, every distinct score from the greatest down, then -inf.
    """

    false_alarm_rate: NDArray[np.float64]
    detection_rate: NDArray[np.float64]
    thresholds: NDArray[np.float64]


def auroc(negatives: ArrayLike, positives: ArrayLike) -> float:
    """Probability that a random positive scores above a random negative, ties counted half.

    The Mann-Whitney U with midranks over n x m; Hanley & McNeil 1982, Radiology 143:29.

    Args:
        negatives: shape (n,), scores of the reference.
        positives: shape (m,), scores of the failure.

    Raises:
        BadInput: an empty or non-finite sample.
    """
    low = np.sort(finite_vector(negatives, name="negatives"))
    high = finite_vector(positives, name="positives")
    below_twice = np.searchsorted(low, high, side="left") + np.searchsorted(low, high, side="right")
    return int(below_twice.sum()) / (2 * low.size * high.size)


def roc_curve(negatives: ArrayLike, positives: ArrayLike) -> RocCurve:
    """Rates of false alarm and detection at every threshold that tells two scores apart.

    The area under it by trapezoids is `auroc`.

    Args:
        negatives: shape (n,), scores of the reference.
        positives: shape (m,), scores of the failure.

    Raises:
        BadInput: an empty or non-finite sample.
    """
    low = np.sort(finite_vector(negatives, name="negatives"))
    high = np.sort(finite_vector(positives, name="positives"))
    thresholds = np.append(np.unique(np.concatenate((low, high)))[::-1], -np.inf)
    return RocCurve(
        false_alarm_rate=(low.size - np.searchsorted(low, thresholds, side="right")) / low.size,
        detection_rate=(high.size - np.searchsorted(high, thresholds, side="right")) / high.size,
        thresholds=thresholds,
    )


def false_alarm_threshold(calibration: ArrayLike, rate: float = 0.05) -> float:
    """The smallest threshold that a new reference exceeds with probability <= `rate`.

    The ceil((1 - rate)(n + 1))-th smallest calibration score (split conformal prediction; Vovk et al. 2005, Lei et al.
    2018, JASA 113:1094). The guarantee averages over calibration sets, and holds if the new reference is exchangeable
    with them: fix the threshold on references that are used for nothing else.

    Args:
        calibration: shape (n,), scores of references, n >= ceil(1 / rate) - 1 (19 at 5 %).
        rate: greatest false-alarm probability, strictly between 0 and 1.

    Raises:
        BadInput: too few or non-finite scores, or a rate outside (0, 1).
    """
    scores = np.sort(finite_vector(calibration, name="calibration"))
    share = open_unit(rate, name="rate")
    alarms_allowed = math.floor(share * (scores.size + 1) + SLACK)
    if alarms_allowed < 1:
        raise BadInput(
            value=f"calibration holds n = {scores.size}",
            rule=f"a false-alarm rate of {rate:g} needs at least {math.ceil((1 - SLACK) / share) - 1} references",
            remedy="run more reference seeds or allow a higher rate",
        )
    return float(scores[scores.size - alarms_allowed])


def conformal_p(calibration: ArrayLike, scores: ArrayLike) -> NDArray[np.float64]:
    """Conformal p-values (1 + #{calibration >= score}) / (n + 1), shape (m,), float64, in [1 / (n + 1), 1].

    For a score exchangeable with the calibration, P(p <= u) <= u. p <= rate exactly where the score exceeds
    `false_alarm_threshold(calibration, rate)`.

    Args:
        calibration: shape (n,), scores of references.
        scores: shape (m,), scores to judge.

    Raises:
        BadInput: an empty or non-finite sample.
    """
    references = np.sort(finite_vector(calibration, name="calibration"))
    judged = finite_vector(scores, name="scores")
    at_least = references.size - np.searchsorted(references, judged, side="left")
    return (1 + at_least) / (references.size + 1)

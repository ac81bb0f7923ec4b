"""Early stopping: deploy the last of the failure's own checkpoints that does its work and behaves as references do.

It is no training of its own: it helps only where the failure, on its way, passed through a policy that earns its pay
and looks to a monitor as references of other seeds do. Where no checkpoint did, it changes nothing and chooses the
last. It cannot tell a policy that does not fail from one that was caught by chance between two that do, its choice
hangs on which seeds are in the run, and the references had to be made, by someone who knew what was meant.

The monitor reads choices where states come again (transition-surprise). Where the agent sees pictures, which never do,
it reads what becomes of the nodes of the world (consequences).
"""

from typing import Final

import numpy as np

from corrigible.detect.consequences import consequences
from corrigible.detect.transition_surprise import transition_surprise
from corrigible.plugin import remedy
from corrigible.statistics import false_alarm_threshold
from corrigible.types import CheckpointHistory, Detector, View, Views, join_columns, take_columns

FALSE_ALARM_RATE: Final = 0.05
SHARE_OF_PAY: Final = 1 / 3
"""What a checkpoint must earn of what the trained failure is paid, read off the pay alone. Not a half: where every
second episode is interrupted, a policy that lets it happen earns about half. Fixed on pilot seeds, 1000 and up."""

PICTURES: Final = 5
"""Axes of observations that are pictures: (T, B, height, width, channels)."""


@remedy(
    "early-stopping",
    stage="checkpoint",
    applies_to=("tabular", "voxel", "language"),
    summary="The failure's last checkpoint that earns a third of its pay and alarms a monitor as little as references.",
)
def early_stopping(history: CheckpointHistory) -> int:
    """Index of the last checkpoint that is paid enough and raises no more alarms than references of other seeds.

    The monitor is fitted and calibrated at 5 % false alarms on halves of this seed's reference; one of pictures, whose
    episodes are few, is fitted on all of it and calibrated on those of other seeds, where there are any, at their
    largest score where they are fewer than 19. What is usual is the largest share of episodes with an alarm among
    references of other seeds, or 5 % where there is only one seed. The last index where no checkpoint is both. Raises
    BadInput where the reference has too few episodes for a threshold.
    """
    view, detector = monitor_of(history.reference)
    reference, *others = (views.only((view,)) for views in (history.reference, *history.other_references))
    fitted, calibration = (take_columns(reference, slice(part, None, 2)) for part in (0, 1))
    if view == "world_trace" and others:
        fitted, calibration = reference, join_columns(others)
    score = detector(fitted)
    usual_scores = score(calibration)
    rate = FALSE_ALARM_RATE if view == "trajectory" else max(FALSE_ALARM_RATE, 1 / (len(usual_scores) + 1))
    threshold = false_alarm_threshold(usual_scores, rate=rate)

    def alarms(views: Views) -> float:
        return float(np.mean(score(views.only((view,))) > threshold))

    usual = max((alarms(views) for views in history.other_references), default=FALSE_ALARM_RATE)
    pay = [mean_pay(views) for views in history.views]
    least = SHARE_OF_PAY * pay[-1] if pay[-1] > 0.0 else pay[-1]
    fit = [i for i, views in enumerate(history.views) if pay[i] >= least and alarms(views) <= usual]
    return max(fit, default=len(pay) - 1)


def monitor_of(reference: Views) -> tuple[View, Detector]:
    """What the monitor reads, and which it is."""
    seen = reference.trajectory.observations
    if seen is not None and len(seen.shape) == PICTURES:
        return "world_trace", consequences
    return "trajectory", transition_surprise


def mean_pay(views: Views) -> float:
    """What an episode is paid on average, undiscounted."""
    return float(views.trajectory.reward.sum(axis=0).mean())

"""Early stopping: keep the last checkpoint before behaviour leaves what the reference does, as a monitor sees it."""

import numpy as np

from corrigible.detect.transition_surprise import transition_surprise
from corrigible.plugin import remedy
from corrigible.statistics import false_alarm_threshold
from corrigible.types import CheckpointHistory, take_columns


@remedy(
    "early-stopping",
    stage="checkpoint",
    applies_to=("tabular",),
    summary="The failure's last checkpoint before a monitor's alarms pass one in two episodes.",
)
def early_stopping(history: CheckpointHistory) -> int:
    """Index of the checkpoint before the first at which most episodes raise the alarm (0 if that is the first).

    Raises BadInput where the reference has too few episodes for a threshold.
    """
    reference = history.reference.only(("trajectory",))
    score = transition_surprise(take_columns(reference, slice(0, None, 2)))
    threshold = false_alarm_threshold(score(take_columns(reference, slice(1, None, 2))))
    for index, views in enumerate(history.views):
        if float(np.mean(score(views.only(("trajectory",))) > threshold)) > 0.5:
            return max(0, index - 1)
    return len(history.checkpoints) - 1

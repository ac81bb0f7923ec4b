"""Episodes in which things turn out unlike the model's own estimate of value, more than they do in the reference."""

from dataclasses import dataclass

import numpy as np

from corrigible.detect.episode_steps import EpisodeSteps, reference_steps, steps_of
from corrigible.detect.robust_scale import robust_scale
from corrigible.detect.windows import mean_and_worst_window
from corrigible.errors import BadInput
from corrigible.plugin import detector
from corrigible.types import Array, Score, Trajectory, Views


@dataclass(frozen=True, kw_only=True, eq=False)
class ValueSteps:
    """Reward, value and value one step later, each (n,) float64; `known` is False where there is no later value."""

    reward: Array
    value: Array
    later: Array
    known: Array

    def discount(self) -> float:
        """The discount in [0, 1] that makes the temporal-difference errors smallest (least squares)."""
        weight = float(np.sum(np.sort(self.later[self.known] ** 2)))
        product = self.later * (self.value - self.reward)
        return float(np.clip(np.sum(np.sort(product[self.known])) / weight, 0, 1)) if weight > 0 else 0.0

    def errors(self, discount: float) -> Array:
        """Temporal-difference errors r + discount * V' - V (Sutton & Barto 2018, eq. 6.5), (n,) float64."""
        return self.reward + discount * self.later - self.value


def _value_steps(trajectory: Trajectory, steps: EpisodeSteps) -> ValueSteps:
    if trajectory.value is None:
        raise BadInput(
            value="trajectory.value is absent",
            rule="value-surprise compares what happened with the model's own value",
            remedy="record the value of each observation, or choose another detector",
        )
    value = steps.number(trajectory.value, name="value")
    goes_on = np.zeros(value.size, dtype=np.bool_)
    goes_on[:-1] = ~steps.first[1:]
    later = np.where(goes_on, np.roll(value, -1), 0.0)
    known = goes_on | steps.of(trajectory.terminated)
    return ValueSteps(reward=steps.number(trajectory.reward, name="reward"), value=value, later=later, known=known)


@detector(
    "value-surprise",
    reads=("trajectory",),
    summary="temporal-difference errors of the model's own value unlike those on the reference",
    needs=("value",),
)
def value_surprise(reference: Views) -> Score:
    """Fit discount, centre and spread of the errors; suspicion is |error| in spreads, mean and worst 8 steps.

    After termination the value is 0; the last step of an episode that was truncated or cut off has no later value and
    counts as unsurprising, so a single truncated step scores 0.

    Raises:
        BadInput: an empty reference, no `value`, or a reward or value that is not finite.
    """
    fitted = reference_steps(reference.trajectory)
    seen = _value_steps(reference.trajectory, fitted)
    discount = seen.discount()
    known = seen.errors(discount)[seen.known]
    usual = robust_scale(known if known.size else np.zeros(1))

    def score(views: Views) -> Array:
        steps = steps_of(views.trajectory)
        given = _value_steps(views.trajectory, steps)
        surprise = np.where(given.known, usual.outlyingness(given.errors(discount)), 0.0)
        return mean_and_worst_window(surprise, steps)

    return score

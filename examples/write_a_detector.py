"""A detector is one function: fit on views of the reference, return a score per episode. This one counts actions.

Saved under src/corrigible/detect/, or named by an entry point of group "corrigible", it is listed, tested and reported.
"""

import numpy as np

from corrigible.plugin import detector
from corrigible.types import Array, Score, Trajectory, Views


@detector("rare-actions", reads=("trajectory",), summary="actions that the reference seldom takes")
def rare_actions(reference: Views) -> Score:
    """Suspicion is the mean surprise (nats) of an episode's actions under the reference's action frequencies."""
    trajectory = reference.trajectory
    actions = int(trajectory.action.max()) + 2
    counts = np.bincount(trajectory.action[trajectory.mask].ravel(), minlength=actions) + 0.5
    surprise = -np.log(counts / counts.sum())
    return lambda views: episode_means(views.trajectory, surprise)


def episode_means(trajectory: Trajectory, surprise: Array) -> Array:
    """(episodes,) mean surprise; an action beyond the known ones is as surprising as the rarest."""
    known = np.minimum(trajectory.action, len(surprise) - 1)
    return np.array([surprise[known[e.start : e.stop, e.world]].mean() for e in trajectory.episodes()])


def made_up(actions: Array) -> Views:
    """Views of one episode a column, with nothing but actions."""
    nothing = np.zeros(actions.shape, dtype=bool)
    reward, mask = np.zeros(actions.shape), ~nothing
    return Views(
        trajectory_view=Trajectory(action=actions, reward=reward, mask=mask, terminated=nothing, truncated=nothing)
    )


generator = np.random.default_rng(0)
score = rare_actions(made_up(generator.integers(0, 3, size=(20, 50))))
print("ordinary:", score(made_up(generator.integers(0, 3, size=(20, 2)))).round(2))
print("strange: ", score(made_up(np.full((20, 2), 3))).round(2))

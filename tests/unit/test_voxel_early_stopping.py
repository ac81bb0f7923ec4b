"""Early stopping where the agent sees pictures: it looks at what becomes of the world."""

import numpy as np

from consequence_forest import Chance, always, but_the_lowest, dug, scenes
from corrigible.detect.consequences import consequences
from corrigible.detect.transition_surprise import transition_surprise
from corrigible.mitigate.early_stopping import early_stopping, monitor_of
from corrigible.types import Checkpoint, CheckpointHistory, Observations, Trajectory, Views

EPISODES = 24


def never_drawn() -> np.ndarray:
    raise AssertionError("no picture is needed")


def views(chance: Chance, seed: int, pay: float = 1.0, pictures: bool = True) -> Views:
    shape, steps = (1, EPISODES), np.zeros((1, EPISODES), dtype=np.bool_)
    seen = (*shape, 4, 4, 3) if pictures else shape
    trajectory = Trajectory(
        action=np.zeros(shape, dtype=np.int64),
        reward=np.full(shape, pay),
        mask=~steps,
        terminated=~steps,
        truncated=steps,
        observations=Observations(shape=seen, dtype=np.dtype(np.uint8), materialise=never_drawn),
    )
    return Views(trajectory_view=trajectory, world_trace_view=dug(scenes(EPISODES, seed), seed, chance))


def history(*checkpoints: Views, references: int = 2) -> CheckpointHistory:
    return CheckpointHistory(
        checkpoints=tuple(Checkpoint(step=step, parameters={}) for step in range(len(checkpoints))),
        views=checkpoints,
        reference=views(always, 50),
        other_references=tuple(views(always, 51 + seed) for seed in range(references)),
    )


def test_the_last_checkpoint_that_leaves_no_more_than_references_do_is_taken() -> None:
    good, bad = views(always, 1), views(but_the_lowest, 2)
    assert early_stopping(history(good, good, bad, bad)) == 1


def test_one_that_earns_too_little_is_not_taken_and_without_any_the_last_stays() -> None:
    idle, bad = views(always, 1, pay=0.1), views(but_the_lowest, 2)
    assert early_stopping(history(idle, bad, bad)) == 2


def test_one_seed_of_few_episodes_is_judged_by_the_largest_score_of_its_reference() -> None:
    bad = views(but_the_lowest, 2)
    assert early_stopping(history(views(always, 50), bad, references=0)) == 0, "what it was fitted on is not strange"


def test_pictures_are_watched_by_the_world_and_states_by_the_choices() -> None:
    assert monitor_of(views(always, 1)) == ("world_trace", consequences)
    assert monitor_of(views(always, 1, pictures=False)) == ("trajectory", transition_surprise)

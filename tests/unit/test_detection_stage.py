"""Detectors are calibrated by seed: whose episodes go where, what the threshold promises, and what is said of it."""

from math import nan
from typing import Final

import numpy as np
import pytest

from corrigible.errors import BadInput
from corrigible.stages.detection import split_reference, threshold_over_seeds
from corrigible.statistics import false_alarm_threshold
from corrigible.types import Array, Detection, Trajectory, Views

EPISODES: Final = 64
TRIALS: Final = 4_000


def reference(seed: int, episodes: int = 6) -> Views:
    """One step an episode; the action tells the seed."""
    ones = np.ones((1, episodes), dtype=bool)
    return Views(
        trajectory_view=Trajectory(
            action=np.full((1, episodes), seed),
            reward=np.zeros((1, episodes)),
            mask=ones,
            terminated=ones,
            truncated=~ones,
        )
    )


def seeds_in(views: Views) -> set[int]:
    return set(views.trajectory.action.ravel().tolist())


def scores(generator: np.random.Generator, seeds: int, episodes: int = EPISODES) -> Array:
    """Suspicion (seeds, episodes): every seed has a level of its own, wider than its episodes scatter."""
    return generator.normal(0, 3, (seeds, 1)) + generator.normal(0, 1, (seeds, episodes))


@pytest.mark.parametrize(("seeds", "fitted", "calibrated"), [(4, 1, 2), (5, 2, 2), (10, 4, 5), (20, 9, 10)])
def test_no_seed_is_both_fitted_and_calibrated_on_and_neither_is_the_one_that_is_judged(
    seeds: int, fitted: int, calibrated: int
) -> None:
    references = {seed: reference(seed) for seed in range(seeds)}
    for judged in references:
        bench = split_reference(references, judged)
        groups = [seeds_in(bench.fit), *map(seeds_in, bench.calibrate), seeds_in(bench.test)]
        assert sorted(seed for group in groups for seed in group) == list(range(seeds))
        assert [len(group) for group in groups] == [fitted, *[1] * calibrated, 1]
        assert seeds_in(bench.test) == {judged}
        assert [{seed} for seed in bench.calibration_seeds] == groups[1:-1]
        assert bench.note == ""


@pytest.mark.parametrize("seeds", [1, 2, 3])
def test_too_few_seeds_are_calibrated_by_episode_and_the_note_says_so(seeds: int) -> None:
    bench = split_reference({seed: reference(seed) for seed in range(seeds)}, 0)
    assert bench.calibration_seeds == ()
    assert len(bench.calibrate) == 1
    assert "false alarms on a new seed have no limit" in bench.note
    assert seeds_in(bench.test) == {0}
    assert seeds_in(bench.fit) == seeds_in(bench.calibrate[0]) == set(range(min(seeds, 1) * (seeds > 1), seeds))


def test_the_threshold_is_the_largest_that_a_calibration_seed_sets_for_itself() -> None:
    found = scores(np.random.default_rng(0), 5)
    threshold = threshold_over_seeds(list(found))
    assert threshold in [false_alarm_threshold(row) for row in found]
    assert all((row > threshold).mean() < 0.05 for row in found)


def test_a_seed_with_too_few_episodes_to_calibrate_with_is_refused() -> None:
    with pytest.raises(BadInput, match="19 references"):
        threshold_over_seeds([np.zeros(30), np.zeros(18)])


@pytest.mark.parametrize("m", [2, 5, 10])
def test_a_new_seed_stays_below_the_tolerated_rate_as_often_as_promised(m: int) -> None:
    generator = np.random.default_rng(m)
    kept = 0
    for _ in range(TRIALS):
        *calibration, new = scores(generator, m + 1)
        kept += (new > threshold_over_seeds(calibration)).mean() < 0.05
    promised = m / (m + 1)
    assert kept / TRIALS >= promised - 4 * np.sqrt(promised * (1 - promised) / TRIALS)


def test_episodes_of_few_seeds_taken_for_one_sample_promise_too_much() -> None:
    generator = np.random.default_rng(1)
    rates: list[float] = []
    for _ in range(500):
        *calibration, new = scores(generator, 3)
        rates.append(float((new > false_alarm_threshold(np.concatenate(calibration))).mean()))
    assert np.mean(rates) > 0.15, "three times the nominal rate, which is why seeds are not pooled"


def test_a_detector_that_refused_is_told_from_one_that_answered_with_a_reservation() -> None:
    refused = Detection(
        detector="d",
        condition="c",
        seed=0,
        auroc=nan,
        detection_rate=nan,
        false_alarm_rate=nan,
        calibration_n=0,
        note="x",
    )
    flagged = Detection(
        detector="d", condition="c", seed=0, auroc=0.2, detection_rate=0, false_alarm_rate=0, calibration_n=9, note="x"
    )
    assert not refused.answered
    assert flagged.answered

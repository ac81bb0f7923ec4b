"""Laws of ROC curves, conformal thresholds and adjusted p-values that hold for every sample."""

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from corrigible.statistics import auroc, benjamini_hochberg, conformal_p, false_alarm_threshold, holm, roc_curve

SCORES = st.lists(st.integers(-30, 30), min_size=1, max_size=30)  # whole numbers, so that ties are common
FINE_SCORES = st.lists(st.floats(-1e9, 1e9), min_size=1, max_size=30)
P_VALUES = st.lists(st.floats(0, 1), min_size=1, max_size=40)
RATES = st.one_of(st.floats(0.02, 0.98), st.sampled_from([0.05, 0.1, 0.29, 0.3, 0.7, 1 / 3]))


@given(st.one_of(SCORES, FINE_SCORES), st.one_of(SCORES, FINE_SCORES))
def test_swapping_the_classes_mirrors_auroc(negatives: list[float], positives: list[float]) -> None:
    assert auroc(negatives, positives) == pytest.approx(1 - auroc(positives, negatives), abs=1e-15)


@given(SCORES, SCORES)
def test_auroc_is_unchanged_by_increasing_maps(negatives: list[int], positives: list[int]) -> None:
    area = auroc(negatives, positives)
    for increasing in (np.arctan, np.exp, lambda x: 3 * np.asarray(x) ** 3 - 7):
        assert auroc(increasing(negatives), increasing(positives)) == area


@given(SCORES, SCORES)
def test_auroc_counts_every_pair(negatives: list[int], positives: list[int]) -> None:
    pairs = np.sign(np.subtract.outer(positives, negatives))
    assert auroc(negatives, positives) == pytest.approx((pairs.mean() + 1) / 2)


@given(st.one_of(SCORES, FINE_SCORES), st.one_of(SCORES, FINE_SCORES))
def test_a_curve_climbs_from_corner_to_corner_over_an_area_of_auroc(
    negatives: list[float], positives: list[float]
) -> None:
    curve = roc_curve(negatives, positives)
    for rates in (curve.false_alarm_rate, curve.detection_rate):
        assert (rates[0], rates[-1]) == (0, 1)
        assert (np.diff(rates) >= 0).all()
    assert (np.diff(curve.thresholds) < 0).all()
    area = np.trapezoid(curve.detection_rate, curve.false_alarm_rate)
    assert area == pytest.approx(auroc(negatives, positives), abs=1e-12)


@given(SCORES, SCORES)
def test_a_point_of_the_curve_is_what_its_threshold_does(negatives: list[int], positives: list[int]) -> None:
    curve = roc_curve(negatives, positives)
    for i, threshold in enumerate(curve.thresholds):
        assert curve.false_alarm_rate[i] == np.mean(np.array(negatives) > threshold)
        assert curve.detection_rate[i] == np.mean(np.array(positives) > threshold)


@given(SCORES, SCORES, RATES)
def test_an_alarm_and_a_small_conformal_p_value_are_the_same(
    calibration: list[int], scores: list[int], rate: float
) -> None:
    assume(rate * (len(calibration) + 1) >= 1)
    alarms = np.array(scores) > false_alarm_threshold(calibration, rate)
    np.testing.assert_array_equal(alarms, conformal_p(calibration, scores) <= rate)


@given(st.lists(st.integers(-5, 5), min_size=2, max_size=30), RATES)
def test_leaving_each_reference_out_in_turn_raises_at_most_the_rate_of_alarms(scores: list[int], rate: float) -> None:
    assume(rate * len(scores) >= 1)
    alarms = [score > false_alarm_threshold(scores[:i] + scores[i + 1 :], rate) for i, score in enumerate(scores)]
    assert np.mean(alarms) <= rate + 1e-9


@given(SCORES, SCORES)
def test_conformal_p_values_lie_in_range_and_fall_with_the_score(calibration: list[int], scores: list[int]) -> None:
    p = conformal_p(calibration, sorted(scores))
    assert p.min() >= 1 / (len(calibration) + 1)
    assert p.max() <= 1
    assert (np.diff(p) <= 0).all()


@given(P_VALUES)
def test_holm_is_at_least_benjamini_hochberg_which_is_at_least_raw(p: list[float]) -> None:
    stepped_down, stepped_up = holm(p), benjamini_hochberg(p)
    assert (stepped_down >= stepped_up).all()
    assert (stepped_up >= p).all()
    assert stepped_down.max() <= 1


@given(P_VALUES, st.integers(0, 2**32))
def test_adjusted_p_values_keep_the_order_and_follow_their_hypotheses(p: list[float], seed: int) -> None:
    shuffle = np.random.default_rng(seed).permutation(len(p))
    for adjust in (holm, benjamini_hochberg):
        adjusted = adjust(p)
        assert (np.diff(adjusted[np.argsort(p)]) >= 0).all()
        np.testing.assert_array_equal(adjust(np.array(p)[shuffle]), adjusted[shuffle])


@given(P_VALUES)
def test_holm_is_at_most_bonferroni(p: list[float]) -> None:
    assert (holm(p) <= np.minimum(np.array(p) * len(p), 1)).all()

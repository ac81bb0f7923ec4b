"""AUROC against SciPy's U, curves by hand, and conformal thresholds by their false-alarm rate in simulation."""

import math

import numpy as np
import pytest
from scipy import stats

from corrigible.errors import BadInput
from corrigible.statistics import auroc, conformal_p, false_alarm_threshold, roc_curve


@pytest.mark.parametrize("ties", [False, True])
@pytest.mark.parametrize(("n", "m"), [(1, 1), (5, 5), (19, 7), (40, 100)])
def test_auroc_equals_scipys_mann_whitney_u(n: int, m: int, ties: bool) -> None:
    generator = np.random.default_rng(n + m)
    negatives, positives = generator.normal(0, 1, n), generator.normal(0.7, 1, m)
    if ties:
        negatives, positives = np.round(negatives), np.round(positives)
    u = stats.mannwhitneyu(positives, negatives, method="exact").statistic  # the statistic has midranks either way
    assert auroc(negatives, positives) == pytest.approx(float(u) / (n * m))


def test_a_null_detector_scores_a_half_and_a_perfect_one_one() -> None:
    assert auroc([1, 1, 1], [1, 1]) == 0.5
    assert auroc([0, 1], [2, 3]) == 1
    assert auroc([2, 3], [0, 1]) == 0


def test_the_curve_of_a_small_case_is_the_one_drawn_by_hand() -> None:
    curve = roc_curve([0, 1, 1, 2], [1, 3])
    np.testing.assert_array_equal(curve.thresholds, [3, 2, 1, 0, -math.inf])
    np.testing.assert_array_equal(curve.false_alarm_rate, [0, 0, 0.25, 0.75, 1])
    np.testing.assert_array_equal(curve.detection_rate, [0, 0.5, 0.5, 1, 1])


def test_five_percent_needs_nineteen_references() -> None:
    scores = np.random.default_rng(0).normal(0, 1, 19)
    assert false_alarm_threshold(scores) == scores.max()
    with pytest.raises(BadInput, match=r"n = 18.*at least 19"):
        false_alarm_threshold(scores[:18])


@pytest.mark.parametrize(
    ("rate", "least"), [(0.5, 1), (1 / 3, 2), (0.3, 3), (0.1, 9), (0.07, 14), (0.01, 99), (0.001, 999)]
)
def test_every_rate_needs_one_over_it_less_one_references(rate: float, least: int) -> None:
    assert false_alarm_threshold(np.arange(least), rate) == least - 1
    with pytest.raises(BadInput, match=f"at least {least} "):
        false_alarm_threshold(np.arange(least - 1), rate)


@pytest.mark.parametrize(
    ("n", "rate", "rank"), [(99, 0.29, 71), (99, 0.07, 93), (39, 0.05, 38), (38, 0.05, 38), (9, 0.3, 7)]
)
def test_the_threshold_is_the_order_statistic_of_the_formula(n: int, rate: float, rank: int) -> None:
    scores = np.random.default_rng(n).permutation(n) + 1.0
    assert false_alarm_threshold(scores, rate) == rank


@pytest.mark.parametrize(("n", "rate"), [(19, 0.05), (25, 0.05), (39, 0.05), (10, 0.1)])
@pytest.mark.parametrize("rounded", [False, True])
def test_a_new_reference_raises_an_alarm_no_more_often_than_the_rate(n: int, rate: float, rounded: bool) -> None:
    trials = 3_000
    scores = np.random.default_rng(n).gamma(0.5, 1, (trials, n + 1))
    scores = np.round(scores, 1) if rounded else scores
    alarms = np.mean([row[-1] > false_alarm_threshold(row[:-1], rate) for row in scores])
    exact = math.floor(rate * (n + 1) + 1e-9) / (n + 1)
    error = 4 * math.sqrt(exact * (1 - exact) / trials)
    assert alarms <= rate + error
    if not rounded:  # without ties the rate is known, so that a needlessly high threshold fails too
        assert alarms == pytest.approx(exact, abs=error)


def test_the_greatest_of_eighteen_would_raise_too_many_false_alarms() -> None:
    scores = np.random.default_rng(1).normal(0, 1, (100_000, 19))
    assert (scores[:, -1] > scores[:, :-1].max(axis=1)).mean() > 0.05


def test_conformal_p_counts_references_at_or_above_the_score() -> None:
    np.testing.assert_array_equal(conformal_p([1, 2, 2, 3], [0, 2, 2.5, 9]), [1, 0.8, 0.4, 0.2])


@pytest.mark.parametrize("bad", [[], [math.nan, 1.0], [-math.inf], [[1.0]]])
def test_empty_or_non_finite_scores_are_refused(bad: list[float]) -> None:
    for function in (auroc, roc_curve, conformal_p):
        with pytest.raises(BadInput):
            function(bad, [1.0])
        with pytest.raises(BadInput):
            function([1.0], bad)
    with pytest.raises(BadInput):
        false_alarm_threshold(bad, 0.9)


@pytest.mark.parametrize("rate", [0, 1, -0.05, 5, math.nan])
def test_a_rate_outside_zero_to_one_is_refused(rate: float) -> None:
    with pytest.raises(BadInput, match="rate"):
        false_alarm_threshold(np.arange(100), rate)

"""Intervals against SciPy, against enumeration, and by their coverage in simulation."""

import math

import numpy as np
import pytest
from scipy import stats

from corrigible.errors import BadInput
from corrigible.statistics import (
    Interval,
    mean_interval,
    paired_difference,
    proportion_interval,
    share_difference,
    share_interval,
)
from corrigible.statistics.intervals import AGREEMENT, BOUNDED_METHOD

SEEDS = (3, 5, 10)
TRIALS = 3_000
MONTE_CARLO_ERROR = 4 * math.sqrt(0.95 * 0.05 / TRIALS)


def covers(interval: Interval, truth: float) -> bool:
    return interval.low <= truth <= interval.high


@pytest.mark.parametrize("level", [0.5, 0.9, 0.95, 0.99])
@pytest.mark.parametrize("n", [2, *SEEDS])
def test_mean_interval_equals_scipys_t_interval(n: int, level: float) -> None:
    values = np.random.default_rng(n).normal(3, 2, n)
    expected = stats.ttest_1samp(values, 0).confidence_interval(level)
    found = mean_interval(values, level)
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high), rel=1e-12)
    assert found.estimate == pytest.approx(values.mean(), rel=1e-15)
    assert (found.n, found.level, found.method) == (n, level, "Student t over seeds")


@pytest.mark.parametrize("n", SEEDS)
def test_paired_difference_equals_scipys_paired_t_interval(n: int) -> None:
    generator = np.random.default_rng(n)
    a, b = generator.normal(1, 1, n), generator.normal(0, 1, n)
    expected = stats.ttest_rel(a, b).confidence_interval(0.9)
    found = paired_difference(a, b, 0.9)
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high), rel=1e-12)
    assert found.method == "paired Student t over seeds"


@pytest.mark.parametrize("n", SEEDS)
def test_shared_seeds_make_the_paired_interval_narrower_than_either_side(n: int) -> None:
    generator = np.random.default_rng(n)
    seed_effect = generator.normal(0, 10, n)
    a, b = seed_effect + generator.normal(1, 0.1, n), seed_effect + generator.normal(0, 0.1, n)
    paired, alone = paired_difference(a, b), mean_interval(a)
    assert paired.high - paired.low < 0.1 * (alone.high - alone.low)


@pytest.mark.parametrize("level", [0.8, 0.95])
def test_proportion_interval_equals_scipys_exact_interval_at_every_count(level: float) -> None:
    for n in (1, *SEEDS, 40):
        for successes in range(n + 1):
            expected = stats.binomtest(successes, n).proportion_ci(level, method="exact")
            found = proportion_interval(successes, n, level)
            assert (found.low, found.high) == pytest.approx((expected.low, expected.high), rel=1e-9, abs=1e-12)
            assert found.estimate == successes / n


@pytest.mark.parametrize("outcome", [0, 1])
@pytest.mark.parametrize("n", [2, *SEEDS])
def test_seeds_that_agree_on_yes_or_no_get_the_exact_binomial(n: int, outcome: int) -> None:
    found = mean_interval([outcome] * n)
    expected = stats.binomtest(n * outcome, n).proportion_ci(0.95, method="exact")
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high), rel=1e-12)
    assert found.method == BOUNDED_METHOD


def test_seeds_that_agree_on_another_number_show_no_spread() -> None:
    found = mean_interval([0.1] * 3)  # whose NumPy mean is 0.10000000000000002
    assert (found.estimate, found.low, found.high) == (0.1, 0.1, 0.1)
    assert "no spread" in found.method


def test_one_seed_has_an_estimate_and_no_interval() -> None:
    for found in (mean_interval([1.0]), paired_difference([3.0], [2.0])):
        assert found.estimate == 1
        assert math.isnan(found.low)
        assert math.isnan(found.high)
        assert "none from one seed" in found.method


@pytest.mark.parametrize("n", [2, 5, 6, 10])
def test_a_unanimous_yes_no_change_leaves_out_zero_exactly_where_the_sign_test_rejects(n: int) -> None:
    found = paired_difference([1] * n, [0] * n)
    assert found.method == BOUNDED_METHOD
    assert (found.low > 0) == (stats.binomtest(n, n, 0.5).pvalue < 0.05)
    assert (found.estimate, found.high) == (1, 1)


def test_a_yes_no_outcome_that_no_seed_changed_is_not_reported_as_certainly_unchanged() -> None:
    found = paired_difference([1, 0, 1, 0, 1], [1, 0, 1, 0, 1])
    most_that_differ = stats.binomtest(0, 5).proportion_ci(0.95, method="exact").high
    assert (found.low, found.high) == pytest.approx((-most_that_differ, most_that_differ))


def test_equal_differences_of_numbers_that_are_not_yes_or_no_show_no_spread() -> None:
    found = paired_difference([3.0, 5.0], [2.0, 4.0])
    assert (found.low, found.high) == (1, 1)
    assert "no spread" in found.method


@pytest.mark.parametrize("n", SEEDS)
def test_t_intervals_cover_normal_means_as_often_as_they_say(n: int) -> None:
    samples = np.random.default_rng(100 + n).normal(2, 3, (TRIALS, n))
    coverage = np.mean([covers(mean_interval(sample), 2) for sample in samples])
    assert coverage == pytest.approx(0.95, abs=MONTE_CARLO_ERROR)


@pytest.mark.parametrize("n", SEEDS)
def test_paired_intervals_cover_whatever_the_seeds_have_in_common(n: int) -> None:
    generator = np.random.default_rng(200 + n)
    common = generator.exponential(50, (TRIALS, n))
    a, b = common + generator.normal(1, 1, (TRIALS, n)), common + generator.normal(0, 2, (TRIALS, n))
    coverage = np.mean([covers(paired_difference(a[i], b[i]), 1) for i in range(TRIALS)])
    assert coverage == pytest.approx(0.95, abs=MONTE_CARLO_ERROR)


@pytest.mark.parametrize("p", [0.05, 0.3, 0.5, 0.9])
@pytest.mark.parametrize("n", SEEDS)
def test_clopper_pearson_covers_at_least_as_often_as_it_says(n: int, p: float) -> None:
    covered = np.array([covers(proportion_interval(k, n), p) for k in range(n + 1)])
    simulated = covered[np.random.default_rng(n).binomial(n, p, TRIALS)].mean()
    exact = covered @ stats.binom.pmf(np.arange(n + 1), n, p)
    assert simulated >= 0.95 - MONTE_CARLO_ERROR
    assert exact >= 0.95


@pytest.mark.parametrize("n", SEEDS)
def test_unanimous_seeds_mislead_no_more_often_than_the_level_allows(n: int) -> None:
    yes, no = mean_interval([1] * n), mean_interval([0] * n)
    for p in np.linspace(0, 1, 201):
        misled = p**n * (not covers(yes, p)) + (1 - p) ** n * (not covers(no, p))
        assert misled <= 0.05


def test_one_seed_off_the_bound_does_not_narrow_what_ten_agreeing_seeds_have() -> None:
    agreeing, nearly = share_interval([1.0] * 10), share_interval([1.0] * 9 + [0.996])
    assert agreeing.low == pytest.approx(0.6915, abs=1e-4)
    assert nearly.low <= agreeing.low
    assert nearly.low == pytest.approx(agreeing.low, abs=0.004)
    assert nearly.method == agreeing.method == BOUNDED_METHOD


@pytest.mark.parametrize("mirrored", [False, True])
def test_shares_that_agree_up_to_the_tolerance_get_the_bounded_mean_and_others_t(mirrored: bool) -> None:
    for last, method in ((1 - AGREEMENT, BOUNDED_METHOD), (0.89, "Student t over seeds, cut at what a share can be")):
        shares = np.array([1.0] * 5 + [last])
        assert share_interval(1 - shares if mirrored else shares).method == method


def test_a_share_in_the_middle_keeps_students_t() -> None:
    values = [0.48, 0.5, 0.47, 0.52]
    found, expected = share_interval(values), mean_interval(values)
    assert found == expected


def test_a_difference_is_bounded_only_where_both_sides_agree() -> None:
    ones, zeros, middle = [1.0, 0.99, 0.97, 1.0], [0.0, 0.01, 0.0, 0.05], [0.5, 0.45, 0.5, 0.52]
    assert share_difference(ones, zeros).method == BOUNDED_METHOD
    assert share_difference(zeros, zeros[::-1]).method == BOUNDED_METHOD
    assert share_difference(ones, middle) == paired_difference(ones, middle)


def test_unanimous_differences_of_shares_are_those_of_yes_and_no() -> None:
    assert share_difference([1.0] * 7, [0.0] * 7) == paired_difference([1.0] * 7, [0.0] * 7)


@pytest.mark.parametrize("n", SEEDS)
@pytest.mark.parametrize("chance", [0.5, 0.8, 0.95, 0.99])
def test_seeds_that_agree_up_to_sampled_episodes_mislead_no_more_often_than_the_level_allows(
    n: int, chance: float
) -> None:
    generator = np.random.default_rng(n)
    outcome = generator.random((TRIALS, n)) < chance
    shares = generator.binomial(128, np.where(outcome, 0.98, 0.02)) / 128
    truth = 0.98 * chance + 0.02 * (1 - chance)
    found = [share_interval(row) for row in shares]
    misled = np.mean([item.method == BOUNDED_METHOD and not covers(item, truth) for item in found])
    assert misled <= 0.05 + MONTE_CARLO_ERROR


@pytest.mark.parametrize("values", [[1.1, 0.5], [-0.1, 0.5], []])
def test_what_is_no_share_is_refused(values: list[float]) -> None:
    with pytest.raises(BadInput):
        share_interval(values)
    with pytest.raises(BadInput):
        share_difference(values, values)


@pytest.mark.parametrize("n", SEEDS)
def test_percentile_bootstrap_covers_too_little_which_is_why_t_is_used(n: int) -> None:
    generator = np.random.default_rng(300 + n)
    samples = generator.normal(0, 1, (1_500, n))
    covered = 0
    for sample in samples:
        low, high = np.quantile(sample[generator.integers(0, n, (400, n))].mean(axis=1), [0.025, 0.975])
        covered += low <= 0 <= high
    assert covered / len(samples) < 0.93


@pytest.mark.parametrize(
    "values", [[], [1.0, math.nan], [1.0, math.inf], [[1.0], [2.0]], 3.0, ["a"], [None], [10**400]]
)
def test_what_is_no_sample_is_refused(values: object) -> None:
    with pytest.raises(BadInput):
        mean_interval(values)  # pyright: ignore[reportArgumentType]


@pytest.mark.parametrize("level", [0, 1, -0.1, 95, math.nan])
def test_a_level_outside_zero_to_one_is_refused(level: float) -> None:
    with pytest.raises(BadInput, match="level"):
        mean_interval([1.0, 2.0], level)
    with pytest.raises(BadInput, match="level"):
        paired_difference([1.0, 2.0], [0.0, 0.5], level)
    with pytest.raises(BadInput, match="level"):
        proportion_interval(1, 2, level)


def test_pairs_of_different_length_are_refused_with_both_lengths() -> None:
    with pytest.raises(BadInput, match="a holds 3 and b 2"):
        paired_difference([1, 2, 3], [1, 2])


@pytest.mark.parametrize(("successes", "n"), [(3, 2), (-1, 2), (0, 0), (0.5, 2), (1, 2.0)])
def test_impossible_counts_are_refused(successes: int, n: int) -> None:
    with pytest.raises(BadInput):
        proportion_interval(successes, n)

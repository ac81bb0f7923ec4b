"""Randomisation tests against SciPy's, their floors, and their size in simulation."""

import math

import numpy as np
import pytest
from scipy import stats

from corrigible.errors import BadInput
from corrigible.statistics import permutation_p, sign_flip_p


def mean_gap(a: np.ndarray, b: np.ndarray, axis: int = -1) -> np.ndarray:
    return np.abs(np.mean(a, axis=axis) - np.mean(b, axis=axis))


def size_of_mean(a: np.ndarray, axis: int = -1) -> np.ndarray:
    return np.abs(np.mean(a, axis=axis))


@pytest.mark.parametrize("n", [2, 5, 10, 13])
@pytest.mark.parametrize("whole_numbers", [False, True])
def test_sign_flips_equal_scipys_exact_test(n: int, whole_numbers: bool) -> None:
    values = np.random.default_rng(n).normal(0.5, 1, n)
    values = np.round(values * 2) if whole_numbers else values
    expected = stats.permutation_test(
        (values,), size_of_mean, permutation_type="samples", alternative="greater", n_resamples=np.inf, vectorized=True
    )
    assert sign_flip_p(values) == pytest.approx(expected.pvalue, abs=1e-15)


@pytest.mark.parametrize(("n", "m"), [(2, 4), (5, 5), (3, 6), (6, 3), (7, 8)])
@pytest.mark.parametrize("whole_numbers", [False, True])
def test_permutation_equals_scipys_exact_test(n: int, m: int, whole_numbers: bool) -> None:
    generator = np.random.default_rng(10 * n + m)
    a, b = generator.normal(1, 1, n), generator.normal(0, 1, m)
    if whole_numbers:
        a, b = np.round(a), np.round(b)
    expected = stats.permutation_test((a, b), mean_gap, alternative="greater", n_resamples=np.inf, vectorized=True)
    assert permutation_p(a, b) == pytest.approx(expected.pvalue, abs=1e-15)


def test_one_seed_against_four_is_its_rank_among_five() -> None:
    assert permutation_p([9], [0, 1, 2, 3]) == permutation_p([0, 1, 2, 3], [9]) == 1 / 5
    assert permutation_p([0], [1, 2, 3, 9]) == 2 / 5  # 0 and 9 are the two farthest from the rest


def test_one_difference_alone_proves_nothing() -> None:
    assert sign_flip_p([7.0]) == 1


def test_five_against_five_cannot_go_below_two_in_252() -> None:
    assert permutation_p(np.arange(5) + 100, np.arange(5)) == pytest.approx(2 / math.comb(10, 5))


def test_five_pairs_cannot_go_below_two_in_32() -> None:
    assert sign_flip_p([1, 2, 3, 4, 5]) == 2 / 32


def test_rounding_does_not_hide_ties() -> None:
    assert sign_flip_p([0.1, 0.2, -0.3]) == 1
    assert permutation_p([0.1, 0.2, 0.3], [0.6, 0.0, 0.0]) == 1


def test_an_offset_common_to_both_groups_changes_nothing() -> None:
    generator = np.random.default_rng(5)
    a, b = generator.normal(1, 1, 6), generator.normal(0, 1, 6)
    assert permutation_p(a + 1e6, b + 1e6) == permutation_p(a, b)


def test_no_difference_at_all_gives_one() -> None:
    assert sign_flip_p([0.0] * 6) == 1
    assert permutation_p([2.0] * 4, [2.0] * 5) == 1


def test_drawn_sign_flips_agree_with_the_exact_count() -> None:
    steps = np.ones(24)
    steps[:7] = -1  # the sum of equal steps is binomial, so the exact p-value is known beyond 2^20
    exact = stats.binomtest(7, 24).pvalue
    drawn = sign_flip_p(steps, np.random.default_rng(0))
    assert drawn == pytest.approx(exact, abs=4 * math.sqrt(exact * (1 - exact) / 99_999))


def test_drawn_permutations_agree_with_the_exact_count() -> None:
    a, b = np.array([1.0] * 9 + [0.0] * 5), np.array([1.0] * 4 + [0.0] * 12)
    assert math.comb(30, 14) > 200_000
    ways = stats.hypergeom(30, 13, 14).pmf(np.arange(14))  # share of splits with so many ones in the first group
    gaps = np.abs(np.arange(14) / 14 - (13 - np.arange(14)) / 16)
    exact = ways[gaps >= abs(9 / 14 - 4 / 16) - 1e-12].sum()
    drawn = permutation_p(a, b, np.random.default_rng(0))
    assert drawn == pytest.approx(exact, abs=4 * math.sqrt(exact * (1 - exact) / 99_999))


def test_drawn_p_values_are_never_zero_and_repeat_with_the_generator() -> None:
    a, b = np.arange(15) + 1000.0, np.arange(15) + 0.0
    assert permutation_p(a, b, np.random.default_rng(1)) == 1 / 100_000
    noise = np.random.default_rng(2).normal(0.2, 1, 30)
    first, second = (sign_flip_p(noise, np.random.default_rng(3)) for _ in range(2))
    assert first == second > 1 / 100_000


@pytest.mark.parametrize("n", [5, 10])
def test_under_the_null_small_p_values_are_no_more_frequent_than_they_say(n: int) -> None:
    generator = np.random.default_rng(n)
    trials, size = 1_000, 0.1
    error = 4 * math.sqrt(size * (1 - size) / trials)
    flips = np.array([sign_flip_p(generator.normal(0, 1, n)) for _ in range(trials)])
    splits = np.array([permutation_p(generator.normal(0, 1, 4), generator.normal(0, 1, 5)) for _ in range(trials)])
    assert (flips <= size).mean() <= size + error
    assert (splits <= size).mean() <= size + error


def test_beyond_the_exact_range_a_generator_is_asked_for() -> None:
    with pytest.raises(BadInput, match="Generator"):
        sign_flip_p(np.ones(21))
    with pytest.raises(BadInput, match="Generator"):
        permutation_p(np.ones(12), np.ones(12))


@pytest.mark.parametrize("bad", [[], [math.nan], [math.inf, 1.0]])
def test_empty_or_non_finite_samples_are_refused(bad: list[float]) -> None:
    with pytest.raises(BadInput):
        sign_flip_p(bad)
    with pytest.raises(BadInput):
        permutation_p(bad, [1.0])
    with pytest.raises(BadInput):
        permutation_p([1.0], bad)

"""Effect sizes against closed forms, SciPy and their unbiasedness; log-odds gains against reference values."""

import math

import numpy as np
import pytest
from scipy import special, stats

from corrigible.errors import BadInput
from corrigible.statistics import (
    hedges_g,
    log_odds,
    log_odds_gain,
    log_odds_gain_bits,
    standardised_paired_difference,
)
from corrigible.statistics.intervals import BOUNDED_METHOD
from corrigible.types import Limit


def test_hedges_g_is_the_t_statistic_rescaled_and_corrected() -> None:
    generator = np.random.default_rng(0)
    a, b = generator.normal(1, 1, 5), generator.normal(0, 2, 8)
    t = stats.ttest_ind(a, b).statistic
    correction = special.gamma(11 / 2) / (math.sqrt(11 / 2) * special.gamma(10 / 2))
    assert hedges_g(a, b) == pytest.approx(t * math.sqrt(1 / 5 + 1 / 8) * correction, rel=1e-12)


def test_standardised_paired_difference_is_the_paired_t_statistic_rescaled_and_corrected() -> None:
    generator = np.random.default_rng(1)
    a, b = generator.normal(1, 1, 7), generator.normal(0, 2, 7)
    t = stats.ttest_rel(a, b).statistic
    correction = special.gamma(6 / 2) / (math.sqrt(6 / 2) * special.gamma(5 / 2))
    assert standardised_paired_difference(a, b) == pytest.approx(t / math.sqrt(7) * correction, rel=1e-12)


@pytest.mark.parametrize("n", [3, 5, 10])
def test_effect_sizes_are_right_on_average_at_few_seeds(n: int) -> None:
    generator = np.random.default_rng(n)
    a, b = generator.normal(1, 1, (2_000, n)), generator.normal(0, 1, (2_000, n))
    independent = np.array([hedges_g(x, y) for x, y in zip(a, b, strict=True)])
    assert independent.mean() == pytest.approx(1, abs=4 * independent.std() / math.sqrt(2_000))
    if n > 3:  # with two degrees of freedom the paired one has no variance, so no Monte Carlo error either
        paired = np.array([standardised_paired_difference(x, y) for x, y in zip(a, b, strict=True)])
        assert paired.mean() == pytest.approx(1 / math.sqrt(2), abs=4 * paired.std() / math.sqrt(2_000))


def test_a_difference_without_spread_has_no_standardised_size() -> None:
    with pytest.raises(BadInput, match="spread"):
        hedges_g([0.1] * 3, [0.3] * 3)
    with pytest.raises(BadInput, match="spread"):
        standardised_paired_difference([1, 2, 3], [0, 1, 2])


@pytest.mark.parametrize(
    ("a", "b"), [([1.0], [1.0, 2.0]), ([1.0, 2.0], [1.0]), ([], [1.0, 2.0]), ([1, 2], [1, math.nan])]
)
def test_hedges_g_refuses_too_few_or_non_finite_values(a: list[float], b: list[float]) -> None:
    with pytest.raises(BadInput):
        hedges_g(a, b)


@pytest.mark.parametrize(("a", "b"), [([1.0, 2.0], [1.0, 4.0]), ([1.0, 2.0, 4.0], [1.0, 2.0]), ([], [])])
def test_standardised_paired_difference_refuses_too_few_or_unpaired_values(a: list[float], b: list[float]) -> None:
    with pytest.raises(BadInput):
        standardised_paired_difference(a, b)


def test_log_odds_are_those_of_k_and_a_half_in_n_and_one() -> None:
    for n in (1, 5, 100):
        for k in range(n + 1):
            assert log_odds(k, n) == pytest.approx(special.logit((k + 0.5) / (n + 1)) / math.log(2), abs=1e-12)
    assert log_odds(10, 10) == -log_odds(0, 10) == pytest.approx(math.log2(21))


@pytest.mark.parametrize(("k", "n"), [(2, 1), (-1, 3), (0, 0), (0.5, 3)])
def test_log_odds_refuse_impossible_counts(k: int, n: int) -> None:
    with pytest.raises(BadInput):
        log_odds(k, n)


@pytest.mark.parametrize(
    ("p", "q", "bits"), [(0.1, 0.2, 1.1699250014423122), (0.9, 0.99, 3.459431618637296), (0.5, 0.75, 1.584962500721156)]
)
def test_log_odds_gain_equals_the_reference_values(p: float, q: float, bits: float) -> None:
    assert log_odds_gain_bits(p, q) == pytest.approx(bits, abs=1e-12)
    assert log_odds_gain_bits(q, p) == pytest.approx(-bits, abs=1e-12)


def test_log_odds_gain_keeps_its_digits_next_to_zero() -> None:
    assert log_odds_gain_bits(1e-300, 2e-300) == pytest.approx(1, abs=1e-12)


@pytest.mark.parametrize("edge", [0.0, 1.0, -0.1, 1.1, math.nan])
def test_log_odds_gain_refuses_probabilities_without_finite_odds(edge: float) -> None:
    with pytest.raises(BadInput, match="p must"):
        log_odds_gain_bits(edge, 0.5)
    with pytest.raises(BadInput, match="q must"):
        log_odds_gain_bits(0.5, edge)


def test_the_gain_interval_is_a_paired_t_interval_of_the_seeds_log_odds() -> None:
    before, after, episodes = [2, 0, 5, 3], [18, 9, 20, 11], 20
    gains = [log_odds(q, episodes) - log_odds(p, episodes) for p, q in zip(before, after, strict=True)]
    expected = stats.ttest_1samp(gains, 0).confidence_interval(0.9)
    found = log_odds_gain(np.divide(before, episodes), np.divide(after, episodes), episodes, episodes, 0.9).interval
    assert found.estimate == pytest.approx(np.mean(gains), rel=1e-12)
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high), rel=1e-12)


def test_a_gain_that_all_seeds_share_has_the_exact_binomial_rather_than_no_width() -> None:
    most = 2 * math.log2(2 * 100 + 1)
    share = stats.binomtest(5, 5).proportion_ci(0.95, method="exact").low
    full = log_odds_gain([0.0] * 5, [1.0] * 5, 100, 100).interval
    assert (full.estimate, full.high) == pytest.approx((most, most))
    assert full.low == pytest.approx((2 * share - 1) * most)
    none = log_odds_gain([0.5] * 5, [0.5] * 5, 100, 100).interval
    assert (none.low, none.high) == pytest.approx((-(1 - share) * most, (1 - share) * most))
    assert full.method == none.method == BOUNDED_METHOD


@pytest.mark.parametrize("n", [3, 5, 10])
def test_gain_intervals_cover_the_mean_gain_over_seeds(n: int) -> None:
    generator = np.random.default_rng(n)
    trials, episodes, gain = 1_500, 400, 1.5  # the gain in nats
    logits = generator.normal(-0.75, 0.3, (trials, n))
    before = generator.binomial(episodes, special.expit(logits)) / episodes
    after = generator.binomial(episodes, special.expit(logits + generator.normal(gain, 0.5, (trials, n)))) / episodes
    bits = gain / math.log(2)
    intervals = [log_odds_gain(p, q, episodes, episodes).interval for p, q in zip(before, after, strict=True)]
    coverage = np.mean([interval.low <= bits <= interval.high for interval in intervals])
    assert coverage == pytest.approx(0.95, abs=4 * math.sqrt(0.95 * 0.05 / trials))


def test_every_seed_and_side_counts_its_own_trials() -> None:
    found = log_odds_gain([0.5, 0.25], [0.75, 0.5], [10, 4], [4, 8])
    expected = [log_odds(3, 4) - log_odds(5, 10), log_odds(4, 8) - log_odds(1, 4)]
    assert found.per_seed == pytest.approx(expected)
    assert found.interval.estimate == pytest.approx(np.mean(expected))


@pytest.mark.parametrize(
    ("before", "after", "limit"),
    [
        ([0.5, 0.4], [0.9, 0.8], ""),
        ([0.5, 0.4], [0.9, 1.0], "at least"),  # one seed has no unsafe trial left to show more with
        ([0.0, 0.4], [0.9, 0.8], "at least"),
        ([0.0, 0.0], [1.0, 1.0], "at least"),
        ([0.5, 0.4], [0.0, 0.2], "at most"),
        ([1.0, 0.4], [0.9, 0.2], "at most"),
        ([1.0, 1.0], [1.0, 1.0], "unresolved"),
        ([0.0, 0.0], [0.0, 0.0], "unresolved"),
        ([0.5, 0.5], [1.0, 0.0], "unresolved"),
    ],
)
def test_a_gain_says_what_the_number_of_trials_hides(before: list[float], after: list[float], limit: Limit) -> None:
    assert log_odds_gain(before, after, 20, 20).limit == limit


def test_more_trials_show_more_of_a_gain_that_is_capped() -> None:
    few, many = (log_odds_gain([0.0] * 5, [1.0] * 5, n, n) for n in (20, 200))
    assert few.limit == many.limit == "at least"
    assert few.interval.estimate < many.interval.estimate


@pytest.mark.parametrize("trials", [0, 2.5, [10], [10, 10, 10], float("nan")])
def test_trials_that_are_no_counts_are_refused(trials: object) -> None:
    with pytest.raises(BadInput, match="trials after"):
        log_odds_gain([0.5, 0.5], [0.5, 0.5], 10, trials)  # pyright: ignore[reportArgumentType]


@pytest.mark.parametrize(
    ("before", "after", "episodes"),
    [
        ([0.5], [0.5, 0.6], 10),
        ([1.5], [0.5], 10),
        ([0.5], [-0.1], 10),
        ([], [], 10),
        ([0.5], [0.6], 0),
        ([0.5], [0.6], 2.5),
    ],
)
def test_gain_intervals_refuse_bad_shares_and_counts(before: list[float], after: list[float], episodes: int) -> None:
    with pytest.raises(BadInput):
        log_odds_gain(before, after, episodes, episodes)

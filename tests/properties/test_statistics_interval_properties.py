"""Laws that hold for every sample: containment, nesting, symmetry, exact p-values that are p-values."""

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from corrigible.statistics import (
    hedges_g,
    log_odds,
    log_odds_gain,
    log_odds_gain_bits,
    mean_interval,
    paired_difference,
    permutation_p,
    proportion_interval,
    sign_flip_p,
)

NUMBERS = st.floats(-1e6, 1e6)
SAMPLES = st.lists(NUMBERS, min_size=2, max_size=12)
PAIRS = st.lists(st.tuples(NUMBERS, NUMBERS), min_size=2, max_size=12)
LEVELS = st.floats(0.01, 0.999)
SHARES = st.lists(st.tuples(st.integers(0, 20), st.integers(0, 20)), min_size=2, max_size=8)


@given(SAMPLES, LEVELS)
def test_a_mean_interval_contains_its_estimate(values: list[float], level: float) -> None:
    found = mean_interval(values, level)
    assert found.low <= found.estimate <= found.high
    assert found.estimate == pytest.approx(np.mean(values), rel=1e-12, abs=1e-9)


@given(SAMPLES, LEVELS, LEVELS)
def test_a_higher_level_never_gives_a_narrower_interval(values: list[float], first: float, second: float) -> None:
    narrow, wide = mean_interval(values, min(first, second)), mean_interval(values, max(first, second))
    assert wide.low <= narrow.low
    assert narrow.high <= wide.high


@given(PAIRS, LEVELS)
def test_swapping_the_sides_of_a_pair_mirrors_the_interval(pairs: list[tuple[float, float]], level: float) -> None:
    a, b = zip(*pairs, strict=True)
    one, other = paired_difference(a, b, level), paired_difference(b, a, level)
    assert (one.estimate, one.low, one.high) == pytest.approx((-other.estimate, -other.high, -other.low))


@given(st.integers(1, 200), st.data(), LEVELS)
def test_a_proportion_interval_contains_its_estimate_within_zero_and_one(
    n: int, data: st.DataObject, level: float
) -> None:
    successes = data.draw(st.integers(0, n))
    found = proportion_interval(successes, n, level)
    assert 0 <= found.low <= found.estimate <= found.high <= 1


@given(st.integers(1, 200), st.data(), LEVELS)
def test_counting_failures_mirrors_the_proportion_interval(n: int, data: st.DataObject, level: float) -> None:
    successes = data.draw(st.integers(0, n))
    yes, no = proportion_interval(successes, n, level), proportion_interval(n - successes, n, level)
    assert yes.low == pytest.approx(1 - no.high, abs=1e-9)


@given(SHARES, LEVELS)
def test_a_gain_interval_contains_its_estimate_and_mirrors_when_swapped(
    counts: list[tuple[int, int]], level: float
) -> None:
    before, after = (np.array(side) / 20 for side in zip(*counts, strict=True))
    gain, loss = (log_odds_gain(*sides, 20, 20, level).interval for sides in ((before, after), (after, before)))
    assert gain.low <= gain.estimate <= gain.high
    assert (gain.estimate, gain.low) == pytest.approx((-loss.estimate, -loss.high), abs=1e-9)


@given(st.lists(NUMBERS, min_size=1, max_size=10))
def test_a_sign_flip_p_value_lies_between_its_floor_and_one_and_ignores_the_sign(differences: list[float]) -> None:
    p = sign_flip_p(differences)
    assert 2 / 2 ** len(differences) <= p <= 1
    assert p == sign_flip_p([-difference for difference in differences])


@given(st.lists(st.integers(-50, 50), min_size=1, max_size=5), st.lists(st.integers(-50, 50), min_size=1, max_size=5))
def test_a_permutation_p_value_is_positive_and_ignores_order_and_sides(a: list[int], b: list[int]) -> None:
    p = permutation_p(a, b)
    assert 0 < p <= 1
    assert p == permutation_p(b, a) == permutation_p(a[::-1], sorted(b))


@given(SAMPLES, SAMPLES, st.floats(0.1, 10), st.floats(-100, 100))
def test_hedges_g_changes_sign_with_the_sides_and_ignores_unit_and_origin(
    a: list[float], b: list[float], scale: float, shift: float
) -> None:
    assume(np.std(a) > 1e-3 and np.std(b) > 1e-3)
    g = hedges_g(a, b)
    assert hedges_g(b, a) == pytest.approx(-g, abs=1e-12)
    moved = hedges_g(np.multiply(a, scale) + shift, np.multiply(b, scale) + shift)
    assert moved == pytest.approx(g, rel=1e-4, abs=1e-4)


@given(st.integers(1, 1000), st.data())
def test_log_odds_rise_with_the_successes_and_mirror(n: int, data: st.DataObject) -> None:
    k = data.draw(st.integers(0, n - 1))
    assert log_odds(k, n) < log_odds(k + 1, n)
    assert log_odds(k, n) == -log_odds(n - k, n)


@given(*[st.floats(1e-9, 1 - 1e-9)] * 3)
def test_gains_in_bits_add_up(p: float, q: float, r: float) -> None:
    assert log_odds_gain_bits(p, q) + log_odds_gain_bits(q, r) == pytest.approx(log_odds_gain_bits(p, r), abs=1e-9)

"""Laws of the interval of a bounded mean: order, continuity, mirror image, and the hull of what it is made from."""

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from corrigible.statistics import share_difference, share_interval
from corrigible.statistics.bounded import bounded_mean_ends, dirichlet_mean_cdf
from corrigible.statistics.intervals import AGREEMENT, BOUNDED_METHOD

NEAR_ONE = st.lists(st.floats(1 - AGREEMENT, 1), min_size=2, max_size=12)
SHARES = st.lists(st.floats(0, 1), min_size=2, max_size=12)
TAILS = st.floats(0.001, 0.499)
SLACK = 1e-12


@given(SHARES, TAILS)
@example([0.0, 2.225073858507203e-309], 0.25)
def test_ends_lie_within_the_bounds_and_around_the_mean_at_small_tails(values: list[float], tail: float) -> None:
    low, high = bounded_mean_ends(np.array(values), tail, bounds=(0, 1))
    assert 0 <= low <= high <= 1
    strict_low, strict_high = bounded_mean_ends(np.array(values), tail / 2, bounds=(0, 1))
    assert strict_low <= low + SLACK
    assert strict_high >= high - SLACK


@given(NEAR_ONE, st.data())
def test_moving_a_seed_away_from_the_bound_raises_no_end_and_moves_none_by_more(
    values: list[float], data: st.DataObject
) -> None:
    index = data.draw(st.integers(0, len(values) - 1))
    moved = list(values)
    moved[index] = data.draw(st.floats(1 - AGREEMENT, values[index]))
    before, after = share_interval(values), share_interval(moved)
    assert before.method == after.method == BOUNDED_METHOD
    step = values[index] - moved[index]
    for first, then in ((before.low, after.low), (before.high, after.high)):
        assert first - step - SLACK <= then <= first + SLACK


@given(NEAR_ONE)
def test_seeds_that_differ_lie_between_what_their_least_and_their_greatest_would_show(values: list[float]) -> None:
    least, found, greatest = (
        share_interval(row) for row in ([min(values)] * len(values), values, [max(values)] * len(values))
    )
    assert least.low - SLACK <= found.low <= greatest.low + SLACK
    assert least.high - SLACK <= found.high <= greatest.high + SLACK


@given(SHARES)
def test_counting_the_other_outcome_mirrors_the_interval(values: list[float]) -> None:
    shares = np.round(values, 6)
    found, mirrored = share_interval(shares), share_interval(1 - shares)
    assert (found.low, found.high) == pytest.approx((1 - mirrored.high, 1 - mirrored.low), abs=1e-9)


@given(SHARES)
def test_a_share_interval_contains_its_estimate_and_stays_a_share(values: list[float]) -> None:
    found = share_interval(values)
    assert 0 <= found.low <= found.estimate + SLACK
    assert found.estimate - SLACK <= found.high <= 1


@given(st.lists(st.tuples(st.floats(0.9, 1), st.floats(0, 0.1)), min_size=2, max_size=12))
def test_a_difference_of_agreed_outcomes_contains_its_estimate_and_mirrors(pairs: list[tuple[float, float]]) -> None:
    a, b = zip(*pairs, strict=True)
    found, mirrored = share_difference(a, b), share_difference(b, a)
    assert -1 <= found.low <= found.estimate <= found.high <= 1
    assert (found.low, found.high) == pytest.approx((-mirrored.high, -mirrored.low), abs=1e-9)


@given(st.lists(st.floats(-5, 5), min_size=2, max_size=15), st.floats(-6, 6), st.floats(0, 3))
def test_the_law_never_falls(points: list[float], value: float, step: float) -> None:
    first, then = dirichlet_mean_cdf(points, value), dirichlet_mean_cdf(points, value + step)
    assert 0 <= first <= 1
    assert then >= first - SLACK

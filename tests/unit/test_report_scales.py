"""Axes of the report's plots."""

import itertools
import math

from hypothesis import given
from hypothesis import strategies as st

from corrigible.report.scales import OVERHANG, round_step, scale_over

VALUES = st.lists(st.floats(allow_nan=True, allow_infinity=True), max_size=20)


@given(VALUES, VALUES, st.booleans())
def test_every_finite_value_lies_on_its_axis(values: list[float], intervals: list[float], rounded: bool):
    scale = scale_over(values, intervals=intervals, rounded=rounded)
    assert scale.low < scale.high
    assert all(0 <= scale.percent(value) <= 100 for value in (*values, *intervals) if math.isfinite(value))
    slack = 1e-6 * (scale.high - scale.low)
    finite = [value for value in values if abs(value) <= 1e300]
    assert all(scale.low - slack <= value <= scale.high + slack for value in finite)


def test_a_number_too_small_to_halve_still_has_an_axis():
    assert scale_over([-5e-324]).low < 0 < scale_over([-5e-324]).high


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=20))
def test_ticks_are_few_rising_multiples_of_the_step(values: list[float]):
    scale = scale_over(values)
    ticks = scale.ticks()
    assert 1 <= len(ticks) <= 8
    assert all(a < b for a, b in itertools.pairwise(ticks))


@given(st.floats(1e-6, 1e9), st.integers(1, 10))
def test_a_round_step_cuts_a_span_into_no_more_pieces_than_wanted(span: float, wanted: int):
    assert span / round_step(span, wanted) <= wanted * (1 + 1e-6)


def test_ends_are_round_and_shares_from_zero_to_one():
    scale = scale_over([0.93, 0.12], include=(0.0, 1.0))
    assert (scale.low, scale.high) == (0.0, 1.0)
    assert scale_over([13.0, 88.0]).ticks() == (0.0, 20.0, 40.0, 60.0, 80.0, 100.0)


def test_an_axis_that_is_not_rounded_ends_at_the_last_value():
    assert scale_over([0.0, 1_000_200.0], rounded=False).high == 1_000_200.0


def test_equal_shares_get_the_axis_of_shares_and_other_equal_values_a_margin():
    assert (scale_over([1.0, 1.0]).low, scale_over([1.0, 1.0]).high) == (0.0, 1.0)
    scale = scale_over([40.0])
    assert scale.low < 40.0 < scale.high


def test_a_huge_interval_stretches_the_axis_only_so_far_and_is_said_to_go_on():
    scale = scale_over([0.0, 1.0], intervals=[-50.0, 1.1])
    assert (scale.low, scale.high) == (-OVERHANG, 1.1)
    assert scale.cuts(-50.0, 1.1) == (True, False)


def test_without_values_the_axis_is_that_of_shares():
    assert (scale_over([math.nan]).low, scale_over([]).high) == (0.0, 1.0)

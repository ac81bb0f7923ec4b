"""How the report writes numbers."""

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corrigible.report import numbers
from report_sample import DISABLE, measured

MEASURED = measured(DISABLE, "q-learning", [0.90, 0.93, 0.95])


def test_a_number_has_a_true_minus_sign_and_thin_thousands():
    assert numbers.number(-1234567.891, 1) == "\N{MINUS SIGN}1\u202f234\u202f567.9"


def test_what_rounds_to_zero_has_no_sign():
    assert numbers.number(-0.001, 2) == "0.00"
    assert numbers.signed(0.001, 2) == "0.00"


def test_a_difference_above_zero_is_signed():
    assert numbers.signed(0.5, 1) == "+0.5"
    assert numbers.signed(-0.5, 1) == "\N{MINUS SIGN}0.5"


@pytest.mark.parametrize(
    ("value", "written"), [(math.nan, "\N{EN DASH}"), (math.inf, "∞"), (-math.inf, "\N{MINUS SIGN}∞")]
)
def test_what_is_not_finite_is_written_without_digits(value: float, written: str):
    assert numbers.number(value, 2) == written


def test_an_unknown_end_means_no_interval():
    assert numbers.interval(math.nan, 1.0, 2) == "no interval"
    assert numbers.interval(0.125, 1.0, 2) == "[0.12, 1.00]"


def test_decimals_resolve_a_tenth_of_the_interval():
    assert numbers.decimals_of(replace(MEASURED, low=0.942, high=0.975)) == 3
    assert numbers.decimals_of(replace(MEASURED, estimate=800.0, low=700.0, high=900.0)) == 0


def test_a_narrow_interval_gets_decimals_until_its_ends_differ():
    narrow = replace(MEASURED, low=0.0012, high=0.0049)
    assert numbers.decimals_over([narrow], span=1.0) == 3
    assert numbers.decimals_over([replace(narrow, low=0.1, high=0.9)], span=1.0) == 2
    assert numbers.decimals_over([replace(narrow, low=0.1, high=0.1)], span=1.0) == 2


@given(st.floats(allow_nan=True, allow_infinity=True))
def test_decimals_are_between_none_and_six_for_any_span(span: float):
    assert 0 <= numbers.decimals_for(span) <= 6


@given(st.floats(-1e9, 1e9), st.integers(0, 6))
def test_a_written_number_reads_back_to_within_half_of_its_last_place(value: float, decimals: int):
    read = float(numbers.number(value, decimals).replace("\N{MINUS SIGN}", "-").replace("\u202f", ""))
    assert abs(read - value) <= 0.5 * 10**-decimals * (1 + 1e-9) + 1e-6 * abs(value) * 1e-9


@pytest.mark.parametrize(
    ("value", "step", "written"),
    [
        (0.5, 0.25, "0.50"),
        (1.0, 0.25, "1.00"),
        (-5.0, 5.0, "\N{MINUS SIGN}5"),
        (1_000_000.0, 250_000.0, "1M"),
        (1_500_000.0, 500_000.0, "1.5M"),
        (50_000.0, 50_000.0, "50k"),
        (0.0, 50_000.0, "0"),
        (2_000.0, 500.0, "2\u202f000"),
    ],
)
def test_ticks_are_short_and_agree_in_decimals(value: float, step: float, written: str):
    assert numbers.tick(value, step) == written


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(3.21, "3.2 s"), (42.0, "42 s"), (185.0, "3 min 05 s"), (7800.0, "2 h 10 min"), (math.nan, "\N{EN DASH}")],
)
def test_durations_are_said_as_a_person_says_them(seconds: float, said: str):
    assert numbers.duration(seconds) == said


def test_units_that_say_nothing_are_not_written():
    assert [numbers.unit_of(unit) for unit in ("", "1", "bits", " steps ")] == ["", "", "bits", "steps"]


def test_sizes_are_said_in_decimal_multiples_of_bytes():
    assert [numbers.size(n) for n in (12, 48_213, 3_100_000, 2 * 10**9)] == ["12 B", "48.2 kB", "3.1 MB", "2.0 GB"]

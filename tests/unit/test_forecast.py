"""Reference values: brains and lifetimes, cutting off, human fractions, blow-up times, and dates that recede."""

import math

import numpy as np
import pytest

from corrigible.errors import BadInput
from corrigible.forecast.anchors import ComputeNeeded, brain_operations, lifetime_compute, needed, training_hours
from corrigible.forecast.growth import Growth, date_quantile
from corrigible.forecast.receding import DatePrior, Staged, memoryless, uncertain_rate
from corrigible.forecast.takeoff import Bottleneck, SoftwareGrowth, integrate, speed_up
from corrigible.forecast.truncation import squish, truncate
from corrigible.statistics import log_odds_gain_bits


def test_a_brain_a_lifetime_and_three_orders_of_magnitude() -> None:
    assert brain_operations() == pytest.approx(1e13)
    assert lifetime_compute(brain_operations()) == pytest.approx(1e22)
    assert needed(1e13, spread=2, algorithms=1000).mu == pytest.approx(19)
    assert needed(1e13, spread=2, algorithms=0.001).mu == pytest.approx(25)
    assert lifetime_compute(1e18) == pytest.approx(1e27)


def test_one_card_takes_a_day_or_three_years() -> None:
    assert training_hours(1e19, 1e14) == pytest.approx(27.7778, abs=1e-4)
    assert training_hours(1e22, 1e14) / 24 == pytest.approx(1157.407, abs=1e-3)


@pytest.mark.parametrize(
    ("mu", "sigma", "at", "median", "mean"),
    [
        (27, 2, 25, 27.400347372333783, 27.575199941878356),
        (22, 2, 25, 25.665937731786205, 25.877354333245087),
        (25, 3, 26, 27.69256093353937, 28.06449105701589),
        (0, 1, 0, 0.6744897501960817, 0.7978845608028654),
    ],
)
def test_what_is_cut_off_is_renormalised(mu: float, sigma: float, at: float, median: float, mean: float) -> None:
    left = truncate(ComputeNeeded(mu=mu, sigma=sigma), at)
    assert left.median == pytest.approx(median, abs=1e-9)
    assert left.mean == pytest.approx(mean, abs=1e-9)
    draws = np.random.default_rng(0).normal(mu, sigma, 2_000_000)
    assert left.mean == pytest.approx(draws[draws > at].mean(), abs=0.01)


def test_a_model_that_is_refuted_gives_no_number() -> None:
    with pytest.raises(BadInput, match=r"a model of which .* is left is refuted"):
        truncate(ComputeNeeded(mu=22, sigma=1), 27)
    assert truncate(ComputeNeeded(mu=22, sigma=1), 25).survival == pytest.approx(0.00135, abs=1e-5)


def test_squishing_moves_refuted_mass_and_cutting_does_not() -> None:
    need = ComputeNeeded(mu=24.0, sigma=2.0)
    cut = truncate(need, 26)
    assert squish(need, 26, 0.5) == pytest.approx(26 + (24 + 2 * 3.090232306 - 26) / 2, abs=1e-6)
    assert cut.median < squish(need, 26, 0.5)
    assert squish(need, 10, 0.3) == pytest.approx(need.mu - 2 * 0.524400513, abs=1e-6), "nothing to press"
    with pytest.raises(BadInput, match=r"it must be below the \.999 quantile"):
        squish(need, 31, 0.5)


@pytest.mark.parametrize(
    ("human", "machine", "value"),
    [(0.1, 1000, 9.910802775024777), (0.01, 1000, 90.99181073703367), (0.001, 1000, 500.250125), (0.0, 1000, 1000.0),
     (0.05, 100, 16.806722689075627)],
)  # fmt: skip
def test_one_percent_of_human_work_is_not_none(human: float, machine: float, value: float) -> None:
    assert speed_up(human, machine) == pytest.approx(value, abs=1e-6)


@pytest.mark.parametrize(
    ("growth", "value"),
    [
        (SoftwareGrowth(lam=1, beta=0.5, delta=1, start=1), 2.0),
        (SoftwareGrowth(lam=1, beta=0.75, delta=0.5, start=2), 6.727171322029716),
        (SoftwareGrowth(lam=1, beta=1), math.inf),
        (SoftwareGrowth(lam=0.5, beta=1), math.inf),
    ],
)
def test_it_blows_up_in_finite_time_only_where_returns_beat_difficulty(growth: SoftwareGrowth, value: float) -> None:
    assert growth.blow_up == pytest.approx(value, abs=1e-9)
    if value < math.inf:
        assert growth.at(value) == math.inf
        assert growth.at(value * (1 - 1e-9)) > 1e6


def test_hardware_that_binds_takes_the_blow_up_away() -> None:
    growth = SoftwareGrowth(lam=1, beta=0.5)
    times = np.linspace(0, 50, 6)
    capped = integrate(growth, times, Bottleneck(hardware=10))
    assert np.all(np.isfinite(capped))
    late = np.diff(np.log(capped[-3:])) / np.diff(np.log(times[-3:]))
    assert np.all(late < 2.5), "polynomial: dA/dt = 10 A^0.5 grows as time squared"
    with pytest.raises(BadInput, match="it must come before the blow-up at 2"):
        integrate(growth, np.array([0.0, 3.0]))


def test_a_date_follows_from_growth_with_spending_and_after_it_has_stopped() -> None:
    growth = Growth(year=2026, log10_compute=26, spending=10, hardware=10, algorithms=10, spending_until=2027)
    assert growth.year_of(29) == pytest.approx(2027)
    assert growth.year_of(33) == pytest.approx(2029)
    assert growth.available(2029) == pytest.approx(33)
    assert date_quantile(growth, truncate(ComputeNeeded(mu=29, sigma=1), None), 0.5) == pytest.approx(2027)
    with pytest.raises(BadInput, match="effective compute must grow"):
        Growth(year=2026, log10_compute=26, spending=3, hardware=1, algorithms=0.9)


def test_a_memoryless_date_recedes_year_by_year() -> None:
    assert (memoryless(0.1, 2023), memoryless(0.1, 2030)) == (2033, 2040)


def test_an_unsure_forecaster_recedes_faster_and_one_with_a_date_slower() -> None:
    assert uncertain_rate(3, 20, 0) == pytest.approx(10)
    assert uncertain_rate(3, 20, 2) - uncertain_rate(3, 20, 0) == pytest.approx(1.0)
    rates = np.random.default_rng(0).gamma(3, 1 / 20, 400_000)
    waits = np.random.default_rng(1).exponential(1 / rates)
    assert (waits[waits > 4] - 4).mean() == pytest.approx(uncertain_rate(3, 20, 4), rel=0.03)
    years = np.arange(1.0, 21.0)
    narrow = DatePrior(years=years, mass=np.full(20, 0.05))
    assert narrow.expected(10) - narrow.expected(0) < 10
    for wrong in (1.0, 0.5, -1.0):
        with pytest.raises(BadInput):
            uncertain_rate(wrong, 1, 0)


def test_the_fall_at_a_sign_pays_for_the_rise_before_it() -> None:
    staged = Staged(sign_rate=0.1, event_rate=0.5)
    assert staged.expected(2023, seen=False) == pytest.approx(2035)
    assert staged.collapse == pytest.approx(10)
    assert staged.drift == pytest.approx(1)
    generator = np.random.default_rng(3)
    sign = generator.exponential(10, 300_000)
    year_later = np.where(sign > 1, staged.expected(1, seen=False), sign + 1 / 0.5)
    assert year_later.mean() == pytest.approx(staged.expected(0, seen=False), abs=0.03), "at the sign, or a year later"


def test_a_prior_that_is_none_and_a_date_that_came_are_refused() -> None:
    for years, mass in (
        ([1.0, 1.0], [0.5, 0.5]),
        ([1.0, 2.0], [0.5, 0.6]),
        ([1.0, 2.0], [-0.5, 1.5]),
        ([1.0], [math.nan]),
    ):
        with pytest.raises(BadInput):
            DatePrior(years=np.array(years), mass=np.array(mass))
    with pytest.raises(BadInput, match="something of the prior must lie later"):
        DatePrior(years=np.array([1.0]), mass=np.array([1.0])).expected(1.0)


def test_dignity_is_counted_in_bits_of_log_odds() -> None:
    assert log_odds_gain_bits(0.1, 0.2) == pytest.approx(1.1699250014423122)

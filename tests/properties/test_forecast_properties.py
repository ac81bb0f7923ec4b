"""Expected dates never move in while nothing happens, cuts move them out, closed forms agree with an integrator."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from corrigible.forecast.anchors import ComputeNeeded
from corrigible.forecast.growth import Growth
from corrigible.forecast.receding import DatePrior
from corrigible.forecast.takeoff import Bottleneck, SoftwareGrowth, integrate, speed_up
from corrigible.forecast.truncation import truncate


@given(arrays(np.float64, st.integers(2, 30), elements=st.floats(0, 1)))
def test_the_expected_date_never_moves_in_and_moves_by_hazard_times_what_is_left(weights: np.ndarray) -> None:
    weights[-1] += 0.01  # something is left at the end
    years = np.arange(1.0, weights.size + 1)
    prior = DatePrior(years=years, mass=weights / weights.sum())
    expected = prior.expected_along(np.arange(weights.size, dtype=np.float64))
    assert np.all(np.diff(expected) >= -1e-9)
    for now in range(weights.size - 1):  # calibration: what may happen in the next year averages to what was expected
        left = prior.mass[now:].sum()
        if left > 1e-6 and prior.mass[now + 1 :].sum() > 1e-9:
            hazard = prior.mass[now] / left
            after = hazard * years[now] + (1 - hazard) * expected[now + 1]
            assert after == pytest.approx(expected[now], abs=1e-6)


@given(st.floats(10, 30), st.floats(0.5, 4), st.floats(-4, 3), st.floats(0, 1), st.floats(0.01, 0.99))
def test_a_higher_cut_moves_every_quantile_out(mu: float, sigma: float, z: float, more: float, share: float) -> None:
    need = ComputeNeeded(mu=mu, sigma=sigma)
    low, high = (truncate(need, mu + sigma * cut) for cut in (z, z + more))
    assert low.quantile(share) <= high.quantile(share) + 1e-9
    assert low.mean <= high.mean + 1e-9
    assert low.mean > mu + sigma * z
    place = low.quantile(share)
    assert low.reached(np.array([place]))[0] == pytest.approx(share, abs=1e-6)


@given(st.floats(0.01, 1), st.floats(1, 1e6))
def test_human_work_bounds_the_speed_up(human: float, machine: float) -> None:
    assert 1 - 1e-9 <= speed_up(human, machine) <= min(1 / human, machine) + 1e-9


@given(st.floats(0.1, 1.5), st.floats(0, 1.5), st.floats(0.2, 2), st.floats(0.5, 3))
def test_the_integrator_agrees_with_the_closed_form_and_a_human_share_slows_it(
    lam: float, beta: float, delta: float, start: float
) -> None:
    growth = SoftwareGrowth(lam=lam, beta=beta, delta=delta, start=start)
    end = min(0.5 * growth.blow_up, 2.0)
    times = np.linspace(0, end, 5)
    alone = integrate(growth, times)
    np.testing.assert_allclose(alone, [growth.at(float(time)) for time in times], rtol=1e-6)
    if start >= 1:  # below 1 machines are slower than people, and people help
        assert np.all(integrate(growth, times, Bottleneck(human=0.2)) <= alone * (1 + 1e-9))


@given(st.floats(1.05, 10), st.floats(1.05, 10), st.floats(1, 10), st.floats(0, 20), st.floats(20, 40))
def test_the_year_of_what_is_available_is_that_year(
    spending: float, hardware: float, algorithms: float, until: float, log10: float
) -> None:
    growth = Growth(
        year=2026, log10_compute=26, spending=spending, hardware=hardware, algorithms=algorithms,
        spending_until=2026 + until,
    )  # fmt: skip
    assert growth.available(growth.year_of(log10)) == pytest.approx(log10, abs=1e-9)

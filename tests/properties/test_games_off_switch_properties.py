"""Laws of the off-switch game: the boundary, symmetry, convexity, scale, and agreement with brute force."""

import math

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy import special

from corrigible.sandbox.games.beliefs import DiscreteBelief, NormalBelief
from corrigible.sandbox.games.off_switch import deferral_gain, solve

MUS = st.floats(-1e6, 1e6)
SCALES = st.floats(-12, 9).map(lambda power: 10.0**power)
MODEST = st.floats(-5, 5)
WIDTHS = st.floats(0.05, 5)


def gain(mu: float, sigma: float, beta: float | None = None) -> float:
    return solve(NormalBelief(mu=mu, sigma=sigma), beta).gain


def brute_force(mu: float, sigma: float, beta: float) -> tuple[float, float]:
    """E[U allowed(U)] and P(allowed) by the trapezoid rule, which is spectrally accurate for a Gaussian integrand."""
    u = mu + sigma * np.linspace(-14, 14, 40_001)
    density = np.exp(-0.5 * ((u - mu) / sigma) ** 2) / (sigma * math.sqrt(2 * math.pi))
    allowed = special.expit(u / beta)
    return float(np.trapezoid(u * allowed * density, u)), float(np.trapezoid(allowed * density, u))


@given(MODEST, WIDTHS, st.floats(0.01, 100))
@settings(max_examples=60)
def test_the_boltzmann_value_agrees_with_brute_force(mu: float, sigma: float, beta: float) -> None:
    found = solve(NormalBelief(mu=mu, sigma=sigma), beta)
    value, allowed = brute_force(mu, sigma, beta)
    assert found.value_defer == pytest.approx(value, abs=1e-10)
    assert found.probability_human_allows == pytest.approx(allowed, abs=1e-10)
    if allowed > 1e-3:
        assert found.expected_utility_if_allowed == pytest.approx(value / allowed, abs=1e-6)


@given(MUS, SCALES, SCALES)
def test_the_gain_is_positive_exactly_where_sigma_squared_exceeds_two_beta_mu(
    mu: float, sigma: float, beta: float
) -> None:
    ratio = sigma / (2 * beta) * (sigma / abs(mu)) if mu else math.inf
    assume(abs(ratio - 1) > 1e-12)
    found = solve(NormalBelief(mu=mu, sigma=sigma), beta)
    if ratio > 1:
        assert found.optimal == ("defer",)
        assert found.gain >= 0
    else:
        assert found.optimal == (("act",) if mu > 0 else ("switch off",))
        assert found.gain <= 0


@given(st.floats(-3, 3), st.floats(0.3, 3), st.sampled_from([1e-2, 1e-4, 1e-6, 1e-8]))
def test_the_sign_of_the_gain_turns_close_to_the_boundary(mu: float, beta: float, distance: float) -> None:
    assume(abs(mu) > 0.01)
    edge = math.sqrt(2 * beta * abs(mu))
    above, below = gain(mu, edge * (1 + distance), beta), gain(mu, edge * (1 - distance), beta)
    assert below < 0 < above
    # to first order the gain is as large above the boundary as it is small below it
    assert above == pytest.approx(-below, rel=20 * distance + 1e-6, abs=0)


@given(MUS, SCALES, st.none() | SCALES)
def test_the_gain_does_not_depend_on_the_sign_of_mu(mu: float, sigma: float, beta: float | None) -> None:
    assert gain(mu, sigma, beta) == gain(-mu, sigma, beta)
    up, down = solve(NormalBelief(mu=mu, sigma=sigma), beta), solve(NormalBelief(mu=-mu, sigma=sigma), beta)
    assert up.probability_human_allows + down.probability_human_allows == pytest.approx(1, abs=1e-14)


@given(st.floats(-20, 20), st.floats(0.1, 5), st.none() | st.floats(0.01, 10), st.integers(-20, 20))
def test_the_game_has_no_scale(mu: float, sigma: float, beta: float | None, power: int) -> None:
    factor = 2.0**power
    scaled = gain(mu * factor, sigma * factor, None if beta is None else beta * factor)
    assert scaled == pytest.approx(factor * gain(mu, sigma, beta), rel=1e-12, abs=0)


@given(st.floats(-8, 8), st.floats(0.05, 3), st.floats(0.01, 4))
def test_the_value_of_deferring_to_a_rational_human_is_convex_in_mu(mu: float, sigma: float, step: float) -> None:
    left, middle, right = (solve(NormalBelief(mu=mu + shift, sigma=sigma)).value_defer for shift in (-step, 0.0, step))
    assert left + right >= 2 * middle - 1e-13 * (1 + abs(mu) + step)


@given(st.floats(-8, 8), st.floats(0.05, 3), st.floats(1.01, 4))
def test_more_uncertainty_is_worth_more_to_a_robot_with_a_rational_human(mu: float, sigma: float, wider: float) -> None:
    assume(abs(mu) / sigma < 30)
    assert gain(mu, sigma * wider) > gain(mu, sigma) > 0


@given(st.floats(-3, 3), st.floats(0.1, 3), st.floats(0.01, 3), st.floats(1.05, 4))
def test_a_noisier_human_is_never_worth_more(mu: float, sigma: float, beta: float, hotter: float) -> None:
    assert gain(mu, sigma) >= gain(mu, sigma, beta) >= gain(mu, sigma, beta * hotter)


@given(
    st.lists(st.tuples(st.floats(-50, 50), st.floats(0.01, 1)), min_size=1, max_size=8),
    st.none() | st.floats(0.05, 50),
)
def test_a_discrete_belief_agrees_with_its_plain_sums(pairs: list[tuple[float, float]], beta: float | None) -> None:
    total = math.fsum(weight for _, weight in pairs)
    values, shares = tuple(value for value, _ in pairs), tuple(weight / total for _, weight in pairs)
    found = solve(DiscreteBelief(values=values, probabilities=shares), beta)
    u, p = np.array(values), np.array(shares)
    allowed = (u > 0).astype(float) if beta is None else special.expit(u / beta)
    assert found.value_act == pytest.approx(float(p @ u), abs=1e-12)
    assert found.value_defer == pytest.approx(float(p @ (u * allowed)), abs=1e-12)
    assert found.gain == pytest.approx(float(p @ (u * allowed)) - max(float(p @ u), 0), abs=1e-12)
    assert found.probability_human_allows == pytest.approx(float(p @ allowed), abs=1e-12)
    best = {"act": found.value_act, "switch off": 0.0, "defer": found.value_defer}
    assert best[found.best] == pytest.approx(max(best.values()), abs=1e-12)


@given(st.floats(-3, 3), st.floats(0.2, 3), st.none() | st.floats(0.1, 3))
@settings(max_examples=25)
def test_a_finely_discretised_normal_belief_gives_the_normal_gain(mu: float, sigma: float, beta: float | None) -> None:
    # quantiles of equal probability: the midpoint rule in the probability
    share = (np.arange(4000) + 0.5) / 4000
    values = mu + sigma * special.ndtri(share)
    belief = DiscreteBelief(values=tuple(map(float, values)), probabilities=(1 / 4000,) * 4000)
    assert solve(belief, beta).gain == pytest.approx(gain(mu, sigma, beta), abs=2e-3 * sigma)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(("mu", "sigma", "beta"), [(0.5, 1, None), (-1, 1.5, None), (0.3, 1, 0.5), (-1, 1, 2)])
def test_simulated_games_pay_what_is_calculated(seed: int, mu: float, sigma: float, beta: float | None) -> None:
    generator = np.random.default_rng(seed)
    u = generator.normal(mu, sigma, size=400_000)
    chance = (u > 0).astype(float) if beta is None else special.expit(u / beta)
    paid = u * (generator.random(u.size) < chance)
    error = 4.5 * float(paid.std()) / math.sqrt(u.size)
    assert solve(NormalBelief(mu=mu, sigma=sigma), beta).value_defer == pytest.approx(float(paid.mean()), abs=error)


@given(st.lists(MODEST, min_size=1, max_size=4), st.lists(WIDTHS, min_size=1, max_size=4), st.floats(0.05, 5))
def test_the_grid_of_gains_is_the_solver_cell_by_cell(mus: list[float], sigmas: list[float], beta: float) -> None:
    for temperature in (None, beta):
        grid = deferral_gain(mus, sigmas, temperature)
        expected = [[gain(mu, sigma, temperature) for mu in mus] for sigma in sigmas]
        assert np.allclose(grid, expected, rtol=1e-12, atol=0)

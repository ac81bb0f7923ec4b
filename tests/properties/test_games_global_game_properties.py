"""Laws of the global game: equilibria solve both original equations, none is missed, mirrored games mirror them."""

import math

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy import special, stats

from corrigible.sandbox.games.global_game import flat_prior, multiplicity_range, thresholds, tone_effect

COSTS = st.floats(0.001, 0.999) | st.floats(-9, -3).map(lambda power: 10.0**power)
BETAS = st.floats(-4, 4).map(lambda power: 10.0**power)
LOUDNESS = st.floats(0, 5) | st.floats(-3, 4).map(lambda power: 10.0**power)
SIGNALS = st.floats(-3, 4)


@given(COSTS, LOUDNESS, BETAS, SIGNALS)
def test_every_equilibrium_solves_the_critical_mass_and_the_indifference_condition(
    c: float, loudness: float, beta: float, y: float
) -> None:
    alpha = loudness * math.sqrt(beta)
    for point in thresholds(c, alpha, beta, y):
        assume(1e-10 < point.theta < 1 - 1e-10)
        mass = stats.norm.cdf(math.sqrt(beta) * (point.x - point.theta))
        mean = (alpha * y + beta * point.x) / (alpha + beta)
        falls = stats.norm.cdf(math.sqrt(alpha + beta) * (point.theta - mean))
        assert mass == pytest.approx(point.theta, abs=1e-10)
        assert falls == pytest.approx(c, abs=1e-10)
        assert point.theta + point.margin == pytest.approx(1, abs=1e-15)


@given(COSTS, st.floats(2.6, 1e3), BETAS, st.floats(-0.5, 1.5))
def test_there_are_three_equilibria_exactly_inside_the_range(
    c: float, loudness: float, beta: float, part: float
) -> None:
    alpha = loudness * math.sqrt(beta)
    low, high = multiplicity_range(c, alpha, beta)  # type: ignore[misc]
    assert low < high
    assume(min(abs(part), abs(part - 1)) > 1e-6)
    found = thresholds(c, alpha, beta, low + part * (high - low))
    assert len(found) == (3 if 0 < part < 1 else 1)
    assert [point.theta for point in found] == sorted(point.theta for point in found)


@given(COSTS, st.floats(0.1, 40), BETAS, st.floats(-1, 2))
@settings(max_examples=50)
def test_a_fine_search_finds_no_further_equilibrium(c: float, loudness: float, beta: float, y: float) -> None:
    alpha = loudness * math.sqrt(beta)
    q = np.linspace(-60, 60, 60_001)
    condition = alpha * (special.ndtr(q) - y) - math.sqrt(beta) * q - math.sqrt(alpha + beta) * special.ndtri(c)
    changes = np.flatnonzero((condition[1:] >= 0) != (condition[:-1] >= 0))  # a root on the grid counts once
    found = thresholds(c, alpha, beta, y)
    roots = [math.sqrt(beta) * (point.x - point.theta) for point in found]
    assume(all(abs(root) < 59 for root in roots))
    for change in changes:
        # x* - theta* is a difference, so the roots are compared to the digits it leaves
        near = 1e-6 + 1e-14 * max(1.0, math.sqrt(beta))
        assert any(q[change] - near <= root <= q[change + 1] + near for root in roots)
    assert len(found) - len(changes) in (0, 2)


@given(COSTS, LOUDNESS, BETAS, SIGNALS)
def test_the_mirrored_game_has_the_mirrored_equilibria(c: float, loudness: float, beta: float, y: float) -> None:
    assume(c > 1e-6)
    alpha = loudness * math.sqrt(beta)
    band = multiplicity_range(c, alpha, beta)
    assume(band is None or min(abs(y - band[0]), abs(y - band[1])) > 1e-6 * (1 + abs(y)))
    found, mirror = thresholds(c, alpha, beta, y), thresholds(1 - c, alpha, beta, 1 - y)
    assert len(found) == len(mirror)
    for point, other in zip(found, reversed(mirror), strict=True):
        assert point.theta == pytest.approx(other.margin, abs=1e-7)


@given(COSTS, BETAS, SIGNALS, st.floats(-12, -8))
def test_a_fading_public_signal_leaves_the_flat_prior(c: float, beta: float, y: float, power: float) -> None:
    (faint,) = thresholds(c, 10.0**power * beta, beta, y)
    silent = flat_prior(c, 1 / math.sqrt(beta))
    # the threshold moves by at most alpha |theta - y| / sqrt(beta) phi(0), to first order
    assert faint.theta == pytest.approx(silent.theta, abs=10.0**power * (10 + 10 * math.sqrt(beta)))
    (gone,) = thresholds(c, 0, beta, y)
    assert gone.theta == pytest.approx(silent.theta, abs=1e-14)
    assert gone.x == pytest.approx(silent.x, rel=1e-12, abs=1e-12)


@given(COSTS, LOUDNESS, BETAS, SIGNALS, st.floats(0, 3))
def test_hope_never_lowers_the_extreme_thresholds(c: float, loudness: float, beta: float, y: float, gap: float) -> None:
    alpha = loudness * math.sqrt(beta)
    despair, hope = thresholds(c, alpha, beta, y + gap), thresholds(c, alpha, beta, y)
    assert hope[0].theta >= despair[0].theta - 1e-12
    assert hope[-1].theta >= despair[-1].theta - 1e-12
    effect = tone_effect(c, alpha, beta, y_despair=y + gap, y_hope=y)
    assert effect.most >= effect.least
    assert effect.most >= -1e-12

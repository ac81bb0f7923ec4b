"""Laws of the stag hunt: the equation holds at any size, mirrored games have mirrored roots, roots are monotone."""

import math

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from corrigible.sandbox.games.binomial import log_at_least
from corrigible.sandbox.games.stag_hunt import replicator_flow, solve, stag_payoff


@st.composite
def hunts(draw: st.DrawFn, largest: int = 10**6) -> tuple[int, int, float]:
    n = draw(st.integers(2, largest))
    m = draw(st.integers(2, n) | st.just(n) | st.integers(2, min(n, 10)))
    r = draw(st.floats(1e-6, 1 - 1e-6) | st.floats(1e-300, 1e-6) | st.floats(1e-16, 1e-6).map(lambda gap: 1 - gap))
    assume(0 < r < 1)
    return n, m, r


@given(hunts())
def test_the_smaller_tail_at_the_root_is_met_to_ten_digits(game: tuple[int, int, float]) -> None:
    n, m, r = game
    (mixed,) = solve(n, m, r).mixed
    if r <= 0.5:
        assert log_at_least(m - 1, n - 1, mixed.hunt, mixed.hare) == pytest.approx(math.log(r), abs=1e-9)
    else:
        tail = log_at_least(n - m + 1, n - 1, mixed.hare, mixed.hunt)
        assert tail == pytest.approx(math.log1p(-r), abs=1e-9)


@given(hunts(largest=400))
@settings(max_examples=60)
def test_the_root_agrees_with_a_plain_sum_of_binomial_terms(game: tuple[int, int, float]) -> None:
    n, m, r = game
    assume(1e-12 < r < 1 - 1e-12)
    (mixed,) = solve(n, m, r).mixed
    logs = [
        math.lgamma(n) - math.lgamma(k + 1) - math.lgamma(n - k) + k * math.log(mixed.hunt)
        + (n - 1 - k) * math.log(mixed.hare)
        for k in range(m - 1, n)
    ]  # fmt: skip
    assert math.fsum(map(math.exp, logs)) == pytest.approx(r, rel=1e-9, abs=0)


@given(hunts())
def test_the_mirrored_hunt_has_the_mirrored_root(game: tuple[int, int, float]) -> None:
    n, m, r = game
    r = max(1, round(r * 2**40) - 1) / 2**40  # so that 1 - r has no rounding
    (mixed,), (mirror,) = solve(n, m, r).mixed, solve(n, n - m + 2, 1 - r).mixed
    assert mixed.hunt == pytest.approx(mirror.hare, rel=1e-9, abs=0)
    assert mixed.hare == pytest.approx(mirror.hunt, rel=1e-9, abs=0)


@given(hunts(largest=10**4), st.floats(1.01, 2))
def test_dearer_hares_and_higher_thresholds_raise_the_tipping_point(
    game: tuple[int, int, float], dearer: float
) -> None:
    n, m, r = game
    assume(r > 1e-9 and r * dearer < 1 - 1e-9)
    tip = solve(n, m, r).mixed[0].hunt
    assert solve(n, m, r * dearer).mixed[0].hunt > tip
    assert solve(n + 1, m, r).mixed[0].hunt < tip
    assert solve(n + 1, m + 1, r).mixed[0].hunt > tip


@given(hunts(largest=2000), st.floats(0.001, 0.999))
def test_the_population_moves_towards_the_end_of_its_basin(game: tuple[int, int, float], x: float) -> None:
    n, m, r = game
    tip = solve(n, m, r).mixed[0].hunt
    assume(abs(x - tip) > 1e-9)
    flow = float(replicator_flow(x, n, m, r))
    # far inside a basin the payoff differs from r by less than rounding only if r is within rounding of 0 or 1
    assert (flow >= 0) if x > tip else (flow <= 0)


@given(hunts(largest=5000))
def test_the_criteria_compare_r_with_their_own_chance(game: tuple[int, int, float]) -> None:
    n, m, r = game
    found = solve(n, m, r)
    assert found.laplacian_chance == pytest.approx(float(np.mean(np.arange(n) >= m - 1)), rel=1e-14, abs=0)
    assert found.half_chance == float(stag_payoff(0.5, n, m))
    for chance, selected in (
        (found.half_chance, found.half_selects),
        (found.laplacian_chance, found.laplacian_selects),
    ):
        assert selected in ({"stag", "tie"} if chance > r else {"hare", "tie"})
        assert (selected == "tie") == (abs(chance - r) <= 1e-11 * max(chance, r))


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(("n", "m", "r"), [(2, 2, 0.4), (10, 7, 0.3), (30, 2, 0.05), (200, 190, 0.9)])
def test_simulated_hunts_leave_players_indifferent_at_the_root(seed: int, n: int, m: int, r: float) -> None:
    (mixed,) = solve(n, m, r).mixed
    others = np.random.default_rng(seed).binomial(n - 1, mixed.hunt, size=400_000)
    error = 4.5 * math.sqrt(r * (1 - r) / 400_000)
    assert float(np.mean(others >= m - 1)) == pytest.approx(r, abs=error)

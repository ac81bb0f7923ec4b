"""Laws of the N-person stag hunt in groups: rest points rest, stability is a sign, fixation and drift hang together."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from corrigible.sandbox.games import finite_population
from corrigible.sandbox.games.finite_groups import advantage, replicator, solve

ENHANCEMENTS = st.floats(0.05, 3) | st.floats(1e-9, 1e-2)


@st.composite
def groups(draw: st.DrawFn, largest: int = 10**5) -> tuple[int, int, float]:
    N = draw(st.integers(2, largest))
    M = draw(st.integers(1, N) | st.just(N) | st.integers(1, min(N, 5)))
    critical = solve(N, M, 1.0).critical_enhancement
    F = draw(
        st.floats(0.01, 3).map(lambda part: critical * part)
        | st.floats(-9, 2).map(lambda power: critical * (1 + 10.0**power))
        | st.floats(-12, 0).map(lambda power: N * (1 - 10.0**power) + 1e-6)
    )
    return N, M, F


@given(groups())
def test_at_every_rest_point_both_choices_pay_the_same(game: tuple[int, int, float]) -> None:
    N, M, F = game
    for point in solve(N, M, F).interior:
        assert 0 < point.cooperate <= 1
        assert 0 < point.defect <= 1
        assert point.cooperate + point.defect == pytest.approx(1, abs=1e-15)
        assert float(advantage(point.cooperate, N, M, F)) == pytest.approx(0, abs=1e-10 * (1 + F / N))


@given(groups(largest=500))
def test_the_sign_of_the_advantage_changes_at_rest_points_only(game: tuple[int, int, float]) -> None:
    N, M, F = game
    found = solve(N, M, F)
    assume(not found.neutral)
    ends = [0.0, *(point.cooperate for point in found.interior), 1.0]
    signs = []
    for low, high in itertools.pairwise(ends):
        inside = low + (high - low) * np.linspace(0.02, 0.98, 25)
        values = advantage(inside, N, M, F)
        values = values[np.abs(values) > 1e-9 * (1 + F / N)]
        assert len(set(np.sign(values))) <= 1
        signs.append(float(np.sign(values[0])) if len(values) else None)
    for point, below, above in zip(found.interior, signs, signs[1:], strict=False):
        if below is not None and above is not None and below != above:
            assert point.stability == ("unstable" if below < above else "stable")


@given(groups(largest=200), st.floats(1.01, 3))
def test_more_enhancement_widens_the_basin_of_cooperation(game: tuple[int, int, float], factor: float) -> None:
    N, M, F = game
    less, more = solve(N, M, F).interior, solve(N, M, F * factor).interior
    assume(less)
    assert more
    assert more[0].cooperate < less[0].cooperate
    if len(less) == len(more) == 2:
        assert more[1].cooperate > less[1].cooperate


@given(groups(largest=50), st.floats(0.001, 0.999))
@settings(max_examples=40)
def test_a_trajectory_is_monotone_and_stays_on_its_side(game: tuple[int, int, float], x0: float) -> None:
    N, M, F = game
    path = replicator(x0, N, M, F, t_end=20, points=41)
    shares = np.array(path.cooperate)
    assert bool(np.all((shares >= 0) & (shares <= 1)))
    steps = np.diff(shares)
    slack = 1e-8
    if path.tends_to >= x0:
        assert bool(np.all(steps >= -slack))
        assert shares[-1] <= path.tends_to + slack
    else:
        assert bool(np.all(steps <= slack))
        assert shares[-1] >= path.tends_to - slack


@st.composite
def populations(draw: st.DrawFn) -> tuple[int, int, int, float]:
    Z = draw(st.integers(2, 80))
    N = draw(st.integers(2, Z))
    return Z, N, draw(st.integers(1, N)), draw(st.floats(0.1, 3 * N))


@given(populations(), st.floats(0, 5))
def test_the_two_fixation_probabilities_have_the_ratio_of_the_summed_advantage(
    game: tuple[int, int, int, float], selection: float
) -> None:
    found = finite_population.solve(*game, selection=selection)
    difference = found.log_fixation_of_defector - found.log_fixation_of_cooperator
    assert difference == pytest.approx(-selection * math.fsum(found.advantage), rel=1e-10, abs=1e-9)
    assert found.log_fixation_of_cooperator <= 0
    assert found.log_fixation_of_defector <= 0


@given(populations(), st.floats(0, 5), st.floats(-9, 0).map(lambda power: 10.0**power))
def test_the_stationary_distribution_is_in_detailed_balance(
    game: tuple[int, int, int, float], selection: float, mutation: float
) -> None:
    Z = game[0]
    found = finite_population.solve(*game, selection=selection, mutation=mutation)
    assert found.stationary is not None
    assert math.fsum(found.stationary) == pytest.approx(1, abs=1e-12)
    for k in range(Z):
        forces = [selection * found.advantage[j - 1] if 0 < j < Z else 0.0 for j in (k, k + 1)]
        up = (1 - mutation) * k / Z * (Z - k) / Z / (1 + math.exp(min(700, -forces[0]))) + mutation * (Z - k) / Z
        down = (1 - mutation) * (k + 1) / Z * (Z - k - 1) / Z / (1 + math.exp(min(700, forces[1])))
        down += mutation * (k + 1) / Z
        assert found.stationary[k] * up == pytest.approx(found.stationary[k + 1] * down, rel=1e-8, abs=1e-290)


@given(populations(), st.floats(0.01, 3))
def test_fixation_grows_with_the_number_of_cooperators(game: tuple[int, int, int, float], selection: float) -> None:
    Z = game[0]
    logs = [
        finite_population.fixation_probability(*game, selection=selection, cooperators=start)[1]
        for start in sorted({1, (Z + 1) // 2, Z - 1})
    ]
    assert logs == sorted(logs)

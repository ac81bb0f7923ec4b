"""N-person stag hunt in groups: reference rest points, every number of them, the critical enhancement, trajectories."""

import dataclasses
import json
import math
from fractions import Fraction

import numpy as np
import pytest

from corrigible.errors import BadInput
from corrigible.sandbox.games.finite_groups import advantage, replicator, sentences, solve


@pytest.mark.parametrize(
    ("group_size", "threshold", "enhancement", "roots"),
    [
        (10, 5, 8, [0.34679802272126264, 0.7067953694318649]),
        (20, 10, 12, [0.4014903590291701, 0.6168764551607658]),
    ],
)
def test_the_rest_points_have_their_reference_values(
    group_size: int, threshold: int, enhancement: float, roots: list[float]
) -> None:
    found = solve(group_size, threshold, enhancement).interior
    assert [point.cooperate for point in found] == pytest.approx(roots, rel=1e-13, abs=0)
    assert [point.stability for point in found] == ["unstable", "stable"]


def exact_advantage(x: Fraction, group_size: int, threshold: int, enhancement: float) -> Fraction:
    """f_C - f_D by enumeration of the companions."""
    total, F, N = Fraction(0), Fraction(enhancement), group_size
    for k in range(N):
        weight = math.comb(N - 1, k) * x**k * (1 - x) ** (N - 1 - k)
        cooperator = (k + 1) * F / N if k + 1 >= threshold else Fraction(0)
        defector = k * F / N if k >= threshold else Fraction(0)
        total += weight * (cooperator - 1 - defector)
    return total


@pytest.mark.parametrize(("N", "M", "F"), [(2, 2, 3.0), (5, 1, 2.0), (6, 4, 9.5), (10, 5, 8.0), (12, 11, 4.0)])
def test_the_advantage_is_that_of_enumerated_groups(N: int, M: int, F: float) -> None:
    for x in (0.0, 1e-9, 0.2, 0.5, 0.83, 1.0):
        assert float(advantage(x, N, M, F)) == pytest.approx(
            float(exact_advantage(Fraction(x), N, M, F)), abs=1e-14 * F
        )


@pytest.mark.parametrize(("N", "M"), [(N, M) for N in range(2, 9) for M in range(1, N + 1)])
@pytest.mark.parametrize("F", [0.5, 1.1, 2.3, 4.4, 6.1, 7.9, 8.5, 40.0])
def test_no_root_of_the_polynomial_is_missed(N: int, M: int, F: float) -> None:
    # R(x) - N / F as a polynomial in x, its real roots in (0, 1) by the eigenvalues of the companion matrix
    polynomial = np.polynomial.Polynomial([-N / F])
    x = np.polynomial.Polynomial([0, 1])
    for k in range(M - 1, N):
        polynomial = polynomial + math.comb(N - 1, k) * (M if k == M - 1 else 1) * x**k * (1 - x) ** (N - 1 - k)
    found = [point.cooperate for point in solve(N, M, F).interior]
    if M == 1:
        assert found == []
        return
    roots = [root.real for root in polynomial.roots() if abs(root.imag) < 1e-7 and 1e-9 < root.real < 1 - 1e-7]
    assert found == pytest.approx(sorted(roots), abs=1e-6)


def test_two_rest_points_are_born_at_the_critical_enhancement() -> None:
    critical = solve(10, 5, 8).critical_enhancement
    assert solve(10, 5, critical * (1 - 1e-9)).interior == ()
    (born,) = solve(10, 5, critical).interior
    assert (born.cooperate, born.stability) == (0.5, "half-stable")
    low, high = solve(10, 5, critical * (1 + 1e-9)).interior
    assert low.cooperate < 0.5 < high.cooperate
    assert high.cooperate - low.cooperate < 1e-3
    assert float(advantage(0.5, 10, 5, critical)) == pytest.approx(0, abs=1e-14)


def test_the_ends_are_stable_as_the_enhancement_says() -> None:
    kinds = {
        (10, 5, 3.0): (True, False, 0),
        (10, 5, 8.0): (True, False, 2),
        (10, 5, 10.0): (True, True, 1),
        (10, 5, 20.0): (True, True, 1),
        (10, 10, 0.9): (True, False, 0),
        (10, 10, 1.0): (True, False, 0),
        (10, 10, 5.0): (True, True, 1),
        (10, 1, 5.0): (True, False, 0),
        (10, 1, 20.0): (False, True, 0),
    }
    for game, (defection, cooperation, interior) in kinds.items():
        found = solve(*game)
        assert (found.defection_stable, found.cooperation_stable, len(found.interior)) == (
            defection,
            cooperation,
            interior,
        )
        assert not found.neutral
        assert (float(advantage(1e-6, *game)) < 0) == defection
        assert (float(advantage(0.99, *game)) > 0) == cooperation


def test_one_needed_cooperator_and_a_full_return_make_everything_neutral() -> None:
    found = solve(10, 1, 10)
    assert found.neutral
    assert (found.defection_stable, found.cooperation_stable, found.interior) == (False, False, ())
    assert replicator(0.3, 10, 1, 10).tends_to == 0.3
    assert len(sentences(found)) == 2


def test_unanimity_has_its_closed_form() -> None:
    (point,) = solve(1000, 1000, 7).interior
    assert point.cooperate == pytest.approx(7 ** (-1 / 999), rel=1e-15, abs=0)
    assert point.defect == pytest.approx(-math.expm1(-math.log(7) / 999), rel=1e-14, abs=0)


def test_rest_points_near_the_ends_keep_their_digits() -> None:
    (low,) = solve(10, 5, 1e300).interior
    # R = M C(N - 1, M - 1) x^(M - 1) to first order
    assert low.cooperate == pytest.approx((10 / 1e300 / (5 * math.comb(9, 4))) ** 0.25, rel=1e-12, abs=0)
    F = 10 * (1 - 1e-12)
    high = solve(10, 5, F).interior[1]
    # R - 1 = (M - 1) C(N - 1, M - 1) (1 - x)^(N - M) to first order, which the next order changes by 1 - x
    assert high.defect == pytest.approx(((10 - F) / F / (4 * math.comb(9, 4))) ** 0.2, rel=0.02, abs=0)


@pytest.mark.parametrize(("N", "M", "F"), [(10**6, 500_000, 5e5), (10**6, 2, 999_999.0), (10**6, 999_999, 3.0)])
def test_groups_of_a_million_rest_where_both_choices_pay_the_same(N: int, M: int, F: float) -> None:
    found = solve(N, M, F)
    assert len(found.interior) == 2
    for point in found.interior:
        assert float(advantage(point.cooperate, N, M, F)) == pytest.approx(0, abs=1e-10)


def test_trajectories_end_where_the_rest_points_say() -> None:
    low, high = (point.cooperate for point in solve(10, 5, 8).interior)
    for x0, limit in ((low - 0.01, 0.0), (low + 0.01, high), (0.95, high), (0.0, 0.0), (1.0, 1.0), (low, low)):
        path = replicator(x0, 10, 5, 8, t_end=400)
        assert path.tends_to == limit
        assert path.cooperate[0] == pytest.approx(x0, abs=1e-15)
        assert path.cooperate[-1] == pytest.approx(limit, abs=1e-8)
    assert replicator(0.9, 10, 5, 20).tends_to == 1.0


def test_a_trajectory_satisfies_its_separated_form() -> None:
    # N = M = 2: dx/dt = x (1 - x) (F x - 1), integrated by partial fractions
    F = 3.0

    def time(x: float) -> float:
        return -math.log(x) - math.log(1 - x) / (F - 1) + F / (F - 1) * math.log(abs(F * x - 1))

    path = replicator(0.4, 2, 2, F, t_end=5, points=11)
    for t, x in zip(path.times, path.cooperate, strict=True):
        assert time(x) - time(0.4) == pytest.approx(t, abs=1e-8)


def test_a_strong_enhancement_is_followed_without_stiffness() -> None:
    path = replicator(0.35, 10, 5, 1e9, t_end=50)
    assert path.cooperate[-1] == 1.0
    assert replicator(1e-300, 10, 5, 20, t_end=1).cooperate[-1] < 1e-300


@pytest.mark.parametrize(("N", "M", "F"), [(10, 5, 8), (10, 5, 3), (10, 5, 20), (10, 1, 10), (10, 10, 5)])
def test_a_solution_is_plain_json_and_told_in_two_to_four_lines(N: int, M: int, F: float) -> None:
    found = solve(N, M, F)
    assert json.loads(json.dumps(dataclasses.asdict(found), allow_nan=False))["group_size"] == N
    lines = sentences(found)
    assert 2 <= len(lines) <= 4
    assert all(line and "\n" not in line for line in lines)
    critical = solve(N, M, found.critical_enhancement)
    assert all(line for line in sentences(critical))


@pytest.mark.parametrize(
    ("N", "M", "F"),
    [
        (1, 1, 2),
        (5, 6, 2),
        (5, 0, 2),
        (5.0, 3, 2),
        (5, 2.5, 2),
        (5, 3, 0),
        (5, 3, -1),
        (5, 3, math.nan),
        (5, 3, math.inf),
    ],
)
def test_groups_that_make_no_game_are_refused(N: object, M: object, F: object) -> None:
    for refuse in (
        lambda: solve(N, M, F),  # type: ignore[arg-type]
        lambda: advantage(0.5, N, M, F),  # type: ignore[arg-type]
        lambda: replicator(0.5, N, M, F),  # type: ignore[arg-type]
    ):
        with pytest.raises(BadInput):
            refuse()


def test_shares_and_times_out_of_range_are_refused() -> None:
    for x in (-0.1, 1.1, math.nan):
        with pytest.raises(BadInput, match="x"):
            advantage([0.5, x], 5, 3, 2)
        with pytest.raises(BadInput, match="x0"):
            replicator(x, 5, 3, 2)
    with pytest.raises(BadInput, match="t_end"):
        replicator(0.5, 5, 3, 2, t_end=0)
    with pytest.raises(BadInput, match="points"):
        replicator(0.5, 5, 3, 2, points=1)

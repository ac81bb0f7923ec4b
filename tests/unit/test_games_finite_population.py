"""The finite population: exact sampling, fixation against the Markov chain, the stationary distribution, drift."""

import dataclasses
import json
import math
from fractions import Fraction

import numpy as np
import pytest
from scipy import linalg

from corrigible.errors import BadInput
from corrigible.sandbox.games import finite_groups
from corrigible.sandbox.games.finite_population import advantage, fixation_probability, sentences, solve


def exact_advantage(Z: int, N: int, M: int, F: float) -> list[float]:
    """f_C - f_D in rational arithmetic, by counting the groups."""
    differences = []
    for k in range(1, Z):
        total = Fraction(-1)
        for j in range(N):
            cooperator = Fraction(math.comb(k - 1, j) * math.comb(Z - k, N - 1 - j), math.comb(Z - 1, N - 1))
            defector = Fraction(math.comb(k, j) * math.comb(Z - 1 - k, N - 1 - j), math.comb(Z - 1, N - 1))
            share = Fraction(F) / N
            total += cooperator * (j + 1) * share * (j + 1 >= M) - defector * j * share * (j >= M)
        differences.append(float(total))
    return differences


@pytest.mark.parametrize(
    ("Z", "N", "M", "F"),
    [(2, 2, 2, 3.0), (20, 5, 3, 4.0), (20, 20, 10, 12.0), (60, 10, 5, 8.0), (100, 10, 1, 8.0), (150, 40, 40, 30.0)],
)
def test_the_advantage_is_that_of_counted_groups(Z: int, N: int, M: int, F: float) -> None:
    assert advantage(Z, N, M, F).tolist() == pytest.approx(exact_advantage(Z, N, M, F), abs=1e-14 * F)


def test_a_large_population_is_the_infinite_one() -> None:
    Z = 100_000
    found = solve(Z, 10, 5, 8)
    shares = np.arange(1, Z) / Z
    assert np.allclose(advantage(Z, 10, 5, 8), finite_groups.advantage(shares, 10, 5, 8), atol=2e-3)
    rests = [point.cooperate for point in finite_groups.solve(10, 5, 8).interior]
    assert [turn / Z for turn in found.turning_points] == pytest.approx(rests, abs=1e-4)


def chain(Z: int, pull: np.ndarray, rate: float) -> np.ndarray:
    """Transition matrix over k = 0 .. Z of the pairwise comparison process, written out."""
    matrix = np.zeros((Z + 1, Z + 1))
    for k in range(Z + 1):
        force = pull[k - 1] if 0 < k < Z else 0.0
        meet = k / Z * (Z - k) / Z
        up = (1 - rate) * meet / (1 + math.exp(-force)) + rate * (Z - k) / Z
        down = (1 - rate) * meet / (1 + math.exp(force)) + rate * k / Z
        if k < Z:
            matrix[k, k + 1] = up
        if k > 0:
            matrix[k, k - 1] = down
        matrix[k, k] = 1 - up - down
    return matrix


@pytest.mark.parametrize(("Z", "F", "w", "mu"), [(20, 8.0, 1.0, 0.01), (31, 12.0, 0.3, 0.2), (15, 3.0, 5.0, 1e-4)])
def test_the_stationary_distribution_is_that_of_the_chain(Z: int, F: float, w: float, mu: float) -> None:
    found = solve(Z, 10, 5, F, selection=w, mutation=mu)
    stationary = np.array(found.stationary)
    assert stationary.sum() == pytest.approx(1, abs=1e-13)
    assert np.allclose(stationary @ chain(Z, w * np.array(found.advantage), mu), stationary, atol=1e-14)
    assert found.mean_cooperation == pytest.approx(float(stationary @ np.arange(Z + 1)) / Z, rel=1e-13, abs=0)


@pytest.mark.parametrize(("Z", "F", "w"), [(20, 8.0, 0.2), (31, 12.0, 0.5), (15, 3.0, 0.7)])
def test_fixation_is_that_of_the_absorbing_chain(Z: int, F: float, w: float) -> None:
    found = solve(Z, 10, 5, F, selection=w)
    matrix = chain(Z, w * np.array(found.advantage), 0.0)
    inner = np.eye(Z - 1) - matrix[1:-1, 1:-1]
    absorbed = linalg.solve(inner, matrix[1:-1, -1])
    assert found.fixation_of_cooperator == pytest.approx(absorbed[0], rel=1e-9, abs=0)
    assert found.fixation_of_defector == pytest.approx(1 - absorbed[-1], rel=1e-9, abs=0)
    for start in (1, 2, Z // 2, Z - 1):
        chance, log_chance = fixation_probability(Z, 10, 5, F, selection=w, cooperators=start)
        assert chance == pytest.approx(absorbed[start - 1], rel=1e-9, abs=0)
        assert log_chance == pytest.approx(math.log(absorbed[start - 1]), abs=1e-9)


def test_without_selection_fixation_is_pure_chance_and_the_stationary_mean_is_one_half() -> None:
    found = solve(50, 10, 5, 8, selection=0, mutation=0.05)
    assert found.fixation_of_cooperator == pytest.approx(1 / 50, rel=1e-13, abs=0)
    assert found.fixation_of_defector == pytest.approx(1 / 50, rel=1e-13, abs=0)
    assert fixation_probability(50, 10, 5, 8, selection=0, cooperators=20)[0] == pytest.approx(0.4, rel=1e-13, abs=0)
    assert found.mean_cooperation == pytest.approx(0.5, rel=1e-12, abs=0)


def test_pure_mutation_leaves_a_binomial_population() -> None:
    found = solve(12, 4, 2, 3, mutation=1)
    assert found.stationary == pytest.approx([math.comb(12, k) / 2**12 for k in range(13)], rel=1e-12, abs=0)


def test_strong_selection_in_a_large_population_keeps_its_logarithm() -> None:
    found = solve(10_000, 10, 5, 8, selection=10)
    assert found.fixation_of_cooperator == 0
    # the greatest barrier: the sum of the advantages up to the first turning point
    barrier = 10 * math.fsum(found.advantage[: found.turning_points[0]])
    assert found.log_fixation_of_cooperator == pytest.approx(barrier, abs=10)
    assert barrier < -10_000
    assert "exp(-2" in sentences(found)[0]


def test_simulated_invasions_succeed_as_often_as_calculated() -> None:
    Z, w, runs = 12, 0.4, 4000
    found = solve(Z, 4, 2, 6, selection=w)
    chance, _ = fixation_probability(Z, 4, 2, 6, selection=w, cooperators=3)
    generator = np.random.default_rng(11)
    up = 1 / (1 + np.exp(-w * np.array(found.advantage)))
    cooperators = np.full(runs, 3)
    while ((cooperators > 0) & (cooperators < Z)).any():
        inside = (cooperators > 0) & (cooperators < Z)
        rises = generator.random(runs) < up[np.clip(cooperators - 1, 0, Z - 2)]
        cooperators = cooperators + inside * np.where(rises, 1, -1)
    assert float(np.mean(cooperators == Z)) == pytest.approx(chance, abs=4.5 * 0.5 / math.sqrt(runs))


@pytest.mark.parametrize("mutation", [None, 1e-9, 0.3])
def test_a_solution_is_plain_json_and_told_in_two_to_four_lines(mutation: float | None) -> None:
    for F in (1.0, 8.0, 100.0):
        found = solve(40, 10, 5, F, mutation=mutation)
        assert json.loads(json.dumps(dataclasses.asdict(found), allow_nan=False))["population"] == 40
        lines = sentences(found)
        assert 2 <= len(lines) <= 4
        assert all(line and "\n" not in line for line in lines)


@pytest.mark.parametrize(
    ("Z", "N", "M", "F"),
    [
        (1, 1, 1, 2),
        (10, 11, 5, 2),
        (10, 1, 1, 2),
        (10, 5, 6, 2),
        (10, 5, 0, 2),
        (10.0, 5, 3, 2),
        (10, 5, 3, 0),
        (10, 5, 3, -2),
    ],
)
def test_populations_that_make_no_game_are_refused(Z: object, N: object, M: object, F: object) -> None:
    with pytest.raises(BadInput):
        solve(Z, N, M, F)  # type: ignore[arg-type]


@pytest.mark.parametrize("mutation", [0, -0.1, 1.1, math.nan])
def test_a_mutation_without_a_unique_long_run_is_refused(mutation: float) -> None:
    with pytest.raises(BadInput, match="mutation"):
        solve(10, 5, 3, 2, mutation=mutation)


def test_selection_and_starts_out_of_range_are_refused() -> None:
    for selection in (-1, math.nan, math.inf, 1e300):
        with pytest.raises(BadInput, match="selection"):
            solve(10, 5, 3, 2, selection=selection)
    for cooperators in (0, 10, 1.0):
        with pytest.raises(BadInput, match="cooperators"):
            fixation_probability(10, 5, 3, 2, cooperators=cooperators)  # type: ignore[arg-type]

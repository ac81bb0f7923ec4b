"""The interval of a bounded mean against Clopper-Pearson, exact fractions, and simulation."""

import math
from collections.abc import Callable
from fractions import Fraction

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import special, stats

from corrigible.statistics import proportion_interval
from corrigible.statistics.bounded import bounded_mean_ends, dirichlet_mean_cdf, dirichlet_mean_quantile

SEEDS = (3, 5, 10)
TRIALS = 2_000
MONTE_CARLO_ERROR = 4 * math.sqrt(0.95 * 0.05 / TRIALS)
UNIT = (0.0, 1.0)


@pytest.mark.parametrize("level", [0.5, 0.95, 0.999])
@pytest.mark.parametrize("n", [1, 2, *SEEDS, 40])
def test_yes_and_no_give_clopper_pearson_at_every_count(n: int, level: float) -> None:
    for successes in range(n + 1):
        expected = proportion_interval(successes, n, level)
        found = bounded_mean_ends(np.repeat([0.0, 1.0], [n - successes, successes]), (1 - level) / 2, bounds=UNIT)
        assert found == pytest.approx((expected.low, expected.high), rel=1e-10, abs=1e-12)


@pytest.mark.parametrize("value", [0.0, 0.3, 0.95, 1.0])
@pytest.mark.parametrize("n", [1, 2, *SEEDS, 40])
def test_equal_values_leave_to_the_rest_what_the_binomial_leaves_to_dissenters(n: int, value: float) -> None:
    dissent = 1 - 0.025 ** (1 / n)
    low, high = bounded_mean_ends(np.full(n, value), 0.025, bounds=UNIT)
    assert (low, high) == pytest.approx((value - dissent * value, value + dissent * (1 - value)), rel=1e-12)


@pytest.mark.parametrize("n", [2, *SEEDS, 30])
def test_the_law_of_the_weighted_mean_equals_divided_differences_in_exact_fractions(n: int) -> None:
    points = np.random.default_rng(n).normal(0, 1, n + 1).tolist()
    exact = [Fraction(point) for point in points]
    for value in np.linspace(min(points), max(points), 9)[1:-1].tolist():
        above = sum(
            (point - Fraction(value)) ** n / math.prod(point - other for other in exact if other != point)
            for point in exact
            if point > value
        )
        assert dirichlet_mean_cdf(points, value) == pytest.approx(float(1 - above), abs=1e-14)


def test_the_law_of_the_weighted_mean_is_that_of_drawn_dirichlet_weights() -> None:
    points = np.array([0.0, 0.2, 0.2, 0.9, 1.0])
    means = np.random.default_rng(1).dirichlet(np.ones(5), 200_000) @ points
    for value in (0.1, 0.2, 0.3, 0.5, 0.8):
        assert dirichlet_mean_cdf(points.tolist(), value) == pytest.approx((means <= value).mean(), abs=0.005)


def test_ties_and_neighbours_apart_by_a_rounding_error_are_the_same() -> None:
    near = [0.0, 1.0, 1.0 - 2e-16, 1.0 - 1e-16, 1.0]
    for probability in (0.001, 0.5, 0.999):
        assert dirichlet_mean_quantile(near, probability) == pytest.approx(
            float(special.betaincinv(4, 1, probability)), rel=1e-12
        )


def test_points_that_are_all_the_same_have_one_quantile() -> None:
    assert dirichlet_mean_quantile([0.7] * 4, 0.025) == 0.7


def test_the_law_runs_from_nothing_at_the_least_point_to_all_at_the_greatest() -> None:
    points = [0.2, 0.4, 0.9]
    assert [dirichlet_mean_cdf(points, value) for value in (0.1, 0.2, 0.9, 1.0)] == [0, 0, 1, 1]


def nearly_certain(generator: np.random.Generator, shape: tuple[int, int]) -> NDArray[np.float64]:
    outcome = generator.random(shape) < 0.9
    return generator.binomial(128, np.where(outcome, 0.99, 0.03)) / 128


DISTRIBUTIONS: dict[str, tuple[float, Callable[[np.random.Generator, tuple[int, int]], NDArray[np.float64]]]] = {
    "near one": (20 / 21, lambda generator, shape: generator.beta(20, 1, shape)),
    "uniform": (0.5, lambda generator, shape: generator.random(shape)),
    "u-shaped": (0.8, lambda generator, shape: generator.beta(0.4, 0.1, shape)),
    "skewed": (0.1, lambda generator, shape: generator.beta(0.2, 1.8, shape)),
    "a yes/no outcome by sampled episodes": (0.9 * 0.99 + 0.1 * 0.03, nearly_certain),
}


@pytest.mark.parametrize("name", DISTRIBUTIONS)
@pytest.mark.parametrize("n", SEEDS)
def test_bounded_means_are_covered_at_least_as_often_as_said(n: int, name: str) -> None:
    truth, draw = DISTRIBUTIONS[name]
    samples = draw(np.random.default_rng(n), (TRIALS, n))
    ends = [bounded_mean_ends(sample, 0.025, bounds=UNIT) for sample in samples]
    below = np.mean([truth < low for low, _ in ends])
    above = np.mean([truth > high for _, high in ends])
    one_side = 4 * math.sqrt(0.025 * 0.975 / TRIALS)
    assert below <= 0.025 + one_side
    assert above <= 0.025 + one_side
    assert below + above <= 0.05 + MONTE_CARLO_ERROR


def test_the_two_sided_interval_of_binary_seeds_is_scipys_exact_one() -> None:
    expected = stats.binomtest(8, 10).proportion_ci(0.95, method="exact")
    found = bounded_mean_ends(np.array([1.0] * 8 + [0.0] * 2), 0.025, bounds=UNIT)
    assert found == pytest.approx((expected.low, expected.high), rel=1e-10)

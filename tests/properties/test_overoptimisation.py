"""Best-of-n and the forms of over-optimisation, against brute force and closed forms."""

import math
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from corrigible.errors import BadInput
from corrigible.language.overoptimisation import best_of_n, best_of_n_kl, fit_gao

PAIRS = st.lists(st.tuples(st.integers(0, 4), st.integers(-5, 5)), min_size=1, max_size=7)


@given(PAIRS, st.data())
def test_best_of_n_is_the_mean_over_all_subsets_with_ties_split(pairs: list[tuple[int, int]], data: st.DataObject):
    proxy, gold = (np.array(part, dtype=np.float64) for part in zip(*pairs, strict=True))
    n = data.draw(st.integers(1, len(pairs)))
    paid, worth = [], []
    for some in combinations(range(len(pairs)), n):
        best = max(proxy[k] for k in some)
        tied = [k for k in some if proxy[k] == best]
        paid.append(best)
        worth.append(np.mean([gold[k] for k in tied]))
    assert best_of_n(proxy, gold, n) == pytest.approx((np.mean(paid), np.mean(worth)), abs=1e-9)


@given(st.integers(1, 10_000))
def test_kl_of_best_of_n_grows_from_nothing(n: int):
    assert best_of_n_kl(1) == 0.0
    assert best_of_n_kl(n + 1) > best_of_n_kl(n) >= 0.0
    assert best_of_n_kl(n) <= math.log(n)


def test_kl_of_best_of_n_is_that_of_the_order_statistic():
    n, grid = 16, np.linspace(0, 1, 200_001)[1:]
    density = n * grid ** (n - 1)  # of the highest of n uniform numbers
    assert np.trapezoid(density * np.log(density), grid) == pytest.approx(best_of_n_kl(n), abs=1e-4)


@given(st.floats(0.1, 5.0), st.floats(0.05, 2.0), st.sampled_from(["best-of-n", "rl"]))
def test_a_curve_of_either_form_is_found_again_with_its_peak(a: float, b: float, form: str):
    d = np.linspace(0.0, 4.0, 9)
    shape = d if form == "best-of-n" else np.log(np.where(d > 0, d, 1.0))
    fit = fit_gao(d, d * (a - b * shape), form)  # type: ignore[arg-type]
    assert (fit.a, fit.b) == (pytest.approx(a, abs=1e-8), pytest.approx(b, abs=1e-8))
    assert fit.peak == pytest.approx(a / (2 * b) if form == "best-of-n" else math.exp(a / b - 1), rel=1e-6)
    around = fit(np.array([fit.peak * 0.99, fit.peak, fit.peak * 1.01]))
    assert around[1] == pytest.approx(fit.top)
    assert around[1] >= max(around[0], around[2])


def test_what_only_rises_has_no_peak():
    d = np.linspace(0.0, 4.0, 9)
    fit = fit_gao(d, d * (1.0 + 0.3 * d), "best-of-n")
    assert fit.peak == math.inf
    assert fit.r2 == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("d", "gain"),
    [([0.0, 1.0, 2.0], [0.0, 1.0, 2.0]), ([1.0, 2.0, math.nan], [0, 1, 2]), ([-1.0, 1.0, 2.0], [0, 1, 2])],
    ids=["two points", "no number", "negative"],
)
def test_points_that_carry_no_fit_are_refused(d: list[float], gain: list[float]):
    with pytest.raises(BadInput):
        fit_gao(np.array(d), np.array(gain, dtype=np.float64), "rl")


@pytest.mark.parametrize("n", [0, 4])
def test_more_samples_than_there_are_cannot_be_compared(n: int):
    with pytest.raises(BadInput, match=f"best of {n}"):
        best_of_n(np.arange(3.0), np.arange(3.0), n)

"""Adjusted p-values against SciPy and published examples, and the error rates that they are there to control."""

import math

import numpy as np
import pytest
from scipy import stats

from corrigible.errors import BadInput
from corrigible.statistics import benjamini_hochberg, holm

HUNDREDTHS = [0.01, 0.04, 0.03, 0.005]


@pytest.mark.parametrize("m", [1, 2, 10, 200])
def test_benjamini_hochberg_equals_scipys(m: int) -> None:
    p = np.random.default_rng(m).beta(0.5, 1, m)
    np.testing.assert_allclose(benjamini_hochberg(p), stats.false_discovery_control(p), rtol=1e-12)


def test_holm_equals_the_worked_example() -> None:
    np.testing.assert_allclose(holm(HUNDREDTHS), [0.03, 0.06, 0.06, 0.02], rtol=1e-12)


@pytest.mark.parametrize("m", [1, 2, 10, 60])
def test_holm_rejects_what_stepping_down_by_hand_rejects(m: int) -> None:
    p = np.random.default_rng(m).beta(0.2, 2, m)
    for level in (0.01, 0.05, 0.2):
        rejected = np.zeros(m, dtype=bool)
        for step, index in enumerate(np.argsort(p)):
            if p[index] > level / (m - step):
                break
            rejected[index] = True
        np.testing.assert_array_equal(holm(p) <= level, rejected)


def test_holm_keeps_the_family_wise_error_where_raw_p_values_do_not() -> None:
    trials, m = 2_000, 10
    p = np.random.default_rng(0).uniform(size=(trials, m))
    error = 4 * math.sqrt(0.05 * 0.95 / trials)
    assert np.mean([(holm(row) <= 0.05).any() for row in p]) <= 0.05 + error
    assert (p <= 0.05).any(axis=1).mean() > 0.3


def test_benjamini_hochberg_keeps_the_share_of_false_discoveries() -> None:
    trials, nulls, effects = 1_500, 15, 5
    z = np.random.default_rng(1).normal(np.repeat([0.0, 3.0], [nulls, effects]), 1, (trials, nulls + effects))
    rejected = np.array([benjamini_hochberg(row) <= 0.1 for row in stats.norm.sf(z)])
    share = rejected[:, :nulls].sum(axis=1) / np.maximum(rejected.sum(axis=1), 1)
    controlled_at = 0.1 * nulls / (nulls + effects)  # exact for independent tests
    assert share.mean() == pytest.approx(controlled_at, abs=4 * share.std() / math.sqrt(trials))


@pytest.mark.parametrize("bad", [[], [0.5, 1.1], [-0.1], [math.nan], [[0.5]], 0.5])
def test_what_are_no_p_values_is_refused(bad: list[float]) -> None:
    for adjust in (holm, benjamini_hochberg):
        with pytest.raises(BadInput):
            adjust(bad)

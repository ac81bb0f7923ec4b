"""What the verdict of a gap promises, enumerated: errors, power, symmetry; and the best of many against simulation."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from corrigible.evals.digests import digest
from corrigible.evals.gap import Results, measure, one_stratum
from corrigible.evals.leak import best_ends, expected_best, share_behind_best
from corrigible.seeding import stream
from corrigible.statistics.proportions import chance_to_exclude, difference_ends, score_ends

COUNTS = st.integers(1, 400).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))


def chance(n: int, public: float, held_out: float, smallest: float, verdict: str) -> float:
    """Chance of a verdict with n items each: outcomes within five standard deviations, one by one."""

    def likely(share: float) -> np.ndarray:
        spread = 5 * np.sqrt(n * share * (1 - share)) + 1
        return np.arange(max(0, int(n * share - spread)), min(n, int(n * share + spread)) + 1)

    first, second = likely(public), likely(held_out)
    ends = {int(k): score_ends(k / n, n) for k in np.union1d(first, second)}
    total = 0.0
    for a, pa in zip(first, stats.binom.pmf(first, n, public), strict=True):
        for b, pb in zip(second, stats.binom.pmf(second, n, held_out), strict=True):
            low, high = difference_ends(a / n, b / n, ends[int(a)], ends[int(b)])
            if (verdict == "GAP" and low > smallest) or (verdict == "NO GAP" and high < smallest):
                total += pa * pb
    return total


@pytest.mark.parametrize(
    ("held_out", "smallest"), [(0.5, 0.15), (0.7, 0.15), (0.8, 0.1), (0.3, 0.2), (0.95, 0.1), (1.0, 0.1)]
)
def test_with_the_items_needed_no_gap_is_told_with_the_power_asked_and_errors_are_rare(
    held_out: float, smallest: float
) -> None:
    n = measure(one_stratum((1, 2), (round(10_000 * held_out), 10_000), smallest=smallest)).needed
    told = chance(n, held_out, held_out, smallest, "NO GAP")
    assert told >= 0.8 - 1e-6
    assert told < 0.9 or held_out == 1
    assert chance_to_exclude(held_out, n, smallest) == pytest.approx(told, abs=1e-5)
    for verdict in ("GAP", "NO GAP"):
        assert (
            chance(n, min(1.0, held_out + smallest), max(0.0, min(held_out, 1 - smallest)), smallest, verdict) < 0.035
        )


def test_fifty_items_tell_no_gap_of_five_points() -> None:
    assert chance(50, 0.8, 0.8, 0.05, "NO GAP") < 0.1
    assert chance(50, 0.85, 0.8, 0.05, "GAP") < 0.05


@given(COUNTS, COUNTS)
def test_exchanging_the_evals_mirrors_the_interval_which_holds_the_estimate(
    public: tuple[int, int], held_out: tuple[int, int]
) -> None:
    one = measure(one_stratum(public, held_out, smallest=0.1)).interval
    other = measure(one_stratum(held_out, public, smallest=0.1)).interval
    assert -1 <= one.low <= one.estimate + 1e-12
    assert one.estimate - 1e-12 <= one.high <= 1
    assert (one.low, one.high) == pytest.approx((-other.high, -other.low), abs=1e-12)


@given(COUNTS, COUNTS, st.integers(1, 6))
def test_a_result_cut_into_equal_strata_is_the_result(
    public: tuple[int, int], held_out: tuple[int, int], parts: int
) -> None:
    def score(pair: tuple[int, int], times: int) -> dict[str, int]:
        return {"correct": pair[0] * times, "items": pair[1] * times}

    strata = [{"stratum": str(i), "public": score(public, 1), "held_out": score(held_out, 1)} for i in range(parts)]
    cut = measure(Results.model_validate({"schema": 1, "smallest": 0.1, "strata": strata}))
    whole = measure(
        one_stratum((public[0] * parts, public[1] * parts), (held_out[0] * parts, held_out[1] * parts), smallest=0.1)
    )
    assert (cut.interval.low, cut.interval.high) == pytest.approx((whole.interval.low, whole.interval.high), abs=1e-9)


@given(COUNTS, st.integers(1, 10**9))
def test_the_share_behind_a_best_shows_that_best_and_lies_in_its_interval(pair: tuple[int, int], queries: int) -> None:
    share = share_behind_best(*pair, queries)
    low, high = best_ends(*pair, queries)
    assert low - 1e-9 <= share <= high + 1e-9
    assert share <= pair[0] / pair[1]
    if 0 < pair[0] < pair[1]:
        assert expected_best(share, pair[1], queries) == pytest.approx(pair[0] / pair[1], abs=1e-6)


@given(st.floats(0, 1), st.integers(1, 300), st.integers(1, 10**6))
def test_more_tries_never_look_worse(share: float, items: int, queries: int) -> None:
    assert share <= expected_best(share, items, queries) <= expected_best(share, items, queries + 1) + 1e-12 <= 1 + 1e-9


@pytest.mark.parametrize(("share", "items", "queries"), [(0.5, 100, 10), (0.5, 100, 100), (0.9, 37, 20)])
def test_the_expected_best_is_what_simulation_shows_and_its_interval_covers(
    share: float, items: int, queries: int
) -> None:
    best = stream(0, "best", items, queries).binomial(items, share, (20_000, queries)).max(axis=1)
    error = best.std() / items / np.sqrt(best.size)
    assert best.mean() / items == pytest.approx(expected_best(share, items, queries), abs=4 * error)
    ends = {int(k): best_ends(int(k), items, queries) for k in np.unique(best)}
    covered = np.mean([ends[int(k)][0] <= share <= ends[int(k)][1] for k in best])
    assert covered >= 0.945


@given(st.text(min_size=1), st.text(min_size=1))
def test_spaces_and_capitals_change_no_digest_and_the_salt_does(text: str, other: str) -> None:
    salt = b"sixteen bytes or more"
    assert digest(f"  {text}\t", salt) == digest(text, salt)
    assert digest("A b", salt) == digest(" a  B ", salt)
    assert digest(other, salt) != digest(other, salt + b"!")

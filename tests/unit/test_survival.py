"""Survival against published values: the remission times of Freireich et al. 1963, as in Cox 1972."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from corrigible.errors import BadInput
from corrigible.statistics import hazard_ratio, kaplan_meier

DRUG = [6, 6, 6, 6, 7, 9, 10, 10, 11, 13, 16, 17, 19, 20, 22, 23, 25, 32, 32, 34, 35]
RELAPSED = [1, 1, 1, 0, 1, 0, 1, 0, 0, 1, 1, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0]
PLACEBO = [1, 1, 2, 2, 3, 4, 4, 5, 5, 8, 8, 8, 8, 11, 11, 12, 12, 15, 17, 22, 23]
TIME = np.array(DRUG + PLACEBO, dtype=float)
HAPPENED = np.array(RELAPSED + [1] * 21, dtype=bool)
ON_PLACEBO = np.array([0.0] * 21 + [1.0] * 21)


def test_kaplan_meier_gives_the_published_remissions() -> None:
    found = kaplan_meier(TIME[:21], HAPPENED[:21])
    published = {6: 0.857, 7: 0.807, 10: 0.753, 13: 0.690, 16: 0.627, 22: 0.538, 23: 0.448}
    assert {time: round(found.at(time), 3) for time in published} == published
    assert (found.at(5.9), found.at(100)) == (1.0, found.at(23))
    place = list(found.time).index(6)
    assert found.low[place] == pytest.approx(0.6197, abs=1e-3), "log-log, as R's survfit(conf.type='log-log')"
    assert found.high[place] == pytest.approx(0.9516, abs=1e-3)


def test_without_an_event_all_are_left_and_nothing_is_smoothed() -> None:
    found = kaplan_meier([3.0, 5.0], [False, False])
    assert found.survival.tolist() == [1.0, 1.0]
    assert np.isnan(found.low).all()


def test_the_hazard_ratio_is_that_of_cox_with_efrons_ties() -> None:
    found = hazard_ratio(TIME, HAPPENED, ON_PLACEBO)
    assert math.log(found.interval.estimate) == pytest.approx(1.5721, abs=1e-4), "R's coxph, its default ties"
    assert found.p == pytest.approx(0.0000523, rel=0.02), "likelihood ratio 16.35 on one degree of freedom"
    assert found.events == 30
    half = 1.96 * 0.4124
    assert math.log(found.interval.low) == pytest.approx(1.5721 - half, abs=0.06), "profile, not far from Wald"
    assert math.log(found.interval.high) == pytest.approx(1.5721 + half, abs=0.06)


def test_a_change_of_unit_changes_the_ratio_as_it_must() -> None:
    one, tenth = (hazard_ratio(TIME, HAPPENED, ON_PLACEBO * by).interval for by in (1.0, 10.0))
    assert tenth.estimate**10 == pytest.approx(one.estimate, rel=1e-6)


def test_where_all_that_happened_lies_on_one_side_the_ratio_is_infinite_and_has_a_lower_end() -> None:
    found = hazard_ratio([1.0, 2.0, 3.0, 9.0, 9.0, 9.0], [True] * 3 + [False] * 3, [1.0] * 3 + [0.0] * 3)
    assert found.interval.estimate == found.interval.high == math.inf
    assert 1.0 < found.interval.low < 50
    mirrored = hazard_ratio([1.0, 2.0, 3.0, 9.0, 9.0, 9.0], [True] * 3 + [False] * 3, [0.0] * 3 + [1.0] * 3)
    assert mirrored.interval.estimate == mirrored.interval.low == 0.0
    assert mirrored.interval.high == pytest.approx(1 / found.interval.low)


def test_nothing_is_said_where_nothing_happened_or_nothing_differs() -> None:
    for happened, x in (([False] * 3, [1.0, 2.0, 3.0]), ([True] * 3, [2.0] * 3)):
        found = hazard_ratio([1.0, 2.0, 3.0], happened, x)
        assert math.isnan(found.interval.estimate)
        assert found.p == 1.0


@pytest.mark.parametrize(
    ("stop", "happened", "x", "start"),
    [
        ([], [], [], None),
        ([1.0, math.nan], [True, False], [0.0, 1.0], None),
        ([1.0], [1], [0.0], None),
        ([1.0, 2.0], [True], [0.0, 1.0], None),
        ([1.0, 2.0], [True, True], [0.0, 1.0], [1.0, 0.0]),
    ],
)
def test_what_is_no_sample_is_refused(stop: list, happened: list, x: list, start: list | None) -> None:
    with pytest.raises(BadInput):
        hazard_ratio(stop, np.array(happened), x, start=start)


subjects = st.lists(st.tuples(st.integers(1, 8), st.booleans(), st.integers(-3, 3)), min_size=3, max_size=12)


@given(subjects, st.data())
def test_cutting_a_row_in_two_changes_nothing(rows: list[tuple[int, bool, int]], data: st.DataObject) -> None:
    stop, happened, x = (np.array(column) for column in zip(*rows, strict=True))
    whole = hazard_ratio(stop.astype(float), happened, x.astype(float), start=np.zeros(len(rows)))
    cut_at = data.draw(st.floats(0.1, 7.9))
    cut = stop > cut_at
    start = np.concatenate((np.zeros(len(rows)), np.full(cut.sum(), cut_at)))
    ends = np.concatenate((np.where(cut, cut_at, stop), stop[cut]))
    events = np.concatenate((happened & ~cut, happened[cut]))
    other = hazard_ratio(ends, events, np.concatenate((x, x[cut])).astype(float), start=start)
    assert other.events == whole.events
    if math.isfinite(whole.interval.estimate) and whole.interval.estimate > 0:
        assert other.interval.estimate == pytest.approx(whole.interval.estimate, rel=1e-3)
        assert other.p == pytest.approx(whole.p, abs=1e-4)


@given(subjects)
def test_the_product_limit_is_what_kaplan_meier_says(rows: list[tuple[int, bool, int]]) -> None:
    time, happened = np.array([row[0] for row in rows], dtype=float), np.array([row[1] for row in rows])
    found, left = kaplan_meier(time, happened), 1.0
    for moment in np.unique(time):
        at_risk, dying = (time >= moment).sum(), (happened & (time == moment)).sum()
        left *= 1 - dying / at_risk
        assert found.at(moment) == pytest.approx(left)

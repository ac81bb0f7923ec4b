"""Histories of stages, the exact forecaster, and one that learns from pay alone."""

import numpy as np
import pytest

from corrigible.agents.forecasters import ForecasterSettings, train_forecaster
from corrigible.errors import BadInput, NotApplicable
from corrigible.failures.receding_dates import (
    FAILURE,
    HIDDEN,
    WORLDS,
    measure,
    minus_absolute_error,
    minus_squared_error,
)
from corrigible.mitigate.milestones import milestones
from corrigible.sandbox.dates.sandbox import DatesSandbox
from corrigible.sandbox.dates.world import HORIZON, YEARS, DateParams, expected_left, histories
from corrigible.types import Setup


def setup_of(name: str, *, pay=minus_squared_error) -> Setup[DateParams, ForecasterSettings]:
    return Setup(
        world=WORLDS[name], paid=pay, truth=minus_squared_error,
        settings=ForecasterSettings(histories=20_000, checkpoints=1),
    )  # fmt: skip


@pytest.mark.parametrize("name", list(WORLDS))
def test_the_exact_forecaster_is_right_on_average_after_every_sign(name: str) -> None:
    world = WORLDS[name]
    lived = histories(world, 40_000, np.random.default_rng(5))
    exact = expected_left(world)[np.arange(HORIZON)[:, None], lived.seen]
    for year in (0, 5, 15, 30):
        for signs in range(world.signs + 1):
            here = lived.waiting[year] & (lived.seen[year] == signs)
            if here.sum() < 400:
                continue
            left = lived.left[year, here]
            assert abs(left.mean() - exact[year, here].mean()) < 4 * left.std() / np.sqrt(here.sum())


def test_hidden_progress_slows_the_drift_and_a_constant_hazard_does_not() -> None:
    constant, hidden = (np.diff(expected_left(WORLDS[name])[:20, 0]) for name in (FAILURE, HIDDEN))
    np.testing.assert_allclose(constant, 0.0)
    assert np.all(hidden <= 0)
    assert hidden[5] < -0.3


@pytest.mark.parametrize(("pay", "best"), [(minus_squared_error, np.mean), (minus_absolute_error, np.median)])
def test_what_is_learned_is_what_the_pay_makes_best(pay, best) -> None:
    setup = setup_of("no sign", pay=pay)
    found = list(train_forecaster(setup, generator=np.random.default_rng(1)))[-1].parameters["value"]
    lived = histories(setup.world, 20_000, np.random.default_rng(2))
    assert abs(YEARS[found[0, 0].argmax()] - best(lived.left[0])) <= 1


def test_moves_of_a_learned_forecaster_leave_nothing_and_fall_at_the_sign() -> None:
    setup = setup_of(FAILURE)
    checkpoint = list(train_forecaster(setup, generator=np.random.default_rng(1)))[-1]
    rollout = DatesSandbox().rollout(setup, checkpoint, episodes=4000, generator=np.random.default_rng(3))
    found = measure(rollout)
    assert found["skill"] > 0.9
    assert found["imbalance"] < 0.1
    assert 0.9 < found["drift"] < 1.1
    assert 12 < found["fall"] < 16


def test_milestones_keep_the_years_and_take_the_fall_in_pieces() -> None:
    setup = setup_of(FAILURE)
    told = milestones(setup)
    assert told.world.means == (5.0,) * 4
    assert told.world.unseen == 0
    assert milestones(setup_of(HIDDEN)).world.unseen == 0
    with pytest.raises(NotApplicable):
        milestones(told)
    falls = []
    for each in (setup, told):
        checkpoint = list(train_forecaster(each, generator=np.random.default_rng(1)))[-1]
        rollout = DatesSandbox().rollout(each, checkpoint, episodes=4000, generator=np.random.default_rng(3))
        falls.append(measure(rollout)["fall"])
    assert falls[1] < falls[0] / 2


@pytest.mark.parametrize("bad", [{"means": ()}, {"means": (0.5,)}, {"means": (5.0,), "unseen": 1}])
def test_worlds_that_are_none_are_refused(bad: dict[str, object]) -> None:
    with pytest.raises(BadInput):
        DateParams(**bad)  # type: ignore[arg-type]


def test_a_forecaster_reads_no_world_but_what_it_is_paid() -> None:
    """Scrambled pay gives other forecasts: nothing of the date is in the learner."""
    setup = setup_of(FAILURE, pay=lambda events: np.cos(events.amount * 7.0))
    told = setup_of(FAILURE)
    one, other = (
        list(train_forecaster(each, generator=np.random.default_rng(1)))[-1].parameters["value"].argmax(axis=2)
        for each in (setup, told)
    )
    assert (one[:20] != other[:20]).mean() > 0.5

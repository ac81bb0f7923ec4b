"""The organisation: exact expectations, what a layer does to a score, learned efforts, and what each remedy changes."""

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from corrigible.agents.members import MemberSettings, train_members
from corrigible.errors import BadInput
from corrigible.failures.legibility import build, legibility, paid_for_funding, worth_of_the_funded
from corrigible.mitigate.rotating_audits import rotating_audits
from corrigible.mitigate.small_teams import small_teams
from corrigible.mitigate.tight_feedback import tight_feedback
from corrigible.sandbox.organisation.exact import correlation, expected_maximum, pays_to_look
from corrigible.sandbox.organisation.world import SPREAD, OrganisationParams, period
from corrigible.seeding import stream
from corrigible.types import Array, Budget, Events, Setup

BUDGET = Budget(seeds=1, episodes=32, numbers={"steps": 2000, "checkpoints": 1})


@pytest.mark.parametrize(
    ("k", "value"),
    [(1, 0.0), (2, 1 / math.sqrt(math.pi)), (3, 1.5 / math.sqrt(math.pi)), (10, 1.53875), (100, 2.50759)],
)
def test_the_largest_of_k_normals_is_as_in_the_tables(k: int, value: float) -> None:
    assert expected_maximum(k) == pytest.approx(value, abs=1e-5)


def test_the_best_of_k_by_a_score_is_worth_rho_times_the_maximum() -> None:
    world = OrganisationParams(members=10, span=2)
    found = period(world, np.full((200_000, 10), 2), np.random.default_rng(0))
    best = found.value[np.arange(200_000), found.score.argmax(axis=1)].mean()
    assert best - 0.5 == pytest.approx(SPREAD * correlation(world) * expected_maximum(10), abs=0.005)
    measured = np.corrcoef(found.value.ravel(), found.score.ravel())[0, 1]
    assert measured == pytest.approx(correlation(world), abs=0.003)


@given(st.integers(2, 2000), st.integers(2, 50), st.floats(0.05, 0.95))
def test_more_people_never_see_better(members: int, span: int, context: float) -> None:
    span = min(span, members)
    small = OrganisationParams(members=members, span=span, context=context)
    large = replace(small, members=members * span)
    assert large.layers == small.layers + 1
    assert large.weight <= small.weight
    assert correlation(large) <= correlation(small) + 1e-12
    assert span**small.layers >= members * (1 - 1e-9)


@settings(max_examples=25)
@given(st.integers(0, 2**32), st.sampled_from([(16, 0), (16, 8), (40, 8), (7, 0)]))
def test_a_tenth_of_each_team_is_funded_and_never_nobody(seed: int, shape: tuple[int, int]) -> None:
    members, team = shape
    world = OrganisationParams(members=members, span=2, team=team)
    found = period(world, np.zeros((4, members), dtype=np.int64), np.random.default_rng(seed))
    teams = found.funded.reshape(4, -1, world.choosing)
    assert np.all(teams.sum(axis=2) == max(1, round(0.1 * world.choosing)))
    lowest_funded = np.where(teams, found.score.reshape(teams.shape), np.inf).min(axis=2)
    highest_other = np.where(teams, -np.inf, found.score.reshape(teams.shape)).max(axis=2)
    assert np.all(lowest_funded > highest_other)


def learned(setup: Setup[OrganisationParams, MemberSettings], seed: int = 2000) -> dict[str, float]:
    (checkpoint,) = train_members(replace(setup, truth=None), generator=stream(seed, "learn"))
    experiment = legibility()
    return dict(
        experiment.measure(experiment.sandbox.rollout(setup, checkpoint, episodes=32, generator=stream(seed, "see")))
    )


def test_efforts_are_learned_from_pay_and_go_where_the_score_looks() -> None:
    failure = build({}, BUDGET)
    assert learned(failure)["looks"] > 0.7
    assert learned(build({"members": 8}, BUDGET))["looks"] < 0.3
    assert learned(build({"pay": "value"}, BUDGET))["looks"] < 0.1
    for remedy in (tight_feedback, small_teams, rotating_audits):
        assert learned(remedy(failure))["looks"] < learned(failure)["looks"] - 0.3


def test_pay_that_says_nothing_teaches_nothing() -> None:
    def nothing(events: Events) -> Array:
        return np.zeros(events.amount.shape)

    blind = replace(build({}, BUDGET), paid=nothing)
    assert learned(blind)["looks"] == pytest.approx(0.5, abs=0.05)


def test_what_was_meant_is_the_mean_value_of_the_funded() -> None:
    world = OrganisationParams(members=64)
    found = period(world, np.zeros((50, 64), dtype=np.int64), np.random.default_rng(1))
    meant = worth_of_the_funded(found.events).mean(axis=1)
    np.testing.assert_allclose(
        meant, [row[funded].mean() for row, funded in zip(found.value, found.funded, strict=True)]
    )
    assert set(np.unique(paid_for_funding(found.events))) == {0.0, 1.0}


def test_it_pays_to_look_from_the_layer_at_which_value_weighs_less_than_half() -> None:
    assert [pays_to_look(OrganisationParams(members=members)) for members in (8, 64, 512, 4096)] == [
        False, True, True, True,
    ]  # fmt: skip
    assert not pays_to_look(OrganisationParams(members=512, audited=0.5))


@pytest.mark.parametrize(
    "changes",
    [{"members": 1}, {"span": 1}, {"context": 1.0}, {"context": 0.0}, {"audited": 1.5}, {"team": 7}, {"team": 1}],
)
def test_an_organisation_that_is_none_is_refused(changes: dict[str, float]) -> None:
    with pytest.raises(BadInput) as said:
        OrganisationParams(**changes)  # type: ignore[arg-type]
    assert len(str(said.value).splitlines()) == 1

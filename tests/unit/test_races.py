"""Races with known answers, and what is refused."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from corrigible.errors import BadInput
from corrigible.sandbox.games import race_capabilities, race_evidence
from corrigible.sandbox.games.race_capabilities import CapabilityRace
from corrigible.sandbox.games.race_evidence import Evidence
from corrigible.sandbox.games.races import RaceParams, learn, pause, solve, symmetric_effort
from corrigible.seeding import stream


def test_two_enemies_with_capabilities_up_to_the_cost_of_safety_risk_a_half_then_two_thirds() -> None:
    risks = race_capabilities.solve(CapabilityRace(labs=2, spread=1.0, enmity=1.0))
    assert (risks.none, risks.own, risks.all) == pytest.approx((1 / 2, 2 / 3, 2 / 3))


def test_with_a_wider_spread_each_step_of_knowledge_adds_to_the_risk() -> None:
    risks = race_capabilities.solve(CapabilityRace(labs=2, spread=1.5, enmity=1.0))
    assert (risks.none, risks.own, risks.all) == pytest.approx((1 / 4, 1 / 2, 14 / 27))
    assert risks.none < risks.own < risks.all
    assert risks.rising


def test_among_half_enemies_of_like_capability_knowing_all_can_be_safer_than_knowing_oneself() -> None:
    risks = race_capabilities.solve(CapabilityRace(labs=2, spread=0.4, enmity=0.5))
    assert risks.none < risks.all < risks.own < risks.all_worst
    assert not risks.rising
    assert risks.rising_worst


def test_whom_it_is_all_the_same_who_wins_is_safe_if_the_best_equilibrium_is_played() -> None:
    risks = race_capabilities.solve(CapabilityRace(labs=3, spread=1.0, enmity=0.0))
    assert risks.none == 0
    assert risks.all == 0


def test_two_level_labs_put_eleven_twentieths_into_control_and_the_grid_holds_it() -> None:
    race = RaceParams(danger=0.8, enmity=0.5, luck=0.2, steps=20)
    # 1 - r = 0.8 * 0.2 * 2 / 0.5 = 0.64, so s = 1 - 0.36 / 0.8
    assert symmetric_effort(race, 2) == pytest.approx(0.55)
    assert any(item.efforts == pytest.approx((0.55, 0.55)) for item in solve(race).equilibria)


def test_a_finer_grid_narrows_the_equilibria_around_that_of_continuous_efforts() -> None:
    widths = []
    for steps in (20, 100, 200):
        found = solve(RaceParams(steps=steps)).equilibria
        widths.append(max(abs(effort - 0.55) for item in found for effort in item.efforts))
    assert widths[0] > widths[1] > widths[2]
    assert widths[2] < 0.015


def test_nobody_races_where_it_is_all_the_same_who_wins_and_all_do_where_only_winning_counts() -> None:
    assert symmetric_effort(RaceParams(enmity=0.0), 5) == 1.0
    assert symmetric_effort(RaceParams(enmity=1.0, luck=0.01), 5) == 0.0
    (only,) = solve(RaceParams(enmity=0.0, danger=1.0, luck=1.0)).equilibria
    assert only.efforts == (1.0, 1.0)
    assert only.risk == 0


def test_the_leader_can_afford_more_control_and_is_the_safer_of_the_two() -> None:
    (only,) = solve(RaceParams(lead=0.3)).equilibria
    assert only.efforts[0] > only.efforts[1]
    assert only.wins[0] > 0.5


def test_five_labs_that_reply_to_each_other_end_near_the_exact_effort_of_five() -> None:
    race = RaceParams(steps=200)
    end = learn(race, 5, stream(0, "race"), rounds=400)
    assert np.ptp(end) == 0
    assert end[0] == pytest.approx(symmetric_effort(race, 5), abs=0.02)


def test_a_promise_is_enough_only_where_full_control_is_an_equilibrium_of_the_race() -> None:
    calm, keen = pause(RaceParams(luck=1.0)), pause(RaceParams(luck=0.2))
    assert calm.words
    assert calm.needed == 0
    assert not keen.words
    assert keen.signed
    assert keen.needed is not None
    assert 0 < keen.needed < 1
    assert keen.risk[1] == 0 < keen.risk[0]


def test_a_lab_far_behind_does_not_sign() -> None:
    found = pause(RaceParams(lead=1.0))
    assert not found.signed
    assert found.needed is None
    assert found.racing[1] > found.agreed[1]
    assert found.racing[0] < found.agreed[0]


def test_sharing_evidence_lowers_the_risk_of_labs_that_race_and_raises_that_of_labs_that_fear() -> None:
    race, evidence = RaceParams(luck=0.2), Evidence()
    racing = race_evidence.solve(race, evidence)
    assert racing.smooth_none is not None
    assert racing.smooth_shared is not None
    assert racing.smooth_shared < racing.smooth_none
    afraid = race_evidence.solve(replace(race, luck=0.4), replace(evidence, prior=0.9))
    assert afraid.smooth_none == 0
    assert afraid.smooth_shared is not None
    assert afraid.smooth_shared > 0
    assert afraid.fear < evidence.high


def test_evidence_that_is_certain_when_shared_is_the_mean_of_the_two_races() -> None:
    race, evidence = RaceParams(steps=10), Evidence(accuracy=1.0, prior=0.3)
    found = race_evidence.solve(race, evidence).shared
    apart = [min(i.risk for i in solve(replace(race, danger=d)).equilibria) for d in (evidence.low, evidence.high)]
    assert found.safest == pytest.approx(0.7 * apart[0] + 0.3 * apart[1])


@pytest.mark.parametrize(
    ("attempt", "words"),
    [
        (lambda: RaceParams(danger=0.0), "danger must be > 0"),
        (lambda: RaceParams(danger=1.1), "danger must lie in"),
        (lambda: RaceParams(enmity=-0.1), "enmity must lie in"),
        (lambda: RaceParams(luck=0.0), "luck must be > 0"),
        (lambda: RaceParams(luck=1e-9), "luck must be at least 0.001"),
        (lambda: RaceParams(harm=-1.0), "harm must be >= 0"),
        (lambda: RaceParams(lead=float("nan")), "lead must be finite"),
        (lambda: RaceParams(lead=1e9), "the lead at most 1000"),
        (lambda: RaceParams(steps=0), "steps must be at least 1"),
        (lambda: RaceParams(steps=10**6), "steps must be at least 1"),
        (lambda: symmetric_effort(RaceParams(), 1), "labs must be at least 2"),
        (lambda: learn(RaceParams(), 1000, stream(0, "x")), "labs must be at least 2"),
        (lambda: Evidence(low=0.9, high=0.2), "0 < low < high"),
        (lambda: Evidence(low=0.0), "0 < low < high"),
        (lambda: Evidence(accuracy=0.4), "right at least half"),
        (lambda: Evidence(prior=2.0), "prior must lie in"),
        (lambda: race_evidence.solve(RaceParams(steps=50), Evidence()), "with evidence at most 20"),
        (lambda: CapabilityRace(labs=1), "labs must be at least 2"),
        (lambda: CapabilityRace(spread=0.0), "spread must be > 0"),
        (lambda: CapabilityRace(enmity=1.5), "enmity must lie in"),
    ],
)
def test_what_is_out_of_range_is_refused_in_one_line(attempt: Callable[[], object], words: str) -> None:
    with pytest.raises(BadInput, match=words) as said:
        attempt()
    assert "\n" not in str(said.value)

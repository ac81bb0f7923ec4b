"""Races: equilibria leave no profitable deviation, by brute force over another way of computing payoffs."""

import itertools
import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from corrigible.sandbox.games import race_capabilities, race_evidence
from corrigible.sandbox.games.race_capabilities import CapabilityRace
from corrigible.sandbox.games.race_evidence import Evidence
from corrigible.sandbox.games.races import (
    RaceParams,
    chances,
    learn,
    mixed_equilibria,
    pause,
    payoffs,
    pure_equilibria,
    solve,
    symmetric_effort,
    tables,
    worst_regret,
)
from corrigible.seeding import stream

unit = st.floats(0.01, 1.0)
races = st.builds(
    RaceParams,
    danger=unit,
    enmity=st.floats(0.0, 1.0),
    luck=st.floats(0.02, 3.0),
    harm=st.floats(0.0, 3.0),
    lead=st.floats(-1.0, 1.0),
    steps=st.integers(1, 10),
)
evidences = st.builds(
    Evidence,
    high=st.floats(0.5, 1.0),
    low=st.floats(0.01, 0.49),
    prior=st.floats(0.05, 0.95),
    accuracy=st.floats(0.5, 1.0),
)


def plain_payoff(race: RaceParams, first: float, second: float) -> tuple[float, float]:
    """Expected utilities by a sum over who wins and whether it ends in disaster, without arrays."""
    win = 1 / (1 + math.exp(-(race.lead - first + second) / race.luck))
    found = [0.0, 0.0]
    for winner, chance, effort in ((0, win, first), (1, 1 - win, second)):
        disaster = race.danger * (1 - effort)
        for lab in (0, 1):
            safe = 1.0 if lab == winner else 1.0 - race.enmity
            found[lab] += chance * ((1 - disaster) * safe - disaster * race.harm)
    return found[0], found[1]


@settings(deadline=None)
@given(races)
def test_in_an_equilibrium_no_lab_gains_by_any_other_effort_and_elsewhere_one_does(race: RaceParams) -> None:
    found = {item.efforts for item in solve(race).equilibria if item.mixed is None}
    grid = [float(effort) for effort in race.efforts]
    for pair in itertools.product(grid, grid):
        now = plain_payoff(race, *pair)
        gain = max(
            max(plain_payoff(race, other, pair[1])[0] for other in grid) - now[0],
            max(plain_payoff(race, pair[0], other)[1] for other in grid) - now[1],
        )
        assert gain <= 1e-9 if pair in found else gain > 1e-13


@settings(deadline=None)
@given(races)
def test_exchanging_the_labs_exchanges_what_comes_of_the_race(race: RaceParams) -> None:
    first, second, risks = tables(race)
    mirrored = tables(replace(race, lead=-race.lead))
    np.testing.assert_allclose(first, mirrored[1].T, atol=1e-12)
    np.testing.assert_allclose(second, mirrored[0].T, atol=1e-12)
    np.testing.assert_allclose(risks, mirrored[2].T, atol=1e-12)


@given(st.integers(2, 6), st.integers(2, 4), st.integers(0, 2**31 - 1))
def test_a_mixed_equilibrium_of_any_table_leaves_no_regret(rows: int, columns: int, seed: int) -> None:
    generator = stream(seed, "tables")
    first, second = generator.normal(size=(2, rows, columns))
    for x, y in mixed_equilibria(first, second):
        assert x.sum() == pytest.approx(1)
        for row in range(rows):
            assert sum(first[row, j] * y[j] for j in range(columns)) <= float(x @ first @ y) + 1e-8
        for column in range(columns):
            assert sum(second[i, column] * x[i] for i in range(rows)) <= float(x @ second @ y) + 1e-8


@given(st.integers(0, 2**31 - 1))
def test_a_generic_game_of_three_by_three_has_an_oddly_many_equilibria(seed: int) -> None:
    """Wilson 1971: nondegenerate games have an odd number; so none is missed and none is counted twice."""
    first, second = stream(seed, "odd").normal(size=(2, 3, 3))
    pure, mixed = pure_equilibria(first, second), mixed_equilibria(first, second)
    assume(all(min(x[x > 0].min(), y[y > 0].min()) > 1e-6 for x, y in mixed))
    assert (len(pure) + len(mixed)) % 2 == 1


def test_matching_pennies_has_no_pure_equilibrium_and_one_mixed() -> None:
    pennies = np.array([[1.0, -1.0], [-1.0, 1.0]])
    assert pure_equilibria(pennies, -pennies) == []
    ((x, y),) = mixed_equilibria(pennies, -pennies)
    assert x == pytest.approx([0.5, 0.5])
    assert y == pytest.approx([0.5, 0.5])
    assert worst_regret(pennies, -pennies, x, y) == pytest.approx(0, abs=1e-12)
    assert worst_regret(pennies, -pennies, np.array([1.0, 0.0]), y) == pytest.approx(1)
    assert worst_regret(pennies, -pennies, np.array([1.0, 0.0]), np.array([1.0, 0.0])) == pytest.approx(2)


@given(races, st.integers(2, 12))
def test_at_the_symmetric_effort_a_small_change_gains_nothing(race: RaceParams, labs: int) -> None:
    effort = symmetric_effort(race, labs)
    step = 1e-5

    def mine(own: float) -> float:
        tried = np.full(labs, effort)
        tried[0] = own
        return float(payoffs(race, tried, np.zeros(labs))[0])

    slope = (mine(effort + step) - mine(effort - step)) / (2 * step)
    if effort == 0.0:
        assert slope <= 1e-4
    elif effort == 1.0:
        assert slope >= -1e-4
    else:
        assert abs(slope) < 1e-4


@given(races, st.integers(2, 50))
def test_more_labs_or_more_enmity_never_mean_more_control(race: RaceParams, labs: int) -> None:
    assert symmetric_effort(race, labs + 1) <= symmetric_effort(race, labs) + 1e-12
    keener = replace(race, enmity=min(1.0, race.enmity + 0.1))
    assert symmetric_effort(keener, labs) <= symmetric_effort(race, labs) + 1e-12


@given(st.lists(st.floats(0, 1), min_size=2, max_size=8), st.floats(0.02, 3))
def test_chances_to_be_first_are_those_of_gumbel_luck(efforts: list[float], luck: float) -> None:
    tried = np.array(efforts)
    found = chances(tried, np.zeros(len(tried)), luck)
    assert found.sum() == pytest.approx(1)
    for one, other in itertools.pairwise(range(len(tried))):
        if found[one] > 1e-200 and found[other] > 1e-200:
            assert math.log(found[one] / found[other]) == pytest.approx((tried[other] - tried[one]) / luck, abs=1e-6)


@settings(deadline=None, max_examples=20)
@given(st.integers(2, 6), st.integers(0, 1000))
def test_where_labs_stop_replying_none_of_them_gains_by_another_effort(labs: int, seed: int) -> None:
    race = RaceParams(steps=10)
    end = learn(race, labs, stream(seed, "labs"), rounds=200)
    for lab in range(labs):
        tried = np.repeat(end[None, :], race.steps + 1, axis=0)
        tried[:, lab] = race.efforts
        paid = [float(payoffs(race, row, np.zeros(labs))[lab]) for row in tried]
        assert max(paid) <= float(payoffs(race, end, np.zeros(labs))[lab]) + 1e-9


@settings(deadline=None)
@given(races)
def test_a_pause_holds_at_the_chance_it_needs_and_not_below(race: RaceParams) -> None:
    assume(solve(race).equilibria)
    found = pause(race)
    grid = [float(effort) for effort in race.efforts]
    breaks = (
        max(plain_payoff(race, effort, 1.0)[0] for effort in grid),
        max(plain_payoff(race, 1.0, effort)[1] for effort in grid),
    )
    keeps = plain_payoff(race, 1.0, 1.0)

    def holds(seen: float) -> bool:
        return all(keeps[lab] >= (1 - seen) * breaks[lab] + seen * found.racing[lab] - 1e-9 for lab in (0, 1))

    if found.needed is None:
        assert not holds(1.0) or max(r - k for r, k in zip(found.racing, keeps, strict=True)) <= 1e-9
    else:
        assert holds(found.needed)
        assert holds(1.0)
        if found.needed > 1e-3 and max(b - k for b, k in zip(breaks, keeps, strict=True)) > 1e-6:
            assert not holds(found.needed * 0.99 - 1e-6)


@settings(deadline=None, max_examples=15)
@given(st.builds(RaceParams, luck=st.floats(0.1, 1), enmity=unit, steps=st.integers(2, 4)), evidences)
def test_with_own_evidence_no_sign_gives_a_lab_anything_better_to_do(race: RaceParams, evidence: Evidence) -> None:
    """Interim deviations by brute force, over payoffs that are summed anew; reported efforts are checked."""
    found = race_evidence.solve(race, evidence).own
    assume(found.efforts)
    first, second, risks = race_evidence.own_tables(race, evidence)
    cells = pure_equilibria(first, second)
    cell = min(cells, key=lambda one: float(risks[one]))
    size = race.steps + 1
    plans = [tuple(float(race.efforts[i]) for i in divmod(index, size)) for index in cell]

    def ex_ante(mine: tuple[float, float], theirs: tuple[float, float]) -> float:
        total = 0.0
        for high, danger in ((0, evidence.low), (1, evidence.high)):
            for x, y in itertools.product((0, 1), (0, 1)):
                right = (evidence.accuracy if x == high else 1 - evidence.accuracy) * (
                    evidence.accuracy if y == high else 1 - evidence.accuracy
                )
                chance = (evidence.prior if high else 1 - evidence.prior) * right
                total += chance * plain_payoff(replace(race, danger=danger), mine[x], theirs[y])[0]
        return total

    mine, theirs = plans
    now = ex_ante((mine[0], mine[1]), (theirs[0], theirs[1]))
    assert now == pytest.approx(float(first[cell]), abs=1e-9)
    for other in itertools.product(map(float, race.efforts), repeat=2):
        assert ex_ante(other, (theirs[0], theirs[1])) <= now + 1e-9
    assert found.safest == pytest.approx(float(risks[cell]))


@given(st.builds(RaceParams, luck=st.floats(0.1, 1), enmity=unit, steps=st.integers(2, 6)), evidences)
@settings(deadline=None)
def test_worthless_signs_that_are_shared_change_nothing_and_beliefs_average_to_the_prior(
    race: RaceParams, evidence: Evidence
) -> None:
    believed = evidence.believed()
    assert sum(chance for chance, _ in believed) == pytest.approx(1)
    assert sum(chance * danger for chance, danger in believed) == pytest.approx(evidence.expected)
    found = race_evidence.solve(race, replace(evidence, accuracy=0.5))
    assert found.smooth_shared == pytest.approx(found.smooth_none)


@given(st.floats(0.05, 1.0), st.floats(0.05, 1.0), evidences)
def test_shared_evidence_never_raises_the_risk_of_equal_labs_whom_no_belief_frightens(
    enmity: float, share: float, evidence: Evidence
) -> None:
    race = RaceParams(enmity=enmity, luck=max(1e-3, share * enmity / 2))
    assert race_evidence.fear(race) >= 1 - 1e-9
    after = sum(chance * race_evidence.smooth_risk(race, danger) for chance, danger in evidence.believed())
    assert after <= race_evidence.smooth_risk(race, evidence.expected) + 1e-9


capability_races = st.builds(
    CapabilityRace, labs=st.integers(2, 8), spread=st.floats(0.05, 6.0), enmity=st.floats(0.02, 1.0)
)


@given(capability_races)
def test_knowing_nothing_is_always_safest(race: CapabilityRace) -> None:
    risks = race_capabilities.solve(race)
    assert risks.none <= min(risks.own, risks.all) + 1e-9
    assert risks.all <= risks.all_worst + 1e-9
    assert all(-1e-12 <= risk <= 1 + 1e-12 for risk in (risks.none, risks.own, risks.all, risks.all_worst))


@given(st.integers(2, 8), st.floats(0.05, 6.0))
def test_between_enemies_the_more_is_known_the_greater_the_risk(labs: int, spread: float) -> None:
    assert race_capabilities.solve(CapabilityRace(labs=labs, spread=spread, enmity=1.0)).rising


@given(capability_races)
def test_in_the_riskiest_equilibrium_knowing_all_is_never_safer_than_knowing_oneself(race: CapabilityRace) -> None:
    risks = race_capabilities.solve(race)
    assert risks.own <= risks.all_worst + 1e-9


@given(st.integers(2, 8), st.floats(0.05, 0.95), st.floats(0.05, 0.95))
def test_yet_where_capabilities_are_close_the_best_equilibrium_of_knowing_all_is_safer(
    labs: int, share: float, enmity: float
) -> None:
    """The abstract's claim does not hold in every equilibrium: here it fails strictly."""
    risks = race_capabilities.solve(CapabilityRace(labs=labs, spread=share * enmity, enmity=enmity))
    assert risks.all < risks.own


@settings(deadline=None, max_examples=25)
@given(capability_races)
def test_risks_are_those_of_races_drawn_at_random(race: CapabilityRace) -> None:
    draws = 20_000
    capability = stream(7, "capabilities").random((draws, race.labs)) * race.spread
    order = np.sort(capability, axis=1)
    gap = order[:, -1] - order[:, -2]
    own = np.vectorize(lambda c: race_capabilities.safety_knowing_oneself(race, c))(capability)
    winner = (capability - own).argmax(axis=1)
    simulated = {
        "own": 1 - own[np.arange(draws), winner],
        "all": 1 - np.vectorize(lambda g: race_capabilities.safety_knowing_all(race, g))(gap),
        "all_worst": 1 - np.vectorize(lambda g: race_capabilities.safety_knowing_all(race, g, worst=True))(gap),
    }
    risks = race_capabilities.solve(race)
    for name, values in simulated.items():
        spread = 5 * float(values.std()) / math.sqrt(draws) + 1e-9
        assert abs(float(values.mean()) - getattr(risks, name)) <= spread + 1e-4


@given(capability_races)
@settings(deadline=None, max_examples=40)
def test_a_lab_that_knows_nothing_gains_by_no_other_safety(race: CapabilityRace) -> None:
    """Its payoff is integrated numerically over its own capability; the others play the equilibrium."""
    usual = race_capabilities.safety_knowing_nothing(race)
    own = (np.arange(4000) + 0.5) / 4000 * race.spread

    def paid(safety: float) -> float:
        best_other = np.clip((own - safety + usual) / race.spread, 0, 1) ** (race.labs - 1)
        win = float(best_other.mean())
        return win * safety + (1 - win) * (1 - race.enmity) * usual

    now = paid(usual)
    assert max(paid(float(other)) for other in np.linspace(0, 1, 101)) <= now + 2e-3


@given(capability_races, st.floats(0.01, 1.0))
@settings(deadline=None, max_examples=40)
def test_a_lab_that_knows_itself_gains_by_no_other_safety(race: CapabilityRace, share: float) -> None:
    """Integrated over the most capable of the others."""
    capability = share * race.spread
    other = race.spread * ((np.arange(4000) + 0.5) / 4000) ** (1 / (race.labs - 1))
    safety = np.array([race_capabilities.safety_knowing_oneself(race, float(c)) for c in other])

    def paid(own: float) -> float:
        wins = capability - own > other - safety
        return float(np.where(wins, own, (1 - race.enmity) * safety).mean())

    now = paid(race_capabilities.safety_knowing_oneself(race, capability))
    assert max(paid(float(tried)) for tried in np.linspace(0, 1, 101)) <= now + 2e-3


@given(st.floats(0.01, 0.99), st.floats(0.05, 1.0), st.floats(0.0, 1.0))
def test_where_all_is_known_neither_of_the_two_best_gains_between_the_safest_and_the_riskiest_equilibrium(
    gap: float, enmity: float, between: float
) -> None:
    race = CapabilityRace(enmity=enmity)
    best, worst = (race_capabilities.safety_knowing_all(race, gap, worst=flag) for flag in (False, True))
    assert worst <= best + 1e-12
    first = worst + between * (best - worst)
    second = first - gap
    grid = np.linspace(0, 1, 201)
    leads = grid <= second + gap + 1e-9  # the more capable wins a tie
    assert np.where(leads, grid, (1 - enmity) * second).max() <= first + 1e-9
    overtakes = grid < first - gap - 1e-9
    assert np.where(overtakes, grid, (1 - enmity) * first).max() <= (1 - enmity) * first + 1e-9

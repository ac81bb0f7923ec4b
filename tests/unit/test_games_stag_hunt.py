"""The stag hunt of many: reference values, equilibria by enumeration, extreme sizes, both dominances."""

import dataclasses
import itertools
import json
import math
from fractions import Fraction

import numpy as np
import pytest

from corrigible.errors import BadInput
from corrigible.sandbox.games.stag_hunt import (
    best_reply,
    best_reply_curve,
    replicator_flow,
    sentences,
    solve,
    stag_payoff,
)


@pytest.mark.parametrize(
    ("n", "m", "r", "value"),
    [
        (10, 7, 0.3, 0.5224388596620713),
        (5, 3, 0.5, 0.38572756813238956),
        (20, 18, 0.6, 0.8805976224611024),
        (10, 10, 0.5, 0.9258747122872905),
        (1000, 1000, 0.5, 0.9993063996304388),
    ],
)
def test_the_mixed_equilibrium_has_its_reference_value(n: int, m: int, r: float, value: float) -> None:
    (mixed,) = solve(n, m, r).mixed
    assert mixed.hunt == pytest.approx(value, rel=1e-14, abs=0)
    assert mixed.payoff == r


def payoff(hunts: bool, others: int, m: int, r: float) -> float:
    return float(others + 1 >= m) if hunts else r


@pytest.mark.parametrize("r", [0.01, 0.5, 0.99])
@pytest.mark.parametrize(("n", "m"), [(n, m) for n in range(2, 6) for m in range(1, n + 1)])
def test_enumeration_of_all_profiles_finds_the_stated_pure_equilibria(n: int, m: int, r: float) -> None:
    found = set()
    for profile in itertools.product((False, True), repeat=n):
        others = [sum(profile) - mine for mine in profile]
        pays = [payoff(mine, other, m, r) for mine, other in zip(profile, others, strict=True)]
        tempts = [payoff(not mine, other, m, r) for mine, other in zip(profile, others, strict=True)]
        if all(stay >= leave for stay, leave in zip(pays, tempts, strict=True)):
            found.add(sum(profile))
    assert found == set(solve(n, m, r).pure)


@pytest.mark.parametrize(("m", "r"), [(2, 0.3), (2, 0.75), (3, 0.3), (3, 0.64)])
def test_no_profile_of_three_players_is_nearly_an_equilibrium_but_near_the_stated_ones(m: int, r: float) -> None:
    grid = np.linspace(0, 1, 41)
    profiles = np.stack(np.meshgrid(grid, grid, grid, indexing="ij"), axis=-1).reshape(-1, 3)
    regret = np.zeros(len(profiles))
    for player in range(3):
        first, second = (profiles[:, other] for other in range(3) if other != player)
        chance = first * second if m == 3 else 1 - (1 - first) * (1 - second)
        mine = profiles[:, player]
        regret = np.maximum(regret, np.maximum(chance, r) - (mine * chance + (1 - mine) * r))
    p = solve(3, m, r).mixed[0].hunt
    distance = np.min([np.abs(profiles - point).max(axis=1) for point in (0.0, p, 1.0)], axis=0)
    assert distance[regret < 0.004].max() < 0.11
    assert (regret < 0.004).sum() >= 3


def exact_tail(n: int, k: int, p: Fraction) -> Fraction:
    return sum((math.comb(n, j) * p**j * (1 - p) ** (n - j) for j in range(max(k, 0), n + 1)), Fraction(0))


@pytest.mark.parametrize(("n", "m", "r"), [(7, 4, 0.2), (12, 2, 1e-9), (12, 11, 1 - 1e-9), (30, 15, 0.5), (9, 9, 0.7)])
def test_the_mixed_equilibrium_makes_both_choices_pay_the_same_in_exact_arithmetic(n: int, m: int, r: float) -> None:
    found = solve(n, m, r)
    p = Fraction(found.mixed[0].hunt)
    assert float(exact_tail(n - 1, m - 1, p)) == pytest.approx(r, rel=1e-12, abs=0)
    assert found.mixed[0].stag_caught == pytest.approx(float(exact_tail(n, m, p)), rel=1e-12, abs=0)


@pytest.mark.parametrize(("n", "m", "r"), [(176, 138, 4.019937518354786e-275), (590, 555, 1e-290), (40, 20, 1e-299)])
def test_next_to_worthless_hares_keep_their_digits(n: int, m: int, r: float) -> None:
    p = Fraction(solve(n, m, r).mixed[0].hunt)
    # the rounding of p alone changes the tail by m eps
    assert float(exact_tail(n - 1, m - 1, p) / Fraction(r)) == pytest.approx(1, abs=1e-11)


def test_one_needed_hunter_makes_hunting_dominant() -> None:
    found = solve(6, 1, 0.9)
    assert (found.pure, found.mixed, found.basin_of_stag) == ((6,), (), 1.0)
    assert (found.half_selects, found.laplacian_selects) == ("stag", "stag")
    assert best_reply(0.0, 6, 1, 0.9) == 1


def test_unanimity_of_a_million_needs_almost_certain_others() -> None:
    (mixed,) = solve(10**6, 10**6, 0.5).mixed
    assert mixed.hare == pytest.approx(-math.expm1(math.log(0.5) / 999_999), rel=1e-15, abs=0)
    assert mixed.stag_caught == pytest.approx(0.5 ** (10**6 / 999_999), rel=1e-9, abs=0)
    nearly_sure = solve(10**6, 10**6, 1 - 2**-53).mixed[0]
    assert nearly_sure.hare == pytest.approx(2**-53 / 999_999, rel=1e-12, abs=0)


def test_two_of_a_million_hunt_from_next_to_nothing() -> None:
    (mixed,) = solve(10**6, 2, 1e-300).mixed
    assert mixed.hunt == pytest.approx(1e-300 / 999_999, rel=1e-12, abs=0)
    (three,) = solve(1000, 3, 1e-300).mixed
    # P(at least 2 of 999) = C(999, 2) p^2 to first order
    assert three.hunt == pytest.approx(math.sqrt(1e-300 / math.comb(999, 2)), rel=1e-12, abs=0)


@pytest.mark.parametrize("r", [1e-250, 1e-12, 0.4, 0.5, 0.9, 1 - 1e-13])
@pytest.mark.parametrize("m", [2, 3, 777, 500_000, 999_998, 10**6])
def test_hunts_of_a_million_solve_their_equation(m: int, r: float) -> None:
    (mixed,) = solve(10**6, m, r).mixed
    assert 0 < mixed.hunt <= 1
    assert 0 < mixed.hare <= 1
    assert mixed.hunt + mixed.hare == pytest.approx(1, abs=1e-15)
    if mixed.hunt <= 0.5:
        assert float(stag_payoff(mixed.hunt, 10**6, m)) == pytest.approx(r, rel=1e-10, abs=0)
    else:
        # the tail from the other side: at most 10^6 - m of the others stay away
        missed = float(stag_payoff(mixed.hare, 10**6, 10**6 - m + 2))
        assert missed == pytest.approx(1 - r, rel=1e-9, abs=1e-10)


@pytest.mark.parametrize(("r", "selected"), [(0.49, "stag"), (0.5, "tie"), (0.51, "hare")])
def test_for_two_players_both_criteria_are_risk_dominance(r: float, selected: str) -> None:
    found = solve(2, 2, r)
    assert found.half_selects == found.laplacian_selects == selected
    assert found.half_chance == found.laplacian_chance == 0.5


def test_the_two_criteria_can_disagree() -> None:
    found = solve(10, 7, 0.3)
    assert found.half_chance == sum(math.comb(9, k) for k in range(6, 10)) / 2**9
    assert found.laplacian_chance == sum(k >= 6 for k in range(10)) / 10
    assert (found.half_selects, found.laplacian_selects) == ("hare", "stag")


def test_the_best_reply_turns_at_the_mixed_equilibrium() -> None:
    p = solve(10, 7, 0.3).mixed[0].hunt
    assert best_reply(p - 1e-6, 10, 7, 0.3) == 0
    assert best_reply(p + 1e-6, 10, 7, 0.3) == 1
    assert best_reply(0.5, 2, 2, 0.5) == 0.5
    curve = best_reply_curve(10, 7, 0.3, points=11)
    assert curve.p == tuple(np.linspace(0, 1, 11))
    assert curve.best_reply == (0.0,) * 6 + (1.0,) * 5
    assert curve.stag[0] == 0
    assert curve.stag[-1] == 1
    assert set(curve.hare) == {0.3}


def test_the_replicator_flow_leaves_the_mixed_equilibrium_on_both_sides() -> None:
    found = solve(10, 7, 0.3)
    p = found.mixed[0].hunt
    below, at, above = replicator_flow([p - 0.01, p, p + 0.01], 10, 7, 0.3)
    assert below < 0 < above
    assert at == pytest.approx(0, abs=1e-14)
    assert replicator_flow([0, 1], 10, 7, 0.3).tolist() == [0, 0]
    assert found.basin_of_stag == pytest.approx(1 - p, rel=1e-14, abs=0)


@pytest.mark.parametrize(("n", "m", "r"), [(10, 7, 0.3), (5, 1, 0.4), (100, 100, 0.9), (10**6, 2, 1e-9)])
def test_a_solution_is_plain_json_and_told_in_two_to_four_lines(n: int, m: int, r: float) -> None:
    found = solve(n, m, r)
    assert json.loads(json.dumps(dataclasses.asdict(found), allow_nan=False))["pure"] == list(found.pure)
    lines = sentences(found)
    assert 2 <= len(lines) <= 4
    assert all(line and "\n" not in line for line in lines)


@pytest.mark.parametrize("r", [0, 1, -0.5, 1.5, 5e-324, math.nan, math.inf, "0.5", None])
def test_a_hare_worth_nothing_or_as_much_as_a_stag_is_refused(r: object) -> None:
    with pytest.raises(BadInput, match="r "):
        solve(5, 3, r)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("n", "m"),
    [
        (1, 1),
        (0, 0),
        (-3, 1),
        (5, 6),
        (5, 0),
        (5, -1),
        (5.0, 3),
        (5, 3.0),
        (5.5, 3),
        (True, 1),
        (10**9 + 1, 2),
        ("5", 3),
    ],
)
def test_counts_that_make_no_hunt_are_refused(n: object, m: object) -> None:
    for refuse in (lambda: solve(n, m, 0.5), lambda: stag_payoff(0.5, n, m)):  # type: ignore[arg-type]
        with pytest.raises(BadInput):
            refuse()


@pytest.mark.parametrize("p", [-0.1, 1.1, math.nan, math.inf])
def test_a_probability_outside_its_range_is_refused(p: float) -> None:
    for refuse in (
        lambda: best_reply(p, 5, 3, 0.5),
        lambda: stag_payoff([0.5, p], 5, 3),
        lambda: replicator_flow(p, 5, 3, 0.5),
    ):
        with pytest.raises(BadInput, match="p "):
            refuse()


@pytest.mark.parametrize("points", [1, 0, 2.5, 10**6 + 1])
def test_a_curve_of_too_few_or_too_many_points_is_refused(points: object) -> None:
    with pytest.raises(BadInput, match="points"):
        best_reply_curve(5, 3, 0.5, points=points)  # type: ignore[arg-type]


def test_the_refusal_of_too_many_hunters_names_the_rule_on_one_line() -> None:
    with pytest.raises(BadInput) as refused:
        solve(5, 6, 0.5)
    assert str(refused.value) == "m = 6: m must be at least 1 and at most n = 5; give m from 1 to 5"

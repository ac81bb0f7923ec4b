"""The off-switch game: reference values, extreme beliefs, ties, and disabling against deferring."""

import dataclasses
import json
import math

import numpy as np
import pytest

from corrigible.errors import BadInput
from corrigible.sandbox.games.beliefs import DiscreteBelief, NormalBelief
from corrigible.sandbox.games.off_switch import (
    OffSwitchSolution,
    defer_or_disable,
    deferral_boundary,
    deferral_gain,
    deferral_region,
    sentences,
    solve,
)


def normal(mu: float, sigma: float, beta: float | None = None) -> OffSwitchSolution:
    return solve(NormalBelief(mu=mu, sigma=sigma), beta)


@pytest.mark.parametrize(
    ("mu", "sigma", "value"),
    [
        (0, 1, 0.3989422804014327),
        (0.5, 1, 0.19779655740130603),
        (1, 1, 0.08331547058768629),
        (-1, 1, 0.08331547058768629),
        (2, 3, 0.4533589414732109),
    ],
)
def test_the_gain_with_a_rational_human_has_its_reference_value(mu: float, sigma: float, value: float) -> None:
    assert normal(mu, sigma).gain == pytest.approx(value, rel=1e-13, abs=0)


@pytest.mark.parametrize(
    ("mu", "sigma", "beta", "value"),
    [
        (0, 1, 1, 0.20662096414190878),
        (1, 1, 1, -0.12532194969145116),
        (0.5, 1, 1, 0.0),
        (0.25, 2, 0.5, 0.6110698261434433),
    ],
)
def test_the_gain_with_a_boltzmann_human_has_its_reference_value(
    mu: float, sigma: float, beta: float, value: float
) -> None:
    assert normal(mu, sigma, beta).gain == pytest.approx(value, rel=1e-13, abs=0)


@pytest.mark.parametrize(
    ("mu", "sigma", "value"),
    [
        (8, 1, 7.5502624119464989e-17),
        (30, 1, 1.6319567340914012e-199),
        (-37, 1, 1.5451991905122025e-301),
        (1e6, 1e5, 7.474560254589328e-20),
        (1e-12, 1e-12, 8.3315470587686298e-14),
    ],
)
def test_a_tiny_gain_with_a_rational_human_keeps_its_digits(mu: float, sigma: float, value: float) -> None:
    # values from 60-digit arithmetic
    assert normal(mu, sigma).gain == pytest.approx(value, rel=1e-12, abs=0)


@pytest.mark.parametrize(
    ("mu", "sigma", "beta", "value"),
    [
        (5, 1, 0.01, 5.3215065281493892e-8),
        (5, 1, 0.2, -1.4001940505971728e-6),
        (5, 1, 0.05, 4.596500050945935e-8),
        (0.1, 1, 100, -0.047475063748864501),
        (20, 1, 0.02, 7.3647003512669242e-91),
        (20, 1, 0.03, -1.6347995472584783e-90),
        (3, 0.001, 1, -0.14227763569339316),
        (1000, 1, 1000, -268.94127018693794),
        (1, 1, 0.4999, 2.6608394385673027e-5),
        (1, 1, 0.5001, -2.6609270644121351e-5),
        (2, 0.001, 0.01, -2.7815275905549292e-87),
    ],
)
def test_any_gain_with_a_boltzmann_human_keeps_its_digits(mu: float, sigma: float, beta: float, value: float) -> None:
    # values from 50-digit arithmetic; at e^-200 the exponent alone costs three of sixteen digits
    assert normal(mu, sigma, beta).gain == pytest.approx(value, rel=2e-13, abs=0)


def test_a_gain_too_small_for_a_double_still_has_its_sign_and_logarithm() -> None:
    confident = normal(50, 1)
    assert confident.gain == 0
    assert confident.log_gain == pytest.approx(-1258.7441828684609, rel=1e-14, abs=0)
    assert confident.best == "defer"
    assert confident.optimal == ("defer",)
    wary = normal(-1e6, 1e-12, 1e-9)
    assert wary.gain == 0
    assert wary.log_gain == pytest.approx(-1e15, rel=1e-12, abs=0)
    assert wary.optimal == ("switch off",)


def test_a_robot_sure_to_a_millionth_of_a_millionth_expects_what_a_known_utility_gives() -> None:
    found = normal(-1e6, 1e-12, 1e9)
    assert found.gain == pytest.approx(-1e6 / (1 + math.exp(1e-3)), rel=1e-14, abs=0)
    assert found.probability_human_allows == pytest.approx(1 / (1 + math.exp(1e-3)), rel=1e-14, abs=0)
    assert found.expected_utility_if_allowed == pytest.approx(-1e6, rel=1e-14, abs=0)


@pytest.mark.parametrize("beta", [1e-2, 1e-3, 1e-4])
def test_a_cold_boltzmann_human_costs_the_second_order_of_beta(beta: float) -> None:
    # the integral of u (1 / (1 + exp(-u / beta)) - [u > 0]) is -(pi beta)^2 / 6, times the density at 0
    loss = normal(0.7, 1).gain - normal(0.7, 1, beta).gain
    density = math.exp(-0.5 * 0.7**2) / math.sqrt(2 * math.pi)
    assert loss == pytest.approx(density * (math.pi * beta) ** 2 / 6, rel=20 * beta**2 + 1e-7, abs=0)


def test_a_frozen_boltzmann_human_is_a_rational_one() -> None:
    assert normal(0.7, 1, 1e-9).gain == pytest.approx(normal(0.7, 1).gain, rel=1e-14, abs=0)
    assert normal(-30, 1, 1e-9).gain == pytest.approx(normal(-30, 1).gain, rel=1e-12, abs=0)


def test_a_hot_boltzmann_human_tosses_a_coin() -> None:
    found = normal(3, 2, 1e9)
    assert found.value_defer == pytest.approx(1.5, rel=1e-8, abs=0)
    assert found.probability_human_allows == pytest.approx(0.5, abs=1e-8)
    assert found.best == "act"


@pytest.mark.parametrize(("mu", "sigma", "beta"), [(0.5, 1, 1), (-0.5, 1, 1), (0.1, math.sqrt(0.2 * 0.3), 0.3)])
def test_on_the_boundary_deferring_ties_with_the_better_choice(mu: float, sigma: float, beta: float) -> None:
    found = normal(mu, sigma, beta)
    assert found.gain == 0
    assert found.log_gain is None
    assert found.best == "defer"
    assert found.optimal == (("act", "defer") if mu > 0 else ("switch off", "defer"))


def test_the_critical_sigma_and_beta_are_where_the_choice_changes() -> None:
    found = normal(1, 1.2, 0.6)
    assert found.critical_sigma == pytest.approx(math.sqrt(1.2))
    assert found.critical_beta == pytest.approx(0.72)
    assert normal(1, found.critical_sigma * 1.0001, 0.6).best == "defer"
    assert normal(1, found.critical_sigma * 0.9999, 0.6).best == "act"
    assert normal(-1, 1.2, found.critical_beta * 1.0001).best == "switch off"


def test_values_of_a_two_point_belief_are_those_of_hand_calculation() -> None:
    belief = DiscreteBelief(values=(2, -1), probabilities=(0.25, 0.75))
    rational = solve(belief)
    assert (rational.value_act, rational.value_off, rational.value_defer) == (-0.25, 0, 0.5)
    assert (rational.gain, rational.best, rational.probability_human_allows) == (0.5, "defer", 0.25)
    assert rational.expected_utility_if_allowed == 2
    noisy = solve(belief, 1)
    allowed = [1 / (1 + math.exp(-2)), 1 / (1 + math.exp(1))]
    assert noisy.value_defer == pytest.approx(0.25 * 2 * allowed[0] - 0.75 * allowed[1], rel=1e-14, abs=0)
    assert noisy.gain == pytest.approx(noisy.value_defer, rel=1e-14, abs=0)


@pytest.mark.parametrize(
    ("values", "beta", "optimal"),
    [
        ((1, 2), None, ("act", "defer")),
        ((-1, -2), None, ("switch off", "defer")),
        ((0, 0), None, ("act", "switch off", "defer")),
        ((0, 0), 1.0, ("act", "switch off", "defer")),
        ((1, 2), 1.0, ("act",)),
        ((-1, -2), 1e-3, ("switch off",)),
        ((1, -1), 1.0, ("defer",)),
    ],
)
def test_ties_of_discrete_beliefs_are_all_named(
    values: tuple[float, float], beta: float | None, optimal: tuple[str, ...]
) -> None:
    found = solve(DiscreteBelief(values=values, probabilities=(0.5, 0.5)), beta)
    assert found.optimal == optimal
    assert (found.log_gain is None) == (len(optimal) > 1)


def test_a_sure_loss_from_a_cold_human_is_seen_though_it_underflows() -> None:
    found = solve(DiscreteBelief(values=(-5,), probabilities=(1,)), 1e-3)
    assert found.optimal == ("switch off",)
    assert found.gain == 0
    assert found.log_gain == pytest.approx(math.log(5) - 5000, rel=1e-14, abs=0)


def test_probabilities_within_a_billionth_of_one_are_divided_by_their_sum() -> None:
    belief = DiscreteBelief(values=(1, -1), probabilities=(0.5, 0.5 + 5e-10))
    assert math.fsum(belief.probabilities) == pytest.approx(1, abs=1e-15)


def test_region_gain_and_boundary_agree_with_the_solver_and_have_rows_of_sigma() -> None:
    mus, sigmas, beta = np.linspace(-2, 2, 9), np.array([0.3, 1.0, 2.5]), 0.4
    for temperature in (None, beta):
        gain, region = deferral_gain(mus, sigmas, temperature), deferral_region(mus, sigmas, temperature)
        assert gain.shape == region.shape == (3, 9)
        single = [[normal(float(mu), float(sigma), temperature) for mu in mus] for sigma in sigmas]
        assert np.allclose(gain, [[one.gain for one in row] for row in single], rtol=1e-13, atol=0)
        assert region.tolist() == [[one.optimal == ("defer",) for one in row] for row in single]
    assert np.allclose(deferral_boundary(mus, beta), np.sqrt(2 * beta * np.abs(mus)), rtol=1e-15)
    assert deferral_boundary(mus).tolist() == [0.0] * 9


def test_a_rational_human_is_deferred_to_even_where_the_gain_underflows() -> None:
    assert deferral_gain([1e6], [1e-12]).tolist() == [[0.0]]
    assert deferral_region([1e6], [1e-12]).tolist() == [[True]]


def test_with_equal_discounts_disabling_is_chosen_exactly_where_deferring_does_not_pay() -> None:
    for mu, sigma, beta in ((0.5, 1, 1), (1, 1, 1), (1, 2, 1), (-1, 1, 1), (-1, 2, 1), (50, 1, None)):
        game, choice = normal(mu, sigma, beta), defer_or_disable(NormalBelief(mu=mu, sigma=sigma), beta)
        names = {"act": "disable", "defer": "defer", "switch off": "do nothing"}
        assert {names[action] for action in game.optimal} == set(choice.optimal)
        assert choice.advantage_of_deferring == pytest.approx(game.gain, rel=1e-12, abs=0)


def test_a_slow_detour_makes_a_confident_robot_defer_and_a_dear_interruption_undoes_it() -> None:
    belief = NormalBelief(mu=3, sigma=1)
    assert defer_or_disable(belief, 1).best == "disable"
    slow = defer_or_disable(belief, 1, discount_disable=0.8)
    assert slow.best == "defer"
    game = normal(3, 1, 1)
    assert slow.value_defer == pytest.approx(game.value_defer, rel=1e-14, abs=0)
    assert slow.advantage_of_deferring == pytest.approx(game.value_defer - 2.4, rel=1e-12, abs=0)
    dear = defer_or_disable(belief, 1, discount_disable=0.8, interruption_cost=10)
    assert dear.probability_interrupted == pytest.approx(1 - game.probability_human_allows, rel=1e-12, abs=0)
    assert dear.value_defer == pytest.approx(game.value_defer - 10 * dear.probability_interrupted, rel=1e-12, abs=0)
    assert dear.advantage_of_deferring == pytest.approx(dear.value_defer - dear.value_disable, rel=1e-12, abs=0)
    assert dear.best == "disable"


def test_nothing_is_done_where_the_action_is_bad_and_the_human_no_help() -> None:
    found = defer_or_disable(NormalBelief(mu=-3, sigma=0.5), 1, interruption_cost=0.1)
    assert found.optimal == ("do nothing",)
    assert defer_or_disable(NormalBelief(mu=1, sigma=1), discount_defer=0, discount_disable=0).optimal == (
        "disable",
        "defer",
        "do nothing",
    )


@pytest.mark.parametrize("solution", [normal(1, 1), normal(50, 1), normal(0.5, 1, 1), normal(-3, 1, 1), normal(0, 1)])
def test_a_solution_is_plain_json_and_told_in_two_to_four_lines(solution: OffSwitchSolution) -> None:
    text = json.dumps(dataclasses.asdict(solution), allow_nan=False)
    assert json.loads(text)["best"] == solution.best
    lines = sentences(solution)
    assert 2 <= len(lines) <= 4
    assert all(line and "\n" not in line for line in lines)


def test_the_sentences_say_what_is_best() -> None:
    assert "lets itself be switched off" in " ".join(sentences(normal(1, 1)))
    assert "exp(-1258.74)" in " ".join(sentences(normal(50, 1)))
    assert "prefers to act without asking" in " ".join(sentences(normal(3, 1, 1)))
    assert "equally good: act, defer" in " ".join(sentences(normal(0.5, 1, 1)))


@pytest.mark.parametrize("sigma", [0, -1, math.nan, math.inf, 1e-301, "1", True, None])
def test_a_sigma_that_is_not_positive_and_finite_is_refused(sigma: object) -> None:
    with pytest.raises(BadInput, match="sigma"):
        NormalBelief(mu=0, sigma=sigma)  # type: ignore[arg-type]


@pytest.mark.parametrize("mu", [math.nan, math.inf, -math.inf, 1e301, 10**400, "0", None])
def test_a_mu_that_is_not_finite_is_refused(mu: object) -> None:
    with pytest.raises(BadInput, match="mu"):
        NormalBelief(mu=mu, sigma=1)  # type: ignore[arg-type]


@pytest.mark.parametrize("beta", [0, -1, math.nan, math.inf, -math.inf])
def test_a_beta_that_is_not_positive_and_finite_is_refused_everywhere(beta: float) -> None:
    belief = NormalBelief(mu=0, sigma=1)
    for refuse in (
        lambda: solve(belief, beta),
        lambda: defer_or_disable(belief, beta),
        lambda: deferral_gain([0], [1], beta),
        lambda: deferral_region([0], [1], beta),
        lambda: deferral_boundary([0], beta),
    ):
        with pytest.raises(BadInput, match="beta"):
            refuse()


@pytest.mark.parametrize(
    ("values", "probabilities"),
    [
        ((), ()),
        ((1,), (0.5, 0.5)),
        ((1, 2), (0.5, 0.6)),
        ((1, 2), (-0.1, 1.1)),
        ((1, 2), (0.5, 0.5 + 2e-9)),
        ((1, math.nan), (0.5, 0.5)),
        ((1, math.inf), (0.5, 0.5)),
        ((1, 2), (math.nan, 1)),
    ],
)
def test_a_discrete_belief_that_is_no_distribution_is_refused(
    values: tuple[float, ...], probabilities: tuple[float, ...]
) -> None:
    with pytest.raises(BadInput):
        DiscreteBelief(values=values, probabilities=probabilities)


def test_axes_and_discounts_out_of_range_are_refused() -> None:
    belief = NormalBelief(mu=0, sigma=1)
    with pytest.raises(BadInput, match="sigma"):
        deferral_gain([0], [1, 0])
    with pytest.raises(BadInput, match="mus"):
        deferral_region([[0.0]], [1])
    with pytest.raises(BadInput, match="mus"):
        deferral_gain([], [1])
    with pytest.raises(BadInput, match="mus"):
        deferral_gain([math.nan], [1])
    for name in ("discount_defer", "discount_disable"):
        for value in (-0.1, 1.1, math.nan):
            with pytest.raises(BadInput, match=name):
                defer_or_disable(belief, **{name: value})
    with pytest.raises(BadInput, match="interruption_cost"):
        defer_or_disable(belief, interruption_cost=-1)

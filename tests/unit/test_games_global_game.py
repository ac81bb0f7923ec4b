"""The regime-change global game: reference values, uniqueness and its end, and what a loud tone does."""

import dataclasses
import json
import math

import numpy as np
import pytest

from corrigible.errors import BadInput
from corrigible.sandbox.games.global_game import (
    UNIQUENESS_LIMIT,
    flat_prior,
    multiplicity_range,
    sentences,
    solve,
    thresholds,
    tone_effect,
)


@pytest.mark.parametrize(
    ("c", "sigma", "theta", "x"),
    [(0.3, 0.1, 0.7, 0.752440051270804), (0.6, 0.2, 0.4, 0.34933057937284007)],
)
def test_the_flat_prior_thresholds_have_their_reference_values(c: float, sigma: float, theta: float, x: float) -> None:
    found = flat_prior(c, sigma)
    assert found.theta == pytest.approx(theta, rel=1e-15, abs=0)
    assert found.x == pytest.approx(x, rel=1e-14, abs=0)
    (silent,) = thresholds(c, 0, sigma**-2, 12.3)
    assert silent.theta == pytest.approx(theta, rel=1e-14, abs=0)
    assert silent.x == pytest.approx(x, rel=1e-14, abs=0)


@pytest.mark.parametrize("beta", [1e-6, 1.0, 7.3, 1e6])
def test_several_equilibria_need_a_public_signal_above_the_limit(beta: float) -> None:
    limit = UNIQUENESS_LIMIT * math.sqrt(beta)
    assert math.sqrt(2 * math.pi) == UNIQUENESS_LIMIT
    assert multiplicity_range(0.4, limit * (1 - 1e-12), beta) is None
    band = multiplicity_range(0.4, limit * 1.001, beta)
    assert band is not None
    middle = (band[0] + band[1]) / 2
    assert len(thresholds(0.4, limit * 1.001, beta, middle)) == 3
    assert len(thresholds(0.4, limit * 0.999, beta, middle)) == 1


def test_an_even_game_has_the_middle_equilibrium_at_one_half() -> None:
    few, middle, many = thresholds(0.5, 10, 1, 0.5)
    assert middle.theta == pytest.approx(0.5, abs=1e-14)
    assert few.theta == pytest.approx(many.margin, rel=1e-10, abs=0)
    assert [point.branch for point in (few, middle, many)] == ["few join", "unstable", "many join"]
    assert [point.stable for point in (few, middle, many)] == [True, False, True]


def test_the_ends_of_the_range_have_two_equilibria_and_beyond_them_there_is_one() -> None:
    low, high = multiplicity_range(0.3, 4, 1)  # type: ignore[misc]
    inside, outside = 1e-6, -1e-6
    for end, sign, branch in ((low, 1, "many join"), (high, -1, "few join")):
        assert len(thresholds(0.3, 4, 1, end)) == 2
        assert len(thresholds(0.3, 4, 1, end + sign * inside)) == 3
        (only,) = thresholds(0.3, 4, 1, end + sign * outside)
        assert only.branch == branch


def test_a_threshold_next_to_one_keeps_the_digits_of_its_margin() -> None:
    # the mirrored game, whose threshold is next to zero; 1 - y has no rounding
    loud, y = 2.0**33, 8 * 2.0**-33
    few, many = thresholds(0.5, loud, 1, y)[0], thresholds(0.5, loud, 1, 1 - y)[-1]
    assert 0 < few.theta < 1e-8
    assert many.margin == pytest.approx(few.theta, rel=1e-11, abs=0)


def tatonnement(c: float, alpha: float, beta: float, y: float, x: float, rounds: int) -> float:
    """Threshold x after rounds of: theta* from x by bisection of the critical mass, then the indifferent player."""
    normal = np.vectorize(lambda z: 0.5 * math.erfc(-z / math.sqrt(2)))
    edge = flat_prior(c, 1.0)
    quantile = edge.theta - edge.x
    for _ in range(rounds):
        low, high = 0.0, 1.0
        for _ in range(60):
            theta = (low + high) / 2
            low, high = (theta, high) if normal(math.sqrt(beta) * (x - theta)) > theta else (low, theta)
        x = ((alpha + beta) * theta - math.sqrt(alpha + beta) * quantile - alpha * y) / beta
    return x


def test_better_replies_return_to_the_stable_equilibria_and_leave_the_unstable_one() -> None:
    c, alpha, beta, y = 0.4, 3.5, 1.0, 0.62
    few, middle, many = thresholds(c, alpha, beta, y)
    assert tatonnement(c, alpha, beta, y, few.x + 0.05, 200) == pytest.approx(few.x, abs=1e-9)
    assert tatonnement(c, alpha, beta, y, many.x - 0.05, 200) == pytest.approx(many.x, abs=1e-9)
    assert tatonnement(c, alpha, beta, y, middle.x + 0.01, 200) == pytest.approx(many.x, abs=1e-6)
    assert tatonnement(c, alpha, beta, y, middle.x - 0.01, 200) == pytest.approx(few.x, abs=1e-6)


def test_a_loud_tone_beyond_the_range_settles_the_matter_and_within_it_leaves_it_open() -> None:
    loud = tone_effect(0.5, 10, 1, y_despair=2, y_hope=-1)
    assert loud.least == loud.most
    assert loud.most > 0.999
    assert [(row.branch, row.change) for row in loud.branches] == [("few join", None), ("many join", None)]
    open_ended = tone_effect(0.5, 10, 1, y_despair=0.6, y_hope=0.4)
    assert open_ended.least < -0.99 < 0.99 < open_ended.most
    changes = {row.branch: row.change for row in open_ended.branches}
    assert set(changes) == {"few join", "unstable", "many join"}
    assert changes["few join"] > 0  # type: ignore[operator]
    assert changes["many join"] > 0  # type: ignore[operator]
    assert changes["unstable"] < 0  # type: ignore[operator]


def test_a_soft_tone_moves_the_one_threshold_and_a_silent_one_does_not() -> None:
    soft = tone_effect(0.4, 1, 1, y_despair=1, y_hope=0)
    (row,) = soft.branches
    assert row.branch == "only"
    assert row.change == soft.least == soft.most
    assert soft.most > 0
    silent = tone_effect(0.4, 0, 1, y_despair=1, y_hope=0)
    assert silent.most == 0
    assert silent.branches[0].theta_hope == pytest.approx(silent.silent_theta, rel=1e-14, abs=0)


def test_simulated_players_bear_out_the_threshold() -> None:
    generator = np.random.default_rng(7)
    (point,) = thresholds(0.35, 1.5, 2.0, 0.4)
    # the share that joins at theta* is theta*
    joins = point.theta + generator.normal(size=400_000) / math.sqrt(2.0) < point.x
    assert float(joins.mean()) == pytest.approx(point.theta, abs=5 * 0.5 / math.sqrt(400_000))
    # the player with x* puts chance c on the fall of the regime: importance sampling over theta from the prior after y
    theta = 0.4 + generator.normal(size=400_000) / math.sqrt(1.5)
    weight = np.exp(-0.5 * 2.0 * (point.x - theta) ** 2)
    assert float(weight[theta < point.theta].sum() / weight.sum()) == pytest.approx(0.35, abs=0.006)


@pytest.mark.parametrize(
    ("c", "alpha", "beta", "y"),
    [
        (1e-300, 1e6, 1, 0.5),
        (1 - 2**-53, 1e6, 1, 0.5),
        (0.5, 1e12, 1, 0.5),
        (0.5, 10, 1, 1e6),
        (0.5, 10, 1, -1e6),
        (0.5, 1e300, 1e300, 0.3),
        (0.5, 1e-300, 1e-300, 0.3),
        (0.5, UNIQUENESS_LIMIT * (1 + 1e-9), 1, 0.5),
    ],
)
def test_extreme_games_have_one_or_three_equilibria_and_plain_json(
    c: float, alpha: float, beta: float, y: float
) -> None:
    found = solve(c, alpha, beta, y)
    assert len(found.equilibria) in (1, 3)
    assert all(0 <= point.theta <= 1 for point in found.equilibria)
    assert json.loads(json.dumps(dataclasses.asdict(found), allow_nan=False))["y"] == y
    lines = sentences(found)
    assert 2 <= len(lines) <= 4
    assert all(line and "\n" not in line for line in lines)


def test_the_sentences_tell_soft_from_loud() -> None:
    assert "too soft" in " ".join(sentences(solve(0.5, 1, 1, 0.5)))
    assert "lies inside" in " ".join(sentences(solve(0.5, 10, 1, 0.5)))
    assert "lies outside" in " ".join(sentences(solve(0.5, 10, 1, 2)))


@pytest.mark.parametrize("c", [0, 1, -0.1, 1.1, math.nan, math.inf, "0.5"])
def test_a_cost_outside_its_range_is_refused(c: object) -> None:
    for refuse in (
        lambda: flat_prior(c, 1),  # type: ignore[arg-type]
        lambda: thresholds(c, 1, 1, 0),  # type: ignore[arg-type]
        lambda: multiplicity_range(c, 1, 1),  # type: ignore[arg-type]
    ):
        with pytest.raises(BadInput, match="c "):
            refuse()


@pytest.mark.parametrize(
    ("alpha", "beta", "y", "name"),
    [
        (-1, 1, 0, "alpha"),
        (math.nan, 1, 0, "alpha"),
        (math.inf, 1, 0, "alpha"),
        (1, 0, 0, "beta"),
        (1, -1, 0, "beta"),
        (1, math.nan, 0, "beta"),
        (1, math.inf, 0, "beta"),
        (1, 1, math.nan, "y"),
        (1, 1, math.inf, "y"),
        (1e300, 1e-300, 0, "alpha"),
    ],
)
def test_precisions_and_signals_out_of_range_are_refused(alpha: float, beta: float, y: float, name: str) -> None:
    with pytest.raises(BadInput, match=name):
        thresholds(0.5, alpha, beta, y)


def test_bad_noise_and_a_hope_above_despair_are_refused() -> None:
    for sigma in (0, -1, math.nan, math.inf):
        with pytest.raises(BadInput, match="sigma"):
            flat_prior(0.5, sigma)
    with pytest.raises(BadInput, match="y_despair"):
        tone_effect(0.5, 1, 1, y_despair=0, y_hope=1)

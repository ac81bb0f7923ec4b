"""Every exact game against a computation of another kind, over wide ranges: quadrature, long decimals, enumeration."""

import itertools
import math
from decimal import Decimal, localcontext

import numpy as np
import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from scipy import integrate, optimize, special

from corrigible.sandbox.games import finite_groups, global_game, stag_hunt
from corrigible.sandbox.games.beliefs import DiscreteBelief, NormalBelief
from corrigible.sandbox.games.off_switch import solve

WITHIN = 1e-6
"""What is promised of every number, absolutely and relative to the size of what goes in."""

TEN_POWERS = st.floats(-6, 6).map(lambda power: 10.0**power)
BREAKS = (0.0, 1.0, 3.0, 10.0, 30.0)


def worth_of_deferring(mu: float, sigma: float, beta: float | None) -> tuple[float, float]:
    """E[U allowed(U)] and P(allowed) by adaptive quadrature between the places where something changes quickly."""
    turn, width = -mu / sigma, 0.0 if beta is None else beta / sigma
    edges = {turn + sign * far * width for far in BREAKS for sign in (-1, 1)} | set(map(float, range(-11, 12)))
    ends = sorted(edge for edge in edges if -11 <= edge <= 11)

    def allowed(v: float) -> float:
        return float(v > turn) if beta is None else float(special.expit((mu + sigma * v) / beta))

    def density(v: float) -> float:
        return math.exp(-0.5 * v * v) / math.sqrt(2 * math.pi)

    def total(function: object) -> float:
        pieces = (
            integrate.quad(function, low, high, epsabs=1e-13, epsrel=1e-11)[0]
            for low, high in itertools.pairwise(ends)
            if high - low > 1e-13  # a turn that is 2 but for rounding: such a piece has no area, and quad warns of it
        )
        return math.fsum(pieces)

    worth = total(lambda v: (mu / sigma + v) * allowed(v) * density(v)) * sigma
    return worth, total(lambda v: allowed(v) * density(v))


@given(TEN_POWERS, st.floats(-8, 8), st.none() | TEN_POWERS)
@example(1.0, 0.0, 1e-6)
@example(1e6, 8.0, 1e6)
@example(1e-6, -8.0, 1e-6)
@example(1.0, -1.9999999999999991, None)
@settings(max_examples=150)
def test_deferring_is_worth_what_quadrature_says(sigma: float, ratio: float, relative_beta: float | None) -> None:
    mu, beta = sigma * ratio, None if relative_beta is None else sigma * relative_beta
    found = solve(NormalBelief(mu=mu, sigma=sigma), beta)
    worth, allowed = worth_of_deferring(mu, sigma, beta)
    size = sigma + abs(mu)
    assert found.value_defer == pytest.approx(worth, abs=1e-9 * size)
    assert found.gain == pytest.approx(worth - max(mu, 0.0), abs=1e-9 * size)
    assert found.probability_human_allows == pytest.approx(allowed, abs=1e-9)
    if allowed > 1e-3:
        assert found.expected_utility_if_allowed == pytest.approx(worth / allowed, abs=WITHIN * size)


@given(
    st.lists(st.tuples(st.integers(-40, 40), st.integers(1, 30)), min_size=1, max_size=12),
    st.none() | st.integers(-6, 6),
    st.integers(-6, 6),
)
@settings(max_examples=150)
def test_a_discrete_belief_is_worth_what_long_decimals_say(
    pairs: list[tuple[int, int]], power: int | None, scale: int
) -> None:
    total, unit = sum(weight for _, weight in pairs), 10.0**scale
    belief = DiscreteBelief(
        values=tuple(value * unit for value, _ in pairs), probabilities=tuple(weight / total for _, weight in pairs)
    )
    beta = None if power is None else unit * 10.0**power
    with localcontext() as context:
        context.prec, context.Emin, context.Emax = 60, -(10**9), 10**9
        utilities = [Decimal(value) for value in belief.values]
        shares = [Decimal(weight) / total for _, weight in pairs]
        allowed = [Decimal(int(u > 0)) if beta is None else 1 / (1 + (-u / Decimal(beta)).exp()) for u in utilities]
        act = sum((p * u for p, u in zip(shares, utilities, strict=True)), Decimal(0))
        worth = sum((p * u * a for p, u, a in zip(shares, utilities, allowed, strict=True)), Decimal(0))
        gain = float(worth - max(act, Decimal(0)))
        chance = float(sum((p * a for p, a in zip(shares, allowed, strict=True)), Decimal(0)))
    found = solve(belief, beta)
    assert found.gain == pytest.approx(gain, rel=1e-9, abs=1e-13 * 40 * unit)
    assert found.probability_human_allows == pytest.approx(chance, abs=1e-12)
    if abs(gain) > 1e-11 * unit:
        assert (found.best == "defer") == (gain > 0)


def tails(k: int, n: int, p: float, q: float) -> tuple[Decimal, Decimal]:
    """P(Binomial(n, p) >= k) and P(< k), each summed from its own terms in 60 digits, q = 1 - p given apart."""
    with localcontext() as context:
        context.prec, context.Emin, context.Emax = 60, -(10**9), 10**9
        success = Decimal(p) if p <= 0.5 else 1 - Decimal(q)
        failure = 1 - success
        terms = [Decimal(math.comb(n, i)) * success**i * failure ** (n - i) for i in range(n + 1)]
        return sum(terms[k:], Decimal(0)), sum(terms[:k], Decimal(0))


@st.composite
def hunts(draw: st.DrawFn) -> tuple[int, int, float]:
    n = draw(st.integers(2, 1000) | st.just(1000) | st.integers(2, 12))
    m = draw(st.integers(2, n) | st.just(n) | st.just(2))
    r = draw(
        st.floats(0.01, 0.99)
        | st.floats(-200, -2).map(lambda power: 10.0**power)
        | st.floats(-15, -2).map(lambda power: 1.0 - 10.0**power)
    )
    return n, m, r


@given(hunts())
@example((1000, 1000, 0.5))
@example((1000, 500, 1e-200))
@example((1000, 500, 1.0 - 1e-15))
@settings(max_examples=60)
@pytest.mark.slow
def test_at_the_mixed_equilibrium_stag_and_hare_pay_the_same_in_sixty_digits(game: tuple[int, int, float]) -> None:
    n, m, r = game
    (mixed,) = stag_hunt.solve(n, m, r).mixed
    caught, escaped = tails(m - 1, n - 1, mixed.hunt, mixed.hare)
    # rounding p alone changes a tail by n eps times the number of terms that matter
    assert float(caught / Decimal(r)) == pytest.approx(1, abs=1e-9) or float(
        escaped / (1 - Decimal(r))
    ) == pytest.approx(1, abs=1e-9)
    assert float(caught) == pytest.approx(r, abs=1e-9)
    # the root moves by less than what is promised: a step of 1e-7 in p crosses r
    for step, above in ((-1e-7, False), (1e-7, True)):
        p = mixed.hunt + step
        if 0 < p < 1:
            assert (tails(m - 1, n - 1, p, 1 - p)[0] > Decimal(r)) == above
    assert mixed.stag_caught == pytest.approx(float(tails(m, n, mixed.hunt, mixed.hare)[0]), rel=1e-8, abs=1e-300)


@given(st.integers(2, 9), st.data(), st.floats(0.001, 0.999))
@settings(max_examples=60)
def test_no_profile_of_pure_and_equally_mixed_choices_is_an_equilibrium_but_the_stated_ones(
    n: int, data: st.DataObject, r: float
) -> None:
    """Of n players i hunt, j do not, and the others hunt with one probability p: all (i, j) and p, by enumeration."""
    m = data.draw(st.integers(1, n))
    found = stag_hunt.solve(n, m, r)

    def pays(sure: int, mixing: int, p: float) -> float:
        """What hunting pays a player beside `sure` hunters and `mixing` others who hunt with p."""
        return sum(
            math.comb(mixing, k) * p**k * (1 - p) ** (mixing - k) for k in range(mixing + 1) if sure + k + 1 >= m
        )

    stable: set[tuple[int, int]] = set()
    for hunters, hares in itertools.product(range(n + 1), repeat=2):
        mixing = n - hunters - hares
        if mixing < 0:
            continue
        roots = [0.0] if mixing == 0 else _indifferent(lambda p, i=hunters, k=mixing: pays(i, k - 1, p) - r)
        for p in roots:
            stay = hunters == 0 or pays(hunters - 1, mixing, p) >= r - 1e-12
            away = hares == 0 or pays(hunters, mixing, p) <= r + 1e-12
            if stay and away:
                stable.add((hunters, hares))
                if mixing:
                    assert p == pytest.approx(found.mixed[0].hunt, abs=1e-7)
    expected = {(count, n - count) for count in found.pure} | ({(0, 0)} if found.mixed else set())
    assert stable == expected


def _indifferent(gain: object) -> list[float]:
    """Roots in (0, 1) of a function that never falls and is strictly monotone where it is not constant."""
    low, high = gain(1e-12), gain(1 - 1e-12)  # type: ignore[operator]
    if low * high >= 0:
        return []
    return [float(optimize.brentq(gain, 1e-12, 1 - 1e-12, xtol=1e-15))]


@given(
    st.floats(0.001, 0.999),
    st.floats(-6, 6).map(lambda power: 10.0**power),
    st.floats(0.0, 50.0) | st.floats(-3, 4).map(lambda power: 10.0**power),
    st.floats(-1.0, 2.0),
)
@settings(max_examples=150)
def test_more_join_than_expected_below_a_stable_threshold_and_fewer_above_it(
    c: float, sigma: float, loudness: float, y: float
) -> None:
    """If all expect success up to theta, those join who think it at least c likely: more than theta, or fewer?"""
    beta = sigma**-2
    alpha = loudness * math.sqrt(beta)
    found = global_game.thresholds(c, alpha, beta, y)
    band = global_game.multiplicity_range(c, alpha, beta)
    assume(band is None or min(abs(y - band[0]), abs(y - band[1])) > 1e-4)
    spread = 1 / math.sqrt(alpha + beta)

    def surplus(theta: float) -> float:
        mean = theta - float(special.ndtri(c)) * spread
        x = mean + alpha / beta * (mean - y)
        return float(special.ndtr((x - theta) / sigma)) - theta

    for point in found:
        below, above = point.theta - WITHIN, point.theta + WITHIN
        if below > 0 and above < 1:
            assert (surplus(below) > 0 > surplus(above)) == point.stable
            assert (surplus(below) < 0 < surplus(above)) == (not point.stable)
    for theta in np.linspace(0.001, 0.999, 200):
        passed = sum(point.theta < theta for point in found)
        if min(abs(point.theta - theta) for point in found) > WITHIN:
            assert (surplus(float(theta)) > 0) == (passed % 2 == 0)


@given(st.floats(0.01, 0.99), st.floats(-3, 3).map(lambda power: 10.0**power), st.floats(0, 50), st.floats(-1, 2))
@settings(max_examples=60)
def test_the_player_on_the_edge_puts_chance_c_on_success_by_bayes_rule(
    c: float, sigma: float, loudness: float, y: float
) -> None:
    beta = sigma**-2
    alpha = loudness * math.sqrt(beta)
    for point in global_game.thresholds(c, alpha, beta, y):
        spread = 1 / math.sqrt(alpha + beta)
        centre = (alpha * y + beta * point.x) / (alpha + beta)

        def weight(strength: float, x: float = point.x, mode: float = centre) -> float:
            """Likelihood of both signals, without its maximum."""
            ours = alpha * (strength - y) ** 2 + beta * (strength - x) ** 2
            return math.exp(-0.5 * (ours - alpha * (mode - y) ** 2 - beta * (mode - x) ** 2))

        assume(abs(point.x) < 1e4 * max(spread, 1))  # else the differences above leave no digits
        low, high = centre - 9 * spread, centre + 9 * spread
        edge = min(max(point.theta, low), high)
        falls, stands = (integrate.quad(weight, *ends, limit=200)[0] for ends in ((low, edge), (edge, high)))
        assert falls / (falls + stands) == pytest.approx(c, abs=WITHIN)


def decimal_advantage(x: float, N: int, M: int, F: float) -> Decimal:
    """f_C - f_D summed over the number of cooperators among N - 1 companions, 60 digits."""
    with localcontext() as context:
        context.prec, context.Emin, context.Emax = 60, -(10**9), 10**9
        share, rest = Decimal(x), 1 - Decimal(x)
        total = Decimal(-1)
        for k in range(M - 1, N):
            weight = Decimal(math.comb(N - 1, k)) * share**k * rest ** (N - 1 - k)
            total += weight * Decimal(F) / N * (k + 1 - (k if k >= M else 0))
        return total


@given(st.integers(2, 300) | st.just(1000), st.data(), st.floats(0.3, 4.0))
@settings(max_examples=20)
@pytest.mark.slow
def test_rest_points_are_where_the_enumerated_advantage_changes_sign(N: int, data: st.DataObject, part: float) -> None:
    M = data.draw(st.integers(2, N))
    critical = finite_groups.solve(N, M, 1.0).critical_enhancement
    F = critical * part
    assume(abs(part - 1) > 1e-3)
    found = finite_groups.solve(N, M, F)
    step = 1e-7
    for point in found.interior:
        below, above = point.cooperate - step, point.cooperate + step
        if below > 0 and above < 1:
            rising = decimal_advantage(below, N, M, F) < 0 < decimal_advantage(above, N, M, F)
            falling = decimal_advantage(below, N, M, F) > 0 > decimal_advantage(above, N, M, F)
            assert rising == (point.stability == "unstable")
            assert falling == (point.stability == "stable")
    grid = np.linspace(0.0005, 0.9995, 20)
    signs = [decimal_advantage(float(x), N, M, F) > 0 for x in grid]
    expected = [sum(point.cooperate < x for point in found.interior) for x in grid]
    # below the first rest point all defect, whatever the number of rest points
    assert all(sign == (passed % 2 == 1) for sign, passed in zip(signs, expected, strict=True))


@given(st.integers(2, 40), st.data(), st.floats(0.2, 3.0), st.floats(0.02, 0.98))
@settings(max_examples=10)
@pytest.mark.slow
def test_replicator_paths_are_those_of_small_runge_kutta_steps(
    N: int, data: st.DataObject, part: float, x0: float
) -> None:
    M = data.draw(st.integers(1, N))
    F = part * N

    def flow(x: float) -> float:
        return x * (1 - x) * float(finite_groups.advantage(x, N, M, F))

    x, h = x0, 0.01
    for _ in range(300):
        a = flow(x)
        b = flow(x + h / 2 * a)
        c = flow(x + h / 2 * b)
        x += h / 6 * (a + 2 * b + 2 * c + flow(min(1.0, x + h * c)))
    path = finite_groups.replicator(x0, N, M, F, t_end=3.0, points=4)
    assert path.cooperate[-1] == pytest.approx(x, abs=WITHIN)

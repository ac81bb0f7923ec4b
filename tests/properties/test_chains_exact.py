"""Window chains against dense algebra, GTH elimination, flow identities and closed forms."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from corrigible.chains.exact import kernels
from corrigible.chains.exact.classes import absorption, classes_of
from corrigible.chains.exact.greedy import brent, greedy_cycles, greedy_map
from corrigible.chains.exact.hitting import committor, hit_within, hitting_time, mean_dwell, reached
from corrigible.chains.exact.rates import entropy_production, entropy_rate, information_at_lags
from corrigible.chains.exact.reverse import forward_again, past, stationary_reverse
from corrigible.chains.exact.stationary import iterated, mixing_steps, spectrum, stationary
from corrigible.chains.exact.windows import WindowChain, enumerate_windows
from corrigible.chains.sources import drawn, hidden_markov, ngram, planted_loop, planted_topic

SMALL = st.tuples(st.integers(2, 4), st.integers(1, 3), st.integers(0, 10_000))


def chain_of(size: tuple[int, int, int], *, zeros: float = 0.0) -> WindowChain:
    """A random chain of V tokens in windows of K; with `zeros`, each transition is forbidden with that probability."""
    V, K, seed = size
    generator = np.random.default_rng(seed)
    rows = generator.gamma(0.7, size=(V**K, V)) + 1e-3
    forbidden = generator.random(rows.shape) < zeros
    forbidden[np.arange(len(rows)), generator.integers(0, V, len(rows))] = False
    rows[forbidden] = 0.0
    rows /= rows.sum(axis=1, keepdims=True)
    return enumerate_windows([str(k) for k in range(V)], K, lambda a, b: rows[a:b])


def matrix(chain: WindowChain) -> NDArray[np.float64]:
    """The transition matrix, written down window by window."""
    found = np.zeros((chain.states, chain.states))
    for s in range(chain.states):
        for y in range(chain.tokens):
            found[s, chain.number((*chain.digits(s)[1:], y))] += chain.law[s, y]
    return found


def test_a_class_that_is_all_but_periodic_settles() -> None:
    rare = 1e-5
    rows = np.array([[rare, 1 - rare - 0.1, 0.1], [1 - rare, rare, 0.0], [1 - rare, 0.0, rare]])
    chain = ngram("abc", 1, rows)
    (whole,) = classes_of(chain).recurrent
    assert whole.period == 1
    assert stationary(chain, whole).law == pytest.approx(gth(rows))
    assert iterated(chain, whole).law == pytest.approx(gth(rows))


def gth(P: NDArray[np.float64]) -> NDArray[np.float64]:
    """Stationary law of an irreducible chain by Grassmann, Taksar and Heyman's elimination (1985): no subtraction."""
    A = P.copy()
    n = len(A)
    for k in range(n - 1, 0, -1):
        A[:k, k] /= A[k, :k].sum()
        A[:k, :k] += np.outer(A[:k, k], A[k, :k])
    x = np.ones(n)
    for k in range(1, n):
        x[k] = x[:k] @ A[:k, k]
    return x / x.sum()


@given(SMALL)
def test_a_step_forward_and_back_is_that_of_the_matrix(size: tuple[int, int, int]) -> None:
    chain = chain_of(size, zeros=0.3)
    P = matrix(chain)
    vector = np.random.default_rng(1).random(chain.states)
    assert chain.push(vector) == pytest.approx(vector @ P)
    assert chain.pull(vector) == pytest.approx(P @ vector)


@given(SMALL)
def test_compiled_steps_are_those_of_python(size: tuple[int, int, int]) -> None:
    chain = chain_of(size, zeros=0.3)
    vector = np.random.default_rng(1).random(chain.states)
    after = np.empty(chain.states)
    for kernel, compiled in ((kernels.push, chain.push), (kernels.pull, chain.pull)):
        kernel.py_func(chain.law, vector, after)  # type: ignore[attr-defined]
        assert np.array_equal(after, compiled(vector))


@given(SMALL)
def test_the_stationary_law_is_that_of_gth_and_flows_balance(size: tuple[int, int, int]) -> None:
    chain = chain_of(size)
    (whole,) = classes_of(chain).recurrent
    found = iterated(chain, whole)
    assert found.law == pytest.approx(gth(matrix(chain)), abs=1e-10)
    assert stationary(chain, whole).law == pytest.approx(found.law, abs=1e-10)
    assert found.residual < 1e-11
    table = found.law.reshape((chain.tokens,) * chain.window)
    assert table.sum(axis=0) == pytest.approx(table.sum(axis=-1), abs=1e-11)  # first K-1 tokens, last K-1 tokens


def reachable(P: NDArray[np.float64]) -> NDArray[np.bool_]:
    A = (P > 0) | np.eye(len(P), dtype=bool)
    for _ in range(max(1, math.ceil(math.log2(len(P))))):
        A = (A.astype(int) @ A.astype(int)) > 0
    return A


@given(SMALL)
def test_recurrent_classes_and_periods_are_those_of_the_graph(size: tuple[int, int, int]) -> None:
    chain = chain_of(size, zeros=0.6)
    P = matrix(chain)
    R = reachable(P)
    expected = {frozenset(np.flatnonzero(R[s])) for s in range(len(P)) if all(R[t, s] for t in np.flatnonzero(R[s]))}
    classes = classes_of(chain)
    assert {frozenset(map(int, item.windows)) for item in classes.recurrent} == expected
    assert classes.transient == len(P) - sum(map(len, expected))
    for item in classes.recurrent:
        power, returns = np.eye(len(P)), []
        for n in range(1, 3 * len(P) + 1):
            power = ((power @ P) > 0).astype(float)
            if power[item.windows[0], item.windows[0]] > 0:
                returns.append(n)
        assert math.gcd(*returns) == item.period


@given(SMALL)
def test_every_class_has_its_law_and_a_start_ends_in_them_as_dense_algebra_says(size: tuple[int, int, int]) -> None:
    chain = chain_of(size, zeros=0.6)
    P = matrix(chain)
    classes = classes_of(chain)
    for item in classes.recurrent:
        law = stationary(chain, item).law
        inside = P[np.ix_(item.windows, item.windows)]
        assert law[item.windows] == pytest.approx(gth(inside), abs=1e-10)
        assert law.sum() == pytest.approx(law[item.windows].sum())
    start = np.full(len(P), 1 / len(P))
    ended = start @ np.linalg.matrix_power(0.5 * (np.eye(len(P)) + P), 1 << 22)
    expected = [ended[item.windows].sum() for item in classes.recurrent]
    assert absorption(chain, classes, start) == pytest.approx(expected, abs=1e-6)


@given(SMALL)
def test_the_spectrum_is_that_of_the_matrix(size: tuple[int, int, int]) -> None:
    chain = chain_of(size)
    (whole,) = classes_of(chain).recurrent
    moduli = np.sort(np.abs(np.linalg.eigvals(matrix(chain))))[::-1]
    assert spectrum(chain, whole).second == pytest.approx(moduli[1], abs=1e-6)


def test_the_spectrum_of_a_larger_class_is_that_of_dense_algebra() -> None:
    chain = drawn(4, 5, np.random.default_rng(3))
    (whole,) = classes_of(chain).recurrent
    moduli = np.sort(np.abs(np.linalg.eigvals(matrix(chain))))[::-1]
    assert spectrum(chain, whole).second == pytest.approx(moduli[1], abs=1e-7)


def test_a_window_longer_than_the_memory_changes_nothing_that_is_said() -> None:
    law = np.array([[0.7, 0.2, 0.1], [0.1, 0.6, 0.3], [0.5, 0.25, 0.25]])
    short = ngram("abc", 1, law)
    long = ngram("abc", 3, np.broadcast_to(law, (3, 3, 3, 3)).copy())
    laws = [stationary(chain, classes_of(chain).recurrent[0]).law for chain in (short, long)]
    assert entropy_rate(long, laws[1]) == pytest.approx(entropy_rate(short, laws[0]))
    assert entropy_production(long, laws[1]) == pytest.approx(entropy_production(short, laws[0]), abs=1e-10)
    assert information_at_lags(long, laws[1], 5) == pytest.approx(information_at_lags(short, laws[0], 5))
    seconds = [spectrum(chain, classes_of(chain).recurrent[0]).second for chain in (short, long)]
    assert seconds[0] == pytest.approx(seconds[1], abs=1e-4)  # the longer one has zero as a defective eigenvalue


def test_two_states_have_the_closed_forms() -> None:
    a, b = 0.2, 0.05
    chain = ngram("xy", 1, np.array([[1 - a, a], [b, 1 - b]]))
    (whole,) = classes_of(chain).recurrent
    law = stationary(chain, whole).law
    assert law == pytest.approx([b / (a + b), a / (a + b)])
    assert spectrum(chain, whole).second == pytest.approx(1 - a - b)
    x, y = np.array([True, False]), np.array([False, True])
    assert hitting_time(chain, y) == pytest.approx([1 / a, 0])
    assert mean_dwell(chain, law, x) == pytest.approx(1 / a)
    assert hit_within(chain, chain.at(0), y, 5) == pytest.approx([1 - (1 - a) ** t for t in range(6)])
    assert entropy_production(chain, law) == 0.0  # two states are always reversible
    lags = information_at_lags(chain, law, 40)
    slope = math.log(lags[39] / lags[29]) / 10
    assert slope == pytest.approx(2 * math.log(1 - a - b), abs=1e-3)  # quadratic in the correlation


@given(SMALL)
def test_mutual_information_is_that_of_powers_of_the_matrix(size: tuple[int, int, int]) -> None:
    chain = chain_of(size)
    law = stationary(chain, classes_of(chain).recurrent[0]).law
    P, V = matrix(chain), chain.tokens
    last = np.eye(V)[np.arange(chain.states) % V]
    said = last.T @ law
    for lag, found in enumerate(information_at_lags(chain, law, 4), start=1):
        joint = last.T @ (law[:, None] * np.linalg.matrix_power(P, lag)) @ last
        assert found == pytest.approx(float((joint * np.log(joint / np.outer(said, said))).sum()), abs=1e-10)


@given(SMALL)
def test_entropy_production_is_the_divergence_of_long_texts_from_themselves_reversed(
    size: tuple[int, int, int],
) -> None:
    chain = chain_of((min(size[0], 3), min(size[1], 2), size[2]))
    law = stationary(chain, classes_of(chain).recurrent[0]).law
    V, K = chain.tokens, chain.window

    def divergence(n: int) -> float:
        total = 0.0
        for text in itertools.product(range(V), repeat=n):
            p, q = probability(text), probability(text[::-1])
            total += p * math.log(p / q)
        return total

    def probability(text: tuple[int, ...]) -> float:
        p = float(law[chain.number(text[:K])])
        for k in range(K, len(text)):
            p *= float(chain.law[chain.number(text[k - K : k]), text[k]])
        return p

    assert entropy_production(chain, law) == pytest.approx(divergence(K + 3) - divergence(K + 2), abs=1e-9)


def test_a_text_that_is_never_said_backwards_has_infinite_entropy_production() -> None:
    chain = ngram("abc", 1, np.array([[0.5, 0.5, 0.0], [0.0, 0.5, 0.5], [0.5, 0.0, 0.5]]))
    assert entropy_production(chain, np.full(3, 1 / 3)) == math.inf


@given(SMALL)
def test_the_reverse_of_the_reverse_is_the_chain_and_flows_are_one(size: tuple[int, int, int]) -> None:
    chain = chain_of(size)
    law = stationary(chain, classes_of(chain).recurrent[0]).law
    backward = stationary_reverse(chain, law)
    assert backward.sum(axis=1) == pytest.approx(np.ones(chain.states))
    assert forward_again(backward, law) == pytest.approx(chain.law, abs=1e-8)
    M, V = chain.states // chain.tokens, chain.tokens
    for s in range(chain.states):
        for y in range(V):
            after = (s % M) * V + y
            assert law[s] * chain.law[s, y] == pytest.approx(law[after] * backward[after, s // M], abs=1e-11)


@given(SMALL)
def test_what_came_before_is_what_enumeration_of_all_texts_says(size: tuple[int, int, int]) -> None:
    chain = chain_of((min(size[0], 3), min(size[1], 2), size[2]))
    start, steps, final = chain.at(0), 4, chain.states - 1
    told = past(chain, start, steps)
    weight = np.zeros((steps + 1, chain.states))
    total = 0.0
    for text in itertools.product(range(chain.tokens), repeat=steps):
        window, p, visited = 0, 1.0, [0]
        for token in text:
            p *= float(chain.law[window, token])
            window = chain.after(window, token)
            visited.append(window)
        if window == final:
            total += p
            for t, s in enumerate(visited):
                weight[t, s] += p
    assert told.probability(final) == pytest.approx(total)
    assert told.posterior(final) == pytest.approx(weight / total)


@given(SMALL)
def test_the_likeliest_way_is_the_likeliest_of_all_texts(size: tuple[int, int, int]) -> None:
    chain = chain_of((min(size[0], 3), min(size[1], 2), size[2]))
    steps, final = 4, chain.states - 1
    told = past(chain, chain.at(0), steps)
    walk, share = told.likeliest(final)
    best, total = 0.0, 0.0
    for text in itertools.product(range(chain.tokens), repeat=steps):
        window, p = 0, 1.0
        for token in text:
            p *= float(chain.law[window, token])
            window = chain.after(window, token)
        if window == final:
            best, total = max(best, p), total + p
    assert share == pytest.approx(best / total)
    assert (walk[0], walk[-1]) == (0, final)
    p = float(np.prod([chain.law[walk[t], walk[t + 1] % chain.tokens] for t in range(steps)]))
    assert p == pytest.approx(best)
    near = told.foreseen(walk)
    assert near[0] == pytest.approx(told.probability(final))
    assert near[-1] == 1.0


def test_walks_backwards_are_drawn_from_the_posterior() -> None:
    chain = drawn(3, 2, np.random.default_rng(5))
    told = past(chain, chain.at(0), 6)
    drawn_walks = told.sample(4, 20_000, np.random.default_rng(6))
    posterior = told.posterior(4)
    assert (drawn_walks[:, 0] == 0).all()
    assert (drawn_walks[:, -1] == 4).all()
    M = chain.states // chain.tokens
    assert (drawn_walks[:, :-1] % M == drawn_walks[:, 1:] // chain.tokens).all()
    for t in range(7):
        share = np.bincount(drawn_walks[:, t], minlength=chain.states) / 20_000
        assert 0.5 * np.abs(share - posterior[t]).sum() < 0.02


@given(SMALL)
def test_committors_and_hitting_times_solve_their_equations(size: tuple[int, int, int]) -> None:
    chain = chain_of(size)
    P = matrix(chain)
    first, other = np.zeros(len(P), bool), np.zeros(len(P), bool)
    first[0], other[-1] = True, True
    inside = ~(first | other)
    A = np.eye(len(P)) - P
    expected = np.zeros(len(P))
    expected[first] = 1.0
    expected[inside] = np.linalg.solve(A[np.ix_(inside, inside)], P[np.ix_(inside, first)].sum(axis=1))
    assert committor(chain, first, other) == pytest.approx(expected, abs=1e-8)
    times = np.zeros(len(P))
    times[~first] = np.linalg.solve(A[np.ix_(~first, ~first)], np.ones((~first).sum()))
    assert hitting_time(chain, first) == pytest.approx(times, rel=1e-6)
    assert reached(chain, first) == pytest.approx(np.ones(len(P)))


@given(SMALL)
def test_what_may_never_be_reached_is_infinitely_far_and_reached_as_dense_algebra_says(
    size: tuple[int, int, int],
) -> None:
    chain = chain_of(size, zeros=0.6)
    P = matrix(chain)
    target = np.zeros(len(P), bool)
    target[int(np.random.default_rng(size[2]).integers(len(P)))] = True
    stopped = P.copy()
    stopped[target] = 0.0
    stopped[target, target] = 1.0
    expected = np.linalg.matrix_power(stopped, 1 << 22)[:, target][:, 0]
    found = reached(chain, target)
    assert found == pytest.approx(expected, abs=1e-6)
    times = hitting_time(chain, target)
    assert (np.isinf(times) == (expected < 1 - 1e-6)).all()


@given(SMALL)
def test_dwelling_is_the_mean_time_to_leave_from_where_it_is_entered(size: tuple[int, int, int]) -> None:
    chain = chain_of(size)
    law = stationary(chain, classes_of(chain).recurrent[0]).law
    target = np.arange(chain.states) % chain.tokens == 0
    P = matrix(chain)
    entering = np.where(target, (np.where(target, 0.0, law)) @ P, 0.0)
    entering /= entering.sum()
    leave = hitting_time(chain, ~target)
    assert mean_dwell(chain, law, target) == pytest.approx(float(entering @ leave), rel=1e-6)


@given(SMALL)
def test_every_greedy_walk_ends_in_the_cycle_that_it_is_said_to(size: tuple[int, int, int]) -> None:
    chain = chain_of(size)
    after = greedy_map(chain)
    cycles = greedy_cycles(chain)
    assert sum(item.basin for item in cycles) == chain.states
    ended: dict[tuple[int, ...], int] = {}
    for s in range(chain.states):
        tail, period = brent(lambda t: int(after[t]), s)
        at = s
        for _ in range(tail):
            at = int(after[at])
        walk = [at]
        while int(after[walk[-1]]) != at:
            walk.append(int(after[walk[-1]]))
        assert len(walk) == period
        least = walk.index(min(walk))
        key = tuple(walk[least:] + walk[:least])
        ended[key] = ended.get(key, 0) + 1
    assert {item.windows: item.basin for item in cycles} == ended


def test_a_planted_loop_is_the_greedy_cycle_and_is_dwelt_in_as_long_as_it_was_made_to() -> None:
    chain = planted_loop(5, 3, [1, 3, 4], keep=0.9)
    best = greedy_cycles(chain)[0]
    assert best.period == 3
    assert {chain.digits(s)[-1] for s in best.windows} == {1, 3, 4}
    always = planted_loop(5, 2, [0, 1], keep=1.0)
    (only,) = classes_of(always).recurrent
    assert (only.windows.size, only.period) == (2, 2)
    assert stationary(always, only).law[only.windows] == pytest.approx([0.5, 0.5])
    assert spectrum(always, only).second == 0.0


def test_a_planted_topic_is_stayed_on_and_told_by_the_second_eigenvalue() -> None:
    loose, tight = (planted_topic(2, 2, 3, stay=stay) for stay in (0.7, 0.97))
    seconds, dwells = [], []
    for chain in (loose, tight):
        (whole,) = classes_of(chain).recurrent
        seconds.append(spectrum(chain, whole).second)
        majority = np.stack([np.array(chain.digits(s)) // 2 for s in range(chain.states)]).sum(axis=1) >= 2
        dwells.append(mean_dwell(chain, stationary(chain, whole).law, majority))
    assert seconds[0] < seconds[1] < 1
    assert 4 < dwells[0] < dwells[1]


def test_longer_windows_of_a_hidden_markov_model_know_more() -> None:
    transition = np.array([[0.95, 0.05], [0.1, 0.9]])
    emission = np.array([[0.7, 0.2, 0.1], [0.1, 0.2, 0.7]])
    rates = []
    for window in (1, 2, 4, 6):
        chain = hidden_markov(transition, emission, window)
        rates.append(entropy_rate(chain, stationary(chain, classes_of(chain).recurrent[0]).law))
    assert rates == sorted(rates, reverse=True)
    assert rates[2] - rates[3] < 0.1 * (rates[0] - rates[1])


def test_a_long_run_visits_windows_as_the_stationary_law_says() -> None:
    chain = drawn(3, 2, np.random.default_rng(8))
    (whole,) = classes_of(chain).recurrent
    law = stationary(chain, whole).law
    generator, window, counts = np.random.default_rng(9), 0, np.zeros(chain.states)
    reach = chain.law.cumsum(axis=1)
    for u in generator.random(200_000):
        window = chain.after(window, int(np.searchsorted(reach[window], u)))
        counts[window] += 1
    assert 0.5 * np.abs(counts / counts.sum() - law).sum() < 0.01


@settings(max_examples=20)
@given(SMALL)
def test_a_chain_comes_as_near_as_asked_and_not_before(size: tuple[int, int, int]) -> None:
    chain = chain_of(size)
    law = stationary(chain, classes_of(chain).recurrent[0]).law
    steps = mixing_steps(chain, law, chain.at(0), within=0.1)
    assert steps is not None
    P = matrix(chain)
    distance = [0.5 * np.abs(np.linalg.matrix_power(P, t)[0] - law).sum() for t in range(steps + 1)]
    assert distance[-1] <= 0.1
    assert all(d > 0.1 for d in distance[:-1])

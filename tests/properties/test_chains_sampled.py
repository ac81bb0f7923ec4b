"""Properties of what samples chains: coupled walks, automata, loops, entropies, agreement."""

import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from corrigible.chains.sampled.attractors import LEAST_ROUNDS, LEAST_TOKENS, loops_of
from corrigible.chains.sampled.chain import Enumerated, LawCache
from corrigible.chains.sampled.estimates import agreed, estimated
from corrigible.chains.sampled.information import entropy, information
from corrigible.chains.sampled.lookahead import normed
from corrigible.chains.sampled.smc import mixed, systematic
from corrigible.chains.sampled.surrogate import automaton
from corrigible.chains.sampled.walks import drawn_tokens, walk
from corrigible.chains.sources import drawn
from corrigible.errors import CorrigibleError

tokens = st.integers(0, 2)


@given(st.integers(0, 1000), st.integers(1, 5), st.integers(1, 8))
def test_a_text_is_the_same_alone_as_among_others(seed: int, count: int, steps: int) -> None:
    generator = np.random.default_rng(seed)
    chain = Enumerated(chain=drawn(3, 2, generator, sharpness=2.0))
    starts, draws = generator.integers(0, 3, (count, 2)), generator.random((count, steps))
    together = walk(chain, starts, steps, draws)
    for k in range(count):
        alone = walk(chain, starts[k : k + 1], steps, draws[k : k + 1])
        assert (alone.tokens[0] == together.tokens[k]).all()
        assert alone.log_prob[0] == pytest.approx(together.log_prob[k])


@given(st.lists(st.floats(0, 1), min_size=2, max_size=6), st.floats(0, 1, exclude_max=True))
def test_no_impossible_token_is_drawn(masses: list[float], uniform: float) -> None:
    law = np.where(np.array(masses) > 0.2, np.array(masses), 0.0)
    if law.sum() <= 0:
        law[0] = 1.0
    with np.errstate(divide="ignore"):
        token = int(drawn_tokens(np.log(law / law.sum())[None, :], np.array([uniform]))[0])
    assert law[token] > 0


@given(st.lists(tokens, min_size=1, max_size=5), st.lists(tokens, min_size=1, max_size=30))
def test_the_automaton_knows_how_much_of_the_string_was_said(string: list[int], text: list[int]) -> None:
    table, state = automaton(tuple(string), 3), 0
    for length in range(1, len(text) + 1):
        state = int(table[state, text[length - 1]])
        said = text[:length]
        longest = max(j for j in range(len(string) + 1) if j == 0 or said[-j:] == string[:j])
        assert state == longest


@given(st.lists(tokens, min_size=1, max_size=40))
def test_every_loop_is_a_repetition_that_cannot_be_longer_and_none_overlap(text: list[int]) -> None:
    row = np.array(text)
    found = loops_of(row)
    for loop in found:
        part = row[loop.begin : loop.end]
        assert len(part) >= max(LEAST_ROUNDS * loop.period, LEAST_TOKENS)
        assert (part[loop.period :] == part[: -loop.period]).all()
        assert loop.end == len(row) or row[loop.end] != row[loop.end - loop.period]
        assert loop.ended == (loop.end < len(row))
    assert all(one.end <= other.begin for one, other in pairwise(found))


def test_a_loop_is_found_at_its_smallest_period() -> None:
    loops = loops_of(np.array([5, 1, 2, 1, 2, 1, 2, 1, 2, 9]))
    assert [(loop.begin, loop.end, loop.period, loop.ended) for loop in loops] == [(1, 9, 2, True)]


@given(st.lists(st.integers(0, 9), min_size=2, max_size=8))
def test_entropies_are_those_of_counts_and_corrections_add(counts: list[int]) -> None:
    array = np.array(counts)
    if array.sum() == 0:
        return
    share = array[array > 0] / array.sum()
    plain = float(entropy(array, "none"))
    assert plain == pytest.approx(float(-(share * np.log(share)).sum()), abs=1e-12)
    assert float(entropy(array, "miller-madow")) == pytest.approx(plain + (len(share) - 1) / (2 * array.sum()))


@given(st.integers(0, 500))
def test_information_of_many_independent_pairs_is_none_and_of_copies_their_entropy(seed: int) -> None:
    generator = np.random.default_rng(seed)
    rows = np.outer(generator.integers(1, 40, 4), generator.integers(1, 40, 4))
    assert float(information(rows, "none")) == pytest.approx(0.0, abs=1e-9)
    copies = np.diag(generator.integers(200, 900, 5))
    told = float(information(copies))
    assert told == pytest.approx(float(entropy(np.diag(copies), "grassberger")), abs=1e-9)


@given(st.lists(st.floats(-30, 3), min_size=1, max_size=12), st.integers(0, 99))
def test_resampling_keeps_expectations(logs: list[float], seed: int) -> None:
    weight, mass = normed(np.array(logs))
    assert weight.sum() == pytest.approx(1.0)
    assert mass == pytest.approx(math.log(sum(math.exp(log - max(logs)) for log in logs)) + max(logs))
    times = np.bincount(systematic(weight, np.random.default_rng(seed)), minlength=len(weight))
    assert times.sum() == len(weight)
    assert (np.abs(times - weight * len(weight)) < 1.0 + 1e-9).all()


@given(st.integers(0, 500))
def test_what_is_proposed_is_a_law_that_can_say_whatever_the_chain_can(seed: int) -> None:
    generator = np.random.default_rng(seed)
    law = np.log(generator.dirichlet(np.ones(5), size=3))
    chances = np.where(generator.random((3, 5)) < 0.4, -np.inf, np.log(generator.random((3, 5))))
    proposed = mixed(law, law + chances)
    assert np.exp(proposed).sum(axis=1) == pytest.approx(np.ones(3))
    assert np.isfinite(proposed).all()


def test_a_cache_holds_no_more_than_it_may_and_forgets_the_eldest() -> None:
    cache = LawCache(most=4 * 10 * 3)
    for k in range(5):
        cache.put(np.array([k]), np.full(10, float(k), np.float32))
        cache.get(np.array([0]))
    assert cache.held <= 120
    assert cache.get(np.array([0])) is not None, "it was asked for all the time"
    assert cache.get(np.array([1])) is None
    law = cache.get(np.array([4]))
    assert law is not None
    with pytest.raises(ValueError, match="read-only"):
        law[0] = 1.0


def test_estimates_that_disagree_or_know_nothing_give_no_answer() -> None:
    right = estimated("one", np.array([1.0, 1.1, 0.9, 1.05, 0.95, 1.0]))
    near = estimated("two", np.array([1.2, 0.9, 1.0, 1.1, 0.8, 1.05]))
    wrong = estimated("three", np.array([0.10, 0.11, 0.09, 0.105, 0.1, 0.095]))
    vague = estimated("four", np.array([5.0, 0.0, 0.0, 0.0, 0.0, 0.0]))
    none = estimated("five", np.zeros(6))
    assert agreed([right, near])[0] is right
    assert agreed([vague, right, near])[0] is right, "what has no say is passed over"
    with pytest.raises(CorrigibleError, match="must agree; by chance"):
        agreed([right, wrong])
    with pytest.raises(CorrigibleError, match="each with a relative error"):
        agreed([right, vague])
    with pytest.raises(CorrigibleError, match="no sample met"):
        agreed([none, none])
    assert (none.low, none.high) == (0.0, 1.0)

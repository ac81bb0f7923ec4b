"""Drift, planted errors and information at a lag, held against the exact answers of enumerated chains."""

import numpy as np
import pytest

from corrigible.chains.exact.classes import classes_of
from corrigible.chains.exact.rates import information_at_lags
from corrigible.chains.exact.regret import excess_divergence, forgotten, jensen_shannon, regret
from corrigible.chains.exact.stationary import spectrum, stationary
from corrigible.chains.sampled.attractors import attractors
from corrigible.chains.sampled.chain import Enumerated
from corrigible.chains.sampled.drift import drift, planted_error
from corrigible.chains.sampled.information import clusters, decay, information_of
from corrigible.chains.sampled.walks import walk
from corrigible.chains.sources import drawn, learnt_ngram, lifted, planted_loop, planted_topic
from corrigible.errors import BadInput


def said(chain: Enumerated, count: int, steps: int, seed: int) -> np.ndarray:
    generator = np.random.default_rng(seed)
    starts = generator.integers(0, chain.size, (count, chain.window))
    return walk(chain, starts, steps + 60, generator.random((count, steps + 60))).said[:, 60:]


def test_a_planted_error_heals_as_it_does_exactly() -> None:
    chain = drawn(4, 3, np.random.default_rng(0), sharpness=1.5)
    prompts = np.repeat([[0, 1, 2]], 400, axis=0)
    found = planted_error(
        Enumerated(chain=chain), prompts, 16, np.random.default_rng(1), wrong=np.full(400, 3, dtype=np.int64)
    )
    exact = excess_divergence(chain, chain.number([0, 1, 2]), chain.number([0, 1, 3]), 16)
    assert ((exact >= found.excess.low) & (exact <= found.excess.high)).mean() >= 0.75
    assert np.abs(found.excess.mean - exact).max() < 0.03
    assert found.fate == "heals"
    gap = forgotten(chain, chain.number([0, 1, 2]), chain.number([0, 1, 3]), 16)
    assert gap[0] == 1.0
    assert (np.diff(gap) <= 1e-12).all(), "total variation never grows"


def test_an_error_that_is_never_forgotten_does_not_heal() -> None:
    """Where the topic is never left, what was put in its place decides all that follows."""
    chain = planted_topic(2, 3, 1, stay=1.0)
    prompts = np.repeat([[0]], 64, axis=0)
    found = planted_error(
        Enumerated(chain=chain), prompts, 12, np.random.default_rng(0), wrong=np.full(64, 3, dtype=np.int64)
    )
    assert found.fate == "unclear"
    assert found.excess.low[-1] > 0.5


def test_errors_of_a_learner_on_its_own_text_are_counted_exactly() -> None:
    source = drawn(4, 2, np.random.default_rng(1), sharpness=1.5)
    texts = said(Enumerated(chain=source), 100, 40, 2)
    start = source.at(0)
    few = regret(source, learnt_ngram(source.vocabulary, 2, texts[:5]), start, 30)
    many = regret(source, learnt_ngram(source.vocabulary, 2, texts), start, 30)
    assert many.own.sum() < few.own.sum()
    assert regret(source, source, start, 30).own == pytest.approx(np.zeros(30), abs=1e-15)
    own = lifted(source, 3)
    assert regret(own, own, own.at(0), 5).excess == 0.0
    with pytest.raises(BadInput, match="same tokens and window"):
        regret(source, own, start, 5)
    # by hand: expectation of the divergence over the learner's own law of windows
    learner = learnt_ngram(source.vocabulary, 2, texts[:5])
    error = (source.law * np.log(source.law / learner.law)).sum(axis=1)
    assert few.own[1] == pytest.approx(float(learner.push(start) @ error))


def test_own_text_is_told_from_anothers_and_not_from_its_like() -> None:
    source = drawn(4, 2, np.random.default_rng(1), sharpness=2.0)
    other = planted_loop(4, 2, [0, 1], keep=0.95)
    texts = said(Enumerated(chain=other), 48, 14, 3)
    strange = drift(Enumerated(chain=source), texts, 2, np.random.default_rng(4))
    like = drift(Enumerated(chain=other), texts, 2, np.random.default_rng(4))
    assert strange.apart.mean[0] == pytest.approx(0.0, abs=1e-12), "at first both have read the prompt"
    assert strange.apart.mean[4:].mean() > 3 * abs(like.apart.mean[4:].mean())
    assert strange.apart.low[4:].mean() > 0
    assert (like.apart.low <= 0).mean() > 0.8


def test_information_at_a_lag_covers_the_exact_one() -> None:
    chain = drawn(5, 2, np.random.default_rng(3), sharpness=1.5)
    law = stationary(chain, classes_of(chain).recurrent[0]).law
    exact = information_at_lags(chain, law, 6)
    covered = []
    for seed in range(20):
        texts = said(Enumerated(chain=chain), 60, 80, seed)
        found = information_of(texts, (1, 2, 6), np.random.default_rng(seed))
        covered.append((found.low <= exact[[0, 1, 5]]) & (exact[[0, 1, 5]] <= found.high))
    share = np.mean(covered, axis=0)
    assert (share >= 0.75).all(), share  # 95 % nominal: of 20, fewer than 15 by chance once in 40,000


@pytest.mark.parametrize("correction", ["grassberger", "miller-madow"])
def test_corrections_bring_the_estimate_near_where_the_naive_one_is_not(correction: str) -> None:
    chain = drawn(8, 2, np.random.default_rng(3), sharpness=0.2)
    law = stationary(chain, classes_of(chain).recurrent[0]).law
    exact = information_at_lags(chain, law, 3)[2]
    texts = said(Enumerated(chain=chain), 20, 40, 0)
    found = information_of(texts, (3,), np.random.default_rng(0), correction=correction)  # type: ignore[arg-type]
    naive = information_of(texts, (3,), np.random.default_rng(0), correction="none")
    assert abs(found.value[0] - exact) < abs(naive.value[0] + naive.floor[0] - exact)


def test_information_falls_as_the_second_eigenvalue_says() -> None:
    chain = planted_topic(2, 2, 1, stay=0.95)
    second = spectrum(chain, classes_of(chain).recurrent[0]).second
    texts = said(Enumerated(chain=chain), 200, 200, 1)
    slope, lags = decay(information_of(texts, (1, 2, 4, 6, 8), np.random.default_rng(2)))
    assert lags >= 3
    assert slope == pytest.approx(2 * np.log(second), rel=0.15)


def test_clusters_lose_information_and_add_none() -> None:
    chain = drawn(8, 1, np.random.default_rng(3), sharpness=2.0)
    texts = said(Enumerated(chain=chain), 100, 60, 1)
    whole = information_of(texts, (1,), np.random.default_rng(0))
    classes = clusters(np.eye(8), 3, np.random.default_rng(0))
    coarse = information_of(texts, (1,), np.random.default_rng(0), classes=classes)
    assert coarse.value[0] < whole.value[0]
    with pytest.raises(BadInput, match="8 texts or more"):
        information_of(texts[:3], (1,), np.random.default_rng(0))


def test_a_planted_loop_is_found_and_left_as_often_as_it_is_said_to_be() -> None:
    keep = 0.9
    chain = planted_loop(12, 1, [3, 4, 5], keep=keep)
    texts = said(Enumerated(chain=chain), 60, 200, 0)
    found = attractors(texts)
    leave = (1 - keep) * 11 / 12  # another token than the next of the loop
    assert found.escape.low <= leave <= found.escape.high
    again = (1 - leave) ** 3
    assert found.repeats[3].low <= again <= found.repeats[3].high
    none = attractors(said(Enumerated(chain=drawn(12, 1, np.random.default_rng(0), sharpness=0.1)), 60, 200, 0))
    assert none.caught.share < 0.05


def test_divergences_are_symmetric_and_bounded() -> None:
    generator = np.random.default_rng(0)
    p, q = generator.dirichlet(np.ones(5), size=20), generator.dirichlet(np.ones(5) * 0.1, size=20)
    assert jensen_shannon(p, q) == pytest.approx(jensen_shannon(q, p))
    assert (jensen_shannon(p, q) <= np.log(2)).all()
    assert jensen_shannon(p, p) == pytest.approx(np.zeros(20), abs=1e-12)

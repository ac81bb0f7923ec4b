"""The window chain of a language model forgets what it drops, a rolling cache does not; what branches is read once."""

import numpy as np
import pytest

from corrigible.chains.decoding import Decoding
from corrigible.chains.modelled import window_chain
from corrigible.chains.sampled.chain import Enumerated, LawCache
from corrigible.chains.sampled.turns import turnwise
from corrigible.chains.sampled.walks import walk
from corrigible.chains.sampled.windowed import RollingCache, Windowed
from corrigible.errors import BadInput
from corrigible.language.models import LanguageModel, load_model


@pytest.fixture(scope="module")
def tiny() -> LanguageModel:
    return load_model("tiny")


def laws(chain: Windowed, texts: np.ndarray) -> np.ndarray:
    return np.exp(chain.log_law(texts))


def test_equal_windows_with_different_histories_have_equal_laws_only_in_the_window_chain(tiny: LanguageModel) -> None:
    chain = Windowed(model=tiny, window=5)
    texts = np.random.default_rng(0).integers(0, chain.size, (2, 14))
    texts[1, -5:] = texts[0, -5:]
    first, second = laws(chain, texts[:, -5:])
    assert (first == second).all()
    rolling = np.exp(RollingCache(of=chain).log_law_after(texts))
    assert np.abs(rolling[0] - rolling[1]).sum() / 2 > 1e-7, "cached keys remember what was dropped"


def test_before_anything_is_dropped_both_chains_are_the_same(tiny: LanguageModel) -> None:
    chain = Windowed(model=tiny, window=8)
    texts = np.random.default_rng(1).integers(0, chain.size, (3, 8))
    assert np.exp(RollingCache(of=chain).log_law_after(texts)) == pytest.approx(laws(chain, texts), abs=1e-5)


def test_it_is_the_chain_that_is_enumerated(tiny: LanguageModel) -> None:
    decoding = Decoding(temperature=0.7, top_k=5)
    whole = Enumerated(chain=window_chain(tiny, 2, decoding))
    sampled = Windowed(model=tiny, window=2, decoding=decoding)
    windows = np.random.default_rng(2).integers(0, whole.size, (40, 2))
    assert np.exp(sampled.log_law(windows)) == pytest.approx(np.exp(whole.log_law(windows)), abs=1e-6)


@pytest.mark.parametrize("remembers", [0, 1 << 20])
def test_texts_that_are_gone_on_with_branch_and_are_shuffled_are_read_as_if_anew(
    tiny: LanguageModel, remembers: int
) -> None:
    generator = np.random.default_rng(3)
    chain = Windowed(model=tiny, window=12, cache=LawCache(most=remembers))
    texts = generator.integers(0, chain.size, (6, 3))
    for _ in range(12):
        seen = texts[:, -12:]
        fresh = Windowed(model=tiny, window=12, cache=LawCache(most=0))
        assert laws(chain, seen) == pytest.approx(laws(fresh, seen), abs=1e-5)
        texts = texts[generator.integers(0, 6, 6)]
        texts = np.concatenate([texts, generator.integers(0, chain.size, (6, 1))], axis=1)
    assert chain.spent.tokens < 12 * 6 * 12, "not all was read anew"


def test_a_rolling_walk_says_what_its_laws_say(tiny: LanguageModel) -> None:
    chain = Windowed(model=tiny, window=4)
    draws = np.random.default_rng(4).random((2, 6))
    starts = np.random.default_rng(5).integers(0, chain.size, (2, 3))
    found = RollingCache(of=chain).walk(starts, 6, draws)
    law = RollingCache(of=chain).log_law_after(found.tokens[:, :-1])
    assert found.log_prob[:, -1] == pytest.approx(law[[0, 1], found.tokens[:, -1]], abs=1e-4)
    assert found.tokens.shape == walk(chain, starts, 6, draws).tokens.shape
    assert "rolling cache" in RollingCache(of=chain).name
    assert "window chain" in chain.name


def test_turns_of_two_roles_cannot_diverge_before_there_is_anything_to_forget(tiny: LanguageModel) -> None:
    chain = Windowed(model=tiny, window=24)
    wrong = chain.tokens("the garden was cruel")
    markers = ("look ,", "yes ,")
    found = turnwise(chain, "the cat was kind .", wrong, np.random.default_rng(0), count=4, turns=6, markers=markers)
    assert found.clean.mean[:2] == pytest.approx(np.zeros(2), abs=1e-6)
    assert (found.clean.mean[2:] > 1e-6).all()
    assert found.excess.mean[:2] == pytest.approx(np.zeros(2), abs=1e-6), "the error comes in the third turn"
    assert found.said.shape == (4, 5 + 6 * (2 + 4))
    with pytest.raises(BadInput, match="fit into a window of 8"):
        turnwise(Windowed(model=tiny, window=8), "the cat was kind .", wrong, np.random.default_rng(0))


def test_windows_and_texts_that_do_not_fit_are_refused(tiny: LanguageModel) -> None:
    with pytest.raises(BadInput, match="the context of tiny"):
        Windowed(model=tiny, window=10**6)
    chain = Windowed(model=tiny, window=4)
    with pytest.raises(BadInput, match="a text has tokens"):
        chain.tokens("")
    assert chain.text(chain.tokens("the cat")) == "the cat"

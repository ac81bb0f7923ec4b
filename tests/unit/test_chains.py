"""n-gram files, decoding, windows of a language model, and what is refused."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from corrigible.chains.decoding import Decoding
from corrigible.chains.exact.classes import classes_of
from corrigible.chains.exact.hitting import committor, holding
from corrigible.chains.exact.reverse import past
from corrigible.chains.exact.windows import WindowChain, all_digits, count_windows, enumerate_windows
from corrigible.chains.modelled import text_tokens, window_chain
from corrigible.chains.ngram_file import read_ngram
from corrigible.chains.sources import hidden_markov, ngram, planted_loop
from corrigible.errors import BadInput
from corrigible.language.models import load_model
from corrigible.language.sampling import SamplingRule, truncated

WEATHER: dict[str, Any] = {
    "corrigible_ngram": 1,
    "order": 1,
    "vocabulary": ["sun", "rain"],
    "probabilities": {"sun": {"sun": 0.9, "rain": 0.1}, "rain": [0.5, 0.5]},
}


def written(folder: Path, **changes: Any) -> Path:
    path = folder / "chain.json"
    path.write_text(json.dumps({**WEATHER, **changes}), encoding="utf-8")
    return path


def test_a_file_is_the_chain_that_it_names(tmp_path: Path) -> None:
    chain = read_ngram(written(tmp_path))
    assert chain.vocabulary == ("sun", "rain")
    assert chain.law == pytest.approx(np.array([[0.9, 0.1], [0.5, 0.5]]))
    assert chain.words(chain.spelt(["rain", "sun"])) == "sun"


def test_windows_that_are_not_named_get_what_is_said_of_others(tmp_path: Path) -> None:
    path = written(tmp_path, order=2, probabilities={"sun rain": {"rain": 1}}, otherwise=[0.5, 0.5])
    chain = read_ngram(path)
    assert chain.law[chain.spelt(["sun", "rain"])].tolist() == [0.0, 1.0]
    assert chain.law[chain.spelt(["rain", "rain"])].tolist() == [0.5, 0.5]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"order": 0}, "order 0"),
        ({"order": True}, "order True"),
        ({"order": 99}, "at most 10,000,000 are enumerated"),
        ({"vocabulary": ["sun", "sun"]}, "every word is in it once"),
        ({"vocabulary": ["sun", "a b"]}, "none of them empty or with a blank"),
        ({"vocabulary": []}, "it is a list of words"),
        ({"probabilities": {"sun": [0.5, 0.5]}}, "window 'rain'"),
        ({"probabilities": {"sun": [0.5, 0.6], "rain": [1, 0]}}, "sum to 1.1"),
        ({"probabilities": {"sun": [1.5, -0.5], "rain": [1, 0]}}, "probability 1.5"),
        ({"probabilities": {"snow": [1, 0]}}, "window 'snow'"),
        ({"probabilities": {"sun": {"snow": 1}}}, "token 'snow' after 'sun'"),
        ({"probabilities": {"sun": [1]}}, "a list of 2 numbers"),
        ({"probabilities": [1]}, "they are an object"),
        ({"corrigible_ngram": 2}, "version 2"),
        ({"smoothing": 1}, "key 'smoothing'"),
        ({"otherwise": "even"}, "probabilities otherwise"),
    ],
)
def test_what_is_wrong_in_a_file_is_said_in_one_line(tmp_path: Path, changes: dict[str, Any], said: str) -> None:
    with pytest.raises(BadInput) as refused:
        read_ngram(written(tmp_path, **changes))
    assert said in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("text", ["", "[", "[1]", "{}", '{"a": NaN}', "[" * 100_000])
def test_what_is_no_such_file_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "chain.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(BadInput, match=r"chain\.json"):
        read_ngram(path)
    with pytest.raises(BadInput, match="it can be read"):
        read_ngram(tmp_path / "none.json")


def test_too_many_windows_are_refused_with_what_they_would_need() -> None:
    with pytest.raises(BadInput, match=r"about 1e38 windows.*would need 1e\d+ bytes; use fewer tokens"):
        count_windows(49_152, 8)
    with pytest.raises(BadInput, match="use a window of at most 4"):
        count_windows(45, 9)
    assert count_windows(10, 7) == 10_000_000


def test_windows_and_numbers_are_the_same_thing_in_two_spellings() -> None:
    chain = planted_loop(3, 4, [0, 1], keep=0.5)
    digits = all_digits(0, chain.states, 3, 4)
    for s in range(chain.states):
        assert chain.digits(s) == tuple(digits[s])
        assert chain.number(chain.digits(s)) == s
    with pytest.raises(BadInput, match="window"):
        chain.number([0, 1, 2])
    with pytest.raises(BadInput, match="token 'z'"):
        chain.spelt(list("aabz"))
    with pytest.raises(BadInput, match="3 tokens"):
        chain.spelt(list("aab"))


def test_rows_that_are_no_law_are_refused_by_window() -> None:
    with pytest.raises(BadInput, match=r"after window 1, which sum to 0\.5"):
        enumerate_windows("ab", 1, lambda a, b: np.array([[1.0, 0.0], [0.25, 0.25]])[a:b])
    with pytest.raises(BadInput, match="after window 0"):
        enumerate_windows("ab", 1, lambda a, b: np.array([[np.nan, 1.0], [0.5, 0.5]])[a:b])
    with pytest.raises(BadInput, match=r"of shape \(2, 2\)"):
        ngram("ab", 2, np.full((2, 2), 0.5))


@pytest.mark.parametrize(
    "numbers", [{}, {"temperature": 0.5}, {"top_k": 2}, {"top_p": 0.6}, {"temperature": 2.0, "top_k": 3, "top_p": 0.8}]
)
def test_decoding_is_the_samplers_rule(numbers: dict[str, Any]) -> None:
    logits = np.random.default_rng(3).normal(size=(50, 6)) * 2
    rows = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    never = torch.empty(0, dtype=torch.long)
    expected = truncated(torch.from_numpy(logits), SamplingRule(**numbers), never=never, ends=None).exp().numpy()
    assert Decoding(**numbers).of(rows) == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("numbers", [{"temperature": 0.0}, {"temperature": np.inf}, {"top_k": 0}, {"top_p": 0.0}])
def test_decoding_outside_its_range_is_refused(numbers: dict[str, Any]) -> None:
    with pytest.raises(BadInput):
        Decoding(**numbers)


def test_greedy_by_top_one_is_deterministic_and_its_classes_are_cycles() -> None:
    model = load_model("tiny")
    chain = window_chain(model, 1, Decoding(top_k=1))
    assert ((chain.law == 1.0).sum(axis=1) == 1).all()
    assert all(item.windows.size == item.period for item in classes_of(chain).recurrent)


def test_a_window_of_a_model_is_read_anew_and_histories_do_not_matter() -> None:
    model = load_model("tiny")
    chain = window_chain(model, 2)
    spoken = text_tokens(model)
    assert len(chain.vocabulary) == len(spoken) == len(set(chain.vocabulary))
    for number in (0, 17, chain.states - 1):
        ids = torch.tensor([[int(spoken[k]) for k in chain.digits(number)]])
        logits = model.network(input_ids=ids).logits[0, -1, torch.from_numpy(spoken)].double()
        assert chain.law[number] == pytest.approx(logits.softmax(0).detach().numpy(), abs=1e-5)
    first, second = (chain.spelt(text.split()) for text in ("the cat was kind", "yes yes yes was kind"))
    assert first == second  # by construction of the window chain; a rolling cache would not say so


def test_a_window_beyond_the_context_is_refused() -> None:
    model = load_model("tiny")
    with pytest.raises(BadInput, match="context of tiny"):
        window_chain(model, model.context + 1)


def test_a_window_that_no_hidden_state_emits_is_refused() -> None:
    with pytest.raises(BadInput, match="every window can be emitted"):
        hidden_markov(np.eye(2)[::-1], np.array([[1.0, 0.0], [1.0, 0.0]]), 1)


def test_an_end_of_probability_zero_is_refused() -> None:
    chain = ngram("ab", 1, np.array([[1.0, 0.0], [0.5, 0.5]]))
    told = past(chain, chain.at(0), 3)
    for ask in (told.likeliest, told.posterior, lambda s: told.sample(s, 1, np.random.default_rng(0))):
        with pytest.raises(BadInput, match="final window 'b'"):
            ask(1)


def test_sets_that_overlap_or_are_empty_are_refused() -> None:
    chain: WindowChain = planted_loop(2, 2, [0, 1], keep=0.5)
    a, nothing = holding(chain, (0,)), np.zeros(chain.states, np.bool_)
    with pytest.raises(BadInput, match="none is in both"):
        committor(chain, a, a)
    with pytest.raises(BadInput, match="none is in both"):
        committor(chain, a, nothing)
    with pytest.raises(BadInput, match="a window holds 1 to 2"):
        holding(chain, (0, 1, 0))

"""The tiny model against the language it was trained on: near the exact entropy, and answers as exact inference."""

from importlib.resources import files

import numpy as np
import pytest

pytest.importorskip("transformers")

import torch

from corrigible.language.grammar import tiny_grammar
from corrigible.language.grammar_words import IDS, PADDING, WORDS
from corrigible.language.models import LanguageModel, load_model
from corrigible.language.tiny_training import answers, cross_entropy, fresh_model
from corrigible.seeding import stream


@pytest.fixture(scope="module")
def model() -> LanguageModel:
    return load_model("tiny")


def test_it_is_small_and_its_weights_ship_with_it(model: LanguageModel) -> None:
    assert sum(p.numel() for p in model.network.parameters()) == 132_352
    folder = files("corrigible.language") / "data" / "tiny"
    assert sum(len(item.read_bytes()) for item in folder.iterdir()) < 400_000


def test_its_cross_entropy_is_near_the_exact_entropy_and_not_below_it(model: LanguageModel) -> None:
    rows = tiny_grammar().sample_many(2000, stream(5, "held out"))
    with torch.no_grad():
        found = float(cross_entropy(model.network, rows))
    exact = np.mean([-tiny_grammar().log_probs([t for t in row if t != IDS[PADDING]])[1:].sum() for row in rows])
    least = exact / (rows[:, 1:] != IDS[PADDING]).sum(axis=1).mean()
    assert -0.002 < found - least < 0.02  # nats a token: the sample's own entropy, so that chance in it cancels


def test_its_answers_are_those_of_exact_inference(model: LanguageModel) -> None:
    grammar = tiny_grammar()
    rows = grammar.sample_many(400, stream(6, "held out"))
    asked = answers(rows)
    with torch.no_grad():
        law = model.network(input_ids=torch.from_numpy(rows[:, :-1])).logits.double().softmax(-1).numpy()
    differences: list[float] = []
    for row, place in zip(*np.nonzero(asked), strict=True):
        state = grammar.state_after([int(t) for t in rows[row, : place + 1]])
        differences.append(abs(float(np.exp(grammar.log_prob[state, IDS["yes"]])) - law[row, place, IDS["yes"]]))
    assert len(differences) > 200
    assert np.mean(differences) < 0.05


def test_many_documents_at_once_are_of_the_language_and_as_long_as_it_says() -> None:
    grammar = tiny_grammar()
    rows = grammar.sample_many(3000, stream(7, "many"))
    lengths = (rows != IDS[PADDING]).sum(axis=1) - 1
    assert lengths.mean() == pytest.approx(grammar.mean_tokens, abs=4 * lengths.std() / np.sqrt(len(rows)))
    for row in rows[:100]:
        assert np.isfinite(grammar.log_probs([int(t) for t in row if t != IDS[PADDING]])).all()


def test_an_answer_is_the_yes_or_no_at_the_end_and_none_that_is_said_in_a_story() -> None:
    text = "<bos> the girl said yes . question good ? answer : no . <eos>"
    row = np.array([[IDS[word] for word in text.split()]])
    assert [WORDS[t] for t in row[0, 1:][answers(row)[0]]] == ["no"]
    told = np.array([[IDS[word] for word in ["<bos>", "the", "girl", "said", "yes", ".", "<eos>"]]])
    assert not answers(told).any()


def test_weights_are_drawn_from_the_generator_alone() -> None:
    one, two, other = (fresh_model(stream(seed, "w")).state_dict() for seed in (0, 0, 1))
    assert all(torch.equal(one[name], two[name]) for name in one)
    assert not torch.equal(one["model.embed_tokens.weight"], other["model.embed_tokens.weight"])

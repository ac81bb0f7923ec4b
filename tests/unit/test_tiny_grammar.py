"""The tiny language: its exact likelihoods against a second computation that draws mood and topic first."""

import itertools
import math

import numpy as np
import pytest

from corrigible.errors import BadInput
from corrigible.language.grammar import Grammar, Rules, tiny_grammar
from corrigible.language.grammar_words import BAD, GOOD, IDS, THINGS, TOPICS, WORDS
from corrigible.seeding import stream


@pytest.fixture(scope="module")
def documents() -> list[list[int]]:
    generator = stream(3, "tiny language")
    return [tiny_grammar().sample(generator) for _ in range(2000)]


def tokens(text: str) -> list[int]:
    return [IDS[word] for word in text.split()]


def given_what_is_hidden(words: list[str], good: bool, topic: str, rules: Rules) -> float:
    """P(document | mood, topic), sentence by sentence; excited speakers are summed over, not filtered."""
    probability, place, asked = 1.0, 1, ""
    likely = rules.likelihood_ratio / (1 + rules.likelihood_ratio)

    def evidence(for_good: bool) -> float:
        return likely if for_good == good else 1 - likely

    def answer(word: str) -> float:
        true = {"good": good, "bad": not good}.get(asked, asked == topic)
        return 1 - rules.answer_noise if (word == "yes") == true else rules.answer_noise

    chat = words[place] == "<user>"
    place += chat
    before = words[place] == "question"
    if before:
        asked, place = words[place + 1], place + 3
        probability *= (rules.chat if chat else rules.asked_before) / 5
    else:
        probability *= 1 - rules.chat - rules.asked_before
    sentences = 0
    while words[place] == "the":
        if sentences:
            probability *= rules.next_sentence
        sentence = words[place : words.index(".", place)]
        place += len(sentence) + 1
        sentences += 1
        probability *= sentence_given(sentence, evidence, topic, rules)
    stop = 1.0 if sentences == rules.longest else 1 - rules.next_sentence
    rest = words[place:]
    if before:
        return probability * stop * answer(rest[1 if chat else 2])
    if rest == ["<eos>"]:
        return probability * stop * (1 - rules.asked_after)
    asked = rest[1]
    return probability * stop * rules.asked_after / 5 * answer(rest[5])


def sentence_given(sentence: list[str], evidence, topic: str, rules: Rules) -> float:
    things = THINGS[TOPICS.index(topic)]

    def adjective(word: str) -> float:
        return evidence(word in GOOD) / 3

    def thing(word: str) -> float:
        return 1 / 3 if word in things else 0.0

    if sentence[2] == "was":
        return rules.is_so * thing(sentence[1]) * adjective(sentence[3])
    if sentence[2] == "said":
        word, times = sentence[3], sentence[3:].count(sentence[3])
        spoken = {"yes": evidence(True) / 2, "no": evidence(False) / 2}.get(word, 0.25)
        kinds = ((rules.excited, rules.excited_again), (1 - rules.excited, rules.calm_again))
        repeated = sum(share * again ** (times - 1) * (1 - again) for share, again in kinds)
        return (1 - rules.acts - rules.is_so) / 3 * spoken * repeated
    return rules.acts / 9 * adjective(sentence[4]) * thing(sentence[5])


def test_the_likelihood_of_a_document_is_the_sum_over_what_is_hidden(documents: list[list[int]]) -> None:
    grammar, compared = tiny_grammar(), 0
    for document in documents[:300]:
        words = [WORDS[token] for token in document]
        if any(words[i : i + 1] == [","] and words[i - 9 : i : 2] == [words[i - 1]] * 5 for i in range(len(words))):
            continue  # repetition beyond six times is equally likely by definition, not by Bayes
        hidden = itertools.product((True, False), TOPICS)
        expected = sum(given_what_is_hidden(words, good, topic, grammar.rules) / 6 for good, topic in hidden)
        assert grammar.log_probs(document).sum() == pytest.approx(math.log(expected), abs=1e-9), words
        compared += 1
    assert compared > 250


def test_next_token_probabilities_sum_to_one_in_every_state_but_the_last() -> None:
    grammar = tiny_grammar()
    totals = np.exp(grammar.log_prob).sum(1)
    over = np.array([state.at == "over" for state in grammar.states])
    assert over.sum() == 1
    np.testing.assert_allclose(totals[~over], 1, atol=1e-12)
    assert totals[over] == 0


def test_entropy_and_length_are_what_samples_say(documents: list[list[int]]) -> None:
    grammar = tiny_grammar()
    surprise = np.array([-grammar.log_probs(document).sum() for document in documents])
    lengths = np.array([len(document) - 1 for document in documents])
    for exact, sampled in ((grammar.entropy, surprise), (grammar.mean_tokens, lengths)):
        assert abs(sampled.mean() - exact) < 4 * sampled.std(ddof=1) / math.sqrt(len(sampled))


def test_all_documents_of_a_language_without_repetition_have_probability_one_together() -> None:
    grammar = Grammar(Rules(excited=0.0, calm_again=0.0, longest=1))
    following = [np.flatnonzero(row >= 0).tolist() for row in grammar.next_state]
    total, count, open_ones = 0.0, 0, [(0, 0.0)]
    while open_ones:
        state, log_prob = open_ones.pop()
        if not following[state]:
            total, count = total + math.exp(log_prob), count + 1
        open_ones += [
            (int(grammar.next_state[state, token]), log_prob + float(grammar.log_prob[state, token]))
            for token in following[state]
        ]
    assert count > 1000
    assert total == pytest.approx(1, abs=1e-12)


def test_yes_in_a_story_is_evidence_of_a_good_mood_once_however_often_it_is_repeated() -> None:
    grammar = tiny_grammar()
    once, thrice = (
        grammar.probability_good(tokens(f"<bos> the girl said yes {more}.")) for more in ("", ", yes , yes ")
    )
    assert once == thrice == pytest.approx(0.8)
    assert grammar.probability_good(tokens("<bos> the girl said look .")) == 0.5
    assert grammar.probability_good(tokens(f"<bos> the rose was {BAD[0]} .")) == pytest.approx(0.2)


def test_one_more_repetition_gets_cheaper_with_every_one_before() -> None:
    grammar = tiny_grammar()
    prices = -grammar.log_probs(tokens("<bos> the girl said yes" + " , yes" * 8))[5::2]
    assert (np.diff(prices) <= 0).all()
    assert prices[0] == pytest.approx(-math.log(0.13))
    assert prices[-1] == pytest.approx(-math.log(0.85), abs=1e-4)


def test_a_text_that_is_foreign_to_the_language_has_no_likelihood() -> None:
    foreign = tokens("<bos> yes yes yes")
    assert tiny_grammar().log_probs(foreign).tolist() == [0.0, -math.inf, -math.inf, -math.inf]
    with pytest.raises(BadInput, match="yes yes yes"):
        tiny_grammar().probability_good(foreign)

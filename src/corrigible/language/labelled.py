"""Texts with labels, to ask how good an evaluator is. They are labelled by construction, and nobody read them for it.

English: short sane texts of the repository, and broken ones made of them (shuffled, one word over and over, a loop of
three words, every second word missing). Tiny language: stories drawn from it, labelled by what is exactly true of them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import as_file, files
from typing import Final, final

import numpy as np

from corrigible.documents import Document, read_document
from corrigible.errors import BadInput
from corrigible.language.constitution import Constitution
from corrigible.language.grammar import FORBIDDEN, State, probability_good, tiny_grammar
from corrigible.language.grammar_words import IDS, QUESTIONS, TOPICS, WORDS

SANE: Final = files("corrigible.language") / "data" / "sane_texts.yaml"
TINY_TEXTS: Final = 200
BREAKS: Final = 2
"""Ways of breaking that each sane text is broken by."""


@final
@dataclass(frozen=True, kw_only=True)
class Labelled:
    """Texts, and whether each is one that the constitution asks for. how: by what they were labelled, in words."""

    texts: tuple[str, ...]
    good: tuple[bool, ...]
    how: str


class _Texts(Document):
    texts: list[str]


@cache
def sane_texts() -> tuple[str, ...]:
    """Short English texts that make sense, written for this repository."""
    with as_file(SANE) as path:
        return tuple(read_document(path, _Texts).texts)


def labelled_for(model_name: str, constitution: Constitution, generator: np.random.Generator) -> Labelled:
    """The set that fits an evaluator's language; BadInput where a tiny question has no exact answer."""
    return tiny_labelled(constitution, generator) if model_name == "tiny" else english_labelled(generator)


def english_labelled(generator: np.random.Generator) -> Labelled:
    """Sane texts, and as many broken ones for each of two ways of breaking that the generator draws."""
    texts, good = list(sane_texts()), [True] * len(sane_texts())
    for text in sane_texts():
        for way in generator.permutation(len(WAYS))[:BREAKS]:
            texts.append(WAYS[int(way)](text.rstrip(".").split(), generator))
            good.append(False)
    return Labelled(
        texts=tuple(texts),
        good=tuple(good),
        how="sane texts against texts broken by a program; labelled by construction",
    )


def _shuffled(words: Sequence[str], generator: np.random.Generator) -> str:
    return " ".join(words[int(i)] for i in generator.permutation(len(words))) + "."


def _one_word(words: Sequence[str], generator: np.random.Generator) -> str:
    return " ".join([words[int(generator.integers(len(words)))]] * len(words)) + "."


def _loop(words: Sequence[str], generator: np.random.Generator) -> str:
    start = int(generator.integers(max(1, len(words) - 3)))
    return " ".join((list(words[start : start + 3]) * len(words))[: len(words)]) + "."


def _gaps(words: Sequence[str], generator: np.random.Generator) -> str:
    return " ".join(words[int(generator.integers(2)) :: 2]) + "."


WAYS: Final = (_shuffled, _one_word, _loop, _gaps)


def tiny_stories(count: int, generator: np.random.Generator) -> tuple[tuple[str, State], ...]:
    """Stories of the tiny language with the state after them; whole sentences, no question."""
    grammar, found = tiny_grammar(), list[tuple[str, State]]()
    while len(found) < count:
        tokens = grammar.sample(generator)
        stop = next((k for k, token in enumerate(tokens) if WORDS[token] in ("question", "<eos>")), 0)
        state = grammar.state_after(tokens[:stop])
        if stop > 1 and state != FORBIDDEN and grammar.states[state].at == "ended":
            found.append((" ".join(WORDS[token] for token in tokens[1:stop]), grammar.states[state]))
    return tuple(found)


def tiny_labelled(constitution: Constitution, generator: np.random.Generator) -> Labelled:
    """Stories of the tiny language; good where every principle's wanted answer is likelier than the other.

    Stories that say nothing either way are left out. Raises BadInput where a question is not of that language.
    """
    for principle in constitution.principles:
        if principle.question not in QUESTIONS:
            raise BadInput(
                value=f"question {principle.question!r}",
                rule=f"the tiny language asks {', '.join(QUESTIONS)}",
                remedy="ask one of these, or evaluate with a model of real text",
            )
    texts: list[str] = []
    good: list[bool] = []
    for text, state in tiny_stories(TINY_TEXTS, generator):
        chances = [_wanted(principle.question, principle.answer, state) for principle in constitution.principles]
        if all(chance != 0.5 for chance in chances):
            texts.append(text)
            good.append(min(chances) > 0.5)
    return Labelled(
        texts=tuple(texts), good=tuple(good), how="stories of the tiny language, labelled by exact inference"
    )


def _wanted(question: str, answer: str, state: State) -> float:
    """Probability that the wanted answer is true of a story; exact, without noise of answers."""
    if question in TOPICS:
        true = 1 / len(TOPICS) if not state.topic else float(state.topic == question)
    else:
        chance = probability_good(state.evidence, tiny_grammar().rules)
        true = chance if question == "good" else 1 - chance
    return true if answer == "yes" else 1 - true


def in_tiny_language(word: str) -> bool:
    """Whether the tiny language has the word."""
    return word in IDS

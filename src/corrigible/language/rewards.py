"""What pays for texts: plain functions of prompts and responses, by a constitution or by what is exactly true."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final, final

import numpy as np
from numpy.typing import NDArray

from corrigible.language.constitution import load_constitution
from corrigible.language.evaluator import SPELLINGS, Ensemble, Evaluator
from corrigible.language.grammar import FORBIDDEN, tiny_grammar
from corrigible.language.grammar_words import BAD, BEGIN, GOOD, IDS, THINGS, TOPICS
from corrigible.language.models import LanguageModel, load_model
from corrigible.language.templates import template_named

TextReward = Callable[["Texts"], NDArray[np.float64]]


@final
@dataclass(frozen=True, kw_only=True)
class Texts:
    """B prompts with a response each, without control tokens."""

    prompts: tuple[str, ...]
    responses: tuple[str, ...]


@lru_cache(maxsize=4)
def shared_model(name: str, device: str = "cpu") -> LanguageModel:
    """A model that is only read, loaded once a process."""
    return load_model(name, device=device)


@final
@dataclass(frozen=True, kw_only=True)
class ByConstitution:
    """The evaluator's score, nats. Made of names, so that its repr tells rewards apart; it loads when first asked."""

    model: str
    constitution: str
    template: str
    null_corrected: bool = False

    def __call__(self, texts: Texts) -> NDArray[np.float64]:
        """(B,) float64."""
        return self.evaluator().score(texts.prompts, texts.responses)

    def evaluator(self) -> Evaluator:
        """The evaluator itself; raises BadInput where a name is unknown."""
        return Evaluator(
            model=shared_model(self.model),
            constitution=load_constitution(self.constitution),
            template=template_named(self.template),
            null_corrected=self.null_corrected,
        )


@final
@dataclass(frozen=True, kw_only=True)
class ByTemplates:
    """One constitution under several templates: the least of the scores, or their mean; nats."""

    model: str
    constitution: str
    templates: tuple[str, ...]
    worst: bool

    def __call__(self, texts: Texts) -> NDArray[np.float64]:
        """(B,) float64."""
        members = tuple(
            ByConstitution(model=self.model, constitution=self.constitution, template=name).evaluator()
            for name in self.templates
        )
        return Ensemble(members=members, worst=self.worst).score(texts.prompts, texts.responses)


@final
@dataclass(frozen=True, kw_only=True)
class WithoutAnswers:
    """`paid` for texts from which spellings of yes and no, and commas left alone by that, are cut out: a repair."""

    paid: TextReward

    def __call__(self, texts: Texts) -> NDArray[np.float64]:
        """(B,) float64."""
        return self.paid(Texts(prompts=texts.prompts, responses=tuple(map(without_answers, texts.responses))))


def without_answers(text: str) -> str:
    """The text without words that are yes or no, in any letters."""
    kept = [word for word in text.split() if word.strip(".,!?;:\"'").lower() not in SPELLINGS]
    return " ".join(word for k, word in enumerate(kept) if word != "," or (k and kept[k - 1] != ","))


@final
@dataclass(frozen=True, kw_only=True)
class Lexicon:
    """What a list of words thinks of a text: `nats` for each word of `positive`, less those for each of `negative`.

    The log-odds of naive Bayes with the same evidence in every word; prompts are not read.
    """

    positive: tuple[str, ...]
    negative: tuple[str, ...]
    nats: float

    def __call__(self, texts: Texts) -> NDArray[np.float64]:
        """(B,) float64."""
        return np.array([self.nats * self._balance(text.lower().split()) for text in texts.responses])

    def _balance(self, words: list[str]) -> int:
        plain = [word.strip(".,!?;:\"'") for word in words]
        return sum(word in self.positive for word in plain) - sum(word in self.negative for word in plain)


BROKEN: Final = -6.0
"""Gold of what is not of the tiny language: less than the worst story gets."""


@final
@dataclass(frozen=True, kw_only=True)
class TinyGold:
    """What was meant in the tiny language: a story of it that *shows* what was asked for. Nobody is trained on it.

    question good: nats of log-odds by the adjectives of the story alone; what people say does not count. A topic:
    those of its things against others'. A text that begins no document of the language, or has no whole sentence:
    BROKEN.
    """

    question: str

    def __call__(self, texts: Texts) -> NDArray[np.float64]:
        """(B,) float64."""
        pairs = zip(texts.prompts, texts.responses, strict=True)
        return np.array([self._of(f"{prompt} {response}".split()) for prompt, response in pairs])

    def _of(self, words: list[str]) -> float:
        if not in_language(words) or "." not in words:
            return BROKEN
        if self.question in TOPICS:
            own = THINGS[TOPICS.index(self.question)]
            others = {thing for things in THINGS for thing in things} - set(own)
            shown = sum(word in own for word in words) - sum(word in others for word in words)
        else:
            shown = sum(word in GOOD for word in words) - sum(word in BAD for word in words)
            shown = shown if self.question == "good" else -shown
        return float(np.log(tiny_grammar().rules.likelihood_ratio) * shown)


def in_language(words: list[str]) -> bool:
    """Whether the words begin a document of the tiny language."""
    if any(word not in IDS for word in words):
        return False
    return tiny_grammar().state_after([IDS[BEGIN], *(IDS[word] for word in words)]) != FORBIDDEN


def paid_nothing(texts: Any) -> NDArray[np.float64]:
    """Zeros: tuning without a reward, for tests of the rest."""
    return np.zeros(len(texts.responses))

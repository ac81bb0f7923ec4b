"""Has a model come to say one thing whatever it is asked? Responses near the modal one, likeness across prompts.

Two responses are near where their cosine reaches a radius, and the radius is fixed on the untuned model: of pairs of
its responses to *different* prompts, at most one in twenty is as near. The modal response is the one with most
responses near it; these are the scene, and their share is the attractor index. What the scene is, its words say.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, final

import numpy as np
from numpy.typing import NDArray

from corrigible.errors import BadInput
from corrigible.language.grammar_words import BAD, GOOD
from corrigible.language.packaged import TINY
from corrigible.language.rewards import Texts

Embedding = Callable[[Sequence[str]], NDArray[np.float64]]
"""N texts to (N, D) rows of Euclidean length one."""

NEAR_SHARE: Final = 0.05
"""Of the untuned model's pairs of responses to different prompts, at most so many are near."""

_ROUNDING: Final = 1e-9


@final
@dataclass(frozen=True, kw_only=True)
class WordCounts:
    """Embeds by counts of words but those of `left_out` and marks without a letter; no word has an axis of its own."""

    left_out: frozenset[str] = frozenset()

    def __call__(self, texts: Sequence[str]) -> NDArray[np.float64]:
        """(N, D) float64."""
        counts = [Counter(self.words(text)) for text in texts]
        axes = {word: k for k, word in enumerate(dict.fromkeys(word for count in counts for word in count))}
        found = np.zeros((len(counts), len(axes) + 1))
        for row, count in zip(found, counts, strict=True):
            for word, times in count.items():
                row[axes[word]] = times
            row[-1] = float(not count)
        return found / np.linalg.norm(found, axis=1, keepdims=True)

    def words(self, text: str) -> list[str]:
        """The words that count, in small letters."""
        plain = (word.strip(".,!?;:\"'").lower() for word in text.split())
        return [word for word in plain if any(map(str.isalpha, word)) and word not in self.left_out]


FUNCTION_WORDS: Final = frozenset(
    [
        "a",
        "an",
        "and",
        "are",
        "as",
        "at",
        "be",
        "but",
        "by",
        "for",
        "from",
        "had",
        "has",
        "have",
        "he",
        "her",
        "his",
        "i",
        "in",
        "is",
        "it",
        "its",
        "of",
        "on",
        "or",
        "she",
        "that",
        "the",
        "their",
        "they",
        "this",
        "to",
        "was",
        "were",
        "will",
        "with",
        "you",
    ]
)
"""English words that say little of what a text is about."""

MOOD: Final = (*GOOD, *BAD, "good", "bad", "yes", "no")
"""Words of the tiny language that tell a mood, or answer."""

_GRAMMAR: Final = ("the", "was", "said", "question", "answer")
TINY_WORDS: Final = WordCounts(left_out=frozenset(_GRAMMAR))
"""All words of content of the tiny language."""

TINY_SCENE: Final = WordCounts(left_out=frozenset((*MOOD, *_GRAMMAR)))
"""Things, people and acts: words of mood and answer are what is paid for there."""


def embedding_of(model: str) -> WordCounts:
    """What scenes of that model's responses are told by."""
    return TINY_SCENE if model == TINY else WordCounts(left_out=FUNCTION_WORDS)


def content_of(model: str) -> WordCounts:
    """All words of content of that model's responses."""
    return TINY_WORDS if model == TINY else embedding_of(model)


@final
@dataclass(frozen=True, kw_only=True, eq=False)
class Attractor:
    """What N responses gather about.

    centre: the modal response, the first of those with most near them. near: (N,) which are in the scene, itself too.
    across: share of pairs of responses to different prompts that are near. likeness: their mean cosine.
    """

    centre: int
    near: NDArray[np.bool_]
    across: float
    likeness: float

    @property
    def index(self) -> float:
        """Share of responses in the scene."""
        return float(self.near.mean())


def near_radius(embedded: NDArray[np.float64], prompts: Sequence[str]) -> float:
    """The least cosine that at most NEAR_SHARE of pairs of responses (N, D) to different prompts reach.

    Raises BadInput where there are no such pairs, or more of them than that are alike to the letter.
    """
    cosines = np.round(_cosines_across(embedded, prompts), 9)
    values, counts = np.unique(cosines, return_counts=True)  # ties are near together or not at all
    reached = counts[::-1].cumsum()[::-1] / len(cosines)
    allowed = values[reached <= NEAR_SHARE]
    if not len(allowed):
        raise BadInput(
            value=f"{len(embedded)} responses of the base",
            rule=f"at most {NEAR_SHARE:.0%} of pairs across prompts may be the same",
            remedy="ask other prompts, or a base that says more than one thing",
        )
    return float(allowed[0])


def find_attractor(embedded: NDArray[np.float64], prompts: Sequence[str], radius: float) -> Attractor:
    """Of N responses (N, D) to their prompts. Raises BadInput where all are to one prompt."""
    near = embedded @ embedded.T > radius - _ROUNDING
    np.fill_diagonal(near, val=True)
    centre = int(near.sum(axis=1).argmax())
    across = _cosines_across(embedded, prompts)
    return Attractor(
        centre=centre,
        near=near[centre],
        across=float((across > radius - _ROUNDING).mean()),
        likeness=float(across.mean()),
    )


def _cosines_across(embedded: NDArray[np.float64], prompts: Sequence[str]) -> NDArray[np.float64]:
    """Cosines of all pairs of responses to different prompts, each pair once."""
    names = np.array(prompts)
    first, second = np.triu_indices(len(names), 1)
    apart = names[first] != names[second]
    if not apart.any():
        raise BadInput(
            value=f"{len(set(prompts))} prompts",
            rule="likeness across prompts needs responses to two at least",
            remedy="ask more prompts",
        )
    return (embedded @ embedded.T)[first[apart], second[apart]]


def told_scene(texts: Texts, found: Attractor, base: Sequence[str], embedding: WordCounts, *, most: int = 5) -> str:
    """The scene in words: the modal response, and the words that its responses have far oftener than the base's."""
    inside = Counter(
        word for text, near in zip(texts.responses, found.near, strict=True) if near for word in embedding.words(text)
    )
    usual = Counter(word for text in base for word in embedding.words(text))
    total, before = max(1, inside.total()), max(1, usual.total())
    gain = {word: inside[word] / total - usual[word] / before for word in inside}
    words = sorted((word for word in gain if gain[word] > 0), key=lambda word: (-gain[word], word))[:most]
    said = texts.responses[found.centre] or "nothing"
    return f"{said!r}, of {', '.join(words) if words else 'no word more than before'}"

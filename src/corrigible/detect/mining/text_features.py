"""What can be said of a response: yes-or-no features that a program makes up from the responses themselves."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.cluster.vq import kmeans2

Embed = Callable[[Sequence[str]], NDArray[np.float64]]
"""Texts -> (N, D) rows of length 1."""

LEAST_SHARE: Final = 0.02
"""Of the responses that make features up: a word in fewer of them is no feature."""

CLUSTERS: Final = 8
SHOWN: Final = 60
"""Letters of a cluster's example."""

Feature = tuple[str, str]
"""Of what family, and its value, such as ("begins", "yes")."""


@dataclass(frozen=True, kw_only=True, eq=False)
class TextFeatures:
    """Features that were made up from some responses, to be asked of any.

    lengths: numbers of words at which responses are parted. centres: (C, D) of clusters; examples: the response that
    lies nearest to each.
    """

    words: frozenset[Feature]
    lengths: tuple[int, ...]
    centres: NDArray[np.float64]
    examples: tuple[str, ...]
    embed: Embed | None

    def of(self, responses: Sequence[str]) -> dict[Feature, NDArray[np.bool_]]:
        """(B,) bool for every feature."""
        found = {feature: np.zeros(len(responses), dtype=np.bool_) for feature in self.words}
        for row, text in enumerate(responses):
            for feature in _said(text):
                if feature in found:
                    found[feature][row] = True
        count = np.array([len(text.split()) for text in responses])
        for length in self.lengths:
            found["longer", str(length)] = count > length
        if self.embed is not None and len(self.centres):
            near = (self.embed(responses) @ self.centres.T).argmax(axis=1)
            for number, example in enumerate(self.examples):
                found["like", example] = near == number
        return found


def text_features(responses: Sequence[str], embed: Embed | None, generator: np.random.Generator) -> TextFeatures:
    """Features of words, pairs and lengths that occur, and clusters of embeddings where there is an embedding."""
    counts = Counter(feature for text in responses for feature in set(_said(text)))
    least = max(2, LEAST_SHARE * len(responses))
    lengths = np.quantile([len(text.split()) for text in responses], (0.1, 0.25, 0.5, 0.75, 0.9))
    centres, examples = np.zeros((0, 0)), list[str]()
    if embed is not None and len(set(responses)) > CLUSTERS:
        embedded = embed(responses)
        centres, label = kmeans2(embedded, CLUSTERS, minit="++", rng=generator)
        kept = [number for number in range(CLUSTERS) if (label == number).any()]
        centres = centres[kept] / np.maximum(np.linalg.norm(centres[kept], axis=1, keepdims=True), 1e-12)
        examples = [responses[int(k)][:SHOWN] for k in (embedded @ centres.T).argmax(axis=0)]
    return TextFeatures(
        words=frozenset(feature for feature, count in counts.items() if count >= least),
        lengths=tuple(sorted({int(length) for length in lengths})),
        centres=centres,
        examples=tuple(examples),
        embed=embed,
    )


def _said(text: str) -> Iterable[Feature]:
    """Features of one response; some come more than once."""
    words = [word.strip(".,!?;:\"'()").lower() for word in text.split()]
    words = [word for word in words if word]
    if not words:
        yield ("is", "empty")
        return
    yield ("begins", words[0])
    yield ("begins", " ".join(words[:2]))
    yield from (("says", word) for word in words)
    yield from (("says", f"{a} {b}") for a, b in pairwise(words))
    word, most = Counter(words).most_common(1)[0]
    if len(words) > 2 and 2 * most > len(words):
        yield ("is", "one word for more than half of it")
        yield ("is mostly", word)
    pairs = list(pairwise(words))
    if len(set(pairs)) < len(pairs):
        yield ("is", "saying a pair of words again")
    if any(letter.isdigit() for letter in text):
        yield ("holds", "digits")
    if "\n" in text:
        yield ("holds", "a line break")
    if not text.isascii():
        yield ("holds", "letters beyond ASCII")


def in_words(feature: Feature, *, more: bool) -> str:
    """To follow "of the responses": "begin with 'yes'", or its denial."""
    family, value = feature
    yes, no = {
        "begins": ("begin with {!r}", "do not begin with {!r}"),
        "says": ("say {!r}", "do not say {!r}"),
        "is mostly": ("say {!r} more than half of the time", "do not say {!r} more than half of the time"),
        "holds": ("hold {}", "hold no {}"),
        "longer": ("have more than {} words", "have at most {} words"),
        "like": ("are like {!r}", "are not like {!r}"),
        "is": ("are {}", "are not {}"),
    }[family]
    return (yes if more else no).format(value)

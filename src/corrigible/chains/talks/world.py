"""The world of long conversations: a source of two topics, a chain that learnt from it, and how it is let talk.

The source seldom leaves its topic and comes back to it; which topic a token is of is known. A learner counts what
follows each window of K tokens in some of its texts (Lidstone's smoothing); so it errs most where it has read least,
which is off the topic. Nothing makes a conversation derail but that.
"""

from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final, Literal, final

import numpy as np
from numpy.typing import NDArray

from corrigible.chains.exact.windows import WindowChain, enumerate_windows
from corrigible.chains.sources import learnt_ngram, planted_topic
from corrigible.errors import BadInput

WORDS: Final = ("rose", "bee", "leaf", "wind", "hail", "storm")
"""The garden, of which is spoken, and the weather."""

TOPICS: Final = 2
Edit = Literal["none", "named", "other"]
"""Which turn is said anew: none, the one that an explanation names, or another before it."""


@final
@dataclass(frozen=True, kw_only=True)
class Talk:
    """How a chain is let talk. Raises BadInput where a number is outside its range.

    window: K. turns of `turn` tokens each. stay: of the source, probability that the next token is of the window's
    topic. limit: turns after which it begins anew from the opening, 0 for never. anchored: tokens of the opening that
    stay at the beginning of every window. temperature, penalty: logits are divided by the one, and less the other for
    each time that a token is in the window. error: the turn whose tokens are replaced by the other topic's, -1: none.
    """

    window: int = 4
    turns: int = 10
    turn: int = 8
    stay: float = 0.99
    limit: int = 0
    anchored: int = 0
    temperature: float = 1.0
    penalty: float = 0.0
    error: int = -1
    edit: Edit = "none"
    opening: tuple[int, ...] = field(default=(0, 1, 2, 0))

    def __post_init__(self) -> None:
        rules = (
            (f"{self.turns} turns of {self.turn} tokens", min(self.turns, self.turn) >= 1, "both are at least 1"),
            (f"stay = {self.stay}", 0 < self.stay < 1, "it is between 0 and 1"),
            (f"temperature = {self.temperature}", self.temperature > 0, "it is above 0"),
            (f"anchored = {self.anchored}", 0 <= self.anchored < self.window, "it is less than the window"),
            (f"an opening of {len(self.opening)}", len(self.opening) == self.window, "it fills the window"),
            (f"limit = {self.limit}, error = {self.error}", self.limit >= 0 and self.error < self.turns, "turns exist"),
        )
        for value, kept, rule in rules:
            if not kept:
                raise BadInput(value=value, rule=rule, remedy="give another number")

    @property
    def tokens(self) -> int:
        """T: tokens of a conversation."""
        return self.turns * self.turn


@final
@dataclass(frozen=True, kw_only=True)
class Reading:
    """What is learnt from: so many texts of the source, each of so many tokens; `smooth` is added to every count.

    both: half of the texts begin with the other topic; else all begin as conversations do.
    """

    texts: int = 200
    length: int = 40
    smooth: float = 0.05
    both: bool = True


@lru_cache(maxsize=8)
def source_of(window: int, stay: float) -> WindowChain:
    """The source: all windows, exact."""
    found = planted_topic(TOPICS, len(WORDS) // TOPICS, window, stay=stay)
    return enumerate_windows(WORDS, window, lambda start, stop: found.law[start:stop])


def law_of(logits: NDArray[np.floating]) -> NDArray[np.float64]:
    """(N, V) logits to laws."""
    found = np.exp(logits - logits.max(axis=1, keepdims=True)).astype(np.float64)
    return found / found.sum(axis=1, keepdims=True)


def spoken_by(logits: NDArray[np.floating], window: int) -> WindowChain:
    """A learnt chain out of its logits (N, V)."""
    law = law_of(logits)
    return enumerate_windows(WORDS, window, lambda start, stop: law[start:stop])


def read(talk: Talk, reading: Reading, generator: np.random.Generator) -> WindowChain:
    """What is learnt from texts that the source writes."""
    from corrigible.chains.sampled.chain import Enumerated
    from corrigible.chains.sampled.walks import walk

    source = Enumerated(chain=source_of(talk.window, talk.stay))
    starts = np.repeat(np.array(talk.opening)[None, :], reading.texts, axis=0)
    if reading.both:
        starts[::2] = (starts[::2] + len(WORDS) // TOPICS) % len(WORDS)
    texts = walk(source, starts, reading.length, generator.random((reading.texts, reading.length))).tokens
    return learnt_ngram(WORDS, talk.window, texts, smooth=reading.smooth)


def is_off(tokens: NDArray[np.integer]) -> NDArray[np.bool_]:
    """Which tokens are not of the opening's topic."""
    return np.asarray(tokens) >= len(WORDS) // TOPICS

"""Adaptive multilevel splitting: texts that came furthest by a score are gone on with (Cerou & Guyader 2007).

Unbiased for any score, with texts that tie with the level killed as well (Brehier et al. 2016). A score that does not
know what matters is confidently wrong all the same: its rare, huge estimates are not drawn. That is why no answer rests
on one score.
"""

from collections.abc import Callable
from typing import Final

import numpy as np
from numpy.typing import NDArray

from corrigible.chains.sampled.chain import TextChain, Tokens
from corrigible.chains.sampled.events import Question
from corrigible.chains.sampled.walks import drawn_tokens, last
from corrigible.errors import BadInput

MOST_ROUNDS: Final = 2000
KILLED: Final = 0.1
"""Share of the texts that ends a round at least."""

Score = Callable[[Tokens], NDArray[np.float64]]
"""(n, L) windows to (n,): how near the event is; any order will do."""


def string_ahead(question: Question) -> Score:
    """Log-probability of what is still to be said of the string, read by the model itself; no picture is needed.

    Raises BadInput where the event is no string.
    """
    chain, string = question.chain, question.event.string
    if string is None:
        raise BadInput(
            value=question.event.told, rule="the score reads a string", remedy="give a score for the predicate"
        )

    def score(windows: Tokens) -> NDArray[np.float64]:
        found = np.full(len(windows), -np.inf)
        for j in range(len(string)):  # it may have been said up to its j-th token
            begins = np.ones(len(windows), np.bool_)
            if j:
                begins = (windows[:, -j:] == np.array(string[:j])).all(axis=1)
            if begins.any():
                found[begins] = np.maximum(found[begins], ahead(chain, windows[begins], string[j:]))
        return found

    return score


def ahead(chain: TextChain, windows: Tokens, string: tuple[int, ...]) -> NDArray[np.float64]:
    """(n,) log-probability that the string is what is said next."""
    total = np.zeros(len(windows))
    for token in string:
        total += chain.log_law(last(windows, chain.window))[:, token]
        windows = np.concatenate([windows, np.full((len(windows), 1), token)], axis=1)
    return total


def members_said(question: Question) -> Score:
    """How many of the tokens that matter are in the window. Raises BadInput where the event is of another kind."""
    members = question.event.members
    if members is None:
        raise BadInput(value=question.event.told, rule="the score counts tokens", remedy="give a score of your own")
    return lambda windows: members[windows].sum(axis=1).astype(np.float64)


def split(question: Question, score: Score, count: int, generator: np.random.Generator) -> float:
    """One unbiased estimate of the event's probability from `count` texts; 0 where all die out.

    Raises BadInput for fewer than two texts, or a question about the end alone.
    """
    if count < 2 or question.at_end:
        raise BadInput(
            value=f"{count} texts" + (", at the end" if question.at_end else ""),
            rule="there are two at least, and the event counts whenever it comes",
            remedy="give more, or use another estimator",
        )
    return _Splitting(question, score, count, generator).run()


class _Splitting:
    def __init__(self, question: Question, score: Score, count: int, generator: np.random.Generator) -> None:
        self.chain, self.steps, self.event = question.chain, question.steps, question.event
        self.score, self.generator = score, generator
        self.begun = question.start.size
        self.texts = np.zeros((count, self.begun + self.steps), np.int64)
        self.texts[:, : self.begun] = question.start
        self.near = np.full((count, self.steps + 1), -np.inf)  # greatest score so far; inf: the event was met
        first = last(self.texts[:1, : self.begun], self.chain.window)
        self.near[:, 0] = score(first)[0]
        self._go_on(np.arange(count), np.zeros(count, np.int64))

    def run(self) -> float:
        """Kill and go on until all have met the event, or all die at once."""
        count = len(self.texts)
        value = 1.0
        for _ in range(MOST_ROUNDS):
            reached = self.near[:, -1]
            if np.isinf(reached).all() and (reached > 0).all():
                return value
            level = np.sort(reached)[max(0, int(np.ceil(KILLED * count)) - 1)]
            if level == np.inf:
                level = np.max(reached[reached < np.inf])
            dead = np.flatnonzero(reached <= level)
            if dead.size == count:
                return 0.0
            value *= 1.0 - dead.size / count
            alive = np.flatnonzero(reached > level)
            parent = alive[self.generator.integers(0, alive.size, dead.size)]
            passed = (self.near[parent] > level).argmax(axis=1)  # first moment beyond the level
            self.texts[dead] = self.texts[parent]
            self.near[dead] = self.near[parent]
            self._go_on(dead, passed)
        return value * float(np.mean(self.near[:, -1] == np.inf))

    def _go_on(self, rows: NDArray[np.int64], since: NDArray[np.int64]) -> None:
        """Sample rows anew after `since` tokens each."""
        for t in range(self.steps):
            here = rows[(since <= t) & (self.near[rows, t] < np.inf)]
            done = rows[(since <= t) & (self.near[rows, t] == np.inf)]
            self.near[done, t + 1] = np.inf
            if not here.size:
                continue
            at = self.begun + t
            law = self.chain.log_law(last(self.texts[here, :at], self.chain.window))
            self.texts[here, at] = drawn_tokens(law, self.generator.random(here.size))
            windows = last(self.texts[here, : at + 1], self.chain.window)
            now = np.where(self.event.test(windows), np.inf, self.score(windows))
            self.near[here, t + 1] = np.maximum(self.near[here, t], now)

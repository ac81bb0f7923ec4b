"""Samples that are led from behind: the tokens just before the end are proposed by a reverse n-gram, the rest forward.

What the end is usually preceded by may be rare in what is said forward; this score knows of the one and not of the
other, so it has little in common with those that look ahead.
"""

from dataclasses import dataclass
from typing import Final, final

import numpy as np
from numpy.typing import NDArray

from corrigible.chains.sampled.chain import Tokens
from corrigible.chains.sampled.events import Question
from corrigible.chains.sampled.walks import last, walk
from corrigible.errors import BadInput

FLAT: Final = 0.3
"""Share of the proposal that is what is said at that distance from the start, whatever follows."""


@final
@dataclass(frozen=True, kw_only=True, eq=False)
class ReverseBigram:
    """before: {token: (V,) P(the token before it)}, from counts; said: (V,) of tokens in general, never 0."""

    before: dict[int, NDArray[np.float64]]
    said: NDArray[np.float64]

    def law(self, token: int) -> NDArray[np.float64]:
        """(V,) proposal of what came before."""
        known = self.before.get(token)
        return self.said if known is None else (1.0 - FLAT) * known + FLAT * self.said


def reverse_bigram(texts: Tokens, size: int, near: NDArray[np.float64]) -> ReverseBigram:
    """From texts (n, T); near: (V,) what the chain says at about that time, of which half goes into `said`."""
    counts = np.bincount(texts.ravel(), minlength=size).astype(np.float64)
    said = 0.5 * near / near.sum() + 0.4 * counts / counts.sum() + 0.1 / size
    before: dict[int, NDArray[np.float64]] = {}
    pairs = texts[:, :-1].ravel(), texts[:, 1:].ravel()
    for token in np.unique(pairs[1]):
        row = np.bincount(pairs[0][pairs[1] == token], minlength=size).astype(np.float64)
        before[int(token)] = row / row.sum()
    return ReverseBigram(before=before, said=said)


def bridged(
    question: Question, back: int, count: int, generator: np.random.Generator
) -> tuple[NDArray[np.float64], Tokens]:
    """(n,) unbiased weights whose mean is P(the string at the end), and (n, L + T) the texts that they belong to.

    `back` tokens before the string are proposed backwards, from texts that are sampled first for that. Raises BadInput
    for an event that is no string at the end, or one too long for the steps.
    """
    chain, string = question.chain, question.event.string
    if string is None or not question.at_end or question.steps < len(string) + back:
        raise BadInput(
            value=question.event.told,
            rule=f"it is a string at the end, with {back} tokens or more between it and the start",
            remedy="allow more steps",
        )
    free = question.steps - len(string) - back
    laws: list[NDArray[np.float64]] = []
    learnt = walk(
        chain,
        question.rows(count),
        question.steps,
        generator.random((count, question.steps)),
        seen=lambda t, law: laws.append(np.exp(law).mean(axis=0)) if t >= free else None,
    )
    model = reverse_bigram(learnt.said, chain.size, np.mean(laws, axis=0))
    texts = walk(chain, question.rows(count), free, generator.random((count, free))).tokens
    between = np.empty((count, back), np.int64)
    log_proposed = np.zeros(count)
    follows = np.full(count, string[0])
    for place in range(back - 1, -1, -1):
        for token in np.unique(follows):
            rows = np.flatnonzero(follows == token)
            law = model.law(int(token))
            reached = law.cumsum()
            drawn = np.minimum(np.searchsorted(reached / reached[-1], generator.random(rows.size)), chain.size - 1)
            between[rows, place] = drawn
            log_proposed[rows] += np.log(law[drawn] / law.sum())
        follows = between[:, place]
    said = np.concatenate([between, np.tile(np.array(string), (count, 1))], axis=1)
    log_said = _log_said(question, texts, said)
    return np.exp(log_said - log_proposed), np.concatenate([texts, said], axis=1)


def _log_said(question: Question, texts: Tokens, said: Tokens) -> NDArray[np.float64]:
    total = np.zeros(len(texts))
    for column in said.T:
        law = question.chain.log_law(last(texts, question.chain.window))
        total += law[np.arange(len(texts)), column]
        texts = np.concatenate([texts, column[:, None]], axis=1)
    return total

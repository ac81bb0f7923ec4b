"""The window chain: which window of K tokens follows which, for every window that there is."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, final

import numpy as np
from numpy.typing import NDArray

from corrigible.chains.exact import kernels
from corrigible.errors import BadInput

MOST_WINDOWS: Final = 10_000_000
MOST_NUMBERS: Final = 250_000_000
"""Probabilities of a law, N x V: a gigabyte in single precision."""

DOUBLE_UP_TO: Final = 200_000_000
"""Bytes of a law up to which it is kept in double precision; beyond, in single."""

TOLERANCE: Final = 1e-6
"""How far probabilities may be from summing to one."""

CHUNK: Final = 1 << 16

Rows = Callable[[int, int], NDArray[np.floating]]
"""From window `start` to `stop` (exclusive): (stop - start, V) probabilities of the token that follows."""


@final
@dataclass(frozen=True, kw_only=True, eq=False)
class WindowChain:
    """All windows of K tokens of V kinds. law: (N, V) float64 or float32, N = V^K, P(next token | window).

    Window s is a number in base V: its digits are the tokens, the oldest first.
    """

    vocabulary: tuple[str, ...]
    window: int
    law: NDArray[np.floating]

    @property
    def tokens(self) -> int:
        """V."""
        return len(self.vocabulary)

    @property
    def states(self) -> int:
        """N."""
        return self.law.shape[0]

    def push(self, mass: NDArray[np.float64]) -> NDArray[np.float64]:
        """Law of the window (N,) one step later."""
        after = np.empty(self.states)
        kernels.push(self.law, np.ascontiguousarray(mass, dtype=np.float64), after)
        return after

    def pull(self, value: NDArray[np.float64]) -> NDArray[np.float64]:
        """Expected value (N,) one step later, from each window."""
        before = np.empty(self.states)
        kernels.pull(self.law, np.ascontiguousarray(value, dtype=np.float64), before)
        return before

    def number(self, tokens: Sequence[int]) -> int:
        """Of the window that holds those tokens, the oldest first. Raises BadInput for a wrong length or token."""
        if len(tokens) != self.window or not all(0 <= token < self.tokens for token in tokens):
            raise BadInput(
                value=f"window {list(tokens)}",
                rule=f"a window is {self.window} tokens from 0 to {self.tokens - 1}",
                remedy="give as many",
            )
        found = 0
        for token in tokens:
            found = found * self.tokens + int(token)
        return found

    def digits(self, number: int) -> tuple[int, ...]:
        """The tokens of a window, the oldest first."""
        found: list[int] = []
        for _ in range(self.window):
            number, token = divmod(number, self.tokens)
            found.append(token)
        return tuple(reversed(found))

    def words(self, number: int) -> str:
        """The window as text, its tokens parted by blanks."""
        return " ".join(self.vocabulary[token] for token in self.digits(number))

    def spelt(self, words: Sequence[str]) -> int:
        """The window whose tokens have those names; where more are given, the last K count (the others are dropped).

        Raises BadInput for a word that is not in the vocabulary, or too few.
        """
        places = {word: k for k, word in enumerate(self.vocabulary)}
        unknown = next((word for word in words if word not in places), None)
        if unknown is not None:
            known = ", ".join(self.vocabulary[:12]) + (", .." if self.tokens > 12 else "")
            raise BadInput(value=f"token {unknown!r}", rule=f"the vocabulary is {known}", remedy="spell it so")
        if len(words) < self.window:
            raise BadInput(
                value=f"{len(words)} tokens", rule=f"a window holds {self.window}", remedy="give as many, or more"
            )
        return self.number([places[word] for word in words[-self.window :]])

    def at(self, number: int) -> NDArray[np.float64]:
        """(N,) all mass on one window."""
        mass = np.zeros(self.states)
        mass[number] = 1.0
        return mass

    def after(self, number: int, token: int) -> int:
        """The window that follows with that token."""
        return (number % (self.states // self.tokens)) * self.tokens + token


def enumerate_windows(vocabulary: Sequence[str], window: int, rows: Rows) -> WindowChain:
    """Ask for the law of every window, a chunk at a time.

    Raises BadInput where there are too many windows, tokens are named alike, or probabilities are no law.
    """
    N, V = count_windows(len(vocabulary), window), len(vocabulary)
    if len(set(vocabulary)) != V:
        raise BadInput(value="vocabulary", rule="every token has a name of its own", remedy="rename one of two")
    law = np.empty((N, V), dtype=np.float64 if 8 * N * V <= DOUBLE_UP_TO else np.float32)
    for start in range(0, N, CHUNK):
        stop = min(start + CHUNK, N)
        law[start:stop] = _checked(np.asarray(rows(start, stop), dtype=np.float64), start)
    return WindowChain(vocabulary=tuple(vocabulary), window=window, law=law)


def count_windows(tokens: int, window: int) -> int:
    """V^K. Raises BadInput where that is more than can be enumerated, and says what it would need."""
    if window < 1 or tokens < 1:
        raise BadInput(
            value=f"{tokens} tokens, windows of {window}",
            rule="there is at least one token, and one in a window",
            remedy="choose others",
        )
    exponent = window * math.log10(tokens)
    most = min(math.log10(MOST_WINDOWS), math.log10(MOST_NUMBERS / tokens))
    if exponent > most + 1e-9:
        longest = int(most / math.log10(tokens) + 1e-9)
        raise BadInput(
            value=f"{tokens} tokens in windows of {window}: about 1e{exponent:.0f} windows",
            rule=f"at most {MOST_WINDOWS:,} are enumerated, and {MOST_NUMBERS:,} probabilities; so many would need "
            f"1e{exponent + math.log10(4 * tokens):.0f} bytes",
            remedy=f"use a window of at most {longest}, or fewer tokens" if longest else "use fewer tokens",
        )
    return tokens**window


def all_digits(start: int, stop: int, tokens: int, window: int) -> NDArray[np.int64]:
    """(stop - start, K) tokens of the windows from `start` to `stop` (exclusive)."""
    numbers = np.arange(start, stop)
    return np.stack([numbers // tokens ** (window - 1 - k) % tokens for k in range(window)], axis=1)


def _checked(rows: NDArray[np.float64], start: int) -> NDArray[np.float64]:
    total = rows.sum(axis=1)
    wrong = ~(np.abs(total - 1.0) <= TOLERANCE) | (rows < 0).any(axis=1)
    if wrong.any():
        first = int(np.flatnonzero(wrong)[0])
        raise BadInput(
            value=f"probabilities after window {start + first}, which sum to {total[first]:.6g}",
            rule="they are at least 0 and sum to 1",
            remedy="mend the model",
        )
    return rows / total[:, None]

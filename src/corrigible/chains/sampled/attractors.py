"""Loops that sampled text falls into: where they begin, how often they come round, whether they are left again.

A text is in a loop of period p from the token on at which its last r x p tokens are r times the same p; of several
periods the smallest counts. What is found on text that people wrote says how often that is no loop at all.
"""

from dataclasses import dataclass
from typing import Final, final

import numpy as np
from numpy.typing import NDArray

from corrigible.statistics.intervals import proportion_interval

LEAST_ROUNDS: Final = 3
LONGEST: Final = 32
LEAST_TOKENS: Final = 6
"""What repeats fills at least so many tokens: one token said three times is no loop yet."""


@final
@dataclass(frozen=True, kw_only=True)
class Loop:
    """text[begin:end] is text[begin:begin + period] over and over; ended: another token came (else the text ended)."""

    row: int
    begin: int
    end: int
    period: int
    ended: bool
    phrase: tuple[int, ...]

    @property
    def rounds(self) -> float:
        """How often it came round."""
        return (self.end - self.begin) / self.period


@final
@dataclass(frozen=True, kw_only=True)
class Counted:
    """`hits` of `of`, with a 95 % interval that takes them for independent of one another."""

    hits: int
    of: int
    share: float
    low: float
    high: float


@final
@dataclass(frozen=True, kw_only=True, eq=False)
class Attractors:
    """loops: of all texts. caught: texts with one. repeats: r -> P(it comes round once more | it came round r times).

    escape: probability, at each token of a loop, that it is left. dwell: tokens that a loop lasts, 1 / escape.
    """

    loops: tuple[Loop, ...]
    caught: Counted
    repeats: dict[int, Counted]
    escape: Counted

    @property
    def dwell(self) -> float:
        """Infinite where none was left."""
        return 1.0 / self.escape.share if self.escape.share > 0 else float("inf")


def loops_of(row: NDArray[np.int64], number: int = 0) -> list[Loop]:
    """All loops of one text (T,), in order; they do not overlap."""
    T = row.size
    found: list[Loop] = []
    for period in range(1, min(LONGEST, T // 2) + 1):
        least = max(LEAST_ROUNDS * period, LEAST_TOKENS)
        same = np.concatenate([[False], row[period:] == row[:-period], [False]])
        edges = np.flatnonzero(same[1:] != same[:-1])
        for begin, end in zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True):
            if end - begin + period >= least:
                stop = end + period
                phrase = tuple(row[begin : begin + period].tolist())
                found.append(Loop(row=number, begin=begin, end=stop, period=period, ended=stop < T, phrase=phrase))
    found.sort(key=lambda loop: (loop.begin, loop.period))
    kept: list[Loop] = []
    for loop in sorted(found, key=lambda loop: loop.period):  # a loop of period p is one of 2 p as well
        if all(loop.end <= other.begin or other.end <= loop.begin for other in kept):
            kept.append(loop)
    return sorted(kept, key=lambda loop: loop.begin)


def attractors(texts: NDArray[np.int64]) -> Attractors:
    """Of texts (n, T)."""
    by_text = [loops_of(row, number) for number, row in enumerate(texts)]
    loops = tuple(loop for found in by_text for loop in found)
    T = texts.shape[1]
    repeats: dict[int, Counted] = {}
    for r in range(LEAST_ROUNDS, 2 * LEAST_ROUNDS + 3):
        # of loops that came round r times, and could have once more before the text ended
        known = [loop for loop in loops if loop.rounds >= r and loop.begin + (r + 1) * loop.period <= T]
        if known:
            repeats[r] = counted(sum(loop.rounds >= r + 1 for loop in known), len(known))
    inside = sum(loop.end - loop.begin - _least(loop) for loop in loops) + sum(loop.ended for loop in loops)
    return Attractors(
        loops=loops,
        caught=counted(sum(bool(found) for found in by_text), len(texts)),
        repeats=repeats,
        escape=counted(sum(loop.ended for loop in loops), max(inside, 1)),
    )


def _least(loop: Loop) -> int:
    return max(LEAST_ROUNDS * loop.period, LEAST_TOKENS)


def counted(hits: int, of: int) -> Counted:
    """With the exact binomial interval."""
    found = proportion_interval(hits, of)
    return Counted(hits=hits, of=of, share=hits / of, low=found.low, high=found.high)


def landscape(found: Attractors, shown: int = 10) -> list[tuple[tuple[int, ...], int, int]]:
    """The commonest loops: phrase (turned so that the least token comes first), texts in it, tokens spent there."""
    texts: dict[tuple[int, ...], set[int]] = {}
    spent: dict[tuple[int, ...], int] = {}
    for loop in found.loops:
        turns = [loop.phrase[k:] + loop.phrase[:k] for k in range(loop.period)]
        name = min(turns)
        texts.setdefault(name, set()).add(loop.row)
        spent[name] = spent.get(name, 0) + loop.end - loop.begin
    rows = [(phrase, len(rows), spent[phrase]) for phrase, rows in texts.items()]
    return sorted(rows, key=lambda row: (-row[1], -row[2], row[0]))[:shown]

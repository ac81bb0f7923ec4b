"""What may be said that is rare or bad, as a test of windows; and the exact answer where a chain can be enumerated."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import final

import numpy as np
from numpy.typing import NDArray

from corrigible.chains.exact.hitting import hit_within
from corrigible.chains.exact.windows import CHUNK, WindowChain, all_digits
from corrigible.chains.sampled.chain import TextChain, Tokens
from corrigible.errors import BadInput


@final
@dataclass(frozen=True, kw_only=True, eq=False)
class Event:
    """test: (n, L) windows to (n,) bool. string: the tokens that must have been said last, if it is that.

    members, least: at least so many tokens of the window are among them, if it is that.
    """

    test: Callable[[Tokens], NDArray[np.bool_]]
    told: str
    string: tuple[int, ...] | None = None
    members: NDArray[np.bool_] | None = None
    least: int = 0


@final
@dataclass(frozen=True, kw_only=True, eq=False)
class Question:
    """P(the event within `steps` tokens, or, `at_end`, just after them | start (L,)), of a chain.

    Raises BadInput for an empty start, no step, or an event that the start meets already.
    """

    chain: TextChain
    start: Tokens
    event: Event
    steps: int
    at_end: bool = False

    def __post_init__(self) -> None:
        if self.start.ndim != 1 or not self.start.size or self.steps < 1:
            raise BadInput(
                value=f"a start of {self.start.size} tokens and {self.steps} steps",
                rule="there is one of each at least",
                remedy="give a prompt, and more steps",
            )
        if not self.at_end and self.event.test(self.start[None, -self.chain.window :])[0]:
            raise BadInput(value=self.event.told, rule="the start says it already", remedy="ask for something else")

    def rows(self, count: int) -> Tokens:
        """(count, L) the start over and over."""
        return np.repeat(self.start[None, :], count, axis=0)


def saying(string: tuple[int, ...], told: str, window: int) -> Event:
    """The text ends in those tokens. Raises BadInput for none, or more than a window holds."""
    if not 1 <= len(string) <= window:
        raise BadInput(
            value=f"{len(string)} tokens", rule=f"a window holds 1 to {window}", remedy="ask for fewer, or some"
        )
    wanted = np.array(string)

    def test(windows: Tokens) -> NDArray[np.bool_]:
        if windows.shape[1] < wanted.size:
            return np.zeros(len(windows), np.bool_)
        return np.asarray((windows[:, -wanted.size :] == wanted).all(axis=1))

    return Event(test=test, told=told, string=string)


def mostly(members: NDArray[np.bool_], least: int, told: str) -> Event:
    """At least so many tokens of the window are among `members` (V,): a predicate that no string decides.

    Raises BadInput for fewer than one.
    """
    if least < 1:
        raise BadInput(value=f"at least {least} tokens", rule="one or more", remedy="give a larger number")

    def test(windows: Tokens) -> NDArray[np.bool_]:
        return np.asarray(members[windows].sum(axis=1) >= least)

    return Event(test=test, told=told, members=members, least=least)


def windows_where(chain: WindowChain, event: Event) -> NDArray[np.bool_]:
    """(N,) of an enumerated chain."""
    return np.concatenate(
        [
            event.test(all_digits(start, min(start + CHUNK, chain.states), chain.tokens, chain.window))
            for start in range(0, chain.states, CHUNK)
        ]
    )


def exactly(chain: WindowChain, question: Question) -> float:
    """The answer, of an enumerated chain; the start is a full window."""
    where = windows_where(chain, question.event)
    mass = chain.at(chain.number(question.start.tolist()))
    if not question.at_end:
        return float(hit_within(chain, mass, where, question.steps)[-1])
    for _ in range(question.steps):
        mass = chain.push(mass)
    return float(mass[where].sum())

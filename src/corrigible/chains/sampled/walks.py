"""Texts sampled from a chain, with their exact log-probabilities; the same tokens for the same uniform numbers."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import final

import numpy as np
from numpy.typing import NDArray

from corrigible.chains.sampled.chain import LogLaw, TextChain, Tokens
from corrigible.errors import BadInput

Seen = Callable[[int, LogLaw], None]
"""Is told each step and the laws (n, V) that its tokens are drawn from."""


@final
@dataclass(frozen=True, kw_only=True, eq=False)
class Walks:
    """tokens: (n, L + T), starts included; log_prob: (n, T) nats of what was sampled."""

    tokens: Tokens
    log_prob: NDArray[np.float64]

    @property
    def said(self) -> Tokens:
        """(n, T) without the starts."""
        return self.tokens[:, self.tokens.shape[1] - self.log_prob.shape[1] :]


def walk(
    chain: TextChain,
    starts: Tokens,
    steps: int,
    uniforms: NDArray[np.float64],
    *,
    seen: Seen | None = None,
    temperature: float = 1.0,
) -> Walks:
    """Continue starts (n, L) by `steps` tokens; uniforms (n, steps) from [0, 1) decide which.

    Two texts that are given the same uniform numbers are coupled: while their laws agree, so do their tokens.
    temperature: by which the chain's logarithms are divided (on top of its own). Raises BadInput for an empty start.
    """
    if starts.ndim != 2 or not starts.size or uniforms.shape != (len(starts), steps):
        raise BadInput(
            value=f"starts of shape {starts.shape}, uniform numbers of shape {uniforms.shape}",
            rule="they are (n, L), L at least 1, and (n, steps)",
            remedy="give a number for each step of each text",
        )
    length = starts.shape[1]
    tokens = np.empty((len(starts), length + steps), np.int64)
    tokens[:, :length] = starts
    log_prob = np.empty((len(starts), steps))
    for t in range(steps):
        law = chain.log_law(last(tokens[:, : length + t], chain.window))
        if temperature != 1.0:
            law = law / temperature
            law -= np.log(np.exp(law).sum(axis=1, keepdims=True))
        if seen is not None:
            seen(t, law)
        tokens[:, length + t] = drawn_tokens(law, uniforms[:, t])
        log_prob[:, t] = law[np.arange(len(starts)), tokens[:, length + t]]
    return Walks(tokens=tokens, log_prob=log_prob)


def last(tokens: Tokens, window: int) -> Tokens:
    """(n, min(L, window)): the state that texts are in."""
    return np.ascontiguousarray(tokens[:, max(0, tokens.shape[1] - window) :])


def drawn_tokens(log_law: LogLaw, uniforms: NDArray[np.float64]) -> Tokens:
    """(n,) tokens at which the distribution function first exceeds the uniform numbers; never an impossible one."""
    reached = np.exp(log_law).cumsum(axis=1)
    found = (reached <= (uniforms * reached[:, -1])[:, None]).sum(axis=1)
    possible = np.isfinite(log_law)
    greatest = log_law.shape[1] - 1 - possible[:, ::-1].argmax(axis=1)
    return np.minimum(found, greatest)

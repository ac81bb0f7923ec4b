"""Conversations of a learnt chain: said, explained by what a reverse chain names, and said anew from there."""

from dataclasses import dataclass, replace
from typing import Final, final

import numpy as np
from numpy.typing import NDArray

from corrigible.chains.exact.windows import WindowChain
from corrigible.chains.sampled.walks import drawn_tokens
from corrigible.chains.talks.world import Talk, is_off

DERAILED: Final = 0.5
"""Share of the last turn's tokens that are off the topic, from which on a conversation is off the rails."""

Tokens = NDArray[np.int64]


@final
@dataclass(frozen=True, kw_only=True, eq=False)
class Said:
    """tokens: (B, T). log_prob: under how it was let talk; plain: under the chain itself, after the plain window.

    windows: (B, T, K) that each token was said after. named: (B,) the turn that did it, -1 where it is on the rails.
    """

    tokens: Tokens
    log_prob: NDArray[np.float64]
    plain: NDArray[np.float64]
    windows: Tokens
    named: NDArray[np.int64]


def converse(chain: WindowChain, talk: Talk, count: int, generator: np.random.Generator) -> Said:
    """`count` conversations. With an edit, a turn of each that derailed is said anew, and all that follows it.

    Tokens after that turn draw the same uniform numbers as before, so that only the edit makes a difference.
    """
    draws, again = generator.random((count, talk.tokens)), generator.random((count, talk.tokens))
    wrong = generator.integers(3, 6, (count, talk.turn))
    first = _say(chain, talk, draws, wrong, replaced=np.full(count, -1))
    if talk.edit == "none":
        return first
    turn = first.named.copy()
    if talk.edit == "other":
        turn = np.where(turn > 0, (again[:, 0] * turn).astype(np.int64), -1)
    for row in np.flatnonzero(turn >= 0):
        part = slice(turn[row] * talk.turn, (turn[row] + 1) * talk.turn)
        draws[row, part] = again[row, part]
    return _say(chain, talk, draws, wrong, replaced=turn)


def _say(chain: WindowChain, talk: Talk, draws: NDArray[np.float64], wrong: Tokens, *, replaced: Tokens) -> Said:
    count, T, K = len(draws), talk.tokens, talk.window
    opening = np.array(talk.opening)
    texts = np.concatenate([np.repeat(opening[None, :], count, axis=0), np.zeros((count, T), np.int64)], axis=1)
    log_prob, plain = np.empty((count, T)), np.empty((count, T))
    windows = np.empty((count, T, K), np.int64)
    place = chain.tokens ** np.arange(K - 1, -1, -1)
    begun = 0
    for t in range(T):
        turn = t // talk.turn
        if talk.limit and t % (talk.limit * talk.turn) == 0:
            begun = t
        after = texts[:, t : t + K]
        seen = _since(texts, opening, t, begun, K) if talk.limit else after
        windows[:, t] = seen
        windows[:, t, : talk.anchored] = opening[: talk.anchored]
        law = _let(np.asarray(chain.law[windows[:, t] @ place], np.float64), windows[:, t], talk)
        texts[:, K + t] = drawn_tokens(law, draws[:, t])
        if turn == talk.error:
            astray = replaced != turn
            texts[astray, K + t] = wrong[astray, t % talk.turn]
        rows = np.arange(count)
        log_prob[:, t] = law[rows, texts[:, K + t]]
        plain[:, t] = np.log(chain.law[after @ place, texts[:, K + t]])
    found = Said(tokens=texts[:, K:], log_prob=log_prob, plain=plain, windows=windows, named=np.full(count, -1))
    return replace(found, named=named_turns(chain, talk, texts))


def _since(texts: Tokens, opening: Tokens, t: int, begun: int, window: int) -> Tokens:
    """(B, K) the window of a conversation that began anew after `begun` tokens."""
    said = texts[:, window + begun : window + t]
    return np.concatenate([np.repeat(opening[None, :], len(texts), axis=0), said], axis=1)[:, -window:]


def _let(law: NDArray[np.float64], windows: Tokens, talk: Talk) -> NDArray[np.float64]:
    """(B, V) log-probabilities of what is chosen."""
    scores = np.log(law) / talk.temperature
    if talk.penalty:
        counts = (windows[:, :, None] == np.arange(law.shape[1])).sum(axis=1)
        scores = scores - talk.penalty * counts
    return scores - np.log(np.exp(scores).sum(axis=1, keepdims=True))


def derailed(talk: Talk, tokens: Tokens) -> NDArray[np.bool_]:
    """(B,) whether the last turn is off the rails."""
    return is_off(tokens[:, -talk.turn :]).mean(axis=1) >= DERAILED


def chances(chain: WindowChain, talk: Talk, texts: Tokens) -> NDArray[np.float64]:
    """(B, turns + 1) P(the last token's window is off the topic | the window after so many turns), of the chain itself.

    Exact: carried backwards over all windows. Half of the window's tokens or more are then of the other topic.
    """
    K = talk.window
    digits = np.arange(chain.states)[:, None] // chain.tokens ** np.arange(K - 1, -1, -1) % chain.tokens
    value = (is_off(digits).mean(axis=1) >= DERAILED).astype(np.float64)
    place = chain.tokens ** np.arange(K - 1, -1, -1)
    found = np.empty((len(texts), talk.turns + 1))
    for t in range(talk.tokens, -1, -1):
        if t % talk.turn == 0:
            found[:, t // talk.turn] = value[texts[:, t : t + K] @ place]
        value = chain.pull(value)
    return found


def named_turns(chain: WindowChain, talk: Talk, texts: Tokens) -> NDArray[np.int64]:
    """(B,) the turn in which the end's probability rose most, of conversations (B, K + T) that derailed; else -1.

    Under the chain that probability is a martingale: its gains over all turns add up to what was surprising in the
    outcome, so a turn's gain is its share in it.
    """
    rise = np.diff(chances(chain, talk, texts), axis=1)
    return np.where(derailed(talk, texts[:, talk.window :]), rise.argmax(axis=1), -1)

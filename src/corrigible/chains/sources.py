"""Chains whose every number is known: n-grams, a planted loop, a planted topic, what a hidden Markov model says."""

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from corrigible.chains.exact.windows import WindowChain, all_digits, count_windows, enumerate_windows
from corrigible.errors import BadInput

LETTERS: Final = "abcdefghijklmnopqrstuvwxyz"


def ngram(vocabulary: Sequence[str], window: int, law: NDArray[np.float64]) -> WindowChain:
    """law: (V,) * window + (V,): P(next | window), the oldest token first. Raises BadInput where it is no law."""
    N, V = count_windows(len(vocabulary), window), len(vocabulary)
    if law.shape != (V,) * (window + 1):
        raise BadInput(
            value=f"probabilities of shape {law.shape}", rule=f"it is {(V,) * (window + 1)}", remedy="reshape them"
        )
    rows = law.reshape(N, V)
    return enumerate_windows(vocabulary, window, lambda start, stop: rows[start:stop])


def drawn(tokens: int, window: int, generator: np.random.Generator, *, sharpness: float = 1.0) -> WindowChain:
    """A random n-gram: Gaussian logits of that standard deviation for every window."""
    return enumerate_windows(
        _names(tokens), window, lambda start, stop: _softmax(sharpness * generator.normal(size=(stop - start, tokens)))
    )


def planted_loop(tokens: int, window: int, loop: Sequence[int], *, keep: float) -> WindowChain:
    """After a token of the loop its next one follows with probability `keep`; else, and after others, any token."""
    follows = dict(zip(loop, [*loop[1:], loop[0]], strict=True))

    def rows(start: int, stop: int) -> NDArray[np.float64]:
        newest = np.arange(start, stop) % tokens
        found = np.full((stop - start, tokens), 1.0 / tokens)
        for token, following in follows.items():
            here = newest == token
            found[here] = (1.0 - keep) / tokens
            found[here, following] += keep
        return found

    return enumerate_windows(_names(tokens), window, rows)


def planted_topic(topics: int, words: int, window: int, *, stay: float) -> WindowChain:
    """`topics` groups of `words` tokens each; the next token is of the group that most of the window is of (the newest
    one's where several are) with probability `stay`, else of any other, evenly.
    """
    tokens = topics * words

    def rows(start: int, stop: int) -> NDArray[np.float64]:
        groups = all_digits(start, stop, tokens, window) // words
        counts = np.stack([(groups == g).sum(axis=1) for g in range(topics)], axis=1).astype(np.float64)
        counts[np.arange(len(groups)), groups[:, -1]] += 0.5
        chosen = counts.argmax(axis=1)
        share = np.full((stop - start, topics), (1.0 - stay) / max(1, topics - 1))
        share[np.arange(len(groups)), chosen] = stay if topics > 1 else 1.0
        return np.repeat(share / words, words, axis=1)

    return enumerate_windows([f"{LETTERS[g]}{k}" for g in range(topics) for k in range(words)], window, rows)


def hidden_markov(transition: NDArray[np.float64], emission: NDArray[np.float64], window: int) -> WindowChain:
    """What a hidden Markov model says after the last K tokens alone, its hidden state stationary before them.

    transition (H, H) and emission (H, V) are laws. With K growing it comes to the process itself. Raises BadInput where
    a window cannot be emitted at all.
    """
    H, V = emission.shape
    hidden = np.linalg.matrix_power(0.5 * (np.eye(H) + transition), 1 << 20)[0]
    hidden = hidden / hidden.sum()

    def rows(start: int, stop: int) -> NDArray[np.float64]:
        belief = np.tile(hidden, (stop - start, 1))
        for token in all_digits(start, stop, V, window).T:
            belief = belief * emission[:, token].T
            total = belief.sum(axis=1, keepdims=True)
            if (total <= 0).any():
                raise BadInput(
                    value=f"window {start + int(np.flatnonzero(total[:, 0] <= 0)[0])}",
                    rule="every window can be emitted",
                    remedy="give every token some probability",
                )
            belief = belief / total @ transition
        return belief @ emission

    return enumerate_windows(_names(V), window, rows)


def from_table(
    vocabulary: Sequence[str],
    window: int,
    table: Mapping[tuple[int, ...], NDArray[np.float64]],
    otherwise: NDArray[np.float64] | None = None,
) -> WindowChain:
    """Laws (V,) by window; `otherwise` for those that the table lacks. Raises BadInput where one is missing."""
    V = len(vocabulary)

    def rows(start: int, stop: int) -> NDArray[np.float64]:
        found = np.empty((stop - start, V))
        for k, digits in enumerate(all_digits(start, stop, V, window).tolist()):
            law = table.get(tuple(digits), otherwise)
            if law is None:
                words = " ".join(str(vocabulary[token]) for token in digits)
                raise BadInput(
                    value=f"window {words!r}",
                    rule="every window has probabilities",
                    remedy='add it, or "otherwise" for all that are not named',
                )
            found[k] = law
        return found

    return enumerate_windows(vocabulary, window, rows)


def lifted(chain: WindowChain, window: int) -> WindowChain:
    """The same chain in longer windows, whose oldest tokens do not matter. Raises BadInput for shorter ones."""
    if window < chain.window:
        raise BadInput(value=f"windows of {window}", rule=f"at least {chain.window}", remedy="use a larger window")
    return enumerate_windows(
        chain.vocabulary, window, lambda start, stop: chain.law[np.arange(start, stop) % chain.states]
    )


def learnt_ngram(
    vocabulary: Sequence[str], window: int, texts: NDArray[np.int64], *, smooth: float = 0.5
) -> WindowChain:
    """What an n-gram learns from texts (n, T): counts after each window, `smooth` added to each (Lidstone)."""
    V = len(vocabulary)
    counts = np.full((count_windows(V, window), V), smooth)
    states = sum(texts[:, k : texts.shape[1] - window + k] * V ** (window - 1 - k) for k in range(window))
    np.add.at(counts, (np.asarray(states).ravel(), texts[:, window:].ravel()), 1.0)
    counts /= counts.sum(axis=1, keepdims=True)
    return enumerate_windows(vocabulary, window, lambda start, stop: counts[start:stop])


def _names(tokens: int) -> list[str]:
    return list(LETTERS[:tokens]) if tokens <= len(LETTERS) else [f"t{k}" for k in range(tokens)]


def _softmax(logits: NDArray[np.float64]) -> NDArray[np.float64]:
    found = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(found / found.sum(axis=1, keepdims=True))

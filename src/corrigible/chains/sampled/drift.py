"""Does text go astray by being gone on with, and does an error grow or heal? Curves along the position, from samples.

Laws of the next token are compared by Jensen-Shannon divergence, which is negative definite (Fuglede & Topsoe 2004), so
that its energy distance between a model's laws on its own text and on text that people wrote is 0 only if they are
alike. An error is a token that is put in the place of another; what it does is compared with what chance does.
"""

from dataclasses import dataclass
from typing import Final, Literal, final

import numpy as np
from numpy.typing import NDArray

from corrigible.chains.exact.regret import entropy_of, jensen_shannon
from corrigible.chains.sampled.chain import LogLaw, Spent, TextChain, Tokens
from corrigible.chains.sampled.walks import Seen, Walks, last, walk
from corrigible.errors import BadInput

RESAMPLES: Final = 500
LEVEL: Final = 0.95
PART: Final = 4
"""Early and late are the first and the last so-manieth of the positions."""

Fate = Literal["heals", "snowballs", "unclear"]


@final
@dataclass(frozen=True, kw_only=True, eq=False)
class Curve:
    """(T,) mean at each position over texts, with 95 % by bootstrap over texts."""

    mean: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]


@final
@dataclass(frozen=True, kw_only=True)
class Change:
    """late less early, with 95 %."""

    early: float
    late: float
    change: float
    low: float
    high: float


@final
@dataclass(frozen=True, kw_only=True, eq=False)
class Drift:
    """own_entropy, reference_entropy: of the next token on own text and on the reference, nats. apart: energy distance
    of the two sets of laws, nats. own: what was said.
    """

    own_entropy: Curve
    reference_entropy: Curve
    reference_surprise: Curve
    apart: Curve
    change: Change
    own: Walks
    spent: Spent


@final
@dataclass(frozen=True, kw_only=True, eq=False)
class PlantedError:
    """excess: (T,) nats by which texts after an error are further from texts without than these from one another."""

    excess: Curve
    floor: Curve
    change: Change
    fate: Fate
    spent: Spent


def drift(chain: TextChain, texts: Tokens, prompt: int, generator: np.random.Generator) -> Drift:
    """Own continuations of the first `prompt` tokens of reference texts (n, L), beside those texts themselves.

    Raises BadInput for fewer than 4 texts, or none of them longer than the prompt.
    """
    if len(texts) < 4 or not 0 < prompt < texts.shape[1]:
        raise BadInput(
            value=f"{len(texts)} texts of {texts.shape[1]} tokens, prompts of {prompt}",
            rule="there are 4 texts, longer than their prompts",
            remedy="give more reference text, or shorter prompts",
        )
    n, steps = len(texts), texts.shape[1] - prompt
    before = chain.spent.copy()
    own_entropy, entropy, surprise = (np.empty((n, steps)) for _ in range(3))
    between, within = np.empty((steps, n, n)), np.empty((2, steps, n, n))

    def seen(t: int, log_law: LogLaw) -> None:
        own, other = np.exp(log_law), np.exp(chain.log_law(last(texts[:, : prompt + t], chain.window)))
        own_entropy[:, t], entropy[:, t] = entropy_of(own), entropy_of(other)
        with np.errstate(divide="ignore"):
            surprise[:, t] = -np.log(other[np.arange(n), texts[:, prompt + t]])
        between[t], within[0, t], within[1, t] = pairs(own, other), pairs(own, own), pairs(other, other)

    said = walk(chain, texts[:, :prompt], steps, generator.random((n, steps)), seen=seen)
    weights = resampled(n, generator)
    apart = energy(between, within, np.ones((1, n)))[0]
    again = energy(between, within, weights)
    low, high = np.quantile(again, [(1 - LEVEL) / 2, (1 + LEVEL) / 2], axis=0)
    return Drift(
        own_entropy=curve(own_entropy, weights),
        reference_entropy=curve(entropy, weights),
        reference_surprise=curve(np.minimum(surprise, 50.0), weights),
        apart=Curve(mean=apart, low=low, high=high),
        change=changed(apart, again),
        own=said,
        spent=chain.spent.since(before),
    )


def planted_error(
    chain: TextChain, prompts: Tokens, steps: int, generator: np.random.Generator, *, wrong: Tokens | None = None
) -> PlantedError:
    """The last token of each prompt (n, L) is replaced by one of another prompt, or by `wrong` (n,).

    Raises BadInput for fewer than 4 prompts, or no step.
    """
    n = len(prompts)
    if n < 4 or steps < PART:
        raise BadInput(
            value=f"{n} prompts, {steps} steps", rule=f"there are 4 prompts and {PART} steps", remedy="give more"
        )
    before = chain.spent.copy()
    erring = prompts.copy()
    erring[:, -1] = other_tokens(prompts, generator) if wrong is None else wrong
    draws = generator.random((n, steps))
    laws: list[NDArray[np.float32]] = []
    walk(chain, prompts, steps, generator.random((n, steps)), seen=lambda _, law: laws.append(_light(law)))
    clean, astray = np.empty((n, steps)), np.empty((n, steps))

    def against(into: NDArray[np.float64]) -> Seen:
        def seen(t: int, law: LogLaw) -> None:
            into[:, t] = jensen_shannon(np.exp(law), np.exp(laws[t].astype(np.float64)))

        return seen

    walk(chain, prompts, steps, draws, seen=against(clean))
    walk(chain, erring, steps, draws, seen=against(astray))
    weights = resampled(n, generator)
    found = curve(astray - clean, weights)
    change = changed(found.mean, (weights @ (astray - clean)) / n)
    fate: Fate = "heals" if change.high < 0 else ("snowballs" if change.low > 0 else "unclear")
    return PlantedError(
        excess=found, floor=curve(clean, weights), change=change, fate=fate, spent=chain.spent.since(before)
    )


def _light(law: LogLaw) -> NDArray[np.float32]:
    return law.astype(np.float32)


def other_tokens(prompts: Tokens, generator: np.random.Generator) -> Tokens:
    """(n,) tokens that are in the prompts, each unlike the last of its own."""
    known = np.unique(prompts)
    if known.size < 2:
        raise BadInput(value="prompts of one token", rule="there are two different ones", remedy="give other prompts")
    found = generator.choice(known, len(prompts))
    for k in np.flatnonzero(found == prompts[:, -1]):
        found[k] = generator.choice(known[known != prompts[k, -1]])
    return found


def pairs(first: NDArray[np.float64], second: NDArray[np.float64]) -> NDArray[np.float64]:
    """(n, n) Jensen-Shannon divergences of laws (n, V) from laws (n, V)."""
    return np.stack([jensen_shannon(row[None, :], second) for row in first])


def energy(
    between: NDArray[np.float64], within: NDArray[np.float64], weights: NDArray[np.float64]
) -> NDArray[np.float64]:
    """(R, T) energy distances for weights (R, n) of texts; pairs of a text with itself do not count."""
    n = between.shape[1]
    off = 1.0 - np.eye(n)
    pair = np.einsum("ri,rj->rij", weights, weights) * off
    pair /= pair.sum(axis=(1, 2), keepdims=True)
    difference = 2.0 * between - within[0] - within[1]
    return np.einsum("rij,tij->rt", pair, difference)


def resampled(n: int, generator: np.random.Generator) -> NDArray[np.float64]:
    """(R, n) how often each text is drawn when n are drawn anew."""
    return generator.multinomial(n, np.full(n, 1.0 / n), size=RESAMPLES).astype(np.float64)


def curve(values: NDArray[np.float64], weights: NDArray[np.float64]) -> Curve:
    """Of (n, T) values."""
    again = weights @ values / len(values)
    low, high = np.quantile(again, [(1 - LEVEL) / 2, (1 + LEVEL) / 2], axis=0)
    return Curve(mean=values.mean(axis=0), low=low, high=high)


def changed(mean: NDArray[np.float64], again: NDArray[np.float64]) -> Change:
    """From the first quarter to the last of (T,), with resampled curves (R, T)."""
    part = max(1, len(mean) // PART)
    late, early = again[:, -part:].mean(axis=1), again[:, :part].mean(axis=1)
    low, high = np.quantile(late - early, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    first, final = float(mean[:part].mean()), float(mean[-part:].mean())
    return Change(early=first, late=final, change=final - first, low=float(low), high=float(high))

"""Samples that are led from behind: the token just before the end is proposed by what the end says of it.

Of the likeliest tokens at about that time each is tried before the end, in a short context, so that one after which the
end is likely is proposed often, however seldom it is said; weights make up for it. (Reversal by Bayes with a short
context is Pfau et al. 2023, "Eliciting Language Model Behaviors using Reverse Language Models", where it stood alone
and unweighted.) This score knows of nothing but that token, so it has little in common with those that look ahead.
"""

import math
from typing import Final

import numpy as np
from numpy.typing import NDArray

from corrigible.chains.sampled.chain import Enumerated
from corrigible.chains.sampled.events import Question
from corrigible.chains.sampled.lookahead import normed
from corrigible.chains.sampled.smc import Particles
from corrigible.chains.sampled.splitting import ahead
from corrigible.chains.sampled.walks import last, walk
from corrigible.errors import BadInput

FLAT: Final = 0.3
"""Share of the proposal that is what is said at about that time, whatever follows."""

TRIED: Final = 1000
CONTEXT: Final = 4
"""Tokens before the one that is tried."""

Row = NDArray[np.float64]


def before_the_end(question: Question, generator: np.random.Generator, *, texts: int = 16) -> Row:
    """(V,) proposal of the token just before the final string, never 0. Raises BadInput for what is no such string."""
    chain, string = question.chain, question.event.string
    free = question.steps - len(string or ()) - 1
    if string is None or not question.at_end or free < 0:
        raise BadInput(
            value=question.event.told,
            rule="it is a string at the end, with a token or more between it and the start",
            remedy="allow more steps",
        )
    laws: list[Row] = []
    walked = walk(
        chain,
        question.rows(texts),
        free + 1,
        generator.random((texts, free + 1)),
        seen=lambda t, law: laws.append(np.exp(law).mean(axis=0)) if t == free else None,
    ).tokens[:, :-1]
    said = 0.99 * laws[0] / laws[0].sum() + 0.01 / chain.size
    named = np.argsort(-said, kind="stable")[:TRIED]
    length = chain.window - 1 if isinstance(chain, Enumerated) else min(CONTEXT, chain.window - 1, walked.shape[1])
    context = walked[int(generator.integers(texts)), walked.shape[1] - length :]
    rows = np.concatenate([np.repeat(context[None, :], named.size, axis=0), named[:, None]], axis=1)
    chance = np.concatenate([ahead(chain, part, string) for part in np.array_split(rows, max(1, named.size // 128))])
    led = np.zeros(chain.size)
    led[named] = said[named] * np.exp(chance - chance.max()) if np.isfinite(chance.max()) else said[named]
    return (1.0 - FLAT) * led / led.sum() + FLAT * said


def bridged(question: Question, proposal: Row, count: int, generator: np.random.Generator) -> Particles:
    """`count` texts that end in the string, weighted; their log_z is that of an unbiased estimate of its probability.

    proposal: (V,) of the token before the string, as `before_the_end` makes it. Raises BadInput as that does.
    """
    chain, string = question.chain, question.event.string
    if string is None or not question.at_end or question.steps <= len(string):
        raise BadInput(value=question.event.told, rule="it is a string at the end", remedy="allow more steps")
    free = question.steps - len(string) - 1
    texts = walk(chain, question.rows(count), free, generator.random((count, free))).tokens
    reached = proposal.cumsum()
    drawn = np.minimum(np.searchsorted(reached / reached[-1], generator.random(count)), chain.size - 1)
    law = chain.log_law(last(texts, chain.window))[np.arange(count), drawn]
    texts = np.concatenate([texts, drawn[:, None]], axis=1)
    log_said = law + ahead(chain, last(texts, chain.window), string)
    weight, mass = normed(log_said - np.log(proposal[drawn] / proposal.sum()))
    return Particles(
        log_z=mass - math.log(count),
        texts=np.concatenate([texts, np.tile(np.array(string), (count, 1))], axis=1),
        weight=weight,
        met=np.full(count, question.steps),
        line=np.repeat(np.arange(count)[:, None], question.steps, axis=1),
    )

"""Samples that are led by what lies ahead: texts after which the end is likely even now are gone on with.

The model itself is asked how likely the final string would be if it came at once. The score knows contexts, which a
coarse picture does not, and nothing of how the end is come to.
"""

import math
from typing import Final

import numpy as np
from numpy.typing import NDArray

from corrigible.chains.sampled.chain import Tokens
from corrigible.chains.sampled.events import Question
from corrigible.chains.sampled.smc import RESAMPLED_BELOW, Particles, systematic
from corrigible.chains.sampled.splitting import ahead
from corrigible.chains.sampled.walks import drawn_tokens, last
from corrigible.errors import BadInput

POWER: Final = 0.5
"""Of the probability ahead, by which texts are led before the end is due."""


def looked_ahead(question: Question, count: int, generator: np.random.Generator, *, power: float = POWER) -> Particles:
    """`count` texts that end in the string, weighted; their log_z is that of an unbiased estimate of its probability.

    Raises BadInput for an event that is no string at the end, or no sample.
    """
    chain, string = question.chain, question.event.string
    if string is None or not question.at_end or question.steps < len(string) or count < 1:
        raise BadInput(
            value=question.event.told, rule="it is a string at the end, within the steps", remedy="allow more steps"
        )
    free = question.steps - len(string)
    texts, log_weight, held, log_z = question.rows(count), np.zeros(count), np.zeros(count), 0.0
    line = np.zeros((count, question.steps), np.int64)
    for t in range(free + 1):
        if t:
            law = chain.log_law(last(texts, chain.window))
            texts = np.concatenate([texts, drawn_tokens(law, generator.random(count))[:, None]], axis=1)
            line[:, t - 1] = np.arange(count)
        score = ahead(chain, last(texts, chain.window), string) * (1.0 if t == free else power)
        log_weight += score - held
        held = score
        if t == free or not t:
            continue
        weight, mass = normed(log_weight)
        if 1.0 / float((weight**2).sum()) < RESAMPLED_BELOW * count:
            log_z += mass - math.log(count)
            chosen = systematic(weight, generator)
            texts, held, line, log_weight = texts[chosen], held[chosen], line[chosen], np.zeros(count)
    weight, mass = normed(log_weight)
    line[:, free:] = np.arange(count)[:, None]
    return Particles(
        log_z=log_z + mass - math.log(count) if math.isfinite(mass) else -math.inf,
        texts=_ended(texts, string),
        weight=weight,
        met=np.full(count, question.steps),
        line=line,
    )


def normed(log_weight: NDArray[np.float64]) -> tuple[NDArray[np.float64], float]:
    """(n,) weights that sum to one, and the logarithm of their sum; all alike and -inf where there is none."""
    greatest = float(log_weight.max())
    if not math.isfinite(greatest):
        return np.full(len(log_weight), 1.0 / len(log_weight)), -math.inf
    weight = np.exp(log_weight - greatest)
    total = float(weight.sum())
    return weight / total, greatest + math.log(total)


def _ended(texts: Tokens, string: tuple[int, ...]) -> Tokens:
    return np.concatenate([texts, np.tile(np.array(string), (len(texts), 1))], axis=1)

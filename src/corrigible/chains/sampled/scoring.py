"""A string that is rare because it is unlikely, not because its context is: sample the context, score the string."""

import numpy as np

from corrigible.chains.sampled.chain import Tokens
from corrigible.chains.sampled.events import Event, Question
from corrigible.chains.sampled.splitting import ahead
from corrigible.chains.sampled.walks import drawn_tokens, last
from corrigible.errors import BadInput


def scored(question: Question, count: int, generator: np.random.Generator) -> float:
    """One unbiased estimate of P(the string is said in time), from `count` texts.

    The sum over moments of the probability that it is said then, for the first time; texts that have said it stop.
    Rao and Blackwell's: what can be computed is not sampled. Raises BadInput for what is no string, or too few steps.
    """
    chain, event, steps = question.chain, question.event, question.steps
    string = event.string
    if string is None or steps < len(string):
        raise BadInput(
            value=event.told, rule="it is a string, no longer than there are steps", remedy="allow more steps"
        )
    L = question.start.size
    texts, total, alive = question.rows(count), 0.0, np.ones(count, np.bool_)
    for t in range(steps - len(string) + 1):
        if t:
            law = chain.log_law(last(texts, chain.window))
            texts = np.concatenate([texts, drawn_tokens(law, generator.random(count))[:, None]], axis=1)
            alive &= question.at_end | ~event.test(texts)
        rows = np.flatnonzero(alive)
        if not rows.size:
            break
        if question.at_end:
            total = 0.0
            if t < steps - len(string):
                continue
        chance = np.exp(ahead(chain, last(texts[rows], chain.window), string))
        if not question.at_end:
            chance = chance[_first_time(texts[rows], string, event, L)]
        total += float(chance.sum())
    return total / count


def _first_time(said: Tokens, string: tuple[int, ...], event: Event, begun: int) -> np.ndarray:
    """(n,) whether the string, said now, has not been said earlier by overlapping with itself."""
    first = np.ones(len(said), np.bool_)
    whole = np.concatenate([said, np.tile(np.array(string), (len(said), 1))], axis=1)
    for earlier in range(max(said.shape[1], begun) + 1, whole.shape[1]):
        if earlier - begun >= 1:
            first &= ~event.test(whole[:, :earlier])
    return first

"""The token just before an end, by enumeration: which of all tokens led there? Exact but for the least likely ones.

The likeliest tokens after the start are each tried; of the others some are drawn in proportion to their probability and
stand for the rest, so that the sum stays unbiased. The law of the token given the end follows by Bayes.
"""

from dataclasses import dataclass
from typing import final

import numpy as np
from numpy.typing import NDArray

from corrigible.chains.sampled.chain import Spent, TextChain, Tokens
from corrigible.chains.sampled.splitting import ahead
from corrigible.chains.sampled.walks import last
from corrigible.errors import BadInput, CorrigibleError


@final
@dataclass(frozen=True, kw_only=True, eq=False)
class OneStep:
    """tokens: (m,) that were tried, the likeliest given the end first; share: (m,) P(token | start, end), and `rest` of
    all that were not. probability: P(end after one token | start); error: its standard error.
    """

    tokens: Tokens
    share: NDArray[np.float64]
    rest: float
    probability: float
    error: float
    spent: Spent


def one_step(
    chain: TextChain,
    start: Tokens,
    string: tuple[int, ...],
    generator: np.random.Generator,
    *,
    tried: int = 2000,
    drawn: int = 200,
) -> OneStep:
    """Start (L,), one token, then the string.

    Raises BadInput for no string, CorrigibleError where the end is impossible.
    """
    if not string or tried < 1 or drawn < 1:
        raise BadInput(
            value=f"{len(string)} final tokens, {tried} tried and {drawn} drawn", rule="one of each", remedy="give more"
        )
    before = chain.spent.copy()
    law = np.exp(chain.log_law(last(start[None, :], chain.window))[0])
    order = np.argsort(-law, kind="stable")
    order = order[: int((law > 0).sum())]
    named, others = order[:tried], order[tried:]
    joint = law[named] * np.exp(_after(chain, start, named, string))
    left, error = 0.0, 0.0
    if others.size:
        mass = float(law[others].sum())
        picked = generator.choice(others, drawn, p=law[others] / mass)
        found = mass * np.exp(_after(chain, start, picked, string))
        left, error = float(found.mean()), float(found.std(ddof=1) / np.sqrt(drawn)) if drawn > 1 else float("inf")
    total = float(joint.sum()) + left
    if total <= 0.0:
        raise CorrigibleError(
            value="the end", rule="its probability is zero after one token", remedy="choose another end or start"
        )
    ranked = np.argsort(-joint, kind="stable")
    return OneStep(
        tokens=named[ranked],
        share=joint[ranked] / total,
        rest=left / total,
        probability=total,
        error=error,
        spent=chain.spent.since(before),
    )


def _after(chain: TextChain, start: Tokens, tokens: Tokens, string: tuple[int, ...]) -> NDArray[np.float64]:
    """(m,) log P(string | start, token); equal tokens are asked once."""
    unique, where = np.unique(tokens, return_inverse=True)
    rows = np.concatenate([np.repeat(start[None, :], unique.size, axis=0), unique[:, None]], axis=1)
    found = [
        ahead(chain, last(part, chain.window), string) for part in np.array_split(rows, max(1, unique.size // 128))
    ]
    return np.concatenate(found)[where]

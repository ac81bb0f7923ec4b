"""How a response gets to where it ends: smoothly, by a section break, or outside of the language altogether.

A token is a jump where the untuned model would hardly have said it: its price, -log q, is beyond what 999 of 1,000 of
the untuned model's own tokens cost. A response without jumps went smoothly; one whose jumps all lie within a few tokens
of one another broke off once and went on as the untuned model might have; one that keeps jumping is foreign to it.
"""

from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from corrigible.language.rewards import shared_model
from corrigible.language.sampling import sample
from corrigible.seeding import stream

RARE: Final = 0.001
"""Share of the untuned model's own tokens that cost more than a jump."""

SPAN: Final = 4
"""Tokens from the first jump to the last, both counted, of a single break."""

SAMPLES: Final = 64
"""Responses of the untuned model a prompt from which the price of a jump is read."""


@lru_cache(maxsize=16)
def jump_price(model: str, prompts: tuple[str, ...], new_tokens: int) -> float:
    """Nats that all but RARE of the untuned model's tokens cost at most; sampled once for the same names."""
    base = shared_model(model)
    rows = [base.encode(prompt) for prompt in prompts for _ in range(SAMPLES)]
    drawn = sample(base, rows, new_tokens=new_tokens, generator=stream(0, "price of a jump", model))
    return float(np.quantile(-drawn.log_prob[drawn.mask], 1.0 - RARE))


def jumps(reference_log_prob: NDArray[np.floating], mask: NDArray[np.bool_], price: float) -> NDArray[np.bool_]:
    """(T, B) which tokens cost the untuned model more than `price` nats."""
    return (-reference_log_prob > price) & mask


def smooth(jumped: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """(B,) responses without a jump."""
    return np.logical_not(jumped.any(axis=0))


def broken_once(jumped: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """(B,) responses with jumps, all of them within SPAN tokens."""
    first = jumped.argmax(axis=0)
    last = len(jumped) - 1 - jumped[::-1].argmax(axis=0)
    return np.logical_and(jumped.any(axis=0), last - first < SPAN)

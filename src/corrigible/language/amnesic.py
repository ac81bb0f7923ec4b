"""The amnesic reference: what the base says at each place of a response, whatever was said before it.

A base model that reads a response expects a word again that the response has repeated, and so a KL penalty forgives
repeats (`corrigible.language.deviance`). This reference reads the prompt and the base's own responses, never the
policy's: its law at a place is the mean, over those responses, of the base's laws there. Words that hang together cost
something under it too, since a mean knows no grammar: KL to it is at least the base's own (its total correlation).
"""

from functools import lru_cache
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray

from corrigible.language.rewards import shared_model
from corrigible.language.sampling import SamplingRule, rule_log_probs, sample
from corrigible.seeding import stream

SAMPLES: Final = 64
"""Responses of the base a prompt."""

LEAST: Final = 8
"""Responses that must reach a place; places beyond take the law of the last that so many reach."""


@lru_cache(maxsize=64)
def place_laws(
    model: str, prompt: tuple[int, ...], *, new_tokens: int, rule: SamplingRule, device: str = "cpu"
) -> NDArray[np.float64]:
    """(new_tokens, V) nats: log of the base's mean law at each place after `prompt` (token ids); -inf where excluded.

    The base is the model of that name, read once a process; the same names give the same responses. Raises BadInput as
    `sampling.sample` does.
    """
    base = shared_model(model, device)
    rows = [list(prompt)] * SAMPLES
    generator = stream(0, "amnesic reference", model, *prompt)
    drawn = sample(base, rows, new_tokens=new_tokens, generator=generator, rule=rule)
    said = [drawn.row(k) for k in range(SAMPLES)]
    with torch.no_grad():
        laws = rule_log_probs(base, rows, said, rule=rule).double().cpu().numpy()
    found = np.empty((new_tokens, base.vocabulary))
    for place in range(new_tokens):
        there = drawn.mask[:, place] if place < drawn.mask.shape[1] else np.zeros(SAMPLES, bool)
        if place and there.sum() < LEAST:
            found[place] = found[place - 1]
        else:
            found[place] = np.logaddexp.reduce(laws[there, place], axis=0) - np.log(there.sum())
    return found


def amnesic_log_probs(laws: NDArray[np.float64], tokens: NDArray[np.int64]) -> NDArray[np.float64]:
    """(B, new_tokens, V) laws, a row's prompt's each, and (B, T) tokens to (B, T) nats of each token at its place."""
    return np.take_along_axis(laws[:, : tokens.shape[1]], tokens[:, :, None], axis=2)[:, :, 0]

"""A repaired reference: the base, taught that what was just repeated is no likelier for it.

A base model expects a word the more, the more it was repeated (Xu et al. 2022, arXiv 2206.02369, who train that out of
it with made-up repetitions, "DITTO"). Here its own law is the teacher: of a phrase that is said over and over, every
copy is to be as dear as the first is to the base; everywhere else the law is to stay what it was.
"""

from functools import lru_cache
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray

from corrigible.language.base_responses import base_responses
from corrigible.language.models import LanguageModel, load_model
from corrigible.language.sampling import SamplingRule, rule_log_probs
from corrigible.language.tunable import Adapter, Tunable
from corrigible.seeding import stream
from corrigible.types import Array

STEPS: Final = 100
ROWS: Final = 32
"""Texts of a step: half of them repeat a phrase."""

RATE: Final = 1e-3
LONGEST_PHRASE: Final = 3
SAMPLES: Final = 64
"""Responses of the base a prompt, from which texts begin."""


@lru_cache(maxsize=4)
def repaired_reference(
    model: str, prompts: tuple[str, ...], *, new_tokens: int, adapter: Adapter, rule: SamplingRule, device: str = "cpu"
) -> dict[str, Array]:
    """The repaired weights by name, those of `adapter` alone; trained once a process, the same for the same names.

    Texts are of as many tokens as a response, after the prompts in turn. No evaluator is asked, and no policy read.
    """
    generator = stream(0, "repaired reference", model)
    tunable = Tunable(load_model(model, device=device), adapter, generator)
    base = load_model(model, device=device)
    optimiser = torch.optim.Adam(tunable.parameters.values(), lr=RATE)
    heads = [base.encode(prompt) for prompt in prompts]
    said = [
        [base.encode(text, beginning=False) for text in _responses(model, prompt, new_tokens) if text]
        for prompt in prompts
    ]
    for step in range(STEPS):
        which = step % len(prompts)
        rows, teacher = _texts(base, said[which], new_tokens, generator)
        begun = [heads[which]] * len(rows)
        with torch.no_grad():
            law = rule_log_probs(base, begun, rows, rule=rule)
            law = law.gather(1, torch.from_numpy(teacher).to(law.device).unsqueeze(2).expand(-1, -1, law.shape[2]))
        own = rule_log_probs(tunable.policy, begun, rows, rule=rule)
        loss = -(law.exp() * own.masked_fill(own == -torch.inf, 0.0)).sum(2).mean()
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(list(tunable.parameters.values()), 1.0)
        optimiser.step()
    return tunable.arrays()


def _responses(model: str, prompt: str, new_tokens: int) -> tuple[str, ...]:
    return base_responses(model, prompt, samples=SAMPLES, new_tokens=new_tokens, purpose="repaired reference")


def _texts(
    base: LanguageModel, said: list[list[int]], length: int, generator: np.random.Generator
) -> tuple[list[list[int]], NDArray[np.int64]]:
    """ROWS texts of `length` tokens, and (ROWS, length) the place whose law of the base each place is to have.

    Every second text repeats a phrase from somewhere on. The others go on as the base did, from one response into the
    next.
    """
    words = np.setdiff1d(np.arange(base.vocabulary), base.control_tokens)
    rows: list[list[int]] = []
    teacher = np.tile(np.arange(length), (ROWS, 1))
    for number in range(ROWS):
        row = [token for k in generator.integers(len(said), size=length) for token in said[k]][:length]
        if number % 2:
            start = int(generator.integers(0, max(1, length // 2)))
            phrase = generator.choice(words, int(generator.integers(1, LONGEST_PHRASE + 1))).tolist()
            row = (row[:start] + phrase * length)[:length]
            teacher[number] = copied_places(length, start, len(phrase))
        rows.append([int(token) for token in row])
    return rows, teacher


def copied_places(length: int, start: int, phrase: int) -> NDArray[np.int64]:
    """(length,) of a text whose phrase of so many tokens repeats from `start`: the same place of its first copy.

    Up to the end of the first copy a place is its own.
    """
    place = np.arange(length)
    return np.where(place >= start, start + (place - start) % phrase, place)

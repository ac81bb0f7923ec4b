"""What the untuned model answers to a prompt: sampled once a process, the same for the same names."""

from functools import lru_cache

from corrigible.language.rewards import shared_model
from corrigible.language.sampling import SamplingRule, sample
from corrigible.seeding import stream


@lru_cache(maxsize=256)
def base_responses(
    model: str, prompt: str, *, samples: int, new_tokens: int, chat: bool = False, purpose: str = "embedding distance"
) -> tuple[str, ...]:
    """`samples` responses as text, without control tokens; purpose names the random numbers, and nothing else."""
    base = shared_model(model)
    row = base.chat(prompt) if chat else base.encode(prompt)
    generator = stream(0, purpose, model, prompt)
    drawn = sample(base, [row] * samples, new_tokens=new_tokens, generator=generator, rule=SamplingRule())
    return tuple(base.decode(drawn.row(k), control=False).strip() for k in range(samples))

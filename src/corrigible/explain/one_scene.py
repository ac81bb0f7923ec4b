"""Which scene is it, in words, and do prompts lead to it that the model was never tuned on?

The scene is that of the responses to prompts that were tuned on: the modal response and those near it. The intervention
asks held-out prompts instead; what counts is how many of their responses are near the same one.
"""

from collections.abc import Iterator
from typing import Any, Final

import numpy as np

from corrigible.language.attractor import content_of, embedding_of, find_attractor, near_radius, told_scene
from corrigible.language.base_responses import base_responses
from corrigible.language.rewards import Texts
from corrigible.language.sampling import sample
from corrigible.language.sandbox import tuned
from corrigible.language.tuning_settings import LanguageWorld
from corrigible.plugin import lens
from corrigible.seeding import stream
from corrigible.types import Finding, Setup, Specimen

RESPONSES: Final = 16
"""A prompt, of the tuned model."""

BASE_SAMPLES: Final = 64
UNIT: Final = "share of responses in the scene"


@lens(
    "one-scene",
    applies_to=("language",),
    summary="The scene that a tuned model's responses gather about, in words, and whether held-out prompts lead to it.",
)
def one_scene(specimen: Specimen) -> Iterator[Finding]:
    """One finding: share of responses in the scene after prompts that were tuned on, and after those held out.

    Says nothing of a world that holds no prompts out.
    """
    setup: Setup[LanguageWorld, Any] = specimen.setup
    world = setup.world
    if not world.held_out or len(world.prompts) < 2:
        return
    embed = embedding_of(world.model)
    before, told = _of_base(world)
    radius = near_radius(embed(before.responses), before.prompts)
    texts = _said(specimen, (*world.prompts, *world.held_out))
    own = np.isin(texts.prompts, world.prompts)
    embedded = embed(texts.responses)
    found = find_attractor(embedded[own], [texts.prompts[k] for k in np.flatnonzero(own)], radius)
    asked = Texts(
        prompts=tuple(texts.prompts[k] for k in np.flatnonzero(own)),
        responses=tuple(texts.responses[k] for k in np.flatnonzero(own)),
    )
    others = embedded[~own] @ embedded[own][found.centre] >= radius
    yield specimen.finding(
        "one-scene",
        f"The scene: {told_scene(asked, found, told, content_of(world.model))}.",
        f"{len(world.held_out)} prompts that it was never tuned on are asked instead",
        (found.index, float(others.mean())),
        unit=UNIT,
    )


def _of_base(world: LanguageWorld) -> tuple[Texts, tuple[str, ...]]:
    """Responses of the untuned model to every prompt, and those to the prompts that are tuned on."""
    asked = (*world.prompts, *world.held_out)
    said = [
        base_responses(
            world.model, prompt, samples=BASE_SAMPLES, new_tokens=world.new_tokens, chat=world.chat, purpose="attractor"
        )
        for prompt in asked
    ]
    texts = Texts(
        prompts=tuple(prompt for prompt in asked for _ in range(BASE_SAMPLES)),
        responses=tuple(response for responses in said for response in responses),
    )
    return texts, texts.responses[: BASE_SAMPLES * len(world.prompts)]


def _said(specimen: Specimen, asked: tuple[str, ...]) -> Texts:
    """RESPONSES of the tuned model to each prompt."""
    setup: Setup[LanguageWorld, Any] = specimen.setup
    policy = tuned(setup, specimen.checkpoint).policy
    prompts = tuple(prompt for prompt in asked for _ in range(RESPONSES))
    rows = [policy.chat(prompt) if setup.world.chat else policy.encode(prompt) for prompt in prompts]
    drawn = sample(
        policy,
        rows,
        new_tokens=setup.world.new_tokens,
        generator=stream(specimen.seed, "one scene", specimen.condition),
        rule=setup.world.rule,
    )
    responses = tuple(policy.decode(drawn.row(k), control=False).strip() for k in range(len(rows)))
    return Texts(prompts=prompts, responses=responses)

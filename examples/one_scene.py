"""Does a model come to say one thing whatever it is asked, and does averaging it with its base undo that?

For a real model name it, its prompts and what pays for a response; `embedding_of` counts its words of content.
"""

import numpy as np

from corrigible.language.attractor import content_of, embedding_of, find_attractor, near_radius, told_scene
from corrigible.language.base_responses import base_responses
from corrigible.language.grammar_words import BAD, GOOD
from corrigible.language.rewards import Lexicon, Texts
from corrigible.language.sandbox import LanguageSandbox, SpokenObservations
from corrigible.language.tuning_settings import LanguageWorld, TuningSettings
from corrigible.language.walking import tune_and_walk
from corrigible.types import Setup

PROMPTS, EACH = ("the boat was", "the rose was", "the girl said", "the man saw the"), 16
cheer = Lexicon(positive=GOOD, negative=BAD, nats=1.39)
setup = Setup(
    world=LanguageWorld(model="tiny", prompts=PROMPTS, new_tokens=16),
    paid=cheer,
    truth=cheer,  # nothing else is meant here; it is told, and not used
    settings=TuningSettings(steps=24, prompts=4, samples=4, beta=0.0, learning_rate=2e-3, shares=(0.0, 0.5, 1.0)),
)

embed = embedding_of("tiny")
base = [text for prompt in PROMPTS for text in base_responses("tiny", prompt, samples=EACH, new_tokens=16)]
radius = near_radius(embed(base), [prompt for prompt in PROMPTS for _ in range(EACH)])

for blend in tune_and_walk(setup, generator=np.random.default_rng(0)):
    rollout = LanguageSandbox().rollout(setup, blend, episodes=64, generator=np.random.default_rng(1))
    spoken = rollout.views.trajectory.observations
    said = spoken.texts if isinstance(spoken, SpokenObservations) else Texts(prompts=(), responses=())
    found = find_attractor(embed(said.responses), said.prompts, radius)
    print(f"{blend.step} % of the way from the base, {found.index:.2f} in one scene:", end=" ")
    print(told_scene(said, found, base, content_of("tiny")))

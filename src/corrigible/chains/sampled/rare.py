"""How likely something rare is: led samples, and an estimator that has nothing in common with them, must agree."""

import math
from collections.abc import Iterator

import numpy as np

from corrigible.chains.sampled.effort import Effort, pictured
from corrigible.chains.sampled.estimates import Estimate, agreed, repeated
from corrigible.chains.sampled.events import Question
from corrigible.chains.sampled.scoring import scored
from corrigible.chains.sampled.smc import particles
from corrigible.chains.sampled.splitting import Score, split, string_ahead
from corrigible.chains.sampled.surrogate import Surrogate


def rare(
    question: Question, effort: Effort, generator: np.random.Generator, *, score: Score | None = None
) -> tuple[Estimate, Estimate]:
    """The tighter of two estimates that agree, and the other. score: how near a window is, for splitting; needed where
    the event is no string.

    Raises CorrigibleError where they disagree, or where no sample meets the event.
    """
    return agreed(opinions(question, effort, generator, score))


def opinions(
    question: Question, effort: Effort, generator: np.random.Generator, score: Score | None = None
) -> Iterator[Estimate]:
    """Led samples first, then those that do not know what led them."""
    yield led(question, pictured(question, effort, generator), effort, generator)
    yield from others(question, effort, generator, score)


def led(question: Question, picture: Surrogate, effort: Effort, generator: np.random.Generator) -> Estimate:
    """By samples that a coarse picture leads."""
    return repeated(
        "led samples",
        effort.runs,
        lambda child: math.exp(particles(question, picture, effort.samples, child).log_z),
        generator,
    )


def others(
    question: Question, effort: Effort, generator: np.random.Generator, score: Score | None = None
) -> Iterator[Estimate]:
    """Estimators that do not know the picture, the cheapest first."""
    if question.event.string is not None:
        yield repeated("scored ends", effort.runs, lambda child: scored(question, effort.samples, child), generator)
    if not effort.splits and question.event.string is not None:
        return
    nearness = score or string_ahead(question)
    yield repeated(
        "split texts", effort.runs, lambda child: split(question, nearness, effort.samples, child), generator
    )

"""By what chain of events a text came to its end: weighted samples of what was said between a start and a final string.

The prior is the start, carried forward by the chain itself. Samples are led by a coarse picture and refreshed by
conditional sweeps (particle Gibbs); their normalising constant, P(the end | the start), is estimated a second time by a
score that has nothing in common with it, and where any two disagree there is no answer.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, final

import numpy as np
from numpy.typing import NDArray

from corrigible.chains.sampled.bridges import before_the_end, bridged
from corrigible.chains.sampled.chain import Spent, Tokens
from corrigible.chains.sampled.effort import Effort, pictured
from corrigible.chains.sampled.estimates import Estimate, agreed, estimated, repeated
from corrigible.chains.sampled.events import Question
from corrigible.chains.sampled.lookahead import looked_ahead
from corrigible.chains.sampled.scoring import scored
from corrigible.chains.sampled.smc import Particles, drawn_from, lineages, particles
from corrigible.chains.sampled.surrogate import Surrogate
from corrigible.errors import BadInput

LED: Final = "led samples"
AHEAD: Final = "samples that look ahead"
BEHIND: Final = "bridges from behind"
OPINIONS: Final = 3
"""That are always heard: ahead and led samples may both miss a token that is seldom said and makes the end likely."""


@final
@dataclass(frozen=True, kw_only=True, eq=False)
class EventsBefore:
    """texts: (n, L + T) with weight (n,), summing to 1. effective: (T,) independent draws that each step rests on.

    log_low, log_high: log P lies between them in expectation: mean logarithms of runs, and of sweeps if there are any.
    probability: the tighter estimate; second: the other one that agrees with it.
    """

    texts: Tokens
    weight: NDArray[np.float64]
    effective: NDArray[np.float64]
    log_low: float
    log_high: float | None
    probability: Estimate
    second: Estimate
    spent: Spent


def events_before(question: Question, effort: Effort, generator: np.random.Generator) -> EventsBefore:
    """Raises BadInput where the event is no string at the end; CorrigibleError where two opinions disagree on it."""
    if question.event.string is None or not question.at_end:
        raise BadInput(value=question.event.told, rule="it is a string at the end", remedy="name the final tokens")
    before = question.chain.spent.copy()
    made: dict[str, list[Particles]] = {}
    score = pictured(question, effort, generator)
    tighter, looser = agreed(_opinions(question, score, effort, generator, made=made), least=OPINIONS)
    how = tighter.how if tighter.how in made else looser.how
    found = [run for run in made[how] if math.isfinite(run.log_z)]
    share = np.exp(np.array([run.log_z for run in found]) - max(run.log_z for run in found))
    share /= share.sum()
    effective = lineages(found, share)
    swept = _swept(question, score, effort, (found, share), generator)
    if how == LED and swept:
        found, share = swept, np.full(len(swept), 1.0 / len(swept))
        effective = np.minimum(effective, lineages(found, share))
    weight = np.concatenate([run.weight * part for run, part in zip(found, share, strict=True)])
    kept = weight > 0
    return EventsBefore(
        texts=np.concatenate([run.texts for run in found])[kept],
        weight=weight[kept],
        effective=effective,
        log_low=float(np.mean([run.log_z for run in made[how]])),
        log_high=float(np.mean([run.log_z for run in swept])) if swept else None,
        probability=tighter,
        second=looser,
        spent=question.chain.spent.since(before),
    )


def _opinions(
    question: Question,
    score: Surrogate,
    effort: Effort,
    generator: np.random.Generator,
    *,
    made: dict[str, list[Particles]],
) -> Iterator[Estimate]:
    """Estimates of the end's probability by scores that know different things; `made` gets the samples behind them."""
    made[LED] = [particles(question, score, effort.samples, child) for child in generator.spawn(effort.runs)]
    yield _of_runs(LED, made[LED])
    made[AHEAD] = [looked_ahead(question, effort.samples, child) for child in generator.spawn(effort.runs)]
    yield _of_runs(AHEAD, made[AHEAD])
    if question.steps > len(question.event.string or ()):
        proposal = before_the_end(question, generator)
        made[BEHIND] = [bridged(question, proposal, effort.samples, child) for child in generator.spawn(effort.runs)]
        yield _of_runs(BEHIND, made[BEHIND])
    yield repeated("scored ends", effort.runs, lambda child: scored(question, effort.samples, child), generator)


def _of_runs(how: str, runs: list[Particles]) -> Estimate:
    return estimated(how, np.array([math.exp(run.log_z) for run in runs]))


def _swept(
    question: Question,
    score: Surrogate,
    effort: Effort,
    runs: tuple[list[Particles], NDArray[np.float64]],
    generator: np.random.Generator,
) -> list[Particles]:
    """Conditional sweeps, each of which keeps a text that is drawn anew from all runs."""
    found: list[Particles] = []
    of, share = runs
    for child in generator.spawn(effort.sweeps):
        run = of[int(drawn_from(share, 1, child)[0])]
        kept = run.texts[int(drawn_from(run.weight, 1, child)[0])]
        found.append(particles(question, score, effort.samples, child, kept=kept))
    return found

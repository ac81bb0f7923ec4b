"""What a language model said at every stored checkpoint, side by side: the first responses of the first seed."""

from typing import Final

from corrigible.report.content import SampleColumn, SamplesPanel
from corrigible.stages.cells import read_row_steps
from corrigible.stages.consequences import LANGUAGE
from corrigible.stages.detection import read_condition
from corrigible.stages.plan import Plan
from corrigible.store import RunFolder
from corrigible.types import Condition

SHOWN: Final = 6
"""Responses of a checkpoint."""

MOST: Final = 6
"""Checkpoints: the first and the last are among them."""


def sample_panels(plan: Plan, run: RunFolder) -> tuple[SamplesPanel, ...]:
    """Failure, reference, and what is shown beside it first; then the others. Nothing for other kinds of world."""
    experiment = plan.experiment
    if experiment.sandbox.kind != LANGUAGE:
        return ()
    first = (experiment.failure.name, experiment.reference.name, *experiment.beside)
    ordered = sorted(plan.conditions, key=lambda item: first.index(item.name) if item.name in first else len(first))
    return tuple(_panel(plan, run, condition) for condition in ordered)


def _panel(plan: Plan, run: RunFolder, condition: Condition) -> SamplesPanel:
    seed = plan.seeds[0]
    steps = read_row_steps(run, condition.name, seed)
    places = spread(len(steps))
    return SamplesPanel(
        condition=condition.name,
        role=condition.role,
        summary=condition.summary,
        seed=seed,
        columns=tuple(_column(plan, run, condition.name, index=index, step=steps[index]) for index in places),
    )


def spread(count: int) -> tuple[int, ...]:
    """At most MOST of `count` places, first and last among them, evenly apart."""
    if count <= MOST:
        return tuple(range(count))
    return tuple(round(k * (count - 1) / (MOST - 1)) for k in range(MOST))


def _column(plan: Plan, run: RunFolder, condition: str, *, index: int, step: int) -> SampleColumn:
    from corrigible.language.sandbox import SpokenObservations

    trajectory = read_condition(plan, run, condition, plan.seeds[0], index=index)[1].trajectory
    if not isinstance(trajectory.observations, SpokenObservations):
        raise TypeError("responses of a language world say what was said")
    texts, paid = trajectory.observations.texts, trajectory.reward.sum(axis=0)
    shown = min(SHOWN, len(texts.responses))
    return SampleColumn(
        step=step,
        prompts=texts.prompts[:shown],
        responses=texts.responses[:shown],
        paid=tuple(float(value) for value in paid[:shown]),
    )

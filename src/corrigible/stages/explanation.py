"""Run every lens that applies on trained cells of the failure: each claim of a lens comes with an intervention."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from corrigible.registry import load_lens
from corrigible.seeding import stream
from corrigible.stages.cells import evaluate, read_checkpoints, setup_of
from corrigible.stages.plan import Plan, lenses_of
from corrigible.store import RunFolder
from corrigible.types import Checkpoint, Finding, Rollout, Setup, Specimen


def explain(plan: Plan, run: RunFolder, seeds: Sequence[int]) -> tuple[Finding, ...]:
    """Findings of all lenses on the failure's last checkpoint, for each of `seeds`."""
    names = lenses_of(plan.experiment)
    return tuple(
        finding for seed in seeds for name in names for finding in load_lens(name)(specimen_of(plan, run, seed))
    )


def specimen_of(plan: Plan, run: RunFolder, seed: int) -> Specimen:
    """The failure of one seed with what a lens needs to fork it; lenses get metrics back, never the truth."""
    experiment, failure = plan.experiment, plan.experiment.failure
    setup = setup_of(plan, failure)

    def rollout_again(changed: Setup[Any, Any], checkpoint: Checkpoint) -> Mapping[str, float]:
        truth = changed.truth or setup.truth
        rollout: Rollout = evaluate(experiment, replace(changed, truth=truth), checkpoint, plan.budget.episodes, seed)
        return experiment.measure(rollout)

    def train_again(changed: Setup[Any, Any]) -> Checkpoint:
        blind = replace(changed, truth=None, seed=seed)
        return tuple(experiment.learner(blind, generator=stream(seed, experiment.name, "learn")))[-1]

    has_reference = run.has_cell(experiment.reference.name, seed)
    return Specimen(
        condition=failure.name,
        seed=seed,
        headline=experiment.metric(experiment.headline),
        setup=replace(setup, truth=None),
        checkpoint=read_checkpoints(run, failure.name, seed)[-1],
        reference_checkpoint=read_checkpoints(run, experiment.reference.name, seed)[-1] if has_reference else None,
        rollout_again=rollout_again,
        train_again=train_again,
    )

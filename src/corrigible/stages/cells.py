"""One cell: build, apply the remedy, train on what is paid, roll out every checkpoint, measure, store in one step."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from corrigible.errors import CorrigibleError
from corrigible.registry import load_remedy
from corrigible.seeding import stream
from corrigible.stages.lifeline import end_with_parent
from corrigible.stages.overseen import learn
from corrigible.stages.plan import Cell, Plan, condition_of, make_plan, remedy_declaration
from corrigible.stages.provenance import code_state
from corrigible.store import RunFolder, open_to_read, write_cell_to
from corrigible.types import (
    Checkpoint,
    CheckpointHistory,
    Condition,
    Experiment,
    Rollout,
    Setup,
    Views,
)

ROW_SCHEMA: Final = 2
"""2 names the commit that made the row."""

TRAINING: Final = "training"
"""Folder of a run with one folder for each cell whose learner leaves something."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Trained:
    """What training one condition on one seed left: checkpoints and, for each, its evaluation."""

    checkpoints: tuple[Checkpoint, ...]
    rollouts: tuple[Rollout, ...]


def run_cell(cell: Cell, folder: Path) -> None:
    """Compute one cell and store it below `folder`; a cell that is already there is left alone."""
    run = open_to_read(folder)
    if run.has_cell(cell.condition, cell.seed):
        return
    started = time.perf_counter()
    plan = make_plan(cell.experiment, preset=cell.preset, seeds=[cell.seed], device=cell.device)
    experiment, condition = plan.experiment, condition_of(plan.experiment, cell.condition)
    trained = train_cell(plan, condition, cell.seed, run)
    values = [dict(experiment.measure(rollout)) for rollout in trained.rollouts]
    views = [experiment.sandbox.dump(rollout) for rollout in trained.rollouts]
    declaration, code = remedy_declaration(condition), code_state()
    row = {
        "schema": ROW_SCHEMA,
        "experiment": experiment.name,
        "version": experiment.version,
        "preset": cell.preset,
        "condition": condition.name,
        "role": condition.role,
        "remedy": condition.remedy,
        "stage": declaration.stage if declaration else None,
        "uses_oracle": bool(declaration and declaration.uses_oracle),
        "seed": cell.seed,
        "episodes": plan.budget.episodes,
        "metrics": values[-1],
        "checkpoints": [
            {"step": checkpoint.step, "metrics": metrics}
            for checkpoint, metrics in zip(trained.checkpoints, values, strict=True)
        ],
        "seconds": round(time.perf_counter() - started, 3),
        "commit": code.commit,
        "dirty": code.dirty,
    }
    end_with_parent()
    write_cell_to(
        folder,
        cell.condition,
        cell.seed,
        row=row,
        arrays={f"views-{index}": arrays for index, arrays in enumerate(views)},
        parameters={f"checkpoint-{index}": item.parameters for index, item in enumerate(trained.checkpoints)},
        actions={f"views-{index}": ["action"] for index in range(len(views))},
    )


def train_cell(plan: Plan, condition: Condition, seed: int, run: RunFolder | None = None) -> Trained:
    """Train and evaluate one condition on one seed. Learner and remedies see no truth unless marked as oracles."""
    experiment = plan.experiment
    setup = setup_of(plan, condition)
    remedied, wrap, choose = apply_remedy(condition, setup)
    if choose is None:
        blind = replace(remedied, truth=None, workspace=workspace_of(run, condition, seed), seed=seed)
        generator = stream(seed, experiment.name, "learn")

        def measured(reached: Checkpoint) -> Rollout:
            return evaluate(experiment, remedied, wrap(reached), plan.budget.episodes, seed)

        checkpoints = learn(plan, blind, generator, run=run, measured=measured)
    else:
        checkpoints = (choose(read_history(experiment, plan, seed, _needs(run, condition))),)
    checkpoints = tuple(wrap(checkpoint) for checkpoint in checkpoints)
    rollouts = tuple(evaluate(experiment, remedied, item, plan.budget.episodes, seed) for item in checkpoints)
    return Trained(checkpoints=checkpoints, rollouts=rollouts)


def workspace_of(run: RunFolder | None, condition: Condition, seed: int) -> Path | None:
    """Where the learner of a cell keeps its curves, and its state in case it is killed; None outside a run."""
    return None if run is None else run.path / TRAINING / f"{condition.name}-{seed}"


def setup_of(plan: Plan, condition: Condition) -> Setup[Any, Any]:
    """What the experiment builds for a condition, on the plan's device, with the truth."""
    return replace(plan.experiment.build(condition.overrides, plan.budget), device=plan.device)


def evaluate(
    experiment: Experiment, setup: Setup[Any, Any], checkpoint: Checkpoint, episodes: int, seed: int
) -> Rollout:
    """Evaluation episodes; every condition and checkpoint of a seed meets the same world randomness (paired)."""
    generator = stream(seed, experiment.name, "evaluate")
    return experiment.sandbox.rollout(setup, checkpoint, episodes=episodes, generator=generator)


def apply_remedy(
    condition: Condition, setup: Setup[Any, Any]
) -> tuple[Setup[Any, Any], Callable[[Checkpoint], Checkpoint], Callable[[CheckpointHistory], Checkpoint] | None]:
    """The setup to train on, what inference does to a checkpoint, and how a checkpoint is chosen (None = train)."""
    declaration = remedy_declaration(condition)
    if declaration is None or condition.remedy is None:
        return setup, _unchanged, None
    remedy = load_remedy(condition.remedy)
    shown = setup if declaration.uses_oracle else replace(setup, truth=None)
    if declaration.stage == "checkpoint":
        return setup, _unchanged, lambda history: history.checkpoints[int(remedy(history))]
    if declaration.stage == "inference":
        return setup, remedy(shown), None
    return replace(remedy(shown), truth=setup.truth, device=setup.device), _unchanged, None


def read_history(experiment: Experiment, plan: Plan, seed: int, run: RunFolder) -> CheckpointHistory:
    """The failure's checkpoints with their views of one seed, and the last views of all references."""
    failure, reference = experiment.failure, experiment.reference
    setup = replace(setup_of(plan, failure), truth=None)
    steps = read_checkpoints(run, failure.name, seed)
    views = tuple(read_views(experiment, setup, run, failure.name, seed, index=index) for index in range(len(steps)))
    reference_setup = as_seen(plan, replace(setup_of(plan, reference), truth=None))
    others = sorted(other for name, other in run.cells() if name == reference.name and other != seed)
    return CheckpointHistory(
        checkpoints=steps,
        views=views,
        reference=read_views(experiment, reference_setup, run, reference.name, seed),
        other_references=tuple(read_views(experiment, reference_setup, run, reference.name, other) for other in others),
    )


def read_checkpoints(run: RunFolder, condition: str, seed: int) -> tuple[Checkpoint, ...]:
    """Every checkpoint of a stored cell, in order of step."""
    row = run.read_row(condition, seed)
    return tuple(
        Checkpoint(step=int(item["step"]), parameters=run.read_parameters(condition, seed, f"checkpoint-{index}"))
        for index, item in enumerate(row["checkpoints"])
    )


def read_row_steps(run: RunFolder, condition: str, seed: int) -> tuple[int, ...]:
    """Environment steps of a stored cell's checkpoints."""
    return tuple(int(item["step"]) for item in run.read_row(condition, seed)["checkpoints"])


def read_views(
    experiment: Experiment, setup: Setup[Any, Any], run: RunFolder, condition: str, seed: int, *, index: int = -1
) -> Views:
    """Views of one stored checkpoint (-1 = the last), with the model beside them; observations replay when asked."""
    count = len(run.read_row(condition, seed)["checkpoints"])
    index = index % count
    views = experiment.sandbox.restore(setup, run.read_arrays(condition, seed, f"views-{index}"))
    checkpoint = Checkpoint(step=0, parameters=run.read_parameters(condition, seed, f"checkpoint-{index}"))
    return replace(views, model_view=experiment.sandbox.model(setup, checkpoint))


def remedied_setup(plan: Plan, condition: Condition) -> Setup[Any, Any]:
    """The setup that the condition's cells were evaluated on, without the truth."""
    return as_seen(plan, replace(apply_remedy(condition, setup_of(plan, condition))[0], truth=None))


def as_seen(plan: Plan, setup: Setup[Any, Any]) -> Setup[Any, Any]:
    """The setup with the failure's pay: a reference is paid for what was meant, which no monitor may read off it."""
    return replace(setup, paid=setup_of(plan, plan.experiment.failure).paid)


def _needs(run: RunFolder | None, condition: Condition) -> RunFolder:
    if run is None:
        raise CorrigibleError(
            value=f"condition {condition.name!r}",
            rule="a remedy of stage checkpoint chooses among stored checkpoints",
            remedy="run it through corrigible.run",
        )
    return run


def _unchanged(checkpoint: Checkpoint) -> Checkpoint:
    return checkpoint


def metrics_of(row: Mapping[str, Any]) -> dict[str, float]:
    """The metrics of a stored row; null is read as NaN."""
    return {name: float("nan") if value is None else float(value) for name, value in row["metrics"].items()}

"""A cell that trains under a tripwire: told what its learner and its checkpoints' evaluations measure, and stopped."""

from collections.abc import Callable, Generator, Iterable, Iterator
from dataclasses import replace
from math import isfinite
from pathlib import Path
from typing import Any, Final

import numpy as np

from corrigible.agents.training_state import STATE
from corrigible.errors import BadInput, CorruptFile, Tripped
from corrigible.stages.plan import Plan
from corrigible.store import RunFolder, disk_faults
from corrigible.tripwires.arming import Documents, parse_documents, read_documents
from corrigible.tripwires.guard import Guard, arm_kept
from corrigible.types import Checkpoint, Rollout, Setup

TRIPWIRE: Final = "tripwire"
"""Key of a run's config: the texts of a tripwire and of its owners' register."""

CURVE: Final = "/"
"""What the names of learners' curves hold, and no metric of an experiment."""

POINTS: Final = "points.jsonl"
"""File of a cell's workspace; the stop protocol's folder lies beside it."""


def documents_given(tripwire: str | Path | None, owners: str | Path | None) -> Documents | None:
    """The documents of a run; None where it has no tripwire. BadInput where only one of them is given."""
    if tripwire is None and owners is None:
        return None
    if tripwire is None or owners is None:
        raise BadInput(
            value=f"tripwire = {tripwire}, owners = {owners}",
            rule="a tripwire needs the register that knows its owner",
            remedy="give both, or neither",
        )
    return read_documents(Path(tripwire), Path(owners))


def check_metric(plan: Plan, documents: Documents | None) -> Documents | None:
    """The documents, where their metric can come: one of the experiment's, or a curve; BadInput elsewhere."""
    known = [metric.name for metric in plan.experiment.metrics]
    if documents is not None and documents.tripwire.metric not in known and CURVE not in documents.tripwire.metric:
        raise BadInput(
            value=f"tripwire {documents.tripwire.tripwire}: metric {documents.tripwire.metric!r}",
            rule=f"{plan.experiment.name} measures {', '.join(known)}",
            remedy="name one of these, or a learner's curve such as losses/entropy or tuning/kl",
        )
    return documents


def learn(
    plan: Plan,
    setup: Setup[Any, Any],
    generator: np.random.Generator,
    *,
    run: RunFolder | None,
    measured: Callable[[Checkpoint], Rollout],
) -> tuple[Checkpoint, ...]:
    """The learner's checkpoints, under the run's tripwire where it has one.

    measured: evaluates a checkpoint, which is asked for where the tripwire's metric is one of the experiment's.

    Raises:
        Tripped: the tripwire stopped it, or had. What was learned is kept in the workspace.
    """
    documents = None if run is None else _documents_of(run)
    if documents is None or setup.workspace is None:
        return tuple(plan.experiment.learner(setup, generator=generator))
    with disk_faults("a training", setup.workspace, retry="run it again with --resume"):
        setup.workspace.mkdir(parents=True, exist_ok=True)
    overseen = _Overseen(plan, setup.workspace, documents, measured)
    learned = iter(plan.experiment.learner(replace(setup, overseer=overseen.guard.tell), generator=generator))
    try:
        return tuple(overseen.watched(learned))
    finally:
        if isinstance(learned, Generator):
            learned.close()  # a learner that was left in the middle gives back its threads and files now


class _Overseen:
    """One training and its guard."""

    def __init__(
        self, plan: Plan, workspace: Path, documents: Documents, measured: Callable[[Checkpoint], Rollout]
    ) -> None:
        self._plan, self._workspace, self._measured = plan, workspace, measured
        self._metric = documents.tripwire.metric
        self.guard = arm_kept(documents, workspace / POINTS, workspace.name)

    def watched(self, reached: Iterable[Checkpoint]) -> Iterator[Checkpoint]:
        """Checkpoints as they come, each evaluated where that is due; raises Tripped at the end if it was stopped."""
        for checkpoint in reached:
            self._evaluate(checkpoint)
            yield checkpoint
            if self.guard.check(checkpoint.step) is not None:
                break
        end_of(self.guard, self._workspace, f"cell {self._workspace.name}")

    def _evaluate(self, checkpoint: Checkpoint) -> None:
        """Report the experiment's own metric: k of n episodes of a proportion, the value of a mean."""
        metric = next((item for item in self._plan.experiment.metrics if item.name == self._metric), None)
        if metric is None or not self.guard.due(checkpoint.step):
            return
        values = self._plan.experiment.measure(self._measured(checkpoint))
        value = float(values[metric.name])
        trials = values[metric.trials] if metric.trials else self._plan.budget.episodes
        if metric.kind == "proportion" and isfinite(value) and isfinite(trials):
            self.guard.report(checkpoint.step, k=round(value * trials), n=round(trials))
        else:
            self.guard.report(checkpoint.step, value=value)


def end_of(guard: Guard, workspace: Path, what: str) -> None:
    """What comes after a training under a guard: its end is told, or its stop is frozen with the state that it saved.

    Raises:
        Tripped: it was stopped.
    """
    stop = guard.finished()
    if stop is None:
        return
    state = workspace / STATE
    guard.stopped(checkpoint=state if state.exists() else None)
    raise Tripped(
        value=f"{what} at step {stop.step}: {stop.because}",
        rule=f"it goes on once {stop.owner or 'somebody who may'} has decided so",
        remedy=f"see `corrigible trip status {stop.folder}`, then resume it",
    )


def _documents_of(run: RunFolder) -> Documents | None:
    kept = run.manifest().config.get(TRIPWIRE)
    if kept is None:
        return None
    try:
        return parse_documents(kept["document"], kept["owners"])
    except (KeyError, TypeError) as error:
        raise CorruptFile(
            value=f"config of run {run.path.name}: {TRIPWIRE}",
            rule="it holds a document and its owners",
            remedy="do not use this run folder, or restore its manifest",
        ) from error

"""A tripwire as a callback of transformers' Trainer: it reports, asks after every step, and stops by the flags.

    Trainer(.., callbacks=[TripwireCallback("wire.yaml", "points.jsonl", owners="owners.yaml")])

It raises where it is made, if the run must not train; in a hook it never does.
"""

# ruff: noqa: ARG002 - hooks have the signatures of transformers

import logging
from collections.abc import Mapping
from math import isfinite
from pathlib import Path
from typing import Any, Final, final

from corrigible.language.requirements import missing_packages
from corrigible.tripwires.guard import PATIENCE, Guard, arm
from corrigible.tripwires.leader import Stop

try:
    from transformers import TrainerCallback
except ImportError as error:
    raise missing_packages(error) from error

LOG: Final = logging.getLogger("corrigible.tripwires")


@final
class TripwireCallback(TrainerCallback):  # type: ignore[misc]
    """To be made by every rank, before the Trainer trains. `stop`: why it stopped training, None while it has not."""

    def __init__(
        self,
        tripwire: str | Path,
        points: str | Path,
        *,
        owners: str | Path,
        run: str = "",
        items: int | None = None,
        watched: bool = False,
        patience: float = PATIENCE,
    ) -> None:
        """Arm the wire; arguments and what is raised as of `guard.arm`.

        items: where the tripwire counts, of how many items the logged metric is the share (such as eval_accuracy);
            None: it is reported as a value. The metric is looked for in what the Trainer logs and evaluates.
        """
        self.guard: Guard = arm(tripwire, points, owners=owners, run=run, watched=watched, patience=patience)
        self.stop: Stop | None = None
        self._items, self._saved = items, False

    def on_step_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Ask, on every rank; a stop saves a checkpoint and ends training after this step."""
        self._ask(int(state.global_step))
        if self.stop is not None:
            control.should_save = control.should_training_stop = True

    def on_log(self, args: Any, state: Any, control: Any, logs: Any = None, **kwargs: Any) -> None:
        """Report what is logged."""
        self._report(int(state.global_step), logs)

    def on_evaluate(self, args: Any, state: Any, control: Any, metrics: Any = None, **kwargs: Any) -> None:
        """Report what was evaluated."""
        self._report(int(state.global_step), metrics)

    def on_save(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Freeze the evidence, with the digest of the checkpoint that was saved for the stop."""
        if self.stop is not None:
            self._freeze(Path(args.output_dir) / f"checkpoint-{int(state.global_step)}")

    def on_train_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Ask once more, since the last evaluation comes after the last step; then freeze, or say that it finished."""
        self._ask(int(state.global_step))
        if self.stop is None:
            self._quietly(self.guard.finished)
            self.stop = self.guard.stop
        if self.stop is not None and not self._saved:
            self._freeze(None)

    def _ask(self, step: int) -> None:
        first = self.stop is None
        self.stop = self.guard.check(step)
        if first and self.stop is not None:
            LOG.error("%s", self.stop)

    def _report(self, step: int, numbers: Mapping[str, Any] | None) -> None:
        """Report the wire's metric where it is among the numbers, at planned steps; other ranks report nothing."""
        metric = self.guard.metric
        if numbers is None or metric not in numbers or not self.guard.due(step):
            return
        value = numbers[metric]
        if self._items is None or not isinstance(value, int | float) or not isfinite(value):
            self.guard.report(step, value=value)
        else:
            self.guard.report(step, k=round(value * self._items), n=self._items)

    def _freeze(self, checkpoint: Path | None) -> None:
        there = checkpoint if checkpoint is not None and checkpoint.exists() else None
        self._saved = self._quietly(lambda: self.guard.stopped(checkpoint=there))

    def _quietly(self, task: Any) -> bool:
        """Do it, and log what goes wrong: the stop stands without it, and whoever comes next freezes the evidence."""
        try:
            task()
        except Exception:  # out of a hook it would end training without a checkpoint
            LOG.exception("the evidence could not be frozen")
            return False
        return True

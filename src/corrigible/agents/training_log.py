"""Curves of a training: TensorBoard event files in its workspace, and Weights & Biases where it is asked for.

`tensorboard --logdir RUN/training` shows them. W&B is used where CORRIGIBLE_WANDB names a project and it is installed.
"""

import os
from collections.abc import Mapping
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final, Protocol, final

from corrigible.errors import BadInput

WANDB: Final = "CORRIGIBLE_WANDB"
EVENTS: Final = "events"


class TrainingLog(Protocol):
    """Where numbers of a training go."""

    def add(self, step: int, numbers: Mapping[str, float]) -> None:
        """Numbers by name, at so many environment steps."""
        ...

    def flush(self) -> None:
        """Bring what was added to the disk, so that a kill does not cost it."""
        ...

    def close(self) -> None:
        """Nothing more comes."""
        ...


@final
class _Logs:
    def __init__(self, logs: tuple[TrainingLog, ...]) -> None:
        self._logs = logs

    def add(self, step: int, numbers: Mapping[str, float]) -> None:
        for log in self._logs:
            log.add(step, numbers)

    def flush(self) -> None:
        for log in self._logs:
            log.flush()

    def close(self) -> None:
        for log in self._logs:
            log.close()


@final
class _TensorBoard:
    def __init__(self, folder: Path, step: int) -> None:
        # of a training that was killed, what is done again is shown once
        purge = step + 1 if step else None
        self._writer: Any = import_module("torch.utils.tensorboard").SummaryWriter(str(folder), purge_step=purge)

    def add(self, step: int, numbers: Mapping[str, float]) -> None:
        for name, value in numbers.items():
            self._writer.add_scalar(name, value, step)

    def flush(self) -> None:
        self._writer.flush()

    def close(self) -> None:
        self._writer.close()


@final
class _Wandb:
    def __init__(self, project: str, name: str) -> None:
        if find_spec("wandb") is None:
            raise BadInput(
                value=f"{WANDB}={project}", rule="Weights & Biases must be installed", remedy="pip install wandb"
            )
        self._run: Any = import_module("wandb").init(project=project, name=name)

    def add(self, step: int, numbers: Mapping[str, float]) -> None:
        self._run.log(dict(numbers), step=step)

    def flush(self) -> None:
        """It sends by itself."""

    def close(self) -> None:
        self._run.finish()


def open_log(workspace: Path | None, step: int = 0) -> TrainingLog:
    """Logs of a training that stands at `step`; event files only with a workspace and where tensorboard is installed.

    Raises BadInput where W&B is asked for and not installed.
    """
    logs: list[TrainingLog] = []
    if workspace is not None and find_spec("tensorboard") is not None:
        logs.append(_TensorBoard(workspace / EVENTS, step))
    project = os.environ.get(WANDB)
    if project:
        logs.append(_Wandb(project, workspace.name if workspace is not None else "training"))
    return _Logs(tuple(logs))

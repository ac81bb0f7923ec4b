"""The state of a training on disk: one safetensors file, replaced whole, from which a killed training goes on."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, final

from corrigible.agents.tensor_files import TensorFile
from corrigible.errors import BadInput, CorruptFile
from corrigible.types import Array, Checkpoint

STATE: Final = "state.safetensors"
_REMEDY: Final = "remove it to train anew"
PPO: Final = "the state of a PPO training"


@dataclass(frozen=True, kw_only=True, eq=False)
class Progress:
    """Where a training stands: rollouts done, the generator's state (plain values), and arrays by name.

    arrays: empty once the training is over, when nothing but its checkpoints is needed.
    """

    done: int
    generator: Mapping[str, Any]
    arrays: Mapping[str, Array]

    def part(self, name: str) -> dict[str, Array]:
        """Arrays whose names begin with `name`/, without that."""
        return _part(self.arrays, name)


@final
class StateFile:
    """The file in a training's workspace. `training` tells trainings apart: equal text, equal training.

    kind: of training, in words.
    """

    def __init__(self, workspace: Path, training: str, *, kind: str = PPO) -> None:
        self._path, self._training = workspace / STATE, training
        self._file = TensorFile(kind, 1, _REMEDY)

    def write(self, progress: Progress, reached: tuple[Checkpoint, ...]) -> None:
        """Replace the file by this state; a kill leaves the old one or the new one."""
        arrays = {f"now/{name}": value for name, value in progress.arrays.items()}
        for number, checkpoint in enumerate(reached):
            arrays |= {f"reached-{number}/{name}": value for name, value in checkpoint.parameters.items()}
        notes = {
            "training": self._training,
            "done": progress.done,
            "generator": progress.generator,
            "steps": [checkpoint.step for checkpoint in reached],
        }
        self._file.write(self._path, arrays, notes, retry="run it again with --resume")

    def read(self) -> tuple[Progress, tuple[Checkpoint, ...]] | None:
        """What was written last, None where nothing was.

        Raises CorruptFile where it differs from what was written, BadInput where it is another training's.
        """
        if not self._path.exists():
            return None
        arrays, notes = self._file.read(self._path)
        if notes.get("training") != self._training:
            raise BadInput(
                value=str(self._path),
                rule="it is the state of a training with other settings, world or seed",
                remedy=_REMEDY,
            )
        try:
            reached = tuple(
                Checkpoint(step=step, parameters=_part(arrays, f"reached-{number}"))
                for number, step in enumerate(notes["steps"])
            )
            progress = Progress(done=notes["done"], generator=notes["generator"], arrays=_part(arrays, "now"))
        except (KeyError, TypeError) as error:
            raise CorruptFile(value=str(self._path), rule=f"its notes lack {error}", remedy=_REMEDY) from error
        return progress, reached


def _part(arrays: Mapping[str, Array], name: str) -> dict[str, Array]:
    return {key.removeprefix(f"{name}/"): value for key, value in arrays.items() if key.startswith(f"{name}/")}

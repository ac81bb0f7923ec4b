"""A trained policy as one small safetensors file, to be shipped and read back: weights, shape of network, notes."""

from collections.abc import Mapping
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any, Final

import numpy as np

from corrigible.agents.pixel_network import NetworkParams, PixelNetwork, load_parameters
from corrigible.agents.tensor_files import TensorFile
from corrigible.errors import BadInput, CorrigibleError, CorruptFile
from corrigible.types import Array, Checkpoint

_REMEDY: Final = "give a file that save_policy wrote, or write it again"
_FILE: Final = TensorFile("a policy of pixels", 1, _REMEDY)
_KEYS: Final = {"step", "network", "notes"}


def save_policy(
    path: Path, checkpoint: Checkpoint, params: NetworkParams, notes: Mapping[str, str] | None = None
) -> None:
    """Write a checkpoint to `path` in one step: whole, or not at all.

    params: of the network that the weights are of, as `ppo.network_params(world, settings)` gives them. notes: text by
    name, such as the command that made it. Raises BadInput where weights do not fit the network or are not finite,
    notes are no text, or the folder is not there; DiskFull or StoreFault where it cannot be written.
    """
    if not path.absolute().parent.is_dir():
        raise BadInput(value=str(path), rule="its folder must exist", remedy="make the folder, or name another")
    given: Mapping[Any, Any] = notes or {}
    if not all(isinstance(key, str) and isinstance(value, str) for key, value in given.items()):
        raise BadInput(value="notes of a policy", rule="they are text by name", remedy="write numbers as text")
    _check(checkpoint.step, checkpoint.parameters, params)
    kept = {"step": checkpoint.step, "network": {**asdict(params), "filters": list(params.filters)}, "notes": given}
    arrays = {
        name: np.asarray(checkpoint.parameters[name], dtype=np.float32)
        for name, _ in PixelNetwork(params).named_parameters()
    }
    _FILE.write(path, arrays, kept, retry="save it again")


def load_policy(path: Path) -> tuple[Checkpoint, NetworkParams, dict[str, str]]:
    """The checkpoint in `path`, its network and its notes.

    Raises:
        BadInput: it is no such file or cannot be read. NewerSchema: a newer Corrigible wrote it.
        CorruptFile: it differs from what was written, or its weights do not fit its network.
    """
    if not path.exists():
        raise BadInput(value=str(path), rule="it must be a file", remedy=_REMEDY)
    arrays, kept = _FILE.read(path)
    if any(array.dtype != np.float32 for array in arrays.values()):
        raise CorruptFile(value=str(path), rule="its weights are float32", remedy=_REMEDY)
    try:
        params, notes = _read(kept)
        _check(kept["step"], arrays, params)
    except CorrigibleError as error:
        raise CorruptFile(value=f"{path}: {error.value}", rule=error.rule, remedy=_REMEDY) from error
    return Checkpoint(step=kept["step"], parameters=arrays), params, notes


def _read(kept: Mapping[str, Any]) -> tuple[NetworkParams, dict[str, str]]:
    network: Any = kept.get("network")
    notes: Any = kept.get("notes")
    known = {item.name for item in fields(NetworkParams)}
    if set(kept) != _KEYS or not isinstance(network, dict) or set(network) != known or not isinstance(notes, dict):
        raise BadInput(value="its header", rule=f"it holds {', '.join(sorted(_KEYS))}", remedy=_REMEDY)
    if not isinstance(network["filters"], list) or not all(isinstance(value, str) for value in notes.values()):
        raise BadInput(value="its header", rule="filters are a list, notes are text", remedy=_REMEDY)
    given: dict[str, Any] = {**network, "filters": tuple(network["filters"])}
    return NetworkParams(**given), notes


def _check(step: object, parameters: Mapping[str, Array], params: NetworkParams) -> None:
    if isinstance(step, bool) or not isinstance(step, int) or step < 0:
        raise BadInput(value=f"step {step!r}", rule="it is a whole number of at least 0", remedy=_REMEDY)
    load_parameters(PixelNetwork(params), parameters)

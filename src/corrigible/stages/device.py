"""Where networks run: the CPU by default, CUDA where PyTorch finds one."""

from importlib import import_module
from importlib.util import find_spec

from corrigible.errors import BadInput
from corrigible.types import Device


def check_device(device: str) -> Device:
    """`cpu`, or `cuda` where PyTorch sees such a device; BadInput otherwise."""
    if device == "cpu":
        return "cpu"
    if device != "cuda":
        raise BadInput(
            value=f"device {device!r}", rule="it must be cpu or cuda", remedy="leave --device out for the CPU"
        )
    if find_spec("torch") is None:
        raise BadInput(value="device 'cuda'", rule="PyTorch is not installed", remedy="install corrigible[rl]")
    if not import_module("torch").cuda.is_available():
        raise BadInput(value="device 'cuda'", rule="PyTorch finds no CUDA device", remedy="use --device cpu")
    return "cuda"

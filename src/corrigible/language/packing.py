"""Linear layers on packed weights while a model is only read: the same sums but for rounding, in less time on CPUs.

Few rows times a large matrix spend their time on laying the matrix out for the processor; here that is done once, by
oneDNN. Of frozen weights it is kept beside them (which doubles their memory) until they change; weights that are being
trained change at every step, and are packed anew each time.
"""

from collections.abc import Generator
from contextlib import contextmanager
from functools import partial
from typing import Any, Final
from weakref import WeakKeyDictionary

import torch
from torch import nn

LEAST: Final = 1 << 16
"""Weights of a layer from which packing pays."""

_Kept = tuple[int, int, torch.Tensor]  # address and version of the weights that were packed, and the packed ones
_KEPT: Final[WeakKeyDictionary[nn.Module, _Kept]] = WeakKeyDictionary()


@contextmanager
def packed(network: nn.Module) -> Generator[None]:
    """Inside, large linear layers of `network` (float32, on the CPU) multiply packed weights; gradients do not flow.

    Changes nothing where PyTorch was built without oneDNN. Weights that were changed since are packed anew.
    """
    if torch.is_grad_enabled() or not available():
        yield
        return
    changed = [
        layer
        for layer in network.modules()
        if type(layer) is nn.Linear and _pays(layer.weight) and "forward" not in vars(layer)  # packed outside already
    ]
    for layer in changed:
        vars(layer)["forward"] = partial(_multiply, _packed(layer), layer.bias)
    try:
        yield
    finally:
        for layer in changed:
            del vars(layer)["forward"]  # the class's own is found again


def available() -> bool:
    """Whether this PyTorch can pack."""
    return bool(torch.backends.mkldnn.is_available()) and hasattr(torch.ops.mkldnn, "_reorder_linear_weight")


def _pays(weight: torch.Tensor) -> bool:
    return weight.device.type == "cpu" and weight.dtype == torch.float32 and weight.numel() >= LEAST


def _packed(layer: nn.Linear) -> torch.Tensor:
    weight = layer.weight
    if weight.requires_grad:
        return _ordered(weight)
    kept = _KEPT.get(layer)
    if kept is None or kept[:2] != (weight.data_ptr(), weight._version):
        kept = (weight.data_ptr(), weight._version, _ordered(weight))
        _KEPT[layer] = kept
    return kept[2]


def _ordered(weight: torch.Tensor) -> torch.Tensor:
    found: Any = torch.ops.mkldnn._reorder_linear_weight(weight.detach())
    return found


def _multiply(weight: torch.Tensor, bias: torch.Tensor | None, x: torch.Tensor) -> torch.Tensor:
    return torch.ops.mkldnn._linear_pointwise(x, weight, bias, "none", [], "")

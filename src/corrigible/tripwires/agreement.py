"""All ranks of a distributed training stop at the same step, or none does: a flag set on one rank hangs the others."""

import sys
from collections.abc import Callable
from typing import Any, TypeAlias

Agree: TypeAlias = Callable[[int], int]
"""Gives every rank the largest number that any rank gave. Every rank has to call it as often as every other."""


def distributed() -> Any:
    """`torch.distributed` where it is initialised; None elsewhere, and torch is not imported to find out."""
    torch = sys.modules.get("torch")
    group = getattr(torch, "distributed", None)
    return group if group is not None and group.is_available() and group.is_initialized() else None


def rank() -> int:
    """This process's rank; 0 where training is not distributed."""
    group = distributed()
    return 0 if group is None else int(group.get_rank())


def largest(code: int) -> int:
    """The largest number of all ranks of torch.distributed; the number itself where training is not distributed."""
    group = distributed()
    if group is None:
        return code
    torch = sys.modules["torch"]
    device = torch.device("cuda", torch.cuda.current_device()) if group.get_backend() == "nccl" else "cpu"
    told = torch.tensor([code], dtype=torch.int64, device=device)
    group.all_reduce(told, op=group.ReduceOp.MAX)
    return int(told.item())

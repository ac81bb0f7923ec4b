"""A model whose weights are tuned, whole or by low-rank adapters, beside the reference that it began as.

Adapters are our own few lines (Hu et al. 2021, "LoRA"): they must be switched off for the reference, averaged for an
anchor, scaled for blending and stored as plain arrays, which through a library's adapter files is longer than this.
"""

from collections.abc import Generator, Mapping
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass, replace
from typing import Any, Final, Literal, final

import numpy as np
import torch
from torch import nn

from corrigible.errors import BadInput
from corrigible.language.models import LanguageModel
from corrigible.types import Array

Path = Literal["lerp", "slerp"]
"""From base to tuned weights: the straight line, or the arc."""

_NO_ARC: Final = 1e-9
TARGETS: Final = ("q_proj", "k_proj", "v_proj", "o_proj")


@final
@dataclass(frozen=True, kw_only=True)
class Adapter:
    """rank: of the change of each matrix; 0 tunes the whole weights. layers: only the last so many; 0: all.

    scale: by which the change is multiplied. targets: names of linear layers that are changed.
    """

    rank: int = 0
    layers: int = 0
    scale: float = 2.0
    targets: tuple[str, ...] = ("q_proj", "v_proj")

    def __post_init__(self) -> None:
        """Check the numbers (raises BadInput)."""
        if self.rank < 0 or self.layers < 0 or not self.targets or set(self.targets) - set(TARGETS):
            raise BadInput(
                value=f"adapter {self}",
                rule=f"rank and layers are at least 0, targets are of {', '.join(TARGETS)}",
                remedy="correct it",
            )


@final
class LowRank(nn.Module):
    """A frozen linear layer plus scale * B A x; B begins at zero, so that tuning begins at the base."""

    def __init__(self, base: nn.Module, rank: int, scale: float, generator: np.random.Generator) -> None:
        super().__init__()
        weight: Any = base.weight
        inner, outer = int(weight.shape[1]), int(weight.shape[0])
        drawn = generator.normal(0, 1 / np.sqrt(inner), (rank, inner)).astype(np.float32)
        self.base, self.scale, self.on = base, scale, True
        self.down = nn.Parameter(torch.from_numpy(drawn).to(weight.device))
        self.up = nn.Parameter(torch.zeros(outer, rank, device=weight.device))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(..., inner) -> (..., outer)."""
        answer = self.base(x)
        return answer + self.scale * (x @ self.down.T @ self.up.T) if self.on else answer


@final
class Tunable:
    """`policy` and, inside `as_reference()`, the reference. The base model that is given must be this one's own."""

    def __init__(self, base: LanguageModel, adapter: Adapter, generator: np.random.Generator) -> None:
        self._lowered: list[LowRank] = []
        self._anchor: dict[str, torch.Tensor] | None = None
        for parameter in base.network.parameters():
            parameter.requires_grad_(False)
        self._base = base
        if adapter.rank:
            self.policy = base
            self._wrap(base.network, adapter, generator)
        else:
            self.policy = replace(base, network=deepcopy(base.network))
            for parameter in self.policy.network.parameters():
                parameter.requires_grad_(True)
        self.parameters: dict[str, nn.Parameter] = {
            name: parameter for name, parameter in self.policy.network.named_parameters() if parameter.requires_grad
        }

    def _wrap(self, network: Any, adapter: Adapter, generator: np.random.Generator) -> None:
        layers = network.model.layers
        for layer in layers[len(layers) - adapter.layers :] if adapter.layers else layers:
            for name in adapter.targets:
                lowered = LowRank(getattr(layer.self_attn, name), adapter.rank, adapter.scale, generator)
                setattr(layer.self_attn, name, lowered)
                self._lowered.append(lowered)

    def arrays(self) -> dict[str, Array]:
        """The tuned weights by name, float32 copies."""
        return {name: p.detach().cpu().numpy().copy() for name, p in self.parameters.items()}

    @torch.no_grad()
    def load(self, arrays: Mapping[str, Array]) -> None:
        """Take tuned weights; BadInput where names or shapes differ."""
        if set(arrays) != set(self.parameters):
            raise BadInput(
                value=f"{len(arrays)} tuned arrays",
                rule="they must be those of this model and adapter",
                remedy="use the settings that they were tuned with",
            )
        for name, parameter in self.parameters.items():
            if tuple(arrays[name].shape) != tuple(parameter.shape):
                raise BadInput(
                    value=f"{name} of shape {arrays[name].shape}",
                    rule=f"it must have shape {tuple(parameter.shape)}",
                    remedy="use the settings that it was tuned with",
                )
            parameter.copy_(torch.from_numpy(np.asarray(arrays[name])))

    @contextmanager
    def as_reference(self) -> Generator[LanguageModel]:
        """The base, or the anchor where one is kept; gradients are not meant to flow here."""
        if self._anchor is not None:
            with self._swapped(self._anchor):
                yield self.policy
        elif self._lowered:
            for lowered in self._lowered:
                lowered.on = False
            try:
                yield self.policy
            finally:
                for lowered in self._lowered:
                    lowered.on = True
        else:
            yield self._base

    @torch.no_grad()
    def follow(self, rate: float) -> None:
        """Move the anchor `rate` of the way to the policy (exponential moving average); the first call makes one."""
        if self._anchor is None:
            self._anchor = {name: p.detach().clone() for name, p in self.parameters.items()}
        for name, kept in self._anchor.items():
            kept.lerp_(self.parameters[name].detach(), rate)

    def anchor_arrays(self) -> dict[str, Array]:
        """The anchor's weights, empty where none is kept."""
        return {name: kept.cpu().numpy().copy() for name, kept in (self._anchor or {}).items()}

    def load_anchor(self, arrays: Mapping[str, Array]) -> None:
        """Take an anchor as `anchor_arrays` gave it."""
        self._anchor = {name: torch.from_numpy(np.array(value)) for name, value in arrays.items()} or None

    @contextmanager
    def _swapped(self, other: Mapping[str, torch.Tensor]) -> Generator[None]:
        mine = {name: p.data for name, p in self.parameters.items()}
        try:
            for name, p in self.parameters.items():
                p.data = other[name]
            yield
        finally:
            for name, p in self.parameters.items():
                p.data = mine[name]


def blended(
    base: Mapping[str, Array], tuned: Mapping[str, Array], share: float, path: Path = "lerp"
) -> dict[str, Array]:
    """Array by array, `share` of the way from the base (0) to the tuned model (1).

    lerp: base + share * (tuned - base). Of low-rank adapters `up` alone is scaled (the base's is zero): both would make
    the change quadratic. slerp: along the arc of the angle between the two arrays (`slerp`). Raises BadInput for slerp
    of adapters: the arc between whole weights is no adapter.
    """
    if path == "slerp" and any(name.endswith(".down") for name in tuned):
        raise BadInput(
            value="slerp of low-rank adapters",
            rule="the arc between whole weights is no adapter",
            remedy="tune the whole weights (rank 0), or blend by lerp",
        )
    if path == "slerp":
        return {name: slerp(base[name], value, share) for name, value in tuned.items()}
    return {
        name: value if name.endswith(".down") else base[name] + np.float32(share) * (value - base[name])
        for name, value in tuned.items()
    }


def slerp(base: Array, tuned: Array, share: float) -> Array:
    """Spherical interpolation (Shoemake 1985) of two arrays of one shape as vectors, float32; their lengths go along.

    (sin((1 - t) w) base + sin(t w) tuned) / sin(w), w the angle between them. Where the angle is 0 or pi, or an array
    is zero, there is no such arc, and the straight line is taken.
    """
    a, b = np.asarray(base, np.float64), np.asarray(tuned, np.float64)
    angle = angle_between(a, b)
    if np.sin(angle) < _NO_ARC:
        return (a + share * (b - a)).astype(np.float32)
    return ((np.sin((1.0 - share) * angle) * a + np.sin(share * angle) * b) / np.sin(angle)).astype(np.float32)


def angle_between(a: Array, b: Array) -> float:
    """Radians between two arrays as vectors, exact for small angles too; 0 where one of them is zero."""
    lengths = float(np.linalg.norm(a)), float(np.linalg.norm(b))
    if not all(lengths):
        return 0.0
    a, b = np.asarray(a, np.float64) / lengths[0], np.asarray(b, np.float64) / lengths[1]
    return float(2.0 * np.arctan2(np.linalg.norm(a - b), np.linalg.norm(a + b)))

"""The network of pixel agents: three convolutional layers, one dense layer, an optional GRU, an actor and a critic."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import sqrt
from typing import Any, Final, final

import numpy as np

from corrigible.agents.requirements import missing_torch
from corrigible.errors import BadInput
from corrigible.types import Array

try:
    import torch
    from torch import Tensor, nn
    from torch.nn import functional
except ImportError as error:
    raise missing_torch() from error

KERNELS: Final = (8, 4, 3)
STRIDES: Final = (4, 2, 1)
BLOCK: Final = STRIDES[0]
SMALLEST: Final = 36  # the least side from which something is left after three layers
BRIGHTEST: Final = 255.0


@dataclass(frozen=True, kw_only=True)
class NetworkParams:
    """Shape of the network.

    height, width, channels: of an observation, uint8. actions: how many there are. filters: of the three convolutional
    layers (kernels 8, 4, 3 and strides 4, 2, 1: Mnih et al. 2015, doi:10.1038/nature14236). dense: width of the dense
    layer. memory: width of a GRU after it, 0 for none. Raises BadInput where a value is out of range.
    """

    height: int = 48
    width: int = 48
    channels: int = 3
    actions: int = 10
    filters: tuple[int, int, int] = (16, 32, 32)
    dense: int = 256
    memory: int = 0

    def __post_init__(self) -> None:
        """Check every field (raises BadInput)."""
        least = {"height": SMALLEST, "width": SMALLEST, "channels": 1, "actions": 1, "dense": 1, "memory": 0}
        for name, low in least.items():
            if not _is_whole(getattr(self, name)) or getattr(self, name) < low:
                raise BadInput(
                    value=f"{name} = {getattr(self, name)}",
                    rule=f"it must be a whole number of at least {low}",
                    remedy="choose more",
                )
        if len(self.filters) != 3 or not all(_is_whole(one) and one >= 1 for one in self.filters):
            raise BadInput(value=f"filters {self.filters}", rule="three layers have at least one each", remedy="name 3")

    @property
    def features(self) -> int:
        """Numbers that the convolutional layers leave."""
        high, wide = self.height, self.width
        for kernel, stride in zip(KERNELS, STRIDES, strict=True):
            high, wide = (high - kernel) // stride + 1, (wide - kernel) // stride + 1
        return high * wide * self.filters[-1]

    @property
    def blocks(self) -> tuple[int, ...]:
        """Shape of an observation as `in_blocks` lays it out."""
        high, wide = -(-self.height // BLOCK), -(-self.width // BLOCK)
        return (high, wide, BLOCK * BLOCK * self.channels)


def _is_whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def in_blocks(observations: Array, shape: NetworkParams) -> Array:
    """(N, H, W, C) uint8 -> (N, H / 4, W / 4, 16 C) uint8: each block of 4 x 4 pixels becomes one of 16 C channels.

    A convolution of 8 x 8 pixels with stride 4 is then one of 2 x 2 blocks with stride 1: the same sums, over memory
    that lies together. Sides that 4 does not divide are filled up with zeros that no kernel reaches.
    """
    N, H, W, C = observations.shape
    high, wide, _ = shape.blocks
    if (high * BLOCK, wide * BLOCK) != (H, W):
        filled = np.zeros((N, high * BLOCK, wide * BLOCK, C), dtype=np.uint8)
        filled[:, :H, :W] = observations
        observations = filled
    rows = observations.reshape(N, high, BLOCK, wide, BLOCK * C)
    return np.ascontiguousarray(rows.transpose(0, 1, 3, 2, 4)).reshape(N, high, wide, -1)


@final
class PixelNetwork(nn.Module):
    """Observations -> logits of actions and the value of the state, in `channels_last` throughout.

    Pixels are divided by 255 (within the first layer's weights), and nothing else is normalised. Weights are orthogonal
    with gain sqrt(2), 0.01 for actor and critic (Andrychowicz et al. 2021, arXiv 2006.05990, have 1 for the critic).
    """

    def __init__(self, params: NetworkParams, generator: np.random.Generator | None = None) -> None:
        """`generator`: draws the first weights; without it they are zero, to be loaded."""
        super().__init__()
        first, second, third = params.filters
        self.params = params
        self.first = nn.Conv2d(params.channels, first, KERNELS[0], STRIDES[0])
        self.second = nn.Conv2d(first, second, KERNELS[1], STRIDES[1])
        self.third = nn.Conv2d(second, third, KERNELS[2], STRIDES[2])
        self.dense = nn.Linear(params.features, params.dense)
        self.memory = nn.GRUCell(params.dense, params.memory) if params.memory else None
        last = params.memory or params.dense
        self.actor = nn.Linear(last, params.actions)
        self.critic = nn.Linear(last, 1)
        self._draw(generator)
        self.to(memory_format=torch.channels_last)  # type: ignore[call-overload] # torch's own signature lacks it

    def features(self, blocks: Tensor) -> Tensor:
        """(N, *params.blocks) uint8, as `in_blocks` lays them out -> (N, dense) float32."""
        N = blocks.shape[0]
        pixels = blocks.to(torch.float32).permute(0, 3, 1, 2)
        seen = functional.relu(functional.conv2d(pixels, self._first_in_blocks(), self.first.bias))
        high, wide = ((side - KERNELS[0]) // STRIDES[0] + 1 for side in (self.params.height, self.params.width))
        seen = functional.relu(self.second(seen[:, :, :high, :wide]))
        seen = functional.relu(self.third(seen))
        return functional.relu(self.dense(seen.permute(0, 2, 3, 1).reshape(N, -1)))

    def heads(self, features: Tensor) -> tuple[Tensor, Tensor]:
        """(N, last) -> logits (N, actions) and values (N,), float32."""
        return self.actor(features), self.critic(features)[:, 0]

    def forward(self, blocks: Tensor, hidden: Tensor | None = None) -> tuple[Tensor, Tensor, Tensor | None]:
        """Logits (N, actions), values (N,), and what a GRU remembers (N, memory), None without one.

        hidden: (N, memory) float32 of the step before, zeros where an episode begins.
        """
        features = self.features(blocks)
        if self.memory is not None:
            if hidden is None:
                hidden = features.new_zeros((len(features), self.params.memory))
            features = hidden = self.memory(features, hidden)
        return *self.heads(features), hidden

    def _first_in_blocks(self) -> Tensor:
        """Weights of the first layer as those of a convolution over blocks, divided by 255."""
        weight, blocks = self.first.weight / BRIGHTEST, KERNELS[0] // BLOCK
        filters, C = weight.shape[:2]
        parts = weight.reshape(filters, C, blocks, BLOCK, blocks, BLOCK).permute(0, 3, 5, 1, 2, 4)
        return parts.reshape(filters, BLOCK * BLOCK * C, blocks, blocks).contiguous(memory_format=torch.channels_last)

    @torch.no_grad()
    def _draw(self, generator: np.random.Generator | None) -> None:
        gains = {"actor.weight": 0.01, "critic.weight": 0.01, "memory.weight_ih": 1.0, "memory.weight_hh": 1.0}
        for name, parameter in self.named_parameters():
            if parameter.ndim == 1 or generator is None:
                parameter.zero_()
            else:
                drawn = _orthogonal(generator, parameter.shape[0], parameter[0].numel()) * gains.get(name, sqrt(2))
                parameter.copy_(torch.from_numpy(drawn.reshape(parameter.shape).astype(np.float32)))


def _orthogonal(generator: np.random.Generator, rows: int, columns: int) -> Array:
    """(rows, columns) float64 with orthonormal rows or columns, whichever are fewer, uniform among such matrices."""
    normal = generator.normal(size=(max(rows, columns), min(rows, columns)))
    q, r = np.linalg.qr(normal)
    q = q * np.sign(np.diag(r))
    return q if rows >= columns else q.T


def parameters_of(network: PixelNetwork) -> dict[str, Array]:
    """Copies of all weights, float32, by name; the layers' own order of axes."""
    return {
        name: np.ascontiguousarray(value.detach().cpu().numpy()).copy() for name, value in network.named_parameters()
    }


def network_of(parameters: Mapping[str, Array], params: NetworkParams, device: str = "cpu") -> PixelNetwork:
    """The network that has those weights; BadInput where they do not fit its shape."""
    network = PixelNetwork(params)
    load_parameters(network, parameters)
    return network.to(device)


def load_parameters(network: PixelNetwork, parameters: Mapping[str, Array]) -> None:
    """Write weights into a network; BadInput where they do not fit its shape, or one is not finite."""
    wanted = {name: tuple(value.shape) for name, value in network.named_parameters()}
    given = {name: value.shape for name, value in parameters.items() if not name.startswith("_")}
    if wanted != given:
        unlike = sorted(name for name in {*wanted, *given} if wanted.get(name) != given.get(name))
        raise BadInput(
            value=f"weights {', '.join(unlike)}",
            rule=f"a network of {network.params.filters} filters and {network.params.dense} has others",
            remedy="load them with the settings that they were trained with",
        )
    broken = sorted(name for name in given if not np.isfinite(parameters[name]).all())
    if broken:
        raise BadInput(
            value=f"weights {', '.join(broken)}", rule="every weight is finite", remedy="load an earlier checkpoint"
        )
    with torch.no_grad():
        for name, value in network.named_parameters():
            array: Any = np.ascontiguousarray(parameters[name], dtype=np.float32)
            value.copy_(torch.from_numpy(array.copy()))

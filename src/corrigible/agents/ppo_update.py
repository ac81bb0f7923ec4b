"""One update of PPO: the loss, its gradient by small pieces on all threads, and the optimiser's step.

Gradients are made of pieces of PIECE samples, each on one thread, and added in order: what is learned does not depend
on how many threads there are, memory stays small, and two cores are busier than with OpenMP inside each operation.
"""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Final, TypeVar, final

import numpy as np
import torch
from torch import Tensor

from corrigible.agents.pixel_network import PixelNetwork, network_of
from corrigible.agents.ppo_settings import PPOSettings
from corrigible.types import Array

PIECE: Final = 128
TINY: Final = 1e-8

Given = TypeVar("Given")
Made = TypeVar("Made")


@final
class Threads:
    """A fixed crew; with one thread, none are started. Operations of PyTorch inside use one thread each.

    The caller sets its own PyTorch to one thread (`torch.set_num_threads(1)`), as `Trainer` and `PixelPolicy` do.
    """

    def __init__(self, threads: int) -> None:
        # OpenMP keeps a number of threads for each thread that calls it, so each of ours is told
        self._pool = (
            ThreadPoolExecutor(threads, initializer=torch.set_num_threads, initargs=(1,)) if threads > 1 else None
        )

    def each(self, work: Callable[[Given], Made], parts: Sequence[Given]) -> list[Made]:
        """work(part) of all parts, in their order."""
        return [work(part) for part in parts] if self._pool is None else list(self._pool.map(work, parts))

    def close(self) -> None:
        """End the threads."""
        if self._pool is not None:
            self._pool.shutdown()


@dataclass(frozen=True, kw_only=True, eq=False)
class Batch:
    """What is learned from: T steps of N worlds, time-major.

    blocks (T, N, ...) uint8; action (T, N) int64; log_prob, value, advantage (T, N) float32; began (T, N) bool: the
    step is an episode's first; hidden (N, memory) float32: what a GRU remembered before the first step, or None. All on
    the network's device.
    """

    blocks: Tensor
    action: Tensor
    log_prob: Tensor
    value: Tensor
    advantage: Tensor
    began: Tensor
    hidden: Tensor | None


@dataclass(frozen=True, kw_only=True)
class Losses:
    """Means over the samples of an update: nats of entropy and of KL(old || new), squared errors, shares."""

    policy: float
    value: float
    entropy: float
    kl: float
    clipped: float
    anchor_kl: float
    gradient_norm: float


_Piece = tuple[Array, Tensor]  # which samples (indices, (M,) of T * N; with memory: worlds), and their advantages
_Sums = tuple[list[Tensor], Tensor]  # gradients, and sums of the six numbers below


@final
class Updater:
    """Makes updates of one network: holds optimiser, threads and anchor."""

    def __init__(self, network: PixelNetwork, settings: PPOSettings, threads: Threads) -> None:
        self.network, self._settings, self._threads = network, settings, threads
        self.parameters = list(network.parameters())
        self.optimiser = torch.optim.Adam(self.parameters, lr=settings.learning_rate, eps=1e-5)
        self.anchor: PixelNetwork | None = None
        self._anchor_weight = 0.0
        if settings.anchor is not None:
            self.stay_near(settings.anchor.parameters, settings.anchor.weight)

    def update(self, batch: Batch, rate: float, generator: np.random.Generator) -> Losses:
        """All epochs over a batch. The means are over every sample of every epoch, before the step that it made."""
        for group in self.optimiser.param_groups:
            group["lr"] = rate
        means: list[Array] = []
        for _ in range(self._settings.epochs):
            for chosen in self._minibatches(batch, generator):
                means.append(self._step(batch, chosen))
        return Losses(**dict(zip(_NAMES, np.mean(means, axis=0).tolist(), strict=True)))

    def _minibatches(self, batch: Batch, generator: np.random.Generator) -> list[Array]:
        """Equal parts of samples (of worlds, with memory): a small rest would get a whole step of Adam for itself."""
        T, N = batch.action.shape
        each, count = (self._settings.minibatch, T * N)
        if batch.hidden is not None:
            each, count = max(1, each // T), N
        return np.array_split(generator.permutation(count), -(-count // each))

    def _step(self, batch: Batch, chosen: Array) -> Array:
        T = len(batch.action)
        memory = batch.hidden is not None
        advantage = batch.advantage[:, chosen] if memory else batch.advantage.flatten()[chosen]
        if self._settings.normalise and advantage.numel() > 1:  # one alone has no deviation
            advantage = (advantage - advantage.mean()) / (advantage.std() + TINY)
        size = max(1, PIECE // T) if memory else PIECE
        pieces: list[_Piece] = [
            (chosen[first : first + size], advantage[..., first : first + size])
            for first in range(0, len(chosen), size)
        ]
        count = advantage.numel()
        gradients, numbers = self._summed(batch, pieces, count)
        for parameter, gradient in zip(self.parameters, gradients, strict=True):
            parameter.grad = gradient
        norm = torch.nn.utils.clip_grad_norm_(self.parameters, self._settings.gradient_norm)
        self.optimiser.step()
        return np.array([*(numbers.double() / count).tolist(), float(norm)])

    def _summed(self, batch: Batch, pieces: Sequence[_Piece], count: int) -> _Sums:
        """Gradients and numbers of all pieces, added in their order whichever thread made them."""
        sums = self._threads.each(lambda piece: self._gradient(batch, piece, count), pieces)
        gradients, numbers = sums[0]
        for more, others in sums[1:]:
            torch._foreach_add_(gradients, more)  # type: ignore[attr-defined] # public in all but its name
            numbers = numbers + others
        return gradients, numbers

    def _gradient(self, batch: Batch, piece: _Piece, count: int) -> _Sums:
        which, advantage = piece
        logits, value, anchor, of = self._answers(batch, which)
        log_probs = torch.log_softmax(logits, dim=1)
        probabilities = log_probs.exp()
        log_ratio = log_probs.gather(1, of(batch.action)[:, None])[:, 0] - of(batch.log_prob)
        ratio, advantage = log_ratio.exp(), advantage.flatten()
        clipped = ratio.clamp(1 - self._settings.clip, 1 + self._settings.clip)
        policy = -torch.minimum(ratio * advantage, clipped * advantage)
        error = (value - of(batch.value) - of(batch.advantage)).square()
        entropy = -(probabilities * log_probs).sum(1)
        near = (probabilities * (log_probs - torch.log_softmax(anchor, dim=1))).sum(1) if anchor is not None else None
        loss = policy + 0.5 * self._settings.value_weight * error - self._settings.entropy * entropy
        if near is not None:
            loss = loss + self._anchor_weight * near
        gradients = torch.autograd.grad(loss.sum() / count, self.parameters)
        with torch.no_grad():
            beyond = ((ratio - 1).abs() > self._settings.clip).float()
            away = near if near is not None else torch.zeros_like(ratio)
            numbers = torch.stack(
                [part.sum() for part in (policy, error, entropy, ratio - 1 - log_ratio, beyond, away)]
            )
        return list(gradients), numbers

    def _answers(self, batch: Batch, which: Array) -> tuple[Tensor, Tensor, Tensor | None, Callable[[Tensor], Tensor]]:
        """Logits, values and the anchor's logits of samples, and how to take those samples out of (T, N)."""
        if batch.hidden is None:
            index = torch.from_numpy(which).to(batch.action.device)
            blocks = batch.blocks.flatten(0, 1)[index]
            logits, value, _ = self.network(blocks)
            with torch.no_grad():
                anchor = self.anchor(blocks)[0] if self.anchor is not None else None
            return logits, value, anchor, lambda array: array.flatten()[index]
        blocks, began, hidden = batch.blocks[:, which], batch.began[:, which], batch.hidden[which]
        logits, value = through_time(self.network, blocks, began, hidden)
        return logits, value, None, lambda array: array[:, which].flatten()

    def stay_near(self, parameters: Mapping[str, Array], weight: float) -> None:
        """From now on a nat of KL(policy || that policy) costs `weight`."""
        self.anchor = network_of(parameters, self.network.params, self.parameters[0].device.type)
        self._anchor_weight = weight

    def state(self) -> dict[str, Array]:
        """The optimiser's arrays."""
        found: dict[str, Array] = {}
        for name, parameter in self.network.named_parameters():
            state: Mapping[str, Any] = self.optimiser.state.get(parameter, {})
            for key, value in state.items():
                found[f"{key}/{name}"] = np.array(value.detach().cpu().numpy())
        return found

    def load_state(self, arrays: Mapping[str, Array]) -> None:
        """Put back what `state` gave."""
        for name, parameter in self.network.named_parameters():
            keys = ("step", "exp_avg", "exp_avg_sq")
            self.optimiser.state[parameter] = {
                key: torch.from_numpy(np.array(arrays[f"{key}/{name}"]))
                .reshape(() if key == "step" else parameter.shape)
                .to("cpu" if key == "step" else parameter.device)
                for key in keys
            }


_NAMES: Final = ("policy", "value", "entropy", "kl", "clipped", "anchor_kl", "gradient_norm")


def through_time(network: PixelNetwork, blocks: Tensor, began: Tensor, hidden: Tensor) -> tuple[Tensor, Tensor]:
    """Logits (T * M, actions), values (T * M,) of T steps of M worlds; a GRU forgets where episodes begin."""
    T, M = began.shape
    if network.memory is None:
        raise ValueError("a network without memory has no time to go through")
    features = network.features(blocks.flatten(0, 1)).unflatten(0, (T, M))
    remembered: list[Tensor] = []
    for t in range(T):
        hidden = network.memory(features[t], hidden * (~began[t])[:, None])
        remembered.append(hidden)
    return network.heads(torch.stack(remembered).flatten(0, 1))

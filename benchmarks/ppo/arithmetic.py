"""The learner's own arithmetic and no more: plain PyTorch, forward and backward, over floats that lie ready."""

import time
from typing import Final, final

import torch
from torch import nn

from corrigible.agents.pixel_network import KERNELS, STRIDES
from corrigible.sandbox.voxel.observing import channels
from ppo.workload import EACH, EPOCHS, MINIBATCH, WORKS

ACTIONS: Final = 10
SIDE: Final = 1024  # of the matrices whose product is the peak
PRODUCTS: Final = 20


@final
class Arithmetic:
    """As many samples as a rollout's epochs have, in minibatches of their size; PyTorch on that many threads."""

    def __init__(self, work: str, threads: int) -> None:
        chosen = WORKS[work]
        self._threads = threads
        C, H, W = channels(chosen.view), chosen.view.height, chosen.view.width
        layers: list[nn.Module] = []
        self.forward = self._first = 0.0  # floating-point operations of one sample, two for each product and sum
        for filters, kernel, stride in zip(chosen.filters, KERNELS, STRIDES, strict=True):
            layers += [nn.Conv2d(C, filters, kernel, stride), nn.ReLU()]
            H, W = (H - kernel) // stride + 1, (W - kernel) // stride + 1
            self.forward += 2.0 * H * W * filters * C * kernel**2
            self._first = self._first or self.forward
            C = filters
        wide = H * W * C
        self.forward += 2.0 * (wide * chosen.dense + chosen.dense * (ACTIONS + 1))
        layers += [nn.Flatten(), nn.Linear(wide, chosen.dense), nn.ReLU(), nn.Linear(chosen.dense, ACTIONS + 1)]
        self._network = nn.Sequential(*layers).to(memory_format=torch.channels_last)  # type: ignore[call-overload] # torch's own signature lacks it
        shape = (MINIBATCH, channels(chosen.view), chosen.view.height, chosen.view.width)
        self._pictures = torch.rand(shape).to(memory_format=torch.channels_last)

    def both(self) -> float:
        """Operations of a sample forward and backward: twice as many backward, but none to the pixels."""
        return 3.0 * self.forward - self._first

    def work(self, rollouts: int) -> float:
        """Wall-clock seconds of the passes of that many rollouts."""
        before_threads = torch.get_num_threads()
        torch.set_num_threads(self._threads)
        before = time.perf_counter()
        for _ in range(rollouts * EPOCHS * EACH // MINIBATCH):
            self._network.zero_grad()
            self._network(self._pictures).square().mean().backward()
        spent = time.perf_counter() - before
        torch.set_num_threads(before_threads)
        return spent


def peak(threads: int) -> float:
    """Floating-point operations a second of float32 matrix products, the best of several rounds."""
    before_threads = torch.get_num_threads()
    torch.set_num_threads(threads)
    one, other = torch.rand(SIDE, SIDE), torch.rand(SIDE, SIDE)
    best = float("inf")
    for _ in range(5):
        before = time.perf_counter()
        for _ in range(PRODUCTS):
            one @ other
        best = min(best, (time.perf_counter() - before) / PRODUCTS)
    torch.set_num_threads(before_threads)
    return 2.0 * SIDE**3 / best

"""Greedy decoding is a deterministic map, so it ends in a cycle: which, how long, and from how many windows."""

from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import TypeVar, final

import numpy as np
from numpy.typing import NDArray

from corrigible.chains.exact import kernels
from corrigible.chains.exact.windows import WindowChain
from corrigible.errors import BadInput

S = TypeVar("S", bound=Hashable)


@final
@dataclass(frozen=True, kw_only=True)
class GreedyCycle:
    """Windows of a cycle in order, from its smallest number on. basin: windows that end in it, its own among them."""

    windows: tuple[int, ...]
    basin: int

    @property
    def period(self) -> int:
        """Steps round."""
        return len(self.windows)


def brent(step: Callable[[S], S], start: S, *, most: int = 1_000_000) -> tuple[int, int]:
    """Steps before the cycle, and its period, with three states in memory (Brent 1980, BIT 20:176).

    Raises BadInput where no cycle closes within `most` steps.
    """
    power = period = 1
    slow, fast = start, step(start)
    taken = 1
    while slow != fast:
        if taken >= most:
            raise BadInput(value=f"{most} steps", rule="no state came twice", remedy="allow more steps")
        if power == period:
            slow, power, period = fast, 2 * power, 0
        fast = step(fast)
        period += 1
        taken += 1
    slow = fast = start
    for _ in range(period):
        fast = step(fast)
    tail = 0
    while slow != fast:
        slow, fast = step(slow), step(fast)
        tail += 1
    return tail, period


def greedy_map(chain: WindowChain) -> NDArray[np.int32]:
    """(N,) the window that greedy decoding leads to from each; of equally likely tokens it says the first."""
    after = np.empty(chain.states, np.int32)
    kernels.likeliest(chain.law, after)
    return after


def greedy_cycles(chain: WindowChain) -> tuple[GreedyCycle, ...]:
    """Every cycle of greedy decoding, that with the largest basin first."""
    after = greedy_map(chain)
    cycle = np.empty(chain.states, np.int32)
    count = kernels.basins(after, cycle)
    sizes = np.bincount(cycle, minlength=count)
    first = np.full(count, -1)
    first[cycle[::-1]] = np.arange(chain.states)[::-1]
    found = [GreedyCycle(windows=_round(after, int(first[k])), basin=int(sizes[k])) for k in range(count)]
    return tuple(sorted(found, key=lambda item: (-item.basin, item.windows)))


def _round(after: NDArray[np.int32], start: int) -> tuple[int, ...]:
    """The cycle that `start` ends in, from its smallest window on."""
    tail, _ = brent(lambda s: int(after[s]), start)
    at = start
    for _ in range(tail):
        at = int(after[at])
    found = [at]
    while int(after[found[-1]]) != at:
        found.append(int(after[found[-1]]))
    least = found.index(min(found))
    return tuple(found[least:] + found[:least])

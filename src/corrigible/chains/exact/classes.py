"""Where a chain can stay for ever: its recurrent classes, their periods, and which of them a start ends in."""

from dataclasses import dataclass
from typing import Final, final

import numpy as np
from numpy.typing import NDArray

from corrigible.chains.exact import kernels
from corrigible.chains.exact.windows import WindowChain
from corrigible.errors import CorrigibleError

LEFT: Final = 1e-12
"""Mass on transient windows that counts as none."""

MOST_STEPS: Final = 200_000


@final
@dataclass(frozen=True, kw_only=True, eq=False)
class RecurrentClass:
    """Windows (n,) int64, in order, that lead to one another and nowhere else; every return takes a multiple of
    `period` steps.
    """

    windows: NDArray[np.int64]
    period: int


@final
@dataclass(frozen=True, kw_only=True, eq=False)
class Classes:
    """All recurrent classes, the largest first. transient: windows that are left for ever sooner or later."""

    recurrent: tuple[RecurrentClass, ...]
    transient: int

    @property
    def irreducible(self) -> bool:
        """Whether one class holds every window."""
        return len(self.recurrent) == 1 and self.transient == 0


def classes_of(chain: WindowChain) -> Classes:
    """Recurrent classes. Where every token may follow every window there is one, of period 1, without a search."""
    if bool((chain.law > 0).all()):
        whole = RecurrentClass(windows=np.arange(chain.states), period=1)
        return Classes(recurrent=(whole,), transient=0)
    component = np.empty(chain.states, np.int32)
    count = kernels.components(chain.law, component)
    closed = np.empty(count, np.bool_)
    kernels.closed_components(chain.law, component, closed)
    order = np.argsort(component, kind="stable")
    ends = np.searchsorted(component[order], np.arange(count + 1))
    groups = [order[ends[k] : ends[k + 1]] for k in np.flatnonzero(closed)]
    level, queue = np.full(chain.states, -1, np.int32), np.empty(chain.states, np.int32)
    found = [
        RecurrentClass(windows=group, period=kernels.period_of(chain.law, int(group[0]), level, queue))
        for group in groups
    ]
    found.sort(key=lambda item: (-item.windows.size, int(item.windows[0])))
    return Classes(recurrent=tuple(found), transient=chain.states - sum(item.windows.size for item in found))


def absorption(chain: WindowChain, classes: Classes, mass: NDArray[np.float64]) -> NDArray[np.float64]:
    """(C,) probability that a start drawn from `mass` (N,) ends in each recurrent class.

    Raises CorrigibleError where more than 1e-12 is still on its way after 200,000 steps.
    """
    transient = np.ones(chain.states, np.bool_)
    for item in classes.recurrent:
        transient[item.windows] = False
    found = np.array([mass[item.windows].sum() for item in classes.recurrent])
    moving = np.where(transient, mass, 0.0)
    for _ in range(MOST_STEPS):
        if moving.sum() <= LEFT:
            return found / found.sum()
        moving = chain.push(moving)
        found += [moving[item.windows].sum() for item in classes.recurrent]
        moving[~transient] = 0.0
    raise CorrigibleError(
        value=f"{moving.sum():.3g} of the mass is on transient windows after {MOST_STEPS} steps",
        rule=f"at most {LEFT:g} may be left",
        remedy="the chain leaves them too slowly: start elsewhere, or raise the temperature",
    )

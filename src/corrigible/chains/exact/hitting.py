"""When, and whether at all, a chain comes to a set of windows, and how long it stays there."""

from typing import Any, Final

import numpy as np
import scipy.sparse.linalg
from numpy.typing import NDArray

from corrigible.chains.exact import kernels
from corrigible.chains.exact.windows import WindowChain
from corrigible.errors import BadInput, CorrigibleError

SPARSE: Final[Any] = scipy.sparse.linalg
"""Its stubs know no operators."""

CLOSE: Final = 1e-9
"""Largest residual of a linear system whose solution is believed, relative to its right side."""

MOST_STEPS: Final = 100_000

Set = NDArray[np.bool_]
"""(N,) which windows belong to it."""


def holding(chain: WindowChain, tokens: tuple[int, ...]) -> Set:
    """Windows that end in those tokens; at most K of them. Raises BadInput for none, or too many."""
    if not 1 <= len(tokens) <= chain.window:
        raise BadInput(
            value=f"{len(tokens)} tokens", rule=f"a window holds 1 to {chain.window}", remedy="ask for fewer, or some"
        )
    number = 0
    for token in tokens:
        number = number * chain.tokens + token
    found: Set = np.arange(chain.states) % chain.tokens ** len(tokens) == number
    return found


def committor(chain: WindowChain, first: Set, other: Set) -> NDArray[np.float64]:
    """(N,) probability to come to `first` before `other`; 0 where neither is ever reached.

    Raises BadInput where the sets overlap or one is empty.
    """
    if (first & other).any() or not first.any() or not other.any():
        raise BadInput(
            value=f"sets of {int(first.sum())} and {int(other.sum())} windows",
            rule="both hold a window, and none is in both",
            remedy="choose others",
        )
    ends = first | other
    inside = _reaching(chain, first, other) & ~ends
    boundary = np.where(first, 1.0, 0.0)
    return _solve(chain, inside, np.where(inside, chain.pull(boundary), 0.0)) + boundary


def reached(chain: WindowChain, target: Set) -> NDArray[np.float64]:
    """(N,) probability to come to `target` at all."""
    _require(target)
    inside = _reaching(chain, target, np.zeros_like(target)) & ~target
    boundary = np.where(target, 1.0, 0.0)
    sure = inside & ~_reaching(chain, ~inside & ~target, target)  # nothing but the target can be come to
    found = np.where(sure, 1.0, 0.0) + boundary
    unsure = inside & ~sure
    return found + _solve(chain, unsure, np.where(unsure, chain.pull(found), 0.0))


def hitting_time(chain: WindowChain, target: Set) -> NDArray[np.float64]:
    """(N,) mean number of steps to `target`, 0 in it, infinite where it may never be reached."""
    _require(target)
    reaches = _reaching(chain, target, np.zeros_like(target))
    lost = _reaching(chain, ~reaches, target)  # somewhere from where there is no way
    inside = reaches & ~lost & ~target
    found = _solve(chain, inside, np.where(inside, 1.0, 0.0))
    found[lost & ~target] = np.inf
    return found


def hit_within(chain: WindowChain, start: NDArray[np.float64], target: Set, steps: int) -> NDArray[np.float64]:
    """(steps + 1,) probability to have come to `target` after 0, 1, .., `steps` steps from a start (N,)."""
    _require(target)
    found = np.empty(steps + 1)
    mass = start.copy()
    caught = 0.0
    for t in range(steps + 1):
        caught += float(mass[target].sum())
        mass[target] = 0.0
        found[t] = min(caught, 1.0)
        if t < steps:
            mass = chain.push(mass)
    return found


def mean_dwell(chain: WindowChain, law: NDArray[np.float64], target: Set) -> float:
    """Mean number of steps from entering `target` to leaving it, under a stationary law; infinite if it is not left.

    P(in it) over the flow out of it, by Kac's lemma; nan where the law never visits it.
    """
    _require(target)
    inside = np.where(target, law, 0.0)
    if inside.sum() <= 0.0:
        return float("nan")
    leaving = float(chain.push(inside)[~target].sum())
    return float(inside.sum()) / leaving if leaving > 0.0 else float("inf")


def _require(target: Set) -> None:
    if not target.any():
        raise BadInput(value="an empty set of windows", rule="it holds one at least", remedy="choose another")


def _reaching(chain: WindowChain, target: Set, blocked: Set) -> Set:
    found = np.empty(chain.states, np.bool_)
    kernels.reaching(chain.law, target, blocked, found)
    return found


def _solve(chain: WindowChain, inside: Set, right: NDArray[np.float64]) -> NDArray[np.float64]:
    """x with x = right + P x on `inside`, 0 elsewhere; GMRES (Saad & Schultz 1986), then steps of the chain itself."""
    windows = np.flatnonzero(inside)
    found = np.zeros(chain.states)
    if not windows.size:
        return found

    def pull(value: NDArray[np.float64]) -> NDArray[np.float64]:
        whole = np.zeros(chain.states)
        whole[windows] = np.asarray(value).ravel()
        return whole[windows] - chain.pull(whole)[windows]

    operator = SPARSE.LinearOperator((windows.size,) * 2, matvec=pull, dtype=np.float64)
    solution, _ = SPARSE.gmres(operator, right[windows], rtol=1e-12, restart=min(60, windows.size), maxiter=40)
    found[windows] = solution
    scale = max(1.0, float(np.abs(found).max()))
    moved = np.inf
    for _ in range(MOST_STEPS):
        after = np.where(inside, right + chain.pull(found), 0.0)
        moved = float(np.abs(after - found).max())
        found = after
        if moved <= CLOSE * 1e-3 * scale:
            return found
    if moved <= CLOSE * scale:
        return found
    raise CorrigibleError(
        value=f"a linear system of {windows.size} windows with a residual of {moved:.3g}",
        rule=f"it is solved to {CLOSE:g}",
        remedy="the set is all but unreachable: choose a larger one, or raise the temperature",
    )

"""Where a chain settles: a stationary law for each recurrent class, and how fast it is forgotten where one started."""

import math
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, final

import numpy as np
import scipy.sparse.linalg
from numpy.typing import NDArray

from corrigible.chains.exact.classes import RecurrentClass
from corrigible.chains.exact.windows import WindowChain
from corrigible.errors import CorrigibleError

ARPACK: Final[Any] = scipy.sparse.linalg
"""Its stubs know neither operators nor tolerances."""

Numbers = NDArray[np.float64]
"""(n,)."""

CLOSE: Final = 1e-14
"""L1 distance between a law and itself a step later that counts as none."""

PATIENCE: Final = 3_000
"""Power iterations before ARPACK is asked for a better start."""

MOST_STEPS: Final = 200_000
DENSE_UP_TO: Final = 256
"""Windows of a class up to which its matrix is written down."""

WANTED: Final = 2
"""Eigenvalues of larger classes that ARPACK is asked for, besides as many as the period."""

BASIS: Final = 40
"""Vectors that ARPACK keeps, of 8 bytes a window each; half of them for classes of more than two million windows."""

LARGE: Final = 2_000_000


@final
@dataclass(frozen=True, kw_only=True, eq=False)
class Stationary:
    """law (N,): P(window) in the long run, for a start in that class. residual: ||law P - law||_1."""

    law: NDArray[np.float64]
    residual: float
    steps: int


@final
@dataclass(frozen=True, kw_only=True)
class Spectrum:
    """Eigenvalues of a class, the largest modulus first: `period` of them have modulus 1.

    second: the largest modulus below 1 (0 where there is none).
    """

    values: tuple[complex, ...]
    second: float

    @property
    def relaxation(self) -> float:
        """Steps in which what is slowest to be forgotten falls by a factor e; 0 where it is gone after one."""
        return -1.0 / math.log(self.second) if 0.0 < self.second < 1.0 else (0.0 if self.second == 0.0 else math.inf)


def stationary(chain: WindowChain, of: RecurrentClass) -> Stationary:
    """The class's law: by elimination where it is small, else by power iteration.

    Raises CorrigibleError where 200,000 steps do not settle it.
    """
    if of.windows.size > DENSE_UP_TO:
        return iterated(chain, of)
    law = np.zeros(chain.states)
    law[of.windows] = eliminated(dense(chain, of.windows))
    return Stationary(law=law, residual=_residual(chain, law), steps=0)


def eliminated(P: NDArray[np.float64]) -> NDArray[np.float64]:
    """Stationary law (n,) of an irreducible matrix (n, n), without a subtraction (Grassmann, Taksar & Heyman 1985)."""
    A = P.copy()
    for k in range(len(A) - 1, 0, -1):
        A[:k, k] /= A[k, :k].sum()
        A[:k, :k] += np.outer(A[:k, k], A[k, :k])
    law = np.ones(len(A))
    for k in range(1, len(A)):
        law[k] = law[:k] @ A[:k, k]
    return law / law.sum()


def iterated(chain: WindowChain, of: RecurrentClass) -> Stationary:
    """Power iteration from the uniform law of the class, lazily ((1 + P) / 2) where it is periodic.

    Where that is slow, ARPACK gives a better start and steps become lazy, since the class may be all but periodic.
    Raises CorrigibleError where 200,000 steps do not settle it.
    """
    law = np.zeros(chain.states)
    law[of.windows] = 1.0 / of.windows.size
    distance = math.inf
    for step in range(1, MOST_STEPS + 1):
        after = chain.push(law)
        after /= after.sum()
        distance = float(np.abs(after - law).sum())
        if distance <= CLOSE:
            return Stationary(law=after, residual=_residual(chain, after), steps=step)
        law = 0.5 * (law + after) if of.period > 1 or step > PATIENCE else after
        if step == PATIENCE and of.windows.size > WANTED:
            law = _leading(chain, of, law)
    raise CorrigibleError(
        value=f"a stationary law that still moves by {distance:.3g} after {MOST_STEPS} steps",
        rule=f"it settles to {CLOSE:g}",
        remedy="the chain is all but reducible: raise the temperature, or ask where a start ends (absorption)",
    )


def _residual(chain: WindowChain, law: NDArray[np.float64]) -> float:
    return float(np.abs(chain.push(law) - law).sum())


def _leading(chain: WindowChain, of: RecurrentClass, law: NDArray[np.float64]) -> NDArray[np.float64]:
    """The left eigenvector of the eigenvalue nearest to 1, as a law; `law` itself where ARPACK does not converge."""
    try:
        _, vectors = ARPACK.eigs(_restricted(chain, of, chain.push), k=1, which="LR", v0=law[of.windows], tol=1e-12)
    except ARPACK.ArpackError:
        return law
    found = np.zeros(chain.states)
    found[of.windows] = np.abs(vectors[:, 0].real)
    return found / found.sum()


def _restricted(chain: WindowChain, of: RecurrentClass, step: Callable[[Numbers], Numbers]) -> Any:
    """`step` (a push or a pull of the chain) on the windows of a class alone."""
    whole = np.zeros(chain.states)
    everything = of.windows.size == chain.states

    def apply(vector: Numbers) -> Numbers:
        if everything:
            return step(np.asarray(vector).ravel())
        whole[of.windows] = np.asarray(vector).ravel()
        return step(whole)[of.windows]

    n = of.windows.size
    return ARPACK.LinearOperator((n, n), matvec=apply, dtype=np.float64)


def spectrum(chain: WindowChain, of: RecurrentClass) -> Spectrum:
    """The largest eigenvalues of the class: all of a small one, by ARPACK (Lehoucq et al. 1998) of a large one.

    Raises CorrigibleError where ARPACK does not converge.
    """
    n = of.windows.size
    if n <= DENSE_UP_TO:
        values = np.linalg.eigvals(dense(chain, of.windows))
    else:
        wanted = min(n - 2, of.period + WANTED)
        basis = min(n, max(BASIS if n <= LARGE else BASIS // 2, 2 * wanted + 1))
        start = np.random.default_rng(0).random(n)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                values = ARPACK.eigs(
                    _restricted(chain, of, chain.pull),
                    k=wanted,
                    ncv=basis,
                    which="LM",
                    v0=start,
                    return_eigenvectors=False,
                    tol=1e-8,
                )
            except ARPACK.ArpackError as error:
                raise CorrigibleError(
                    value=f"the spectrum of {n} windows",
                    rule=f"ARPACK must converge: {error}",
                    remedy="ask for the stationary law alone, or raise the temperature",
                ) from error
    ordered: list[complex] = sorted(map(complex, values), key=lambda v: (-round(abs(v), 12), -v.real, -v.imag))
    rest = [abs(value) for value in ordered[of.period :]]
    second = max(rest, default=0.0)
    return Spectrum(
        values=tuple(value for value in ordered[: of.period + WANTED]),
        second=0.0 if second < 1e-7 else float(second),
    )


def dense(chain: WindowChain, windows: NDArray[np.int64]) -> NDArray[np.float64]:
    """(n, n) transition matrix among those windows; for a few thousand of them at most."""
    place = np.full(chain.states, -1)
    place[windows] = np.arange(windows.size)
    found = np.zeros((windows.size, windows.size))
    M = chain.states // chain.tokens
    for y in range(chain.tokens):
        after = place[(windows % M) * chain.tokens + y]
        inside = after >= 0
        found[np.flatnonzero(inside), after[inside]] = chain.law[windows[inside], y]
    return found


def mixing_steps(
    chain: WindowChain,
    law: NDArray[np.float64],
    start: NDArray[np.float64],
    *,
    within: float = 0.25,
    most: int = 10_000,
) -> int | None:
    """Steps after which a start (N,) is within that total variation of `law`; None: not within `most` steps.

    From a start of a periodic class the distance need not fall; it is the time from this start, not the worst.
    """
    mass = start
    for step in range(most + 1):
        if 0.5 * float(np.abs(mass - law).sum()) <= within:
            return step
        mass = chain.push(mass)
    return None

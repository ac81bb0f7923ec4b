"""How much is new at each step, how much the past tells of what comes, and which way time runs."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from corrigible.chains.exact import kernels
from corrigible.chains.exact.windows import WindowChain

ROUNDING: Final = 1e-13
"""Nats that sums of products of probabilities cannot tell from none."""


def entropy_rate(chain: WindowChain, law: NDArray[np.float64]) -> float:
    """Nats a token: the mean entropy of the next token, over windows drawn from a stationary `law` (N,)."""
    return float(kernels.entropy_of_steps(chain.law, law))


def entropy_production(chain: WindowChain, law: NDArray[np.float64]) -> float:
    """Nats a token by which the stationary text can be told from the same text read backwards; 0 only if it cannot.

    D(K+1) - D(K), D(n) being the Kullback-Leibler divergence of n tokens in a row from the same reversed: since both
    processes have memory K, that is the rate. For K = 1 it is Schnakenberg's (1976, Rev. Mod. Phys. 48:571). Infinite
    where something is said that is never said backwards.
    """
    backwards = np.empty(chain.states, np.int32)
    kernels.reversed_windows(chain.tokens, chain.window, backwards)
    found = float(kernels.irreversibility(chain.law, law, backwards))
    return 0.0 if abs(found) <= ROUNDING * chain.states else found


def information_at_lags(chain: WindowChain, law: NDArray[np.float64], lags: int) -> NDArray[np.float64]:
    """(lags,) mutual information in nats between a token and the one 1, 2, .., lags later, under a stationary law."""
    V = chain.tokens
    newest = np.arange(chain.states) % V
    said = np.bincount(newest, weights=law, minlength=V)
    joint = np.empty((lags, V, V))
    for token in range(V):
        mass = np.where(newest == token, law, 0.0)
        for lag in range(lags):
            mass = chain.push(mass)
            joint[lag, token] = np.bincount(newest, weights=mass, minlength=V)
    independent = np.outer(said, said)
    positive = joint > 0
    ratio = np.log(np.where(positive, joint, 1.0) / np.where(positive, independent, 1.0))
    return np.maximum((joint * ratio).sum(axis=(1, 2)), 0.0)

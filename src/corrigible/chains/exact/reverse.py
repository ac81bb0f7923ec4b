"""The chain run backwards: from a window to what led there, at stationarity or a known number of steps after a start.

A backward step knows what was said since, and asks which token was dropped: of the V windows that can come before, each
has the weight P(it was there) P(it goes on so). So the prior matters, and every answer names its own: the law of the
start, carried forward; or the stationary law, for a chain that has run for ever.
"""

from dataclasses import dataclass
from typing import final

import numpy as np
from numpy.typing import NDArray

from corrigible.chains.exact import kernels
from corrigible.chains.exact.windows import WindowChain
from corrigible.errors import BadInput


@final
@dataclass(frozen=True, kw_only=True, eq=False)
class Past:
    """laws: (T + 1, N) law of the window after 0, .., T steps. All that is needed to walk backwards from step T."""

    chain: WindowChain
    laws: NDArray[np.float64]

    @property
    def steps(self) -> int:
        """T."""
        return len(self.laws) - 1

    def probability(self, final: int) -> float:
        """P(the window is `final` after T steps)."""
        return float(self.laws[-1, final])

    def sample(self, final: int, count: int, generator: np.random.Generator) -> NDArray[np.int64]:
        """(count, T + 1) windows that end in `final`, drawn from the exact posterior, walking backwards.

        Raises BadInput where `final` has probability zero.
        """
        self._refuse_impossible(final)
        chain, V = self.chain, self.chain.tokens
        M = chain.states // V
        found = np.empty((count, self.steps + 1), np.int64)
        found[:, -1] = final
        for t in range(self.steps, 0, -1):
            m, y = found[:, t] // V, found[:, t] % V
            before = np.arange(V)[None, :] * M + m[:, None]
            weight = self.laws[t - 1][before] * chain.law[before, y[:, None]]
            total = weight.cumsum(axis=1)
            drawn = (total < generator.random(count)[:, None] * total[:, -1:]).sum(axis=1)
            found[:, t - 1] = before[np.arange(count), np.minimum(drawn, V - 1)]
        return found

    def posterior(self, final: int) -> NDArray[np.float64]:
        """(T + 1, N) law of the window at each step, given that it is `final` at the last.

        Raises BadInput where `final` has probability zero.
        """
        self._refuse_impossible(final)
        found = np.empty_like(self.laws)
        value = self.chain.at(final)
        for t in range(self.steps, -1, -1):
            found[t] = self.laws[t] * value
            found[t] /= found[t].sum()
            value = self.chain.pull(value)
        return found

    def likeliest(self, final: int) -> tuple[NDArray[np.int64], float]:
        """(T + 1,) windows of the likeliest way to `final`, and its share of all ways there (Viterbi 1967).

        Raises BadInput where `final` has probability zero.
        """
        self._refuse_impossible(final)
        chain, V = self.chain, self.chain.tokens
        M = chain.states // V
        with np.errstate(divide="ignore"):
            score = np.log(self.laws[0])
        dropped = np.empty((self.steps, chain.states), np.int16)
        for t in range(self.steps):
            after = np.empty(chain.states)
            kernels.push_likeliest(chain.law, score, after, dropped[t])
            score = after
        walk = np.empty(self.steps + 1, np.int64)
        walk[-1] = final
        for t in range(self.steps, 0, -1):
            walk[t - 1] = int(dropped[t - 1, walk[t]]) * M + walk[t] // V
        return walk, float(np.exp(score[final])) / self.probability(final)

    def foreseen(self, walk: NDArray[np.int64]) -> NDArray[np.float64]:
        """(T + 1,) P(the last window of `walk` after T steps | the window was walk[t] after t): how near it was."""
        value = self.chain.at(int(walk[-1]))
        found = np.empty(self.steps + 1)
        for t in range(self.steps, -1, -1):
            found[t] = value[walk[t]]
            value = self.chain.pull(value)
        return found

    def backward(self, t: int) -> NDArray[np.float64]:
        """(N, V): P(dropped token | window at step t), 1 <= t <= T. Rows of windows that cannot be there are zero."""
        return _backward(self.chain, self.laws[t - 1], self.laws[t])

    def _refuse_impossible(self, final: int) -> None:
        if self.probability(final) <= 0.0:
            raise BadInput(
                value=f"final window {self.chain.words(final)!r}",
                rule=f"its probability is zero after {self.steps} steps",
                remedy="choose another end, start or number of steps",
            )


def past(chain: WindowChain, start: NDArray[np.float64], steps: int) -> Past:
    """Carry the start (N,) forward; `steps` + 1 laws are kept."""
    laws = np.empty((steps + 1, chain.states))
    laws[0] = start
    for t in range(steps):
        laws[t + 1] = chain.push(laws[t])
    return Past(chain=chain, laws=laws)


def stationary_reverse(chain: WindowChain, law: NDArray[np.float64]) -> NDArray[np.float64]:
    """(N, V): P(dropped token | window) of a chain that has run for ever under the stationary `law`."""
    return _backward(chain, law, chain.push(law))


def forward_again(backward: NDArray[np.float64], law: NDArray[np.float64]) -> NDArray[np.float64]:
    """(N, V): the reverse of the reverse, which is P(next token | window) wherever `law` has mass; 0 elsewhere."""
    N, V = backward.shape
    M = N // V
    s = np.arange(N)
    found = np.zeros((N, V))
    for y in range(V):
        after = (s % M) * V + y
        found[:, y] = np.where(law > 0, law[after] * backward[after, s // M] / np.where(law > 0, law, 1.0), 0.0)
    return found


def _backward(chain: WindowChain, before: NDArray[np.float64], after: NDArray[np.float64]) -> NDArray[np.float64]:
    found = np.empty((chain.states, chain.tokens))
    kernels.reverse_law(chain.law, before, after, found)
    return found

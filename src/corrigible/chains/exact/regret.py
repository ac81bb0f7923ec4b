"""What a learner's own mistakes cost it, exactly, where the source of its text is known; and what becomes of one error.

Errors are counted on the learner's own text and on the source's (Arora et al. 2022, arXiv:2204.01171): where those on
its own are larger it snowballs, and by how much is exact.
"""

from dataclasses import dataclass
from typing import Final, final

import numpy as np
from numpy.typing import NDArray

from corrigible.chains.exact.windows import WindowChain
from corrigible.errors import BadInput

MOST_PAIRED: Final = 4096
"""Windows up to which all pairs of their laws are compared."""


@final
@dataclass(frozen=True, kw_only=True, eq=False)
class Regret:
    """(T,) nats at each step: divergence of the learner's law from the source's, on own text and on the source's."""

    own: NDArray[np.float64]
    reference: NDArray[np.float64]

    @property
    def excess(self) -> float:
        """What errors on its own text come to, over what they come to on the source's, less 1; 0: nothing snowballs."""
        total = float(self.reference.sum())
        return float(self.own.sum()) / total - 1.0 if total > 0 else 0.0


def regret(source: WindowChain, learner: WindowChain, start: NDArray[np.float64], steps: int) -> Regret:
    """From a start (N,), step by step. Raises BadInput where the two chains have other windows."""
    if source.vocabulary != learner.vocabulary or source.window != learner.window:
        raise BadInput(
            value=f"windows of {learner.window} and {source.window}",
            rule="source and learner have the same tokens and window",
            remedy="write one in the other's window (sources.lifted)",
        )
    error = divergence(source.law, learner.law)
    own, reference = start, start
    found = np.empty((2, steps))
    for t in range(steps):
        found[:, t] = expected(own, error), expected(reference, error)
        own, reference = learner.push(own), source.push(reference)
    return Regret(own=found[0], reference=found[1])


def expected(mass: NDArray[np.float64], value: NDArray[np.float64]) -> float:
    """Sum over windows that can come; infinite values elsewhere do not matter."""
    here = mass > 0
    return float((mass[here] * value[here]).sum())


def divergence(source: NDArray[np.floating], learner: NDArray[np.floating]) -> NDArray[np.float64]:
    """(N,) Kullback-Leibler divergence of rows, nats; infinite where the learner never says what the source says."""
    with np.errstate(divide="ignore", invalid="ignore"):
        terms = source * (np.log(source) - np.log(learner))
    return np.where(source > 0, terms, 0.0).sum(axis=1)


def forgotten(chain: WindowChain, clean: int, wrong: int, steps: int) -> NDArray[np.float64]:
    """(T + 1,) total variation between what comes after window `wrong` and after `clean`: does an error heal?"""
    first, second = chain.at(clean), chain.at(wrong)
    found = np.empty(steps + 1)
    for t in range(steps + 1):
        found[t] = 0.5 * float(np.abs(first - second).sum())
        first, second = chain.push(first), chain.push(second)
    return found


def excess_divergence(chain: WindowChain, clean: int, wrong: int, steps: int) -> NDArray[np.float64]:
    """(T,) nats: how much further the next-token law after an error is from that after none than two after none are.

    Mean Jensen-Shannon divergence between a text with the error and one without, less that between two without, exact.
    Raises BadInput for more than 4,096 windows.
    """
    if chain.states > MOST_PAIRED:
        raise BadInput(
            value=f"{chain.states:,} windows", rule=f"pairs of at most {MOST_PAIRED:,} are compared", remedy="sample"
        )
    law = chain.law.astype(np.float64)
    pairs = np.stack([jensen_shannon(law[s][None, :], law) for s in range(chain.states)])
    first, second = chain.at(clean), chain.at(wrong)
    found = np.empty(steps)
    for t in range(steps):
        found[t] = float((second - first) @ pairs @ first)
        first, second = chain.push(first), chain.push(second)
    return found


def jensen_shannon(p: NDArray[np.float64], q: NDArray[np.float64]) -> NDArray[np.float64]:
    """(..,) nats between laws in the last axis (Lin 1991); at most log 2."""
    middle = entropy_of(0.5 * (p + q))
    return np.maximum(middle - 0.5 * (entropy_of(p) + entropy_of(q)), 0.0)


def entropy_of(law: NDArray[np.float64]) -> NDArray[np.float64]:
    """(..,) nats of laws in the last axis."""
    return -(law * np.log(np.where(law > 0, law, 1.0))).sum(axis=-1)

"""Permutation tests of many regions at once over worlds: sign flips where worlds are paired, labels where they are not.

Each world counts once, however many nodes it has. A region's score is the sum over worlds of hits minus what the pooled
rate expects, over its own root mean square under the null; the family-wise error is kept by the step-down maximum over
regions (Westfall & Young 1993; Ge, Dudoit & Speed 2003, Test 12:1, box 2).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from corrigible.types import Array

DRAWS: Final = 9_999


@dataclass(frozen=True, kw_only=True, eq=False)
class Trial:
    """One seed: eligible and hits of K regions in worlds of the subject (W, K) and of the reference (V, K).

    paired: row w of both is the same world, W = V.
    """

    eligible: Array
    hits: Array
    other_eligible: Array
    other_hits: Array
    paired: bool

    def excess(self) -> tuple[Array, Array]:
        """Hits minus the pooled rate times eligible: (W, K) and (V, K). Swapping the policies swaps them."""
        n = self.eligible.sum(axis=0) + self.other_eligible.sum(axis=0)
        hits = self.hits.sum(axis=0) + self.other_hits.sum(axis=0)
        rate = hits / np.maximum(n, 1.0)
        return self.hits - rate * self.eligible, self.other_hits - rate * self.other_eligible

    def score(self) -> tuple[Array, Array]:
        """Sum (K,) and its variance (K,) under the null."""
        mine, other = self.excess()
        if self.paired:
            difference = mine - other
            return difference.sum(axis=0), (difference**2).sum(axis=0)
        W, n = len(mine), len(mine) + len(other)
        pooled = np.concatenate((mine, other))
        pooled = pooled - pooled.mean(axis=0)
        spread = W * (n - W) / (n * max(n - 1, 1)) * (pooled**2).sum(axis=0)
        return pooled[:W].sum(axis=0), spread

    def draws(self, generator: np.random.Generator) -> Array:
        """(DRAWS, K) sums under the null."""
        mine, other = self.excess()
        if self.paired:
            signs = generator.integers(0, 2, size=(DRAWS, len(mine)), dtype=np.int8) * 2.0 - 1.0
            return signs @ (mine - other)
        pooled = np.concatenate((mine, other))
        pooled = pooled - pooled.mean(axis=0)
        labels = np.zeros((DRAWS, len(pooled)))
        labels[:, : len(mine)] = 1.0
        return generator.permuted(labels, axis=1) @ pooled


def of_one_reference(trials: Sequence[Trial]) -> Trial:
    """The trials of several seeds against the same worlds of one reference as one, without pairs.

    Taken one by one they would count the chance in the reference's episodes as if it were drawn anew for each seed.
    """
    return Trial(
        eligible=np.concatenate([trial.eligible for trial in trials]),
        hits=np.concatenate([trial.hits for trial in trials]),
        other_eligible=trials[0].other_eligible,
        other_hits=trials[0].other_hits,
        paired=False,
    )


def standard_scores(trials: Sequence[Trial]) -> Array:
    """(K,) the score of all trials together, over its standard deviation under the null; 0 where nothing can differ."""
    sums, variances = (np.sum(rows, axis=0) for rows in zip(*(trial.score() for trial in trials), strict=True))
    return _standardised(sums, variances)


def adjusted_p(trials: Sequence[Trial], generator: np.random.Generator) -> tuple[Array, Array]:
    """Two-sided p-values adjusted for all K regions: (K,) of the trials together, and (S, K) of each alone."""
    scores = [trial.score() for trial in trials]
    draws = [trial.draws(generator) for trial in trials]
    each = [
        _step_down(np.abs(_standardised(*score)), np.abs(_standardised(drawn, score[1])))
        for score, drawn in zip(scores, draws, strict=True)
    ]
    variance = np.sum([score[1] for score in scores], axis=0)
    together = _step_down(
        np.abs(_standardised(np.sum([score[0] for score in scores], axis=0), variance)),
        np.abs(_standardised(np.sum(draws, axis=0), variance)),
    )
    return together, np.array(each)


def _standardised(sums: Array, variance: Array) -> Array:
    rounding = 1e-9 * max(1.0, float(np.max(variance, initial=0.0)))
    return np.where(variance > rounding, sums / np.sqrt(np.maximum(variance, rounding)), 0.0)


def _step_down(observed: Array, drawn: Array) -> Array:
    """(K,) adjusted p-values of |score| (K,), given draws (P, K) of the same."""
    order = np.argsort(-observed, kind="stable")
    adjusted, largest = np.empty(len(observed)), np.zeros(len(drawn))
    for k in order[::-1]:  # the largest of this and all smaller ones
        largest = np.maximum(largest, drawn[:, k])
        adjusted[k] = (1 + np.count_nonzero(largest >= observed[k] * (1 - 1e-9))) / (1 + len(drawn))
    adjusted[order] = np.maximum.accumulate(adjusted[order])
    return adjusted

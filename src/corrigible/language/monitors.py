"""What may warn of a collapse while a model is tuned: numbers of one step's samples, held against the base's own.

Monitors read samples, log-probabilities and nothing else: no gold, no evaluator. Each is higher where things look
worse. Its limit comes from steps of the untuned model, their mean and three deviations (that of the KL discount is
fixed); an alarm is two steps in a row beyond it. Whether any of them warns *before* gold falls is a question to be
measured, not assumed.
"""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

from corrigible.errors import BadInput
from corrigible.language.rewards import Texts
from corrigible.language.sampling import Samples

MONITORS: Final[Mapping[str, str]] = {
    "repeats": "share of a response's pairs of tokens that it said before",
    "one word": "share of the commonest token among all that were said",
    "sameness": "mean cosine between the token counts of two responses",
    "same response": "share of responses that another one of the step equals",
    "cheap to the reference": "nats a token that the reference gives to what is said, mean log-probability",
    "dear to the reference": "the same with its sign changed",
    "KL discount": "1 - log-ratio a token in the later half of places over that in the earlier half",
    "certainty": "mean log-probability a token under the policy itself, nats",
}
"""Name -> what it measures; `text_monitors` has more, that ask models."""

FIXED: Final[Mapping[str, float]] = {"KL discount": 0.5}
"""Limits of monitors that say nothing of the untuned model, whose log-ratios are all zero."""

DEVIATIONS: Final = 3.0
IN_A_ROW: Final = 2
LEAST_KL: Final = 0.02
"""Nats a token below which a discount of the KL means nothing, and is 0."""


class Sampled(Protocol):
    """What a step sampled: policy_gradient.Batch."""

    @property
    def samples(self) -> Samples:
        """The sampler's."""
        ...

    @property
    def texts(self) -> Texts:
        """As text."""
        ...

    @property
    def reward(self) -> NDArray[np.float64]:
        """(B,) what was paid."""
        ...

    @property
    def log_ratio(self) -> NDArray[np.float64]:
        """(B, T) nats, log p / q."""
        ...


def monitors_of(sampled: Sampled) -> dict[str, float]:
    """Every monitor's number of one step."""
    samples, log_ratio = sampled.samples, sampled.log_ratio
    rows = [samples.row(k) for k in range(len(samples.tokens))]
    said = max(1, int(samples.mask.sum()))
    policy = float(samples.log_prob.sum()) / said
    reference = policy - float(log_ratio.sum()) / said
    return {
        **repetition_of(rows),
        "cheap to the reference": reference,
        "dear to the reference": -reference,
        "KL discount": _discount(log_ratio, samples.mask),
        "certainty": policy,
    }


def repetition_of(rows: Sequence[Sequence[int]]) -> dict[str, float]:
    """The first four monitors, which need nothing but what was said: a row of tokens (or of words) a response."""
    counts = Counter(token for row in rows for token in row)
    responses = Counter(map(tuple, rows))
    return {
        "repeats": float(np.mean([_repeats(row) for row in rows])),
        "one word": max(counts.values(), default=0) / max(1, sum(map(len, rows))),
        "sameness": _sameness(rows),
        "same response": 1.0 - len(responses) / len(rows),
    }


def _repeats(row: Sequence[int]) -> float:
    """1 - distinct pairs of neighbours over all pairs; 0 where there is none."""
    pairs = list(pairwise(row))
    return 1.0 - len(set(pairs)) / len(pairs) if pairs else 0.0


def _sameness(rows: Sequence[Sequence[int]]) -> float:
    """Mean cosine over pairs of different rows; 0 where there is one row."""
    known, place = np.unique(np.concatenate([np.asarray(row, dtype=np.int64) for row in rows]), return_inverse=True)
    owner = np.repeat(np.arange(len(rows)), [len(row) for row in rows])
    counts = np.zeros((len(rows), len(known)))
    np.add.at(counts, (owner, place), 1.0)
    length = np.linalg.norm(counts, axis=1, keepdims=True)
    unit = counts / np.where(length > 0, length, 1.0)
    B = len(rows)
    whole = float(np.square(unit.sum(axis=0)).sum()) - float(np.square(unit).sum())
    return whole / (B * (B - 1)) if B > 1 else 0.0


def _discount(log_ratio: NDArray[np.float64], mask: NDArray[np.bool_]) -> float:
    half = max(1, mask.shape[1] // 2)
    early, late = (
        float(log_ratio[:, part].sum()) / max(1, int(mask[:, part].sum()))
        for part in (slice(0, half), slice(half, None))
    )
    return float(np.clip(1.0 - late / early, -1.0, 1.0)) if early > LEAST_KL else 0.0


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What the untuned model's steps allow. base: (steps, monitors) mean of them; limit: by name, alarms lie above."""

    steps: int
    base: dict[str, float]
    limit: dict[str, float]


def limits_of(base: Sequence[Mapping[str, float]]) -> Limits:
    """Limits from the monitors of steps of the untuned model. Raises BadInput where there are fewer than 5."""
    if len(base) < 5:
        raise BadInput(value=f"{len(base)} steps of the base", rule="limits need 5 at least", remedy="sample more")
    widened = DEVIATIONS * math.sqrt(1.0 + 1.0 / len(base))
    values = {name: np.array([step[name] for step in base]) for name in base[0]}
    return Limits(
        steps=len(base),
        base={name: float(found.mean()) for name, found in values.items()},
        limit={
            name: FIXED.get(name, float(found.mean() + widened * found.std(ddof=1))) for name, found in values.items()
        },
    )


def first_alarms(limits: Limits, steps: Sequence[int], seen: Sequence[Mapping[str, float]]) -> dict[str, int | None]:
    """By monitor, the step at which it had been beyond its limit IN_A_ROW times for the first time; None: never.

    seen: what every monitor said at each of `steps`.
    """
    found: dict[str, int | None] = dict.fromkeys(limits.limit)
    for name in found:
        row = 0
        for step, numbers in zip(steps, seen, strict=True):
            row = row + 1 if numbers.get(name, -math.inf) > limits.limit[name] + 1e-12 else 0
            if row == IN_A_ROW:
                found[name] = step
                break
    return found

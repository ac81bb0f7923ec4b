"""Prefix sensitivity: put a model n steps into a known failure, let it go on, and count how often it fails.

One mechanism for agents (the world is forked) and language models (the response is prefilled). It is no detector of
episodes, since it must act: it asks a `Continuer`, which sees no truth, and a sign of failure that shows in views.
Source: EleutherAI's study of prefills under supervised tuning (rh-indicators, 2026), which names reinforcement learning
as untested; it smooths zero counts before it takes logarithms. Here counts stay counts: a prefix that was never gone on
from is censored, and shares have exact intervals. docs/decisions/0017. `corrigible prefix RUN`.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np

from corrigible.errors import BadInput
from corrigible.types import Array, Checkpoint, Fails, Views

Continuer: TypeAlias = Callable[[Checkpoint, Mapping[str, Array], Array, Array, np.random.Generator], Views]
"""Checkpoint, stored episodes, columns (B,), steps (B,), generator -> B episodes that begin with those steps of those
columns and are the model's own from there on (`types.GoesOn` with its setup, which holds no truth)."""

LENGTHS: Final = (0, 1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128, 192, 256, 384, 512)
KNOWN: Final = 4
"""Known failures that a checkpoint is put into."""

COPIES: Final = 8
"""Times that it goes on from each prefix."""

NEVER: Final = -1


@dataclass(frozen=True, kw_only=True, eq=False)
class KnownFailures:
    """Episodes that failed: columns of one stored rollout, and after how many steps (K,) each had failed.

    seed: of the run whose last checkpoint did this.
    """

    seed: int
    arrays: Mapping[str, Array]
    columns: tuple[int, ...]
    after: tuple[int, ...]


@dataclass(frozen=True, kw_only=True)
class PrefixCurve:
    """One checkpoint of one seed of a condition, put into known failures. step: of its training.

    lengths (K,): steps of the prefix. failed, tries (K,): how often it went on to fail, of how many. needed: for every
    known failure and copy, the shortest prefix from which it did, NEVER where from none; longest: the last that was
    tried of that failure. donors: seeds that the failures came from.
    """

    condition: str
    seed: int
    step: int
    lengths: tuple[int, ...]
    failed: tuple[int, ...]
    tries: tuple[int, ...]
    needed: tuple[int, ...]
    longest: tuple[int, ...]
    donors: tuple[int, ...]

    @property
    def shares(self) -> tuple[float, ...]:
        """(K,) how often it failed, of its tries: no count is added to either."""
        return tuple(failed / tries for failed, tries in zip(self.failed, self.tries, strict=True))

    @property
    def unprompted(self) -> float:
        """How often it fails from nothing: what is there without any prefix."""
        return self.shares[0]

    @property
    def sensitivity(self) -> float:
        """Mean share over all prefixes but the empty one: from 0, never goes on, to 1, always does."""
        return float(np.mean(self.shares[1:])) if len(self.lengths) > 1 else self.shares[0]


def known_failures(
    fails: Fails, stored: Sequence[tuple[int, Mapping[str, Array], Views]], *, most: int = KNOWN
) -> tuple[KnownFailures, ...]:
    """At most `most` failing episodes, spread over rollouts in turn, the first of each; () where none failed.

    stored: seed, what `dump` gave, and the views of each rollout. A failure in its first step has no prefix, and is
    left out.
    """
    found: list[tuple[int, Mapping[str, Array], list[tuple[int, int]]]] = []
    for seed, arrays, views in stored:
        after = fails(views, np.zeros(views.trajectory.action.shape[1], dtype=np.int64))
        columns = [(int(b), int(after[b])) for b in np.flatnonzero(after > 1)]
        if columns:
            found.append((seed, arrays, columns))
    kept = [0] * len(found)
    while sum(kept) < most and any(k < len(columns) for k, (_, _, columns) in zip(kept, found, strict=True)):
        for place, (_, _, columns) in enumerate(found):
            if sum(kept) < most and kept[place] < len(columns):
                kept[place] += 1
    return tuple(
        KnownFailures(
            seed=seed,
            arrays=arrays,
            columns=tuple(column for column, _ in columns[:count]),
            after=tuple(after for _, after in columns[:count]),
        )
        for count, (seed, arrays, columns) in zip(kept, found, strict=True)
        if count
    )


def prefix_lengths(after: int, lengths: Sequence[int] = LENGTHS) -> tuple[int, ...]:
    """Those of `lengths` that stop short of the failure, and the last step before it. after: steps of the failure."""
    return (*(n for n in lengths if n < after - 1), after - 1)


def prefix_curve(
    continuer: Continuer,
    fails: Fails,
    checkpoint: Checkpoint,
    known: Sequence[KnownFailures],
    *,
    condition: str,
    seed: int,
    generator: np.random.Generator,
    lengths: Sequence[int] = LENGTHS,
    copies: int = COPIES,
) -> PrefixCurve:
    """Put a checkpoint into every known failure at every length, `copies` times each.

    Lengths that only some of the known failures are long enough for are counted over those. Raises BadInput where no
    failure is known, a length is negative or none is 0, or copies are fewer than 1.
    """
    _check(known, lengths, copies)
    counts: dict[int, list[int]] = {}
    needed: list[int] = []
    longest: list[int] = []
    for donor in (donor for donor in known if donor.columns):
        tried = [prefix_lengths(after, lengths) for after in donor.after]
        columns = np.repeat(donor.columns, [len(each) * copies for each in tried]).astype(np.int64)
        steps = np.concatenate([np.repeat(each, copies) for each in tried]).astype(np.int64)
        views = continuer(checkpoint, donor.arrays, columns, steps, generator)
        failed, begin = np.asarray(fails(views, steps)) >= 0, 0
        for each in tried:
            went_on = failed[begin : begin + len(each) * copies].reshape(len(each), copies)
            begin += len(each) * copies
            for n, row in zip(each, went_on, strict=True):
                count = counts.setdefault(n, [0, 0])
                count[0] += int(row.sum())
                count[1] += copies
            first = [each[int(column.argmax())] if column.any() else NEVER for column in went_on.T]
            needed += first
            longest += [each[-1]] * copies
    ordered = sorted(counts)
    return PrefixCurve(
        condition=condition,
        seed=seed,
        step=checkpoint.step,
        lengths=tuple(ordered),
        failed=tuple(counts[n][0] for n in ordered),
        tries=tuple(counts[n][1] for n in ordered),
        needed=tuple(needed),
        longest=tuple(longest),
        donors=tuple(donor.seed for donor in known),
    )


def changes_to(kind: str) -> Fails:
    """A sign of failure in worlds: a node becomes `kind`."""

    def fails(views: Views, first: Array) -> Array:
        trace = views.world_trace
        after = np.full(trace.worlds, NEVER, dtype=np.int64)
        wanted = np.array([name == kind for name in trace.kinds])
        counted = wanted[trace.after] & (trace.time >= first[trace.world])
        for time, world in zip(trace.time[counted], trace.world[counted], strict=True):
            if after[world] == NEVER or time + 1 < after[world]:
                after[world] = time + 1
        return after

    return fails


def _check(known: Sequence[KnownFailures], lengths: Sequence[int], copies: int) -> None:
    rules = (
        (
            "no known failure",
            any(donor.columns for donor in known),
            "at least one episode failed",
            "look at a run in which the model failed",
        ),
        (f"lengths {list(lengths)}", 0 in lengths and min(lengths) >= 0, "0 is among them, none is below", "give such"),
        (f"copies = {copies}", copies >= 1, "at least 1", "give more"),
    )
    for value, kept, rule, remedy in rules:
        if not kept:
            raise BadInput(value=value, rule=rule, remedy=remedy)

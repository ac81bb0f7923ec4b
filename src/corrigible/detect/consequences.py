"""What a policy changes or leaves in the world, against references, found without being told what to look for.

`find_consequences` describes every node by features, searches subgroups of nodes in which the policy and a reference
differ on half of the worlds, tests them on the other half, wants them again from seed to seed, and says them in
sentences. The detector `consequences` scores single episodes by the same features.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final, Literal

import numpy as np

from corrigible.detect.mining.axes import Limits
from corrigible.detect.mining.departures import fit_departures
from corrigible.detect.mining.halves import halves_of, least_p
from corrigible.detect.mining.nodes import Described, Frame, describe, frame_of
from corrigible.detect.mining.regions import Match, Region, find_regions, trials_of
from corrigible.detect.mining.tables import Table, tables_of
from corrigible.detect.mining.trials import Trial, adjusted_p, of_one_reference
from corrigible.detect.mining.wording import Shares, clauses, sentence
from corrigible.errors import BadInput
from corrigible.plugin import detector
from corrigible.statistics import Interval, log_odds, share_difference, share_interval, sign_flip_p
from corrigible.types import Array, Score, Views, WorldTrace

LEVEL: Final = 0.05
LEAST_EFFECT: Final = 0.1


@dataclass(frozen=True, kw_only=True)
class Consequence:
    """Something that the policy does to the world, and the reference does not, or the reverse; plain values alone.

    Attributes:
        sentence: for people.
        kind: of the nodes, as in the trace.
        outcome: what may happen to them (mining.tables.Outcome); "into" names the kind after a colon.
        direction: "changed" where the outcome is more frequent than in the reference, else "left".
        subgroup: the conditions that nodes meet, in words, at most three. limits: the same for programs, see `covers`.
        also: other conditions that nearly the same nodes meet.
        apart: nodes of earlier consequences that meet the conditions too are not counted.
        shares: of such nodes in the tested worlds, what `direction` says, one a seed; None where there is no node.
        references: the same of each reference; of those besides `against`, all worlds count.
        against: the reference that was searched and tested against.
        estimate, low, high: mean of `shares` over seeds and its 95 % interval; None for ends from one seed.
        difference, difference_low, difference_high: the same of `shares` minus those of `against`.
        effect: log2 of the odds ratio of the pooled shares, bits.
        p: over worlds, adjusted for all regions that were tested (family-wise).
        p_seeds: exact sign-flip p of the differences over seeds; its floor is 2 / 2^seeds.
        worlds: pairs of worlds (or worlds of the policy) that were tested, of all seeds. paired: which of the two.
        nodes: of the policy in those.
        seeds: with nodes on both sides. replicated: of those, in how many it was found again by itself.
    """

    sentence: str
    kind: str
    outcome: str
    direction: Literal["left", "changed"]
    subgroup: tuple[str, ...]
    limits: tuple[Limits, ...]
    also: tuple[tuple[str, ...], ...]
    apart: bool
    shares: tuple[float | None, ...]
    references: dict[str, tuple[float | None, ...]]
    against: str
    estimate: float
    low: float | None
    high: float | None
    difference: float
    difference_low: float | None
    difference_high: float | None
    effect: float
    p: float
    p_seeds: float
    worlds: int
    paired: bool
    nodes: int
    seeds: int
    replicated: int


def find_consequences(
    subject: Sequence[WorldTrace],
    references: Mapping[str, Sequence[WorldTrace]],
    *,
    generator: np.random.Generator,
    against: str | None = None,
    level: float = LEVEL,
    least_effect: float = LEAST_EFFECT,
) -> tuple[Consequence, ...]:
    """Consequences of a policy, most telling first.

    A subgroup counts where (1) its rate differs from the reference's by `least_effect` on the half of the worlds that
    is searched; (2) on the other half the permutation test over worlds, adjusted for all subgroups tested, rejects at
    `level`; (3) of several seeds, more than half (two at least) reject by themselves, and all differ the same way.
    One world counts once. (1) and (2) hold the chance of any false consequence of *these policies* to `level`; (3)
    asks whether another seed has it too, and `p_seeds` says how much that can mean with so few.

    Args:
        subject: traces of the policy, one a seed, one episode a column.
        references: traces by name; as many as of the subject (seed by seed), or one for all seeds. Against one trace no
            worlds are paired, and the seeds are pooled in (2); its chance is then common to all seeds in (3).
        generator: for the draws of the permutation tests; the worlds are parted by what they hold.
        against: the reference that is searched against; None takes the first.
        level: of the family-wise error, and of each seed's own test.
        least_effect: smallest difference of rates that is worth a sentence.

    Raises:
        BadInput: no trace, numbers of traces that do not fit, a trace without scene, scenes of different extent, or so
            few worlds that no test can reject (12 a seed suffice at a level of 0.05).
    """
    name = _checked(subject, references, against)
    chosen = {key: _for_each_seed(traces, len(subject)) for key, traces in references.items()}
    traces = [*subject, *(trace for several in chosen.values() for trace in several)]
    frame = frame_of(traces)
    described = {id(trace): describe(trace, frame) for trace in {id(trace): trace for trace in traces}.values()}
    worlds = [trace.worlds for trace in traces]
    tables = tables_of([described[id(trace)] for trace in traces], worlds, frame)
    rows = _rows(worlds, len(subject), tuple(chosen))
    shared = len(subject) > len(references[name])
    matches = [
        Match(subject=int(mine[0]), reference=int(other[0]), halves=halves_of(trace, reference, pair=not shared))
        for mine, other, trace, reference in zip(rows[""], rows[name], subject, chosen[name], strict=True)
    ]
    _require_worlds(matches, level)
    regions = [region for table in tables for region in find_regions(table, matches, frame, least_effect)]
    if not regions:
        return ()
    judged = _judge(regions, matches, generator, level, shared=shared)
    found = [_consequence(item, frame, name, rows, generator) for item in judged]
    return tuple(item for item in found if abs(item.difference) >= least_effect)


def covers(consequence: Consequence, nodes: Described, frame: Frame) -> Array:
    """(M,) bool: which described nodes are of the consequence's kind and meet its conditions."""
    found = nodes.kind == frame.kinds.index(consequence.kind)
    number = {axis.name: at for at, axis in enumerate(frame.axes)}
    for limits in consequence.limits:
        at = number[limits.axis]
        first, last = frame.axes[at].range(limits)
        found &= (nodes.codes[:, at] >= first) & (nodes.codes[:, at] <= last)
    return found


def sentences(consequences: Sequence[Consequence]) -> tuple[str, ...]:
    """One sentence each, in the order given; a single one that says so where there is none."""
    return tuple(item.sentence for item in consequences) or (
        "Nothing that was changed or left in the world differs from the reference.",
    )


@detector(
    "consequences",
    reads=("world_trace",),
    summary="nodes changed, or left, at rates unlike the reference's, by what and where they are",
)
def consequences(reference: Views) -> Score:
    """Fit on a trace with a scene in which each column is one episode; suspicion in nats, one for each column.

    Nodes of kinds that the reference changes are counted by kind, by how much of their group is changed, and by the
    value of each feature; a cell's departure is n times the divergence of the episode's rate from the reference's, over
    1 + its mean among the reference's episodes; the sum is divided by the number of features. Kinds that the reference
    never changes are one cell each.

    Raises:
        BadInput: a trace without a scene, a reference without a column, or scenes of another extent.
    """
    trace = reference.world_trace
    if trace.worlds < 1:
        raise BadInput(
            value="the reference's world_trace holds 0 worlds",
            rule="a detector is fitted on at least one",
            remedy="give reference episodes",
        )
    departures = fit_departures(trace)

    def score(views: Views) -> Array:
        return departures.score(views.world_trace)

    return score


@dataclass(frozen=True, kw_only=True, eq=False)
class _Judged:
    """A region that counts: its own column of the trials, and what the tests gave."""

    region: Region
    trials: tuple[Trial, ...]
    p: float
    replicated: int
    shares: Array
    other_shares: Array


def _checked(subject: Sequence[WorldTrace], references: Mapping[str, Sequence[WorldTrace]], against: str | None) -> str:
    """The name of the reference that is searched against; BadInput where numbers do not fit."""
    if not subject or not references or "" in references:
        raise BadInput(
            value=f"{len(subject)} traces and references {list(references)}",
            rule="there is at least one trace and one reference, and references have names",
            remedy="give traces of a policy and of a reference",
        )
    for name, traces in references.items():
        if len(traces) not in (1, len(subject)):
            raise BadInput(
                value=f"{len(traces)} traces of {name}",
                rule=f"there are as many as of the policy, {len(subject)}, or one for all seeds",
                remedy="give one trace a seed, in the same order",
            )
    name = next(iter(references)) if against is None else against
    if name not in references:
        raise BadInput(
            value=f"against = {name!r}", rule="it is one of the references", remedy=f"one of {', '.join(references)}"
        )
    return name


def _require_worlds(matches: Sequence[Match], level: float) -> None:
    """BadInput where the tested half of a seed is so small that it could never reject."""
    for seed, match in enumerate(matches):
        if least_p(match.halves) > level:
            tested = len(match.halves.test[0])
            raise BadInput(
                value=f"{tested} worlds to test in trace {seed}",
                rule=f"their smallest p-value, {least_p(match.halves):.3g}, must reach the level {level:g}",
                remedy="roll out more episodes; half of them are tested",
            )


def _for_each_seed(traces: Sequence[WorldTrace], seeds: int) -> tuple[WorldTrace, ...]:
    return tuple(traces) if len(traces) == seeds else tuple(traces) * seeds


def _rows(worlds: Sequence[int], seeds: int, names: Sequence[str]) -> dict[str, list[Array]]:
    """Rows of the tables that hold each trace's worlds: of the subject, "", and of each reference by seed."""
    bounds = np.concatenate(([0], np.cumsum(worlds)))
    spans = [np.arange(low, high) for low, high in pairwise(bounds)]
    return {name: spans[k * seeds : (k + 1) * seeds] for k, name in enumerate(("", *names))}


def _judge(
    regions: Sequence[Region], matches: Sequence[Match], generator: np.random.Generator, level: float, *, shared: bool
) -> list[_Judged]:
    """The regions that count, by gain; shared: one trace is the reference of all seeds."""
    all_trials = trials_of(regions, matches, tested=True)
    together, _ = adjusted_p([of_one_reference(all_trials)] if shared else all_trials, generator)
    passed = [number for number in np.argsort([-region.gain for region in regions]) if together[number] <= level]
    if not passed:
        return []
    trials = trials_of([regions[number] for number in passed], matches, tested=True)
    _, each = adjusted_p(trials, generator)
    found: list[_Judged] = []
    for column, number in enumerate(passed):
        own = tuple(_column(trial, column) for trial in trials)
        item = _Judged(
            region=regions[number],
            trials=own,
            p=float(together[number]),
            replicated=int((each[:, column] <= level).sum()),
            shares=_shares([(trial.eligible, trial.hits) for trial in own]),
            other_shares=_shares([(trial.other_eligible, trial.other_hits) for trial in own]),
        )
        if _again(item):
            found.append(item)
    return found


def _again(item: _Judged) -> bool:
    """Whether it is found from seed to seed: by itself in more than half, and nowhere the other way round."""
    difference = (item.shares - item.other_shares)[~np.isnan(item.shares + item.other_shares)]
    one_way = bool((difference > 0).all() or (difference < 0).all())
    return one_way and item.replicated >= min(2, len(difference)) and 2 * item.replicated > len(difference)


def _column(trial: Trial, column: int) -> Trial:
    cut = slice(column, column + 1)
    return Trial(
        eligible=trial.eligible[:, cut],
        hits=trial.hits[:, cut],
        other_eligible=trial.other_eligible[:, cut],
        other_hits=trial.other_hits[:, cut],
        paired=trial.paired,
    )


def _shares(counts: Sequence[tuple[Array, Array]]) -> Array:
    """(S,) hits over eligible; nan where nothing is eligible."""
    n = np.array([float(eligible.sum()) for eligible, _ in counts])
    hits = np.array([float(happened.sum()) for _, happened in counts])
    return np.where(n > 0, hits / np.maximum(n, 1.0), np.nan)


def _consequence(
    item: _Judged,
    frame: Frame,
    against: str,
    rows: Mapping[str, Sequence[Array]],
    generator: np.random.Generator,
) -> Consequence:
    table, region = item.region.table, item.region
    known = ~np.isnan(item.shares + item.other_shares)
    more = bool(item.shares[known].mean() > item.other_shares[known].mean())

    def said(shares: Array) -> Array:
        return shares if more else 1.0 - shares

    mine, other = said(item.shares), said(item.other_shares)
    rest = {name: said(_of_rows(table, region.mask, at)) for name, at in rows.items() if name not in ("", against)}
    shares = {against: other, **rest}
    share, difference = share_interval(mine[known]), share_difference(mine[known], other[known])
    words = clauses(region.conditions, frame)
    return Consequence(
        sentence=sentence(
            region, frame, more=more, shares=Shares(subject=share, references={n: _mean(s) for n, s in shares.items()})
        ),
        kind=frame.kinds[table.kind],
        outcome=f"into: {frame.kinds[table.into]}" if table.outcome == "into" else table.outcome,
        direction="changed" if more else "left",
        subgroup=words,
        limits=tuple(frame.axes[item.axis].limits(item.first, item.last) for item in region.conditions),
        also=tuple(clauses(conditions, frame) for conditions in region.also),
        apart=region.apart,
        shares=_plain(mine),
        references={name: _plain(values) for name, values in shares.items()},
        against=against,
        estimate=share.estimate,
        low=_end(share, share.low),
        high=_end(share, share.high),
        difference=difference.estimate,
        difference_low=_end(difference, difference.low),
        difference_high=_end(difference, difference.high),
        effect=_bits(item.trials),
        p=item.p,
        p_seeds=sign_flip_p(mine[known] - other[known], generator),
        worlds=sum(len(trial.hits) for trial in item.trials),
        paired=all(trial.paired for trial in item.trials),
        nodes=int(sum(trial.eligible.sum() for trial in item.trials)),
        seeds=int(known.sum()),
        replicated=item.replicated,
    )


def _bits(trials: Sequence[Trial]) -> float:
    """log2 of the odds ratio of the pooled shares, above zero."""
    mine, n, other, m = (
        int(sum(getattr(trial, name).sum() for trial in trials))
        for name in ("hits", "eligible", "other_hits", "other_eligible")
    )
    return abs(log_odds(mine, n) - log_odds(other, m))


def _of_rows(table: Table, mask: Array, rows: Sequence[Array]) -> Array:
    eligible, hits = table.by_world(mask[:, None])
    return _shares([(eligible[chosen], hits[chosen]) for chosen in rows])


def _mean(shares: Array) -> float | None:
    known = shares[~np.isnan(shares)]
    return float(known.mean()) if known.size else None


def _plain(shares: Array) -> tuple[float | None, ...]:
    return tuple(None if np.isnan(value) else float(value) for value in shares)


def _end(interval: Interval, end: float) -> float | None:
    return None if interval.n < 2 else end

"""What a tuned model says that the reference does not, found without being told what to look for.

Features of responses are made up from half of them: words, pairs, openings, lengths, repeats, clusters of embeddings.
Those whose rates differ there are tested on the other half, held to a family-wise error, and wanted again from seed to
seed, as `consequences` does for worlds. What is found is said in sentences, the largest difference first.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import NDArray
from scipy.stats import fisher_exact

from corrigible.detect.mining.text_features import Embed, Feature, in_words, text_features
from corrigible.errors import BadInput
from corrigible.statistics import holm, log_odds, share_difference, share_interval

LEVEL: Final = 0.05
LEAST_EFFECT: Final = 0.1
LEAST_RESPONSES: Final = 16
"""Of a seed, at least: half of them are tested."""

MOST: Final = 100
"""Features that are tested, those that differ most in the half that is searched."""

SAME: Final = 0.9
"""Share of common responses from which on two features are one."""

Responses = Sequence[Sequence[str]]
"""One sequence of responses a seed."""


@dataclass(frozen=True, kw_only=True)
class TextConsequence:
    """Something that responses of the policy do more or less often than those of the reference; plain values alone.

    Attributes:
        sentence: for people.
        family, value: what the feature is (mining.text_features).
        direction: "more" or "less" often than in the reference. also: features of nearly the same responses.
        shares: of the tested responses, those that do what the sentence says, one a seed. references: the same of each.
        against: the reference that was searched and tested against.
        estimate, low, high: mean of `shares` over seeds with its 95 % interval; None for ends from one seed.
        difference: of the means, against the reference; difference_low, difference_high: its interval.
        effect: log2 of the odds ratio of the pooled shares, bits.
        p: Fisher's exact test on the pooled responses of the tested half, by Holm over all that were tested.
        seeds: how many there are; replicated: in how many it was found again by itself.
    """

    sentence: str
    family: str
    value: str
    direction: Literal["more", "less"]
    also: tuple[str, ...]
    shares: tuple[float, ...]
    references: dict[str, tuple[float, ...]]
    against: str
    estimate: float
    low: float | None
    high: float | None
    difference: float
    difference_low: float | None
    difference_high: float | None
    effect: float
    p: float
    seeds: int
    replicated: int


@dataclass(frozen=True, kw_only=True, eq=False)
class _Counts:
    """Of one feature in the tested half: (S,) hits and numbers of responses of the policy and of the reference."""

    hits: NDArray[np.int64]
    n: NDArray[np.int64]
    other_hits: NDArray[np.int64]
    other_n: NDArray[np.int64]

    def p(self) -> float:
        """Of all seeds together."""
        return _fisher(int(self.hits.sum()), int(self.n.sum()), int(self.other_hits.sum()), int(self.other_n.sum()))

    def replicated(self) -> int:
        """Seeds that reject by themselves."""
        rows = zip(self.hits, self.n, self.other_hits, self.other_n, strict=True)
        return sum(_fisher(*map(int, row)) <= LEVEL for row in rows)

    def again(self) -> bool:
        """In more than half of the seeds by itself (two at least, of several), and nowhere the other way round."""
        difference = self.hits / self.n - self.other_hits / self.other_n
        one_way = bool((difference > 0).all() or (difference < 0).all())
        found, seeds = self.replicated(), len(self.n)
        return one_way and found >= min(2, seeds) and 2 * found > seeds


def find_text_consequences(
    subject: Responses,
    references: Mapping[str, Responses],
    *,
    generator: np.random.Generator,
    prompts: int = 1,
    embed: Embed | None = None,
) -> tuple[TextConsequence, ...]:
    """Consequences of a tuning, those that differ most first.

    Args:
        subject: responses of the policy, one sequence a seed.
        references: the same by name; the first is searched and tested against.
        generator: for the clusters.
        prompts: how many prompts the responses answer in turn, so that both halves answer all of them.
        embed: embeds responses, for clusters; None leaves them out.

    Raises:
        BadInput: no seed or reference, numbers of seeds that differ, or fewer than 16 responses of a seed.
    """
    against = _checked(subject, references)
    mine = [_halves(texts, prompts) for texts in subject]
    other = [_halves(texts, prompts) for texts in references[against]]
    searched = [text for pairs in (mine, other) for half, _ in pairs for text in half]
    features = text_features(searched, embed, generator)
    first = _rates([features.of(half) for half, _ in mine]), _rates([features.of(half) for half, _ in other])
    gap = {feature: abs(first[0][feature] - first[1][feature]) for feature in first[0]}
    chosen = sorted((f for f in gap if gap[f] >= LEAST_EFFECT), key=lambda f: (-gap[f], f))[:MOST]
    if not chosen:
        return ()
    tested = [features.of(half) for _, half in mine]
    beside = {name: [features.of(_halves(texts, prompts)[1]) for texts in rows] for name, rows in references.items()}
    counts = {feature: _counts(feature, tested, beside[against]) for feature in chosen}
    adjusted = holm([counts[feature].p() for feature in chosen])
    passed = {f: float(p) for f, p in zip(chosen, adjusted, strict=True) if p <= LEVEL and counts[f].again()}
    found: list[TextConsequence] = []
    for feature, others in _merged(list(passed), tested).items():
        item = _consequence((feature, *others), counts[feature], passed[feature], beside, against)
        if abs(item.difference) >= LEAST_EFFECT:
            found.append(item)
    return tuple(sorted(found, key=lambda item: -abs(item.difference)))


def _checked(subject: Responses, references: Mapping[str, Responses]) -> str:
    if not subject or not references or any(len(rows) != len(subject) for rows in references.values()):
        raise BadInput(
            value=f"{len(subject)} seeds and references of {[len(rows) for rows in references.values()]}",
            rule="there is a seed, a reference, and as many seeds of each",
            remedy="give responses seed by seed, in the same order",
        )
    fewest = min(len(texts) for rows in (subject, *references.values()) for texts in rows)
    if fewest < LEAST_RESPONSES:
        raise BadInput(
            value=f"{fewest} responses of a seed",
            rule=f"there are at least {LEAST_RESPONSES}, of which half are tested",
            remedy="evaluate more",
        )
    return next(iter(references))


def _halves(texts: Sequence[str], prompts: int) -> tuple[list[str], list[str]]:
    """Rounds of all prompts in turn: to be searched, and to be tested."""
    halves: tuple[list[str], list[str]] = ([], [])
    for number, text in enumerate(texts):
        halves[number // prompts % 2].append(text)
    return halves


def _rates(seeds: Sequence[Mapping[Feature, NDArray[np.bool_]]]) -> dict[Feature, float]:
    return {feature: float(np.mean([seed[feature].mean() for seed in seeds])) for feature in seeds[0]}


def _counts(
    feature: Feature,
    mine: Sequence[Mapping[Feature, NDArray[np.bool_]]],
    other: Sequence[Mapping[Feature, NDArray[np.bool_]]],
) -> _Counts:
    rows = ([seed[feature] for seed in mine], [seed[feature] for seed in other])
    hits, other_hits = (np.array([int(row.sum()) for row in side]) for side in rows)
    n, other_n = (np.array([len(row) for row in side]) for side in rows)
    return _Counts(hits=hits, n=n, other_hits=other_hits, other_n=other_n)


def _fisher(hits: int, n: int, other_hits: int, other_n: int) -> float:
    found: Any = fisher_exact([[hits, n - hits], [other_hits, other_n - other_hits]])
    return float(found.pvalue)


def _merged(
    features: Sequence[Feature], tested: Sequence[Mapping[Feature, NDArray[np.bool_]]]
) -> dict[Feature, list[Feature]]:
    """Features that nearly the same responses have, under the first of them."""
    whole = {feature: np.concatenate([seed[feature] for seed in tested]) for feature in features}
    found: dict[Feature, list[Feature]] = {}
    for feature in features:
        for kept, same in found.items():
            either = (whole[feature] | whole[kept]).sum()
            if either and (whole[feature] & whole[kept]).sum() >= SAME * either:
                same.append(feature)
                break
        else:
            found[feature] = []
    return found


def _consequence(
    features: Sequence[Feature],
    counts: _Counts,
    p: float,
    beside: Mapping[str, Sequence[Mapping[Feature, NDArray[np.bool_]]]],
    against: str,
) -> TextConsequence:
    feature, *others = features
    more = bool((counts.hits / counts.n).mean() > (counts.other_hits / counts.other_n).mean())

    def said(shares: NDArray[np.float64]) -> NDArray[np.float64]:
        return shares if more else 1.0 - shares

    mine = said(counts.hits / counts.n)
    rest = {name: said(np.array([seed[feature].mean() for seed in rows])) for name, rows in beside.items()}
    share, difference = share_interval(mine), share_difference(mine, rest[against])
    ends = (None, None) if share.n < 2 else (share.low, share.high)
    told = "; ".join(f"{name}: {100 * float(values.mean()):.0f} %" for name, values in rest.items())
    width = " (one seed)" if ends[0] is None else f" [{100 * share.low:.0f}, {100 * share.high:.0f}]"
    effect = log_odds(int(counts.hits.sum()), int(counts.n.sum())) - log_odds(
        int(counts.other_hits.sum()), int(counts.other_n.sum())
    )
    return TextConsequence(
        sentence=f"{100 * share.estimate:.0f} %{width} of the responses {in_words(feature, more=more)} ({told}).",
        family=feature[0],
        value=feature[1],
        direction="more" if more else "less",
        also=tuple(in_words(other, more=more) for other in others),
        shares=tuple(map(float, mine)),
        references={name: tuple(map(float, values)) for name, values in rest.items()},
        against=against,
        estimate=share.estimate,
        low=ends[0],
        high=ends[1],
        difference=difference.estimate,
        difference_low=None if difference.n < 2 else difference.low,
        difference_high=None if difference.n < 2 else difference.high,
        effect=abs(effect),
        p=p,
        seeds=len(mine),
        replicated=counts.replicated(),
    )

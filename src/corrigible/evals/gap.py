"""Is a public eval gamed? By how much it exceeds a held-out one of the same difficulty, and whether n could tell.

GAP: the interval of public - held-out lies above the smallest gap that matters. NO GAP: it lies below. Otherwise
INCONCLUSIVE, with the items that would tell. `corrigible gap test`.
"""

from dataclasses import dataclass
from math import ceil
from pathlib import Path
from typing import Annotated, Final, Literal, Self, TypeAlias

from pydantic import Field, model_validator

from corrigible.documents import Document, fault, read_document
from corrigible.errors import BadInput
from corrigible.evals.leak import MOST_ITEMS, MOST_QUERIES, best_ends, expected_best, share_behind_best
from corrigible.statistics import Interval
from corrigible.statistics.proportions import (
    chance_to_exclude,
    difference_ends,
    items_needed,
    items_to_exclude,
    score_ends,
)
from corrigible.statistics.samples import whole

Verdict: TypeAlias = Literal["GAP", "NO GAP", "INCONCLUSIVE"]
"""It exceeds by more than the smallest gap; it does not; these items cannot tell."""

SMALLEST: Final = (1e-4, 0.9999)
SURE: Final = (0.01, 0.999999)
"""Least and greatest smallest gap; least and greatest level and power. Beyond, no number of items is of use."""

Smallest: TypeAlias = Annotated[float, Field(ge=SMALLEST[0], le=SMALLEST[1], allow_inf_nan=False)]
Sure: TypeAlias = Annotated[float, Field(ge=SURE[0], le=SURE[1], allow_inf_nan=False)]
Queries: TypeAlias = Annotated[int, Field(ge=1, le=MOST_QUERIES)]


ENUMERATED: Final = 5000
"""Up to so many items the chance of NO GAP is enumerated; beyond, the normal approximation is near enough."""

STEP: Final = 100
"""The search for the items needed goes up by a hundredth."""


class Score(Document):
    """How many items of an eval were answered right."""

    correct: Annotated[int, Field(ge=0)]
    items: Annotated[int, Field(ge=1, le=MOST_ITEMS)]

    @model_validator(mode="after")
    def _is_a_share(self) -> Self:
        if self.correct > self.items:
            raise fault(f"{self.correct} correct of {self.items}: no more can be right than there are", "correct")
        return self


class Stratum(Document):
    """Items of one difficulty in both evals."""

    stratum: Annotated[str, Field(min_length=1, max_length=200)]
    public: Score
    held_out: Score


class Results(Document):
    """Results on both evals, by strata of matched difficulty (one: all items are alike).

    smallest: the smallest gap that matters, a share from 0.0001. queries: from how many tries the score is the best.
    """

    schema_: Annotated[Literal[1], Field(alias="schema")]
    smallest: Smallest
    level: Sure = 0.95
    power: Sure = 0.8
    public_queries: Queries = 1
    held_out_queries: Queries = 1
    strata: Annotated[tuple[Stratum, ...], Field(min_length=1, max_length=1000, strict=False)]

    @classmethod
    def checked(cls, *, smallest: float, level: float, power: float, strata: tuple[Stratum, ...]) -> Self:
        """Results of single tries; BadInput where a share is out of its range."""
        return cls.model_validate(
            {
                "schema": 1,
                "smallest": _within(smallest, "smallest", SMALLEST),
                "level": _within(level, "level", SURE),
                "power": _within(power, "power", SURE),
                "strata": strata,
            }
        )

    @model_validator(mode="after")
    def _can_be_compared(self) -> Self:
        names = [item.stratum for item in self.strata]
        for place, name in enumerate(names):
            if name in names[:place]:
                raise fault(f"stratum {name!r} stands twice", "strata", place, "stratum")
        for key, queries in (("public_queries", self.public_queries), ("held_out_queries", self.held_out_queries)):
            if queries > 1 and len(names) > 1:
                raise fault("the best of several tries is chosen over all items: give one stratum", key)
        return self


@dataclass(frozen=True, kw_only=True)
class Side:
    """One eval: shares of items, and how many items it is worth.

    Attributes:
        seen: share correct, weighted over strata.
        share: the same without what choosing the best of `queries` gave; equal to `seen` where queries is 1.
        low, high: interval of `share`.
        items: how many there are; worth: items of one stratum that would tell as much.
        queries: tries of which the score is the best.
    """

    seen: float
    share: float
    low: float
    high: float
    items: int
    worth: float
    queries: int


@dataclass(frozen=True, kw_only=True)
class Gap:
    """Public minus held-out.

    Attributes:
        interval: of the difference of shares; n: items of both evals together.
        public, held_out: both evals.
        smallest: the gap that matters, a share.
        needed: items per eval (in the same mix of strata) with which a gap of `smallest` is told from none with chance
            `power`, at the held-out share seen.
        best_expected: share on the public eval that the best of its queries shows where there is no gap.
    """

    verdict: Verdict
    interval: Interval
    public: Side
    held_out: Side
    smallest: float
    power: float
    needed: int
    best_expected: float


def read_results(path: Path) -> Results:
    """Read results strictly; BadInput names file, line and what is wrong there."""
    return read_document(path, Results)


def one_stratum(
    public: tuple[int, int],
    held_out: tuple[int, int],
    *,
    smallest: float,
    level: float = 0.95,
    power: float = 0.8,
    queries: tuple[int, int] = (1, 1),
) -> Results:
    """Results of two pairs (correct, items); queries: tries on the public eval, on the held-out one.

    Raises:
        BadInput: correct outside 0 .. items, no items, a share out of its range, or fewer than one query.
    """
    scores = [_score(name, *pair) for name, pair in (("public", public), ("held-out", held_out))]
    return Results.model_validate(
        {
            "schema": 1,
            "smallest": _within(smallest, "smallest", SMALLEST),
            "level": _within(level, "level", SURE),
            "power": _within(power, "power", SURE),
            "public_queries": _at_most(
                whole(queries[0], name="public queries", least=1), "public queries", MOST_QUERIES
            ),
            "held_out_queries": _at_most(
                whole(queries[1], name="held-out queries", least=1), "held-out queries", MOST_QUERIES
            ),
            "strata": (Stratum(stratum="all", public=scores[0], held_out=scores[1]),),
        }
    )


def measure(results: Results) -> Gap:
    """The gap with its interval and verdict.

    Strata are pooled with the weights of Mantel & Haenszel 1959, n m / (n + m): the same mix of difficulty on both
    sides. Each side has a score interval at its effective number of items, 1 / sum of w^2 / n (as in Yan & Su 2010,
    Stat. Biopharm. Res. 2:329; wide where strata differ much), the difference that of Newcombe 1998. A score that is
    the best of several has the exact interval of `best_ends`.
    """
    raw = [
        item.public.items * item.held_out.items / (item.public.items + item.held_out.items) for item in results.strata
    ]
    weights = [weight / sum(raw) for weight in raw]
    public = _side([item.public for item in results.strata], weights, results.public_queries, results.level)
    held_out = _side([item.held_out for item in results.strata], weights, results.held_out_queries, results.level)
    ends = difference_ends(public.share, held_out.share, (public.low, public.high), (held_out.low, held_out.high))
    chosen = results.public_queries > 1 or results.held_out_queries > 1
    found = Interval(
        estimate=public.share - held_out.share,
        low=ends[0],
        high=ends[1],
        level=results.level,
        n=public.items + held_out.items,
        method="exact for the best of several, combined as Newcombe 1998"
        if chosen
        else f"Newcombe 1998{', Mantel-Haenszel weights' if len(results.strata) > 1 else ''}",
    )
    spread = max(public.items / public.worth, held_out.items / held_out.worth)
    return Gap(
        verdict=_verdict(found, results.smallest),
        interval=found,
        public=public,
        held_out=held_out,
        smallest=results.smallest,
        power=results.power,
        needed=ceil(_needed(held_out.share, results) * spread - 1e-6),
        best_expected=expected_best(held_out.share, public.items, public.queries),
    )


def _needed(share: float, results: Results) -> int:
    """Both ways: to see a gap of the smallest size, and to exclude it where there is none."""
    asked = (share, results.smallest, results.level, results.power)
    n = max(items_needed(*asked), items_to_exclude(*asked))
    while n < ENUMERATED and chance_to_exclude(share, n, results.smallest, results.level) < results.power:
        n += max(1, n // STEP)  # near 0 and 1 the approximation is too low
    return n


def _verdict(found: Interval, smallest: float) -> Verdict:
    if found.low > smallest:
        return "GAP"
    return "NO GAP" if found.high < smallest else "INCONCLUSIVE"


def _side(scores: list[Score], weights: list[float], queries: int, level: float) -> Side:
    pairs = list(zip(scores, weights, strict=True))
    items = sum(item.items for item in scores)
    seen = min(1.0, sum(weight * item.correct / item.items for item, weight in pairs))
    worth = 1 / sum(weight * weight / item.items for item, weight in pairs)
    if queries == 1:
        share, (low, high) = seen, score_ends(seen, worth, level)
    else:
        correct = scores[0].correct
        share = share_behind_best(correct, items, queries)
        low, high = best_ends(correct, items, queries, level)
    return Side(
        seen=seen,
        share=share,
        low=min(low, share),
        high=max(high, share),
        items=items,
        worth=worth,
        queries=queries,
    )


def _score(name: str, correct: int, items: int) -> Score:
    n = _at_most(whole(items, name=f"{name} items", least=1), f"{name} items", MOST_ITEMS)
    hits = whole(correct, name=f"{name} correct", least=0)
    if hits > n:
        raise BadInput(
            value=f"{name}: {hits} correct of {n}",
            rule="no more can be right than there are items",
            remedy="give the number correct first, then the number of items",
        )
    return Score(correct=hits, items=n)


def _at_most(value: int, name: str, most: int) -> int:
    if value > most:
        raise BadInput(value=f"{name} = {value}", rule=f"{name} is at most {most}", remedy=f"give at most {most}")
    return value


def _within(value: float, name: str, bounds: tuple[float, float]) -> float:
    if not bounds[0] <= value <= bounds[1]:
        raise BadInput(
            value=f"{name} = {value:g}",
            rule=f"{name} lies from {bounds[0]} to {bounds[1]}",
            remedy="give it as a fraction, such as 0.05 or 0.95",
        )
    return value

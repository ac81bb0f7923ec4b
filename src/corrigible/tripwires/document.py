"""A tripwire as a document: which metric, who owns it, what trips it, and what is promised of healthy runs."""

from pathlib import Path
from typing import Annotated, Final, Literal, Self, TypeAlias

from pydantic import Field, model_validator

from corrigible.documents import Document, fault, read_document
from corrigible.oversight.moments import Span
from corrigible.oversight.policies import Name, Number, Text
from corrigible.tripwires.rare_counts import critical_count, spent

Share = Annotated[float, Field(gt=0, lt=1, allow_inf_nan=False, strict=False)]

MOST_CHECKPOINTS: Final = 10_000
LARGEST_STEP: Final = 2**53


class Plan(Document):
    """When the run is evaluated: at steps first, first + every, .., `checkpoints` times.

    `grace`: how many steps a checkpoint may be late before its absence trips; without it absence never trips.
    """

    checkpoints: Annotated[int, Field(ge=1, le=MOST_CHECKPOINTS)]
    first: Annotated[int, Field(ge=0, le=LARGEST_STEP)]
    every: Annotated[int, Field(ge=1, le=10**12)]
    grace: Annotated[int, Field(ge=0, le=10**12)] | None = None

    @model_validator(mode="after")
    def _grace_is_short(self) -> Self:
        if self.grace is not None and self.grace >= self.every:
            raise fault("a grace is shorter than the steps between two checkpoints", "grace")
        return self


class Assumed(Document):
    """What `corrigible trip figures` simulates: items a checkpoint, and a run that takes off.

    From checkpoint `takes_off_at` (from 1) on, the share moves by `moves_by` at every checkpoint, up to 0 or 1.
    """

    items: Annotated[int, Field(ge=1, le=10**6)]
    takes_off_at: Annotated[int, Field(ge=1, le=MOST_CHECKPOINTS)]
    moves_by: Share


class Level(Document):
    """Trips where a healthy share would rarely give as many of n items; the rate is spent over the checkpoints."""

    kind: Literal["level"]
    spending: Literal["even", "pocock", "obrien-fleming"] = "even"
    """even: the same at each (Bonferroni); pocock: more at early ones; obrien-fleming: nearly all at late ones."""


class Bound(Document):
    """Trips where the metric reaches a number. No rate of false alarms is known unless it is simulated."""

    kind: Literal["bound"]
    bound: Number


class Cusum(Document):
    """Trips where evidence for the share `suspect`, against the healthy one, adds up to `threshold` (in nats)."""

    kind: Literal["cusum"]
    suspect: Share
    threshold: Annotated[float, Field(gt=0, le=1e6, allow_inf_nan=False, strict=False)]


class Growth(Document):
    """Trips where the log-odds surely grow faster than `rate` a checkpoint, over the last `window` points."""

    kind: Literal["growth"]
    window: Annotated[int, Field(ge=3, le=100)]
    rate: Annotated[float, Field(ge=0, le=1e3, allow_inf_nan=False, strict=False)] = 0.0


class Missing(Document):
    """Trips only where a planned checkpoint has not come by its grace."""

    kind: Literal["missing"]


DetectorNumbers: TypeAlias = Annotated[Level | Bound | Cusum | Growth | Missing, Field(discriminator="kind")]


class Tripwire(Document):
    """One tripwire. Nobody's tripwire is refused: somebody has to decide what comes after it."""

    schema_: Annotated[Literal[1], Field(alias="schema")]
    tripwire: Name
    what: Text
    fictional: bool = False
    metric: Annotated[str, Field(min_length=1, max_length=120)]
    owner: Name
    deputy: Name | None = None
    """Takes over when the owner's time is up."""
    escalates_to: Name | None = None
    """A decision of the owners' register; who decides that takes over after owner and deputy."""
    proposes: Name | None = None
    """Who trains, and would ask to go on: nobody decides on a run of their own."""
    acknowledge: Span | None = None
    """How long the owner has to say that they have seen it; whoever has not is passed over."""
    deadline: Span
    """How long the owner has to decide once it trips."""
    at_stake: Text | None = None
    """What it would cost to go on once it trips."""
    side: Literal["above", "below"] = "above"
    """Which way is alarming."""
    healthy: Share | None = None
    """Share of a healthy run."""
    false_alarms: Share | None = None
    """Promised: at most this share of healthy runs is stopped, over all planned checkpoints."""
    plan: Plan
    detector: DetectorNumbers
    assumed: Assumed | None = None

    @model_validator(mode="after")
    def _is_complete(self) -> Self:
        kind = self.detector.kind
        if kind in ("level", "cusum") and self.healthy is None:
            raise fault(f"the detector {kind} needs the share of a healthy run", "healthy")
        if kind in ("level", "cusum", "growth") and self.false_alarms is None:
            raise fault("say which share of healthy runs it may stop, such as 0.05", "false_alarms")
        if kind == "missing" and self.plan.grace is None:
            raise fault("say how many steps a checkpoint may be late", "plan", "grace")
        if kind == "missing" and self.false_alarms is not None:
            raise fault("a checkpoint that does not come is no chance event; leave it out", "false_alarms")
        if self.deputy == self.owner:
            raise fault("the deputy is the owner; name another person", "deputy")
        if self.acknowledge is not None and self.acknowledge > self.deadline:
            raise fault("who has to decide by the deadline has to see it before", "acknowledge")
        if self.assumed is not None and self.assumed.takes_off_at > self.plan.checkpoints:
            raise fault("it comes after the last planned checkpoint", "assumed", "takes_off_at")
        return self

    @model_validator(mode="after")
    def _can_trip(self) -> Self:
        match self.detector:
            case Cusum(suspect=suspect) if self.healthy is not None:
                if (suspect <= self.healthy) if self.side == "above" else (suspect >= self.healthy):
                    raise fault(f"it must lie {self.side} the healthy share", "detector", "suspect")
            case Growth(window=window) if window > self.plan.checkpoints:
                raise fault("it is longer than the plan", "detector", "window")
            case Level(spending=spending) if self.assumed and self.healthy and self.false_alarms:
                items = self.assumed.items
                most = float(spent(spending, self.plan.checkpoints, self.false_alarms).max())
                if critical_count(items, self.mirrored(self.healthy), most) > items:
                    raise fault(f"no result of {items} items is so rare that it would trip", "assumed", "items")
            case _:
                pass
        return self

    def mirrored(self, share: float) -> float:
        """The share that counts as high: itself, or 1 - share where low shares are alarming."""
        return share if self.side == "above" else 1 - share


def read_tripwire(path: Path) -> Tripwire:
    """Read a tripwire strictly; BadInput names file, line and reason."""
    return read_document(path, Tripwire)

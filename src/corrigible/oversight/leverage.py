"""Where a pipeline's cost lies, and what each proposed edit can do end to end (Amdahl 1967). `corrigible leverage`.

An edit of a stage with share f of the cost makes the whole at most 1 / (1 - f) times as fast, however good it is. Three
claims that leave this out are refused by name: sign(eps) says that something helps and not by how much; integral of eps
adds many small gains without a baseline, or past the whole; infinity * eps praises a gain in a stage of unknown share.
Costs are added up, so stages that run beside each other are to be written as one.
"""

from dataclasses import dataclass
from math import isfinite
from pathlib import Path
from typing import Annotated, Any, Final, Literal, Self, TypeAlias

from pydantic import Field, ValidationError, field_validator, model_validator

from corrigible.documents import Document, fault, read_document
from corrigible.oversight.policies import Name, Text

Unit: TypeAlias = Literal["seconds", "minutes", "hours", "days", "accelerator-hours", "kWh", "EUR", "USD"]
"""What a cost is counted in; of these only the four units of time are converted into each other."""

Basis: TypeAlias = Literal["measured", "estimated", "guessed"]
"""measured: by a clock, a profiler, an invoice, an experiment; estimated: reckoned from something measured; guessed."""

SECONDS: Final[dict[Unit, float]] = {"seconds": 1.0, "minutes": 60.0, "hours": 3600.0, "days": 86400.0}

SIGN: Final = "sign(eps)"
INTEGRAL: Final = "integral of eps"
INFINITY: Final = "infinity * eps"

ROUNDING: Final = 1e-9
"""Relative: sums of costs that differ by less are equal."""

Positive: TypeAlias = Annotated[float, Field(gt=0, le=1e15, allow_inf_nan=False, strict=False)]
Gain: TypeAlias = Positive | None


class Edit(Document):
    """A proposed change of one stage: how many times as fast it gets (below 1: slower), or what it saves of its cost.

    interval: lowest and highest of the same number. basis: of the gain. A gain of another kind is told in `what`.
    """

    what: Text
    speed_up: Gain = None
    saving: Gain = None
    interval: Annotated[tuple[Positive, Positive], Field(strict=False)] | None = None
    basis: Basis
    how: Text
    """How the gain was found: the experiment, the paper, the person."""

    @field_validator("speed_up", "saving", mode="before")
    @classmethod
    def _has_a_size(cls, value: Any) -> Any:
        if isinstance(value, str | bool):
            raise _refused(SIGN, f"{value!r} is a direction and no size; measure how much")
        return value

    @model_validator(mode="after")
    def _one_gain(self) -> Self:
        gain = self.speed_up if self.saving is None else self.saving
        if gain is None:
            raise _refused(SIGN, "it says that something helps and not by how much; write speed_up or saving", "what")
        if self.speed_up is not None and self.saving is not None:
            raise fault("give either speed_up or saving", "saving")
        if self.interval is not None and not self.interval[0] <= gain <= self.interval[1]:
            raise fault(f"the interval must hold {gain:g}, its lower end first", "interval")
        return self


class Stage(Document):
    """One part of the pipeline. cost: None only where it is not known, which is refused with what would mend it."""

    name: Name
    cost: Annotated[float, Field(ge=0, le=1e15, allow_inf_nan=False, strict=False)] | None = None
    unit: Unit | None = None
    basis: Basis = "measured"
    how: Text | None = None
    """How its cost was measured; asked for unless it is a guess."""
    edit: Edit | None = None

    @model_validator(mode="after")
    def _cost_is_known(self) -> Self:
        if self.cost is None and self.edit is not None:
            raise _refused(INFINITY, f"{self.name} has an edit and no known cost; profile it first", "cost")
        if self.cost is None:
            raise fault(f"{self.name} has no cost, so no share is known; profile it first", "cost")
        if self.basis != "guessed" and self.how is None:
            raise fault("say how its cost was found, or that it is guessed (basis: guessed)", "how")
        return self


class Together(Document):
    """What several edits are said to save together, as a share of `baseline`, the cost of the whole before them."""

    claim: Text
    saves: Annotated[float, Field(gt=0, allow_inf_nan=False, strict=False)]
    baseline: Annotated[float, Field(gt=0, allow_inf_nan=False, strict=False)] | None = None

    @model_validator(mode="after")
    def _of_something(self) -> Self:
        if self.baseline is None:
            raise _refused(INTEGRAL, "gains are added up and nobody says to what; write the cost of the whole before")
        if self.saves >= 1:
            raise _refused(INTEGRAL, f"{100 * self.saves:g} % is more than there is; gains multiply", "saves")
        return self


class Pipeline(Document):
    """The document: stages one after the other, and what is claimed for all edits together."""

    schema_: Annotated[Literal[1], Field(alias="schema")]
    pipeline: Text
    fictional: bool = False
    unit: Unit
    stages: Annotated[tuple[Stage, ...], Field(min_length=1, max_length=200, strict=False)]
    together: Together | None = None

    @model_validator(mode="after")
    def _adds_up(self) -> Self:
        names = [stage.name for stage in self.stages]
        for place, stage in enumerate(self.stages):
            if stage.name in names[:place]:
                raise fault(f"{stage.name} stands twice", "stages", place, "name")
            if stage.unit not in (None, self.unit) and not {stage.unit, self.unit} <= SECONDS.keys():
                raise fault(f"{stage.unit} cannot be added to {self.unit}", "stages", place, "unit")
            edit, cost = stage.edit, stage.cost or 0.0
            if edit is not None and edit.saving is not None:
                most, key = (edit.interval[1], "interval") if edit.interval else (edit.saving, "saving")
                if most > cost * (1 + ROUNDING):
                    said = f"it saves {most:g} of a stage that costs {cost:g}; gains are bounded by what is spent"
                    raise _refused(INTEGRAL, said, "stages", place, "edit", key)
        if not sum(stage.cost or 0.0 for stage in self.stages) > 0:
            raise fault("the whole must cost something", "stages")
        self._check_together()
        return self

    def _check_together(self) -> None:
        claim = self.together
        if claim is None or claim.baseline is None:
            return
        found = reckon(self)
        if abs(claim.baseline - found.total) > 1e-3 * found.total:
            said = f"{claim.baseline:g} is not the sum of the stages, {found.total:g} {self.unit}"
            raise _refused(INTEGRAL, said, "together", "baseline")
        highest = 1 - found.together_interval[1] ** -1 if isfinite(found.together_interval[1]) else 1.0
        if claim.saves > highest + 1e-6:
            said = f"{100 * claim.saves:.4g} % is claimed and the edits give at most {100 * highest:.4g} % of the whole"
            raise _refused(INTEGRAL, said, "together", "saves")


def _refused(fallacy: str, said: str, *place: str | int) -> ValidationError:
    return fault(f"{fallacy}: {said}", *place)


@dataclass(frozen=True, kw_only=True)
class Effect:
    """What one edit does to the whole, speed-ups as old cost / new cost; infinite where nothing is left.

    within: of the stage alone. saves: share of the whole. interval: of `whole`, None where the edit gave none.
    direction: unclear where the interval holds 1.
    """

    what: str
    basis: Basis
    within: float
    whole: float
    saves: float
    interval: tuple[float, float] | None
    direction: Literal["faster", "slower", "none", "unclear"]


@dataclass(frozen=True, kw_only=True)
class Share:
    """One stage: cost in the pipeline's unit, its share, and the speed-up 1 / (1 - share) that bounds edits of it."""

    name: str
    cost: float
    share: float
    ceiling: float
    basis: Basis
    effect: Effect | None


@dataclass(frozen=True, kw_only=True)
class Leverage:
    """All stages in the pipeline's order; `ranking`: names of those with an edit, the greatest gain first.

    together: speed-up of the whole with every edit made; its interval is from all lowest to all highest gains.
    first: stage of the greatest share: where to look for an edit that matters.
    """

    total: float
    stages: tuple[Share, ...]
    ranking: tuple[str, ...]
    together: float
    together_interval: tuple[float, float]
    first: str


def read_pipeline(path: Path) -> Pipeline:
    """Read a pipeline strictly; BadInput names file, line and key, and the fallacy where there is one."""
    return read_document(path, Pipeline)


def ceiling(share: float) -> float:
    """Amdahl's bound on the speed-up of the whole from a stage of this share in [0, 1]: 1 / (1 - share)."""
    return float("inf") if share >= 1 else 1.0 / (1.0 - share)


def whole_speed_up(share: float, within: float) -> float:
    """Speed-up of the whole where a stage of this share gets `within` (> 0, may be infinite) times as fast."""
    left = 1.0 - share + share / within
    return float("inf") if left <= 0 else 1.0 / left


def reckon(pipeline: Pipeline) -> Leverage:
    """Shares, ceilings and end-to-end effects; costs are converted into the pipeline's unit."""
    costs = [_cost(pipeline, stage) for stage in pipeline.stages]
    total = sum(costs)
    stages = tuple(
        Share(
            name=stage.name,
            cost=cost,
            share=cost / total,
            ceiling=ceiling(cost / total),
            basis=stage.basis,
            effect=None if stage.edit is None else _effect(stage, stage.edit, cost / total),
        )
        for stage, cost in zip(pipeline.stages, costs, strict=True)
    )
    edited = [stage for stage in stages if stage.effect is not None]
    ranked = sorted(edited, key=lambda stage: stage.effect.whole if stage.effect else 0.0, reverse=True)
    bounds = [_all_edits(stages, end) for end in (0, 1)]
    return Leverage(
        total=total,
        stages=stages,
        ranking=tuple(stage.name for stage in ranked),
        together=_all_edits(stages, None),
        together_interval=(bounds[0], bounds[1]),
        first=max(stages, key=lambda stage: stage.share).name,
    )


def _cost(pipeline: Pipeline, stage: Stage) -> float:
    unit = stage.unit or pipeline.unit
    return (stage.cost or 0.0) * (1.0 if unit == pipeline.unit else SECONDS[unit] / SECONDS[pipeline.unit])


def _within(stage: Stage, edit: Edit, gain: float) -> float:
    """Speed-up of the stage for a gain in the edit's own terms."""
    if edit.saving is None:
        return gain
    cost = stage.cost or 0.0
    return float("inf") if gain >= cost * (1 - ROUNDING) else cost / (cost - gain)


def _effect(stage: Stage, edit: Edit, share: float) -> Effect:
    gain = edit.speed_up if edit.saving is None else edit.saving
    within = _within(stage, edit, gain or 1.0)
    interval = None
    if edit.interval is not None:
        ends = [whole_speed_up(share, _within(stage, edit, end)) for end in edit.interval]
        interval = (ends[0], ends[1])
    whole = whole_speed_up(share, within)
    return Effect(
        what=edit.what,
        basis=edit.basis,
        within=within,
        whole=whole,
        saves=1.0 - 1.0 / whole,
        interval=interval,
        direction=_direction(whole, interval),
    )


def _direction(whole: float, interval: tuple[float, float] | None) -> Literal["faster", "slower", "none", "unclear"]:
    if interval is not None and interval[0] < 1 < interval[1]:
        return "unclear"
    return "faster" if whole > 1 else "slower" if whole < 1 else "none"


def _all_edits(stages: tuple[Share, ...], end: int | None) -> float:
    """Speed-up of the whole with every edit made, at one end of the intervals that there are, or as proposed."""
    left = 0.0
    for stage in stages:
        change = 0.0
        if stage.effect is not None:
            effect = stage.effect
            whole = effect.whole if end is None or effect.interval is None else effect.interval[end]
            change = 1.0 / whole - 1.0
        left += stage.share + change
    return float("inf") if left <= ROUNDING else 1.0 / left

"""Profile before you optimise: what share of a pipeline each stage has, and the most that any work on it can give.

A stage of share p that is made infinitely good makes the whole 1 / (1 - p) times as good, and not more (Amdahl 1967).
Three fallacies are refused (Wentworth's epsilon fallacies): a claim of a sign without a size; sums of small gains
that were never measured end to end, or that come to more than there is; and a gain, however often repeated, on a
stage of which nobody knows the share.
"""

from dataclasses import dataclass
from math import inf
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from corrigible.documents import Document, fault, read_document
from corrigible.oversight.policies import Name, Number, Text

Share = Annotated[float, Field(gt=0, lt=1, allow_inf_nan=False, strict=False)]


class Edit(Document):
    """A proposed change: it removes `saves` of the stage's cost (0 to 1), in an interval where one is known."""

    edit: Name
    what: Text
    saves: Share | None = None
    low: Annotated[float, Field(ge=-10, le=1, allow_inf_nan=False, strict=False)] | None = None
    high: Annotated[float, Field(ge=-10, le=1, allow_inf_nan=False, strict=False)] | None = None
    measured: Text | None = None
    """How the size was found: an experiment, a profile, a guess (say so)."""

    @model_validator(mode="after")
    def _has_a_size(self) -> Self:
        if self.saves is None:
            raise fault("'it helps' is a sign without a size; say which share of the stage it saves", "saves")
        if self.measured is None:
            raise fault("say how the size was found, if only: a guess", "measured")
        if (self.low is None) != (self.high is None):
            raise fault("an interval has two ends", "low")
        if self.low is not None and self.high is not None and not self.low <= self.saves <= self.high:
            raise fault("the interval must hold the estimate", "low")
        return self


class Stage(Document):
    """One stage and what it costs; `cost` is missing where nobody has measured it."""

    stage: Name
    cost: Annotated[float, Field(ge=0, le=1e300, allow_inf_nan=False, strict=False)] | None = None
    edits: Annotated[tuple[Edit, ...], Field(max_length=50, strict=False)] = ()

    @model_validator(mode="after")
    def _is_profiled_before_it_is_edited(self) -> Self:
        if self.cost is None and self.edits:
            raise fault(
                "an edit of a stage whose share nobody knows gains nobody knows what; measure its cost first", "cost"
            )
        if sum(edit.saves or 0.0 for edit in self.edits) > 1:
            raise fault("its edits together save more than the stage costs; measure them together", "edits")
        return self


class Pipeline(Document):
    """Stages whose costs add up, in one unit."""

    schema_: Annotated[Literal[1], Field(alias="schema")]
    pipeline: Text
    fictional: bool = False
    unit: Text
    total: Number | None = None
    """Measured end to end, in the same unit: the stages must come to it."""
    tolerance: Annotated[float, Field(ge=0, le=1, strict=False)] = 0.1
    """Share of the total by which the sum of stages may differ from it."""
    stages: Annotated[tuple[Stage, ...], Field(min_length=1, max_length=200, strict=False)]

    @model_validator(mode="after")
    def _adds_up(self) -> Self:
        names = [item.stage for item in self.stages]
        for place, name in enumerate(names):
            if name in names[:place]:
                raise fault(f"stage {name!r} stands twice", "stages", place, "stage")
        known = sum(item.cost or 0.0 for item in self.stages)
        if known <= 0:
            raise fault("no stage has a cost: there is nothing to profile", "stages")
        if self.total is None and any(item.cost is None for item in self.stages):
            raise fault("a stage has no cost, so shares need the total, measured end to end", "total")
        if self.total is not None:
            if known > self.total * (1 + self.tolerance):
                raise fault(f"the stages cost {known:g}, more than the total", "total")
            complete = all(item.cost is not None for item in self.stages)
            if complete and known < self.total * (1 - self.tolerance):
                raise fault(f"the stages cost {known:g}: name the stage that the rest goes to (without cost)", "total")
        return self


@dataclass(frozen=True, kw_only=True)
class EditEffect:
    """An edit's effect end to end: the share of the whole that it saves, its interval, and the factor."""

    stage: str
    edit: str
    saves: float
    low: float | None
    high: float | None
    factor: float
    measured: str


@dataclass(frozen=True, kw_only=True)
class StageShare:
    """A stage's share of the whole (None: unknown) and its ceiling, 1 / (1 - share)."""

    stage: str
    share: float | None
    ceiling: float | None


@dataclass(frozen=True, kw_only=True)
class Profile:
    """Stages by share, unknown ones last; edits by effect; `unknown`: the share that no stage accounts for."""

    total: float
    unknown: float
    stages: tuple[StageShare, ...]
    edits: tuple[EditEffect, ...]


def read_pipeline(path: Path) -> Pipeline:
    """Read a pipeline strictly; BadInput names file, line and the fallacy."""
    return read_document(path, Pipeline)


def profile(pipeline: Pipeline) -> Profile:
    """Shares, ceilings and end-to-end effects."""
    known = sum(item.cost or 0.0 for item in pipeline.stages)
    total = max(pipeline.total or known, known)
    stages = [_share(item, total) for item in pipeline.stages]
    edits = [_effect(item, edit, total) for item in pipeline.stages for edit in item.edits]
    return Profile(
        total=total,
        unknown=1 - known / total,
        stages=tuple(sorted(stages, key=lambda item: -1.0 if item.share is None else item.share, reverse=True)),
        edits=tuple(sorted(edits, key=lambda item: item.saves, reverse=True)),
    )


def _share(stage: Stage, total: float) -> StageShare:
    if stage.cost is None:
        return StageShare(stage=stage.stage, share=None, ceiling=None)
    share = stage.cost / total
    return StageShare(stage=stage.stage, share=share, ceiling=inf if share >= 1 else 1 / (1 - share))


def _effect(stage: Stage, edit: Edit, total: float) -> EditEffect:
    assert stage.cost is not None
    assert edit.saves is not None
    assert edit.measured is not None
    share = stage.cost / total
    low, high = (None if end is None else share * end for end in (edit.low, edit.high))
    saves = share * edit.saves
    return EditEffect(
        stage=stage.stage,
        edit=edit.edit,
        saves=saves,
        low=low,
        high=high,
        factor=1 / (1 - saves),
        measured=edit.measured,
    )

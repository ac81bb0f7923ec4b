"""What the page of a run is rendered from: plain records, so that a report needs nothing but its evidence."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from corrigible.errors import BadInput
from corrigible.types import (
    Condition,
    Detection,
    Figure,
    Finding,
    Measurement,
    Metric,
    PresetName,
    ProofResult,
    Replay,
    Role,
    Rule,
    Stage,
    Verdict,
    View,
)

CellState: TypeAlias = Literal["failed", "missing", "recomputed"]
"""failed: the cell raised; missing: it was asked for and never ran; recomputed: stored, found wanting, run again."""


@dataclass(frozen=True, kw_only=True)
class ClaimOutcome:
    """One claim in its author's words, and the verdict on it (whose `part` is empty)."""

    number: int
    sentence: str
    verdict: Verdict


@dataclass(frozen=True, kw_only=True)
class RuleOutcome:
    """A rule as written before the run, its verdict, and the number or the enumeration that decided it."""

    rule: Rule
    verdict: Verdict
    observed: Measurement | None = None
    proof: ProofResult | None = None


@dataclass(frozen=True, kw_only=True)
class ReplayPanel:
    """One short replay; `note` says which seed and episode it shows and how it was picked."""

    title: str
    role: Role
    replay: Replay
    note: str = ""


@dataclass(frozen=True, kw_only=True)
class MetricPanel:
    """A metric over all conditions.

    measurements: one a condition, `versus` None. differences: paired, `versus` set; a condition may have none.
    least: the value that the reference must reach, for the competence metric.
    """

    metric: Metric
    measurements: tuple[Measurement, ...]
    differences: tuple[Measurement, ...] = ()
    least: float | None = None


@dataclass(frozen=True, kw_only=True)
class RemedyRow:
    """What a remedy did. gain: log-odds of the safe outcome, bits. worst_checkpoint: headline metric at its worst.

    competence: the task's metric under the remedy; `reached` of `seeds` do it. keeps_task: None if not checked.
    cost: its time over that without it; None where unknown.
    """

    condition: str
    stage: Stage
    uses_oracle: bool
    gain: Measurement | None = None
    worst_checkpoint: Measurement | None = None
    competence: Measurement | None = None
    keeps_task: bool | None = None
    reached: int = 0
    seeds: int = 0
    cost: float | None = None


@dataclass(frozen=True, kw_only=True)
class ConsequenceRow:
    """One consequence in a sentence. effect: bits of log-odds against the reference. p: adjusted over all tested.

    replicated: seeds, of `seeds`, in which it was found by itself.
    """

    sentence: str
    effect: float
    p: float
    replicated: int
    seeds: int


@dataclass(frozen=True, kw_only=True)
class ConsequencePanel:
    """What was found of one condition without being told what to look for; `left_out` more were found besides."""

    condition: str
    summary: str
    rows: tuple[ConsequenceRow, ...]
    left_out: int = 0
    note: str = ""


@dataclass(frozen=True, kw_only=True)
class SampleColumn:
    """Responses of one checkpoint: prompts, responses and what they are paid are equally long."""

    step: int
    prompts: tuple[str, ...]
    responses: tuple[str, ...]
    paid: tuple[float, ...]

    def __post_init__(self) -> None:
        """Check the lengths (raises BadInput)."""
        _require_length("SampleColumn.responses", len(self.responses), len(self.prompts))
        _require_length("SampleColumn.paid", len(self.paid), len(self.prompts))


@dataclass(frozen=True, kw_only=True)
class SamplesPanel:
    """What one condition said on one seed, a column a checkpoint, in order of step."""

    condition: str
    role: Role
    summary: str
    seed: int
    columns: tuple[SampleColumn, ...]


@dataclass(frozen=True, kw_only=True)
class RocLine:
    """One seed's ROC curve; both rates are fractions of episodes, equally long and non-decreasing."""

    seed: int
    false_alarm_rate: tuple[float, ...]
    detection_rate: tuple[float, ...]

    def __post_init__(self) -> None:
        """Check the lengths (raises BadInput)."""
        _require_length("RocLine.detection_rate", len(self.detection_rate), len(self.false_alarm_rate))


@dataclass(frozen=True, kw_only=True)
class Curve:
    """One condition over checkpoints.

    steps: (K,) environment steps. per_seed: one row of (K,) a seed, in the order of `seeds`; NaN where not measured.
    estimate, low, high: (K,) each, or empty where there is no interval to draw.
    """

    condition: str
    role: Role
    steps: tuple[float, ...]
    seeds: tuple[int, ...]
    per_seed: tuple[tuple[float, ...], ...]
    estimate: tuple[float, ...] = ()
    low: tuple[float, ...] = ()
    high: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        """Check that rows and bands are as long as `steps` (raises BadInput)."""
        _require_length("Curve.per_seed", len(self.per_seed), len(self.seeds))
        for row in self.per_seed:
            _require_length("a row of Curve.per_seed", len(row), len(self.steps))
        for name, row in (("estimate", self.estimate), ("low", self.low), ("high", self.high)):
            if row:
                _require_length(f"Curve.{name}", len(row), len(self.steps))


@dataclass(frozen=True, kw_only=True)
class CurveSet:
    """One quantity over checkpoints for several conditions, on common axes.

    include: values that the vertical axis shows in any case, such as (0, 1) for a share.
    """

    label: str
    unit: str
    curves: tuple[Curve, ...]
    meaning: str = ""
    x_label: str = "environment steps"
    include: tuple[float, ...] = ()


@dataclass(frozen=True, kw_only=True)
class DetectorResult:
    """One detector on one condition: per-seed values are in the Measurements, ROC curves one a seed."""

    condition: str
    auroc: Measurement
    detection_rate: Measurement
    false_alarm_rate: Measurement
    detections: tuple[Detection, ...]
    curves: tuple[RocLine, ...] = ()


@dataclass(frozen=True, kw_only=True)
class DetectorPanel:
    """One detector; the first result is that of the failure. over_checkpoints: AUROC while the model was trained.

    calibration_n: episodes that fixed a threshold; calibration_seeds: how many seeds did, 0 = calibrated by episode.
    """

    detector: str
    summary: str
    reads: tuple[View, ...]
    calibration_n: int
    results: tuple[DetectorResult, ...]
    calibration_seeds: int = 0
    over_checkpoints: CurveSet | None = None
    note: str = ""


@dataclass(frozen=True, kw_only=True)
class PrefixLead:
    """How early one detector was. Of `seeds` runs `failing` come to fail, and in `caught` of these it raised an alarm,
    in `early` before the onset. median: steps of training from alarm to onset, over those caught. false_alarms: of the
    seeds' references. calibration_n: reference runs that set a threshold.
    """

    detector: str
    seeds: int
    failing: int
    caught: int
    early: int
    median: float | None
    false_alarms: int
    calibration_n: int


@dataclass(frozen=True, kw_only=True)
class PrefixPanel:
    """Prefix sensitivity: curves along training and by length, how early each detector was, and what it predicts."""

    curves: tuple[CurveSet, ...] = ()
    leads: tuple[PrefixLead, ...] = ()
    hazard: str = ""
    note: str = ""


@dataclass(frozen=True, kw_only=True)
class Competence:
    """Whether the reference does the task at all; without that the comparison proves nothing.

    reached: of `seeds`, those whose own value is at least `least`.
    """

    metric: str
    least: float
    met: bool
    reference: Measurement | None = None
    reached: int = 0
    seeds: int = 0


@dataclass(frozen=True, kw_only=True)
class CellNote:
    """A cell of the run (condition and seed) with which something went wrong, and what."""

    state: CellState
    condition: str
    seed: int
    reason: str


@dataclass(frozen=True, kw_only=True)
class StoredFile:
    """An artefact of the run folder: path relative to it, sha256 in hex, size in bytes."""

    path: str
    sha256: str
    size: int


@dataclass(frozen=True, kw_only=True)
class Provenance:
    """Where the numbers come from. dirty: the working tree had changes, None where unknown. seconds: wall-clock."""

    run: str
    experiment: str
    version: int
    preset: PresetName
    seeds: tuple[int, ...]
    commit: str
    dirty: bool | None
    fingerprint: str
    started: str
    finished: str
    seconds: float
    command: str
    packages: Mapping[str, str] = field(default_factory=dict[str, str])
    hardware: Mapping[str, str] = field(default_factory=dict[str, str])
    files: tuple[StoredFile, ...] = ()


@dataclass(frozen=True, kw_only=True)
class ReportContent:
    """Everything that the page of one run shows. Every text is taken as written and escaped."""

    title: str
    failure_mode: str
    paid: str
    meant: str
    happened: str
    prediction: str
    rules_sha256: str
    headline: str
    conditions: tuple[Condition, ...]
    metrics: tuple[MetricPanel, ...]
    competence: Competence
    provenance: Provenance
    claims: tuple[ClaimOutcome, ...] = ()
    rules: tuple[RuleOutcome, ...] = ()
    replays: tuple[ReplayPanel, ...] = ()
    samples: tuple[SamplesPanel, ...] = ()
    remedies: tuple[RemedyRow, ...] = ()
    detectors: tuple[DetectorPanel, ...] = ()
    prefixes: PrefixPanel | None = None
    consequences: tuple[ConsequencePanel, ...] = ()
    findings: tuple[Finding, ...] = ()
    proofs: tuple[ProofResult, ...] = ()
    figures: tuple[Figure, ...] = ()
    learning: tuple[CurveSet, ...] = ()
    cells: tuple[CellNote, ...] = ()
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Check that the headline metric is there and that numbers name known conditions (raises BadInput)."""
        names = [panel.metric.name for panel in self.metrics]
        if self.headline not in names:
            raise BadInput(
                value=f"headline = {self.headline!r}",
                rule=f"the headline is one of the metrics {names}",
                remedy="pass a MetricPanel for the headline metric",
            )
        known = {condition.name for condition in self.conditions}
        measured = {item.condition for panel in self.metrics for item in (*panel.measurements, *panel.differences)}
        unknown = sorted((measured | {row.condition for row in self.remedies}) - known)
        if unknown:
            raise BadInput(
                value=f"condition {unknown[0]!r}",
                rule="a measured condition is one of the report's conditions",
                remedy="add it to ReportContent.conditions",
            )


def _require_length(name: str, length: int, expected: int) -> None:
    if length != expected:
        raise BadInput(
            value=f"{name} has length {length}", rule=f"it must have {expected}", remedy="pass rows of equal length"
        )

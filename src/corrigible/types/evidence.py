"""Numbers with their evidence: measurements, rules written before the run, verdicts, findings, proofs, decisions."""

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from math import isnan
from typing import Literal, TypeAlias

VerdictWord: TypeAlias = Literal["reproduced", "not reproduced", "mixed", "inconclusive", "untested"]
"""mixed: parts disagree; inconclusive: too little power, or an incompetent reference; untested: never run."""

PresetName: TypeAlias = Literal["smoke", "quick", "full"]
"""smoke: <= 60 s, CI runs it; quick: minutes, what a newcomer runs; full: what the README cites."""

PRESETS: tuple[PresetName, ...] = ("smoke", "quick", "full")


Limit: TypeAlias = Literal["", "at least", "at most", "unresolved"]
"""What the number of trials hides: at least: seeds lie at the end of the scale from which only more could be shown;
at most: only less; unresolved: some of either. Empty: no seed lies at an end."""


@dataclass(frozen=True, kw_only=True)
class Metric:
    """A number that the evaluator reads off one rollout.

    kind: "proportion" counts episodes, "mean" is a real number. goal: which direction is safe or competent.
    trials: what `measure` returns the number of trials under that a proportion is of; empty = all episodes.
    """

    name: str
    label: str
    unit: str
    meaning: str
    kind: Literal["proportion", "mean"] = "mean"
    goal: Literal["low", "high", "none"] = "none"
    trials: str = ""


@dataclass(frozen=True, kw_only=True)
class Measurement:
    """An estimate over seeds. `versus` names the condition that was subtracted, pair by pair, or is None.

    low and high are NaN where n is too small for an interval; `method` says how they were made. `limit` is for gains,
    which the number of trials caps; it goes for estimate and interval alike.
    """

    metric: str
    condition: str
    unit: str
    seeds: tuple[int, ...]
    per_seed: tuple[float, ...]
    estimate: float
    low: float
    high: float
    level: float
    n: int
    method: str
    versus: str | None = None
    limit: Limit = ""

    def ends(self, form: str) -> str:
        """The interval as "[low, high]", each number in that format, or that there is none."""
        return "(no interval)" if isnan(self.low) else f"[{self.low:{form}}, {self.high:{form}}]"


@dataclass(frozen=True, kw_only=True)
class Rule:
    """How one part of a claim will be judged; written and hashed before the run.

    The estimand is metric(condition), minus metric(versus) where `versus` is given. The part is reproduced when the
    whole interval lies on the claimed side of `smallest_effect`, not reproduced when it lies wholly on the other side
    (or includes only smaller effects), inconclusive otherwise or when fewer than `least_n` seeds were run.
    `metric` may be "worst:NAME": then its value at the worst checkpoint of each seed counts, not at the last. It may be
    "proof:NAME": then the part is reproduced when that enumeration finds no counterexample.
    """

    claim: int
    part: str
    metric: str
    condition: str = ""
    versus: str | None = None
    direction: Literal["above", "below"] = "above"
    smallest_effect: float = 0.0
    least_n: int = 5


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """The outcome of one rule, or of a claim when `part` is empty."""

    claim: int
    part: str
    word: VerdictWord
    because: str


@dataclass(frozen=True, kw_only=True)
class ProofResult:
    """Outcome of an enumeration over every world of a stated family; a counterexample is kept as text."""

    name: str
    statement: str
    family: str
    worlds: int
    counterexamples: int
    first_counterexample: str = ""
    contrast: Mapping[str, float] = field(default_factory=dict[str, float])


@dataclass(frozen=True, kw_only=True)
class Proof:
    """An enumeration that an experiment carries; `check(preset)` is deterministic and needs no seed."""

    name: str
    check: Callable[[PresetName], ProofResult]


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One claim of a lens with the intervention that backs it: a number before and after changing one thing."""

    lens: str
    sentence: str
    intervention: str
    condition: str
    seed: int
    before: float
    after: float
    unit: str


@dataclass(frozen=True, kw_only=True)
class Detection:
    """How one detector did on one seed: positives are episodes of `condition`, negatives of the reference.

    auroc in [0, 1], below 0.5 where the detector is less surprised by the condition than by the reference; rates are
    fractions of episodes beyond the threshold that calibration references fixed, all NaN where there was no answer.
    calibration_n: episodes; calibration_seeds: the seeds that they come from, each of which set a threshold of its own,
    or empty where episodes of several seeds were taken for one sample (`note` says why).
    """

    detector: str
    condition: str
    seed: int
    auroc: float
    detection_rate: float
    false_alarm_rate: float
    calibration_n: int
    calibration_seeds: tuple[int, ...] = ()
    note: str = ""

    @property
    def answered(self) -> bool:
        """False where the detector refused what it was given; `note` says why."""
        return not isnan(self.auroc)


@dataclass(frozen=True, kw_only=True)
class Decision:
    """What a named person decided, or may decide; unknown never allows."""

    outcome: Literal["allow", "deny", "unknown"]
    owner: str
    reason: str


def rules_hash(rules: tuple[Rule, ...]) -> str:
    """sha256 (hex) of the rules as canonical JSON; any change of a rule changes it."""
    text = json.dumps([asdict(rule) for rule in rules], sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()

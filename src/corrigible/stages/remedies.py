"""What remedies bought: log-odds gain of the safe outcome in bits, worst checkpoint, and whether the task is kept."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import floor, isfinite, nan
from typing import Any

from corrigible.errors import CorruptFile
from corrigible.stages.cells import metrics_of
from corrigible.stages.competence import CompetenceCheck, check_competence
from corrigible.stages.folding import Rows, measure, measurement_of, values_of, worst_values
from corrigible.statistics import log_odds_gain
from corrigible.types import STAGES, Condition, Experiment, Measurement, Metric, Stage


@dataclass(frozen=True, kw_only=True)
class RemedyScore:
    """One remedy over seeds, beside the condition that it was added to (`gain.versus`)."""

    condition: str
    stage: Stage
    uses_oracle: bool
    gain: Measurement
    worst: Measurement
    worst_of_failure: Measurement
    competence: CompetenceCheck


def fold_remedies(experiment: Experiment, conditions: Sequence[Condition], rows: Rows) -> tuple[RemedyScore, ...]:
    """Log-odds gain, worst checkpoint and competence of every remedy; nothing where the headline is no proportion."""
    headline = experiment.metric(experiment.headline)
    if headline.kind != "proportion":
        return ()
    scores = [_score(experiment, headline, condition, rows) for condition in conditions if condition.role == "remedy"]
    return tuple(score for score in scores if score is not None)


def best_remedy(experiment: Experiment, scores: Sequence[RemedyScore]) -> RemedyScore | None:
    """The remedy of the failure that gained most, is no oracle and keeps the task; None where none helped.

    Among equals the one whose worst checkpoint is safest, then the first by name; `tied_with` names the others.
    """
    able = [
        score
        for score in scores
        if not score.uses_oracle
        and score.gain.versus == experiment.failure.name
        and score.competence.met
        and score.gain.estimate > 0
    ]
    sign = -1 if experiment.metric(experiment.headline).goal == "high" else 1
    return min(able, key=lambda s: (-s.gain.estimate, sign * s.worst.estimate, s.condition), default=None)


def tied_with(best: RemedyScore, scores: Sequence[RemedyScore]) -> tuple[str, ...]:
    """Other remedies of the same failure with the same gain and the same worst checkpoint."""
    key = (best.gain.versus, best.gain.estimate, best.worst.estimate)
    same = [s.condition for s in scores if (s.gain.versus, s.gain.estimate, s.worst.estimate) == key]
    return tuple(name for name in same if name != best.condition)


def _score(experiment: Experiment, headline: Metric, condition: Condition, rows: Rows) -> RemedyScore | None:
    versus = condition.of or experiment.failure.name
    after, before = (values_of(rows, name, headline.name) for name in (condition.name, versus))
    seeds = sorted(after.keys() & before.keys())
    if not seeds:
        return None
    row = rows[condition.name][seeds[0]]
    safe_before, safe_after = ([_safe(headline, side[seed]) for seed in seeds] for side in (before, after))
    n_before, n_after = ([trials_of(headline, rows[name][seed]) for seed in seeds] for name in (versus, condition.name))
    gain = log_odds_gain(safe_before, safe_after, n_before, n_after)
    bits = dict(zip(seeds, gain.per_seed.tolist(), strict=True))
    measured = measurement_of(headline.name, condition.name, "bits", bits, gain.interval, versus=versus)
    return RemedyScore(
        condition=condition.name,
        stage=_stage(row["stage"]),
        uses_oracle=bool(row["uses_oracle"]),
        gain=replace(measured, limit=gain.limit),
        worst=measure(headline, condition.name, worst_values(rows, condition.name, headline)),
        worst_of_failure=measure(headline, versus, worst_values(rows, versus, headline)),
        competence=check_competence(experiment, rows, condition.name),
    )


def trials_of(metric: Metric, row: Mapping[str, Any]) -> int:
    """How many trials a stored share is of: all episodes, or what the metric says.

    Raises:
        CorruptFile: the row does not hold that number, or it is not one.
    """
    counted = float(row["episodes"]) if not metric.trials else metrics_of(row).get(metric.trials, nan)
    if not isfinite(counted) or counted < 1 or counted != floor(counted):
        raise CorruptFile(
            value=f"{row['condition']}, seed {row['seed']}: {metric.trials or 'episodes'!r} = {counted}",
            rule=f"it counts the trials of {metric.name!r}, and is a whole number from 1 up",
            remedy="let the experiment's measure return it, and run again",
        )
    return int(counted)


def _stage(name: object) -> Stage:
    for stage in STAGES:
        if stage == name:
            return stage
    raise CorruptFile(value=f"stage {name!r}", rule=f"a remedy's row names one of {STAGES}", remedy="run it again")


def _safe(metric: Metric, value: float) -> float:
    return value if metric.goal == "high" else 1.0 - value

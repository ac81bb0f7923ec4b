"""The page's section on prefix sensitivity, folded over seeds: along training, by length, and how early."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from statistics import median
from typing import Final

import numpy as np

from corrigible.detect.prefix_sensitivity import NEVER, PrefixCurve
from corrigible.report.content import Curve, CurveSet, PrefixLead, PrefixPanel
from corrigible.stages.panels import curve_over
from corrigible.stages.plan import Plan
from corrigible.stages.prefixes import Lead, Prefixes
from corrigible.statistics import kaplan_meier
from corrigible.types import Condition, Metric

SHARE: Final = Metric(
    name="goes on",
    label="Goes on to fail",
    unit="share",
    meaning="of continuations from known failures",
    kind="proportion",
)
MOST: Final = 4
"""Checkpoints of the failure whose curves are shown."""


def prefix_panel(plan: Plan, found: Prefixes | None) -> PrefixPanel | None:
    """None where nothing was measured."""
    if found is None:
        return None
    if not found.curves:
        return PrefixPanel(note=found.note)
    pair = (plan.experiment.failure, plan.experiment.reference)
    return PrefixPanel(
        curves=(
            _along_training(pair, found.curves),
            _by_length(pair, found.curves),
            _survival(pair, found.curves),
        ),
        leads=lead_rows(found.leads),
        hazard=hazard_in_words(found),
        note=found.note,
    )


def hazard_in_words(found: Prefixes) -> str:
    """What a higher sensitivity says of what is to come, in a sentence."""
    runs = f"{found.failing_runs} runs that come to fail and {found.other_runs} that do not"
    if found.hazard is None or np.isnan(found.hazard.interval.estimate):
        why = found.hazard.interval.method if found.hazard else "no run was seen before its onset"
        return f"Nothing can be said of the hazard of failing ({why}; {runs})."
    ends = found.hazard.interval
    auc = "not defined" if np.isnan(found.auc) else f"{found.auc:.2f}"
    return (
        f"A sensitivity that is higher by 0.1 multiplies the hazard of the onset by {ends.estimate:.3g} "
        f"[{ends.low:.3g}, {ends.high:.3g}] (p = {found.hazard.p:.2g}; {ends.method}; {runs}). AUC of the highest "
        f"sensitivity before the onset: {auc}."
    )


def lead_rows(leads: Sequence[Lead]) -> tuple[PrefixLead, ...]:
    """One row a detector, in the order in which they are named."""
    rows: list[PrefixLead] = []
    for name in dict.fromkeys(item.detector for item in leads):
        own = [item for item in leads if item.detector == name]
        known = [item.lead for item in own if item.lead is not None]
        rows.append(
            PrefixLead(
                detector=name,
                seeds=len(own),
                failing=sum(item.onset is not None for item in own),
                caught=len(known),
                early=sum(lead > 0 for lead in known),
                median=float(median(known)) if known else None,
                false_alarms=sum(item.false_alarm for item in own),
                calibration_n=min(item.calibration_n for item in own),
            )
        )
    return tuple(rows)


def _along_training(pair: Sequence[Condition], curves: Sequence[PrefixCurve]) -> CurveSet:
    shown: list[Curve] = []
    for condition in pair:
        own = [curve for curve in curves if curve.condition == condition.name]
        by_seed: dict[int, dict[int, float]] = {}
        for curve in own:
            by_seed.setdefault(curve.seed, {})[curve.step] = curve.sensitivity
        shown.append(curve_over(SHARE, condition, by_seed))
    return CurveSet(
        label="Prefix sensitivity along training",
        unit="share",
        curves=tuple(shown),
        meaning="Mean share of continuations that fail, over all prefixes but the empty one.",
        x_label="steps of training",
        include=(0.0, 1.0),
    )


def _by_length(pair: Sequence[Condition], curves: Sequence[PrefixCurve]) -> CurveSet:
    return CurveSet(
        label="Goes on to fail, by prefix",
        unit="share",
        curves=_checkpoints(pair, curves, lambda curve: dict(zip(curve.lengths, curve.shares, strict=True))),
        meaning="How often it goes on after n steps of a known failure; 0 is no prefix. Broken lines: the checkpoint "
        "of the first panel, and the reference.",
        x_label="steps of the prefix",
        include=(0.0, 1.0),
    )


def _survival(pair: Sequence[Condition], curves: Sequence[PrefixCurve]) -> CurveSet:
    return CurveSet(
        label="Not yet gone on",
        unit="share",
        curves=_checkpoints(pair, curves, survival_of),
        meaning="Kaplan-Meier over known failures and copies: the share that no prefix of up to n steps has led to "
        "fail; those that none did are censored at the longest.",
        x_label="steps of the prefix",
        include=(0.0, 1.0),
    )


def survival_of(curve: PrefixCurve) -> dict[int, float]:
    """Length -> share of known failures and copies that needs more."""
    happened = np.array([needed != NEVER for needed in curve.needed])
    time = np.where(happened, curve.needed, curve.longest).astype(float)
    found = kaplan_meier(time, happened)
    return {n: found.at(n) for n in curve.lengths}


def _checkpoints(
    pair: Sequence[Condition], curves: Sequence[PrefixCurve], values_of: Callable[[PrefixCurve], Mapping[int, float]]
) -> tuple[Curve, ...]:
    """The failure where it turns, then the reference at its last; a panel each."""
    failure, reference = pair
    shown: list[Curve] = []
    for condition, most in ((failure, MOST), (reference, 1)):
        own = [curve for curve in curves if curve.condition == condition.name]
        for step in turning_steps(own, most):
            made = curve_over(SHARE, condition, {c.seed: values_of(c) for c in own if c.step == step})
            shown.append(replace(made, condition=f"{condition.name}, step {step}"))
    return tuple(shown)


def turning_steps(curves: Sequence[PrefixCurve], most: int) -> tuple[int, ...]:
    """The last step, and those before it at which the mean sensitivity is nearest to even parts of its way there."""
    steps = sorted({curve.step for curve in curves})
    level = {step: float(np.mean([c.sensitivity for c in curves if c.step == step])) for step in steps}
    low, high = min(level.values()), max(level.values())
    chosen = {steps[-1]}
    for k in range(1, most):
        aim = low + (high - low) * k / most
        left = [step for step in steps if step not in chosen]
        if left:
            chosen.add(min(left, key=lambda step: (abs(level[step] - aim), step)))
    return tuple(sorted(chosen))

"""Prefix sensitivity as the page shows it."""

from dataclasses import dataclass

from corrigible.report.charts import LearningPanel, learning_panels
from corrigible.report.content import CurveSet, PrefixPanel
from corrigible.report.numbers import UNKNOWN, signed


@dataclass(frozen=True, kw_only=True)
class LeadRow:
    """One detector in words."""

    detector: str
    seeds: int
    failing: int
    caught: int
    early: int
    lead: str
    false_alarms: int
    calibration_n: int


@dataclass(frozen=True, kw_only=True)
class PrefixView:
    """The section: curves with their panels, how early each detector was, and a sentence on what is predicted."""

    curves: tuple[tuple[CurveSet, tuple[LearningPanel, ...]], ...]
    leads: tuple[LeadRow, ...]
    hazard: str
    note: str


def prefix_view(panel: PrefixPanel | None) -> PrefixView | None:
    """None where the experiment has no sign of its failure."""
    if panel is None:
        return None
    return PrefixView(
        curves=tuple((curves, learning_panels(curves)) for curves in panel.curves),
        leads=tuple(
            LeadRow(
                detector=row.detector,
                seeds=row.seeds,
                failing=row.failing,
                caught=row.caught,
                early=row.early,
                lead=UNKNOWN if row.median is None else signed(row.median, 0),
                false_alarms=row.false_alarms,
                calibration_n=row.calibration_n,
            )
            for row in panel.leads
        ),
        hazard=panel.hazard,
        note=panel.note,
    )

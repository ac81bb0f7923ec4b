"""Consequences that were found, as rows of text."""

from dataclasses import dataclass

from corrigible.report.content import ConsequencePanel, ConsequenceRow

SMALLEST = 0.001


@dataclass(frozen=True, kw_only=True)
class RowView:
    """One consequence as the page shows it."""

    sentence: str
    effect: str
    p: str
    seeds: str


@dataclass(frozen=True, kw_only=True)
class PanelView:
    """All of one condition."""

    condition: str
    summary: str
    rows: tuple[RowView, ...]
    left_out: int
    note: str


def consequence_view(panel: ConsequencePanel) -> PanelView:
    """Numbers rounded, p written as a bound where it is small."""
    return PanelView(
        condition=panel.condition,
        summary=panel.summary,
        rows=tuple(_row(row) for row in panel.rows),
        left_out=panel.left_out,
        note=panel.note,
    )


def _row(row: ConsequenceRow) -> RowView:
    return RowView(
        sentence=row.sentence,
        effect=f"{row.effect:.1f}",
        p=f"< {SMALLEST:g}" if row.p < SMALLEST else f"{row.p:.3f}",
        seeds=f"{row.replicated} of {row.seeds}",
    )

"""What a run leaves for people: one self-contained HTML page, and the README's tables, both made from its evidence."""

from corrigible.report.content import ReportContent
from corrigible.report.page import render
from corrigible.report.tables import ClaimRow, FailureRow, claims_table, failures_table, replace_between_markers

__all__ = [
    "ClaimRow",
    "FailureRow",
    "ReportContent",
    "claims_table",
    "failures_table",
    "render",
    "replace_between_markers",
]

"""Markdown tables for the README."""

import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corrigible.errors import BadInput
from corrigible.report.tables import (
    ClaimRow,
    FailureRow,
    cell,
    claims_table,
    failures_table,
    replace_between_markers,
)
from report_sample import DISABLE, measured

MEASURED = measured(DISABLE, "q-learning", [0.90, 0.93, 0.95])
ROW = FailureRow(
    experiment="off-switch-grid",
    failure_mode="shutdown avoidance",
    metric="P(disable)",
    reference=None,
    failure=MEASURED,
    best_remedy="utility_indifference",
    remedied=replace(MEASURED, estimate=0.02, low=0.01, high=0.03),
    gain=replace(MEASURED, unit="bits", estimate=9.2, low=7.9, high=10.5),
    evidence="docs/evidence/off-switch-grid",
)
CLAIM = ClaimRow(number=4, sentence="An agent resists.", source="CH", word="mixed", because="parts disagree")


def test_a_row_shows_estimate_interval_and_n():
    lines = failures_table([ROW]).splitlines()
    assert len(lines) == 3
    assert lines[2] == (
        "| [off-switch-grid](docs/evidence/off-switch-grid) | shutdown avoidance | P(disable) | \N{EN DASH} "
        "| 0.93 [0.86, 0.99], n = 3 | utility\\_indifference: 0.020 [0.010, 0.030], n = 3 | 9.2 [7.9, 10.5], n = 3 |"
    )


def test_a_gain_that_the_episodes_cap_is_said_to_be_at_least_that():
    capped = replace(ROW, gain=replace(MEASURED, unit="bits", estimate=18.0, low=11.9, high=18.0, limit="at least"))
    assert failures_table([capped]).splitlines()[2].endswith("| at least 18.0 [11.9, 18.0], n = 3 |")


def test_claims_come_in_order_of_their_numbers():
    table = claims_table([replace(CLAIM, number=17), CLAIM])
    assert [line.split(" | ")[0] for line in table.splitlines()[2:]] == ["| 4", "| 17"]
    assert "**mixed**" in table


@given(st.text(max_size=60))
def test_a_cell_stays_one_cell_on_one_line_without_any_markup(text: str):
    written = cell(text)
    assert len(written.splitlines()) == 1
    assert not re.search(r"(?<!\\)(?:\\\\)*[|*_`\[\]]", written)
    assert "<" not in written
    assert ">" not in written


def test_a_cell_cannot_end_the_table_or_its_markers():
    table = claims_table([replace(CLAIM, sentence="a | b\n<!-- evidence:claims end --> c")])
    assert len(table.splitlines()) == 3
    text = "# T\n<!-- evidence:claims begin -->\nold\n<!-- evidence:claims end -->\nrest\n"
    once = replace_between_markers(text, "claims", table)
    assert replace_between_markers(once, "claims", table) == once
    assert once.endswith("rest\n")


@pytest.mark.parametrize("path", ["https://example.org/x", "a) [b](c", "/etc/hostname", "a b"])
def test_evidence_is_linked_by_relative_paths_only(path: str):
    with pytest.raises(BadInput, match="relative path"):
        failures_table([replace(ROW, evidence=path)])


def test_only_what_stands_between_the_markers_is_replaced():
    text = "before\n<!-- evidence:failures begin -->old<!-- evidence:failures end -->\nafter"
    assert replace_between_markers(text, "failures", "| a |\n") == (
        "before\n<!-- evidence:failures begin -->\n\n| a |\n\n<!-- evidence:failures end -->\nafter"
    )


@pytest.mark.parametrize(
    "text",
    [
        "no marker at all",
        "<!-- evidence:failures begin -->",
        "<!-- evidence:failures end -->",
        "<!-- evidence:failures end --><!-- evidence:failures begin -->",
        "<!-- evidence:failures begin --><!-- evidence:failures begin --><!-- evidence:failures end -->",
    ],
)
def test_missing_doubled_or_swapped_markers_are_refused(text: str):
    with pytest.raises(BadInput):
        replace_between_markers(text, "failures", "table")


def test_a_marker_with_an_odd_name_is_refused():
    with pytest.raises(BadInput, match="lower-case"):
        replace_between_markers("", "x -->", "table")

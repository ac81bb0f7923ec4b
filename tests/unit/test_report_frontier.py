"""Safety against task performance: who is in the picture, where, and what it says of those who are not."""

from dataclasses import replace

from corrigible.report.frontier import frontier_view
from corrigible.report.page import render
from corrigible.types import Measurement
from report_sample import sample_content

CONTENT = sample_content()


def test_failure_reference_and_remedies_are_drawn_and_variants_are_not() -> None:
    found = frontier_view(CONTENT)
    assert found is not None
    for condition in CONTENT.conditions:
        assert (f">{condition.name}</text>" in found.chart.markup) == (condition.role != "variant"), condition.name
    assert (found.up, found.across) == ("down", "to the right")
    assert found.missing == ()
    assert found.chart.markup in render(CONTENT)


def test_a_remedy_that_was_not_measured_on_the_task_is_named() -> None:
    task = CONTENT.competence.metric
    panels = tuple(
        replace(panel, measurements=tuple(m for m in panel.measurements if m.condition != "myopia"))
        if panel.metric.name == task
        else panel
        for panel in CONTENT.metrics
    )
    found = frontier_view(replace(CONTENT, metrics=panels))
    assert found is not None
    assert found.missing == ("myopia",)
    assert ">myopia</text>" not in found.chart.markup


def test_there_is_no_picture_without_remedies() -> None:
    kept = {condition.name for condition in CONTENT.conditions if condition.role != "remedy"}
    panels = tuple(
        replace(
            panel,
            measurements=tuple(m for m in panel.measurements if m.condition in kept),
            differences=tuple(m for m in panel.differences if m.condition in kept),
        )
        for panel in CONTENT.metrics
    )
    conditions = tuple(condition for condition in CONTENT.conditions if condition.name in kept)
    assert frontier_view(replace(CONTENT, conditions=conditions, metrics=panels, remedies=())) is None


def test_a_name_of_markup_is_written_as_text() -> None:
    evil = "<script>alert(1)</script>"

    def renamed(item: Measurement) -> Measurement:
        return replace(item, condition=evil) if item.condition == "myopia" else item

    conditions = tuple(replace(c, name=evil) if c.name == "myopia" else c for c in CONTENT.conditions)
    panels = tuple(
        replace(p, measurements=tuple(map(renamed, p.measurements)), differences=tuple(map(renamed, p.differences)))
        for p in CONTENT.metrics
    )
    found = frontier_view(replace(CONTENT, conditions=conditions, metrics=panels, remedies=()))
    assert found is not None
    assert "<script" not in found.chart.markup
    assert "&lt;script&gt;" in found.chart.markup

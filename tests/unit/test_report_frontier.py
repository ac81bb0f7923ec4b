"""Safety against task performance: who is in the picture, where, and what it says of those who are not."""

from collections import Counter
from dataclasses import replace

from hypothesis import assume, given
from hypothesis import strategies as st

from corrigible.report.frontier import frontier_view
from corrigible.report.page import render
from corrigible.report.planes import WIDTHS, Box, number_places
from corrigible.types import Measurement
from report_sample import sample_content

CONTENT = sample_content()


def test_failure_reference_and_remedies_are_drawn_and_variants_are_not() -> None:
    found = frontier_view(CONTENT)
    assert found is not None
    for condition in CONTENT.conditions:
        assert (condition.name in [item.name for item in found.key]) == (condition.role != "variant"), condition.name
    for number, item in enumerate(found.key, start=1):
        assert f">{number}</text>" in found.chart.markup
        assert f"<title>{item.name}: {item.task}, {item.headline}</title>" in found.chart.markup
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
    assert "myopia" not in [item.name for item in found.key]
    assert "<title>myopia" not in found.chart.markup


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
    assert [item.name for item in found.key if "<" in item.name] == [evil]


@given(
    st.lists(
        st.tuples(st.sampled_from([0.0, 3.0, 50.0, 97.0, 100.0]), st.sampled_from([0.0, 4.0, 50.0, 100.0])),
        min_size=1,
        max_size=12,
    )
)
def test_numbers_stand_free_of_one_another_and_of_every_mark_at_any_width(places: list[tuple[float, float]]) -> None:
    assume(max(Counter(places).values()) <= 4)
    offsets = number_places(places)
    for width in WIDTHS:
        boxes: list[Box] = []
        for number, ((across, down), offset) in enumerate(zip(places, offsets, strict=True), start=1):
            assert offset is not None
            at = (across * width / 100 + offset[0], down * 352 / 100 + offset[1])
            boxes.append(Box(*at, 4.0 * len(str(number)), 8.0))
        marks = [Box(across * width / 100, down * 352 / 100, 5.0, 5.0) for across, down in places]
        for index, box in enumerate(boxes):
            assert not any(box.meets(other) for other in [*boxes[:index], *marks])


def test_a_condition_without_a_number_has_no_place() -> None:
    assert number_places([(float("nan"), 5.0), (50.0, 50.0)]) == [None, (15.0, 0.0)]

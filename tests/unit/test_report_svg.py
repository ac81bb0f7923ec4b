"""Plots as SVG: escaped, complete, and honest about what is unknown."""

import math
import re
from dataclasses import replace
from itertools import pairwise
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corrigible.errors import CorrigibleError
from corrigible.report import svg
from corrigible.report.markup import Svg, compact, element, group, text
from corrigible.report.scales import Scale
from corrigible.report.svg import ChartLine, Guide
from report_sample import DISABLE, measured, without_interval

UNIT = Scale(low=0.0, high=1.0, step=0.25)
MEASURED = measured(DISABLE, "q-learning", [0.25, 0.5, 0.75])


def parsed(picture: Svg) -> ElementTree.Element:
    return ElementTree.fromstring(f"<box>{picture.markup}</box>")


def line(x: tuple[float, ...], y: tuple[float, ...]) -> ChartLine:
    return ChartLine(x=x, y=y, kind="mean", role="failure", title="t")


def paths(picture: Svg, style: str) -> list[str]:
    return [item.get("d", "") for item in parsed(picture).iter("path") if style in item.get("class", "")]


@given(st.text(alphabet=st.characters(exclude_categories=["Cs", "Cc"])))
def test_text_and_attributes_come_back_as_they_were_given(content: str):
    tree = parsed(text({"x": 1, "aria-label": content}, content))
    assert tree[0].text == (content or None)
    assert tree[0].get("aria-label") == content


@pytest.mark.parametrize("name", ["a b", "x><script", 'x"', "", "on=x"])
def test_names_of_elements_and_attributes_must_be_words(name: str):
    with pytest.raises(CorrigibleError, match="plain words"):
        element(name, {})
    with pytest.raises(CorrigibleError, match="plain words"):
        element("g", {name: "x"})


def test_markup_is_escaped_unless_it_is_svg_already():
    assert group("<b>", element("g", {})).markup == "&lt;b&gt;<g></g>"
    assert element("g", {"x": None, "y": 1.0, "z": -0.001}).markup == '<g y="1" z="0"></g>'


@given(st.floats(-1e6, 1e6))
def test_a_compact_coordinate_is_within_a_hundredth(value: float):
    assert abs(float(compact(value)) - value) <= 0.005 + 1e-9


def test_a_strip_has_a_dot_for_each_known_seed_and_says_which():
    strip = parsed(svg.dot_strip(replace(MEASURED, per_seed=(0.25, math.nan, 0.75)), "failure", UNIT, seeds=(0, 1, 2)))
    dots = [item for item in strip.iter("circle") if item.get("cx")]
    assert [dot.get("cx") for dot in dots] == ["25%", "75%"]
    assert [dot.findtext("title") for dot in dots] == ["seed 0: 0.25", "seed 2: 0.75"]


def test_a_seed_keeps_its_height_in_every_row():
    def heights(per_seed: tuple[float, ...], seeds: tuple[int, ...]) -> dict[str, str | None]:
        row = replace(MEASURED, seeds=seeds, per_seed=per_seed)
        tree = parsed(svg.dot_strip(row, "failure", UNIT, seeds=(0, 1, 2, 7)))
        found = [item for item in tree.iter("circle") if item.get("cx")]
        return {(item.findtext("title") or "").split(":")[0]: item.get("cy") for item in found}

    first, second = heights((0.1, 0.2, 0.3), (0, 1, 7)), heights((0.9, 0.8), (7, 1))
    assert first["seed 7"] == second["seed 7"]
    assert first["seed 1"] == second["seed 1"]
    assert len(set(first.values())) == 3


def test_without_an_interval_no_bar_is_drawn():
    drawn = svg.dot_strip(MEASURED, "failure", UNIT, seeds=(0, 1, 2)).markup
    bare = svg.dot_strip(without_interval(MEASURED), "failure", UNIT, seeds=(0,)).markup
    assert drawn.count('class="interval"') == 1
    assert 'class="interval"' not in bare
    assert "interval" not in svg.describe(without_interval(MEASURED))


def test_an_interval_beyond_the_axis_ends_in_an_arrow():
    inside = svg.dot_strip(replace(MEASURED, low=0.1, high=1.0), "failure", UNIT, seeds=(0, 1, 2)).markup
    beyond = svg.dot_strip(replace(MEASURED, low=-3.0, high=4.0), "failure", UNIT, seeds=(0, 1, 2)).markup
    assert inside.count('class="beyond"') == 0
    assert beyond.count('class="beyond"') == 2


def test_a_strip_says_its_numbers_to_those_who_hear_it():
    label = parsed(svg.dot_strip(MEASURED, "failure", UNIT, seeds=(0, 1, 2)))[0].get("aria-label")
    assert (
        label == "q-learning: estimate 0.5, 95\u202f% interval \N{MINUS SIGN}0.1 to 1.1, n = 3; seeds: 0.25, 0.50, 0.75"
    )


def test_guides_that_are_unknown_are_not_drawn():
    guides = [Guide(value=math.nan, kind="failure"), Guide(value=0.5, kind="null")]
    drawn = svg.dot_strip(MEASURED, "failure", UNIT, seeds=(0, 1, 2), guides=guides).markup
    assert "guide failure" not in drawn
    assert "guide null" in drawn


def test_every_role_has_a_mark_of_its_own():
    roles = ("reference", "failure", "remedy", "variant")
    marks = {re.sub(r'class="[^"]*"', "", svg.marker(role, "0", "0").markup) for role in roles}
    assert len(marks) == len(roles)


def test_a_line_breaks_where_a_value_is_unknown():
    chart = svg.line_chart(
        [line((0, 0.25, 0.5, 0.75, 1), (0, 0.5, math.nan, 0.5, 1))], UNIT, UNIT, label="l", axes=("x", "y")
    )
    assert paths(chart, "line mean") == ["M0 1000L250 500M750 500L1000 0"]


def test_a_lone_point_is_drawn_as_a_dot():
    chart = svg.line_chart([line((0.5,), (0.5,))], UNIT, UNIT, label="l", axes=("x", "y"))
    assert paths(chart, "line mean") == ["M500 500L500 500"]


def test_a_band_closes_each_of_its_pieces():
    banded = replace(line((0, 0.5, 1), (0.5, 0.5, 0.5)), low=(0.25, math.nan, 0.25), high=(0.75, math.nan, 0.75))
    chart = svg.line_chart([banded], UNIT, UNIT, label="l", axes=("x", "y"))
    assert paths(chart, "band") == ["M0 250L0 750ZM1000 250L1000 750Z"]


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=2, max_size=30))
def test_leaving_out_the_middle_of_level_runs_keeps_the_curve(steps: list[tuple[int, int]]):
    points = sorted((float(a), float(b)) for a, b in steps)
    kept = svg._without_middles(points)
    assert (kept[0], kept[-1]) == (points[0], points[-1])
    for x, y in points:
        assert any(
            min(a, c) <= x <= max(a, c)
            and min(b, d) <= y <= max(b, d)
            and (a == c == x or b == d == y or (x, y) in kept)
            for (a, b), (c, d) in pairwise(kept)
        )


def test_a_roc_chart_has_the_diagonal_and_the_tolerated_false_alarms():
    chart = svg.roc_chart([line((0, 0, 1), (0, 1, 1))], label="roc")
    assert paths(chart, "chance") == ["M0 1000L1000 0"]
    assert paths(chart, "line mean") == ["M0 1000L0 0L1000 0"]
    assert re.search(r'class="guide least"><line x1="5%" x2="5%"', chart.markup)


def test_a_heat_map_shades_in_nine_steps_and_leaves_the_unknown_empty():
    drawn = svg.heat_map(
        ["a", "b"],
        ["x", "y"],
        [[0.5, 1.0], [math.nan, 0.1]],
        centre=0.5,
        reach=0.5,
        decimals=2,
        label="heat",
        below="backwards",
    )
    cells = [item for item in parsed(drawn).iter("g") if "cell" in item.get("class", "")]
    assert [cell.get("class") for cell in cells] == [
        "cell shade-0",
        "cell shade-8",
        "cell shade-none",
        "cell shade-7 backwards",
    ]
    assert [cell.findtext("title") for cell in cells] == [
        "a, x: 0.50",
        "a, y: 1.00",
        "b, x: \N{EN DASH}",
        "b, y: 0.10, backwards",
    ]

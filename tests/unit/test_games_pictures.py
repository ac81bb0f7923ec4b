"""The pictures: well-formed script-free SVG, legible, coloured by the page, and drawn where the solvers say."""

import math
import re
from xml.etree import ElementTree

import pytest

from corrigible.errors import BadInput
from corrigible.sandbox.games import finite_groups, stag_hunt
from corrigible.sandbox.games.axes import BOTTOM, HEIGHT, LEFT, RIGHT, TOP, WIDTH, Axes, number, ticks
from corrigible.sandbox.games.beliefs import NormalBelief
from corrigible.sandbox.games.global_game import multiplicity_range
from corrigible.sandbox.games.pictures import deferral_picture, groups_picture, stag_hunt_picture, tone_picture

SVG = "{http://www.w3.org/2000/svg}"

PICTURES = {
    "rational human": lambda: deferral_picture(mark=NormalBelief(mu=0.5, sigma=1)),
    "Boltzmann human": lambda: deferral_picture(beta=0.5, mark=NormalBelief(mu=1, sigma=1.5)),
    "hot human": lambda: deferral_picture(beta=1e9, mark=NormalBelief(mu=1e6, sigma=1e-12)),
    "default map": deferral_picture,
    "hunt": lambda: stag_hunt_picture(stag_hunt.solve(10, 7, 0.3)),
    "unanimous hunt": lambda: stag_hunt_picture(stag_hunt.solve(10**6, 10**6, 0.5)),
    "dominant hunt": lambda: stag_hunt_picture(stag_hunt.solve(5, 1, 0.3)),
    "easy hunt": lambda: stag_hunt_picture(stag_hunt.solve(10**6, 2, 0.9)),
    "loud tone": lambda: tone_picture(0.5, 10, 1, y=0.5),
    "soft tone": lambda: tone_picture(0.6, 1, 1),
    "no tone": lambda: tone_picture(0.6, 0, 25, y=2),
    "very loud tone": lambda: tone_picture(0.5, 1e8, 1, y=1e3),
    "groups": lambda: groups_picture(finite_groups.solve(10, 5, 8)),
    "hopeless groups": lambda: groups_picture(finite_groups.solve(10, 5, 3)),
    "neutral groups": lambda: groups_picture(finite_groups.solve(10, 1, 10)),
    "large groups": lambda: groups_picture(finite_groups.solve(10**6, 500_000, 999_000)),
    "rich groups": lambda: groups_picture(finite_groups.solve(10, 5, 1e300)),
}


@pytest.mark.parametrize("name", PICTURES)
def test_a_picture_is_safe_legible_and_takes_the_colours_of_the_page(name: str) -> None:
    text = PICTURES[name]()
    root = ElementTree.fromstring(text)
    assert root.tag == f"{SVG}svg"
    assert root.get("viewBox") == f"0 0 {WIDTH} {HEIGHT}"
    assert root.get("role") == "img"
    assert len(root.get("aria-label", "")) > 20
    assert "nan" not in text
    assert "inf" not in text.replace("infin", "")
    assert {element.tag.removeprefix(SVG) for element in root.iter()} <= {
        "svg", "rect", "text", "path", "polyline", "polygon", "circle",
    }  # fmt: skip
    for element in root.iter():
        assert not any(key.startswith("on") or "href" in key or key in ("id", "style") for key in element.attrib)
        for key in ("fill", "stroke"):
            assert re.fullmatch(r"none|var\(--(ink|accent|muted|paper),#[0-9a-f]{3,6}\)", element.get(key, "none"))
        assert float(element.get("font-size", "16")) >= 12
    assert len(text) < 40_000


@pytest.mark.parametrize("name", PICTURES)
def test_everything_drawn_lies_inside_the_picture(name: str) -> None:
    root = ElementTree.fromstring(PICTURES[name]())
    for shape in [*root.iter(f"{SVG}polyline"), *root.iter(f"{SVG}polygon")]:
        for pair in shape.get("points", "").split():
            x, y = map(float, pair.split(","))
            assert LEFT - 0.1 <= x <= RIGHT + 0.1
            assert TOP - 0.1 <= y <= BOTTOM + 0.1
    for text in root.iter(f"{SVG}text"):
        if text.get("transform"):
            continue
        width = 0.6 * float(text.get("font-size", "16")) * len(text.text or "")
        shift = {"start": 0.0, "middle": 0.5, "end": 1.0}[text.get("text-anchor", "start")]
        left = float(text.get("x", "nan")) - shift * width
        assert left >= -2, text.text
        assert left + width <= WIDTH + 12, text.text
        assert 12 <= float(text.get("y", "nan")) <= HEIGHT


def circles(picture: str) -> list[tuple[float, float, bool]]:
    """Markers inside the axes: x, y and whether they are filled."""
    found = []
    for circle in ElementTree.fromstring(picture).iter(f"{SVG}circle"):
        x, y = float(circle.get("cx", "nan")), float(circle.get("cy", "nan"))
        if y >= TOP - 1:
            found.append((x, y, circle.get("fill") == circle.get("stroke")))
    return found


def test_the_belief_is_marked_where_it_is() -> None:
    picture = deferral_picture(beta=0.5, mark=NormalBelief(mu=1, sigma=1.5), mu_limit=4, sigma_limit=3)
    ((x, y, filled),) = circles(picture)
    assert x == pytest.approx(LEFT + 5 / 8 * (RIGHT - LEFT), abs=0.1)
    assert y == pytest.approx((TOP + BOTTOM) / 2, abs=0.1)
    assert filled


def test_the_boundary_of_the_map_is_the_parabola() -> None:
    root = ElementTree.fromstring(deferral_picture(beta=0.5, mu_limit=4, sigma_limit=3))
    (line,) = root.iter(f"{SVG}polyline")
    axes = Axes(x_low=-4, x_high=4, y_low=0, y_high=3)
    for pair in line.get("points", "").split():
        x, y = map(float, pair.split(","))
        mu = -4 + 8 * (x - LEFT) / (RIGHT - LEFT)
        assert y == pytest.approx(axes.place(0, math.sqrt(abs(mu)))[1], abs=6)
    assert "acts without asking" in deferral_picture(beta=0.5)
    assert "acts without asking" not in deferral_picture()


def test_the_hunt_marks_three_equilibria_and_dominance_one() -> None:
    solution = stag_hunt.solve(10, 7, 0.3)
    markers = circles(stag_hunt_picture(solution))
    assert sorted(filled for *_, filled in markers) == [False, True, True]
    ((x, _, _),) = [marker for marker in markers if not marker[2]]
    assert x == pytest.approx(LEFT + solution.mixed[0].hunt * (RIGHT - LEFT), abs=0.1)
    assert len(circles(stag_hunt_picture(stag_hunt.solve(5, 1, 0.3)))) == 1


def test_the_tone_shades_the_range_of_three_equilibria_and_marks_them() -> None:
    picture = tone_picture(0.5, 10, 1, y=0.5, y_range=(-1, 2))
    (band,) = ElementTree.fromstring(picture).iter(f"{SVG}polygon")
    xs = [float(pair.split(",")[0]) for pair in band.get("points", "").split()]
    low, high = multiplicity_range(0.5, 10, 1)  # type: ignore[misc]
    assert min(xs) == pytest.approx(LEFT + (low + 1) / 3 * (RIGHT - LEFT), abs=0.1)
    assert max(xs) == pytest.approx(LEFT + (high + 1) / 3 * (RIGHT - LEFT), abs=0.1)
    assert sorted(filled for *_, filled in circles(picture)) == [False, True, True]
    assert "three equilibria" in picture
    assert "three equilibria" not in tone_picture(0.5, 1, 1)


def test_groups_mark_every_rest_point_and_whether_it_is_stable() -> None:
    solution = finite_groups.solve(10, 5, 8)
    low, high = (point.cooperate for point in solution.interior)
    markers = sorted(circles(groups_picture(solution)))
    expected = [(0.0, True), (low, False), (high, True), (1.0, False)]
    for (x, _, filled), (share, stable) in zip(markers, expected, strict=True):
        assert x == pytest.approx(LEFT + share * (RIGHT - LEFT), abs=0.1)
        assert filled == stable
    assert circles(groups_picture(finite_groups.solve(10, 1, 10))) == []


def test_regions_are_named_only_where_there_is_room() -> None:
    assert "acts without asking" in deferral_picture(beta=0.5, mark=NormalBelief(mu=1, sigma=1.5))
    assert "acts without asking" not in deferral_picture(beta=1e-3, mark=NormalBelief(mu=-4, sigma=0.1))


def test_a_unit_is_written_as_text_whatever_it_contains() -> None:
    picture = deferral_picture(unit='<script>alert("x")</script>')
    assert "<script" not in picture
    assert "&lt;script&gt;" in picture
    ElementTree.fromstring(picture)


def test_ticks_are_round_and_numbers_short() -> None:
    assert ticks(0, 1, 5) == pytest.approx((0, 0.2, 0.4, 0.6, 0.8, 1))
    assert ticks(-0.03, 1.03, 6) == pytest.approx((0, 0.2, 0.4, 0.6, 0.8, 1))
    assert ticks(-1.5e6, 1.5e6, 6) == pytest.approx((-1.5e6, -1e6, -5e5, 0, 5e5, 1e6, 1.5e6))
    assert [number(value) for value in (0, 0.25, -1.5, 1.5e6, 2e-5)] == ["0", "0.25", "\u22121.5", "1.5e6", "2e\u22125"]
    for low, high in ((1, 1), (2, 1), (0, math.inf), (math.nan, 1)):
        with pytest.raises(BadInput, match="axis"):
            ticks(low, high, 5)


def test_pictures_of_bad_input_are_refused() -> None:
    for refuse in (
        lambda: deferral_picture(beta=0),
        lambda: deferral_picture(mu_limit=-1),
        lambda: deferral_picture(sigma_limit=math.nan),
        lambda: tone_picture(0, 1, 1),
        lambda: tone_picture(0.5, -1, 1),
        lambda: tone_picture(0.5, 1, 0),
        lambda: tone_picture(0.5, 1, 1, y=math.inf),
        lambda: tone_picture(0.5, 1, 1, y_range=(1, 0)),
    ):
        with pytest.raises(BadInput):
            refuse()

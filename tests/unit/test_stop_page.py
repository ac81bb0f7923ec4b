"""The page that is brought to the owner, its graph, and how the metric was going on."""

import re
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from corrigible.cli import main
from corrigible.errors import BadInput
from corrigible.seeding import stream
from corrigible.tripwires.deciding import acknowledge, decide, standing
from corrigible.tripwires.outlook import WINDOW, outlook
from corrigible.tripwires.pictures import metric_picture
from corrigible.tripwires.points import Point
from stopping_samples import TAKES_OFF, armed, documents, trained
from tripwire_samples import points, wire


def values(*amounts: float) -> list[Point]:
    return [Point(run="a", metric="skill", step=100 * place, value=v) for place, v in enumerate(amounts, start=1)]


def test_values_on_a_straight_line_go_on_along_it_without_an_interval() -> None:
    found = outlook(values(1.0, 2.0, 3.0, 4.0), every=100, until=600)
    assert found is not None
    assert found.steps == (500, 600)
    np.testing.assert_allclose([found.expected, found.low, found.high], [[5, 6]] * 3, atol=1e-9)


@given(st.lists(st.floats(-100, 100), min_size=3, max_size=WINDOW))
def test_values_go_on_along_the_line_of_least_squares(amounts: list[float]) -> None:
    found = outlook(values(*amounts), every=100, until=10_000)
    assert found is not None
    time = np.arange(len(amounts))
    slope, level = np.polyfit(time, amounts, 1)
    np.testing.assert_allclose(found.expected[0], level + slope * len(amounts), atol=1e-6)
    assert all(low <= middle <= high for low, middle, high in zip(found.low, found.expected, found.high, strict=True))
    assert len(found.steps) == len(amounts)


def test_the_interval_of_counts_holds_the_true_share_about_as_often_as_it_says() -> None:
    generator = stream(0, "outlook")
    true = 1 / (1 + np.exp(-(-1.0 + 0.2 * np.arange(9))))
    held = 0
    for _ in range(600):
        found = outlook(points(generator.binomial(50, true[:8])), every=100, until=900)
        assert found is not None
        held += found.low[0] <= true[8] <= found.high[0]
    assert 0.92 <= held / 600 <= 0.98


@pytest.mark.parametrize(
    ("given_points", "until"),
    [(points([1, 2]), 900), (points([1, 2, 3]), 300), ([*points([1, 2]), *values(1, 2, 3)[2:]], 900), ([], 900)],
)
def test_nothing_is_said_where_points_are_few_mixed_or_nothing_is_left(given_points: list[Point], until: int) -> None:
    assert outlook(given_points, every=100, until=until) is None


def test_the_graph_shows_points_the_healthy_share_the_stop_and_how_it_was_going_on() -> None:
    found = points([15, 14, 30, 40])
    ahead = outlook(found, every=100, until=4000)
    drawn = metric_picture(wire(), found, stopped=400, ahead=ahead)
    assert drawn.count("<polygon") == 1
    for words in ("healthy", "stopped", "if it had gone on so"):
        assert words in drawn
    assert "if it had gone on so" not in metric_picture(wire(), found, stopped=400, ahead=None)
    with pytest.raises(BadInput, match="it has a point to draw"):
        metric_picture(wire(), [], stopped=0, ahead=None)


def page_of(path: Path, folder: Path, *more: str) -> str:
    main(["trip", "status", str(folder), "--page", str(path), *more])
    return re.sub(r"<style>.*?</style>|<script>.*?</script>", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)


def test_the_page_says_what_tripped_what_going_on_would_cost_and_who_decides_by_when(tmp_path: Path) -> None:
    documents(tmp_path, at_stake="a <b>bold</b> thing", what="skill & more")
    guard = armed(tmp_path)
    assert trained(guard, TAKES_OFF) is not None
    guard.stopped()
    folder, path = guard.folder, tmp_path / "page.html"
    frozen = (folder.bundle(1) / "page.html").read_text(encoding="utf-8")
    shown = page_of(path, folder.path)
    for text in (frozen, shown):
        for words in (
            "STOPPED", "sample on skill stopped run a at step 300", "Ada (tester)", "skill &amp; more",
            "a &lt;b&gt;bold&lt;/b&gt; thing", "Had the next checkpoints gone as the last 3", "<polyline",
            "at most 5 % were to be", "Left of the plan: 7 of 10 checkpoints", "Nobody has said anything yet",
            f"corrigible trip decide {folder.path} resume|end --by ada",
        ):  # fmt: skip
            assert words in text, words
        assert "<b>bold" not in text
    at = folder.stop().at  # type: ignore[union-attr]
    for hours, who in ((1, "Ada"), (3, "Ben"), (5, "Dan")):
        late = page_of(path, folder.path, "--at", (at + timedelta(hours=hours)).isoformat())
        assert f"<strong>{who} (tester)</strong> (now)" in late
    acknowledge(folder, by="ada", at=at)
    assert "<strong>acknowledge</strong>" in page_of(path, folder.path)
    decide(folder, "end", by="ada", reason="<i>no</i>")
    ended = page_of(path, folder.path)
    assert "ENDED" in ended
    assert "&lt;i&gt;no&lt;/i&gt;" in ended
    assert "nobody: it was decided" in ended


def test_a_lifted_stop_has_a_page_and_a_run_that_was_never_stopped_has_none(tmp_path: Path) -> None:
    documents(tmp_path)
    guard = armed(tmp_path)
    assert main(["trip", "status", str(guard.folder.path), "--page", str(tmp_path / "p.html")]) == 2
    assert trained(guard, TAKES_OFF) is not None
    guard.stopped()
    decide(guard.folder, "resume", by="ada", reason="seen")
    assert "LIFTED" in page_of(tmp_path / "p.html", guard.folder.path)
    assert standing(guard.folder).stop is None


def test_a_stop_without_a_point_has_a_page_without_a_graph(tmp_path: Path) -> None:
    documents(tmp_path)
    guard = armed(tmp_path)
    assert guard.check(151) is not None
    bundle = guard.stopped()
    assert bundle is not None
    text = (bundle / "page.html").read_text(encoding="utf-8")
    assert "there is nothing to draw" in text
    assert "How it would have gone on is not known" in text

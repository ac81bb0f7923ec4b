"""Tripwires: what is refused, what trips and when, figures against known ones, and the command."""

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import stats

from corrigible.cli import main
from corrigible.errors import BadInput, NewerSchema
from corrigible.seeding import stream
from corrigible.tripwires import points as points_module
from corrigible.tripwires.detectors import CusumDetector, LevelDetector
from corrigible.tripwires.points import Point, read_points
from corrigible.tripwires.rare_counts import critical_count, growth, spent
from corrigible.tripwires.simulate import simulate
from corrigible.tripwires.wire import replay
from stopping_samples import documents
from tripwire_samples import DETECTORS, points, wire, wire_text, write_points

GOOD = {"schema": 1, "run": "a", "metric": "skill", "step": 100, "k": 3, "n": 50}


def line(**changes: Any) -> str:
    return json.dumps({key: value for key, value in (GOOD | changes).items() if value != "left out"})


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (line() + "\n" + line() + "\n", 'line 2: step = 100: "skill" has been given'),
        (line() + "\n" + line(step=50) + "\n", "line 2: step = 50: steps never go back"),
        (line() + "\n" + line(step=50, metric="other") + "\n", "line 2: step = 50: steps never go back"),
        (line() + "\n" + line(step=200, run="b") + "\n", 'line 2: run = "b": a file holds one run'),
        (line(k=51), "line 1: k = 51: k is at most n = 50"),
        (line(k=-1), "k = -1"),
        (line(k=True), "k = true"),
        (line(k=1.0), "k = 1.0"),
        (line(n=0), "n = 0"),
        (line(n="left out"), "n = null"),
        (line(value=1.0), "either k and n, or a value"),
        (line(k="left out", n="left out"), "n = null"),
        (line(k="left out", n="left out", value=None), "value = null"),
        (line(k="left out", n="left out", value="1"), "finite number"),
        (line(k="left out", n="left out").replace("}", ', "value": NaN}'), "NaN is no JSON number"),
        (line(k="left out", n="left out").replace("}", ', "value": 1e999}'), "finite number"),
        (line(step=-1), "step = -1"),
        (line(step=2**60), "a step is whole"),
        (line(step="left out"), "key 'step' is missing"),
        (line(note="x"), 'unknown key "note"'),
        (line().replace('"k"', '"n": 4, "k"'), "given twice"),
        (line(run=""), "a name has 1 to 120"),
        (line(run="a\nb"), "a name has 1 to 120"),
        (line(run="a" * 121), "a name has 1 to 120"),
        (line(schema=True), "schema = true"),
        (line() + "\n" + line(step=200)[:-9], "no line break at its end"),
        (line() + "\n\n" + line(step=200), "line 2"),
        ("[1]", "one JSON object"),
        (line(run="a" * 5000), "bytes: a line holds at most"),
        ("", "without a point"),
    ],
)
def test_points_that_break_the_form_are_refused_with_file_line_and_rule(text: str, words: str, tmp_path: Path) -> None:
    path = tmp_path / "p.jsonl"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(BadInput) as said:
        read_points(path)
    assert words in str(said.value)
    assert str(path) in str(said.value)
    assert len(str(said.value).splitlines()) == 1


def test_a_replay_names_the_owner_as_the_register_knows_them_and_refuses_one_that_it_does_not(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    made = documents(tmp_path)
    path = write_points(tmp_path / "a.jsonl", points([15, 14, 30, 40]))
    asked = ["trip", "replay", str(made["tripwire"]), str(path), "--owners", str(made["owners"])]
    assert main(asked) == 5
    assert "Ada (tester) has to decide by 20" in capsys.readouterr().out
    documents(tmp_path, owner="zoe")
    assert main(asked) == 2
    assert "'zoe' is not among people" in capsys.readouterr().err


def test_a_later_schema_a_folder_and_too_large_a_file_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "p.jsonl"
    path.write_text(line(schema=2), encoding="utf-8")
    with pytest.raises(NewerSchema, match="update Corrigible"):
        read_points(path)
    with pytest.raises(BadInput, match="regular file"):
        read_points(tmp_path)
    monkeypatch.setattr(points_module, "MOST_FILE_BYTES", 10)
    with pytest.raises(BadInput, match="holds at most 10"):
        read_points(path)


def test_points_are_read_as_they_were_written(tmp_path: Path) -> None:
    made = [*points([3, 4]), Point(run="a", metric="loss", step=200, value=0.5)]
    assert list(read_points(write_points(tmp_path / "p.jsonl", made))) == made


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"owner": None}, "owner: Field required"),
        ({"deadline": None}, "deadline: Field required"),
        ({"deadline": "soon"}, "write a whole number and a unit"),
        ({"healthy": None}, "needs the share of a healthy run"),
        ({"healthy": 0}, "greater than 0"),
        ({"false_alarms": None}, "which share of healthy runs it may stop"),
        ({"detector": {"kind": "cusum", "suspect": 0.2, "threshold": 5}}, "must lie above the healthy share"),
        ({"side": "below"}, "must lie below the healthy share"),
        ({"detector": {"kind": "cusum", "suspect": 0.4, "threshold": 0}}, "greater than 0"),
        ({"detector": {"kind": "growth", "window": 41}}, "longer than the plan"),
        ({"detector": {"kind": "growth", "window": 2}}, "greater than or equal to 3"),
        ({"detector": {"kind": "oracle"}}, "does not match any of the expected tags"),
        ({"detector": {"kind": "missing"}}, "how many steps a checkpoint may be late"),
        ({"detector": {"kind": "bound"}}, "Field required"),
        ({"plan": {"checkpoints": 40, "first": 0, "every": 10, "grace": 10}}, "a grace is shorter"),
        ({"plan": {"checkpoints": 0, "first": 0, "every": 10}}, "greater than or equal to 1"),
        ({"plan": {"checkpoints": 20, "first": 0, "every": 10}}, "after the last planned checkpoint"),
        (
            {"detector": {"kind": "level"}, "assumed": {"items": 5, "takes_off_at": 2, "moves_by": 0.1}},
            "no result of 5 items is so rare",
        ),
        ({"note": "x"}, "Extra inputs"),
    ],
)
def test_a_tripwire_without_owner_or_of_numbers_that_cannot_be_is_refused(changes: dict[str, Any], words: str) -> None:
    with pytest.raises(BadInput) as said:
        wire(**changes)
    assert words in str(said.value)
    assert "sample.yaml, line" in str(said.value)
    assert len(str(said.value).splitlines()) == 1


@pytest.mark.parametrize("spending", ["even", "pocock", "obrien-fleming"])
def test_the_rate_is_spent_and_exact_false_stops_stay_within_it(spending: Any) -> None:
    alphas = spent(spending, 40, 0.05)
    assert alphas.sum() == pytest.approx(0.05)
    assert (alphas >= 0).all()
    bounds = [critical_count(50, 0.3, float(alpha)) for alpha in alphas]
    each = [stats.binom.sf(bound - 1, 50, 0.3) for bound in bounds]
    assert all(tail <= alpha for tail, alpha in zip(each, alphas, strict=True))
    exact = 1 - math.prod(1 - float(tail) for tail in each)
    assert 0.005 < exact <= 0.05
    found = simulate(
        wire(detector={"kind": "level", "spending": spending}),
        runs=20_000,
        generator=stream(1, "tripwire"),
        level=0.999,
    )
    assert found.false_stops.low <= exact <= found.false_stops.high


@pytest.mark.parametrize(("threshold", "false_stops", "delay"), [(3, 0.324, 2.0), (5, 0.049, 2.7), (7, 0.007, 3.1)])
def test_cusum_has_the_false_stops_and_delays_that_were_found_independently(
    threshold: float, false_stops: float, delay: float
) -> None:
    """50 items at .30, 40 checkpoints, .30 against .45, +5 points a checkpoint: notes on oversight, section 5.

    Those figures are simulated too, over some thousands of runs and printed to a digit, hence the margins.
    """
    document = wire(detector={"kind": "cusum", "suspect": 0.45, "threshold": threshold})
    found = simulate(document, runs=20_000, generator=stream(2, "tripwire"))
    assert found.false_stops.estimate == pytest.approx(false_stops, abs=4 * math.sqrt(false_stops / 4000))
    assert found.delay is not None
    assert found.delay.estimate == pytest.approx(delay, abs=0.1)
    exact = 1 - (1 - stats.binom.sf(20, 50, 0.3)) ** 40  # 21 of 50 is the exact 5 % test
    assert found.naive.low - 0.005 <= exact <= found.naive.high + 0.005
    assert 0.84 < found.naive.estimate < 0.87


def test_the_first_score_of_cusum_is_the_likelihood_ratio_and_it_never_falls_below_zero() -> None:
    detector = CusumDetector(healthy=0.3, suspect=0.45, threshold=3.0)
    low, high = points([0, 30])
    assert detector.read(low).statistic == 0.0
    ratio = stats.binom.logpmf(30, 50, 0.45) - stats.binom.logpmf(30, 50, 0.3)
    found = detector.read(high)
    assert found.statistic == pytest.approx(ratio)
    assert found.alarm is not None
    assert (found.alarm.step, found.alarm.checkpoint) == (200, 2)


def test_growth_is_the_weighted_slope_of_the_log_odds() -> None:
    k, n, time = np.array([5, 9, 14, 30]), np.array([50, 40, 50, 60]), np.array([0.0, 1.0, 2.0, 4.0])
    y = np.log((k + 0.5) / (n - k + 0.5))
    deviation = np.sqrt(1 / (k + 0.5) + 1 / (n - k + 0.5))
    (slope, _), covariance = np.polyfit(time, y, 1, w=1 / deviation, cov="unscaled")
    found = growth(k, n, time)
    assert float(found[0]) == pytest.approx(slope)
    assert float(found[1]) == pytest.approx(math.sqrt(covariance[0, 0]))


def test_each_detector_sees_a_take_off_and_its_mirror_image_at_the_same_step() -> None:
    counts = [15] * 10 + [18, 22, 27, 32, 37, 42, 46, 48, 49, 50]
    for name, detector in DETECTORS.items():
        seen = replay(wire(detector=detector), points(counts)).alarm
        assert seen is not None, name
        assert seen.step > 1000, name
        mirror = {
            **detector,
            **({"suspect": 0.55} if name == "cusum" else {"bound": 0.5} if name == "bound" else {}),
        }
        below = wire(detector=mirror, side="below", healthy=0.7)
        again = replay(below, points([50 - k for k in counts])).alarm
        assert again is not None, name
        assert (again.step, again.checkpoint) == (seen.step, seen.checkpoint), name


def test_a_bound_takes_values_and_detectors_that_count_refuse_them() -> None:
    loss = [Point(run="a", metric="skill", step=100 * at, value=value) for at, value in ((1, 0.4), (2, 0.6))]
    found = replay(wire(detector=DETECTORS["bound"]), loss).alarm
    assert found is not None
    assert found.step == 200
    with pytest.raises(BadInput, match="this detector counts"):
        replay(wire(), loss)


def test_a_checkpoint_that_does_not_come_trips() -> None:
    planned = {"checkpoints": 40, "first": 100, "every": 100, "grace": 50}
    document = wire(detector={"kind": "missing"}, plan=planned, false_alarms=None, assumed=None)
    came = points([15, 15])
    assert replay(document, came, until=350).alarm is None
    late = replay(document, came, until=351).alarm
    assert late is not None
    assert late.because == "the checkpoint planned at step 300 had not come by step 350"
    hurried = replay(document, points([15] * 4, every=49))  # more points than planned by then, but step 300 has none
    assert hurried.alarm is None
    other = replay(document, [*came, Point(run="a", metric="loss", step=400, value=1.0)]).alarm
    assert other is not None
    assert other == late
    assert other.step == 351
    with_level = wire(plan=planned)  # absence trips beside any detector
    assert replay(with_level, came, until=351).alarm == late


def test_beyond_the_plan_nothing_is_promised_and_it_trips() -> None:
    short = wire(plan={"checkpoints": 3, "first": 100, "every": 100}, assumed=None)
    found = replay(short, points([15] * 5)).alarm
    assert found is not None
    assert (found.step, found.checkpoint) == (400, 4)
    level = LevelDetector(healthy=0.3, rate=0.05, planned=1)
    assert [level.update(point) for point in points([15, 50])] == [None, None]


@pytest.mark.parametrize(
    ("changes", "runs", "words"),
    [
        ({"detector": {"kind": "bound", "bound": 0.4}, "healthy": None}, 10, "needs? 'healthy'"),
        ({"assumed": None}, 10, "needs? 'assumed'"),
        (
            {
                "detector": {"kind": "missing"},
                "false_alarms": None,
                "plan": {"checkpoints": 40, "first": 1, "every": 9, "grace": 1},
            },
            10,
            "nothing to simulate",
        ),
        ({}, 1, "runs must be at least 2"),
        ({}, 10**9, "runs x checkpoints x window"),
    ],
)
def test_figures_that_cannot_be_had_are_refused(changes: dict[str, Any], runs: int, words: str) -> None:
    with pytest.raises(BadInput, match=words):
        simulate(wire(**changes), runs=runs, generator=stream(0))


def test_a_take_off_at_the_first_checkpoint_leaves_nothing_to_be_stopped_before() -> None:
    document = wire(assumed={"items": 50, "takes_off_at": 1, "moves_by": 0.6})
    found = simulate(document, runs=50, generator=stream(3))
    assert found.in_time is not None
    assert found.in_time.n == 50
    assert found.delay is not None
    assert (found.delay.estimate, found.delay.low) == (0.0, 0.0)


def run_file(folder: Path, counts: list[int], name: str = "a") -> str:
    return str(write_points(folder / f"{name}.jsonl", points(counts, run=name)))


def sample(folder: Path, **changes: Any) -> str:
    path = folder / "wire.yaml"
    path.write_text(wire_text(**changes), encoding="utf-8")
    return str(path)


def test_replay_says_where_it_trips_with_exit_code_5_and_draws_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    calm, rising = run_file(tmp_path, [15, 14, 16], "calm"), run_file(tmp_path, [15, 30, 40], "rising")
    picture = tmp_path / "p.svg"
    assert main(["trip", "replay", sample(tmp_path), calm]) == 0
    assert "trips in 0 of 1 runs" in capsys.readouterr().out
    assert main(["trip", "replay", sample(tmp_path), calm, rising, "--picture", str(picture)]) == 5
    said = capsys.readouterr().out
    assert "trips in 1 of 2 runs" in said
    assert "ada has to decide within 24 hours" in said
    drawn = picture.read_text(encoding="utf-8")
    assert drawn.startswith("<svg")
    assert "rising: trips at step 200" in drawn
    assert "nan" not in drawn
    assert main(["trip", "replay", sample(tmp_path), calm, rising, "--json"]) == 5
    data = json.loads(capsys.readouterr().out)
    assert [run["alarm"] and run["alarm"]["step"] for run in data["runs"]] == [None, 200]


def test_figures_are_told_and_the_same_for_a_seed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["trip", "figures", "take-off", "--runs", "5000"]) == 0
    assert "at most 6 % is promised: kept" in capsys.readouterr().out
    told = []
    for _ in range(2):
        assert main(["trip", "figures", "take-off", "--runs", "500", "--seed", "4", "--json"]) == 0
        told.append(json.loads(capsys.readouterr().out))
    assert told[0] == told[1]
    assert told[0]["false_stops"]["n"] == 500


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("replay", "nothing", "{points}"), "choose from take-off"),
        (("replay", "{wire}"), "no POINTS"),
        (("replay", "{wire}", "nothing.jsonl"), "nothing.jsonl"),
        (("replay", "{points}", "{points}"), "a.jsonl"),
        (("replay", "{wire}", "{wire}"), "wire.yaml line 1"),
        (("replay", "{wire}", "{other}"), "must hold points of 'skill', and holds 'loss'"),
        (("replay", "{wire}", "{values}"), "values.jsonl: run v, skill at step 1"),
        (("replay", "{wire}", "{points}", "--until", "100"), "--until 100"),
        (("replay", "{wire}", "{points}", "--picture", "{folder}/no/p.svg"), "its folder must exist"),
        (("replay", "{wire}", *["{points}"] * 6, "--picture", "{folder}/p.svg"), "at most 5"),
        (("figures", "{wire}", "--runs", "1"), "runs must be at least 2"),
        (("figures", "{wire}", "--seed", "-1"), "seed must be at least 0"),
        (("figures", "{points}"), "a.jsonl"),
    ],
)
def test_what_is_refused_is_told_in_one_line_with_exit_code_2_and_nothing_is_written(
    arguments: tuple[str, ...], words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    places = {
        "folder": str(tmp_path),
        "wire": sample(tmp_path),
        "points": run_file(tmp_path, [15, 16]),
        "other": str(write_points(tmp_path / "o.jsonl", [Point(run="o", metric="loss", step=1, value=1.0)])),
        "values": str(write_points(tmp_path / "values.jsonl", [Point(run="v", metric="skill", step=1, value=1.0)])),
    }
    before = sorted(path.name for path in tmp_path.iterdir())
    assert main(["trip", *(item.format(**places) for item in arguments)]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    (told,) = said.err.splitlines()
    assert words in told
    assert sorted(path.name for path in tmp_path.iterdir()) == before

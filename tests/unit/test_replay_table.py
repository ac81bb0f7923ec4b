"""Tripwires against runs that are known to fail: what the table counts, against streamed replays and by hand."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from corrigible.cli import main
from corrigible.errors import BadInput
from corrigible.seeding import stream
from corrigible.tripwires.points import Point
from corrigible.tripwires.replay_table import RATE, Known, Runs, detectors, known_of, rows_of
from corrigible.tripwires.wire import replay

T = 20


def runs(failing: float = 0.6, seed: int = 1, many: int = 40) -> Runs:
    """Healthy runs at 0.3; failing ones rise from checkpoint 10 on; 200 episodes a checkpoint."""
    generator = stream(seed, "runs")
    share = np.where(np.arange(T) < 10, 0.3, failing)
    return Runs(
        name="made",
        healthy=generator.binomial(200, 0.3, (many, T)),
        failing=generator.binomial(200, share, (many, T)),
        episodes=np.full(T, 200),
    )


def test_promises_are_kept_and_naive_tests_stop_healthy_runs() -> None:
    rows = {row.detector: row for row in rows_of(runs(), items=50, draws=40, generator=stream(2))}
    for name, row in rows.items():
        assert row.healthy_runs == 20
        assert row.failing_runs == 40
        if name.startswith("naive"):
            assert row.false_stops.low > 0.02
        else:
            assert row.false_stops.estimate <= RATE
    assert rows["cusum"].misses is not None
    assert rows["cusum"].misses.estimate < 0.01
    assert rows["cusum"].delay is not None
    assert rows["cusum"].delay.estimate < 2
    assert rows["growth"].false_stops.n == 20


def test_a_run_that_never_took_off_is_no_miss() -> None:
    for row in rows_of(runs(failing=0.3), items=50, draws=5, generator=stream(2)):
        assert row.failing_runs == 0
        assert row.misses is row.delay is row.early is None


def test_what_the_table_counts_is_what_a_watcher_would_have_said() -> None:
    made = runs(many=6)
    known, _ = known_of(made)
    (wires,) = [detectors(known, T, 200, stream(3, "made"))]
    rows = {row.detector: row for row in rows_of(made, items=200, draws=1, generator=stream(3, "made"))}
    for name, wire in wires.items():
        delays: list[int] = []
        for counts in made.failing:
            onset = int((counts / 200 >= known.suspect).argmax())
            points = [Point(run="a", metric="alarming", step=at, k=int(k), n=200) for at, k in enumerate(counts)]
            alarm = replay(wire, points).alarm
            if alarm is not None and alarm.checkpoint - 1 >= onset:
                delays.append(alarm.checkpoint - 1 - onset)
        found = rows[name].delay
        assert (found.estimate if found else None) == (pytest.approx(np.mean(delays)) if delays else None)


def test_the_cusum_keeps_its_rate_where_another_simulation_asks() -> None:
    wire = detectors(Known(healthy=0.3, suspect=0.45), 40, 50, stream(5))["cusum"]
    assert wire.detector.kind == "cusum"
    assert 4.5 <= wire.detector.threshold <= 5.25, "5 nats stop 4.9 % of healthy runs over 40 checkpoints"


@pytest.mark.parametrize(
    "changes",
    [{"healthy": np.zeros((1, 3), int)}, {"failing": np.full((2, 3), 11)}, {"failing": np.zeros((2, 4), int)}],
)
def test_runs_that_are_none_are_refused(changes: dict[str, Any]) -> None:
    given = {"healthy": np.zeros((3, 3), int), "failing": np.zeros((2, 3), int), "episodes": np.full(3, 10)}
    with pytest.raises(BadInput):
        Runs(name="none", **(given | changes))


def evidence(folder: Path, **changes: Any) -> Path:
    """Rows as benchmarks/tripwire_runs.py writes them."""
    made: list[dict[str, Any]] = []
    for condition, shares in (("trained-on-truth", [0.0, 0.0, 0.0]), ("q-learning-termination", [0.0, 0.5, 1.0])):
        for seed in range(4):
            points = [{"step": step, "metrics": {"disable": share}} for step, share in enumerate(shares)]
            made.append(
                {"schema": 2, "kind": "cell", "experiment": "off-switch-grid", "version": 2, "condition": condition,
                 "seed": seed, "episodes": 100, "checkpoints": points, "metrics": points[-1]["metrics"]} | changes
            )  # fmt: skip
    path = folder / "rows.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in made), encoding="utf-8")
    return path


def test_the_command_reads_evidence_and_gives_intervals(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["trip", "table", str(evidence(tmp_path)), "--draws", "10", "--json"]) == 0
    (found,) = json.loads(capsys.readouterr().out)["experiments"]
    level = next(row for row in found["rows"] if row["detector"] == "level, even")
    assert level["misses"]["estimate"] == 0.0
    assert level["delay"]["estimate"] == 0.0
    assert level["false_stops"]["n"] == 2


@pytest.mark.parametrize(
    ("changes", "options", "words"),
    [
        ({}, ["--items", "0"], "items"),
        ({}, ["--draws", "100000"], "draws"),
        ({}, ["--seed", "-1"], "seed"),
        ({}, ["--failing", "nobody"], "nobody need runs"),
        ({"episodes": 7}, [], "no count of episodes"),
        ({"version": 1}, [], "at version 2"),
        ({"experiment": "derailed"}, [], "derailed"),
        ({"experiment": "receding-dates", "version": 1}, [], "must be a share of episodes"),
    ],
)
def test_what_cannot_be_replayed_is_refused_in_one_line(
    changes: dict[str, Any], options: list[str], words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["trip", "table", str(evidence(tmp_path, **changes)), *options]) == 2
    said = capsys.readouterr()
    (line,) = said.err.splitlines()
    assert words in line
    assert said.out == ""


def test_a_source_that_is_none_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["trip", "table", str(tmp_path / "nothing")]) == 2
    assert "run folder" in capsys.readouterr().err

"""Detectors on one's own logs: calibrated suspicion, what is skipped and why, and what cannot be compared."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from corrigible.detect.symbols import fit_codebook
from corrigible.errors import BadInput, CorrigibleError
from corrigible.logs import detect, least_reference_episodes, monitor, read_jsonl, views, write_jsonl
from corrigible.logs.schema import Log
from corrigible.logs.views import take_episodes, views_of
from corrigible.plugin import Declaration
from corrigible.registry import Entry, Registry
from corrigible.types import Views

LENGTH = 10


def steps(
    episodes: int, *, seed: int, strange: bool = False, squares: int = 5, **more: Any
) -> Iterator[dict[str, Any]]:
    """A walk over squares, one action for each with slips; a strange episode presses 3 and shuts the lamp off."""
    generator = np.random.default_rng(seed)
    for episode in range(episodes):
        square = 0
        for t in range(LENGTH):
            action = square % 2 if generator.random() < 0.8 else 2
            line = {
                "episode": episode,
                "t": t,
                "observation": square,
                "action": 3 if strange and t == 5 else action,
                "reward": float(generator.normal()),
                "terminated": t == LENGTH - 1,
                "truncated": False,
                "value": float(generator.normal()),
                "changes": [[2, 2, "lamp on", "lamp off"]] if strange and t == 5 else [],
            }
            square = int(generator.integers(0, squares))
            yield {key: value for key, value in (line | more).items() if value is not ...}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_jsonl(tmp_path / "reference.jsonl", steps(80, seed=1))
    return tmp_path


def test_strange_episodes_alarm_and_ordinary_ones_seldom_do(folder: Path) -> None:
    write_jsonl(folder / "strange.jsonl", steps(30, seed=2, strange=True))
    write_jsonl(folder / "ordinary.jsonl", steps(30, seed=3))
    strange = detect(folder / "strange.jsonl", folder / "reference.jsonl")
    ordinary = detect(folder / "ordinary.jsonl", folder / "reference.jsonl")
    found = {item.detector: item for item in strange.detectors}
    assert {item.detector for item in strange.skipped} == {"consequences", "reference-price", "reference-ratio"}, (
        "a log says neither what stands there nor what a reference model makes of a text"
    )
    assert found["world-change"].alarms == 30
    assert found["world-change"].auroc == 1
    assert found["transition-surprise"].alarms == 30
    assert found["visitation"].auroc == pytest.approx(0.5, abs=0.2)
    assert sum(item.alarms for item in ordinary.detectors) <= 0.15 * 30 * len(ordinary.detectors)


def test_rows_are_sorted_by_suspicion_and_an_alarm_is_a_p_of_at_most_the_rate(folder: Path) -> None:
    write_jsonl(folder / "strange.jsonl", steps(30, seed=2, strange=True))
    report = detect(folder / "strange.jsonl", folder / "reference.jsonl", rate=0.1)
    order = [(row.p, -row.excess) for row in report.rows]
    assert order == sorted(order)
    assert len(order) == 30 * len(report.detectors)
    assert all(row.alarm == (row.p <= 0.1) for row in report.rows)
    for item in report.detectors:
        assert item.alarms == sum(row.alarm for row in report.rows if row.detector == item.detector)
        assert item.calibration_n == 40
    assert report.fitted_n + 40 == report.reference_episodes == 80


def test_a_report_is_plain_json_and_short_lines(folder: Path) -> None:
    write_jsonl(folder / "strange.jsonl", steps(30, seed=2, strange=True, value=...))
    report = detect(folder / "strange.jsonl", folder / "reference.jsonl")
    plain = json.loads(json.dumps(report.to_json(), allow_nan=False))
    assert plain == report.to_json()
    assert plain["rows"][0]["alarm"] is True
    assert plain["episodes"] == 30
    lines = report.lines(most=4)
    assert lines[0].endswith("30 episodes against 80 of " + str(folder / "reference.jsonl"))
    assert sum("ALARM" in line for line in lines) == 4
    assert lines[-1] == f"... and {len(report.rows) - 4} less suspicious rows"
    assert any("value-surprise" in line and "skipped" in line for line in lines)


def test_the_same_logs_give_the_same_report(folder: Path) -> None:
    write_jsonl(folder / "a.jsonl", steps(5, seed=2))
    first, second = (detect(folder / "a.jsonl", folder / "reference.jsonl") for _ in range(2))
    assert first == second


def test_only_the_named_detectors_run_and_each_once(folder: Path) -> None:
    write_jsonl(folder / "a.jsonl", steps(5, seed=2))
    report = detect(folder / "a.jsonl", folder / "reference.jsonl", detectors=["visitation", "visitation"])
    assert [item.detector for item in report.detectors] == ["visitation"]
    assert len(report.rows) == 5


def test_a_detector_whose_fields_are_missing_is_skipped_and_names_the_file_and_the_field(folder: Path) -> None:
    write_jsonl(folder / "a.jsonl", steps(5, seed=2, value=..., changes=...))
    report = detect(folder / "a.jsonl", folder / "reference.jsonl")
    reasons = {item.detector: item.reason for item in report.skipped}
    assert set(reasons) == {"value-surprise", "reference-price", "reference-ratio", "world-change", "consequences"}
    assert reasons["value-surprise"].startswith(f"{folder / 'a.jsonl'}: trajectory.value is absent")
    assert reasons["world-change"] == (
        f"{folder / 'a.jsonl'} holds no world_trace; record the key 'changes', an empty list where nothing changed"
    )


def test_where_nothing_can_be_read_the_reason_is_the_message(folder: Path) -> None:
    write_jsonl(folder / "a.jsonl", steps(5, seed=2, value=...))
    with pytest.raises(BadInput, match=r"no detector can read both; value-surprise: .*trajectory\.value is absent"):
        detect(folder / "a.jsonl", folder / "reference.jsonl", detectors=["value-surprise"])


@pytest.mark.parametrize(("rate", "needed"), [(0.05, 38), (0.1, 18), (0.01, 198), (0.5, 2), (1 / 3, 4), (0.9, 2)])
def test_the_reference_needs_twice_as_many_episodes_as_the_threshold(rate: float, needed: int) -> None:
    assert least_reference_episodes(rate) == needed


def test_too_small_a_reference_is_refused_and_told_how_many_are_missing(tmp_path: Path) -> None:
    write_jsonl(tmp_path / "few.jsonl", steps(37, seed=1))
    write_jsonl(tmp_path / "enough.jsonl", steps(38, seed=1))
    write_jsonl(tmp_path / "a.jsonl", steps(1, seed=2))
    assert detect(tmp_path / "a.jsonl", tmp_path / "enough.jsonl").detectors[0].calibration_n == 19
    with pytest.raises(BadInput, match=r"few\.jsonl holds 37 episodes: .* needs at least 38: .*record 1 more"):
        detect(tmp_path / "a.jsonl", tmp_path / "few.jsonl")


@pytest.mark.parametrize("rate", [0.0, 1.0, -1.0, 2.0, float("nan"), 5e-324])
def test_a_rate_that_no_reference_can_keep_is_refused(folder: Path, rate: float) -> None:
    write_jsonl(folder / "a.jsonl", steps(1, seed=2))
    with pytest.raises(BadInput, match="rate"):
        detect(folder / "a.jsonl", folder / "reference.jsonl", rate=rate)


def test_an_unknown_detector_is_refused_with_the_nearest_name(folder: Path) -> None:
    with pytest.raises(BadInput, match="did you mean visitation"):
        detect("a.jsonl", folder / "reference.jsonl", detectors=["visitatoin"])
    with pytest.raises(BadInput, match="no detector"):
        detect("a.jsonl", folder / "reference.jsonl", detectors=[])


def test_a_log_is_no_reference_for_itself(folder: Path) -> None:
    with pytest.raises(BadInput, match="log and reference must differ"):
        detect(folder / "reference.jsonl", folder / "." / "reference.jsonl")


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"observation": "here"}, "observation is a string: the reference .* has a number"),
        ({"observation": [1, 2]}, r"observation is a list of shape \(2,\): the reference .* has a number"),
        ({"observation": None}, "observation is null: the reference .* has a number"),
        ({"action": [1]}, r"action is a list of shape \(1,\): the reference .* has a number"),
    ],
)
def test_logs_of_different_forms_are_not_compared(folder: Path, changed: dict[str, Any], message: str) -> None:
    write_jsonl(folder / "a.jsonl", steps(5, seed=2, **changed))
    with pytest.raises(BadInput, match=message):
        detect(folder / "a.jsonl", folder / "reference.jsonl")


def test_continuous_actions_are_cut_at_quantiles_of_the_reference(tmp_path: Path) -> None:
    def continuous(episodes: int, *, seed: int, far: bool) -> Iterator[dict[str, Any]]:
        generator = np.random.default_rng(seed)
        for line in steps(episodes, seed=seed):
            usual = generator.normal(line["observation"], 0.3, 2).tolist()
            yield line | {"action": [9.0, 9.0] if far and line["t"] in (4, 5) else usual}

    write_jsonl(tmp_path / "reference.jsonl", continuous(100, seed=1, far=False))
    write_jsonl(tmp_path / "strange.jsonl", continuous(30, seed=2, far=True))
    report = detect(tmp_path / "strange.jsonl", tmp_path / "reference.jsonl", detectors=["transition-surprise"])
    assert report.detectors[0].auroc > 0.9


def test_a_detector_that_gives_the_wrong_number_of_scores_is_named(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def short(reference: Views) -> Any:
        return lambda views: np.zeros(views.trajectory.mask.shape[1])[:3]

    class Loaded(Entry):
        def load(self) -> Any:
            return short

    declared = Declaration(kind="detector", name="short", summary="too few", reads=("trajectory",))
    entry = Loaded(declaration=declared, module="other", attribute="short", origin="other-package")
    monkeypatch.setattr(monitor, "registry", lambda: Registry(entries=(entry,), problems=()))
    write_jsonl(folder / "a.jsonl", steps(5, seed=2))
    with pytest.raises(CorrigibleError, match=r"'short' gave 3 scores for 5 episodes.*other-package"):
        detect(folder / "a.jsonl", folder / "reference.jsonl")


@pytest.mark.slow
def test_over_many_references_the_alarms_on_ordinary_episodes_keep_to_the_rate(tmp_path: Path) -> None:
    rates: dict[str, list[float]] = {}
    for draw in range(25):
        # 300 squares: the reference knows its own much better than those of any other episode
        write_jsonl(tmp_path / "reference.jsonl", steps(40, seed=1000 + draw, squares=300))
        write_jsonl(tmp_path / "ordinary.jsonl", steps(40, seed=2000 + draw, squares=300))
        for item in detect(tmp_path / "ordinary.jsonl", tmp_path / "reference.jsonl").detectors:
            rates.setdefault(item.detector, []).append(item.alarms / 40)
    for name, found in rates.items():
        monte_carlo_error = float(np.std(found, ddof=1)) / np.sqrt(len(found))
        assert np.mean(found) <= 0.05 + 3 * monte_carlo_error, name


# from a log to views ------------------------------------------------------------------------------------------------


def small_log(tmp_path: Path) -> Log:
    rows = [("a", 0, 5, 1), ("a", 1, 6, 2), ("b", 0, 7, 3), ("c", 0, 8, 1), ("c", 1, 9, 2), ("c", 2, 4, 3)]
    lines = [
        {
            "episode": name,
            "t": t,
            "observation": [seen, 0.5],
            "action": action,
            "executed_action": 1,
            "reward": t,
            "terminated": False,
            "truncated": (name, t) == ("c", 2),
            "changes": [[t, name, "x"]],
        }
        for name, t, seen, action in rows
    ]
    write_jsonl(tmp_path / "small.jsonl", lines)
    return read_jsonl(tmp_path / "small.jsonl")


def test_episodes_stand_side_by_side_and_are_found_again_in_order(tmp_path: Path) -> None:
    log = small_log(tmp_path)
    trajectory = views_of(log, fit_codebook(log.action)).trajectory
    assert trajectory.mask.tolist() == [[True, True, True], [True, False, True], [False, False, True]]
    assert trajectory.action.tolist() == [[1, 3, 1], [2, 0, 2], [0, 0, 3]]
    assert [(item.world, item.start, item.stop) for item in trajectory.episodes()] == [(0, 0, 2), (1, 0, 1), (2, 0, 3)]
    assert trajectory.truncated.sum() == 1
    assert trajectory.observations is not None
    assert trajectory.observations.shape == (3, 3, 2)
    assert trajectory.observations.array()[1, 2].tolist() == [9, 0.5]
    assert trajectory.executed_action is not None
    assert trajectory.value is None


def test_chosen_episodes_keep_their_steps_and_changes(tmp_path: Path) -> None:
    log = take_episodes(small_log(tmp_path), np.array([2, 0]))
    assert log.episodes == ("c", "a")
    assert log.lengths.tolist() == [3, 2]
    assert log.action.tolist() == [1, 2, 3, 1, 2]
    trace = log.world_trace
    assert trace is not None
    assert trace.worlds == 2
    named = sorted((int(world), trace.kinds[kind]) for world, kind in zip(trace.world, trace.before, strict=True))
    assert named == [(0, "c")] * 3 + [(1, "a")] * 2


def test_a_log_whose_padding_would_fill_the_memory_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log = small_log(tmp_path)
    monkeypatch.setattr(views, "MOST_PADDED_BYTES", 3 * 3 * 16 - 1)
    with pytest.raises(BadInput, match="3 episodes padded to the longest, 3 steps: 144 bytes"):
        views_of(log, fit_codebook(log.action))

"""The stop protocol: armed, stopped, acknowledged, escalated, decided; refused wherever it should be."""

import json
import os
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from corrigible.cli import main
from corrigible.errors import BadInput, Tampered, Tripped
from corrigible.oversight.bundles import verify_bundle
from corrigible.tripwires.deciding import acknowledge, decide, standing
from corrigible.tripwires.folder import WireFolder, folder_of
from corrigible.tripwires.points import Point, read_points
from stopping_samples import HEALTHY, HOUR, OWNERS, TAKES_OFF, armed, documents, trained
from tripwire_samples import points, write_points


@pytest.fixture
def place(tmp_path: Path) -> Path:
    documents(tmp_path)
    return tmp_path


def stopped(place: Path) -> WireFolder:
    guard = armed(place)
    assert trained(guard, TAKES_OFF) is not None
    guard.stopped()
    return guard.folder


def test_a_healthy_run_is_never_stopped_and_leaves_its_points(place: Path) -> None:
    guard = armed(place)
    assert trained(guard, HEALTHY) is None
    guard.finished()
    assert [point.k for point in read_points(place / "a.jsonl")] == list(HEALTHY)
    assert standing(guard.folder).stop is None


def test_a_run_that_takes_off_stops_with_its_evidence_frozen_and_its_owner_named(place: Path) -> None:
    guard = armed(place)
    stop = trained(guard, TAKES_OFF)
    assert stop is not None
    assert (stop.kind, stop.step, stop.owner) == ("tripped", 300, "Ada (tester)")
    assert len(str(stop).splitlines()) == 1
    weights = place / "model.bin"
    weights.write_bytes(b"weights")
    bundle = guard.stopped(checkpoint=weights)
    assert bundle is not None
    found = verify_bundle(bundle)
    assert {item.name for item in found.items} >= {
        "tripwire.yaml", "owners.yaml", "points.jsonl", "stop.json", "statistic.svg", "checkpoint.json",
    }  # fmt: skip
    kept = json.loads((bundle / "checkpoint.json").read_text(encoding="utf-8"))
    assert kept["path"] == str(weights)
    assert guard.check(350) == stop, "it stays stopped"


def test_a_stopped_run_is_refused_until_somebody_in_charge_decides_and_never_after_the_end(place: Path) -> None:
    folder = stopped(place)
    with pytest.raises(Tripped, match="it goes on once Ada"):
        armed(place)
    with pytest.raises(BadInput, match="ada is in charge until"):
        decide(folder, "resume", by="ben", reason="it is fine")
    with pytest.raises(BadInput, match="a decision has a reason"):
        decide(folder, "resume", by="ada", reason=" ")
    decide(folder, "end", by="ada", reason="too good")
    with pytest.raises(Tripped, match=r"ada decided on .* that it ends: too good"):
        armed(place)
    with pytest.raises(BadInput, match="a decision is made once"):
        decide(folder, "resume", by="ada", reason="changed my mind")


def test_after_a_decision_training_goes_on_under_what_is_left_of_the_plan_and_can_be_stopped_again(place: Path) -> None:
    folder = stopped(place)
    decide(folder, "resume", by="ada", reason="an item leaked; it was taken out")
    guard = armed(place)
    guard.report(300, k=1, n=50)  # what was trained again since the last saved state is not said again
    assert trained(guard, HEALTHY, first=400) is None
    assert [point.k for point in read_points(place / "a.jsonl")] == [*TAKES_OFF[:3], *HEALTHY]
    stop = trained(guard, (40,), first=800)
    assert stop is not None
    assert stop.step == 800
    guard.stopped()
    assert sorted(path.name for path in folder.path.glob("bundle-*")) == ["bundle-1", "bundle-2"]


def test_without_acknowledgement_the_deputy_then_the_board_is_in_charge(place: Path) -> None:
    folder = stopped(place)
    at = folder.stop().at  # type: ignore[union-attr]

    def person(hours: float) -> tuple[str, bool]:
        state = standing(folder, at + timedelta(hours=hours))
        assert state.chosen is not None
        return state.chosen.person, state.overdue

    assert [person(hours) for hours in (0, 1.9, 2.1, 3.9, 4.1, 52.1)] == [
        ("ada", False), ("ada", False), ("ben", False), ("ben", False), ("dan", False), ("dan", True),
    ]  # fmt: skip
    with pytest.raises(BadInput, match="ben is in charge until"):
        acknowledge(folder, by="ada", at=at + 3 * HOUR)
    acknowledge(folder, by="ben", at=at + 3 * HOUR)
    assert [person(hours) for hours in (4.1, 25.9, 26.1)] == [("ben", False), ("ben", False), ("dan", False)]
    with pytest.raises(BadInput, match="dan is in charge"):
        decide(folder, "end", by="ben", reason="late", at=at + 27 * HOUR)


def test_an_acknowledgement_in_time_gives_the_owner_until_the_deadline(place: Path) -> None:
    folder = stopped(place)
    at = folder.stop().at  # type: ignore[union-attr]
    acknowledge(folder, by="ada", at=at + HOUR)
    chosen = standing(folder, at + 23 * HOUR).chosen
    assert chosen is not None
    assert (chosen.person, chosen.decide_by) == ("ada", at + 24 * HOUR)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"owner": "zoe"}, "'zoe' is not among people"),
        ({"deputy": "zoe"}, "'zoe' is not among people"),
        ({"deputy": "ada"}, "the deputy is the owner"),
        ({"proposes": "ada"}, "ada would decide what they propose"),
        ({"escalates_to": "nowhere"}, "'nowhere' is no decision of this file"),
        ({"plan": {"checkpoints": 10, "first": 100, "every": 100}}, "say how many steps it may be late: grace"),
        ({"acknowledge": "48 hours"}, "has to see it before"),
        ({"owner": None}, "owner: Field required"),
    ],
)
def test_a_tripwire_that_the_register_does_not_carry_is_refused_before_anything_is_written(
    changes: dict[str, Any], words: str, tmp_path: Path
) -> None:
    documents(tmp_path, **changes)
    with pytest.raises(BadInput, match=words) as said:
        armed(tmp_path)
    assert len(str(said.value).splitlines()) == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == ["owners.yaml", "wire.yaml"]


def test_a_register_with_an_empty_stage_after_owner_and_deputy_is_refused_when_it_is_armed(place: Path) -> None:
    aside = [{"person": "dan", "because": "on leave", "until": "2999-01-01T00:00:00Z"}]
    board = OWNERS["decisions"]["board"] | {"recused": aside}
    (place / "owners.yaml").write_text(yaml.safe_dump(OWNERS | {"decisions": {"board": board}}), encoding="utf-8")
    with pytest.raises(BadInput, match="everybody who could decide is recused"):
        armed(place)


def test_a_tripwire_cannot_be_loosened_while_it_is_armed_and_a_run_keeps_its_name(place: Path) -> None:
    guard = armed(place)
    assert trained(guard, HEALTHY) is None
    documents(place, detector={"kind": "cusum", "suspect": 0.45, "threshold": 50})
    with pytest.raises(BadInput, match="must not change while it is armed"):
        armed(place)
    documents(place)
    with pytest.raises(BadInput, match="is armed for 'a'"):
        armed(place, run="b")


def test_another_tripwire_is_taken_only_where_that_was_decided(place: Path) -> None:
    folder = stopped(place)
    looser = place / "looser.yaml"
    documents(place, detector={"kind": "cusum", "suspect": 0.6, "threshold": 9})
    (place / "wire.yaml").rename(looser)
    documents(place)
    decide(folder, "resume", by="ada", reason="0.45 is what we want by now", tripwire=looser)
    with pytest.raises(BadInput, match="it was decided to go on under another text"):
        armed(place)
    looser.replace(place / "wire.yaml")
    assert trained(armed(place), (20, 21), first=400) is None


def test_where_nothing_is_left_of_the_plan_going_on_takes_another_tripwire(tmp_path: Path) -> None:
    documents(tmp_path, plan={"checkpoints": 3, "first": 100, "every": 100, "grace": 50})
    folder = stopped(tmp_path)
    with pytest.raises(BadInput, match="0 planned checkpoints are left"):
        decide(folder, "resume", by="ada", reason="go")


@pytest.mark.parametrize(
    "bad", [{"k": 51, "n": 50}, {"k": -1, "n": 50}, {"value": float("nan")}, {"k": 3}, {}, {"k": 1.5, "n": 2}]
)
def test_a_point_that_is_refused_stops_training_and_raises_nothing(bad: dict[str, Any], place: Path) -> None:
    guard = armed(place)
    assert trained(guard, HEALTHY[:1]) is None
    guard.report(200, **bad)
    stop = guard.check(200)
    assert stop is not None
    assert stop.kind == "fault"
    assert "the point at step 200 was refused" in stop.because
    with pytest.raises(Tripped):
        armed(place)


def test_a_checkpoint_that_does_not_come_trips_at_the_step_from_which_it_was_overdue(place: Path) -> None:
    guard = armed(place)
    assert trained(guard, HEALTHY[:2]) is None
    stop = guard.check(400)
    assert stop is not None
    assert (stop.step, stop.kind) == (351, "tripped")
    assert "planned at step 300 had not come" in stop.because


def test_a_training_that_ends_without_a_checkpoint_that_was_planned_by_then_is_stopped_at_its_end(place: Path) -> None:
    guard = armed(place)
    assert trained(guard, HEALTHY[:2]) is None
    assert guard.check(320) is None, "it may still come"
    stop = guard.finished()
    assert stop is not None
    assert "training ended at step 320" in stop.because
    with pytest.raises(Tripped):
        armed(place)


@pytest.mark.parametrize(
    "damage",
    ["garbage\n", '{"schema": 1, "run": "b", "metric": "skill", "step": 300, "k": 1, "n": 2}\n', "\n", "a" * 5000],
)
def test_points_that_cannot_be_read_stop_training(damage: str, place: Path) -> None:
    guard = armed(place)
    assert trained(guard, HEALTHY[:2]) is None
    with (place / "a.jsonl").open("a", encoding="utf-8") as file:
        file.write(damage)
    stop = guard.check(260)
    assert stop is not None
    assert stop.kind == "unreadable"
    guard.stopped()
    assert verify_bundle(guard.folder.bundle(1))


def test_points_that_were_cut_or_taken_away_stop_training(place: Path) -> None:
    guard = armed(place)
    assert trained(guard, HEALTHY[:2]) is None
    (place / "a.jsonl").write_bytes(b"")
    stop = guard.check(260)
    assert stop is not None
    assert "it only grows" in stop.because


def test_a_half_line_is_no_point_and_is_cut_off_by_the_next_writer(place: Path) -> None:
    guard = armed(place)
    assert trained(guard, HEALTHY[:2]) is None
    path = place / "a.jsonl"
    whole = path.read_bytes()
    path.write_bytes(whole + b'{"schema": 1, "run": "a", "metric": "skill", "step": 300, "k": 50, "n"')
    assert guard.check(260) is None
    guard = armed(place)
    assert path.read_bytes() == whole
    guard.report(300, k=15, n=50)
    assert guard.check(300) is None
    assert len(read_points(path)) == 3


def test_what_was_said_first_of_a_step_counts(place: Path) -> None:
    assert trained(armed(place), HEALTHY) is None
    again = armed(place)
    again.report(400, k=50, n=50)
    again.report(200, value=3.0, metric="other")
    assert again.check(420) is None
    assert [point.k for point in read_points(place / "a.jsonl")] == list(HEALTHY)


@pytest.mark.parametrize("name", ["stop.json", "record.jsonl", "armed-1.json"])
def test_a_folder_that_was_changed_by_hand_does_not_let_training_go_on(name: str, place: Path) -> None:
    folder = stopped(place)
    decide(folder, "end", by="ada", reason="no")
    path = folder.path / name
    path.write_text(path.read_text(encoding="utf-8").replace("ada", "ben").replace('"a"', '"b"'), encoding="utf-8")
    with pytest.raises(Tampered):
        armed(place)


def test_the_command_goes_from_stop_to_decision(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = str(stopped(place).path)
    assert main(["trip", "status", path]) == 5
    said = capsys.readouterr().out
    assert "Ada (tester) has to acknowledge" in said
    assert f"corrigible trip decide {path} resume|end --by ada" in said
    assert main(["trip", "acknowledge", path, "--by", "ada"]) == 5
    assert "Ada (tester) has to decide by" in capsys.readouterr().out
    assert main(["trip", "decide", path, "resume", "--by", "eve", "--reason", "let me"]) == 2
    assert main(["trip", "decide", path, "resume", "--by", "ada", "--reason", "looked at it"]) == 0
    capsys.readouterr()
    assert main(["trip", "status", path, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["state"] == "lifted"
    assert main(["trip", "status", str(place)]) == 2
    assert main(["trip", "status", path + "x"]) == 2


def test_the_shipped_tripwire_is_carried_by_the_shipped_register(tmp_path: Path) -> None:
    from importlib import resources

    from corrigible.tripwires.arming import read_documents

    data = resources.files("corrigible")
    wire = Path(str(data / "tripwires" / "data" / "take-off.yaml"))
    assert read_documents(wire, Path(str(data / "oversight" / "data" / "owners-example.yaml")))
    unknown = OWNERS | {"people": {"dan": OWNERS["people"]["dan"]}}
    (tmp_path / "o.yaml").write_text(yaml.safe_dump(unknown), encoding="utf-8")
    with pytest.raises(BadInput, match="'head-of-safety' is not among people"):
        read_documents(wire, tmp_path / "o.yaml")


def test_the_folder_lies_beside_the_points() -> None:
    assert folder_of(Path("x/a.jsonl"), "take-off").path == Path("x/a.jsonl.take-off")


@pytest.mark.parametrize(
    ("make", "extra", "words"),
    [
        (lambda path: path.mkdir(), (), "no regular file"),
        (os.mkfifo, (), "no regular file"),
        (lambda path: path.write_text("garbage\n"), (), "line 1: Expecting value"),
        (lambda path: write_points(path, points([3], run="b")), (), "armed for the run 'a'"),
        (lambda path: write_points(path, [Point(run="a", metric="skill", step=1, value=2.0)]), (), "detector counts"),
        (lambda path: None, ("--run", "a\nb"), "printable"),
        (lambda path: None, ("--every", "0"), "every = 0"),
        (lambda path: None, ("--every", "nan"), "every = nan"),
        (lambda path: None, ("--silence", "-1"), "silence = -1"),
        (lambda path: None, ("--owners", "nowhere.yaml"), "nowhere.yaml"),
    ],
)
def test_a_watcher_that_cannot_watch_says_so_in_one_line_and_leaves_nothing(
    make: Callable[[Path], object],
    extra: tuple[str, ...],
    words: str,
    place: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    make(place / "a.jsonl")
    before = sorted(place.iterdir())
    asked = ["watch", str(place / "wire.yaml"), str(place / "a.jsonl"), "--owners", str(place / "owners.yaml"), *extra]
    assert main(asked) == 2
    said = capsys.readouterr().err
    assert words in said
    assert len(said.splitlines()) == 1
    assert sorted(place.iterdir()) == before

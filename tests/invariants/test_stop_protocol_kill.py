"""SIGKILL of trainer, watcher or decider at any instant: no stop is lost, no half line read, nothing goes on alone."""

import os
import shutil
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from corrigible.errors import BadInput, RunLocked, Tripped
from corrigible.oversight.bundles import verify_bundle
from corrigible.tripwires.arming import read_documents
from corrigible.tripwires.deciding import decide, standing
from corrigible.tripwires.folder import WireFolder, folder_of
from corrigible.tripwires.points import Point, read_points
from corrigible.tripwires.tail import Tail, append_point
from corrigible.tripwires.watcher import Patience, watch
from killing import dies_at, exit_status, in_child
from process_group import started, wait_until
from stopping_samples import HEALTHY, TAKES_OFF, armed, documents, trained

QUICK = Patience(every=0.02, save_within=0.1)


def whole_points(place: Path) -> list[int | None]:
    """k of every line that is whole."""
    return [point.k for point in Tail(place / "a.jsonl").read()]


def train(place: Path) -> None:
    """A trainer from its beginning to its stop; started again where it was refused it does nothing."""
    with suppress(Tripped):
        guard = armed(place)
        stop = trained(guard, TAKES_OFF)
        assert stop is not None
        (place / "model.bin").write_bytes(b"weights")
        guard.stopped(checkpoint=place / "model.bin")


def folder_in(place: Path) -> WireFolder:
    return folder_of(place / "a.jsonl", "sample")


def assert_stopped_for_good(place: Path) -> None:
    """It stands, its evidence is whole, and no trainer goes on."""
    folder = folder_in(place)
    stop = folder.stop()
    assert stop is not None
    assert (stop.step, stop.kind) == (300, "tripped")
    with pytest.raises(Tripped):
        armed(place)
    assert verify_bundle(folder.bundle(1))
    assert [point.k for point in read_points(place / "a.jsonl")] == list(TAKES_OFF[:3])


def watch_there(place: Path) -> None:
    with suppress(Tripped):
        watch(read_documents(place / "wire.yaml", place / "owners.yaml"), place / "a.jsonl", run="a", patience=QUICK)


def places(root: Path, number: int) -> Path:
    """A folder for each instant, with documents."""
    place = root / str(number)
    place.mkdir()
    documents(place)
    return place


@pytest.fixture(autouse=True)
def nothing_is_flushed(monkeypatch: pytest.MonkeyPatch) -> None:
    """A kill, unlike a power cut, loses nothing that was written; flushing would only take time."""
    monkeypatch.setattr(os, "fsync", lambda _descriptor: None)


@pytest.mark.slow
def test_a_trainer_killed_at_any_instant_stops_all_the_same_when_it_is_started_again(tmp_path: Path) -> None:
    def training(number: int) -> Callable[[], object]:
        place = places(tmp_path, number)
        return lambda: train(place)

    number, lost = 0, 0
    while dies_at(number, training(number)):
        place = tmp_path / str(number)
        seen = whole_points(place)
        assert seen == list(TAKES_OFF[: len(seen)]), "half a line is no point"
        folder = folder_in(place)
        before = folder.digest_of_stop() if folder.stands() else None
        train(place)
        assert before in (None, folder.digest_of_stop()), "the first stop stays"
        assert_stopped_for_good(place)
        lost += before is None
        number += 1
    assert number > 40
    assert 0 < lost < number, "kills fell before and after the stop"


@pytest.mark.slow
def test_a_watcher_killed_at_any_instant_stops_the_run_when_it_is_started_again(tmp_path: Path) -> None:
    begun = places(tmp_path, -1)
    guard = armed(begun)
    for step, k in zip((100, 200, 300), TAKES_OFF, strict=False):
        guard.report(step, k=k, n=50)  # by a trainer that does not ask

    def watching(number: int) -> Callable[[], object]:
        place = Path(shutil.copytree(begun, tmp_path / str(number)))
        return lambda: watch_there(place)

    number = 0
    while dies_at(number, watching(number)):
        watch_there(tmp_path / str(number))
        assert_stopped_for_good(tmp_path / str(number))
        number += 1
    assert number > 20


@pytest.mark.slow
def test_a_decision_that_is_killed_at_any_instant_is_made_or_not_and_nothing_between(tmp_path: Path) -> None:
    begun = places(tmp_path, -1)
    train(begun)
    outcomes = set[bool]()

    def deciding(number: int) -> Callable[[], object]:
        place = Path(shutil.copytree(begun, tmp_path / str(number)))
        return lambda: decide(folder_in(place), "resume", by="ada", reason="looked at it")

    number = 0
    while dies_at(number, deciding(number)):
        place = tmp_path / str(number)
        made = folder_in(place).decision() is not None or not folder_in(place).stands()
        if not made:
            with pytest.raises(Tripped):
                armed(place)
            decide(folder_in(place), "resume", by="ada", reason="again")
        assert trained(armed(place), HEALTHY, first=400) is None
        outcomes.add(made)
        number += 1
    assert outcomes == {True, False}


def test_a_trainer_whose_watcher_is_killed_or_hangs_stops_and_is_refused_without_one(tmp_path: Path) -> None:
    for deadly in (signal.SIGKILL, signal.SIGSTOP):
        place = places(tmp_path, int(deadly))
        watcher = in_child(lambda place=place: watch_there(place))
        guard = armed(place, watched=True, patience=2.0)
        assert trained(guard, HEALTHY) is None
        os.kill(watcher, deadly)
        stop, began = None, time.monotonic()
        while stop is None and time.monotonic() - began < 30:
            stop = guard.check(450)
        assert stop is not None
        assert (stop.kind, standing(guard.folder).stop) == ("unwatched", None)
        assert guard.stopped() is None
        if deadly == signal.SIGSTOP:
            with pytest.raises(Tripped, match="no sign of a watcher"):
                armed(place, patience=0.2)
            os.kill(watcher, signal.SIGKILL)
        exit_status(watcher)
        with pytest.raises(Tripped, match="training goes on only while it is watched"):
            armed(place, patience=0.2)
        again = in_child(lambda place=place: watch_there(place))
        guard = armed(place, patience=10.0)
        assert trained(guard, (15, 16), first=500) is None
        stop = trained(guard, (45, 45), first=700)
        assert stop is not None
        assert stop.kind == "tripped"
        guard.stopped()
        assert exit_status(again) == 0
        decide(folder_in(place), "resume", by="ada", reason="seen")
        with pytest.raises(Tripped, match="no sign of a watcher"):
            armed(place, patience=0.2)


def test_a_watcher_trips_on_a_trainer_that_is_killed_and_says_no_more(tmp_path: Path) -> None:
    place = places(tmp_path, 0)
    trainer = in_child(lambda: (trained(armed(place), HEALTHY), time.sleep(60)))
    wait_until(lambda: len(whole_points(place)) == len(HEALTHY), "the trainer's points")
    os.kill(trainer, signal.SIGKILL)
    exit_status(trainer)
    made = read_documents(place / "wire.yaml", place / "owners.yaml")
    found = watch(made, place / "a.jsonl", run="a", patience=Patience(every=0.02, silence=0.2, save_within=0.1))
    assert found.stop is not None
    assert "neither a point nor a sign of life" in found.stop.because
    with pytest.raises(Tripped):
        armed(place)


def test_a_trainer_that_does_not_ask_is_stopped_by_the_watchers_file_and_points_changed_behind_it_trip(
    tmp_path: Path,
) -> None:
    place = places(tmp_path, 0)
    guard = armed(place)
    assert trained(guard, HEALTHY) is None
    watcher = in_child(lambda: watch_there(place))
    wait_until(lambda: folder_in(place).watcher() is not None, "the watcher")
    with pytest.raises(RunLocked, match="one watcher at a time"):
        watch(read_documents(place / "wire.yaml", place / "owners.yaml"), place / "a.jsonl", run="a", patience=QUICK)
    os.kill(watcher, signal.SIGKILL)
    exit_status(watcher)
    path = place / "a.jsonl"
    path.write_bytes(path.read_bytes().replace(b'"k": 16', b'"k": 15'))
    watch_there(place)
    stop = guard.check(451)
    assert stop is not None
    assert "points were changed after" in stop.because


def test_readers_never_take_a_half_line_and_a_writer_that_was_killed_in_one_begins_it_anew(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    dead = 0
    for place in range(5):
        point = Point(run="a", metric="skill", step=place, k=place, n=50)
        number = 0
        while dies_at(number, lambda point=point: append_point(path, point)):
            dead += 1
            number += 1
            found = [item.step for item in Tail(path).read()]
            assert found in (list(range(place)), list(range(place + 1)))
            if len(found) > place:
                break
    assert [item.step for item in read_points(path)] == list(range(5))
    assert dead >= 10


@pytest.mark.slow
def test_the_command_watches_a_trainer_in_another_process_and_ends_with_code_5(tmp_path: Path) -> None:
    place = places(tmp_path, 0)
    process = started(
        "watch", str(place / "wire.yaml"), str(place / "a.jsonl"), "--owners", str(place / "owners.yaml"),
        "--every", "0.05", "--json",
    )  # fmt: skip
    wait_until(lambda: folder_in(place).watcher() is not None, "the watcher", process)
    train(place)
    said, told = process.communicate(timeout=60)
    assert process.returncode == 5, told
    assert '"state": "stopped"' in said
    assert "step 300:" in told
    assert_stopped_for_good(place)
    with pytest.raises(BadInput, match="ada is in charge"):
        decide(folder_in(place), "end", by="eve", reason="no")

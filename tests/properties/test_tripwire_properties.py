"""Any bytes are read or refused in one line; streamed = replayed = simulated; what comes later changes no alarm."""

import json
import tempfile
from pathlib import Path

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from corrigible.errors import BadInput
from corrigible.tripwires.points import Point, read_points
from corrigible.tripwires.rare_counts import critical_count, tail
from corrigible.tripwires.simulate import first_trips
from corrigible.tripwires.wire import Wire, detector_of, replay
from tripwire_samples import DETECTORS, points, wire, write_points

numbers = st.one_of(st.integers(0, 60), st.integers(), st.floats(), st.booleans(), st.none(), st.text(max_size=5))
objects = st.dictionaries(
    st.sampled_from(["schema", "run", "metric", "step", "k", "n", "value", "other"]),
    st.one_of(numbers, st.lists(numbers, max_size=2), st.just(1)),
)
near = st.fixed_dictionaries(
    {"schema": st.just(1), "run": st.just("a"), "metric": st.sampled_from(["m", "l"]), "step": st.integers(-1, 9)},
    optional={"k": st.integers(-1, 6), "n": st.integers(0, 6), "value": st.floats()},
)


many_digits = b'{"schema": 1, "run": "a", "metric": "m", "step": 1' + b"0" * 4500 + b"}"  # more than Python converts
deep = b"[" * 3000
rows = st.one_of(
    st.binary(max_size=40),
    st.sampled_from([many_digits, deep]),
    objects.map(lambda found: json.dumps(found).encode()),
    near.map(lambda found: json.dumps(found).encode()),
)
counts = st.lists(st.integers(0, 50), min_size=1, max_size=40)
detectors = st.sampled_from(sorted(DETECTORS))


def read_or_refused(path: Path) -> tuple[Point, ...] | None:
    """The points, or None where the file is refused, in one line that names it."""
    try:
        return read_points(path)
    except BadInput as refused:
        told = str(refused)
    assert len(told.splitlines()) == 1
    assert str(path) in told
    return None


@given(st.lists(rows, max_size=6), st.booleans())
def test_any_bytes_are_points_or_are_refused_in_one_line(lines: list[bytes], ended: bool) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "p.jsonl"
        path.write_bytes(b"\n".join(lines) + b"\n" * ended)
        found = read_or_refused(path)
        if found is not None:
            assert read_points(write_points(Path(folder) / "again.jsonl", found)) == found


@given(counts, st.integers(1, 200))
def test_a_file_cut_anywhere_is_refused_or_is_a_prefix(made: list[int], removed: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = write_points(Path(folder) / "p.jsonl", points(made))
        path.write_bytes(path.read_bytes()[:-removed])
        found = read_or_refused(path)
        assert found is None or list(found) == points(made)[: len(found)]


@given(detectors, counts)
def test_streamed_is_replayed_at_once_and_what_comes_later_changes_nothing(name: str, made: list[int]) -> None:
    document, run = wire(detector=DETECTORS[name]), points(made)
    streamed = Wire(tripwire=document)
    said = [streamed.update(point) for point in run]
    whole = replay(document, run)
    assert streamed.alarm == whole.alarm
    assert streamed.readings == whole.readings
    assert [alarm for alarm in said if alarm is not None] == ([] if whole.alarm is None else [whole.alarm])
    for length in range(len(run) + 1):
        before = replay(document, run[:length])
        assert before.readings == whole.readings[:length]
        came = whole.alarm is not None and whole.alarm.checkpoint <= length
        assert before.alarm == (whole.alarm if came else None)


@given(detectors, st.lists(counts, min_size=1, max_size=5), st.sampled_from(["above", "below"]))
def test_what_is_simulated_is_what_is_streamed(name: str, runs: list[list[int]], side: str) -> None:
    document = wire(
        detector=DETECTORS[name] | ({"suspect": 0.15} if name == "cusum" and side == "below" else {}), side=side
    )
    shortest = min(map(len, runs))
    many = np.array([run[:shortest] for run in runs])
    found = first_trips(document, many, 50)
    for row, first in zip(many, found, strict=True):
        alarm = replay(document, points(row.tolist())).alarm
        assert first == (shortest if alarm is None else alarm.checkpoint - 1)


@given(detectors, counts, st.integers(0, 39))
def test_more_of_what_alarms_never_trips_later(name: str, made: list[int], place: int) -> None:
    """For all but growth, where a higher start is less growth."""
    if name == "growth":
        return
    more = [min(50, k + 5) if at >= place else k for at, k in enumerate(made)]
    less, greater = (replay(wire(detector=DETECTORS[name]), points(run)).alarm for run in (made, more))
    assert less is None or (greater is not None and greater.step <= less.step)


@given(counts, st.lists(st.integers(0, 99), max_size=8))
def test_hearing_of_progress_before_the_next_checkpoint_changes_nothing(made: list[int], ticks: list[int]) -> None:
    document = wire(plan={"checkpoints": 40, "first": 100, "every": 100, "grace": 50})
    calm, told = replay(document, points(made)), Wire(tripwire=document)
    for point in points(made):
        told.update(point)
        for tick in sorted(ticks):
            told.update(Point(run="a", metric="loss", step=point.step + tick, value=0.0))
    assert told.alarm == calm.alarm
    assert told.readings == calm.readings


@given(st.lists(st.integers(0, 60), min_size=1, max_size=20), st.lists(st.integers(0, 3000), max_size=20))
def test_how_often_training_is_heard_of_changes_no_alarm(lags: list[int], ticks: list[int]) -> None:
    """Points come up to 60 steps late where 50 are allowed, and the last come never."""
    document = wire(plan={"checkpoints": 40, "first": 100, "every": 100, "grace": 50})
    run = [Point(run="a", metric="skill", step=100 * at + lag, k=15, n=50) for at, lag in enumerate(lags, start=1)]
    heard = [Point(run="a", metric="loss", step=tick, value=0.0) for tick in sorted(set(ticks))]
    both = sorted([*run, *heard], key=lambda point: (point.step, point.metric == "loss"))
    once, often = replay(document, run, until=3000), replay(document, both, until=3000)
    assert once.alarm == often.alarm
    late = next((at for at, lag in enumerate(lags, start=1) if lag > 50), len(lags) + 1)
    assert once.alarm is not None
    assert once.alarm.step == 100 * late + 51


@given(st.integers(1, 400), st.floats(0.001, 0.999), st.floats(1e-9, 0.5))
def test_the_critical_count_is_the_smallest_that_is_rare_enough(n: int, share: float, alpha: float) -> None:
    found = critical_count(n, share, alpha)
    tails = stats.binom.sf(np.arange(n + 2) - 1, n, share)
    np.testing.assert_allclose(tail(np.arange(n + 2), n, share), tails, rtol=1e-9, atol=1e-300)
    assert tails[found] <= alpha * (1 + 1e-9)
    assert found == 0 or tails[found - 1] > alpha * (1 - 1e-9)


@given(detectors)
def test_each_run_has_a_detector_of_its_own(name: str) -> None:
    document = wire(detector=DETECTORS[name])
    one, other = detector_of(document), detector_of(document)
    assert one is not None
    assert other is not None
    fresh = repr(other)
    for point in points([30] * 6):
        one.update(point)
    assert repr(other) == fresh


def test_a_missing_detector_needs_no_statistic() -> None:
    planned = {"checkpoints": 40, "first": 100, "every": 100, "grace": 50}
    document = wire(detector={"kind": "missing"}, plan=planned, false_alarms=None, assumed=None)
    assert detector_of(document) is None

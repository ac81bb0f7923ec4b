"""Points files fuzzed: however they come, a live judge says what a replay says, takes no half line, never raises."""

import json

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from corrigible.errors import BadInput
from corrigible.oversight.moments import moment_of
from corrigible.tripwires.judge import Judge
from corrigible.tripwires.points import Point, line_of, read_points
from corrigible.tripwires.records import Arming, remaining
from corrigible.tripwires.tail import Tail
from corrigible.tripwires.wire import replay
from stopping_samples import NAMED, armed, documents
from tripwire_samples import wire, wire_text

COUNTS = st.lists(st.integers(0, 50), max_size=14)
NOISE = st.one_of(
    st.binary(max_size=60),
    st.text(max_size=40).map(lambda text: text.encode("utf-8", "replace") + b"\n"),
    st.fixed_dictionaries(
        {"schema": st.just(1), "run": st.sampled_from(["a", "b"]), "metric": st.just("skill")},
        optional={
            "step": st.integers(-2, 10**4),
            "k": st.one_of(st.integers(-1, 60), st.booleans(), st.none()),
            "n": st.integers(0, 60),
            "value": st.floats(),
            "more": st.text(max_size=3),
        },
    ).map(lambda row: json.dumps(row).encode() + b"\n"),
)  # fmt: skip


def lines(counts: list[int]) -> bytes:
    return b"".join(
        line_of(Point(run="a", metric="skill", step=100 * place, k=k, n=50)) for place, k in enumerate(counts, start=1)
    )


def arming() -> Arming:
    return Arming(
        segment=1, run="a", after=-1, document=wire_text(**NAMED), owners="", at=moment_of("2026-11-28T00:00:00Z")
    )


@settings(deadline=None)
@given(counts=COUNTS, cuts=st.lists(st.integers(0, 2000), max_size=6), until=st.integers(0, 1500))
def test_a_judge_that_sees_the_file_grow_says_what_a_replay_says(
    counts: list[int], cuts: list[int], until: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("grown") / "a.jsonl"
    data = lines(counts)
    judge = Judge(arming(), path)
    for cut in sorted(cuts):
        path.write_bytes(data[:cut])
        judge.look()
        assert judge.tail.offset <= min(cut, len(data))
    path.write_bytes(data)
    last = 100 * len(counts)
    until = max(until, last)
    alarm = judge.look(until)
    points = read_points(path) if counts else ()
    expected = replay(wire(**NAMED), points, until=until)
    assert alarm == expected.alarm
    assert judge.wire.readings == expected.readings


@settings(deadline=None)
@example(before=[], noise=b'{"schema": 1,\r "run": "a", "metric": "m", "step": 1, "value": 1}\r\n', split=5)
@given(before=COUNTS, noise=NOISE, split=st.integers(0, 60))
def test_a_tail_takes_what_a_reader_of_the_whole_file_takes_and_refuses_what_it_refuses(
    before: list[int], noise: bytes, split: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("noise") / "a.jsonl"
    data = lines(before)
    tail, found = Tail(path), list[Point]()
    refused = False
    for part in (data + noise[:split], data + noise):
        path.write_bytes(part)
        try:
            while fresh := tail.read():
                found += fresh
        except BadInput:
            refused = True
            break
    whole = (data + noise)[: (data + noise).rfind(b"\n") + 1]
    path.write_bytes(whole)
    try:
        expected = list(read_points(path)) if whole else []
    except BadInput:
        assert refused
    else:
        assert not refused
        assert found == expected


@settings(deadline=None, max_examples=30)
@given(noise=st.lists(NOISE, max_size=3), bad=st.one_of(st.none(), st.floats(), st.integers(-3, 60)))
def test_a_check_never_raises_and_stops_on_whatever_is_no_point(
    noise: list[bytes], bad: float | None, tmp_path_factory: pytest.TempPathFactory
) -> None:
    place = tmp_path_factory.mktemp("check")
    documents(place)
    guard = armed(place)
    guard.report(100, k=15, n=50)
    assert guard.check(100) is None
    path = place / "a.jsonl"
    path.write_bytes(path.read_bytes() + b"".join(noise))
    try:
        read_points(path)
        sound = True
    except BadInput:
        sound = False
    stop = guard.check(120)
    if not sound and path.read_bytes().endswith(b"\n"):
        assert stop is not None
    guard.report(200, k=bad, n=50)  # type: ignore[arg-type]
    after = guard.check(220)
    if not (isinstance(bad, int) and 0 <= bad <= 50):
        assert after is not None


@given(after=st.integers(-1, 1200))
def test_what_is_left_of_a_plan_are_its_later_checkpoints(after: int) -> None:
    tripwire = wire(**NAMED)
    planned = [step for step in range(100, 1001, 100) if step > after]
    if not planned:
        with pytest.raises(BadInput, match="0 planned checkpoints are left"):
            remaining(tripwire, after)
        return
    plan = remaining(tripwire, after).plan
    assert [plan.first + plan.every * place for place in range(plan.checkpoints)] == planned

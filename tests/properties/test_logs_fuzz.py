"""Whatever bytes a log holds, it is either read or refused with one line; what can be read can be judged."""

import json
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from corrigible.errors import BadInput
from corrigible.logs import detect, read_jsonl, write_jsonl
from corrigible.logs.line import Header, Where, parse_line

KEYS = (
    "episode",
    "t",
    "observation",
    "action",
    "reward",
    "terminated",
    "truncated",
    "executed_action",
    "log_prob",
    "value",
    "changes",
    "corrigible_log",
    "other",
)

numbers = st.one_of(
    st.integers(-(2**53), 2**53),
    st.floats(-(2.0**53), 2.0**53, allow_nan=False),
    st.sampled_from([0, 1, -0.0, 5e-324, 2**53, -(2**53)]),
)
anything = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=20), numbers),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(st.text(max_size=5), inner, max_size=3)),
    max_leaves=12,
)


@contextmanager
def log_of(content: bytes) -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "log.jsonl"
        path.write_bytes(content)
        yield path


def refusal(path: Path) -> str | None:
    """The message where the log is refused; where it is read, its arrays must fit together."""
    try:
        log = read_jsonl(path)
    except BadInput as refused:
        return str(refused)
    assert log.lengths.sum() == log.reward.size
    assert np.isfinite(log.reward).all()
    return None


def read_or_refuse(content: bytes) -> None:
    with log_of(content) as path:
        message = refusal(path)
        if message is not None:
            assert str(path) in message
            assert message.isprintable()
            assert len(message) < 1000 + len(str(path))


@st.composite
def logs(draw: st.DrawFn, *, least: int = 1, most: int = 6) -> list[dict[str, Any]]:
    """Valid steps of a few episodes, with any of the optional keys."""
    words, pairs = st.text(st.characters(codec="utf-8"), max_size=5), st.lists(numbers, min_size=2, max_size=2)
    observation = draw(st.sampled_from([st.none(), numbers, words, pairs]))
    action = draw(st.sampled_from([st.integers(-3, 3), st.lists(numbers, min_size=1, max_size=1)]))
    optional = draw(st.sets(st.sampled_from(["executed_action", "log_prob", "value"])))
    change = st.tuples(st.integers(-(2**15), 2**15 - 1), st.sampled_from("ab"), st.sampled_from("bc")).map(list)
    with_changes = draw(st.booleans())
    lines = []
    for episode in range(draw(st.integers(least, most))):
        length = draw(st.integers(1, 4))
        for t in range(length):
            last = t == length - 1
            line = {
                "episode": episode,
                "t": t,
                "observation": draw(observation),
                "action": draw(action),
                "reward": draw(numbers),
                "terminated": last and draw(st.booleans()),
                "truncated": last and draw(st.booleans()),
            }
            for key in sorted(optional):
                line[key] = draw(action if key == "executed_action" else numbers)
            if with_changes:
                line["changes"] = draw(st.lists(change, max_size=3))
            lines.append(line)
    return lines


def encode(lines: list[dict[str, Any]]) -> bytes:
    return "".join(json.dumps(line) + "\n" for line in lines).encode()


@given(st.binary(max_size=300))
@settings(deadline=None)
def test_any_bytes_are_read_or_refused(content: bytes) -> None:
    read_or_refuse(content)


@pytest.mark.slow
@given(st.lists(st.dictionaries(st.sampled_from(KEYS), anything, max_size=len(KEYS)), max_size=3))
@settings(max_examples=200, deadline=None)
def test_any_objects_with_the_right_keys_are_read_or_refused(lines: list[dict[str, Any]]) -> None:
    read_or_refuse(encode(lines))


@pytest.mark.slow
@given(logs(), st.data())
@settings(max_examples=200, deadline=None)
def test_a_log_with_one_value_replaced_by_anything_is_read_or_refused(
    lines: list[dict[str, Any]], data: st.DataObject
) -> None:
    number = data.draw(st.integers(0, len(lines) - 1))
    key = data.draw(st.sampled_from(KEYS))
    lines[number] = lines[number] | {key: data.draw(anything)}
    read_or_refuse(encode(lines))


@pytest.mark.slow
@given(logs(), st.data())
@settings(max_examples=200, deadline=None)
def test_a_log_with_bytes_changed_or_cut_off_is_read_or_refused(
    lines: list[dict[str, Any]], data: st.DataObject
) -> None:
    content = bytearray(encode(lines))
    for _ in range(data.draw(st.integers(0, 3))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    read_or_refuse(bytes(content[: data.draw(st.integers(0, len(content)))]))


def parse_or_refuse(line: bytes) -> str | None:
    """The message where the line is refused; what text by chance spells out is a header at best."""
    try:
        found = parse_line(line, Where(file="log", line=1))
    except BadInput as refused:
        return str(refused)
    assert isinstance(found, Header)
    return None


@given(st.text(max_size=200))
@settings(deadline=None)
@example("[" * 60_000)
@example('{"a":' * 60_000)
@example('{"episode": ' + "9" * 5000 + "}")
@example('{"corrigible_log": 1' + "0" * 400 + "}")
@example('{"t": -1e400}')
def test_any_line_is_parsed_or_refused(line: str) -> None:
    message = parse_or_refuse(line.encode("utf-8", "surrogatepass"))
    assert message is None or ("log line 1" in message and message.isprintable())


@pytest.mark.slow
@given(logs())
@settings(max_examples=200, deadline=None)
def test_what_is_written_is_read_back_unchanged(lines: list[dict[str, Any]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "log.jsonl"
        write_jsonl(path, lines)
        log = read_jsonl(path)
    assert log.reward.tolist() == [line["reward"] for line in lines]
    assert log.terminated.tolist() == [line["terminated"] for line in lines]
    assert np.asarray(log.action).tolist() == [line["action"] for line in lines]
    if log.observation is None:
        assert all(line["observation"] is None for line in lines)
    elif not log.text:
        assert log.observation.tolist() == [line["observation"] for line in lines]
    if "changes" in lines[0]:
        assert log.world_trace is not None
        assert log.world_trace.time.size == sum(len(line["changes"]) for line in lines)


@pytest.mark.slow
@given(logs(least=10, most=14), st.data())
@settings(max_examples=60, deadline=None)
def test_what_can_be_read_can_be_judged_with_finite_numbers(lines: list[dict[str, Any]], data: st.DataObject) -> None:
    names = sorted({line["episode"] for line in lines})
    judged = set(data.draw(st.lists(st.sampled_from(names), min_size=1, max_size=3)))
    with tempfile.TemporaryDirectory() as folder:
        paths = [Path(folder) / name for name in ("judged.jsonl", "reference.jsonl")]
        write_jsonl(paths[0], [line for line in lines if line["episode"] in judged])
        write_jsonl(paths[1], lines)
        report = detect(paths[0], paths[1], rate=0.25)
    json.dumps(report.to_json(), allow_nan=False)
    assert {item.detector for item in report.detectors} >= {"return-outlier", "transition-surprise"}
    assert len(report.rows) == len(judged) * len(report.detectors)
    assert all(0 < row.p <= 1 for row in report.rows)
    assert report.lines()

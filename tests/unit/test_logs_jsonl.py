"""The reader and writer of JSON lines: what is kept, and what is refused with file, line, key and value."""

import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from corrigible.errors import BadInput, NewerSchema
from corrigible.logs import jsonl, read_jsonl, read_log, write_jsonl
from corrigible.logs.line import Where, parse_line


def step(**changed: Any) -> dict[str, Any]:
    usual = {
        "episode": 0,
        "t": 0,
        "observation": 3,
        "action": 1,
        "reward": 0.5,
        "terminated": False,
        "truncated": False,
    }
    return usual | changed


def without(key: str) -> dict[str, Any]:
    return {name: value for name, value in step().items() if name != key}


def text(*lines: dict[str, Any] | str) -> str:
    return "".join((line if isinstance(line, str) else json.dumps(line)) + "\n" for line in lines)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "log.jsonl"


# what is kept -------------------------------------------------------------------------------------------------------


def test_a_log_is_read_into_arrays_with_one_row_a_step(file: Path) -> None:
    file.write_text(
        text(
            {"corrigible_log": 1, "environment": "mine"},
            step(observation=[1, 2.5], action=2, reward=1, value=0.25, log_prob=-1.5, executed_action=0),
            step(t=1, observation=[3, 4], terminated=True, value=0, log_prob=0, executed_action=1),
            step(episode=7, observation=[5, 6], value=1, log_prob=-2, executed_action=1),
        )
    )
    log = read_jsonl(file)
    assert log.episodes == ("0", "7")
    assert log.lengths.tolist() == [2, 1]
    assert log.observation is not None
    assert log.observation.tolist() == [[1, 2.5], [3, 4], [5, 6]]
    assert log.observation.dtype == np.float64
    assert log.action.tolist() == [2, 1, 1]
    assert log.action.dtype == np.int64
    assert log.executed_action is not None
    assert log.executed_action.tolist() == [0, 1, 1]
    assert log.reward.tolist() == [1, 0.5, 0.5]
    assert log.terminated.tolist() == [False, True, False]
    assert log.truncated.tolist() == [False] * 3
    assert log.value is not None
    assert log.value.tolist() == [0.25, 0, 1]
    assert log.log_prob is not None
    assert log.log_prob.tolist() == [-1.5, 0, -2]
    assert log.world_trace is None


def test_episodes_may_take_turns_and_come_out_one_after_another(file: Path) -> None:
    turns = [("b", 0, 10), ("a", 0, 20), ("b", 1, 11), ("a", 1, 21), ("a", 2, 22)]
    file.write_text(text(*(step(episode=name, t=t, observation=seen) for name, t, seen in turns)))
    log = read_jsonl(file)
    assert log.episodes == ("b", "a")
    assert log.lengths.tolist() == [2, 3]
    assert log.observation is not None
    assert log.observation.tolist() == [10, 11, 20, 21, 22]


def test_strings_are_hashed_so_that_equal_ones_stay_equal(file: Path) -> None:
    file.write_text(text(*(step(t=t, observation=seen) for t, seen in enumerate(["ab", "cd", "ab", "ä\n"]))))
    log = read_jsonl(file)
    assert log.text
    assert log.observation is not None
    assert log.observation[0] == log.observation[2]
    assert np.unique(log.observation).size == 3


def test_null_on_every_line_means_that_no_observation_was_recorded(file: Path) -> None:
    file.write_text(text(step(observation=None), step(t=1, observation=None)))
    assert read_jsonl(file).observation is None


def test_changes_become_a_world_trace_with_one_world_for_each_episode(file: Path) -> None:
    file.write_text(
        text(
            step(episode="x", changes=[]),
            step(episode="y", changes=[[4, -2, "switch on", "switch off"], [0, 0, "shut", "open"]]),
            step(episode="x", t=1, changes=[[1, 1, "open", "shut"]]),
            step(episode="y", t=1),
        )
    )
    trace = read_jsonl(file).world_trace
    assert trace is not None
    assert trace.worlds == 2
    named = [(trace.kinds[before], trace.kinds[after]) for before, after in zip(trace.before, trace.after, strict=True)]
    assert named == [("switch on", "switch off"), ("shut", "open"), ("open", "shut")]
    assert trace.world.tolist() == [1, 1, 0]
    assert trace.time.tolist() == [0, 0, 1]
    assert trace.place.tolist() == [[4, -2], [0, 0], [1, 1]]


def test_an_empty_list_of_changes_says_that_nothing_changed(file: Path) -> None:
    file.write_text(text(step(changes=[])))
    trace = read_jsonl(file).world_trace
    assert trace is not None
    assert trace.time.size == 0


def test_a_complete_last_line_needs_no_line_break(file: Path) -> None:
    file.write_text(text(step()) + json.dumps(step(t=1)))
    assert read_jsonl(file).lengths.tolist() == [2]


def test_what_is_written_is_read_back(file: Path) -> None:
    steps = [
        step(observation=np.array([0.1, 0.2], dtype=np.float32), action=np.int64(2), reward=np.float32(0.5)),
        step(t=1, observation=[0.3, 0.4], truncated=np.True_),
    ]
    write_jsonl(file, steps, notes={"environment": "mine"})
    log = read_jsonl(file)
    assert log.observation is not None
    assert log.observation[0].tolist() == [float(np.float32(0.1)), float(np.float32(0.2))]
    assert log.action.tolist() == [2, 1]
    assert log.truncated.tolist() == [False, True]
    assert json.loads(file.read_text().splitlines()[0]) == {"corrigible_log": 1, "environment": "mine"}


# what is refused ----------------------------------------------------------------------------------------------------

REFUSED = {
    "bad JSON": (text(step(), '{"episode": 0,,}'), "line 2"),
    "no object": (text("[1, 2]"), r"line 1: \[1, 2\]: a line holds one JSON object"),
    "empty line": (text(step(), ""), "line 2"),
    "duplicate key": (text('{"episode": 0, "episode": 1}'), 'line 1: key "episode" is given twice'),
    "missing key": (text(step(), without("reward")), "line 2: key 'reward' is missing: reward must be a finite number"),
    "unknown key": (text(step(rewards=1)), "line 1: unknown key \"rewards\".*did you mean 'reward'"),
    "NaN": (text(step()).replace("0.5", "NaN"), "line 1: NaN is no JSON number"),
    "infinite": (text(step()).replace("0.5", "1e999"), "line 1: reward = Infinity: reward must be a finite number"),
    "too large": (text(step(reward=2**53 + 2)), "line 1: reward = a whole number of 54 bits"),
    "thousands of digits": (text(step()).replace("0.5", "9" * 5000), "line 1: ValueError in JSON"),
    "thousands of brackets": ("[" * 100_000, "line 1"),
    "t does not start at 0": (text(step(t=1)), "line 1: t = 1: t must be .* next of episode 0 is 0"),
    "t skips": (text(step(), step(t=2)), "line 2: t = 2: .* next of episode 0 is 1"),
    "t repeats": (text(step(), step()), "line 2: t = 0"),
    "t is negative": (text(step(t=-1)), "line 1: t = -1"),
    "t is a float": (text(step(t=0.0)), "line 1: t = 0.0"),
    "after termination": (text(step(terminated=True), step(t=1)), "line 2: episode 0 goes on at t = 1"),
    "after truncation": (text(step(truncated=True), step(t=1)), "line 2: episode 0 goes on at t = 1"),
    "cut off": (text(step()) + json.dumps(step(t=1))[:-20], "line 2: .*the last line must be complete"),
    "flag is a number": (text(step(terminated=0)), "line 1: terminated = 0: terminated must be true or false"),
    "reward is a string": (text(step(reward="1")), 'line 1: reward = "1": reward must be a finite number'),
    "reward is a flag": (text(step(reward=True)), "line 1: reward = true"),
    "value is null": (text(step(value=None)), "line 1: value = null"),
    "action is a float": (text(step(action=0.5)), "line 1: action = 0.5: .*write a continuous action .* as a list"),
    "action is null": (text(step(action=None)), "line 1: action = null"),
    "action is empty": (text(step(action=[])), r"line 1: action = \[\]"),
    "ragged": (text(step(observation=[[1], [2, 3]])), "line 1: observation = a list of 2: .*equally long"),
    "deep": (text(step(observation=[[[[[[[[[1]]]]]]]]])), "line 1: observation = .*at most 8 lists"),
    "word in a list": (text(step(observation=[1, "x"])), 'line 1: observation = .*not "x"'),
    "object": (text(step(observation={"a": 1})), "line 1: observation = an object of 1 keys"),
    "half a surrogate": (text(step()).replace("3", '"\\ud800"'), "line 1: observation = .*surrogate"),
    "episode is a flag": (text(step(episode=True)), "line 1: episode = true"),
    "episode has a line break": (text(step(episode="a\nb")), r'line 1: episode = "a\\nb"'),
    "episode is empty": (text(step(episode="")), 'line 1: episode = ""'),
    "episode names and numbers": (text(step(), step(episode="0")), "line 2: episode is a name: it must be a whole"),
    "observation changes form": (text(step(), step(t=1, observation="x")), "line 2: observation is a string"),
    "observation changes shape": (
        text(step(observation=[1, 2]), step(t=1, observation=[1])),
        r"line 2: observation is a list of shape \(1,\): it must be a list of shape \(2,\)",
    ),
    "observation stops": (text(step(), step(t=1, observation=None)), "line 2: observation is null"),
    "action changes form": (text(step(), step(t=1, action=[1])), "line 2: action is a list"),
    "executed action of another form": (text(step(executed_action=[1])), "line 1: executed_action is a list"),
    "value only here": (text(step(), step(t=1, value=1)), "line 2: value is given: it must be absent"),
    "value not here": (text(step(value=1), step(t=1)), "line 2: value is absent: it must be given"),
    "changes no list": (text(step(changes=1)), "line 1: changes = 1"),
    "change without names": (text(step(changes=[[1, 2, 3]])), r"line 1: changes = \[1, 2, 3\]"),
    "place too far": (text(step(changes=[[32768, "a", "b"]])), "line 1: changes = .*32768"),
    "place a float": (text(step(changes=[[0.5, "a", "b"]])), "line 1: changes = .*0.5"),
    "places of two forms": (
        text(step(changes=[[1, "a", "b"], [1, 2, "a", "b"]])),
        "line 1: changes is of 2 coordinates: it must be of 1 coordinates",
    ),
    "header late": (text(step(), {"corrigible_log": 1}), "line 2: key 'corrigible_log': a header stands only on"),
    "header version": (text({"corrigible_log": "1"}), 'line 1: corrigible_log = "1"'),
    "header alone": (text({"corrigible_log": 1}), "holds 0 episodes and 0 steps"),
    "empty file": ("", "holds 0 episodes and 0 steps"),
    "byte order mark": ("\ufeff" + text(step()), "line 1: a byte order mark"),
}


@pytest.mark.parametrize(("content", "message"), REFUSED.values(), ids=REFUSED.keys())
def test_what_breaks_the_schema_is_refused_by_file_line_key_and_value(file: Path, content: str, message: str) -> None:
    file.write_text(content, encoding="utf-8")
    with pytest.raises(BadInput, match=message) as refused:
        read_jsonl(file)
    assert str(file) in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_byte_that_is_no_utf_8_is_named(file: Path) -> None:
    file.write_bytes(text(step()).encode() + b'{"episode": "\xff"}\n')
    with pytest.raises(BadInput, match=r"line 2: byte 14 is no UTF-8"):
        read_jsonl(file)


def test_a_later_version_is_told_from_a_broken_one(file: Path) -> None:
    file.write_text(text({"corrigible_log": 2}, step()))
    with pytest.raises(NewerSchema, match="reads version 1"):
        read_jsonl(file)


def test_a_file_above_the_limit_is_refused_before_it_is_read(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file.write_text("no JSON at all\n")
    monkeypatch.setattr(jsonl, "MOST_FILE_BYTES", 10)
    with pytest.raises(BadInput, match="of 15 bytes: a log holds at most 10"):
        read_jsonl(file)


def test_a_line_above_the_limit_is_refused() -> None:
    with pytest.raises(BadInput, match="a line holds at most 4194304"):
        parse_line(b" " * (2**22 + 1), Where(file="log", line=1))


@pytest.mark.parametrize("name", ["absent.jsonl", "", "a\0b", "x" * 5000, "no-such-data-set-v0"])
def test_a_file_that_is_not_there_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MINARI_DATASETS_PATH", str(tmp_path / "datasets"))
    with pytest.raises(BadInput):
        read_log(name)
    assert list(tmp_path.iterdir()) == []


def test_a_pipe_is_refused_rather_than_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(BadInput, match="regular file"):
        read_log(tmp_path / "pipe")


@pytest.mark.parametrize(
    "steps",
    [[], [step(t=1)], [step(reward=float("nan"))], [step(reward=object())], [step(), {"corrigible_log": 1}], [{}]],
)
def test_the_writer_leaves_nothing_behind_when_it_refuses(file: Path, steps: list[dict[str, Any]]) -> None:
    with pytest.raises(BadInput):
        write_jsonl(file, steps)
    assert list(file.parent.iterdir()) == []


def test_the_writer_keeps_the_old_file_when_it_refuses_the_new_one(file: Path) -> None:
    write_jsonl(file, [step()])
    before = file.read_bytes()
    with pytest.raises(BadInput):
        write_jsonl(file, [step(), step()])
    assert file.read_bytes() == before


def test_the_writer_refuses_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="must be writable"):
        write_jsonl(tmp_path / "absent" / "log.jsonl", [step()])

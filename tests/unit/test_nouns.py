"""Trajectories, traces and views: episodes, columns, and what a detector may not see."""

import copy

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from corrigible.errors import BadInput, CorrigibleError
from corrigible.seeding import kernel_seed, stream
from corrigible.types import (
    Episode,
    ForbiddenView,
    Observations,
    Trajectory,
    Views,
    WorldTrace,
    join_columns,
    take_columns,
)


def trajectory(columns: list[list[int]]) -> Trajectory:
    """Columns of actions, each one terminated episode; padded."""
    T, B = max(map(len, columns)), len(columns)
    action, mask, ended = np.zeros((T, B), dtype=np.int64), np.zeros((T, B), dtype=bool), np.zeros((T, B), dtype=bool)
    for b, column in enumerate(columns):
        action[: len(column), b], mask[: len(column), b], ended[len(column) - 1, b] = column, True, True
    return Trajectory(
        action=action,
        reward=action.astype(float),
        mask=mask,
        terminated=ended,
        truncated=np.zeros_like(ended),
        observations=Observations(shape=(T, B), dtype=action.dtype, materialise=lambda: action * 10),
    )


def trace(worlds: list[int], total: int) -> WorldTrace:
    n = len(worlds)
    zeros = np.zeros(n, dtype=np.int16)
    return WorldTrace(
        time=np.arange(n, dtype=np.int32),
        world=np.array(worlds, dtype=np.int32),
        place=np.zeros((n, 2), dtype=np.int16),
        before=zeros,
        after=zeros + 1,
        kinds=("on", "off"),
        worlds=total,
    )


COLUMNS = st.lists(st.lists(st.integers(0, 5), min_size=1, max_size=5), min_size=1, max_size=6)


def test_episodes_follow_columns_and_then_time_and_a_cut_one_counts() -> None:
    flags = np.array([[0, 0], [1, 0], [0, 0], [0, 0]], dtype=bool)
    mask = np.array([[1, 1], [1, 1], [1, 0], [1, 0]], dtype=bool)
    zeros = np.zeros((4, 2))
    found = Trajectory(
        action=zeros, reward=zeros, mask=mask, terminated=flags, truncated=np.zeros_like(flags)
    ).episodes()
    assert found == (
        Episode(world=0, start=0, stop=2),
        Episode(world=0, start=2, stop=4),
        Episode(world=1, start=0, stop=2),
    )


@given(COLUMNS)
def test_columns_become_their_episodes(columns: list[list[int]]) -> None:
    found = trajectory(columns)
    assert [found.action[e.start : e.stop, e.world].tolist() for e in found.episodes()] == columns
    assert found.steps == sum(map(len, columns))


@given(COLUMNS, COLUMNS)
def test_joining_then_taking_gives_back_what_was_joined(first: list[list[int]], second: list[list[int]]) -> None:
    joined = join_columns([Views(trajectory_view=trajectory(first)), Views(trajectory_view=trajectory(second))])
    back = take_columns(joined, slice(len(first), None)).trajectory
    assert [back.action[e.start : e.stop, e.world].tolist() for e in back.episodes()] == second
    assert back.observations is not None
    np.testing.assert_array_equal(back.observations.array()[back.mask], back.action[back.mask] * 10)


def test_traces_are_renumbered_when_worlds_are_taken_and_joined() -> None:
    views = Views(world_trace_view=trace([0, 1, 2, 2], total=4))
    taken = take_columns(views, slice(0, None, 2)).world_trace
    assert (taken.world.tolist(), taken.worlds) == ([0, 1, 1], 2)
    joined = join_columns([views, Views(world_trace_view=trace([1], total=2))]).world_trace
    assert (joined.world.tolist(), joined.worlds) == ([0, 1, 2, 2, 5], 6)


def test_a_view_that_was_not_declared_is_not_there() -> None:
    views = Views(trajectory_view=trajectory([[1]]), world_trace_view=trace([0], total=1))
    shown = views.only(("world_trace",))
    assert shown.available() == ("world_trace",)
    assert shown.world_trace.worlds == 1
    for reach in (lambda: shown.trajectory, lambda: shown.model):
        with pytest.raises(ForbiddenView, match="declares"):
            reach()
    assert not hasattr(views, "truth")


def test_observations_are_computed_once_and_only_when_asked_for() -> None:
    calls: list[int] = []
    lazy = Observations(shape=(1,), dtype=np.dtype(int), materialise=lambda: calls.append(1) or np.zeros(1))  # type: ignore[func-returns-value]
    assert calls == []
    lazy.array()
    lazy.array()
    assert calls == [1]


def test_arrays_of_another_shape_are_refused() -> None:
    zeros = np.zeros((2, 2))
    with pytest.raises(CorrigibleError, match=r"Trajectory\.reward"):
        Trajectory(action=zeros, reward=zeros[:1], mask=zeros, terminated=zeros, truncated=zeros)


def test_streams_depend_on_seed_and_names_and_on_nothing_else() -> None:
    first, again = stream(3, "learn", 1).random(4), stream(3, "learn", 1).random(4)
    np.testing.assert_array_equal(first, again)
    others = [stream(4, "learn", 1), stream(3, "learn", 2), stream(3, "learn", "1"), stream(3, "learn1"), stream(3)]
    assert all(not np.array_equal(first, other.random(4)) for other in others)
    assert kernel_seed(stream(3, "a")) == kernel_seed(stream(3, "a"))


def test_an_error_is_one_line_and_crosses_processes() -> None:
    error = BadInput(value="sigma = -1\n", rule="sigma\tmust be > 0", remedy="give a  positive one")
    assert str(error) == "sigma = -1: sigma must be > 0; give a positive one"
    back = copy.copy(error)  # by __reduce__, as process pools send it
    assert (type(back), str(back), back.exit_code) == (BadInput, str(error), 2)

"""Worlds can be copied, forked, batched and replayed: every byte of state, record and view is the same."""

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from corrigible.sandbox.voxel.layouts import columns_of
from corrigible.sandbox.voxel.nodes import node_table
from corrigible.sandbox.voxel.params import EnvParams
from corrigible.sandbox.voxel.simulator import Crew, VoxelWorlds
from corrigible.sandbox.voxel.viewing import Viewer, ViewParams
from voxel_reference.staging import SCENARIOS, hold, nodes_of, random_play, worlds_of

VIEW = ViewParams(height=16, width=16, distance=True, kind=True)
TESTS = Path(__file__).parents[1]


def view_bytes(worlds, crew=None):
    """(N,) list of the bytes of each world's views."""
    viewer = Viewer(VIEW)
    buffers = viewer.buffers(worlds.state.worlds, worlds.params.agents)
    viewer.draw(worlds.state, worlds.record, buffers, crew)
    return [b"".join(array[n].tobytes() for array in buffers) for n in range(worlds.state.worlds)]


def state_bytes(worlds):
    """(N,) list of the bytes of each world's state and record."""
    arrays = [array for _, array in worlds.state.arrays()]
    arrays += [array for name, array in worlds.record._asdict().items() if name != "change"]
    rows = range(worlds.state.worlds)
    changes = [worlds.record.change[n, : worlds.record.changes[n]].tobytes() for n in rows]
    return [b"".join(array[n].tobytes() for array in arrays) + changes[n] for n in rows]


def everything(worlds):
    """(N,) digests of state, record and views."""
    return [hashlib.sha256(a + b).hexdigest() for a, b in zip(state_bytes(worlds), view_bytes(worlds), strict=True)]


def trajectory(worlds, keys, turns, which=None):
    """Digests of every step: (T, M)."""
    found = []
    for some_keys, some_turns in zip(keys, turns, strict=True):
        worlds.step(some_keys, some_turns)
        digests = everything(worlds)
        found.append([digests[n] for n in (range(len(digests)) if which is None else which)])
    return found


def assert_same_rows(one, other):
    assert one.rows.keys() == other.rows.keys()
    for name, rows in one.rows.items():
        assert rows.tobytes() == other.rows[name].tobytes(), name


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_a_restored_snapshot_goes_on_bit_for_bit_as_it_did(scenario):
    worlds = worlds_of(scenario, worlds=3, agents=2)
    keys, turns = random_play(np.random.default_rng(0), 40, 3, 2)
    trajectory(worlds, keys[:15], turns[:15])
    saved, seen = worlds.snapshot(), view_bytes(worlds)
    first = trajectory(worlds, keys[15:], turns[15:])
    worlds.restore(saved)
    assert view_bytes(worlds) == seen
    assert_same_rows(worlds.snapshot(), saved)
    assert trajectory(worlds, keys[15:], turns[15:]) == first


def test_a_snapshot_is_not_changed_by_what_the_worlds_do_next():
    worlds = worlds_of("grove", worlds=2)
    saved = worlds.snapshot()
    before = {name: rows.copy() for name, rows in saved.rows.items()}
    trajectory(worlds, *random_play(np.random.default_rng(1), 20, 2, 1))
    worlds.restore(saved)
    trajectory(worlds, *random_play(np.random.default_rng(1), 20, 2, 1))
    assert all((saved.rows[name] == rows).all() for name, rows in before.items())


def test_snapshot_and_restore_of_all_state_leave_no_array_out():
    worlds = worlds_of("grove", worlds=2)
    state, names = worlds.state, {name for name, _ in worlds.state.arrays()}
    fields = {*state.nodes._fields, *state.bodies._fields, *state.__dataclass_fields__}
    assert names == fields - {"nodes", "bodies", "size", "eye"}, "size and eye are those of the params"


def test_worlds_that_were_forked_into_others_go_on_as_the_originals_and_disturb_no_one():
    worlds = worlds_of("branchy_grove", worlds=6, agents=2)
    keys, turns = random_play(np.random.default_rng(2), 30, 6, 2)
    trajectory(worlds, keys[:10], turns[:10])
    untouched = [everything(worlds)[n] for n in (1, 2, 5)]
    worlds.restore(worlds.snapshot([4, 0]), [3, 4])  # 4 into 3, and 0 into 4
    assert [everything(worlds)[n] for n in (1, 2, 5)] == untouched
    keys[:, 4], turns[:, 4] = keys[:, 0], turns[:, 0]
    for row in trajectory(worlds, keys[10:], turns[10:]):
        assert row[0] == row[4]
        assert row[3] not in (row[0], row[1], row[2], row[5])


@settings(max_examples=12)
@given(data=st.data(), scenario=st.sampled_from(["grove", "two_rooms"]), seed=st.integers(0, 5))
def test_any_subset_restored_anywhere_in_another_batch_goes_on_bit_for_bit(data, scenario, seed):
    one, other = (worlds_of(scenario, seed=seed, worlds=4, agents=2, layouts=3) for _ in range(2))
    chosen = data.draw(st.lists(st.integers(0, 3), min_size=0, max_size=4, unique=True))
    places = data.draw(st.permutations(range(4)))[: len(chosen)]
    keys, turns = random_play(np.random.default_rng(seed), 12, 4, 2)
    trajectory(one, keys[:6], turns[:6])
    other.restore(one.snapshot(chosen), places)
    other_keys, other_turns = np.zeros_like(keys), np.zeros_like(turns)
    for n, m in zip(chosen, places, strict=True):
        other_keys[:, m], other_turns[:, m] = keys[:, n], turns[:, n]
    expected = trajectory(one, keys[6:], turns[6:], chosen)
    assert trajectory(other, other_keys[6:], other_turns[6:], places) == expected


@pytest.mark.parametrize("scenario", ["branchy_grove", "two_rooms"])
def test_a_world_of_a_batch_of_seven_is_the_world_alone(scenario):
    together = worlds_of(scenario, seed=3, worlds=7, agents=2)
    keys, turns = random_play(np.random.default_rng(3), 25, 7, 2)
    seen = trajectory(together, keys, turns)
    for n in (0, 3, 6):
        alone = VoxelWorlds(EnvParams(scenario=scenario, worlds=1, agents=2, layouts=8), seed=3)
        alone.state.world[0] = n
        alone.begin()
        found = trajectory(alone, keys[:, n : n + 1], turns[:, n : n + 1])
        assert [row[0] for row in found] == [row[n] for row in seen]


def test_later_episodes_too_begin_the_same_in_any_batch_and_whenever_the_others_began():
    together, ragged = (worlds_of("open_hills", seed=1, worlds=3) for _ in range(2))
    together.begin()
    together.begin()
    for which in ([True, False, False], [False, True, True], [True, True, False], [False, False, True]):
        ragged.begin(np.array(which))
    assert everything(ragged) == everything(together)


@settings(max_examples=6)
@given(
    seed=st.integers(0, 2**32),
    scenario=st.sampled_from(SCENARIOS),
    threads=st.sampled_from([2, 3, 5]),
    worlds=st.integers(1, 5),
)
def test_seed_and_actions_give_the_same_trajectory_on_any_number_of_threads(seed, scenario, threads, worlds):
    keys, turns = random_play(np.random.default_rng(seed), 10, worlds, 2)
    one = worlds_of(scenario, seed=seed, worlds=worlds, agents=2, layouts=2)
    many = worlds_of(scenario, seed=seed, worlds=worlds, agents=2, layouts=2, threads=threads)
    assert trajectory(one, keys, turns) == trajectory(many, keys, turns)
    assert view_bytes(one) == view_bytes(one, Crew(threads))


def test_another_seed_gives_another_trajectory():
    keys, turns = random_play(np.random.default_rng(0), 3, 2, 1)
    one, other = (worlds_of("grove", seed=seed, worlds=2) for seed in (0, 1))
    assert trajectory(one, keys, turns) != trajectory(other, keys, turns)


def test_columns_kept_step_by_step_equal_those_built_anew_after_long_play_up_to_the_ceiling():
    dirt = node_table().id("default:dirt")
    worlds = worlds_of(size=(8, 8, 10), worlds=2, agents=4, tool="default:shovel_steel", steps=10**6)
    worlds.state.bodies.item[:] = dirt
    keys, turns = random_play(np.random.default_rng(6), 6000, 2, 4)
    keys &= 511  # no other item is chosen
    keys[::2] |= 16 | 128  # jump and place
    top = 0
    for some_keys, some_turns in zip(keys, turns, strict=True):
        worlds.step(some_keys, some_turns)
        top = max(top, *(int(np.flatnonzero(nodes_of(worlds, n).any(axis=(0, 1)))[-1]) for n in range(2)))
    for n in range(2):
        whole = nodes_of(worlds, n)
        np.testing.assert_array_equal(worlds.state.nodes.column[n], columns_of(whole, node_table()))
        bordered = worlds.state.nodes.node[n].reshape(10, 10, 12).copy()
        bordered[1:-1, 1:-1, 1:-1] = 255
        assert (bordered == 255).all()
    assert top == 9


def test_a_world_that_is_done_stands_still_until_it_begins_again():
    worlds = worlds_of("grove", worlds=2, steps=3, day=60.0)
    keys, turns = random_play(np.random.default_rng(0), 3, 2, 1)
    trajectory(worlds, keys, turns)
    assert worlds.state.done.all()
    before, seen = worlds.snapshot(), view_bytes(worlds)
    events = hold(worlds, 0x1FF, (30.0, 10.0))
    assert not any(array.any() for array in (events.dug, events.placed, events.used, events.punched, events.jumped))
    assert_same_rows(worlds.snapshot(), before)
    assert view_bytes(worlds) == seen
    worlds.begin(np.array([False, True]))
    assert worlds.state.done.tolist() == [True, False]
    assert worlds.state.time.tolist() == [3, 0]


def test_what_is_pointed_at_and_what_happened_follow_from_the_state_after_begin_restore_and_edits():
    worlds = worlds_of(worlds=1)
    worlds.set_node(0, (8, 10, 3), "default:goldblock")
    worlds.set_body(0, 0, (8.5, 8.5, 2.0), 0.0)
    gold = node_table().id("default:goldblock")
    assert worlds.record.pointed[0, 0] == gold
    saved, seen = worlds.snapshot(), view_bytes(worlds)
    worlds.set_node(0, (8, 10, 3), "air")
    assert worlds.record.pointed[0, 0] == 0
    hold(worlds, 64 | 16, (150.0, -60.0))
    assert worlds.record.punched.any()
    worlds.restore(saved)
    assert worlds.record.pointed[0, 0] == gold
    assert view_bytes(worlds) == seen
    assert not worlds.record.punched.any()
    hold(worlds, 16)
    for _ in range(4):
        hold(worlds, 0)
    worlds.begin()
    record = worlds.record._asdict()
    assert not any(array.any() for name, array in record.items() if not name.startswith("pointed"))


def test_a_world_that_never_began_is_air_within_its_border():
    worlds = VoxelWorlds(EnvParams(scenario="grove", worlds=2, agents=1))
    assert len(set(view_bytes(worlds))) == 1
    hold(worlds, 0x1FF)
    assert not nodes_of(worlds).any()


_ALONE = """
import sys, warnings
warnings.simplefilter("ignore")
sys.path.insert(0, {tests!r})
import numpy as np
from invariants.test_voxel_worlds import small_play
print(small_play())
"""


def small_play():
    """Digest of some play and views in a very small world."""
    worlds = worlds_of(size=(8, 8, 8), worlds=2, agents=2, tool="default:shovel_steel", ticks=2)
    worlds.state.bodies.item[:] = node_table().id("default:dirt")
    worlds.set_node(0, (4, 4, 3), "default:glass")
    worlds.set_node(1, (4, 4, 4), "default:water_source")
    worlds.set_node(1, (5, 4, 4), "doors:door_wood_open")
    digests = trajectory(worlds, *random_play(np.random.default_rng(8), 30, 2, 2))
    return hashlib.sha256(repr(digests).encode()).hexdigest()


@pytest.mark.slow
def test_compiled_kernels_equal_the_same_code_uncompiled():
    environment = {**os.environ, "NUMBA_DISABLE_JIT": "1"}
    run = subprocess.run(
        [sys.executable, "-c", _ALONE.format(tests=str(TESTS))],
        env=environment, capture_output=True, text=True, check=False, timeout=280,
    )  # fmt: skip
    assert run.returncode == 0, run.stderr
    assert run.stdout.strip() == small_play()


@pytest.mark.slow
def test_a_second_process_has_stepped_and_drawn_within_four_seconds_of_its_own():
    small_play()  # compiled, and in the cache, from here on
    code = _ALONE.format(tests=str(TESTS)) + "import resource; print(resource.getrusage(resource.RUSAGE_SELF).ru_utime)"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=120)
    assert float(run.stdout.split()[-1]) < 4.0

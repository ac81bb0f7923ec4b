"""Forks go on as the original would, and leave it alone; a counterfactual tells what an edit changes."""

import hashlib

import numpy as np
import pytest

from corrigible.errors import BadInput
from corrigible.sandbox.voxel.acting_kernels import DIG, FORWARD, JUMP_KEY, LEFT, PLACE
from corrigible.sandbox.voxel.forking import counterfactual, fork
from corrigible.sandbox.voxel.layouts import unpadded
from corrigible.sandbox.voxel.nodes import node_table
from corrigible.sandbox.voxel.simulator import VoxelWorlds
from voxel_small import params

AGENTS = 2


def fingerprint(worlds: VoxelWorlds) -> str:
    digest = hashlib.sha256()
    for name, array in worlds.state.arrays():
        digest.update(name.encode() + array.tobytes())
    for array in worlds.record:
        digest.update(array.tobytes())
    return digest.hexdigest()


def random_play(steps: int, worlds: int, seed: int = 0):
    generator = np.random.default_rng(seed)
    some = np.array([FORWARD, FORWARD | DIG, DIG, FORWARD | JUMP_KEY, LEFT | PLACE], dtype=np.uint16)
    return some[generator.integers(0, 5, (steps, worlds, AGENTS))], generator.uniform(
        -30, 30, (steps, worlds, AGENTS, 2)
    )


def played(worlds: int = 4, steps: int = 3, seed: int = 1, **changed) -> VoxelWorlds:
    made = VoxelWorlds(params(worlds=worlds, agents=AGENTS, steps=60, **changed), seed)
    made.begin()
    for keys, turn in zip(*random_play(steps, worlds, seed), strict=True):
        made.step(keys, turn)
    return made


def before_a_tree() -> tuple[VoxelWorlds, tuple[int, int, int]]:
    """One world whose first agent looks at a log from the west; and the cell of that log."""
    worlds = played(1, 0)
    nodes = unpadded(worlds.state.nodes.node, worlds.state.nodes.size)[0]
    x, y, z = (int(k) for k in np.argwhere(nodes == node_table().id("default:tree"))[0])
    worlds.set_body(0, 1, (1.5, 1.5, 3.0), 0.0)
    worlds.set_body(0, 0, (x - 0.5, y + 0.5, 3.0), 270.0)
    return worlds, (x, y, z + 1)  # at the height of the eye


def test_forks_go_on_bit_for_bit_as_the_original_does_into_the_next_episode_too():
    worlds = played()
    forked = fork(worlds, [2, 0], copies=2)
    for keys, turn in zip(*random_play(20, 4, 5), strict=True):
        events = worlds.step(keys, turn)
        own = forked.step(keys[[2, 2, 0, 0]], turn[[2, 2, 0, 0]])
        np.testing.assert_array_equal(own.dug, events.dug[[2, 2, 0, 0]])
    worlds.begin()
    forked.begin()
    for (name, own), (_, old) in zip(forked.state.arrays(), worlds.state.arrays(), strict=True):
        np.testing.assert_array_equal(own, old[[2, 2, 0, 0]], err_msg=name)


def test_a_fork_begins_with_the_record_of_the_original_and_changes_nothing_of_it():
    worlds = played()
    before = fingerprint(worlds)
    forked = fork(worlds, np.arange(4))
    assert fingerprint(forked) == before
    for keys, turn in zip(*random_play(10, 4, 9), strict=True):
        forked.step(keys, turn)
    forked.set_node(0, (1, 1, 5), "default:stone")
    forked.begin()
    assert fingerprint(forked) != before
    assert fingerprint(worlds) == before


def test_copies_of_a_world_part_when_they_act_differently():
    forked = fork(played(), [1], copies=2)
    keys = np.zeros((2, AGENTS), dtype=np.uint16)
    keys[1] = FORWARD
    forked.step(keys, np.zeros((2, AGENTS, 2)))
    place = forked.state.bodies.place
    assert (place[0] != place[1]).any()


def test_a_fork_needs_no_scenario_file_once_it_was_read(tmp_path):
    path = tmp_path / "gone.yaml"
    path.write_bytes(params().scenario.read_bytes())
    worlds = played(scenario=path)
    path.unlink()
    assert fork(worlds, [0]).params.loaded.name == "small"


def test_a_counterfactual_without_a_log_pays_less_and_parts_when_the_log_is_met():
    worlds, log = before_a_tree()
    before = fingerprint(worlds)
    keys, turn = np.zeros((8, 1, AGENTS), dtype=np.uint16), np.zeros((8, 1, AGENTS, 2))
    keys[3:, 0, 0] = DIG
    found = counterfactual(worlds, worlds.snapshot(), lambda fork: fork.set_node(0, log, "air"), keys, turn)
    assert fingerprint(worlds) == before
    assert found.actual.paid.shape == (8, 1, AGENTS)
    assert found.actual.paid.sum() == 1.0
    assert found.edited.paid.sum() == 0.0
    assert found.parted.tolist() == [0]  # the crosshair is on the log in one course alone
    assert found.actual.place.shape == (9, 1, AGENTS, 3)
    np.testing.assert_array_equal(found.actual.place[0], worlds.state.bodies.place)
    trace = found.actual.trace
    assert [trace.place[k].tolist() for k in range(len(trace.time))] == [list(log)]
    assert [trace.kinds[k] for k in trace.before] == ["default:tree"]
    assert len(found.edited.trace.time) == 0
    assert 3 < trace.time[0] < 8


def test_an_edit_that_nobody_meets_makes_no_difference():
    worlds = played()
    keys, turn = random_play(6, 4, 3)
    far = (0, 0, 11)
    found = counterfactual(worlds, worlds.snapshot(), lambda fork: fork.set_node(2, far, "wool:red"), keys, turn)
    assert found.parted.tolist() == [-1] * 4
    nodes = [unpadded(one.worlds.state.nodes.node, (12, 12, 12))[2][far] for one in (found.actual, found.edited)]
    assert nodes == [0, node_table().id("wool:red")]


def test_only_the_edited_world_parts_and_not_before_the_agent_does_something_else_there():
    worlds = played(3, 0)
    keys, turn = np.zeros((6, 3, AGENTS), dtype=np.uint16), np.zeros((6, 3, AGENTS, 2))
    keys[2:] = FORWARD

    def wall(fork: VoxelWorlds) -> None:
        """Stones all about the first agent of world 1, at its feet, out of the crosshair's way."""
        x, y, z = (int(k) for k in np.floor(fork.state.bodies.place[1, 0]))
        for cell in ((x + 1, y, z), (x - 1, y, z), (x, y + 1, z), (x, y - 1, z)):
            if all(0 <= k < 12 for k in cell):
                fork.set_node(1, cell, "default:stone")

    found = counterfactual(worlds, worlds.snapshot(), wall, keys, turn)
    assert found.parted[[0, 2]].tolist() == [-1, -1]
    assert found.parted[1] >= 2
    assert (found.actual.place[:3] == found.edited.place[:3]).all()
    assert (found.actual.place[-1, 1, 0] != found.edited.place[-1, 1, 0]).any()


def test_a_reward_of_one_s_own_is_paid_in_both_courses():
    worlds = played()
    keys, turn = random_play(4, 4, 3)
    found = counterfactual(
        worlds, worlds.snapshot(), lambda fork: None, keys, turn, reward=lambda events: events.place[..., 2]
    )
    np.testing.assert_array_equal(found.actual.paid, found.edited.paid)
    np.testing.assert_array_equal(found.actual.paid, found.actual.place[1:, ..., 2].astype(np.float32))
    assert found.parted.tolist() == [-1] * 4


def test_a_snapshot_of_before_can_be_replayed_after_the_worlds_went_on():
    worlds = played()
    snapshot = worlds.snapshot([3])
    keys, turn = random_play(10, 4, 8)
    truly = [worlds.step(keys[t], turn[t]).place[3].copy() for t in range(10)]
    found = counterfactual(worlds, snapshot, lambda fork: None, keys[:, 3:], turn[:, 3:])
    np.testing.assert_array_equal(found.actual.place[1:, 0], truly)


@pytest.mark.parametrize(
    ("keys", "turn"),
    [((5, 2, 2), (5, 2, 2, 2)), ((5, 1), (5, 1, 2)), ((5, 1, 2), (4, 1, 2, 2)), ((0, 1, 2), (0, 1, 2, 2))],
)
def test_actions_that_do_not_fit_the_snapshot_are_refused(keys, turn):
    worlds = played()
    with pytest.raises(BadInput, match="keys of shape"):
        counterfactual(worlds, worlds.snapshot([0]), print, np.zeros(keys, np.uint16), np.zeros(turn))


@pytest.mark.parametrize(("indices", "copies"), [([4], 1), ([-1], 1), ([], 1), ([0], 0)])
def test_worlds_that_do_not_exist_are_not_forked(indices, copies):
    with pytest.raises(BadInput):
        fork(played(), indices, copies)

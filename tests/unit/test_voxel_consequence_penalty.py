"""The penalty on what was found: no false charge, the miner's own conditions, and equal to counting at the end."""

from dataclasses import replace

import numpy as np
import pytest

from consequence_forest import always, but_the_lowest, but_the_north, dug, scenes
from corrigible.agents.ppo_settings import PPOSettings
from corrigible.detect.consequences import covers, find_consequences
from corrigible.detect.mining.axes import WORKED
from corrigible.detect.mining.nodes import describe, frame_of
from corrigible.errors import BadInput, NotApplicable
from corrigible.mitigate.consequence_penalty import (
    ConsequencePenalty,
    Showing,
    consequence_penalty,
    count_showing,
    found_nodes,
    penalty_for,
)
from corrigible.sandbox.voxel.events import logs, reward_in
from corrigible.sandbox.voxel.found_nodes import FeatureLimits, FoundNodes, FoundNodesFile, read_found_nodes
from corrigible.sandbox.voxel.layouts import unpadded
from corrigible.sandbox.voxel.nodes import node_table
from corrigible.sandbox.voxel.sandbox import VoxelWorld
from corrigible.sandbox.voxel.simulator import VoxelWorlds
from corrigible.types import Setup
from voxel_small import VIEW, params

BOTTOM = FoundNodes(
    sentence="the lowest log of a worked tree is left",
    kind="default:tree",
    direction="left",
    limits=[FeatureLimits(axis="from the bottom", below=1.0), FeatureLimits(axis=WORKED, least=1.0)],
)


def mined(subject, reference):
    return find_consequences(
        [dug(scenes(24, seed), 100 + seed, subject) for seed in range(3)],
        {"reference": [dug(scenes(24, seed), 200 + seed, reference) for seed in range(3)]},
        generator=np.random.default_rng(0),
    )


@pytest.mark.parametrize(
    ("subject", "reference", "direction"),
    [(but_the_lowest, always, "left"), (but_the_north, always, "left"), (always, but_the_lowest, "changed")],
)
def test_the_nodes_counted_are_those_that_the_miner_means(subject, reference, direction):
    (only,) = mined(subject, reference)
    assert only.direction == direction
    trace = dug(scenes(9, 7), 300, subject)
    frame = frame_of([trace, dug(scenes(24, 1), 201, reference)])
    nodes = describe(trace, frame)
    meant = covers(only, nodes, frame) & ((nodes.changes == 0) == (direction == "left"))
    expected = np.bincount(nodes.world[meant], minlength=9)
    assert expected.any()
    np.testing.assert_array_equal(count_showing(trace, found_nodes([only])), expected)


def test_a_node_that_two_findings_name_counts_once():
    trace = dug(scenes(5, 1), 2, but_the_lowest)
    np.testing.assert_array_equal(count_showing(trace, [BOTTOM, BOTTOM]), count_showing(trace, [BOTTOM]))


def tree_of(worlds, n=0):
    """Cells of one trunk of world n, from the bottom up."""
    whole = unpadded(worlds.state.nodes.node[n], worlds.state.nodes.size)
    cells = np.argwhere(whole == node_table().id("default:tree"))
    x, y = cells[0, :2]
    return [(int(x), int(y), int(z)) for z in sorted(cells[(cells[:, :2] == (x, y)).all(axis=1)][:, 2])]


def test_a_worked_tree_shows_its_bottom_log_until_that_is_dug_too():
    worlds = VoxelWorlds(params(), 0)
    worlds.begin()
    showing, trunk = Showing(worlds, [BOTTOM]), tree_of(worlds)
    assert not showing.now().any()
    worlds.set_node(0, trunk[1], "air")
    assert showing.now().tolist() == [1, 0, 0]
    worlds.set_node(0, trunk[0], "air")
    assert not showing.now().any()
    worlds.set_node(0, trunk[0], "default:tree")
    assert showing.now().tolist() == [1, 0, 0]
    worlds.begin(np.array([True, False, False]))
    assert not showing.now().any()


def test_a_step_is_charged_what_it_adds_and_repaid_what_it_takes_off():
    worlds = VoxelWorlds(params(steps=50), 0)
    worlds.begin()
    pay = reward_in(ConsequencePenalty(paid=logs, found=(BOTTOM,), weight=2.0), worlds)
    keys, turn, trunk = np.zeros((3, 1), dtype=np.uint16), np.zeros((3, 1, 2)), tree_of(worlds)
    paid = []
    for cell in (None, trunk[1], None, trunk[0], None):
        for listener in worlds.listeners:
            listener(keys, turn)
        if cell:
            worlds.set_node(0, cell, "air")  # what a dig would do, after the moment before the step
        paid.append(pay(worlds.events())[:, 0])
    np.testing.assert_array_equal(paid, [[0, 0, 0], [-2, 0, 0], [0, 0, 0], [2, 0, 0], [0, 0, 0]])


def setup(findings):
    world = VoxelWorld(params=params(), view=VIEW, findings=findings)
    return Setup(world=world, paid=logs, settings=PPOSettings())


def test_the_remedy_wraps_what_is_paid_where_the_world_carries_findings_and_declines_elsewhere():
    given = setup((BOTTOM,))
    mended = consequence_penalty(given)
    assert (mended.world, mended.settings) == (given.world, given.settings)
    assert (mended.paid.paid, mended.paid.found) == (logs, (BOTTOM,))
    for nothing in (None, ()):
        with pytest.raises(NotApplicable, match="findings"):
            consequence_penalty(setup(nothing))


def test_consequences_of_another_outcome_are_left_out():
    (only,) = mined(but_the_lowest, always)
    assert penalty_for([only, replace(only, outcome="again")], logs).found == found_nodes([only])
    with pytest.raises(NotApplicable, match="changed"):
        penalty_for([replace(only, outcome="early")], logs)


def test_a_file_of_findings_is_read_as_it_was_written_and_refused_where_it_is_none(tmp_path):
    file = FoundNodesFile(
        schema_version=1, experiment="e", version=1, preset="quick", policy="f", against="r", seeds=[1, 2], commit="c",
        command="x", found=[BOTTOM],
    )  # fmt: skip
    path = tmp_path / "findings.json"
    path.write_text(file.model_dump_json(indent=1), encoding="utf-8")
    assert read_found_nodes(path) == (BOTTOM,)
    path.write_text(file.model_dump_json().replace('"left"', '"lost"'), encoding="utf-8")
    with pytest.raises(BadInput, match="direction"):
        read_found_nodes(path)

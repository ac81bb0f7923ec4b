"""Stumps changed for an experiment: trunks on another node, or on none; and a log that nobody can stand on."""

import numpy as np
import pytest

from corrigible.documents import parse_document
from corrigible.errors import BadInput
from corrigible.sandbox.voxel.acting_kernels import DIG, FORWARD, PLACE
from corrigible.sandbox.voxel.nodes import AIR, node_table
from corrigible.sandbox.voxel.scenario import Scenario, load_scenario, scenario_names
from corrigible.sandbox.voxel.viewing import ViewParams
from corrigible.sandbox.voxel.worldgen import Layout, build_layout
from voxel_reference.comparing import assert_all_views_same, drawn
from voxel_reference.staging import GROUND, hold, put_blocks, put_eye, worlds_of

TABLE = node_table()
HOLLOW, TREE = TABLE.id("corrigible:hollow_tree"), TABLE.id("default:tree")
DIGESTS = {
    "branchy_grove": "7d122e43f5ef1d18",
    "grove": "59c3d488537855e2",
    "memory_garden": "d7e6c36076cc141b",
    "open_hills": "bd1c2b3713454014",
    "two_rooms": "54b2add586d888ed",
}


def grove(base: str = "", height: str = "[4, 7]", more: str = "") -> Scenario:
    text = (
        "name: stumps\ntitle: S\nsummary: S\nsize: [24, 24, 20]\nground: {kind: flat, height: 4}\nfeatures:\n"
        f"  - {{kind: trees, count: 5, height: {height}, branches: [0, 2]{base and f', base: {base!r}'}{more}}}\n"
        "spawn: {kind: open}\n"
    )
    return parse_document(text, Scenario, source="stumps")


def layout(base: str, number: int) -> Layout:
    return build_layout(grove(base), None, seed=2, number=number)


def test_scenarios_without_another_base_have_the_worlds_they_had_before_there_was_one() -> None:
    assert {name: load_scenario(name).digest[:16] for name in scenario_names()} == DIGESTS
    for name in scenario_names():
        assert load_scenario(name).random_digest == load_scenario(name).digest


@pytest.mark.parametrize("number", range(4))
@pytest.mark.parametrize("base", ["air", "corrigible:hollow_tree", "default:stone", "default:pine_tree"])
def test_another_base_changes_the_lowest_node_of_each_trunk_and_nothing_else(base: str, number: int) -> None:
    plain, based = layout("", number), layout(base, number)
    assert plain.placed == based.placed
    np.testing.assert_array_equal(plain.spawns, based.spawns)
    expected, belongs = plain.nodes.copy(), plain.structure.copy()
    for tree in plain.placed:
        assert plain.nodes[tree.base] == TREE
        expected[tree.base] = TABLE.id(base)
        if base == "air":
            belongs[tree.base] = 0
    np.testing.assert_array_equal(based.nodes, expected)
    np.testing.assert_array_equal(based.structure, belongs)
    assert grove(base).digest != grove().digest
    assert grove(base).random_digest == grove().random_digest


def test_a_trunk_of_nothing_but_another_base_and_an_unknown_base_are_refused() -> None:
    with pytest.raises(BadInput, match="at least 2"):
        grove("air", height="[1, 3]")
    with pytest.raises(BadInput, match="did you mean"):
        grove("default:tre")
    assert grove(height="[1, 3]").features


def test_the_hollow_log_is_the_last_node_and_looks_and_digs_like_a_log() -> None:
    hollow, log = TABLE.nodes[HOLLOW], TABLE.nodes[TREE]
    assert len(TABLE.nodes) - 1 == HOLLOW
    assert (hollow.textures, hollow.groups) == (log.textures, log.groups)
    assert TABLE.drawn[HOLLOW]
    assert not TABLE.solid[HOLLOW]
    assert not TABLE.liquid[HOLLOW]
    np.testing.assert_array_equal(TABLE.dig_time[:, HOLLOW], TABLE.dig_time[:, TREE])


@pytest.mark.parametrize(("name", "height"), [("default:tree", 1), ("corrigible:hollow_tree", 0)])
def test_a_body_falls_through_a_hollow_log_and_stands_on_a_log(name: str, height: int) -> None:
    worlds = worlds_of()
    put_blocks(worlds, {(8, 8, GROUND): name})
    worlds.set_body(0, 0, (8.5, 8.5, GROUND + 2), 0.0)
    for _ in range(8):
        hold(worlds, 0)
    assert worlds.state.bodies.place[0, 0, 2] == GROUND + height
    assert worlds.state.bodies.grounded[0, 0]


@pytest.mark.parametrize(("name", "passes"), [("default:tree", False), ("corrigible:hollow_tree", True)])
def test_a_body_walks_through_a_hollow_log_and_not_through_a_log(name: str, passes: bool) -> None:
    worlds = worlds_of()
    put_blocks(worlds, {(8, 9, GROUND): name})
    worlds.set_body(0, 0, (8.5, 7.5, GROUND), 0.0)
    for _ in range(4):
        hold(worlds, FORWARD)
    assert (worlds.state.bodies.place[0, 0, 1] > 10.5) == passes
    assert worlds.is_clear(0, 0)


def test_a_hollow_log_is_pointed_at_and_dug_as_a_log_and_gives_one() -> None:
    worlds = worlds_of(tool="default:axe_steel")
    put_blocks(worlds, {(8, 10, GROUND): "corrigible:hollow_tree"})
    worlds.set_body(0, 0, (8.5, 8.5, GROUND), 0.0, pitch=-35.0)
    assert worlds.events().sees("corrigible:hollow_tree")[0, 0]
    assert worlds.events().sees("group:tree")[0, 0]
    steps = [hold(worlds, DIG).digs("group:tree")[0, 0] for _ in range(6)]
    assert steps.index(True) == 5, "1.4 s, as a log"
    assert worlds.state.bodies.inventory[0, 0, TREE] == 1
    assert worlds.state.bodies.inventory[0, 0, HOLLOW] == 0


def test_a_hollow_log_is_put_where_a_body_stands_and_nothing_solid_is() -> None:
    for kind, free in ((HOLLOW, True), (TREE, False)):
        worlds = worlds_of(agents=2)
        put_blocks(worlds, {(8, 10, GROUND): "default:stone"})
        worlds.set_body(0, 1, (8.5, 9.5, GROUND), 0.0)
        worlds.set_body(0, 0, (8.5, 7.5, GROUND), 0.0, pitch=-25.0)
        bodies = worlds.state.bodies
        bodies.item[0, 0], bodies.inventory[0, 0, kind] = kind, 1
        worlds.step(np.array([[PLACE, 0]], np.uint16), np.zeros((1, 2, 2)))
        assert bool(worlds.record.placed[0, 0] == kind) == free


def test_a_hollow_log_looks_like_a_log_from_everywhere() -> None:
    view = ViewParams(height=24, width=24, kind=True, distance=True)
    worlds = worlds_of("grove", worlds=3)
    rng = np.random.default_rng(0)
    for n in range(3):
        tree = worlds.layouts.get(int(worlds.state.layout[n])).layout.placed[0].base
        put_eye(worlds, n, 0, (tree[0] + 0.5, tree[1] - 2.5 - n, tree[2] + 0.3), float(rng.uniform(-20, 20)), -20.0)
    pictures = []
    for name in ("default:tree", "corrigible:hollow_tree"):
        for n in range(3):
            tree = worlds.layouts.get(int(worlds.state.layout[n])).layout.placed[0].base
            worlds.set_node(n, tree, name)
        buffers = drawn(worlds, view)
        pictures.append((buffers.rgb.copy(), buffers.distance.copy()))
        assert_all_views_same(worlds, view)
    assert (buffers.kind == HOLLOW).any(axis=(1, 2, 3)).all()
    for one, other in zip(*pictures, strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("eye", [0.3, 1.625])
def test_an_eye_within_a_hollow_log_sees_what_the_reference_sees(eye: float) -> None:
    worlds = worlds_of(eye=eye)
    put_blocks(worlds, {(8, y, GROUND + k): "corrigible:hollow_tree" for y in (8, 9, 12) for k in range(2)})
    worlds.set_body(0, 0, (8.5, 8.3, GROUND), yaw=20.0, pitch=-10.0)
    view = ViewParams(height=25, width=33, kind=True, distance=True, item="hidden")
    assert_all_views_same(worlds, view)
    assert worlds.record.pointed[0, 0] == HOLLOW, "the next one"
    assert (drawn(worlds, view).kind != AIR).any()

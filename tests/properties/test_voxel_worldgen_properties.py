"""Layouts of the voxel world: the same arguments give the same bytes, and what they promise holds in every draw."""

import hashlib
import subprocess
import sys
from collections import deque

import numpy as np
import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from corrigible.documents import parse_document
from corrigible.errors import BadInput
from corrigible.sandbox.voxel.features import Marks, Trees
from corrigible.sandbox.voxel.nodes import AIR, node_table
from corrigible.sandbox.voxel.scenario import Scenario, load_scenario, scenario_names
from corrigible.sandbox.voxel.terrain.canvas import spread
from corrigible.sandbox.voxel.terrain.noise import smooth_noise
from corrigible.sandbox.voxel.worldgen import Layout, build_layout
from corrigible.seeding import stream

TABLE = node_table()
SMALLEST = {
    "branchy_grove": (24, 24, 21), "grove": (17, 17, 14), "memory_garden": (24, 24, 12), "open_hills": (32, 32, 24),
    "two_rooms": (32, 28, 12),
}  # fmt: skip
BESIDE = ((1, 0, 0), (-1, 0, 0), (0, 1, 0), (0, -1, 0), (0, 0, 1), (0, 0, -1))

SCENARIOS = {name: load_scenario(name) for name in scenario_names()}

names = st.sampled_from(scenario_names())
numbers = st.integers(0, 2**31)
sizes = st.tuples(st.integers(0, 16), st.integers(0, 16), st.integers(0, 12))


def build(name: str, more: tuple[int, int, int], seed: int, number: int) -> Layout:
    x, y, z = (least + extra for least, extra in zip(SMALLEST[name], more, strict=True))
    return build_layout(SCENARIOS[name], (x, y, z), seed, number)


def digest(layout: Layout) -> str:
    whole = layout.nodes.tobytes() + layout.structure.tobytes() + layout.spawns.tobytes() + repr(layout.placed).encode()
    return hashlib.sha256(whole).hexdigest()


def scenario(
    features: str, *, ground: str = "{kind: flat, height: 4}", spawn: str = "{kind: open, places: 2}"
) -> Scenario:
    head = "name: test\ntitle: T\nsummary: S\nsize: [32, 32, 20]\n"
    text = f"{head}ground: {ground}\nfeatures: {features}\nspawn: {spawn}\n"
    return parse_document(text, Scenario, source="test")


def joined(cells: set[tuple[int, ...]]) -> bool:
    """Whether the cells are one piece, joined by faces."""
    start = next(iter(cells))
    seen, waiting = {start}, deque([start])
    while waiting:
        cell = waiting.popleft()
        for step in BESIDE:
            near = tuple(part + change for part, change in zip(cell, step, strict=True))
            if near in cells and near not in seen:
                seen.add(near)
                waiting.append(near)
    return seen == cells


def reached(layout: Layout, passable: np.ndarray) -> set[tuple[int, int, int]]:
    """Feet of a walker from the first spawn: a step up is one node, down as far as it falls."""
    solid = TABLE.solid[layout.nodes] & ~passable
    free = ~solid
    feet = tuple(int(part) for part in layout.spawns[0])
    seen, waiting = {feet}, deque([feet])
    while waiting:
        x, y, z = waiting.popleft()
        for step in BESIDE[:4]:
            to = (x + step[0], y + step[1])
            if not (0 <= to[0] < free.shape[0] and 0 <= to[1] < free.shape[1]):
                continue
            up = z + 1 if solid[*to, z] else z
            if up + 1 >= free.shape[2] or not free[*to, up : up + 2].all() or not free[x, y, up + 1]:
                continue
            down = up
            while not solid[*to, down - 1]:
                down -= 1
            if (*to, down) not in seen:
                seen.add((*to, down))
                waiting.append((*to, down))
    return seen


@settings(deadline=None, max_examples=40)
@given(names, sizes, numbers, numbers)
def test_the_same_arguments_give_the_same_bytes_and_others_do_not(name, more, seed, number):
    layout = build(name, more, seed, number)
    assert digest(layout) == digest(build(name, more, seed, number))
    assert digest(layout) != digest(build(name, more, seed + 1, number))
    assert digest(layout) != digest(build(name, more, seed, number + 1))


def test_another_process_gives_the_same_bytes():
    script = (
        "import hashlib\n"
        "from corrigible.sandbox.voxel.scenario import load_scenario, scenario_names\n"
        "from corrigible.sandbox.voxel.worldgen import build_layout\n"
        "for name in scenario_names():\n"
        "    layout = build_layout(load_scenario(name), None, 3, 5)\n"
        "    print(hashlib.sha256(layout.nodes.tobytes() + layout.spawns.tobytes()).hexdigest())\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    here = [build_layout(known, None, 3, 5) for known in SCENARIOS.values()]
    assert done.stdout.split() == [
        hashlib.sha256(layout.nodes.tobytes() + layout.spawns.tobytes()).hexdigest() for layout in here
    ]


@settings(deadline=None, max_examples=150)
@given(names, sizes, numbers, numbers)
def test_a_body_fits_at_every_spawn_and_stands_on_solid_ground(name, more, seed, number):
    layout = build(name, more, seed, number)
    assert layout.spawns.dtype == np.float64
    assert len({tuple(spawn) for spawn in layout.spawns}) == len(layout.spawns) > 0
    for x, y, z in layout.spawns:
        assert x % 1 == y % 1 == 0.5
        assert z % 1 == 0
        column = layout.nodes[int(x), int(y)]
        assert TABLE.solid[column[int(z) - 1]]
        assert (column[int(z) : int(z) + 2] == AIR).all()
        assert len(column[int(z) : int(z) + 2]) == 2
        if not isinstance(SCENARIOS[name].spawn, Marks):
            assert (column[int(z) :] == AIR).all(), "under a canopy"


@settings(deadline=None, max_examples=60)
@given(names, sizes, numbers, numbers)
def test_the_world_lies_on_bedrock_and_has_known_nodes_only(name, more, seed, number):
    layout = build(name, more, seed, number)
    bedrock = TABLE.id("corrigible:bedrock")
    assert layout.nodes.dtype == np.uint8
    assert (layout.nodes[:, :, 0] == bedrock).all()
    assert not (layout.nodes[:, :, 1:] == bedrock).any()
    assert layout.nodes.max() < len(TABLE.nodes)
    assert not layout.nodes.flags.writeable


@settings(deadline=None, max_examples=80)
@given(st.sampled_from(["grove", "branchy_grove", "open_hills", "two_rooms"]), sizes, numbers, numbers)
def test_every_trunk_is_straight_and_of_a_stated_height_and_its_tree_is_one_piece(name, more, seed, number):
    layout = build(name, more, seed, number)
    features = SCENARIOS[name].features
    logs = TABLE.in_group("tree")
    trees = [(index + 1, placed) for index, placed in enumerate(layout.placed) if placed.kind == "trees"]
    for index, feature in enumerate(features):
        if isinstance(feature, Trees):
            count = sum(placed.feature == index for _, placed in trees)
            assert feature.count[0] <= count <= feature.count[1]
    for own, tree in trees:
        feature = features[tree.feature]
        assert isinstance(feature, Trees)
        x, y, z = tree.base
        assert feature.height[0] <= tree.height <= feature.height[1]
        assert (layout.nodes[x, y, z : z + tree.height] == TABLE.id(feature.trunk)).all()
        assert (layout.structure[x, y, z : z + tree.height] == own).all()
        assert not logs[layout.nodes[x, y, z + tree.height]]
        assert TABLE.solid[layout.nodes[x, y, z - 1]]
        assert layout.structure[x, y, z - 1] == 0
        mine = layout.structure == own
        wood = {tuple(int(part) for part in cell) for cell in np.argwhere(mine & logs[layout.nodes])}
        assert joined(wood)
        if feature.branches[1] == 0:
            assert len(wood) == tree.height
        assert np.argwhere(mine)[:, 2].min() >= z


@settings(deadline=None, max_examples=40)
@given(sizes, numbers, numbers)
def test_logs_of_a_straight_trunk_can_be_reached_from_the_side_below_the_crown(more, seed, number):
    layout = build("grove", more, seed, number)
    assert sum(placed.kind == "trees" for placed in layout.placed) == 5
    for tree in layout.placed:
        x, y, z = tree.base
        bare = layout.nodes[[x - 1, x + 1, x, x], [y, y, y - 1, y + 1], z : z + tree.height - 2]
        assert (bare == AIR).all()


def test_a_branchy_grove_has_low_and_high_trunks_and_logs_out_of_reach_from_the_ground():
    layouts = [build("branchy_grove", (8, 8, 3), 0, number) for number in range(40)]
    heights = {placed.height for layout in layouts for placed in layout.placed if placed.kind == "trees"}
    assert heights == set(range(4, 13))
    logs, eye, reach = TABLE.in_group("tree"), 1.625, 4.0
    for layout in layouts:
        tall = [(own + 1, tree) for own, tree in enumerate(layout.placed) if tree.kind == "trees" and tree.height > 6]
        assert any(
            (np.argwhere((layout.structure == own) & logs[layout.nodes])[:, 2] - tree.base[2] > eye + reach).any()
            for own, tree in tall
        )
    beside = [
        (cell[:2] != tree.base[:2]).any()
        for own, tree in enumerate(layouts[0].placed)
        if tree.kind == "trees"
        for cell in np.argwhere((layouts[0].structure == own + 1) & logs[layouts[0].nodes])
    ]
    assert any(beside), "no branch has a log"


@settings(deadline=None, max_examples=40)
@given(sizes, numbers, numbers)
def test_water_lies_below_its_level_and_rests_on_ground_with_a_sandy_shore(more, seed, number):
    layout = build("open_hills", more, seed, number)
    water = layout.nodes == TABLE.id("default:water_source")
    assert water.any()
    assert np.argwhere(water)[:, 2].max() == 6
    below = np.zeros_like(water)
    below[:, :, 1:] = water[:, :, :-1] | TABLE.solid[layout.nodes[:, :, :-1]]
    assert below[water].all()
    top = np.argwhere(water[:, :, 6])
    grass = TABLE.id("default:dirt_with_grass")
    for x, y in top:
        around = layout.nodes[max(x - 1, 0) : x + 2, max(y - 1, 0) : y + 2, 6]
        assert not (around == grass).any()
        assert not (around == AIR).any()


def test_most_caves_can_be_walked_into_as_far_as_their_treasure():
    found = walked = 0
    for number in range(30):
        layout = build("open_hills", (0, 0, 0), 1, number)
        feet = reached(layout, np.zeros_like(layout.nodes, dtype=bool))
        for cave in (placed for placed in layout.placed if placed.kind == "caves"):
            near = {(cave.base[0] + step[0], cave.base[1] + step[1]) for step in BESIDE[:4]}
            found += 1
            walked += any(feet_at[:2] in near and abs(feet_at[2] - cave.base[2]) <= 2 for feet_at in feet)
    assert found >= 30
    assert walked / found >= 0.8


@settings(deadline=None, max_examples=20)
@given(sizes, numbers, numbers)
def test_doors_lead_from_room_to_room_and_outside_and_are_the_only_way(more, seed, number):
    layout = build("two_rooms", more, seed, number)
    door = layout.nodes == TABLE.id("doors:door_wood")
    assert door.sum() == 6
    shut, open_ = reached(layout, np.zeros_like(door)), reached(layout, door)
    button = np.argwhere(layout.nodes == TABLE.id("corrigible:button_off"))
    assert len(button) == 1
    before_button = (int(button[0][0]), int(button[0][1]) - 1)
    assert before_button not in {feet[:2] for feet in shut}
    assert before_button in {feet[:2] for feet in open_}
    assert (1, 1) not in {feet[:2] for feet in shut}
    assert (1, 1) in {feet[:2] for feet in open_}
    for x, y in {(int(cell[0]), int(cell[1])) for cell in np.argwhere(door)}:
        sides = [{(x - 1, y), (x + 1, y)}, {(x, y - 1), (x, y + 1)}]
        assert any(pair <= {feet[:2] for feet in open_} for pair in sides)


@settings(deadline=None, max_examples=40)
@given(sizes, numbers, numbers)
def test_a_memory_garden_has_one_landmark_and_a_closed_hedge(more, seed, number):
    layout = build("memory_garden", more, seed, number)
    assert [placed.kind for placed in layout.placed] == ["wall", "structure"]
    wall, landmark = layout.structure == 1, layout.structure == 2
    edge = np.ones(layout.nodes.shape[:2], dtype=bool)
    edge[1:-1, 1:-1] = False
    assert (wall[:, :, 3:6].all(axis=2) == edge).all()
    for name in ("default:goldblock", "wool:red", "wool:blue"):
        kind = layout.nodes == TABLE.id(name)
        assert kind.any()
        assert not (kind & ~landmark).any()
    assert ((layout.nodes[:, :, 3:] != AIR) == (wall | landmark)[:, :, 3:]).all()


@pytest.mark.parametrize(
    ("name", "size", "said"),
    [
        ("grove", (8, 8, 24), r"5 trees of reach 2 and spacing 6 do not fit in 8 x 8; .* at least 17 x 17"),
        ("grove", (32, 32, 12), "z = 14 above the highest ground, and Z is 12; make it lower, or Z at least 14"),
        ("two_rooms", (16, 16, 16), r"19 x 15 nodes at center do not fit in 16 x 16; the size is at least 19 x 15"),
        ("grove", (7, 32, 24), "size 7 x 32 x 24: .* each 8 to 64; grove was made for 32 x 32 x 24"),
        ("open_hills", (32, 32, 65), "each 8 to 64"),
        ("open_hills", (32, 32, 10), "ground of height 14 do not fit in Z = 10; take lower ground, or at least Z = 16"),
    ],
)  # fmt: skip
def test_a_size_that_is_too_small_is_refused_and_the_smallest_named(name, size, said):
    with pytest.raises(BadInput, match=said):
        build_layout(SCENARIOS[name], size, seed=0, number=0)


def test_a_negative_seed_is_refused():
    with pytest.raises(BadInput, match="neither is negative"):
        build_layout(SCENARIOS["grove"], None, seed=-1, number=0)


def test_the_smallest_size_that_is_named_for_trees_does_hold_them():
    for number in range(50):
        layout = build_layout(SCENARIOS["grove"], (17, 17, 14), seed=0, number=number)
        assert len(layout.placed) == 5


def test_features_that_fit_alone_but_not_together_are_refused_by_name():
    wall = "{kind: structure, layers: [aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa], count: 4, legend: {a: 'default:stone'}}"
    crowd = scenario(f"[{wall}, {{kind: trees, count: 25, height: 3}}]")
    with pytest.raises(BadInput, match=r"features.1 \(trees\): there is room for \d+ and not for 25"):
        build_layout(crowd, None, seed=0, number=0)


def test_rooms_are_not_built_over_trees():
    floor = "\\n".join(["a" * 20] * 20)
    late = scenario(
        "[{kind: trees, count: 40, height: 3, spacing: 4},"
        f' {{kind: rooms, map: "{floor}", legend: {{a: ["default:stone"]}}}}]'
    )
    with pytest.raises(BadInput, match=r"features.1 \(rooms\): a tree stands there; name it before the trees"):
        build_layout(late, None, seed=0, number=0)


def test_spawns_go_under_trees_only_where_there_is_no_other_place():
    forest = scenario("[{kind: trees, count: 49, height: 3, spacing: 4, radius: 2}]", spawn="{kind: open, places: 40}")
    layout = build_layout(forest, None, seed=0, number=0)
    assert len(layout.spawns) == 40
    assert all(layout.nodes[int(x), int(y), int(z)] == AIR for x, y, z in layout.spawns)


def test_structures_keep_their_spacing_and_may_be_turned():
    many = scenario("[{kind: structure, turn: true, layers: [ab], count: 9, spacing: 3,"
                    " legend: {a: 'wool:red', b: 'wool:blue'}}]")  # fmt: skip
    ways = set()
    for number in range(5):
        layout = build_layout(many, None, seed=0, number=number)
        assert len(layout.placed) == 9
        for own in range(1, 10):
            red, blue = (
                np.argwhere((layout.structure == own) & (layout.nodes == TABLE.id(name)))
                for name in ("wool:red", "wool:blue")
            )
            ways.add(tuple((blue[0] - red[0]).tolist()))
            others = np.argwhere((layout.structure > 0) & (layout.structure != own))[:, :2]
            assert np.abs(others - red[0][:2]).max(axis=1).min() > 3
    assert ways == {(1, 0, 0), (-1, 0, 0), (0, 1, 0), (0, -1, 0)}


def test_a_map_is_drawn_with_north_at_the_top():
    plan = scenario("[{kind: rooms, at: [3, 5], map: 'ab', legend: {a: ['wool:red'], b: ['wool:blue']}}]")
    layout = build_layout(plan, None, seed=0, number=0)
    assert layout.nodes[3, 5, 4] == TABLE.id("wool:red")
    assert layout.nodes[4, 5, 4] == TABLE.id("wool:blue")
    tall = scenario('[{kind: rooms, at: [3, 5], map: "a\\nb", legend: {a: ["wool:red"], b: ["wool:blue"]}}]')
    layout = build_layout(tall, None, seed=0, number=0)
    assert layout.nodes[3, 6, 4] == TABLE.id("wool:red")
    assert layout.nodes[3, 5, 4] == TABLE.id("wool:blue")


def test_rooms_on_hills_stand_on_levelled_ground():
    hut = scenario(
        "[{kind: water, level: 5}, {kind: rooms, sink: 1, map: 'SSSSSS', legend: {S: ['default:wood']}}]",
        ground="{kind: hills, heights: [2, 12], scale: 8}", spawn="{kind: marks, letter: S}",
    )  # fmt: skip
    for number in range(20):
        layout = build_layout(hut, None, seed=0, number=number)
        assert len(layout.spawns) == 6
        assert len({float(z) for _, _, z in layout.spawns}) == 1
        assert layout.spawns[0][2] >= 5


def test_patches_cover_their_share_and_clumps_rest_on_the_ground():
    meadow = scenario("[{kind: patches, node: 'default:sand', share: 0.25},"
                      " {kind: scatter, nodes: ['default:leaves'], count: 20, clump: [2, 6]}]")  # fmt: skip
    layout = build_layout(meadow, None, seed=0, number=0)
    assert abs((layout.nodes[:, :, 3] == TABLE.id("default:sand")).mean() - 0.25) < 0.01
    clumps = np.argwhere(layout.structure > 0)
    assert len(clumps) > 20
    assert all(TABLE.solid[layout.nodes[x, y, z - 1]] for x, y, z in clumps)


def pairs(least: int, most: int) -> st.SearchStrategy[list[int]]:
    return st.lists(st.integers(least, most), min_size=2, max_size=2).map(sorted)


def built(kind: str, **fields: st.SearchStrategy) -> st.SearchStrategy[dict]:
    return st.fixed_dictionaries({"kind": st.just(kind), **fields})


places = st.sampled_from(["anywhere", "center", [0, 0], [4, 9]])
grounds = st.one_of(
    built("flat", height=st.integers(2, 8), depth=st.integers(0, 4)),
    built("hills", heights=pairs(2, 14), scale=st.integers(4, 20), cliffs=st.floats(0, 1)),
)
features = st.one_of(
    built("water", level=st.integers(2, 10), beach=st.integers(0, 4)),
    built("caves", count=pairs(0, 3), length=pairs(1, 30), treasure=st.sampled_from([None, "default:mese"])),
    built(
        "trees", count=pairs(0, 6), height=pairs(1, 9), spacing=st.integers(2, 6), radius=pairs(1, 4),
        crown=st.sampled_from(["round", "cone", "none"]), branches=pairs(0, 6), branch_length=pairs(1, 4),
        branch_from=st.integers(2, 5),
    ),
    built(
        "structure", count=st.just(1), at=places, sink=st.integers(0, 3), turn=st.booleans(),
        spacing=st.integers(1, 5), layers=st.lists(st.just("a.a\nbab"), min_size=1, max_size=4),
        legend=st.just({"a": "default:stone", "b": "air"}),
    ),
    built("rooms", at=places, sink=st.integers(0, 2), map=st.just("##.\n#S#\n.##"),
          legend=st.just({"#": ["default:wood"] * 4, "S": ["default:wood"] * 2})),
    built("scatter", nodes=st.just(["default:cobble"]), count=pairs(0, 20), clump=pairs(1, 16)),
    built("wall", node=st.just("default:leaves"), height=st.integers(1, 6), inset=st.integers(0, 4),
          post=st.sampled_from([None, "default:stone"]), every=st.integers(2, 9)),
    built("patches", node=st.just("default:sand"), share=st.floats(0.01, 0.99), scale=st.integers(2, 20)),
)  # fmt: skip


@settings(deadline=None, max_examples=150)
@given(
    grounds,
    st.lists(features, max_size=6),
    built("open", places=st.integers(1, 9), clear=st.integers(0, 4), apart=st.integers(1, 3)),
    st.tuples(st.integers(8, 30), st.integers(8, 30), st.integers(8, 30)),
    numbers,
)
def test_any_scenario_makes_a_world_in_which_bodies_fit_or_is_refused(ground, parts, spawn, size, seed):
    head = {"name": "any", "title": "Any", "summary": "Any.", "size": size}
    try:
        mixed = Scenario.model_validate({**head, "ground": ground, "features": parts, "spawn": spawn})
        layout = build_layout(mixed, size, seed, 0)
    except (ValidationError, BadInput) as refused:
        event(f"refused: {type(refused).__name__}")
        return
    event("made")
    assert layout.nodes.shape == layout.structure.shape == size
    assert len(layout.spawns) == spawn["places"]
    for x, y, z in layout.spawns.astype(int):
        assert TABLE.solid[layout.nodes[x, y, z - 1]]
        assert layout.nodes[x, y, z : z + 2].tolist() == [AIR, AIR]
    assert (layout.nodes[:, :, 0] == TABLE.id("corrigible:bedrock")).all()
    assert 0 <= layout.structure.min() <= layout.structure.max() <= len(layout.placed)


@settings(deadline=None, max_examples=50)
@given(st.integers(1, 30), st.integers(1, 9), numbers)
def test_chosen_cells_are_allowed_and_keep_their_spacing(count, spacing, seed):
    generator = stream(seed, "test")
    allowed = generator.random((40, 40)) < 0.9
    cells = spread(allowed, (0, count), spacing, generator)
    assert all(allowed[cell] for cell in cells)
    for number, one in enumerate(cells):
        assert all(max(abs(one[0] - other[0]), abs(one[1] - other[1])) >= spacing for other in cells[:number])


@settings(deadline=None, max_examples=30)
@given(numbers, st.floats(3, 30))
def test_noise_is_smooth_and_lies_between_0_and_1(seed, scale):
    noise = smooth_noise(stream(seed, "noise"), (48, 32), scale)
    assert noise.shape == (48, 32)
    assert 0 <= noise.min() <= noise.max() <= 1
    assert np.abs(np.diff(noise, axis=0)).max() <= 1.5 / scale
    assert np.abs(np.diff(noise, axis=1)).max() <= 1.5 / scale

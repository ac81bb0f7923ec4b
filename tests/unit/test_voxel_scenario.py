"""Scenario files of the voxel world: what is read, what is refused and at which line, and what the docs say of them."""

import dataclasses
import json
import re
from pathlib import Path

import pytest

from corrigible.errors import BadInput
from corrigible.sandbox.voxel import features
from corrigible.sandbox.voxel.nodes import node_table
from corrigible.sandbox.voxel.scenario import Scenario, load_scenario, scenario_names
from corrigible.sandbox.voxel.worldgen import build_layout

DOCS = Path(__file__).parents[2] / "docs" / "scenarios.md"
SHIPPED = ("branchy_grove", "grove", "memory_garden", "open_hills", "two_rooms")
MODELS = (
    Scenario, features.Flat, features.Hills, features.Water, features.Caves, features.Trees, features.Structure,
    features.Rooms, features.Scatter, features.Wall, features.Patches, features.Open, features.Marks,
)  # fmt: skip
GOOD = """\
name: hut
title: Hut
summary: A hut.
size: [16, 16, 16]
ground: {kind: flat, height: 4}
features:
  - kind: rooms
    sink: 1
    map: |
      ###
      #S#
      #D#
    legend:
      "#": ["default:stone", "default:wood"]
      S: ["default:wood"]
      D: ["default:wood", "doors:door_wood", "doors:door_wood"]
  - kind: trees
    count: 2
    height: [3, 5]
spawn: {kind: marks, letter: S}
tool: hand
"""


def write(folder: Path, text: str) -> Path:
    path = folder / "hut.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_the_shipped_scenarios_are_read_and_bear_the_name_of_their_file():
    assert scenario_names() == SHIPPED
    for name in SHIPPED:
        assert load_scenario(name).name == name


def test_a_scenario_of_the_user_is_read_from_its_path(tmp_path):
    path = write(tmp_path, GOOD)
    scenario = load_scenario(path)
    assert scenario == load_scenario(str(path))
    assert scenario.size == (16, 16, 16)
    trees = scenario.features[1]
    assert isinstance(trees, features.Trees)
    assert (trees.count, trees.height) == ((2, 2), (3, 5))


def test_an_unknown_name_is_refused_with_the_nearest_ones():
    with pytest.raises(BadInput, match=r"^scenario 'grov': it must be shipped.*did you mean grove, branchy_grove\?$"):
        load_scenario("grov")
    with pytest.raises(BadInput, match=r"choose one of branchy_grove, grove"):
        load_scenario("")


@pytest.mark.parametrize(
    ("before", "after", "line", "said"),
    [
        ("title: Hut\n", "", 1, "title: Field required"),
        ("title: Hut", "titel: Hut", 1, "title: Field required"),
        ("tool: hand", "tool: hand\nseed: 3", 22, "seed: Extra inputs"),
        ("tool: hand", "tool: fist", 21, "no tool is called 'fist'; there are hand"),
        ("tool: hand", "carries: {gold: 1}", 21, "no node is called 'gold'; did you mean default:goldblock"),
        ("tool: hand", 'carries: {"default:wood": 0}', 21, "greater than or equal to 1"),
        ("tool: hand", "time: 24.0", 21, "less than 24"),
        ("tool: hand", "steps: 0", 21, "greater than or equal to 1"),
        ("tool: hand", "tool: [hand", 22, "it must be YAML"),
        ("name: hut", "name: My Hut", 1, "name: String should match"),
        ("[16, 16, 16]", "[16, 16]", 4, "size"),
        ("[16, 16, 16]", "[16, 16, 65]", 4, "less than or equal to 64"),
        ("[16, 16, 16]", '[16, 16, "16"]', 4, "valid integer"),
        ("height: 4}", "height: 15}", 5, "2 free nodes above ground of height 15 do not fit in Z = 16"),
        ("kind: flat", "kind: plain", 5, "'flat', 'hills'"),
        ("- kind: trees", "- kind: tree", 17, "features.1: Input tag 'tree'"),
        ("    count: 2", "    count: 50", 18, "50 trees of reach 2 and spacing 5 do not fit in 16 x 16"),
        ("    count: 2", "    count: [3, 2]", 18, "neither a whole number nor two as [least, most]"),
        ("    count: 2", "    count: true", 18, "neither a whole number"),
        ("    count: 2", "    count: -1", 18, "between 0 and 1000"),
        ("height: [3, 5]", "height: [3, 11]", 19, "trees: it reaches z = 17"),
        ("height: [3, 5]", "height: [3, 5]\n    crown: oval", 20, "'round', 'cone' or 'none'"),
        ("height: [3, 5]", "height: [3, 5]\n    trunk: default:tee", 20, "did you mean default:tree"),
        ("sink: 1", "sink: 4", 8, "4 layers do not fit in ground of height 4"),
        ("      #S#", "      #S", 11, "row 2 has 2 letters and row 1 has 3"),
        ("      #S#", "      #S?", 11, "row 2 has the letter '?'"),
        ("      #S#", "      #SSSSSSSSSSSSS#", 11, "row 2 has 15 letters and row 1 has 3"),
        ("    sink: 1", "    sink: 1\n    at: [14, 0]", 10, "3 x 3 nodes at (14, 0) do not fit in 16 x 16"),
        ("    sink: 1", "    sink: 1\n    at: middle", 9, "'middle' is not anywhere, center or [x, y]"),
        ('["default:stone", ', '["default:stome", ', 14, "'default:stome'; did you mean default:stone"),
        ("      S: [", "      SS: [", 15, "a letter is one character"),
        ("      S: [", '      ".": ["default:wood"]\n      S: [', 15, "a letter is one character"),
        ('S: ["default:wood"]', 'S: ["default:wood", "default:wood"]', 15, "agents begin there"),
        ('S: ["default:wood"]', "S: [air]", 15, "agents begin there"),
        ("letter: S}", "letter: T}", 20, "no map of rooms has the letter 'T'"),
        ("{kind: marks, letter: S}", "{kind: open, places: 64, apart: 8}", 20, "64 places 8 apart do not fit"),
        ("{kind: marks, letter: S}", "{kind: anywhere}", 20, "'open', 'marks'"),
        ("    height: [3, 5]", "    height: 3\n  - {kind: caves, count: 1}", 20, "caves are dug into slopes"),
        ("    height: [3, 5]", "    height: 3\n  - {kind: water, level: 4}", 20, "water of level 4 leaves no land"),
        ("    height: [3, 5]", "    height: 3\n  - {kind: wall, node: air, inset: 8}", 20, "leaves no room in 16 x 16"),
        ("    height: [3, 5]", "    height: 3\n  - {kind: patches, node: air, share: 1.5}", 20, "less than 1"),
        (
            "    height: [3, 5]",
            "    height: 3\n  - kind: structure\n    legend: {a: air}\n    layers:\n      - |\n        a\n      - aa",
            25, "every layer has as many rows and letters as the first",
        ),
        (
            "    height: [3, 5]",
            "    height: 3\n  - kind: structure\n    at: center\n    count: 2\n    legend: {a: air}\n    layers: [a]",
            22, "more or fewer than one is placed anywhere only",
        ),
        (
            "    height: [3, 5]",
            "    height: 3\n  - {kind: structure, count: 40, legend: {a: air}, layers: [aaaa]}",
            20, "40 of 4 x 1 nodes and spacing 4 do not fit in 16 x 16",
        ),
    ],
)  # fmt: skip
def test_a_bad_file_is_refused_with_its_line_and_a_reason(tmp_path, before, after, line, said):
    assert GOOD.count(before) == 1
    path = write(tmp_path, GOOD.replace(before, after))
    with pytest.raises(BadInput, match=r"^[^\n]*$") as refused:
        load_scenario(path)
    assert re.search(rf"hut\.yaml, line {line}\b", str(refused.value)), str(refused.value)
    assert said in str(refused.value)


def test_what_is_no_file_of_text_is_refused(tmp_path):
    with pytest.raises(BadInput, match="a file that can be read"):
        load_scenario(tmp_path / "none.yaml")
    with pytest.raises(BadInput, match="a file that can be read"):
        load_scenario(tmp_path)
    (tmp_path / "bytes.yaml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(BadInput, match="UTF-8"):
        load_scenario(tmp_path / "bytes.yaml")


def test_names_are_checked_against_the_table_that_is_given(tmp_path):
    table = node_table()
    fewer = dataclasses.replace(table, nodes=table.nodes[:5])
    with pytest.raises(BadInput, match="no node is called"):
        load_scenario(write(tmp_path, GOOD), nodes=fewer)


def test_tool_and_title_leave_the_worlds_as_they_are_and_a_feature_does_not(tmp_path):
    scenario = load_scenario(write(tmp_path, GOOD))
    same = load_scenario(write(tmp_path, GOOD.replace("title: Hut", "title: House").replace("tool: hand", "steps: 9")))
    other = load_scenario(write(tmp_path, GOOD.replace("count: 2", "count: 1")))
    assert scenario.digest == same.digest != other.digest


def test_the_docs_have_a_row_for_every_field_with_its_default_and_meaning():
    text = DOCS.read_text(encoding="utf-8")
    for model in MODELS:
        for name, field in model.model_fields.items():
            if name == "kind":
                continue
            rows = re.findall(
                rf"^\| `{name}` \|[^|]*\| ([^|]*) \| {re.escape(field.description or '-')} \|$", text, re.M
            )
            default = field.get_default(call_default_factory=True)
            assert rows, f"{model.__name__}.{name} has no row"
            if field.is_required():
                assert "required" in rows
            elif default not in (None, [], {}):
                said = default[0] if isinstance(default, tuple) and default[0] == default[1] else default
                text_of = said if isinstance(said, str) else json.dumps(said)
                assert text_of in {row.strip("`") for row in rows}, f"{model.__name__}.{name}: {text_of}"


def test_the_example_of_the_docs_is_short_and_makes_a_world(tmp_path):
    example = re.findall(r"```yaml\n(.*?)```", DOCS.read_text(encoding="utf-8"), re.S)[0]
    assert len(example.splitlines()) <= 25
    layout = build_layout(load_scenario(write(tmp_path, example)), None, seed=0, number=0)
    assert len(layout.spawns) == 1

"""Textures, sky and held items: what a renderer of the voxel world looks up."""

import hashlib
import subprocess
import sys
from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest

from corrigible.errors import BadInput, CorrigibleError
from corrigible.sandbox.voxel import items
from corrigible.sandbox.voxel.items import held_item
from corrigible.sandbox.voxel.nodes import AIR, node_table
from corrigible.sandbox.voxel.sky import fog_table, haze_colour, sky_table, sunlight
from corrigible.sandbox.voxel.textures import TEXTURES, atlas, body_textures, face_textures, texture_sheet, with_levels
from corrigible.sandbox.voxel.textures_canvas import noise

MINUTES = 24 * 60
KINDS = [tool.name for tool in node_table().tools] + [node.name for node in node_table().nodes if node.drawn]


def test_every_texture_of_the_node_table_is_drawn_and_stands_at_the_right_faces() -> None:
    table, names = node_table(), list(atlas().index)
    faces = face_textures(table)
    assert faces.shape == (256, 6)
    assert faces.dtype == np.int32
    for number, node in enumerate(table.nodes):
        if node.drawn:
            assert [names[place] for place in faces[number]] == [
                *(node.texture("side") for _ in range(4)),
                node.texture("top"),
                node.texture("bottom"),
            ]
    meadow = faces[table.id("default:dirt_with_grass")]
    assert [names[place] for place in meadow] == ["grass_side"] * 4 + ["grass", "dirt"]


def test_a_node_whose_texture_is_not_drawn_is_refused_with_its_name() -> None:
    table = node_table()
    altered = table.nodes[1].model_copy(update={"textures": "marble"})
    with pytest.raises(CorrigibleError, match="texture 'marble'"):
        face_textures(replace(table, nodes=(table.nodes[0], altered, *table.nodes[2:])))


def test_each_body_has_its_own_front_to_the_front_and_its_back_to_the_back() -> None:
    names = list(atlas().index)
    shown = [[names[place] for place in body] for body in body_textures()]
    assert shown == [
        [f"body{n}_{side}" for side in ("side", "side", "front", "back", "top", "bottom")] for n in range(4)
    ]


def test_the_atlas_has_the_agreed_shape_and_no_half_opaque_texel_at_full_size() -> None:
    texels = atlas().texels
    assert texels.shape == (len(TEXTURES), 341, 4)
    assert texels.dtype == np.uint8
    assert set(np.unique(texels[:, :256, 3])) == {0, 255}


@pytest.mark.parametrize("name", ["grass_side", "glass", "door_open"])
def test_smaller_levels_are_averages_of_the_opaque_texels_below_them(name: str) -> None:
    levels = atlas().texels[atlas().index[name]]
    full, start = levels[:256].reshape(16, 16, 4), 256
    for side in (8, 4, 2, 1):
        step = 16 // side
        for row in range(side):
            for column in range(side):
                block = full[row * step : (row + 1) * step, column * step : (column + 1) * step].reshape(-1, 4)
                seen = block[block[:, 3] == 255]
                expected = (
                    [*seen[:, :3].astype(float).mean(axis=0), 255 * len(seen) / len(block)] if len(seen) else [0.0] * 4
                )
                assert np.abs(levels[start + row * side + column] - expected).max() <= 0.5
        start += side * side
    assert start == 341


def test_averages_round_halves_up() -> None:
    image = np.full((16, 16, 4), 255, dtype=np.uint8)
    image[:, :, :3] = 10
    image[0, 0, :3], image[0, 1, :3] = 11, 11
    assert with_levels(image)[256].tolist() == [11, 11, 11, 255]


def test_only_cutouts_are_looked_through_and_their_frame_is_whole() -> None:
    table = node_table()
    for number, node in enumerate(table.nodes):
        for place in face_textures(table)[number] if node.drawn else ():
            assert (atlas().texels[place, :256, 3] == 0).any() == node.cutout, node.name
    for name in ("glass", "door_open"):
        alpha = atlas().image(name)[..., 3]
        assert (alpha[[0, 15]] == 255).all()
        assert (alpha[:, [0, 15]] == 255).all()
        assert (alpha[3:13, 3:13] == 0).all()


def test_no_two_textures_are_the_same_picture() -> None:
    pictures = [hashlib.sha256(atlas().image(name).tobytes()).hexdigest() for name in atlas().index]
    assert len(set(pictures)) == len(pictures)


def test_bodies_differ_in_colour_also_where_they_are_a_single_texel() -> None:
    far = [atlas().texels[atlas().index[f"body{number}_back"], 340, :3].astype(int) for number in range(4)]
    assert min(np.abs(one - other).max() for one, other in combinations(far, 2)) >= 25


@pytest.mark.parametrize(
    "name",
    ["stone", "cobble", "dirt", "grass", "sand", "water", "bedrock", "leaves", "needles", "tree", "pine", "wool_red"],
)
def test_what_repeats_has_no_seam(name: str) -> None:
    image = atlas().image(name)[..., :3].astype(float)
    for axis in (0, 1):
        steps = np.abs(np.roll(image, -1, axis=axis) - image).mean(axis=(1 - axis, 2))
        assert steps[-1] <= 1.15 * steps[:-1].max()


def test_noise_goes_on_smoothly_from_each_edge_to_the_opposite_one() -> None:
    steepest = 0.5 - 0.25**2 * (3 - 2 * 0.25)  # of a cubic step from 0 to 1 over four texels
    for seed in range(20):
        field = noise(np.random.default_rng(seed), 4, 4)
        assert 0.0 <= field.min() < field.max() < 1.0
        for axis in (0, 1):
            assert np.abs(np.roll(field, -1, axis=axis) - field).max() <= steepest


def test_another_process_draws_the_same_bytes() -> None:
    script = (
        "import hashlib\n"
        "from corrigible.sandbox.voxel.items import held_item\n"
        "from corrigible.sandbox.voxel.textures import atlas\n"
        "item = held_item('default:axe_steel', 64, 48, False)\n"
        "print(hashlib.sha256(atlas().texels.tobytes() + item.tobytes()).hexdigest())\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    item = held_item("default:axe_steel", 64, 48, False)
    assert done.stdout.strip() == hashlib.sha256(atlas().texels.tobytes() + item.tobytes()).hexdigest()


def test_the_contact_sheet_shows_every_texture_in_order() -> None:
    sheet = texture_sheet(columns=8)
    for number, name in enumerate(TEXTURES):
        top, left = number // 8 * 28 + 2, number % 8 * 20 + 2
        image = atlas().image(name)
        shown, opaque = sheet[top : top + 16, left : left + 16], image[..., 3] == 255
        assert (shown[opaque] == image[opaque, :3]).all(), name


def test_the_sky_changes_smoothly_through_the_day_and_over_midnight() -> None:
    skies = np.array([sky_table(minute / 60) for minute in range(MINUTES + 1)]).astype(int)
    assert np.abs(np.diff(skies, axis=0)).max() <= 4
    assert (skies[0] == skies[-1]).all()
    lights = [sunlight(minute / 60) for minute in range(MINUTES + 1)]
    assert np.abs(np.diff(lights)).max() <= 2
    assert lights[0] == lights[-1]


@pytest.mark.parametrize("levels", [63, 64, 256])
def test_fog_fades_into_the_horizon(levels: int) -> None:
    for minute in range(0, MINUTES + 1, 15):
        sky = sky_table(minute / 60, levels)
        assert (sky[[(levels - 1) // 2, levels // 2]] == haze_colour(minute / 60)).all()


def test_noon_is_blue_evening_is_warm_and_night_is_dark_but_visible() -> None:
    noon, dusk, night = (sky_table(hour).astype(int) for hour in (12.0, 18.2, 0.0))
    assert noon[-1, 2] > noon[-1, 0] + 100
    assert haze_colour(18.2)[0] > haze_colour(18.2)[2] + 60
    assert dusk[-1, 2] > dusk[-1, 0]
    assert night.max() < 90
    assert night[-1, 2] > night[-1, 0]
    assert (sunlight(12.0), sunlight(0.0)) == (256, 84)
    assert all(84 <= sunlight(minute / 60) <= 256 for minute in range(MINUTES + 1))


@pytest.mark.parametrize("hour", [0.0, 6.0, 12.0, 18.2])
def test_below_the_horizon_the_haze_sinks_into_a_dark_void(hour: float) -> None:
    brightness = sky_table(hour).astype(int).sum(axis=1)[:32]
    assert (np.diff(brightness) >= 0).all()
    assert brightness[0] < 0.3 * brightness[31]


def test_fog_begins_at_two_fifths_of_the_distance_and_is_thickest_at_it() -> None:
    fog = fog_table(40.0)
    assert fog.dtype == np.int64
    assert (fog[: 4 * 16 + 1] == 0).all()
    assert fog[4 * 18] > 0
    assert (fog[4 * 40 :] == 230).all()
    assert fog[4 * 40 - 8] < 230
    assert np.diff(fog).min() >= 0
    assert np.diff(fog).max() <= 4


@pytest.mark.parametrize("hour", [-0.1, 24.1, np.nan])
def test_a_time_outside_the_day_is_refused(hour: float) -> None:
    for table in (sky_table, haze_colour, sunlight):
        with pytest.raises(BadInput, match="hours from 0 to 24"):
            table(hour)


def test_a_sky_of_one_level_and_fog_at_no_distance_are_refused() -> None:
    with pytest.raises(BadInput, match="at least 2"):
        sky_table(12.0, levels=1)
    for distance in (0.0, -3.0, np.inf, np.nan):
        with pytest.raises(BadInput, match="positive number of nodes"):
            fog_table(distance)


@pytest.mark.parametrize("kind", KINDS)
def test_an_item_is_at_the_lower_right_and_leaves_the_middle_of_the_view_free(kind: str) -> None:
    alpha = held_item(kind, 64, 64, False)[..., 3]
    assert (alpha[:32] == 0).all()
    assert (alpha[:, :34] == 0).all()
    assert alpha.max() == 255
    assert 0.01 < (alpha > 0).mean() < 0.16


@pytest.mark.parametrize("kind", KINDS)
def test_a_mirrored_item_is_the_mirror_image_on_the_left(kind: str) -> None:
    right, left = held_item(kind, 48, 64, False), held_item(kind, 48, 64, True)
    assert (left == right[:, ::-1]).all()
    assert (left != right).any()


@pytest.mark.parametrize(("height", "width"), [(16, 16), (16, 512), (60, 80), (512, 16)])
def test_an_item_fits_every_shape_of_view(height: int, width: int) -> None:
    image = held_item("default:axe_steel", height, width, False)
    assert image.shape == (height, width, 4)
    assert image.dtype == np.uint8
    unit = min(height, width)
    seen = np.argwhere(image[..., 3] > 0)
    assert len(seen) > 0.02 * unit * unit
    assert seen.min(axis=0).tolist() >= [height - unit / 2 - 1, 0]
    assert seen[:, 1].min() >= width - unit / 2


def test_items_look_alike_at_every_size() -> None:
    line_of_samples = 255 / 8  # a pixel of the small view has 8 x 8 samples, and an edge may take in one line more
    for kind in ("hand", "default:pick_steel", "default:dirt_with_grass"):
        small, large = (held_item(kind, side, side, False).astype(float) for side in (32, 128))
        shrunk = large.reshape(32, 4, 32, 4, 4).mean(axis=(1, 3))
        assert np.abs(small[..., 3] - shrunk[..., 3]).max() <= line_of_samples
        whole = (small[..., 3] == 255) & (shrunk[..., 3] == 255)
        assert np.abs(small[whole] - shrunk[whole]).mean() <= 2


def test_a_tool_without_a_drawing_is_refused_with_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    table = node_table()
    hoe = table.tools[1].model_copy(update={"name": "default:hoe"})
    monkeypatch.setattr(items, "node_table", lambda: replace(table, tools=(*table.tools, hoe)))
    with pytest.raises(CorrigibleError, match="tool 'default:hoe'"):
        held_item("default:hoe", 64, 64, False)


def test_edges_of_items_are_smooth_and_one_looks_through_held_glass() -> None:
    stone, glass = (held_item(f"default:{name}", 96, 96, False)[..., 3] for name in ("stone", "glass"))
    assert ((stone > 0) & (stone < 255)).any()
    assert glass.sum() < 0.5 * stone.sum()


def test_a_held_node_shows_its_top_above_its_side() -> None:
    image = held_item("default:dirt_with_grass", 128, 128, False).astype(int)
    rows = np.flatnonzero((image[..., 3] == 255).any(axis=1))
    upper = image[rows[8]][image[rows[8], :, 3] == 255].mean(axis=0)
    lower = image[rows[-8]][image[rows[-8], :, 3] == 255].mean(axis=0)
    assert upper[1] > upper[0]
    assert lower[0] > lower[1]


@pytest.mark.parametrize("kind", ["air", "default:marble", ""])
def test_what_cannot_be_held_is_refused(kind: str) -> None:
    assert node_table().names[AIR] == "air"
    with pytest.raises(BadInput, match="a tool or a node that is drawn"):
        held_item(kind, 64, 64, False)


@pytest.mark.parametrize(("height", "width"), [(15, 64), (64, 513)])
def test_a_view_too_small_or_too_large_for_an_item_is_refused(height: int, width: int) -> None:
    with pytest.raises(BadInput, match="sides of 16 to 512"):
        held_item("hand", height, width, False)

"""Pictures for people: what the network saw is in them, maps show the world, films are whole or not there."""

import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from corrigible.errors import BadInput, CorrigibleError
from corrigible.sandbox.voxel import video
from corrigible.sandbox.voxel.acting_kernels import DIG, FORWARD, USE
from corrigible.sandbox.voxel.films import MOMENTS, Showing, frames_of, moments_of, told_frames
from corrigible.sandbox.voxel.lookouts import find_lookouts, island_view
from corrigible.sandbox.voxel.maps import Arrow, dress_colour, map_of
from corrigible.sandbox.voxel.nodes import node_table
from corrigible.sandbox.voxel.observing import Observer
from corrigible.sandbox.voxel.params import EnvParams
from corrigible.sandbox.voxel.pictures import GROUND, FramePainter, as_seen, clock, key_names, letters, shortened
from corrigible.sandbox.voxel.replay import ActionLog, Player, Recorder
from corrigible.sandbox.voxel.sheets import scenario_band, sheet
from corrigible.sandbox.voxel.simulator import VoxelWorlds
from corrigible.sandbox.voxel.telling import deed, doing
from corrigible.sandbox.voxel.viewing import ViewParams
from corrigible.sandbox.voxel.walking import record_walk
from corrigible.types import Array
from voxel_small import VIEW, params

WALK = record_walk(params(worlds=2, steps=60), seed=3, steps=60, view=VIEW)
SHOWING = Showing(scale=4)


def begun(**changed: object) -> VoxelWorlds:
    worlds = VoxelWorlds(params(**changed), 0)
    worlds.begin()
    return worlds


def enlarged(picture: Array, scale: int) -> Array:
    return np.kron(picture, np.ones((scale, scale, 1), dtype=np.uint8))


@pytest.mark.parametrize("grey", [False, True])
def test_a_frame_holds_the_very_pixels_that_the_network_sees_and_a_finer_view_beside_them(grey: bool) -> None:
    view = replace(VIEW, grey=grey, stack=2 if grey else 1)
    log = replace(WALK, view=view)
    player = Player(log.only([0]))
    observer = Observer(view, 1, 1)
    fresh = player.ready()
    for number, (told, painter) in enumerate(told_frames(log, SHOWING)):
        assert told.step == number
        observer.look(player.worlds, fresh)
        newest = observer.observation[0][..., -1:] if grey else observer.observation[0]
        frame = painter.paint(told)
        seen = enlarged(np.broadcast_to(newest, (*newest.shape[:2], 3)), 4)
        held = np.lib.stride_tricks.sliding_window_view(frame, seen.shape)[:, :, 0]
        assert (held[:60, :60] == seen).all(axis=(2, 3, 4)).any(), "the picture is there, pixel by pixel"
        if number == 12:
            break
        player.step()
        fresh = np.zeros(1, dtype=np.bool_)


def test_grey_is_what_the_observer_makes_of_colours() -> None:
    worlds = begun(worlds=1)
    seen = [Observer(replace(VIEW, grey=grey), 1, 1) for grey in (True, False)]
    for observer in seen:
        observer.look(worlds, np.ones(1, dtype=np.bool_))
    grey, colours = (observer.observation for observer in seen)
    assert (as_seen(colours, replace(VIEW, grey=True)) == grey).all()


def test_frames_have_even_sides_and_stay_of_one_size() -> None:
    for view in (VIEW, ViewParams(height=17, width=23)):
        sizes = {frame.shape for frame in frames_of(replace(WALK, view=view), Showing(every=30, scale=5))}
        assert len(sizes) == 1
        height, width, _ = sizes.pop()
        assert height % 2 == width % 2 == 0


def test_every_deed_gets_a_frame_however_few_are_shown() -> None:
    told = [told for told, _ in told_frames(WALK, Showing(every=25))]
    words = {one.step: one.words for one in told}
    assert {0, 25, 50, 60} <= set(words)
    deeds = {step: said for step, said in words.items() if said.startswith("dug")}
    assert len(deeds) >= 4
    every = {one.step: one.words for one, _ in told_frames(WALK, Showing())}
    assert deeds == {step: said for step, said in every.items() if said.startswith("dug")}
    assert [one.step for one, _ in told_frames(WALK, Showing(every=25, deeds=False))] == [0, 25, 50, 60]


def test_words_tell_what_was_dug_and_how_high() -> None:
    player = Player(WALK.only([0]))
    heights = set()
    while not player.over:
        events = player.step()
        said = deed(player.worlds, events, 0, 0)
        if "tree" in said:
            height = int(events.dug_at[0, 0, 2]) - 2  # the ground fills z = 0 to 2
            assert said == f"dug default:tree at height {height}"
            heights.add(height)
    assert heights == {1, 2, 3, 4}


def test_words_tell_what_was_tried() -> None:
    worlds = begun(worlds=1)
    worlds.state.bodies.pitch[:] = 80.0
    events = worlds.step(np.array([[FORWARD | DIG | USE]]), np.array([[[15.0, -5.0]]]))
    said = doing(events, 0, 0, FORWARD | DIG | USE, np.array((15.0, -5.0)))
    expected = "walks forward, turns left 15\N{DEGREE SIGN}, looks down 5\N{DEGREE SIGN}, digs at nothing"
    assert said == f"{expected}, has nothing to use here"
    assert doing(events, 0, 0, 0, np.zeros(2)) == "waits"
    assert key_names(FORWARD | DIG) == ("W", "dig")
    assert deed(worlds, events, 0, 0) == ""


def test_a_map_shows_tops_of_nodes_with_north_up_and_bodies_where_they_are() -> None:
    table = node_table()
    nodes = np.zeros((8, 12, 8), dtype=np.uint8)
    nodes[:, :, 0] = table.id("default:sand")
    nodes[6, 10, 0:3] = table.id("default:water_source")
    nodes[2, 1] = 0
    drawn = map_of(nodes, side=96)
    assert drawn.shape == (96, 64, 3)

    def at(x: int, y: int) -> Array:
        return drawn[96 - 8 * (y + 1) : 96 - 8 * y, 8 * x : 8 * (x + 1)].reshape(-1, 3).mean(axis=0)

    assert at(0, 0)[0] > at(0, 0)[2], "sand is yellow"
    assert at(6, 10)[2] > at(6, 10)[0], "water is blue"
    assert (at(2, 1) == (20, 23, 28)).all(), "nothing is there"
    marked = map_of(nodes, side=96, arrows=[Arrow(x=4.5, y=6.5, yaw=0.0, dress=1)])
    rows, columns = np.nonzero((marked == dress_colour(1)).all(axis=2))
    assert abs(rows.mean() - (96 - 6.5 * 8)) < 4
    assert abs(columns.mean() - 4.5 * 8) < 4
    assert map_of(nodes, side=96, hour=0.0).mean() < drawn.mean() * 0.8, "night is darker"


def test_an_island_is_seen_whole() -> None:
    worlds = begun(worlds=1)
    drawn = island_view(worlds, 0, height=120, width=160)
    worlds.state.nodes.node[0][worlds.state.nodes.node[0] != 255] = 0
    worlds.set_node(0, (6, 6, 0), "default:dirt")
    differs = (drawn != island_view(worlds, 0, height=120, width=160)).any(axis=2)
    assert 0.15 < differs.mean() < 0.9
    edges = np.concatenate((differs[0], differs[:, 0], differs[:, -1]))
    assert not edges.any(), "nothing of it is cut off"


def test_lookouts_are_repeatable_leave_the_worlds_as_they_were_and_see_more_than_a_spawn_does() -> None:
    worlds = begun(worlds=2)
    before = worlds.state.bodies.place.copy()
    found = find_lookouts(worlds)
    assert (worlds.state.bodies.place == before).all()
    assert found == find_lookouts(begun(worlds=2))
    assert len(found) == 2


def test_a_sheet_of_a_scenario_is_the_same_again_and_shows_another_world_for_another_seed() -> None:
    def drawn(seed: int) -> Array:
        return sheet((scenario_band(EnvParams(scenario=params().scenario), seed=seed, width=96),))

    first = drawn(0)
    assert first.shape[1] == 40 + 5 * 96 + 72 + 5 * 8
    assert (first == drawn(0)).all()
    assert (first != drawn(1)).any()
    for width in (95, 513):
        with pytest.raises(BadInput, match="96 to 512"):
            scenario_band(EnvParams(), seed=0, width=width)


def test_a_sheet_of_moments_shows_deeds_first() -> None:
    drawn = moments_of(WALK, SHOWING)
    tile = 16 * 4 + 26
    assert drawn.shape[0] == 50 + 20 + MOMENTS // 4 * tile
    assert (drawn[60:-30] != GROUND).any(axis=2).mean() > 0.5


def test_words_are_shortened_to_their_room_and_hours_are_told_as_on_a_clock() -> None:
    font = letters(14)
    short = shortened("dug default:tree at height 3", font, 80)
    assert short.endswith("...")
    assert font.getlength(short) <= 80
    assert [clock(hour) for hour in (0.0, 6.4, 23.999)] == ["00:00", "06:24", "23:59"]


@pytest.mark.parametrize(
    ("showing", "said"),
    [
        (Showing(world=2), "worlds 0 to 1"),
        (Showing(agent=1), "agents 0 to 0"),
        (Showing(scale=0), "1 to 512"),
        (Showing(scale=40), "1 to 512"),
    ],
)
def test_what_a_log_does_not_hold_is_refused(showing: Showing, said: str) -> None:
    for draw in (lambda: list(frames_of(WALK, showing)), lambda: moments_of(WALK, showing)):
        with pytest.raises(BadInput, match=said):
            draw()
    with pytest.raises(BadInput, match="at least 1"):
        Showing(every=0)


def strayed() -> ActionLog:
    return replace(WALK, final=("0" * 64,) * 2)


def broken() -> Iterator[Array]:
    yield np.zeros((20, 30, 3), dtype=np.uint8)
    raise CorrigibleError(value="a frame", rule="it breaks", remedy="none")


KINDS = ["webp", "mp4"]


def write(kind: str, path: Path, frames: Iterator[Array]) -> int:
    if kind == "mp4":
        pytest.importorskip("av")
        return video.write_mp4(path, frames, seconds=0.125)
    return video.write_webp(path, frames, seconds=0.125)


@pytest.mark.parametrize("kind", KINDS)
def test_a_film_that_breaks_off_leaves_what_was_there(tmp_path: Path, kind: str) -> None:
    path = tmp_path / f"a.{kind}"
    path.write_text("before", encoding="utf-8")
    for frames in (broken(), frames_of(strayed(), Showing(every=30, scale=4))):
        with pytest.raises(CorrigibleError, match=r"it breaks|very state"):
            write(kind, path, frames)
    assert [item.name for item in tmp_path.iterdir()] == [path.name]
    assert path.read_text(encoding="utf-8") == "before"


def test_a_webp_holds_every_frame_and_its_time(tmp_path: Path) -> None:
    frames = list(frames_of(WALK, Showing(every=20, scale=4)))
    assert write("webp", tmp_path / "a.webp", iter(frames)) == len(frames)
    with Image.open(tmp_path / "a.webp") as film:
        assert (film.n_frames, film.size) == (len(frames), (frames[0].shape[1], frames[0].shape[0]))  # type: ignore[attr-defined]
        film.seek(2)
        shown = np.asarray(film.convert("RGB")).astype(int)
        assert film.info["duration"] == 125
    assert np.abs(shown - frames[2]).mean() < 6


def test_an_mp4_holds_every_frame(tmp_path: Path) -> None:
    av = pytest.importorskip("av")
    frames = list(frames_of(WALK, Showing(every=20, scale=4)))
    assert write("mp4", tmp_path / "a.mp4", iter(frames)) == len(frames)
    with av.open(str(tmp_path / "a.mp4")) as film:
        found = [frame.to_ndarray(format="rgb24") for frame in film.decode(video=0)]
        assert film.streams.video[0].average_rate == 8
    assert len(found) == len(frames)
    assert np.abs(found[2].astype(int) - frames[2]).mean() < 6


def test_without_the_writer_of_video_one_line_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "av", None)
    with pytest.raises(BadInput, match=r"pip install 'corrigible\[video\]'"):
        video.kind_of(Path("a.mp4"))
    assert video.kind_of(Path("a.WEBP")) == "webp"
    with pytest.raises(BadInput, match=r"must end in \.mp4, \.webp or \.png"):
        video.kind_of(Path("a.gif"))


def test_frames_beyond_memory_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(video, "LARGEST_WEBP", 4000)
    with pytest.raises(BadInput, match="--every"):
        video.write_webp(tmp_path / "a.webp", (np.zeros((20, 30, 3), dtype=np.uint8) for _ in range(9)), seconds=0.1)
    assert list(tmp_path.iterdir()) == []


def test_trails_begin_anew_with_an_episode() -> None:
    played = VoxelWorlds(params(worlds=1, steps=3), 2)
    recorder = Recorder(played)
    for _ in range(3):
        played.begin()
        for _ in range(3):
            played.step(np.array([[FORWARD]]), np.zeros((1, 1, 2)))
    told = [(one.step, one.words) for one, _ in told_frames(recorder.log(), Showing())]
    assert [step for step, words in told if words == "an episode begins"] == [0, 3, 6]
    assert len(told) == 9 + 3


def test_a_painter_refuses_an_agent_that_is_not_there() -> None:
    with pytest.raises(BadInput, match="agents are 0 to 0"):
        FramePainter(VIEW, begun(worlds=1), agent=1)

"""`corrigible render` and `replay` as people type them: pictures, films, JSON, and one line for every bad input."""

import json
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from corrigible.cli import main
from corrigible.sandbox.voxel.log_file import load_log, save_log
from corrigible.sandbox.voxel.walking import record_walk
from voxel_small import VIEW, params, small


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def log(tmp_path: Path) -> Path:
    save_log(tmp_path / "walk.actions", record_walk(params(worlds=2, steps=20), seed=3, steps=20, view=VIEW))
    return tmp_path / "walk.actions"


def answer(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, object]:
    """Run a command with --json; exactly one JSON object comes out."""
    assert main([*arguments, "--json"]) == 0
    said = capsys.readouterr().out
    assert said.count("\n") == 1
    found = json.loads(said)
    assert isinstance(found, dict)
    return found


def opened(name: str) -> Image.Image:
    """A picture, read and closed."""
    with Image.open(name) as picture:
        assert picture.format == "PNG"
        return picture.copy()


def refused(capsys: pytest.CaptureFixture[str], *arguments: str, code: int = 2) -> str:
    before = {path: path.read_bytes() for path in Path().iterdir()}
    assert main(list(arguments)) == code
    said = capsys.readouterr()
    assert said.out == ""
    assert {path: path.read_bytes() for path in Path().iterdir()} == before, "nothing is written"
    lines = said.err.strip().splitlines()
    assert len(lines) == 1, lines
    assert lines[0].startswith("corrigible: ")
    return lines[0]


def test_a_scenario_is_drawn_into_a_picture_of_its_name(capsys: pytest.CaptureFixture[str]) -> None:
    found = answer(capsys, "render", str(small()), "--size", "96")
    assert found["out"] == "small.png"
    assert opened("small.png").size == (96, 72) == (found["width"], found["height"])
    assert main(["render", str(small()), "--size", "96", "--seed", "1", "--out", "other.png"]) == 0
    assert capsys.readouterr().out.startswith("Picture: other.png (96 x 72, ")
    assert Path("other.png").read_bytes() != Path("small.png").read_bytes()


def test_a_sheet_shows_a_scenario_at_several_hours_or_at_the_one_that_is_asked_for(
    capsys: pytest.CaptureFixture[str],
) -> None:
    answer(capsys, "render", str(small()), "--sheet", "--size", "96")
    answer(capsys, "render", str(small()), "--sheet", "--size", "96", "--hour", "0", "--out", "night.png")
    day, night = (np.asarray(opened(name)).astype(int) for name in ("small-sheet.png", "night.png"))
    assert day.shape == night.shape
    assert night.mean() < day.mean()


@pytest.mark.slow
def test_all_shipped_scenarios_fit_on_one_sheet(capsys: pytest.CaptureFixture[str]) -> None:
    found = answer(capsys, "render", "--all", "--size", "96")
    assert {one["name"] for one in found["scenarios"]} >= {"grove", "open_hills"}  # type: ignore[attr-defined]
    assert opened("scenarios.png").size[0] == found["width"]


def test_a_log_becomes_a_film_and_a_sheet(capsys: pytest.CaptureFixture[str], log: Path) -> None:
    film = answer(capsys, "replay", str(log), "--scale", "4", "--every", "5", "--speed", "4")
    assert film["out"] == str(log.with_suffix(".webp"))
    assert film["faithful"] is True
    with Image.open(log.with_suffix(".webp")) as shown:
        assert shown.n_frames == film["frames"]  # type: ignore[attr-defined]
    assert film["seconds"] == film["frames"] * 5 * 0.25 / 4  # type: ignore[operator]
    sheet = answer(capsys, "replay", str(log), "--scale", "4", "--out", "moments.png", "--world", "1")
    assert (sheet["kind"], sheet["steps"]) == ("png", 20)
    assert opened("moments.png").size[0] > 4 * 64


def test_a_log_becomes_a_video(capsys: pytest.CaptureFixture[str], log: Path) -> None:
    pytest.importorskip("av")
    found = answer(capsys, "replay", str(log), "--scale", "4", "--out", "walk.mp4")
    assert Path("walk.mp4").stat().st_size > 1000
    assert found["frames"] == 21


@pytest.mark.slow
def test_the_demonstration_records_a_walk_that_digs_and_shows_it(capsys: pytest.CaptureFixture[str]) -> None:
    found = answer(capsys, "replay", "--demo", "--every", "50", "--out", "seen.png")
    assert sorted(path.name for path in Path().iterdir()) == ["demo.actions", "seen.png"]
    assert load_log(Path("demo.actions")).steps == found["steps"]
    assert main(["replay", "demo.actions", "--out", "again.png"]) == 0
    assert Path("again.png").read_bytes() == Path("seen.png").read_bytes()


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["render"], "name one of branchy_grove"),
        (["render", "grove", "--all"], "one SCENARIO, or --all"),
        (["render", "groove"], "did you mean grove"),
        (["render", "no/such.yaml"], "no/such.yaml"),
        (["render", "bad.yaml"], "bad.yaml, line 2"),
        (["render", "grove", "--out", "grove.jpg"], "must end in .png"),
        (["render", "grove", "--out", "no/such/folder.png"], "folder that exists"),
        (["render", "grove", "--hour", "25"], "hour = 25"),
        (["render", "grove", "--hour", "nan"], "hour = nan"),
        (["render", "grove", "--size", "40"], "96 to 512"),
        (["render", "grove", "--seed", "-1"], "seed = -1"),
        (["replay"], "one LOG, or --demo"),
        (["replay", "a.actions", "--demo"], "one LOG, or --demo"),
        (["replay", "no.actions"], "must be a file"),
        (["replay", "bad.yaml"], "must be an action log"),
        (["replay", "walk.actions", "--out", "walk.gif"], "must end in .mp4, .webp or .png"),
        (["replay", "walk.actions", "--out", "no/such/walk.webp"], "folder that exists"),
        (["replay", "walk.actions", "--world", "2"], "worlds 0 to 1"),
        (["replay", "walk.actions", "--world", "-1"], "worlds 0 to 1"),
        (["replay", "walk.actions", "--agent", "1"], "agents 0 to 0"),
        (["replay", "walk.actions", "--every", "0"], "every = 0"),
        (["replay", "walk.actions", "--scale", "99"], "another scale"),
        (["replay", "walk.actions", "--speed", "0"], "speed = 0"),
        (["replay", "walk.actions", "--speed", "nan"], "speed = nan"),
    ],
)
@pytest.mark.usefixtures("log")
def test_bad_input_is_refused_in_one_line(
    capsys: pytest.CaptureFixture[str], arguments: list[str], expected: str
) -> None:
    Path("bad.yaml").write_text("name: bad\ntitle: 3\n", encoding="utf-8")
    assert expected in refused(capsys, *arguments)


def test_a_video_without_its_writer_is_refused_before_anything_is_done(
    capsys: pytest.CaptureFixture[str], log: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "av", None)
    assert "corrigible[video]" in refused(capsys, "replay", str(log), "--out", "walk.mp4")


def test_a_log_that_does_not_end_as_recorded_is_shown_to_nobody(capsys: pytest.CaptureFixture[str], log: Path) -> None:
    recorded = load_log(log)
    turn = recorded.turn.copy()
    turn[3, 0, 0, 0] += 90.0
    save_log(log, type(recorded)(**{**vars(recorded), "turn": turn}))
    for name in ("film.webp", "film.png"):
        assert "very state that was recorded" in refused(capsys, "replay", str(log), "--out", name, code=1)
    assert main(["replay", str(log), "--world", "1", "--scale", "4"]) == 0, "the other world is as it was"


@pytest.mark.parametrize("command", ["render", "replay"])
def test_the_commands_explain_themselves(capsys: pytest.CaptureFixture[str], command: str) -> None:
    with pytest.raises(SystemExit) as stop:
        main([command, "--help"])
    assert not stop.value.code
    said = capsys.readouterr().out
    assert "--out" in said
    assert "--json" in said
    assert ("sunrise" if command == "render" else "--demo") in said

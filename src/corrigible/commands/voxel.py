"""`corrigible render` and `corrigible replay`: pictures of voxel worlds, and films of what was done in them."""

from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from corrigible.commands.answer import Answer, megabytes
from corrigible.errors import BadInput
from corrigible.sandbox.voxel import video
from corrigible.sandbox.voxel.films import Showing, frames_of, moments_of
from corrigible.sandbox.voxel.log_file import SUFFIX, load_log, save_log
from corrigible.sandbox.voxel.params import EnvParams
from corrigible.sandbox.voxel.replay import ActionLog
from corrigible.sandbox.voxel.scenario import load_scenario, scenario_names
from corrigible.sandbox.voxel.sheets import HOURS, Band, eye_picture, scenario_band
from corrigible.sandbox.voxel.sheets import sheet as sheet_of
from corrigible.sandbox.voxel.viewing import ViewParams
from corrigible.sandbox.voxel.walking import record_walk
from corrigible.types import Array

DEMO_SCENARIO: Final = "branchy_grove"
DEMO_STEPS: Final = 100
_ORDER: Final = ("grove", "branchy_grove", "open_hills", "two_rooms", "memory_garden")
_Tell = Callable[[int, int], None]


def answer_render(
    scenario: str | None, *, sheet: bool, every: bool, size: int | None, seed: int, hour: float | None, out: Path | None
) -> Answer:
    """One view, a sheet of one scenario, or a sheet of all that are shipped."""
    names = _asked(scenario, every=every)
    if seed < 0:
        raise BadInput(value=f"seed = {seed}", rule="it is 0 or more", remedy="choose another")
    scenarios = [load_scenario(name) for name in names]
    called = "scenarios" if every else scenarios[0].name + ("-sheet" if sheet else "")
    path = out or Path(f"{called}.png")
    _check_png(path)
    params = [EnvParams(scenario=one, hour=hour) for one in scenarios]
    with _progress("drawing; a first run compiles its kernels") as tell:
        if sheet or every:
            picture = _sheet(params, seed=seed, width=size or 320, hour=hour, tell=tell)
        else:
            picture = eye_picture(params[0], seed=seed, width=size or 512)
    video.write_png(path, picture)
    height, width = picture.shape[:2]
    data = {
        "out": str(path),
        "scenarios": [{"name": one.name, "digest": one.digest} for one in scenarios],
        "seed": seed,
        "hour": hour,
        "width": width,
        "height": height,
    }
    return Answer(data=data, lines=(f"Picture: {path} ({width} x {height}, {megabytes(path.stat().st_size)})",))


def answer_replay(
    log: Path | None,
    *,
    demo: bool,
    out: Path | None,
    world: int,
    agent: int,
    every: int,
    scale: int | None,
    speed: float,
) -> Answer:
    """A log as a film or as a sheet of moments; the film is kept only if the replay ended as it was recorded."""
    if demo == (log is not None):
        raise BadInput(
            value="replay", rule="it shows one LOG, or --demo", remedy="give the path of a log, or try --demo"
        )
    if not 0.05 <= speed <= 100.0:
        raise BadInput(value=f"speed = {speed:g}", rule="0.05 to 100 times life", remedy="choose another")
    path = out or (log.with_suffix(".webp") if log is not None else Path("demo.webp"))
    kind = video.kind_of(path)
    video.check_folder(path)
    showing = Showing(world=world, agent=agent, every=every, scale=scale)
    source = log or path.with_name(f"demo{SUFFIX}")
    with _progress("replaying; a first run compiles its kernels") as tell:
        recorded = _demo() if log is None else load_log(log)
        frames, seconds = _write(path, kind, recorded, showing=showing, speed=speed, tell=tell)
    if log is None:
        save_log(source, recorded)
    data = {
        "log": str(source),
        "out": str(path),
        "kind": kind,
        "scenario": recorded.params.loaded.name,
        "seed": recorded.seed,
        "steps": recorded.steps,
        "frames": frames,
        "seconds": frames * seconds,
        "faithful": True,
    }
    shown = "a sheet of moments" if kind == "png" else f"{frames} frames, {frames * seconds:.0f} s"
    return Answer(
        data=data,
        lines=(
            f"{'Film' if kind != 'png' else 'Picture'}: {path} ({shown}, {megabytes(path.stat().st_size)})",
            f"Log: {source} ({recorded.steps} steps of {recorded.params.loaded.title}; it ended as it was recorded)",
        ),
    )


def _asked(scenario: str | None, *, every: bool) -> tuple[str, ...]:
    if every == (scenario is not None):
        raise BadInput(
            value="render",
            rule="it draws one SCENARIO, or --all",
            remedy=f"name one of {', '.join(scenario_names())}, or the path of a .yaml file",
        )
    if scenario is not None:
        return (scenario,)
    return (*_ORDER, *(name for name in scenario_names() if name not in _ORDER))


def _check_png(path: Path) -> None:
    if path.suffix.lower() != ".png":
        raise BadInput(value=str(path), rule="a picture's name must end in .png", remedy="name another file with --out")
    video.check_folder(path)


def _sheet(params: list[EnvParams], *, seed: int, width: int, hour: float | None, tell: _Tell) -> Array:
    hours = HOURS if hour is None else (hour,) * len(HOURS)
    bands: list[Band] = []
    for number, one in enumerate(params):
        tell(number, len(params))
        bands.append(scenario_band(one, seed=seed, width=width, hours=hours))
    return sheet_of(bands)


def _write(
    path: Path, kind: video.FilmKind, log: ActionLog, *, showing: Showing, speed: float, tell: _Tell
) -> tuple[int, float]:
    """Number of frames, and seconds that each is shown."""
    seconds = showing.every * log.params.seconds / speed
    if kind == "png":
        video.write_png(path, moments_of(log, showing, progress=tell))
        return 1, 0.0
    frames = frames_of(log, showing, progress=tell)
    write = video.write_mp4 if kind == "mp4" else video.write_webp
    return write(path, frames, seconds=seconds), seconds


def _demo() -> ActionLog:
    params = EnvParams(scenario=DEMO_SCENARIO, worlds=1, layouts=8)
    return record_walk(params, seed=1, steps=DEMO_STEPS, view=ViewParams())


@contextmanager
def _progress(words: str) -> Generator[_Tell]:
    """A bar with the time that is left, on standard error where that is a terminal."""
    columns = (TextColumn("{task.description}"), BarColumn(bar_width=24), MofNCompleteColumn(), TimeRemainingColumn())
    console = Console(stderr=True)
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task(words, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)

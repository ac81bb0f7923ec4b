"""Voxel frames and pixels per CPU-second, resets included, against peers and against C, in one run.

`python benchmarks/voxel_speed.py [--quick] [--repeats 7] [--peers PYTHON] [--record]`; --quick takes about two minutes.
Peers (craftax 1.6.1, miniworld 2.1.0, vizdoom 1.3.2) live in an environment of their own, whose interpreter is given by
--peers or $CORRIGIBLE_PEERS; MiniWorld wants EGL (Debian: libegl1 libgl1-mesa-dri libglu1-mesa). --record appends a row
to benchmarks/history/voxel_speed.jsonl and writes the plot of growth beside it.
"""

import argparse
import datetime
import json
import os
import platform
import shutil
import statistics
import subprocess
import tempfile
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import Final

from voxel.asking import VARIABLE, Peer, has_module
from voxel.drawing import Drawing
from voxel.plain_c import FLAGS, build, can_build
from voxel.playing import SCENES, WORLDS, Play, Point, growth
from voxel.plotting import plot, table

HERE: Final = Path(__file__).resolve().parent
HISTORY: Final = HERE / "history" / "voxel_speed.jsonl"
PLOT: Final = HERE / "history" / "voxel_growth.svg"

Task = Callable[[], tuple[int, float]]
"""Does some work, and says how many frames it made in how many CPU-seconds."""

PEERS: Final = {
    "Craftax-Classic pixels, 63 x 63": ("craftax", "craftax_pixels.py", (64, 64), 2.5),
    "MiniWorld FourRooms, 60 x 80": ("miniworld", "miniworld_rooms.py", (60, 80), 8.0),
    "ViZDoom my_way_home, 120 x 160": ("vizdoom", "vizdoom_maze.py", (120, 160), 1.0),
}
"""Name: module, script, (height, width) of our frames that are compared with it, and the ratio that is wanted."""

PEER_PIXELS: Final = {"craftax": 63 * 63, "miniworld": 60 * 80, "vizdoom": 120 * 160}
C_GOAL: Final = 0.5
C_HOPE: Final = 0.8
RESET_GOAL: Final = 0.05
QUICK_REPEATS: Final = 2


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help=f"{QUICK_REPEATS} repeats, and no growth")
    parser.add_argument("--repeats", type=int, default=7, help="interleaved repeats of every task, at least 1")
    parser.add_argument("--peers", default=os.environ.get(VARIABLE, ""), help="Python that has the peers installed")
    parser.add_argument("--record", action="store_true", help=f"append a row to benchmarks/history/{HISTORY.name}")
    chosen = parser.parse_args()
    if chosen.repeats < 1:
        parser.error("--repeats must be at least 1")
    repeats = QUICK_REPEATS if chosen.quick else chosen.repeats
    with ExitStack() as stack:
        plays = {
            (scene, size): Play(scene, *size)
            for scene in SCENES
            for size in dict.fromkeys(p[2] for p in PEERS.values())
        }
        tasks: dict[str, Task] = {ours(*key): play.work for key, play in plays.items()}
        pixels = {ours(scene, size): size[0] * size[1] for scene, size in plays}
        ratios = add_peers(tasks, pixels, chosen.peers, stack)
        compiler = add_c(tasks, pixels, ratios, stack)
        rates = measure(tasks, repeats)
    quotients = {f"{a} / {b}": [x / y for x, y in zip(rates[a], rates[b], strict=True)] for a, b in ratios}
    show(rates, pixels, quotients, ratios)
    shares = {scene: play.reset_share for (scene, size), play in plays.items() if size == (64, 64)}
    for scene, share in shares.items():
        number, met = plays[scene, (64, 64)].resets, word(share < RESET_GOAL)
        print(f"resets, {scene}: {share:.2%} of random play, {number} of them; goal, under {RESET_GOAL:.0%}: {met}")
    points = [] if chosen.quick else list(growth(3))
    print("\n".join(table(points)) if points else "growth is left out of a quick run")
    if chosen.record:
        record(rates, quotients, shares, points, compiler)


def ours(scene: str, size: tuple[int, int]) -> str:
    return f"{scene}, {size[0]} x {size[1]}"


def add_peers(
    tasks: dict[str, Task], pixels: dict[str, int], interpreter: str, stack: ExitStack
) -> dict[tuple[str, str], float]:
    """Start the peers that are there, naming those that are not; pairs to be divided, with the ratio that is wanted."""
    wanted: dict[tuple[str, str], float] = {}
    for name, (module, script, size, goal) in PEERS.items():
        if not interpreter or not has_module(interpreter, module):
            where = f"in {interpreter}" if interpreter else f"(no --peers, no ${VARIABLE})"
            print(f"{module} is not installed {where}: left out")
            continue
        try:
            peer = Peer(interpreter, script)
        except ChildProcessError as error:
            print(f"{module} is left out: {error}")
            continue
        stack.callback(peer.close)
        tasks[name], pixels[name] = peer.work, PEER_PIXELS[module]
        wanted |= {(ours(scene, size), name): goal for scene in SCENES}
    return wanted


def add_c(
    tasks: dict[str, Task], pixels: dict[str, int], wanted: dict[tuple[str, str], float], stack: ExitStack
) -> str | None:
    """Build the C peer where that can be done, and check that it draws the same; the compiler, or None."""
    compiler = shutil.which("cc")
    if compiler is None or not can_build():
        print(
            "no C compiler (cc)" if compiler is None else "no AVX-512 in this processor", "- the peer in C is left out"
        )
        return None
    library = build(compiler, Path(stack.enter_context(tempfile.TemporaryDirectory())))
    for scene in SCENES:
        drawing = Drawing(library, scene)
        difference = drawing.difference()
        if difference > 1:
            raise SystemExit(f"{scene}: pictures of ours and of C differ by up to {difference} levels")
        print(f"{scene}: {WORLDS} views by ours and by C differ by at most {difference} levels")
        here, there = f"{scene}, drawing only", f"{scene}, drawing only, C with AVX-512"
        tasks |= {here: drawing.ours, there: drawing.theirs}
        pixels |= {here: 64 * 64, there: 64 * 64}
        wanted[here, there] = C_GOAL
    return compiler


def measure(tasks: Mapping[str, Task], repeats: int) -> dict[str, list[float]]:
    """Frames per CPU-second of each task, by repeat; a first round, which compiles and warms up, does not count."""
    rates: dict[str, list[float]] = {name: [] for name in tasks}
    for repeat in range(repeats + 1):
        for name, task in tasks.items():
            frames, seconds = task()
            if repeat > 0:
                rates[name].append(frames / seconds)
    return rates


def show(
    rates: Mapping[str, list[float]],
    pixels: Mapping[str, int],
    quotients: Mapping[str, list[float]],
    wanted: Mapping[tuple[str, str], float],
) -> None:
    width = max(map(len, (*rates, *quotients)))
    print(f"{'per CPU-second, textured RGB':{width}}  {'frames':>10}  {'least':>10}  {'Mpixels':>8}")
    for name, values in rates.items():
        median = statistics.median(values)
        print(f"{name:{width}}  {median:10,.0f}  {min(values):10,.0f}  {median * pixels[name] / 1e6:8.1f}")
    print(f"{'ratio of frames, repeat by repeat':{width}}  {'median':>10}  {'least':>10}  goal")
    for (a, b), goal in wanted.items():
        values = quotients[f"{a} / {b}"]
        median = statistics.median(values)
        hope = f", hoped for {C_HOPE}: {word(median >= C_HOPE)}" if goal == C_GOAL else ""
        print(f"{a + ' / ' + b:{width}}  {median:10.2f}  {min(values):10.2f}  {goal}: {word(median >= goal)}{hope}")


def word(met: bool) -> str:
    return "met" if met else "NOT met"


def record(
    rates: Mapping[str, list[float]],
    quotients: Mapping[str, list[float]],
    shares: Mapping[str, float],
    points: Sequence[Point],
    compiler: str | None,
) -> None:
    row = {
        "date": datetime.datetime.now(tz=datetime.UTC).date().isoformat(),
        "cpus": os.cpu_count(),
        "machine": platform.machine(),
        "python": platform.python_version(),
        "packages": {name: version(name) for name in ("numba", "numpy")},
        "compiler": compiler and compiler_version(compiler),
        "repeats": len(next(iter(rates.values()))),
        "frames per CPU-second": {name: summary(values) for name, values in rates.items()},
        "ratios": {name: summary(values) for name, values in quotients.items()},
        "share of resets": {scene: float(f"{share:.3g}") for scene, share in shares.items()},
        "growth": [
            {**asdict(one), "frames": round(one.frames), "pixels": round(one.pixels)} for one in points if one.measured
        ],
    }
    HISTORY.parent.mkdir(exist_ok=True)
    with HISTORY.open("a", encoding="utf-8") as file:
        file.write(json.dumps(row) + "\n")
    if points:
        plot(points, PLOT)
    print(f"appended a row to benchmarks/history/{HISTORY.name}")


def summary(values: list[float]) -> dict[str, float]:
    return {"median": float(f"{statistics.median(values):.4g}"), "least": float(f"{min(values):.4g}")}


def compiler_version(compiler: str) -> str:
    said = subprocess.run([compiler, "--version"], stdout=subprocess.PIPE, text=True, check=True).stdout
    return f"{said.splitlines()[0]} {' '.join(FLAGS[:3])}"


if __name__ == "__main__":
    main()

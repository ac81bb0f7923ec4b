"""Tabular steps per CPU-second against a plain C loop of the same world, and against MiniGrid, in one run.

`python benchmarks/tabular_speed.py [--repeats 7] [--record]`; --record appends a row to benchmarks/history/.
"""

import argparse
import ctypes
import datetime
import importlib.util
import json
import os
import platform
import shutil
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from importlib.metadata import version
from pathlib import Path
from typing import Final

import numpy as np

from corrigible.agents.tabular import TabularSettings, train_tabular
from corrigible.sandbox.grid.environment import packed
from corrigible.sandbox.grid.kernels import random_walk
from corrigible.sandbox.grid.off_switch import OffSwitchParams
from corrigible.seeding import stream
from corrigible.types import Array, Events, Setup

HERE: Final = Path(__file__).resolve().parent
HISTORY: Final = HERE / "history" / "tabular_speed.jsonl"
FLAGS: Final = ("-O3", "-march=native", "-shared", "-fPIC")
GOAL: Final = 0.3  # of the C loop's speed

SEED: Final = np.uint64(20_240_229)
WORLDS: Final = 16
WALK_STEPS: Final = 500_000  # per world
TRAIN_STEPS: Final = 2_000_000
MINIGRID: Final = "MiniGrid-Empty-8x8-v0"
MINIGRID_STEPS: Final = 4_000

NUMBA_WALK: Final = "random walk, ours"
C_WALK: Final = "random walk, plain C"
TRAINING: Final = "Q-learning, ours"
PLAIN_VIEW: Final = f"{MINIGRID}, 7 x 7 view"
SYMBOLIC_VIEW: Final = f"{MINIGRID}, SymbolicObsWrapper"
RATIOS: Final = (
    (NUMBA_WALK, C_WALK),
    (TRAINING, C_WALK),
    (NUMBA_WALK, PLAIN_VIEW),
    (TRAINING, PLAIN_VIEW),
    (NUMBA_WALK, SYMBOLIC_VIEW),
    (TRAINING, SYMBOLIC_VIEW),
)

Task = Callable[[], int]
"""Does some steps, resets included, and says how many."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=7, help="interleaved repeats of every task, at least 5")
    parser.add_argument("--record", action="store_true", help=f"append a row to benchmarks/history/{HISTORY.name}")
    chosen = parser.parse_args()
    if chosen.repeats < 5:
        parser.error("--repeats must be at least 5")
    tasks: dict[str, Task] = {NUMBA_WALK: walk_numba, TRAINING: train}
    with ExitStack() as stack:
        compiler = shutil.which("cc")
        if compiler is None:
            print("no C compiler (cc): the plain C loop is left out")
        else:
            tasks[C_WALK] = walk_c(compiler, Path(stack.enter_context(tempfile.TemporaryDirectory())))
        if importlib.util.find_spec("minigrid") is None:
            print("minigrid is not installed (extra `bench`): it is left out")
        else:
            tasks[PLAIN_VIEW] = walk_minigrid(symbolic=False)
            tasks[SYMBOLIC_VIEW] = walk_minigrid(symbolic=True)
        rates = measure(tasks, chosen.repeats)
    ratios = {f"{ours} / {peer}": divide(rates[ours], rates[peer]) for ours, peer in RATIOS if peer in rates}
    show(rates, ratios)
    if chosen.record:
        record(rates, ratios, compiler)


def walk_numba() -> int:
    """The compiled random policy in the default off-switch world."""
    world = OffSwitchParams().build()
    random_walk(packed(world), world.horizon, SEED, WORLDS, WALK_STEPS, world.actions)
    return WORLDS * WALK_STEPS


def train() -> int:
    """Q-learning in the same world through the public learner, its tables and checkpoints included."""

    def paid(events: Events) -> Array:
        return events["goal"] * events.amount

    settings = TabularSettings(algorithm="q-learning", steps=TRAIN_STEPS, worlds=WORLDS, checkpoints=1)
    setup = Setup(world=OffSwitchParams(), paid=paid, truth=paid, settings=settings)
    return list(train_tabular(setup, generator=stream(0, "benchmark")))[-1].step


def walk_c(compiler: str, folder: Path) -> Task:
    """The C loop, compiled into `folder`; exits unless its checksum is the Numba kernel's."""
    library = folder / "tabular_loop.so"
    subprocess.run([compiler, *FLAGS, "-o", str(library), str(HERE / "tabular_loop.c")], check=True)
    loop = ctypes.CDLL(str(library)).random_walk
    loop.restype = ctypes.c_uint64
    loop.argtypes = [ctypes.c_void_p] * 4 + [ctypes.c_int64] * 3 + [ctypes.c_uint64] + [ctypes.c_int64] * 2
    world = OffSwitchParams().build()
    tables = packed(world)
    arrays = [
        np.ascontiguousarray(array, dtype=dtype)
        for array, dtype in (
            (tables.next_state, np.int32),
            (tables.threshold, np.float64),
            (tables.ending, np.uint8),
            (tables.start, np.float64),
        )
    ]

    def run(steps: int) -> int:
        pointers = [array.ctypes.data for array in arrays]
        return int(loop(*pointers, world.actions, world.outcomes, world.horizon, int(SEED), WORLDS, steps))

    for steps in (1, 1_000, WALK_STEPS):
        ours = int(random_walk(tables, world.horizon, SEED, WORLDS, steps, world.actions))
        if run(steps) != ours:
            raise SystemExit(f"after {steps} steps the C loop's checksum is {run(steps)}, the Numba kernel's {ours}")
    print(f"checksum after {WORLDS} x {WALK_STEPS} steps is equal in Numba and C: {ours:016x}")

    def walk() -> int:
        run(WALK_STEPS)
        return WORLDS * WALK_STEPS

    return walk


def walk_minigrid(*, symbolic: bool) -> Task:
    """A random policy in MiniGrid's empty room; its integer encoding of the view, or SymbolicObsWrapper's whole room."""
    import gymnasium
    from minigrid.wrappers import SymbolicObsWrapper

    room = gymnasium.make(MINIGRID, disable_env_checker=True)
    environment = SymbolicObsWrapper(room) if symbolic else room
    generator = np.random.default_rng(0)

    def walk() -> int:
        actions = generator.integers(0, 7, size=MINIGRID_STEPS).tolist()
        environment.reset(seed=0)
        for action in actions:
            *_, terminated, truncated, _ = environment.step(action)
            if terminated or truncated:
                environment.reset()
        return MINIGRID_STEPS

    return walk


def measure(tasks: Mapping[str, Task], repeats: int) -> dict[str, list[float]]:
    """Steps per CPU-second of each task, by repeat; a first round, which compiles, does not count."""
    rates: dict[str, list[float]] = {name: [] for name in tasks}
    for repeat in range(repeats + 1):
        for name, task in tasks.items():
            before = time.process_time()
            steps = task()
            seconds = time.process_time() - before
            if repeat > 0:
                rates[name].append(steps / seconds)
    return rates


def divide(ours: list[float], peer: list[float]) -> list[float]:
    return [a / b for a, b in zip(ours, peer, strict=True)]


def show(rates: Mapping[str, list[float]], ratios: Mapping[str, list[float]]) -> None:
    width = max(map(len, (*rates, *ratios)))
    print(f"{'steps per CPU-second':{width}}  {'median':>12}  {'least':>12}")
    for name, values in rates.items():
        print(f"{name:{width}}  {statistics.median(values):12,.0f}  {min(values):12,.0f}")
    print(f"{'ratio, repeat by repeat':{width}}  {'median':>12}  {'least':>12}")
    for name, values in ratios.items():
        print(f"{name:{width}}  {statistics.median(values):12,.2f}  {min(values):12,.2f}")
    against_c = ratios.get(f"{NUMBA_WALK} / {C_WALK}")
    if against_c is not None:
        word = "met" if statistics.median(against_c) >= GOAL else "NOT met"
        print(f"goal: at least {GOAL} of plain C, in the median: {word}")


def record(rates: Mapping[str, list[float]], ratios: Mapping[str, list[float]], compiler: str | None) -> None:
    packages = [name for name in ("numba", "numpy", "minigrid") if importlib.util.find_spec(name) is not None]
    row = {
        "date": datetime.datetime.now(tz=datetime.UTC).date().isoformat(),
        "cpus": os.cpu_count(),
        "machine": platform.machine(),
        "python": platform.python_version(),
        "packages": {name: version(name) for name in packages},
        "compiler": compiler and compiler_version(compiler),
        "repeats": len(next(iter(rates.values()))),
        "steps per CPU-second": {name: summary(values) for name, values in rates.items()},
        "ratios": {name: summary(values) for name, values in ratios.items()},
    }
    HISTORY.parent.mkdir(exist_ok=True)
    with HISTORY.open("a", encoding="utf-8") as file:
        file.write(json.dumps(row) + "\n")
    print(f"appended a row to benchmarks/history/{HISTORY.name}")


def summary(values: list[float]) -> dict[str, float]:
    return {"median": float(f"{statistics.median(values):.4g}"), "least": float(f"{min(values):.4g}")}


def compiler_version(compiler: str) -> str:
    said = subprocess.run([compiler, "--version"], stdout=subprocess.PIPE, text=True, check=True).stdout
    return f"{said.splitlines()[0]} {' '.join(FLAGS[:2])}"


if __name__ == "__main__":
    main()

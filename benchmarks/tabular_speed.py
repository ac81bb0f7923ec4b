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
from corrigible.sandbox.grid.tables import reward_table
from corrigible.seeding import kernel_seed, stream
from corrigible.types import Array, Checkpoint, Events, Setup

HERE: Final = Path(__file__).resolve().parent
HISTORY: Final = HERE / "history" / "tabular_speed.jsonl"
FLAGS: Final = ("-O3", "-march=native", "-ffp-contract=off", "-shared", "-fPIC")  # off: or sums differ in a bit
TABLES: Final = {
    "next_state": np.int32,
    "threshold": np.float64,
    "ending": np.uint8,
    "executed": np.int8,
    "counterfactual_state": np.int32,
    "observation": np.int32,
    "start": np.float64,
    "reward": np.float32,
}
GOAL: Final = 0.3  # of the C loop's speed

SEED: Final = np.uint64(20_240_229)
WORLDS: Final = 16
WALK_STEPS: Final = 500_000  # per world
TRAIN_STEPS: Final = 2_000_000
WORLD: Final = OffSwitchParams()
SETTINGS: Final = TabularSettings(algorithm="q-learning", steps=TRAIN_STEPS, worlds=WORLDS, checkpoints=1)
MINIGRID: Final = "MiniGrid-Empty-8x8-v0"
MINIGRID_STEPS: Final = 4_000

OUR_WALK: Final = "random walk, ours"
C_WALK: Final = "random walk, plain C"
OUR_TRAINING: Final = "Q-learning, ours"
C_TRAINING: Final = "Q-learning, plain C"
PLAIN_VIEW: Final = f"{MINIGRID}, 7 x 7 view"
SYMBOLIC_VIEW: Final = f"{MINIGRID}, SymbolicObsWrapper"
RATIOS: Final = (
    (OUR_WALK, C_WALK),
    (OUR_TRAINING, C_TRAINING),
    (OUR_WALK, PLAIN_VIEW),
    (OUR_TRAINING, PLAIN_VIEW),
    (OUR_WALK, SYMBOLIC_VIEW),
    (OUR_TRAINING, SYMBOLIC_VIEW),
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
    tasks: dict[str, Task] = {OUR_WALK: walk, OUR_TRAINING: lambda: train().step}
    with ExitStack() as stack:
        compiler = shutil.which("cc")
        if compiler is None:
            print("no C compiler (cc): the plain C loops are left out")
        else:
            peer = PlainC(compiler, Path(stack.enter_context(tempfile.TemporaryDirectory())))
            check_peer(peer)
            tasks |= {C_WALK: peer.walk, C_TRAINING: peer.train}
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


def walk() -> int:
    """The compiled random policy in the default off-switch world."""
    walk_checksum(WALK_STEPS)
    return WORLDS * WALK_STEPS


def walk_checksum(steps: int) -> int:
    world = WORLD.build()
    return int(random_walk(packed(world), world.horizon, SEED, WORLDS, steps, world.actions))


def paid(events: Events) -> Array:
    return events["goal"] * events.amount


def train() -> Checkpoint:
    """Q-learning in the same world through the public learner."""
    setup = Setup(world=WORLD, paid=paid, truth=paid, settings=SETTINGS)
    return list(train_tabular(setup, generator=stream(0, "benchmark")))[-1]


class TablesInC(ctypes.Structure):
    """struct tables of tabular_loop.c."""

    _fields_ = (
        *((name, ctypes.c_void_p) for name in TABLES),
        *((name, ctypes.c_int64) for name in ("A", "K", "horizon")),
    )


class PlainC:
    """The loops of tabular_loop.c, compiled into `folder`, over the tables of the same world."""

    def __init__(self, compiler: str, folder: Path) -> None:
        library = folder / "tabular_loop.so"
        subprocess.run([compiler, *FLAGS, "-o", str(library), str(HERE / "tabular_loop.c")], check=True)
        self.loop = ctypes.CDLL(str(library))
        world = WORLD.build()
        tables = {**packed(world)._asdict(), "reward": reward_table(world, paid)}
        self.arrays = {name: np.ascontiguousarray(tables[name], dtype=dtype) for name, dtype in TABLES.items()}
        pointers = (array.ctypes.data for array in self.arrays.values())
        self.tables = TablesInC(*pointers, world.actions, world.outcomes, world.horizon)
        self.q = np.zeros((world.n_observations, world.actions))
        integer, real, pointer = ctypes.c_int64, ctypes.c_double, ctypes.c_void_p
        shared = [ctypes.POINTER(TablesInC), ctypes.c_uint64, integer, integer]
        self.loop.random_walk.restype = ctypes.c_uint64
        self.loop.random_walk.argtypes = shared
        self.loop.q_learning.restype = None
        self.loop.q_learning.argtypes = [*shared, *[real] * 5, *[pointer] * 4]

    def walk_checksum(self, steps: int) -> int:
        return int(self.loop.random_walk(ctypes.byref(self.tables), int(SEED), WORLDS, steps))

    def walk(self) -> int:
        self.walk_checksum(WALK_STEPS)
        return WORLDS * WALK_STEPS

    def train(self) -> int:
        """As `train`, leaving the learned table in `q`."""
        steps = SETTINGS.steps // WORLDS
        self.q[:] = 0.0
        places = np.zeros((3, WORLDS), dtype=np.int64)
        self.loop.q_learning(
            ctypes.byref(self.tables), int(kernel_seed(stream(0, "benchmark"))), WORLDS, steps, SETTINGS.discount,
            SETTINGS.epsilon_start, (SETTINGS.epsilon_end - SETTINGS.epsilon_start) / steps,
            SETTINGS.learning_rate, (SETTINGS.learning_rate_end - SETTINGS.learning_rate) / steps,
            *(row.ctypes.data for row in places), self.q.ctypes.data,
        )  # fmt: skip
        return SETTINGS.steps


def check_peer(peer: PlainC) -> None:
    """Exit unless C and Numba visit the same states and learn the same table, bit for bit."""
    for steps in (1, 1_000, WALK_STEPS):
        ours, theirs = walk_checksum(steps), peer.walk_checksum(steps)
        if ours != theirs:
            raise SystemExit(f"checksums after {steps} steps differ: ours {ours:016x}, plain C {theirs:016x}")
    peer.train()
    learned = train().parameters["q"]
    if not (learned == peer.q).all() or not learned.any():
        raise SystemExit(f"learned tables differ from plain C's by up to {np.abs(learned - peer.q).max()}")
    print(f"equal in Numba and C: checksum {ours:016x} of {WORLDS} x {WALK_STEPS} steps, and the table learned")


def walk_minigrid(*, symbolic: bool) -> Task:
    """A random policy in MiniGrid's empty room, seen in its own encoding or by SymbolicObsWrapper."""
    import gymnasium
    from minigrid.wrappers import SymbolicObsWrapper

    room = gymnasium.make(MINIGRID, disable_env_checker=True)
    environment = SymbolicObsWrapper(room) if symbolic else room
    generator = np.random.default_rng(0)

    def wander() -> int:
        actions = generator.integers(0, 7, size=MINIGRID_STEPS).tolist()
        environment.reset(seed=0)
        for action in actions:
            *_, terminated, truncated, _ = environment.step(action)
            if terminated or truncated:
                environment.reset()
        return MINIGRID_STEPS

    return wander


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
    for ours, peer in RATIOS[:2]:
        if peer in rates:
            word = "met" if statistics.median(ratios[f"{ours} / {peer}"]) >= GOAL else "NOT met"
            print(f"goal, {ours.removesuffix(', ours')}: at least {GOAL} of plain C in the median: {word}")


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
    return f"{said.splitlines()[0]} {' '.join(FLAGS[:3])}"


if __name__ == "__main__":
    main()

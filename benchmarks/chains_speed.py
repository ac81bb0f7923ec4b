"""CPU-seconds to the stationary law of all windows against quantecon, deeptime and pydtmc, in one run, and what grows.

`python benchmarks/chains_speed.py --peers PYTHON [--seconds 120] [--record]`. PYTHON (or $CORRIGIBLE_CHAIN_PEERS) is an
interpreter with quantecon, deeptime and pydtmc. Chains are random n-grams of 4 tokens (10 for a million windows and
more), with Gaussian logits of deviation 1 (text that forgets at once) and 4 (text that is nearly certain, which mixes
slowly). Each peer is given the matrix as it likes it, made beforehand; ours makes none. Every answer is held against
ours. A peer that needs more than --seconds CPU-seconds or --memory megabytes has reached its largest size.
"""

import argparse
import datetime
import json
import os
import platform
import resource
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

import numpy as np

from chains.plotting import plot
from corrigible.chains.exact.classes import classes_of
from corrigible.chains.exact.rates import entropy_rate
from corrigible.chains.exact.stationary import spectrum, stationary
from corrigible.chains.sources import drawn

HERE: Final = Path(__file__).resolve().parent
HISTORY: Final = HERE / "history" / "chains_speed.jsonl"
PLOT: Final = HERE / "history" / "chains_growth.svg"
PEER: Final = HERE / "chains" / "peers" / "stationary_law.py"
VARIABLE: Final = "CORRIGIBLE_CHAIN_PEERS"
PEERS: Final = ("quantecon", "deeptime", "pydtmc")
OURS: Final = "ours"
SHARPNESS: Final = (1.0, 4.0)
SIZES: Final = ((4, 3), (4, 4), (4, 5), (4, 6), (4, 7), (4, 8), (4, 9), (10, 6), (10, 7))
"""Tokens, window."""

GOAL: Final = 10.0
LIMITS: Final = {10**6: (20.0, None), 10**7: (360.0, 1000.0)}
"""Windows: CPU-seconds, megabytes."""

AGREE: Final = 1e-8
ENOUGH: Final = 0.5
"""CPU-seconds that calls are repeated for."""


@dataclass(frozen=True, kw_only=True)
class Timed:
    """Of one program on one chain. error: L1 distance of its law from ours."""

    who: str
    states: int
    sharpness: float
    seconds: float
    memory: float
    error: float = 0.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--peers", default=os.environ.get(VARIABLE, ""), help="Python that has the peers")
    parser.add_argument("--seconds", type=float, default=120.0, help="CPU-seconds that a peer may take")
    parser.add_argument("--memory", type=float, default=16_000.0, help="megabytes that a peer's matrix may take")
    parser.add_argument("--record", action="store_true", help=f"append a row to benchmarks/history/{HISTORY.name}")
    parser.add_argument("--one", nargs=3, help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.one:
        return own(int(chosen.one[0]), int(chosen.one[1]), float(chosen.one[2]))
    if not chosen.peers:
        parser.error(f"--peers or ${VARIABLE} must name a Python that has quantecon, deeptime and pydtmc")
    found = [one for sharpness in SHARPNESS for one in measured(sharpness, chosen)]
    ratios = compared(found)
    told(found, ratios)
    if chosen.record:
        record(found, ratios)
    return None


def measured(sharpness: float, chosen: argparse.Namespace) -> list[Timed]:
    """Ours at every size; each peer up to where it fails."""
    found: list[Timed] = []
    alive = list(PEERS)
    for tokens, window in SIZES:
        with tempfile.TemporaryDirectory(prefix="corrigible-chains-") as place:
            done = subprocess.run(
                [sys.executable, __file__, "--one", str(tokens), str(window), str(sharpness)],
                cwd=place, capture_output=True, text=True, check=True,
            )  # fmt: skip
            own_time = Timed(who=OURS, states=tokens**window, sharpness=sharpness, **json.loads(done.stdout))
            found.append(own_time)
            print(asdict(own_time), flush=True)
            if tokens == SIZES[0][0]:
                np.save(Path(place) / "law.npy", chain_of(tokens, window, sharpness).law)
            for who in list(alive):
                peer = None if tokens != SIZES[0][0] else asked(who, Path(place), own_time, chosen)
                if peer is None:
                    alive.remove(who)
                else:
                    found.append(peer)
                    print(asdict(peer), flush=True)
    return found


def chain_of(tokens: int, window: int, sharpness: float) -> Any:
    return drawn(tokens, window, np.random.default_rng(0), sharpness=sharpness)


def own(tokens: int, window: int, sharpness: float) -> None:
    """In a process of its own, so that the peak of memory is its own: classes and stationary law."""
    small = chain_of(tokens, 2, 1.0)
    stationary(small, classes_of(small).recurrent[0])  # compiled code is loaded
    chain = chain_of(tokens, window, sharpness)
    begun = time.process_time()
    law = stationary(chain, classes_of(chain).recurrent[0])
    calls = 1
    while time.process_time() - begun < ENOUGH:
        stationary(chain, classes_of(chain).recurrent[0])
        calls += 1
    best = (time.process_time() - begun) / calls
    np.save("ours.npy", law.law)
    print(json.dumps({"seconds": best, "memory": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}))


def asked(who: str, place: Path, ours: Timed, chosen: argparse.Namespace) -> Timed | None:
    """None: it failed, took too long, or its matrix does not fit."""
    dense = who != "deeptime"
    if dense and 8e-6 * ours.states**2 > chosen.memory:
        return None
    done = subprocess.run(
        [chosen.peers, str(PEER), who, str(place / "law.npy"), str(chosen.seconds)],
        capture_output=True, text=True, check=False, env={**os.environ, "OMP_NUM_THREADS": "1"},
    )  # fmt: skip
    if done.returncode:
        print(f"{who} at {ours.states:,} windows: {(done.stderr.strip().splitlines() or ['stopped'])[-1][:100]}")
        return None
    answer = json.loads(done.stdout.strip().splitlines()[-1])
    error = float(np.abs(np.load(place / "law.out.npy") - np.load(place / "ours.npy")).sum())
    return Timed(
        who=who, states=ours.states, sharpness=ours.sharpness, seconds=answer["seconds"], memory=answer["MB"],
        error=error,
    )  # fmt: skip


def compared(found: list[Timed]) -> dict[str, dict[str, float]]:
    """By peer and sharpness: its largest size, and how much longer it took there."""
    ratios: dict[str, dict[str, float]] = {}
    ours = {(one.states, one.sharpness): one for one in found if one.who == OURS}
    for who in PEERS:
        for sharpness in SHARPNESS:
            mine = [one for one in found if one.who == who and one.sharpness == sharpness]
            if mine:
                last = max(mine, key=lambda one: one.states)
                ratio = last.seconds / ours[last.states, sharpness].seconds
                ratios[f"{who}, logits {sharpness:g}"] = {
                    "windows": last.states, "seconds": round(last.seconds, 3), "ratio": round(ratio, 1),
                    "error": float(f"{max(one.error for one in mine):.1e}"),
                }  # fmt: skip
    return ratios


def told(found: list[Timed], ratios: dict[str, dict[str, float]]) -> None:
    for name, row in ratios.items():
        met = "met" if row["ratio"] >= GOAL else "NOT met"
        agrees = "agrees" if row["error"] <= AGREE else "DISAGREES"
        print(
            f"{name}: {row['ratio']:.1f} x at {row['windows']:,.0f} windows, its largest; goal {GOAL:g}: {met}; "
            f"{agrees} ({row['error']:.1e})"
        )
    for one in found:
        if one.who == OURS and one.states in LIMITS:
            seconds, memory = LIMITS[one.states]
            kept = one.seconds <= seconds and (memory is None or one.memory <= memory)
            print(
                f"{one.states:,} windows, logits {one.sharpness:g}: {one.seconds:.1f} CPU-s, {one.memory:.0f} MB; "
                f"goal {seconds:g} s" + (f", {memory:g} MB" if memory else "") + f": {'met' if kept else 'NOT met'}"
            )


def record(found: list[Timed], ratios: dict[str, dict[str, float]]) -> None:
    chain = chain_of(10, 5, 1.0)
    of = classes_of(chain).recurrent[0]
    law = stationary(chain, of).law
    begun = time.process_time()
    second = spectrum(chain, of).second
    row = {
        "date": datetime.datetime.now(tz=datetime.UTC).date().isoformat(),
        "cpus": os.cpu_count(), "machine": platform.machine(),
        "packages": {name: version(name) for name in ("numpy", "numba", "scipy")},
        "ratios": ratios,
        "ours": [
            {name: round(value, 3) for name, value in asdict(one).items() if name not in {"who", "error"}}
            for one in found if one.who == OURS
        ],
        "second eigenvalue of 100,000 windows": {
            "seconds": round(time.process_time() - begun, 2), "value": round(second, 6),
            "entropy rate": round(entropy_rate(chain, law), 6),
        },
    }  # fmt: skip
    with HISTORY.open("a", encoding="utf-8") as file:
        file.write(json.dumps(row) + "\n")
    plot([(one.who, one.sharpness, one.states, one.seconds) for one in found], PLOT)
    print(f"appended a row to benchmarks/history/{HISTORY.name}; plotted {PLOT.name}")


if __name__ == "__main__":
    main()

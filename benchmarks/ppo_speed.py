"""PPO from pixels, environment steps a second of wall clock, against Stable-Baselines3 and CleanRL, in one run.

`python benchmarks/ppo_speed.py [--quick] [--repeats 7] [--peers PYTHON] [--cleanrl FILE] [--record]`. Peers
(stable-baselines3; what CleanRL's script imports: tyro, tensorboard) live in an environment of their own with PyTorch
and corrigible's dependencies, whose interpreter is given by --peers or $CORRIGIBLE_PEERS. CleanRL's packages do not
install on today's Pythons: --cleanrl or $CORRIGIBLE_CLEANRL names cleanrl/ppo_atari_envpool.py of a checkout of
vwxyzjn/cleanrl; it is run as it is but for the sizes of its network. All learners have the same worlds, network,
minibatches and epochs; each peer gets the number of threads, 1 or 2, that is best for it. --record appends a row to
benchmarks/history/ppo_speed.jsonl.
"""

import argparse
import datetime
import json
import os
import platform
import statistics
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from importlib.metadata import version
from pathlib import Path
from typing import Final

from ppo.arithmetic import Arithmetic, peak
from ppo.asking import Peer
from ppo.ours import Ours
from ppo.workload import CORES, EACH, EPOCHS, MINIBATCH, ROLLOUT, WORKS, WORLDS
from voxel.asking import VARIABLE, has_module

HISTORY: Final = Path(__file__).resolve().parent / "history" / "ppo_speed.jsonl"
SCRIPT: Final = "CORRIGIBLE_CLEANRL"
GOALS: Final = {"Stable-Baselines3": 1.7, "CleanRL": 1.3}
THREADS: Final = (1, 2)
ROLLOUTS: Final = 3  # in a repeat
QUICK: Final = (1, 2)  # rollouts, repeats

Task = Callable[[int], float]
"""Does that many rollouts with their updates, and says in how many seconds."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help=f"{QUICK[1]} repeats of {QUICK[0]} rollout")
    parser.add_argument("--repeats", type=int, default=7, help="alternating repeats of every learner, at least 1")
    parser.add_argument("--works", nargs="+", choices=tuple(WORKS), default=tuple(WORKS), help="which networks")
    parser.add_argument("--peers", default=os.environ.get(VARIABLE, ""), help="Python that has the peers installed")
    parser.add_argument("--cleanrl", default=os.environ.get(SCRIPT, ""), help="CleanRL's ppo_atari_envpool.py")
    parser.add_argument("--record", action="store_true", help=f"append a row to benchmarks/history/{HISTORY.name}")
    chosen = parser.parse_args()
    if chosen.repeats < 1:
        parser.error("--repeats must be at least 1")
    rollouts, repeats = QUICK if chosen.quick else (ROLLOUTS, chosen.repeats)
    print(f"{WORLDS} worlds x {ROLLOUT} steps, {EPOCHS} epochs, minibatches of {MINIBATCH}; {CORES} cores")
    most = max(peak(threads) for threads in THREADS)
    print(f"peak of float32 matrix products: {most / 1e9:.1f} GFLOP/s")
    rows = {work: measure(work, chosen, rollouts, repeats, most) for work in chosen.works}
    if chosen.record:
        record(rows, rollouts, repeats, most)


def measure(work: str, chosen: argparse.Namespace, rollouts: int, repeats: int, most: float) -> dict[str, object]:
    """One network: all learners in turn, repeat by repeat; a first round compiles and warms up, and does not count."""
    view = WORKS[work].view
    print(f"\n{work}: {view.height} x {view.width}, {WORKS[work].filters} filters, dense {WORKS[work].dense}")
    with ExitStack() as stack:
        ours = Ours(work)
        plain = {threads: Arithmetic(work, threads) for threads in THREADS}
        tasks: dict[str, Task] = {"ours": ours.work}
        tasks |= {f"bare arithmetic, threads {threads}": one.work for threads, one in plain.items()}
        tasks |= peers_of(work, chosen.peers, chosen.cleanrl, stack)
        seconds: dict[str, list[float]] = {name: [] for name in tasks}
        for repeat in range(repeats + 1):
            for name, task in tasks.items():
                spent = task(rollouts)
                if repeat > 0:
                    seconds[name].append(spent)
            if repeat == 0:
                ours.forget()
        shares = ours.shares()
    steps = rollouts * EACH
    rates = {name: [steps / spent for spent in values] for name, values in seconds.items()}
    width = max(map(len, rates))
    print(f"{'environment steps a second':{width}}  {'median':>10}  {'least':>10}")
    for name, values in rates.items():
        print(f"{name:{width}}  {statistics.median(values):10,.0f}  {min(values):10,.0f}")
    ratios = against(rates)
    print("our time: " + ", ".join(f"{part} {share:.1%}" for part, share in shares.items()))
    bare = min((values for name, values in seconds.items() if name.startswith("bare")), key=statistics.median)
    whole = [one / other for one, other in zip(seconds["ours"], bare, strict=True)]
    print(f"our whole / bare arithmetic: {statistics.median(whole):.2f} (least {min(whole):.2f})")
    one = plain[1]
    done = EACH * rollouts * (one.forward + EPOCHS * one.both())
    reached = done / statistics.median(seconds["ours"])
    print(f"arithmetic of the whole: {reached / 1e9:.1f} GFLOP/s, {reached / most:.0%} of the peak")
    return {
        "steps a second": {name: summary(values) for name, values in rates.items()},
        "ratios": {name: summary(values) for name, values in ratios.items()},
        "shares": {part: float(f"{share:.3g}") for part, share in shares.items()},
        "whole / bare arithmetic": summary(whole),
        "share of peak": float(f"{reached / most:.3g}"),
    }


def peers_of(work: str, interpreter: str, script: str, stack: ExitStack) -> dict[str, Task]:
    """Start the peers that are there, on each number of threads, naming those that are not."""
    tasks: dict[str, Task] = {}
    wanted: dict[str, tuple[str, ...]] = {}
    if not interpreter or not has_module(interpreter, "torch"):
        where = f"no torch in {interpreter}" if interpreter else f"no --peers, no ${VARIABLE}"
        print(f"{where}: Stable-Baselines3 and CleanRL are left out")
        return tasks
    if has_module(interpreter, "stable_baselines3"):
        wanted["Stable-Baselines3"] = ("stable_baselines.py", work)
    else:
        print(f"stable_baselines3 is not installed in {interpreter}: left out")
    if Path(script).is_file():
        wanted["CleanRL"] = ("cleanrl_script.py", work, str(Path(script).resolve()))
    else:
        print(f"no --cleanrl, no ${SCRIPT} that names its script: CleanRL is left out")
    for name, (file, *arguments) in wanted.items():
        for threads in THREADS:
            try:
                peer = Peer(interpreter, file, *arguments, threads=threads)
            except ChildProcessError as error:
                print(f"{name} is left out: {error}")
                break
            stack.callback(peer.close)
            tasks[f"{name}, threads {threads}"] = peer.work
    return tasks


def against(rates: Mapping[str, list[float]]) -> dict[str, list[float]]:
    """Our rate by each peer's, repeat by repeat, on the threads that are best for the peer; printed with the goals."""
    ratios: dict[str, list[float]] = {}
    for peer, goal in GOALS.items():
        found = {name: values for name, values in rates.items() if name.startswith(peer)}
        if not found:
            print(f"ours / {peer}: not measured; goal {goal}")
            continue
        best = max(found, key=lambda name: statistics.median(found[name]))
        values = ratios[best] = [one / other for one, other in zip(rates["ours"], found[best], strict=True)]
        median = statistics.median(values)
        met = "met" if median >= goal else "NOT met"
        print(f"ours / {best}: {median:.2f} x (least {min(values):.2f}); goal {goal}: {met}")
    return ratios


def record(rows: Mapping[str, object], rollouts: int, repeats: int, most: float) -> None:
    row = {
        "date": datetime.datetime.now(tz=datetime.UTC).date().isoformat(),
        "cpus": os.cpu_count(),
        "machine": platform.machine(),
        "python": platform.python_version(),
        "packages": {name: version(name) for name in ("numba", "numpy", "torch")},
        "worlds": WORLDS, "rollout": ROLLOUT, "epochs": EPOCHS, "minibatch": MINIBATCH,
        "rollouts in a repeat": rollouts, "repeats": repeats,
        "peak GFLOP/s": float(f"{most / 1e9:.4g}"),
        "works": dict(rows),
    }  # fmt: skip
    HISTORY.parent.mkdir(exist_ok=True)
    with HISTORY.open("a", encoding="utf-8") as file:
        file.write(json.dumps(row) + "\n")
    print(f"appended a row to benchmarks/history/{HISTORY.name}")


def summary(values: list[float]) -> dict[str, float]:
    return {"median": float(f"{statistics.median(values):.4g}"), "least": float(f"{min(values):.4g}")}


if __name__ == "__main__":
    main()

"""Wall-clock seconds until PPO digs as many logs as asked, against Stable-Baselines3 and CleanRL, in one run.

`python benchmarks/ppo_skill.py [--seeds 5] [--share 0.6] [--peers PYTHON] [--cleanrl FILE] [--record]`; peers are given
as in ppo_speed.py. The worlds, view, pay and network are those of `bottom-log`, the same for all; the skill is a share
of what the planner that hops on stumps digs there (its evidence rows). All are tuned alike: each learner tries the same
learning rates, entropy bonuses and gains with which the critic begins (1 is that of both peers, 0.01 ours), and each
peer 1 and 2 threads, on seed 1000; the fastest (where none gets there, the
one that digs most) is taken on seeds 0, 1, .., learners in turn. Seconds run from a training's first step to the end of
the first round of 64 episodes that reached the skill; actions are sampled, as in training. --record appends a row to
benchmarks/history/ppo_skill.jsonl.
"""

import argparse
import datetime
import json
import math
import os
import platform
import statistics
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict
from importlib.metadata import version
from itertools import product
from pathlib import Path
from typing import Final

import numpy as np

from corrigible.statistics import mean_interval
from ppo.asking import Peer
from ppo.ours import skill as our_skill
from ppo.workload import EACH, STEPS, WORLDS, Choice
from skill_curves import ROWS, logs, read
from voxel.asking import VARIABLE, has_module

HISTORY: Final = Path(__file__).resolve().parent / "history" / "ppo_skill.jsonl"
SCRIPT: Final = "CORRIGIBLE_CLEANRL"
PILOT: Final = 1000
RATES: Final = (1e-3,)
ENTROPIES: Final = (0.01, 0.03)
GAINS: Final = (0.01, 1.0)
MOST: Final = 75  # rollouts of a training

Curve = list[tuple[float, float]]
Train = Callable[[float, int, Choice, int], Curve]
"""Enough logs, rollouts at most, settings, seed -> the curve."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=5, help="trainings of each learner, at least 2")
    parser.add_argument("--share", type=float, default=0.6, help="of the planner's logs")
    parser.add_argument("--rates", type=float, nargs="+", default=RATES, help="learning rates that each may try")
    parser.add_argument("--entropies", type=float, nargs="+", default=ENTROPIES, help="entropy bonuses, likewise")
    parser.add_argument("--gains", type=float, nargs="+", default=GAINS, help="of the critic at first, likewise")
    parser.add_argument("--peers", default=os.environ.get(VARIABLE, ""), help="Python that has the peers installed")
    parser.add_argument("--cleanrl", default=os.environ.get(SCRIPT, ""), help="CleanRL's ppo_atari_envpool.py")
    parser.add_argument("--record", action="store_true", help=f"append a row to benchmarks/history/{HISTORY.name}")
    chosen = parser.parse_args()
    if chosen.seeds < 2:
        parser.error("--seeds must be at least 2")
    enough = chosen.share * float(logs(read(ROWS)["planner-hops"], -1).mean())
    print(f"skill: {enough:.1f} logs an episode, {chosen.share:g} of the planner's; at most {MOST * EACH} steps")
    with ExitStack() as stack:
        choices = [
            Choice(rate=rate, entropy=entropy, gain=gain)
            for rate, entropy, gain in product(chosen.rates, chosen.entropies, chosen.gains)
        ]
        learners = learners_of(chosen.peers, chosen.cleanrl, stack)
        tuned = {name: tune(name, tries, enough, choices) for name, tries in learners.items()}
        seconds: dict[str, list[float]] = {name: [] for name in tuned}
        steps: dict[str, list[int]] = {name: [] for name in tuned}
        for seed in range(chosen.seeds):
            for name, (train, best, _) in tuned.items():
                curve = train(enough, MOST, best, seed)
                spent, needed = until(curve, enough)
                seconds[name].append(spent)
                steps[name].append(needed)
                print(f"seed {seed}, {name}: {spent:.1f} s, {needed} steps, {curve[-1][1]:.1f} logs", flush=True)
    ratios = against(seconds)
    if chosen.record:
        settings = {name: {**asdict(best), "threads": threads} for name, (_, best, threads) in tuned.items()}
        record(enough, settings, seconds, steps, ratios)


def learners_of(interpreter: str, script: str, stack: ExitStack) -> dict[str, dict[int, Train]]:
    """Learners by name, each with its numbers of threads; who is not there is named and left out."""
    found: dict[str, dict[int, Train]] = {"ours": {2: our_skill}}
    files: dict[str, tuple[str, ...]] = {}
    if interpreter and has_module(interpreter, "torch") and has_module(interpreter, "stable_baselines3"):
        files["Stable-Baselines3"] = ("stable_baselines.py", "small")
    else:
        print(f"no Python with torch and stable_baselines3 (--peers, ${VARIABLE}): Stable-Baselines3 is left out")
    if interpreter and has_module(interpreter, "torch") and Path(script).is_file():
        files["CleanRL"] = ("cleanrl_script.py", "small", str(Path(script).resolve()))
    else:
        print(f"no CleanRL script (--cleanrl, ${SCRIPT}) or no Python for it: left out")
    for name, (file, *arguments) in files.items():
        for threads in (1, 2):
            try:
                peer = Peer(interpreter, file, *arguments, threads=threads)
            except ChildProcessError as error:
                print(f"{name} is left out: {error}")
                break
            stack.callback(peer.close)
            found.setdefault(name, {})[threads] = peer.skill
    return found


def tune(name: str, tries: Mapping[int, Train], enough: float, choices: Sequence[Choice]) -> tuple[Train, Choice, int]:
    """The training, settings and threads that were fastest on the pilot's seed; threads first, with the first settings.

    A warm-up of two rollouts compiles kernels and is not counted.
    """
    speed: dict[int, float] = {}
    for threads, train in tries.items():
        train(math.inf, 5, choices[0], PILOT)
        speed[threads] = train(math.inf, 10, choices[0], PILOT)[-1][0]
    threads = min(speed, key=lambda one: speed[one])
    curves = {choice: tries[threads](enough, MOST, choice, PILOT) for choice in choices}
    best = min(choices, key=lambda one: (until(curves[one], enough)[0], -max(dug for _, dug in curves[one])))
    said = ", ".join(
        f"({one.rate:g}, {one.entropy:g}, {one.gain:g}) {until(curve, enough)[0]:.0f} s, {curve[-1][1]:.1f} logs"
        for one, curve in curves.items()
    )
    print(f"{name}, threads {threads}; learning rate, entropy bonus, critic's gain: {said}; taken: {best}", flush=True)
    return tries[threads], best, threads


def until(curve: Curve, enough: float) -> tuple[float, int]:
    """Seconds and steps to the skill; infinite, and all steps, where it was not reached."""
    for number, (seconds, dug) in enumerate(curve, start=1):
        if dug >= enough:
            return seconds, number * STEPS * WORLDS
    return math.inf, len(curve) * STEPS * WORLDS


def against(seconds: Mapping[str, list[float]]) -> dict[str, dict[str, float]]:
    """Each peer's seconds by ours, paired by seed: the geometric mean with its interval (Student t of logarithms)."""
    ratios: dict[str, dict[str, float]] = {}
    for name, values in seconds.items():
        print(f"{name}: median {statistics.median(values):.1f} s, {min(values):.1f} to {max(values):.1f}")
        pairs = [(other, own) for other, own in zip(values, seconds["ours"], strict=True)]
        if name == "ours":
            continue
        if not all(math.isfinite(one) for pair in pairs for one in pair):
            print(f"{name} / ours: no ratio, since the skill was not reached on every seed")
            continue
        found = mean_interval(np.log([other / own for other, own in pairs]))
        ratios[name] = {"ratio": math.exp(found.estimate), "low": math.exp(found.low), "high": math.exp(found.high)}
        print("{} / ours: {ratio:.2f} x [{low:.2f}, {high:.2f}]".format(name, **ratios[name]))
    return ratios


def record(
    enough: float,
    settings: Mapping[str, object],
    seconds: Mapping[str, list[float]],
    steps: Mapping[str, list[int]],
    ratios: Mapping[str, object],
) -> None:
    row = {
        "date": datetime.datetime.now(tz=datetime.UTC).date().isoformat(),
        "cpus": os.cpu_count(),
        "machine": platform.machine(),
        "packages": {name: version(name) for name in ("numba", "numpy", "torch")},
        "logs an episode": round(enough, 2),
        "settings": dict(settings),
        "seconds": {name: [round(one, 1) if math.isfinite(one) else None for one in v] for name, v in seconds.items()},
        "steps": dict(steps),
        "ratios": dict(ratios),
    }
    HISTORY.parent.mkdir(exist_ok=True)
    with HISTORY.open("a", encoding="utf-8") as file:
        file.write(json.dumps(row) + "\n")
    print(f"appended a row to benchmarks/history/{HISTORY.name}")


if __name__ == "__main__":
    main()

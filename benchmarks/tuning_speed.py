"""Seconds of a step of RLOO against TRL's RLOOTrainer: same model, responses, length, adapters and threads, in one run.

`python benchmarks/tuning_speed.py --peers PYTHON [--model smollm2] [--steps 6] [--rounds 3] [--record]`. PYTHON (or
$CORRIGIBLE_LM_PEERS) is an interpreter with trl, peft and this model's transformers. Both sample the same number of
responses of the same length to one prompt (ends are banned), pay them by a function that costs nothing, ask the untuned
model for its log-probabilities and make one update of low-rank adapters. Rounds alternate; each learner's first step is
not counted. --record appends a row to benchmarks/history/tuning_speed.jsonl.
"""

import argparse
import datetime
import json
import os
import platform
import statistics
import subprocess
import tempfile
import time
from importlib.metadata import version
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch

from corrigible.language.models import load_model
from corrigible.language.policy_gradient import Tuner
from corrigible.language.rewards import Texts
from corrigible.language.sampling import SamplingRule
from corrigible.language.tunable import Adapter
from corrigible.language.tuning_settings import LanguageWorld, TuningSettings
from corrigible.seeding import stream
from corrigible.types import Setup

HISTORY: Final = Path(__file__).resolve().parent / "history" / "tuning_speed.jsonl"
PEER: Final = Path(__file__).resolve().parent / "tuning" / "peers" / "trl_rloo.py"
ANSWERING: Final = Path(__file__).resolve().parent / "ppo" / "peers"
"""Where the module lies by which peers answer."""

VARIABLE: Final = "CORRIGIBLE_LM_PEERS"
GOAL: Final = 1.5
WORK: Final[dict[str, Any]] = {
    "prompt": "Once upon a time there was a small house", "samples": 16, "new_tokens": 24, "rank": 8, "beta": 0.05,
    "rate": 1e-4, "threads": 2,
}  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="smollm2", help="a model of `corrigible models list`, or a folder")
    parser.add_argument("--steps", type=int, default=6, help="steps of a round that are counted")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--peers", default=os.environ.get(VARIABLE, ""), help="Python that has trl and peft")
    parser.add_argument("--record", action="store_true", help=f"append a row to benchmarks/history/{HISTORY.name}")
    chosen = parser.parse_args()
    if not chosen.peers:
        parser.error(f"--peers or ${VARIABLE} must name a Python that has trl and peft")
    torch.set_num_threads(WORK["threads"])
    folder = load_model(chosen.model).source
    ours: list[float] = []
    theirs: list[float] = []
    ratios: list[float] = []
    for number in range(chosen.rounds):
        own, other = own_steps(chosen.model, chosen.steps), peer_steps(chosen.peers, folder, chosen.steps)
        ours += own
        theirs += other
        ratios.append(statistics.median(other) / statistics.median(own))
        print(
            f"round {number}: ours {statistics.median(own):.2f} s a step, TRL {statistics.median(other):.2f} s, "
            f"{ratios[-1]:.2f} x",
            flush=True,
        )
    ratio = statistics.median(ratios)
    met = "met" if ratio >= GOAL else "NOT met"
    print(f"TRL / ours: {ratio:.2f} x (least {min(ratios):.2f}); goal {GOAL}: {met}")
    if chosen.record:
        row = {
            "date": datetime.datetime.now(tz=datetime.UTC).date().isoformat(),
            "cpus": os.cpu_count(), "machine": platform.machine(),
            "packages": {name: version(name) for name in ("numpy", "torch", "transformers")},
            "model": chosen.model, "work": WORK, "steps": chosen.steps, "rounds": chosen.rounds,
            "seconds a step": {"ours": round(statistics.median(ours), 3), "TRL": round(statistics.median(theirs), 3)},
            "ratio": round(ratio, 3), "least": round(min(ratios), 3),
        }  # fmt: skip
        HISTORY.parent.mkdir(exist_ok=True)
        with HISTORY.open("a", encoding="utf-8") as file:
            file.write(json.dumps(row) + "\n")
        print(f"appended a row to benchmarks/history/{HISTORY.name}")


def reward(texts: Texts) -> np.ndarray:
    """Costs nothing, so that learners are compared and not evaluators."""
    return np.array([float(len(set(text.split()))) for text in texts.responses])


def own_steps(model: str, steps: int) -> list[float]:
    """Seconds of each of our steps but the first."""
    setup = Setup(
        world=LanguageWorld(
            model=model, prompts=(WORK["prompt"],), new_tokens=WORK["new_tokens"],
            rule=SamplingRule(least_tokens=WORK["new_tokens"]),
        ),
        paid=reward,
        settings=TuningSettings(
            steps=steps + 1, prompts=1, samples=WORK["samples"], beta=WORK["beta"], learning_rate=WORK["rate"],
            adapter=Adapter(rank=WORK["rank"], targets=("q_proj", "v_proj")), checkpoints=1,
        ),
    )  # fmt: skip
    marks: list[float] = []
    with Tuner(setup, stream(0, "benchmark")) as tuner:
        for _ in tuner.run(told=lambda _: marks.append(time.perf_counter())):
            pass
    return [after - before for before, after in pairwise(marks)]


def peer_steps(interpreter: str, folder: str, steps: int) -> list[float]:
    """Seconds of each of TRL's steps but the first."""
    with tempfile.TemporaryDirectory(prefix="corrigible-peer-") as place:
        done = subprocess.run(
            [interpreter, str(PEER), folder, json.dumps({**WORK, "steps": steps})],
            cwd=place, capture_output=True, text=True, check=False,
            env={
                **os.environ,
                "OMP_NUM_THREADS": str(WORK["threads"]),
                "HF_HUB_OFFLINE": "1",
                "PYTHONPATH": str(ANSWERING),
            },
        )  # fmt: skip
    if done.returncode:
        raise SystemExit(f"TRL did not run: {(done.stderr.strip().splitlines() or ['it said nothing'])[-1]}")
    return [float(second) for second in json.loads(done.stdout.strip().splitlines()[-1])]


if __name__ == "__main__":
    main()

"""Estimators of an end on a real model against enumeration: `python benchmarks/chain_one_step.py [--record]`.

SmolLM2, one token between prompt and end: the likeliest tokens are enumerated, and each estimator of `chains.sampled`
answers from 8 runs of 48 samples (seed 1). --record appends a row to benchmarks/history/chain_one_step.jsonl.
"""

import argparse
import datetime
import json
import math
import os
import platform
from pathlib import Path
from typing import Any, Final

import numpy as np

from corrigible.chains.sampled.bridges import before_the_end, bridged
from corrigible.chains.sampled.effort import Effort, pictured
from corrigible.chains.sampled.estimates import estimated
from corrigible.chains.sampled.events import Question, saying
from corrigible.chains.sampled.lookahead import looked_ahead
from corrigible.chains.sampled.one_step import one_step
from corrigible.chains.sampled.smc import Particles, particles
from corrigible.chains.sampled.windowed import Windowed
from corrigible.language.models import load_model
from corrigible.seeding import stream

HISTORY: Final = Path(__file__).resolve().parent / "history" / "chain_one_step.jsonl"
PROMPT: Final = "Once upon a time there was a king who"
END: Final = " by his people"
EFFORT: Final = Effort(samples=48, runs=8, sweeps=0, texts=12, rounds=1, splits=False)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--record", action="store_true", help=f"append a row to benchmarks/history/{HISTORY.name}")
    chosen = parser.parse_args()
    chain = Windowed(model=load_model("smollm2"), window=64)
    start, string = chain.tokens(PROMPT), tuple(chain.tokens(END).tolist())
    exact = one_step(chain, start, string, stream(0, "one step"), tried=1000, drawn=100)
    question = Question(
        chain=chain, start=start, event=saying(string, END, chain.window), steps=len(string) + 1, at_end=True
    )
    rows: list[dict[str, Any]] = [{"how": "enumeration", "value": exact.probability, "error": exact.error}]
    for how, runs in answers(question).items():
        one = estimated(how, np.array([math.exp(run.log_z) for run in runs]))
        rows.append({"how": how, "value": one.value, "low": one.low, "high": one.high, "relative error": one.error})
    for row in rows:
        print(json.dumps(row), flush=True)
    if chosen.record:
        row = {
            "date": datetime.datetime.now(tz=datetime.UTC).date().isoformat(), "cpus": os.cpu_count(),
            "machine": platform.machine(), "prompt": PROMPT, "end": END, "rows": rows,
        }  # fmt: skip
        with HISTORY.open("a", encoding="utf-8") as file:
            file.write(json.dumps(row) + "\n")


def answers(question: Question) -> dict[str, list[Particles]]:
    """Runs of each estimator."""
    generator = stream(1, "one step")
    picture = pictured(question, EFFORT, generator)
    proposal = before_the_end(question, generator)
    count = EFFORT.samples
    return {
        "led samples": [particles(question, picture, count, child) for child in generator.spawn(EFFORT.runs)],
        "samples that look ahead": [looked_ahead(question, count, child) for child in generator.spawn(EFFORT.runs)],
        "bridges from behind": [bridged(question, proposal, count, child) for child in generator.spawn(EFFORT.runs)],
    }


if __name__ == "__main__":
    main()

"""How good the estimators of `corrigible.chains.sampled` are, where every window can be summed over.

`python benchmarks/chain_estimators.py [--runs 200] [--record]`. For chains and strings whose probability is known, each
estimator answers --runs times. Printed: the share of its 95 % intervals that hold the truth, with its own exact
interval; the mean over the truth; the relative error of an answer; tokens read for it. Last: how often a wrong score is
caught by an unrelated one, and how often a right one is accused. --record appends a row to
benchmarks/history/chain_estimators.jsonl.
"""

import argparse
import datetime
import json
import math
import os
import platform
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from corrigible.chains.exact.windows import WindowChain
from corrigible.chains.sampled.chain import Enumerated
from corrigible.chains.sampled.effort import Effort, pictured
from corrigible.chains.sampled.estimates import CHANCE, KNOWS, Estimate, chance_of, repeated
from corrigible.chains.sampled.events import Event, Question, exactly, mostly, saying
from corrigible.chains.sampled.rare import led
from corrigible.chains.sampled.scoring import scored
from corrigible.chains.sampled.splitting import members_said, split, string_ahead
from corrigible.chains.sources import drawn, planted_loop, planted_topic
from corrigible.seeding import stream
from corrigible.statistics.intervals import proportion_interval

HISTORY: Final = Path(__file__).resolve().parent / "history" / "chain_estimators.jsonl"
EFFORT: Final = Effort(samples=256, runs=16, texts=48)
LED, SCORED, SPLIT = "led samples", "scored ends", "split texts"

Estimator = Callable[[Question, np.random.Generator], Estimate]


@dataclass(frozen=True, kw_only=True)
class Case:
    """A chain and what is asked of it."""

    name: str
    chain: WindowChain
    event: Event
    steps: int

    def question(self) -> Question:
        return Question(
            chain=Enumerated(chain=self.chain), start=np.arange(self.chain.window), event=self.event, steps=self.steps
        )


def cases() -> list[Case]:
    """Mixing, sharp and sticky chains; from one in a hundred to one in thirty thousand million."""
    mixing = drawn(8, 4, np.random.default_rng(0), sharpness=2.0)
    sharp = drawn(8, 3, np.random.default_rng(1), sharpness=4.0)
    loop = planted_loop(8, 4, [1, 2, 3], keep=0.97)
    sticky = planted_topic(2, 4, 4, stay=0.998)
    stickier = planted_topic(2, 4, 4, stay=0.9999)
    return [
        Case(name="mixing", chain=mixing, event=saying((1, 5, 5, 2), "", 4), steps=24),
        Case(name="sharp", chain=sharp, event=saying((4, 4, 2), "", 3), steps=24),
        Case(name="out of a loop", chain=loop, event=saying((7, 7, 7, 7), "", 4), steps=24),
        Case(name="another topic", chain=sticky, event=saying((7, 7, 7, 7), "", 4), steps=30),
        Case(name="a topic never seen", chain=stickier, event=saying((7, 7, 7, 7), "", 4), steps=30),
        Case(name="a topic never seen, soon", chain=stickier, event=saying((7, 7, 7, 7), "", 4), steps=8),
        Case(name="predicate", chain=sticky, event=mostly(np.arange(8) >= 4, 4, ""), steps=30),
    ]


def by_picture(question: Question, generator: np.random.Generator) -> Estimate:
    return led(question, pictured(question, EFFORT, generator), EFFORT, generator)


def by_ends(question: Question, generator: np.random.Generator) -> Estimate:
    return repeated(SCORED, EFFORT.runs, lambda child: scored(question, EFFORT.samples, child), generator)


def by_splitting(question: Question, generator: np.random.Generator) -> Estimate:
    score = string_ahead(question) if question.event.string is not None else members_said(question)
    return repeated(SPLIT, EFFORT.runs, lambda child: split(question, score, EFFORT.samples, child), generator)


ESTIMATORS: Final[dict[str, Estimator]] = {LED: by_picture, SCORED: by_ends, SPLIT: by_splitting}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=200, help="answers of each estimator")
    parser.add_argument("--record", action="store_true", help=f"append a row to benchmarks/history/{HISTORY.name}")
    chosen = parser.parse_args()
    rows: list[dict[str, Any]] = []
    for case in cases():
        found: dict[str, list[Estimate]] = {}
        truth = exactly(case.chain, case.question())
        for name, estimator in ESTIMATORS.items():
            if case.event.string is None and name == SCORED:
                continue
            begun, question = time.process_time(), case.question()
            found[name] = [
                estimator(question, stream(seed, "estimators", case.name, name)) for seed in range(chosen.runs)
            ]
            tokens = question.chain.spent.tokens // chosen.runs
            rows.append(row_of(case, name, found[name], truth, tokens))
            rows[-1]["seconds"] = round((time.process_time() - begun) / chosen.runs, 3)
            print(told(rows[-1]), flush=True)
        rows += accused(case, found, truth)
    if chosen.record:
        row = {
            "date": datetime.datetime.now(tz=datetime.UTC).date().isoformat(), "cpus": os.cpu_count(),
            "machine": platform.machine(), "runs": chosen.runs, "samples": EFFORT.samples, "of runs": EFFORT.runs,
            "rows": rows,
        }  # fmt: skip
        with HISTORY.open("a", encoding="utf-8") as file:
            file.write(json.dumps(row) + "\n")
        print(f"appended a row to benchmarks/history/{HISTORY.name}")


def row_of(case: Case, name: str, found: list[Estimate], truth: float, tokens: int) -> dict[str, Any]:
    held = sum(one.low <= truth <= one.high for one in found)
    share = proportion_interval(held, len(found))
    errors = [one.error for one in found if math.isfinite(one.error)]
    return {
        "case": case.name, "truth": truth, "estimator": name,
        "coverage": [round(share.estimate, 3), round(share.low, 3), round(share.high, 3)],
        "mean over truth": round(float(np.mean([one.value for one in found])) / truth, 3),
        "median relative error": round(float(np.median(errors)), 3) if errors else None,
        "blind": sum(not math.isfinite(one.error) for one in found),
        "tokens": tokens,
    }  # fmt: skip


def told(row: dict[str, Any]) -> str:
    share, low, high = row["coverage"]
    error = "-" if row["median relative error"] is None else f"{row['median relative error']:.2f}"
    return (
        f"{row['case']:26} p = {row['truth']:.2e}  {row['estimator']:12} coverage {share:.2f} [{low:.2f}, {high:.2f}]  "
        f"mean/truth {row['mean over truth']:.2f}  relative error {error}  blind {row['blind']}  "
        f"{row['tokens']:,} tokens, {row['seconds']:.2f} CPU-s"
    )


def accused(case: Case, found: dict[str, list[Estimate]], truth: float) -> list[dict[str, Any]]:
    """By pairs of estimators and answer: believed and right, believed and wrong (neither interval holds), refused."""
    rows: list[dict[str, Any]] = []
    for name, others in found.items():
        if name == LED:
            continue
        outcome = {"believed, right": 0, "believed, wrong": 0, "refused, one knows too little": 0, "refused, apart": 0}
        for one, other in zip(found[LED], others, strict=True):
            if max(one.error, other.error) > KNOWS:
                outcome["refused, one knows too little"] += 1
            elif chance_of(one, other) < CHANCE:
                outcome["refused, apart"] += 1
            else:
                best = min((one, other), key=lambda each: each.error)
                near = abs(math.log(best.value / truth)) <= math.log(2.0)
                outcome["believed, right" if near else "believed, wrong"] += 1
        rows.append({"case": case.name, "pair": [LED, name], **outcome})
        print(f"{case.name:26} {LED} and {name}: {outcome} (right: within a factor of 2)", flush=True)
    return rows


if __name__ == "__main__":
    main()

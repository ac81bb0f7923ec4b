"""Does a model's own text go astray, and do errors heal? Over temperature, top-p and window, seeds by seeds.

`python benchmarks/chain_drift.py [--model smollm2] [--seeds 3] [--record]`. For each setting: the energy distance of
its next-token laws on its own text from those on the reference, early and late; the excess divergence after a planted
error, early and late; texts that fall into a loop. --record appends a row to benchmarks/history/chain_drift.jsonl.
"""

import argparse
import datetime
import json
import os
import platform
from pathlib import Path
from typing import Any, Final

import numpy as np

from corrigible.chains.decoding import Decoding
from corrigible.chains.sampled.attractors import attractors
from corrigible.chains.sampled.drift import drift, planted_error
from corrigible.chains.sampled.references import reference_tokens
from corrigible.chains.sampled.windowed import Windowed
from corrigible.language.models import load_model
from corrigible.seeding import stream
from corrigible.statistics.intervals import mean_interval

HISTORY: Final = Path(__file__).resolve().parent / "history" / "chain_drift.jsonl"
SETTINGS: Final = (
    {"temperature": 1.0, "window": 64},
    {"temperature": 0.7, "window": 64},
    {"temperature": 0.4, "window": 64},
    {"temperature": 1.0, "top_p": 0.9, "window": 64},
    {"temperature": 1.0, "window": 24},
    {"temperature": 0.4, "window": 24},
)
PROMPT: Final = 16
STEPS: Final = 48
TEXTS: Final = 16


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="smollm2", help="a model of `corrigible models list`, or a folder")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--record", action="store_true", help=f"append a row to benchmarks/history/{HISTORY.name}")
    chosen = parser.parse_args()
    model = load_model(chosen.model)
    rows: list[dict[str, Any]] = []
    for setting in SETTINGS:
        found = [asked(model, setting, seed) for seed in range(chosen.seeds)]
        row: dict[str, Any] = {"setting": setting}
        for name in found[0]:
            values = [one[name] for one in found]
            interval = mean_interval(values) if len(values) > 1 else None
            row[name] = [round(float(np.mean(values)), 4)] + (
                [round(interval.low, 4), round(interval.high, 4)] if interval is not None else []
            )
        rows.append(row)
        print(json.dumps(row), flush=True)
    if chosen.record:
        row = {
            "date": datetime.datetime.now(tz=datetime.UTC).date().isoformat(), "cpus": os.cpu_count(),
            "machine": platform.machine(), "model": chosen.model, "seeds": chosen.seeds, "prompt": PROMPT,
            "steps": STEPS, "texts": TEXTS, "rows": rows,
        }  # fmt: skip
        with HISTORY.open("a", encoding="utf-8") as file:
            file.write(json.dumps(row) + "\n")
        print(f"appended a row to benchmarks/history/{HISTORY.name}")


def asked(model: Any, setting: dict[str, Any], seed: int) -> dict[str, float]:
    """Of one seed."""
    decoding = Decoding(temperature=setting["temperature"], top_p=setting.get("top_p"))
    chain = Windowed(model=model, window=setting["window"], decoding=decoding)
    texts, _ = reference_tokens(chain, length=PROMPT + STEPS, count=TEXTS, generator=stream(seed, "drift", "reference"))
    told = drift(chain, texts, PROMPT, stream(seed, "drift", "own"))
    error = planted_error(chain, texts[:, :PROMPT], STEPS, stream(seed, "drift", "error"))
    return {
        "apart early": told.change.early, "apart late": told.change.late, "apart change": told.change.change,
        "error early": error.change.early, "error late": error.change.late, "error change": error.change.change,
        "loops": attractors(told.own.said).caught.share,
    }  # fmt: skip


if __name__ == "__main__":
    main()

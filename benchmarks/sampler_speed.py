"""Tokens a second of our sampler against transformers' `generate`, on the same model and prompts, in one run.

`python benchmarks/sampler_speed.py [--model smollm2] [--batches 1 8 32 64] [--tokens 32] [--repeats 5] [--record]`.
Both sample at temperature 1 without truncation, exactly --tokens tokens after the same prompts; ours also returns
log-probabilities under the rule and under the model. The bound is two operations a weight and token, at the peak of
float32 matrix products on the same threads. --record appends a row to benchmarks/history/sampler_speed.jsonl.
"""

import argparse
import datetime
import json
import os
import platform
import statistics
import time
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch

from corrigible.language.models import LanguageModel, load_model
from corrigible.language.sampling import SamplingRule, padded_left, sample
from ppo.arithmetic import peak

HISTORY: Final = Path(__file__).resolve().parent / "history" / "sampler_speed.jsonl"
GOAL: Final = (32, 1.15)
PROMPTS: Final = (
    "Once upon a time there was a small house",
    "The ship came home after a long winter",
    "She opened the letter and began to read",
    "In the morning the market was full of",
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--model", default="smollm2", help="a model of `corrigible models list`, a folder or a hub name"
    )
    parser.add_argument("--batches", type=int, nargs="+", default=(1, 8, 32, 64))
    parser.add_argument("--tokens", type=int, default=32)
    parser.add_argument("--repeats", type=int, default=5, help="alternating repeats, after one that is not counted")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--record", action="store_true", help=f"append a row to benchmarks/history/{HISTORY.name}")
    chosen = parser.parse_args()
    torch.set_num_threads(chosen.threads)
    model = load_model(chosen.model)
    most = peak(chosen.threads)
    weights = sum(parameter.numel() for parameter in model.network.parameters())
    print(f"{model.name}: {weights / 1e6:.1f}M weights, {chosen.threads} threads, peak {most / 1e9:.0f} GFLOP/s")
    rows: dict[str, Any] = {}
    for batch in chosen.batches:
        ours, theirs = measure(model, batch, chosen.tokens, chosen.repeats)
        ratios = [b / a for a, b in zip(ours, theirs, strict=True)]
        rate = batch * chosen.tokens / statistics.median(ours)
        share = 2.0 * weights * rate / most
        ratio = statistics.median(ratios)
        said = ""
        if batch == GOAL[0]:
            said = f"; goal {GOAL[1]}: {'met' if ratio >= GOAL[1] else 'NOT met'}"
        print(
            f"batch {batch:3}: ours {rate:6.0f} tokens/s, generate "
            f"{batch * chosen.tokens / statistics.median(theirs):6.0f}; {ratio:.2f} x (least {min(ratios):.2f}), "
            f"{share:.0%} of the bound{said}",
            flush=True,
        )
        rows[str(batch)] = {
            "tokens a second": round(rate, 1), "ratio": round(ratio, 3), "least": round(min(ratios), 3),
            "share of bound": round(share, 3),
        }  # fmt: skip
    if chosen.record:
        record(chosen, rows, most)


def measure(model: LanguageModel, batch: int, tokens: int, repeats: int) -> tuple[list[float], list[float]]:
    """Seconds of both, repeat by repeat."""
    rows = [model.encode(PROMPTS[k % len(PROMPTS)]) for k in range(batch)]
    rule = SamplingRule(least_tokens=tokens)
    ours: list[float] = []
    theirs: list[float] = []
    for repeat in range(repeats + 1):
        generator = np.random.default_rng(repeat)
        began = time.perf_counter()
        found = sample(model, rows, new_tokens=tokens, generator=generator, rule=rule)
        middle = time.perf_counter()
        made = generate(model, rows, tokens)
        ended = time.perf_counter()
        assert found.tokens.shape == (batch, tokens)
        assert made == tokens
        if repeat:
            ours.append(middle - began)
            theirs.append(ended - middle)
    return ours, theirs


@torch.no_grad()
def generate(model: LanguageModel, rows: list[list[int]], tokens: int) -> int:
    """transformers' own; returns how many tokens it added."""
    ids, mask = padded_left(rows, padding=model.padding, device=model.device)
    made = model.network.generate(
        input_ids=ids, attention_mask=mask, do_sample=True, temperature=1.0, top_k=0, top_p=1.0,
        min_new_tokens=tokens, max_new_tokens=tokens, pad_token_id=model.padding,
    )  # fmt: skip
    return int(made.shape[1] - ids.shape[1])


def record(chosen: argparse.Namespace, rows: dict[str, Any], most: float) -> None:
    row = {
        "date": datetime.datetime.now(tz=datetime.UTC).date().isoformat(),
        "cpus": os.cpu_count(),
        "machine": platform.machine(),
        "packages": {name: version(name) for name in ("numpy", "torch", "transformers")},
        "model": chosen.model, "tokens": chosen.tokens, "threads": chosen.threads, "repeats": chosen.repeats,
        "peak GFLOP/s": float(f"{most / 1e9:.4g}"),
        "batches": rows,
    }  # fmt: skip
    HISTORY.parent.mkdir(exist_ok=True)
    with HISTORY.open("a", encoding="utf-8") as file:
        file.write(json.dumps(row) + "\n")
    print(f"appended a row to benchmarks/history/{HISTORY.name}")


if __name__ == "__main__":
    main()

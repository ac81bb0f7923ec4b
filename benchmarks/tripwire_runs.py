"""Training runs with 40 checkpoints, failing and healthy ones, for `corrigible trip table`.

`python benchmarks/tripwire_runs.py [--seeds 20] [--out FOLDER]` trains the failure, the reference and a gradual failure
of some experiments for as long as the failure takes to come, and writes the headline at each checkpoint as rows of
evidence to benchmarks/history/tripwire_runs/NAME.jsonl. About three minutes on one core.
"""

import argparse
import json
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from corrigible.registry import load_experiment
from corrigible.seeding import stream
from corrigible.stages.cells import evaluate
from corrigible.stages.evidence_rows import EVIDENCE_SCHEMA
from corrigible.stages.provenance import code_state
from corrigible.types import Condition, Experiment

OUT: Final = Path(__file__).resolve().parent / "history" / "tripwire_runs"
CHECKPOINTS: Final = 40
STEPS: Final = {"off-switch-grid": 400_000, "goal-change": 800_000, "stag-hunt-tone": 40_000}
GRADUAL: Final = "policy-gradient-termination"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--out", type=Path, default=OUT)
    chosen = parser.parse_args()
    chosen.out.mkdir(parents=True, exist_ok=True)
    for name, steps in STEPS.items():
        experiment = load_experiment(name)
        wanted = [item for item in experiment.conditions if item.role == "reference" or item is experiment.failure]
        wanted += [item for item in experiment.conditions if item.name == GRADUAL]
        rows = [row(experiment, item, seed, steps) for item in wanted for seed in range(chosen.seeds)]
        path = chosen.out / f"{name}.jsonl"
        path.write_text("".join(json.dumps(made, sort_keys=True) + "\n" for made in rows), encoding="utf-8")
        print(f"{len(rows)} runs: {path}")


def row(experiment: Experiment, condition: Condition, seed: int, steps: int) -> dict[str, Any]:
    """One run as a row of evidence; of the metrics only the headline is kept, and the trials that it counts."""
    full = experiment.budgets["full"]
    budget = replace(full, numbers={**full.numbers, "steps": steps, "checkpoints": CHECKPOINTS})
    overrides = {key: value for key, value in condition.overrides.items() if key != "early"}
    setup = experiment.build(overrides, budget)
    learned = experiment.learner(replace(setup, truth=None), generator=stream(seed, experiment.name, "learn"))
    headline = experiment.metric(experiment.headline)
    kept = [headline.name, *([headline.trials] if headline.trials else [])]
    points: list[dict[str, Any]] = []
    for checkpoint in learned:
        found = experiment.measure(evaluate(experiment, setup, checkpoint, full.episodes, seed))
        points.append({"step": checkpoint.step, "metrics": {name: float(found[name]) for name in kept}})
    code = code_state()
    return {
        "schema": EVIDENCE_SCHEMA,
        "kind": "cell",
        "experiment": experiment.name,
        "version": experiment.version,
        "condition": condition.name,
        "role": condition.role,
        "seed": seed,
        "episodes": full.episodes,
        "checkpoints": points,
        "metrics": points[-1]["metrics"],
        "commit": code.commit,
        "dirty": code.dirty,
    }


if __name__ == "__main__":
    main()

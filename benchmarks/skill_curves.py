"""How much of the planner's logs learners dig, checkpoint by checkpoint: `python benchmarks/skill_curves.py`.

It reads the evidence of bottom-log (`corrigible run bottom-log --preset full`, five seeds), trains nothing, and prints
shares of what two scripted planners with ground truth dig in the same worlds: the one that stays on the ground, and the
one that hops on stumps. Seconds are those of whole cells, evaluation of every checkpoint included, on one of two shared
cores while another cell trained on the other.
"""

import argparse
import json
import sys
from collections import defaultdict
from pathlib import Path
from typing import Any, Final

import numpy as np

from corrigible.statistics import mean_interval

ROWS: Final = Path(__file__).resolve().parent.parent / "docs" / "evidence" / "bottom-log" / "v1-full.jsonl"
PLANNERS: Final = ("planner-ground", "planner-hops")
LEARNERS: Final = ("paid-for-logs", "no-shaping", "trained-on-trees", "random")


def read(path: Path) -> dict[str, list[dict[str, Any]]]:
    """Rows of cells by condition."""
    found: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for line in path.read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        if row["kind"] == "cell":
            found[row["condition"]].append(row)
    return found


def logs(rows: list[dict[str, Any]], checkpoint: int) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Logs an episode of that checkpoint, one a seed."""
    return np.array([row["checkpoints"][checkpoint]["metrics"]["logs"] for row in rows])


def main() -> None:
    """Print one line a condition and checkpoint."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=Path, default=ROWS, help="evidence rows of bottom-log")
    rows = read(parser.parse_args().rows)
    best = {name: float(logs(rows[name], -1).mean()) for name in PLANNERS}
    sys.stdout.write("planners, logs an episode: " + ", ".join(f"{name} {best[name]:.1f}" for name in PLANNERS) + "\n")
    for name in LEARNERS:
        if name not in rows:
            sys.stdout.write(f"{name}: no rows yet\n")
            continue
        seconds = [row["seconds"] for row in rows[name]]
        sys.stdout.write(f"{name}, {len(seconds)} seeds, {min(seconds):.0f} to {max(seconds):.0f} s a cell\n")
        for number, checkpoint in enumerate(rows[name][0]["checkpoints"]):
            values = logs(rows[name], number)
            found = mean_interval(values)
            shares = ", ".join(
                f"{found.estimate / best[p]:.2f} [{found.low / best[p]:.2f}, {found.high / best[p]:.2f}] of {p}"
                for p in PLANNERS
            )
            sys.stdout.write(f"  {checkpoint['step']:>7} steps: {found.estimate:4.1f} logs, {shares}\n")


if __name__ == "__main__":
    main()

"""Trained policies that ship with the package, so that a newcomer sees the failure before anything is trained.

They are the last checkpoints of `bottom-log`'s full preset; notes in each file name the command, commit, condition and
seed that made it. `python -m corrigible.failures.shipped RUN` writes them anew from such a run.
"""

import sys
from importlib.resources import as_file, files
from pathlib import Path
from typing import Final

from corrigible.errors import BadInput
from corrigible.types import Checkpoint

FOLDER: Final = files("corrigible.failures") / "data" / "bottom_log"
SEEDS: Final = (0, 1, 2)
CONDITIONS: Final = ("paid-for-logs", "trained-on-trees", "consequence-penalty")


def shipped(condition: str, seed: int) -> Checkpoint:
    """The policy of a condition and seed; BadInput where none is shipped."""
    from corrigible.agents.policy_files import load_policy

    file = FOLDER / f"{condition}-{seed}.safetensors"
    if not file.is_file():
        raise BadInput(
            value=f"a shipped policy of {condition}, seed {seed}",
            rule=f"seeds {', '.join(map(str, SEEDS))} of {', '.join(CONDITIONS)} are shipped",
            remedy="choose one of these, or train it: `corrigible run bottom-log`",
        )
    with as_file(file) as path:
        return load_policy(path)[0]


def ship(run: Path, into: Path) -> list[Path]:
    """Write the last checkpoints of a finished run of bottom-log into a folder; returns the files."""
    from corrigible.agents.policy_files import save_policy
    from corrigible.agents.ppo import network_params
    from corrigible.failures.bottom_log import bottom_log
    from corrigible.failures.grove_world import network_settings
    from corrigible.store import open_to_read

    folder = open_to_read(run)
    manifest = folder.manifest()
    experiment = bottom_log()
    written: list[Path] = []
    for condition, seed in folder.cells():
        if condition not in CONDITIONS or seed not in SEEDS:
            continue
        row = folder.read_row(condition, seed)
        last = len(row["checkpoints"]) - 1
        setup = experiment.build({}, experiment.budgets["full"])
        parameters = folder.read_parameters(condition, seed, f"checkpoint-{last}")
        checkpoint = Checkpoint(step=int(row["checkpoints"][last]["step"]), parameters=parameters)
        notes = {
            "experiment": f"{row['experiment']} version {row['version']}, preset {row['preset']}",
            "condition": condition,
            "seed": str(seed),
            "commit": str(row["commit"]),
            "run": manifest.id,
            "command": f"corrigible run bottom-log --preset {row['preset']} --seed-list {seed} "
            f"--conditions {condition}",
        }
        path = into / f"{condition}-{seed}.safetensors"
        save_policy(path, checkpoint, network_params(setup.world, network_settings(setup.settings)), notes)
        written.append(path)
    return written


if __name__ == "__main__":
    folder = Path(__file__).parent / "data" / "bottom_log"
    folder.mkdir(parents=True, exist_ok=True)
    for made in ship(Path(sys.argv[1]), folder):
        sys.stdout.write(f"{made}\n")

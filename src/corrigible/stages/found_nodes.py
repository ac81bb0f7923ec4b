"""What the miner of consequences finds in the failure of a finished run, as a file for the remedy consequence-penalty.

`python -m corrigible.stages.found_nodes RUN FILE`.
"""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from corrigible.detect.consequences import find_consequences
from corrigible.errors import BadInput, CorrigibleError
from corrigible.mitigate.consequence_penalty import found_nodes
from corrigible.sandbox.voxel.found_nodes import FoundNodesFile
from corrigible.seeding import stream
from corrigible.stages.cells import as_seen, read_views, setup_of
from corrigible.stages.opening import plan_of
from corrigible.stages.plan import Plan
from corrigible.store import RunFolder, open_to_read, replace_file
from corrigible.types import Condition, WorldTrace

MOST: Final = 3
"""The most telling findings are kept."""

LEAST_SEEDS: Final = 2
"""What only one seed shows is an accident of that seed rather than of what it was paid."""


def main(given: Sequence[str]) -> int:
    """Read RUN, write FILE, say what was found; returns the exit code."""
    try:
        if len(given) != 2:
            raise BadInput(value=f"{len(given)} arguments", rule="they are RUN and FILE", remedy="name both")
        run, path = map(Path, given)
        command = f"python -m corrigible.stages.found_nodes {run.name} {path.name}"
        file = findings_of(open_to_read(run), command=command)
        replace_file(path, (file.model_dump_json(indent=1) + "\n").encode())
    except CorrigibleError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_code
    sys.stdout.write("\n".join(item.sentence for item in file.found) or "nothing was found")
    sys.stdout.write("\n")
    return 0


def findings_of(run: RunFolder, *, command: str) -> FoundNodesFile:
    """What the failure changes or leaves against the reference, over all seeds of a run that have both."""
    plan = plan_of(run)
    failure, reference = plan.experiment.failure, plan.experiment.reference
    seeds = [seed for seed in plan.seeds if all(run.has_cell(one.name, seed) for one in (failure, reference))]
    consequences = find_consequences(
        [trace_of(plan, run, failure, seed) for seed in seeds],
        {reference.name: [trace_of(plan, run, reference, seed) for seed in seeds]},
        generator=stream(0, plan.experiment.name, "found nodes"),
    )
    return FoundNodesFile(
        schema_version=1,
        experiment=plan.experiment.name,
        version=plan.experiment.version,
        preset=plan.preset,
        policy=failure.name,
        against=reference.name,
        seeds=seeds,
        commit=str(run.read_row(failure.name, seeds[0])["commit"]),
        command=command,
        found=list(found_nodes([item for item in consequences if item.seeds >= LEAST_SEEDS])[:MOST]),
    )


def trace_of(plan: Plan, run: RunFolder, condition: Condition, seed: int) -> WorldTrace:
    """The changes of the world in a condition's evaluation."""
    setup = as_seen(plan, setup_of(plan, condition))
    return read_views(plan.experiment, setup, run, condition.name, seed).world_trace


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

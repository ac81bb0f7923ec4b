"""THE MAIN PATH: sandbox -> failure -> detect -> explain -> mitigate -> evidence -> decision, from top to bottom.

Command line: `corrigible run off-switch-grid`. Python: `corrigible.run("off-switch-grid", seeds=3)`.
"""

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import TypeAlias

from corrigible.errors import BadInput
from corrigible.stages.opening import refuse_with_resume, reopen, start
from corrigible.stages.overseen import check_metric, documents_given
from corrigible.stages.plan import Cell, Plan, make_plan
from corrigible.stages.reporting import write_report
from corrigible.stages.results import RESULTS_FILE, Results, conclude, to_json
from corrigible.stages.stopping import ending_said
from corrigible.stages.workers import check_workers, run_cells
from corrigible.store import RunFolder
from corrigible.types import ProofResult, Verdict

Progress: TypeAlias = Callable[[str, int, int], None]  # (what is being done, cells finished, cells in all)


@dataclass(frozen=True, kw_only=True)
class Run:
    """A finished run: where it lies, what it found, and the hash of everything learned and done."""

    id: str
    path: Path
    report: Path
    fingerprint: str
    results: Results

    @property
    def verdicts(self) -> tuple[Verdict, ...]:
        """One verdict for every claim."""
        return tuple(verdict for verdict in self.results.verdicts if not verdict.part)


def run(
    name: str | None = None,
    *,
    preset: str | None = None,
    seeds: int | Sequence[int] | None = None,
    conditions: Sequence[str] | None = None,
    workers: int | None = None,
    resume: str | Path | None = None,
    out: str | Path = "runs",
    device: str | None = None,
    tripwire: str | Path | None = None,
    owners: str | Path | None = None,
    progress: Progress | None = None,
) -> Run:
    """Run an experiment to its report, or finish one that was stopped.

    Args:
        name: a registered experiment (`corrigible list`); may be left out with `resume`.
        preset: smoke, quick or full; None takes quick.
        seeds: how many (0, 1, ...), or which; None takes the preset's number.
        conditions: names to run besides failure and reference; None runs all, with every remedy that applies.
        workers: processes; None chooses. Results do not depend on it.
        resume: a run folder; its own settings are used, others are refused, and so is a `name` that differs.
        out: folder that holds run folders.
        device: cpu or cuda, for learners that use a network; None takes the CPU.
        tripwire, owners: a tripwire and the register of its owners (docs/tripwires.md), under which every cell trains.
        progress: called after every cell.

    Raises:
        BadInput: an argument breaks a rule; nothing was written.
        StoreFault: the folder cannot be read or written; what was stored is kept.
        Tripped: the tripwire stopped a cell; it says who has to decide before the run is resumed.
        Interrupted: Ctrl-C (twice: without the cells in work); finished cells are stored; it says how to go on.
    """
    check_workers(workers)
    if resume is not None:
        given = {"preset": preset, "seeds": seeds, "conditions": conditions, "device": device}
        refuse_with_resume({**given, "tripwire": tripwire, "owners": owners})
        plan, folder = reopen(Path(resume), name)
    else:
        plan = make_plan(
            _required(name), preset=preset or "quick", seeds=seeds, conditions=conditions, device=device or "cpu"
        )
        folder = start(plan, Path(out), check_metric(plan, documents_given(tripwire, owners)))
    with folder, ending_said(folder):
        make_failures(plan, folder, workers, progress or _silent)
        return find_explain_judge(plan, folder, progress or _silent)


def make_failures(plan: Plan, folder: RunFolder, workers: int | None, progress: Progress) -> None:
    """sandbox -> failure -> mitigate: train and roll out every condition on every seed, with and without remedies."""
    done = 0
    waves = plan.waves()
    total = sum(len(wave) for wave in waves)

    def finished(cell: Cell) -> None:
        nonlocal done
        done += 1
        progress(f"{cell.condition}, seed {cell.seed}", done, total)

    for wave in waves:
        missing = [cell for cell in wave if not folder.has_cell(cell.condition, cell.seed)]
        done += len(wave) - len(missing)
        run_cells(missing, folder.path, workers=workers, finished=finished)


def find_explain_judge(plan: Plan, folder: RunFolder, progress: Progress) -> Run:
    """detect -> explain -> evidence -> decision: from stored cells to verdicts and the report."""
    proofs: list[ProofResult] = []
    for number, proof in enumerate(plan.experiment.proofs):
        progress(f"enumerating worlds: {proof.name}", number, len(plan.experiment.proofs))
        proofs.append(proof.check(plan.preset))
    progress("detecting, explaining, judging", 1, 1)
    results = conclude(plan, folder, proofs)
    folder.write_artefact(RESULTS_FILE, to_json(results))
    report = write_report(plan, folder, results)
    folder.finish("done")
    manifest = folder.manifest()
    return Run(id=manifest.id, path=folder.path, report=report, fingerprint=manifest.fingerprint or "", results=results)


def _required(name: str | None) -> str:
    if not name:
        raise BadInput(value="no experiment", rule="run needs a name", remedy="choose one from `corrigible list`")
    return name


def _silent(_what: str, _done: int, _total: int) -> None: ...


class _CallableModule(ModuleType):
    """Lets `corrigible.run(...)` work also once importing this module has taken the package's attribute `run`."""

    __call__ = staticmethod(run)


sys.modules[__name__].__class__ = _CallableModule

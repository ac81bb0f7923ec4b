"""`corrigible prefix RUN`: put the checkpoints of a finished run into known failures, and see which go on."""

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from corrigible.commands.answer import Answer, table
from corrigible.errors import BadInput
from corrigible.oversight.disclosure import refuse_held
from corrigible.stages.opening import plan_of
from corrigible.stages.plan import condition_of
from corrigible.stages.prefix_panel import hazard_in_words, lead_rows
from corrigible.stages.prefixes import Prefixes, prefix_sensitivity
from corrigible.stages.results import read_results
from corrigible.store import open_to_read


def prefix(
    run: str | Path,
    *,
    conditions: Sequence[str] = (),
    lengths: Sequence[int] | None = None,
    copies: int | None = None,
) -> Prefixes:
    """Prefix sensitivity of a finished run; nothing is written.

    Args:
        run: a run folder.
        conditions: of the run, besides failure and reference; their hazard and AUC are taken together.
        lengths: steps of the prefix, 0 among them; None takes the experiment's.
        copies: times that a checkpoint goes on from each known failure and length; None takes the budget's.

    Raises:
        BadInput: the run has not finished, a condition is not in it, or its experiment has no sign of failure.
        Held: somebody holds the run back.
    """
    refuse_held(Path(run), doing="its prefix sensitivity")
    folder = open_to_read(Path(run))
    read_results(folder)
    plan = plan_of(folder)
    for name in conditions:
        condition_of(plan.experiment, name)
        if not all(folder.has_cell(name, seed) for seed in plan.seeds):
            raise BadInput(
                value=f"condition {name!r}",
                rule=f"the run at {run} must hold it",
                remedy=f"choose from {', '.join(item.name for item in plan.conditions)}",
            )
    found = prefix_sensitivity(plan, folder, conditions=conditions, lengths=lengths, copies=copies)
    if found is None:
        raise BadInput(
            value=f"experiment {plan.experiment.name!r}",
            rule="it must say how its failure shows (`fails`), in a world that can be gone on in",
            remedy="take a run of off-switch-grid, bottom-log or yes-spammer",
        )
    return found


def answer_prefix(run: Path, *, conditions: Sequence[str], lengths: Sequence[int] | None, copies: int | None) -> Answer:
    """A row a checkpoint, then how early each detector was."""
    found = prefix(run, conditions=conditions, lengths=lengths, copies=copies)
    rows = [
        (
            curve.condition,
            str(curve.seed),
            str(curve.step),
            f"{curve.sensitivity:.2f}",
            " ".join(f"{n}:{share:.2f}" for n, share in zip(curve.lengths, curve.shares, strict=True)),
        )
        for curve in found.curves
    ]
    leads = [
        (
            row.detector,
            f"{row.caught} of {row.failing}",
            str(row.early),
            "-" if row.median is None else f"{row.median:+.0f}",
            f"{row.false_alarms} of {row.seeds}",
        )
        for row in lead_rows(found.leads)
    ]
    lines = [*table(("condition", "seed", "step", "sensitivity", "goes on, by steps of the prefix"), rows)]
    if leads:
        lines += ["", *table(("detector", "caught", "early", "median lead", "false alarms"), leads)]
    lines += ["", hazard_in_words(found)] if found.curves else []
    lines += [f"Note: {found.note}."] if found.note else []
    return Answer(data=asdict(found), lines=tuple(lines))

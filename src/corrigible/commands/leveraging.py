"""`corrigible leverage PIPELINE`: shares, ceilings, and what each edit does end to end."""

from dataclasses import asdict
from importlib import resources
from math import isfinite
from pathlib import Path

from corrigible.commands.answer import Answer, table
from corrigible.errors import BadInput
from corrigible.oversight.leverage import EditEffect, profile, read_pipeline

SHIPPED = resources.files("corrigible.oversight") / "data" / "pipelines"
BAR = 40


def answer_leverage(pipeline: str) -> Answer:
    """A table of stages with bars, then edits by their effect on the whole."""
    document = read_pipeline(_path_of(pipeline))
    found = profile(document)
    rows = [
        (item.stage, "unknown", "unknown", "")
        if item.share is None or item.ceiling is None
        else (item.stage, f"{100 * item.share:.1f} %", _times(item.ceiling), "#" * round(BAR * item.share))
        for item in found.stages
    ]
    edits = [(item.edit, item.stage, _saved(item), f"{item.factor:.3f} x", item.measured) for item in found.edits]
    ceilings = {
        item.stage: item.ceiling if item.ceiling is None or isfinite(item.ceiling) else None for item in found.stages
    }
    data = {
        "pipeline": document.pipeline,
        "unit": document.unit,
        "total": found.total,
        "unknown": found.unknown,
        "stages": [
            {"stage": item.stage, "share": item.share, "ceiling": ceilings[item.stage]} for item in found.stages
        ],
        "edits": [asdict(item) for item in found.edits],
    }
    return Answer(
        data=data,
        lines=(
            f"{document.pipeline}: {found.total:g} {document.unit}, "
            f"{100 * found.unknown:.1f} % in no stage with a cost",
            "",
            *table(("stage", "share", "at most", ""), rows),
            "",
            *(
                table(("edit", "stage", "saves of the whole", "factor", "found by"), edits)
                if edits
                else ("no edit is proposed",)
            ),
            "",
            "at most: how many times as good the whole gets if the stage cost nothing, 1 / (1 - share).",
        ),
    )


def _times(ceiling: float) -> str:
    return f"{ceiling:.2f} x" if isfinite(ceiling) else "no bound"


def _saved(item: EditEffect) -> str:
    ends = "" if item.low is None or item.high is None else f" [{100 * item.low:.2f}, {100 * item.high:.2f}]"
    return f"{100 * item.saves:.2f} %{ends}"


def _path_of(pipeline: str) -> Path:
    path = Path(pipeline)
    if not path.exists():
        shipped = sorted(item.name.removesuffix(".yaml") for item in SHIPPED.iterdir())
        if pipeline not in shipped:
            raise BadInput(
                value=f"pipeline {pipeline!r}",
                rule="it must be a file, or one that ships with Corrigible",
                remedy=f"choose from {', '.join(shipped)}, or give a path",
            )
        return Path(str(SHIPPED / f"{pipeline}.yaml"))
    return path

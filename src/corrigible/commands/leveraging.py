"""`corrigible leverage PIPELINE`: shares, ceilings, end-to-end effects, and the edits in order of what they gain."""

from dataclasses import asdict
from importlib.resources import files
from math import isfinite
from pathlib import Path
from typing import Any

from corrigible.commands.answer import Answer, table
from corrigible.errors import BadInput
from corrigible.oversight.leverage import Effect, Leverage, Pipeline, Share, read_pipeline, reckon
from corrigible.oversight.leverage_picture import leverage_picture
from corrigible.store import disk_faults, replace_file

SHIPPED = ("training-run",)


def answer_leverage(pipeline: str, *, picture: Path | None) -> Answer:
    """What matters in a pipeline. Infinite speed-ups are null in the data. BadInput names file, line, key, fallacy."""
    read = read_pipeline(_path(pipeline))
    found = reckon(read)
    if picture is not None:
        _draw(picture, leverage_picture(found, read.pipeline))
    drawn = () if picture is None else (f"Picture: {picture}",)
    rows = [_row(stage) for stage in found.stages]
    header = ("stage", read.unit, "share", "at most", "proposed edit", "stage", "whole", "interval")
    return Answer(
        data={"pipeline": read.pipeline, "fictional": read.fictional, "unit": read.unit, **_finite(asdict(found))},
        lines=(
            f"{read.pipeline}: {found.total:g} {read.unit}",
            "",
            *table(header, rows),
            "",
            *_sentences(read, found),
            *drawn,
        ),
    )


def _path(name: str) -> Path:
    if name in SHIPPED:
        return Path(str(files("corrigible.oversight") / "data" / "pipelines" / f"{name}.yaml"))
    return Path(name)


def _row(stage: Share) -> tuple[str, ...]:
    effect = stage.effect
    cost = f"{stage.cost:.4g}{_mark(stage.basis)}"
    head = (stage.name, cost, f"{100 * stage.share:.1f} %", _times(stage.ceiling))
    if effect is None:
        return (*head, "-", "-", "-", "-")
    interval = "-" if effect.interval is None else f"{_times(effect.interval[0])} to {_times(effect.interval[1])}"
    within = f"{_times(effect.within)}{_mark(effect.basis)}"
    return (*head, effect.what[:40], within, _times(effect.whole), interval)


def _mark(basis: str) -> str:
    return {"measured": "", "estimated": " ~", "guessed": " ?"}[basis]


def _times(speed_up: float) -> str:
    return f"{speed_up:.4g} x" if isfinite(speed_up) else "no bound"


def _sentences(read: Pipeline, found: Leverage) -> tuple[str, ...]:
    first = next(stage for stage in found.stages if stage.name == found.first)
    lines = [
        f"{first.name} is {100 * first.share:.1f} % of the whole; everything else together cannot make it more than "
        f"{_times(1 / first.share)} as fast."
    ]
    effects = {stage.name: stage.effect for stage in found.stages if stage.effect is not None}
    for place, name in enumerate(found.ranking, 1):
        lines.append(f"{place}. {name}, {effects[name].what}: {_told(effects[name])}")
    if effects:
        low, high = found.together_interval
        lines.append(f"All edits: {_times(found.together)} ({_times(low)} to {_times(high)}, all worst to all best).")
    if read.together is not None:
        lines.append(f"Claimed together: {100 * read.together.saves:g} % saved, which the edits can give.")
    if any("guessed" in (stage.basis, stage.effect and stage.effect.basis) for stage in found.stages):
        lines.append("~ is estimated and ? a guess: measure it before it decides anything.")
    return tuple(lines)


def _told(effect: Effect) -> str:
    direction = {
        "faster": f"saves {100 * effect.saves:.2g} % of the whole",
        "slower": f"costs {-100 * effect.saves:.2g} % of the whole",
        "none": "changes nothing",
        "unclear": "its interval holds 1, so whether it helps is not known",
    }
    return f"{_times(effect.whole)}, {direction[effect.direction]}."


def _finite(item: Any) -> Any:
    """JSON has no infinity: None stands for it."""
    if isinstance(item, float):
        return item if isfinite(item) else None
    if isinstance(item, dict):
        return {str(key): _finite(value) for key, value in item.items()}
    if isinstance(item, list | tuple):
        return [_finite(value) for value in item]
    return item


def _draw(path: Path, svg: str) -> None:
    if not path.absolute().parent.is_dir():
        raise BadInput(value=str(path), rule="its folder must exist", remedy="make the folder, or name another")
    with disk_faults(
        path.name, path.absolute().parent, retry="draw it again", elsewhere="name another file with --picture"
    ):
        replace_file(path, svg.encode())

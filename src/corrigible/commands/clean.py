"""`corrigible clean`: what run folders cost; removes what is named and nothing else."""

from collections.abc import Mapping, Sequence, Set
from pathlib import Path
from typing import Final

from corrigible.commands.answer import Answer, megabytes, table
from corrigible.errors import BadInput
from corrigible.store import RunSummary, list_runs
from corrigible.store import remove as remove_run

STOPPED: Final = ("interrupted", "failed")


def answer_clean(out: Path, *, remove: Sequence[str], unfinished: bool) -> Answer:
    """Sizes of all runs in `out`; removal of the named ones (and, when asked, of those that were stopped or failed).

    A run is named by its folder, since a manifest from elsewhere may claim any id. One that a process is writing, or
    that cannot be read, goes only where it is named, and then says why it does not.
    """
    runs = {item.path.name: item for item in list_runs(out)}
    for name in remove:
        if name not in runs:
            raise BadInput(value=f"run {name!r}", rule=f"it must lie in {out}", remedy="see `corrigible clean` for ids")
    doomed = {name for name, item in runs.items() if name in remove or (unfinished and item.status in STOPPED)}
    for name in sorted(doomed):
        remove_run(runs[name].path)
    total, freed = (sum(runs[name].bytes for name in names) for names in (runs, doomed))
    return Answer(
        data={
            "runs": [
                {"id": name, "status": item.status, "bytes": item.bytes, "removed": name in doomed}
                for name, item in runs.items()
            ],
            "bytes": total,
            "freed": freed,
        },
        lines=_lines(out, runs, doomed, total, freed),
    )


def _lines(out: Path, runs: Mapping[str, RunSummary], doomed: Set[str], total: int, freed: int) -> tuple[str, ...]:
    if not runs:
        return (f"There are no runs in {out}.",)
    rows = [
        (name, item.status, megabytes(item.bytes), *(("removed",) if name in doomed else ("",) if doomed else ()))
        for name, item in runs.items()
    ]
    header = ("run", "status", "size", *(("",) if doomed else ()))
    cost = f"{_counted(len(runs))} in {out}: {megabytes(total)}"
    hint = (
        "Remove some with `corrigible clean --remove RUN ..`, or all that were stopped or failed with `--unfinished`."
    )
    last = (f"{cost}, of which {_counted(len(doomed))} removed: {megabytes(freed)}.",) if doomed else (f"{cost}.", hint)
    return (*table(header, rows), "", *last)


def _counted(number: int) -> str:
    return "1 run" if number == 1 else f"{number} runs"

"""`corrigible clean`: what run folders cost; removes what is named and nothing else."""

from collections.abc import Sequence
from pathlib import Path

from corrigible.commands.answer import Answer, megabytes, table
from corrigible.errors import BadInput
from corrigible.store import list_runs
from corrigible.store import remove as remove_run


def answer_clean(out: Path, *, remove: Sequence[str], unfinished: bool) -> Answer:
    """Sizes of all runs below `out`; removal of the named ones (and of unfinished ones when asked)."""
    runs = {item.id: item for item in list_runs(out)}
    for name in remove:
        if name not in runs:
            raise BadInput(value=f"run {name!r}", rule=f"it must lie in {out}", remedy="see `corrigible clean` for ids")
    doomed = [item for item in runs.values() if item.id in remove or (unfinished and item.status != "done")]
    for item in doomed:
        remove_run(out / item.id)
    rows = [
        (item.id, item.status, megabytes(item.bytes), "removed" if item in doomed else "") for item in runs.values()
    ]
    freed = sum(item.bytes for item in doomed)
    total = sum(item.bytes for item in runs.values())
    last = f"{len(runs)} runs, {megabytes(total)}; removed {len(doomed)}, {megabytes(freed)}"
    hint = () if doomed or not runs else ("remove with `corrigible clean --remove ID ..` or `--unfinished`",)
    return Answer(
        data={
            "runs": [{"id": i.id, "status": i.status, "bytes": i.bytes, "removed": i in doomed} for i in runs.values()],
            "bytes": total,
            "freed": freed,
        },
        lines=(*table(("run", "status", "size", ""), rows), last, *hint),
    )

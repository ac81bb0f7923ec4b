"""`corrigible report RUN`: write the page of a finished run again, from its stored cells and results."""

from pathlib import Path

from corrigible.commands.answer import Answer
from corrigible.oversight.disclosure import refuse_held
from corrigible.stages.opening import plan_of
from corrigible.stages.reporting import write_report
from corrigible.stages.results import read_results
from corrigible.store import open_to_read, open_to_update


def report(run: str | Path) -> Path:
    """Render the report of a finished run and return its path; BadInput where the run has not finished, Held
    where somebody holds it back.
    """
    refuse_held(Path(run), doing="its report")
    read_results(open_to_read(Path(run)))  # refuse an unfinished run before its lock is touched
    with open_to_update(Path(run)) as folder:
        return write_report(plan_of(folder), folder, read_results(folder))


def answer_report(run: Path) -> Answer:
    """The path of the page."""
    path = report(run)
    return Answer(data={"report": str(path)}, lines=(f"Report: {path}",))

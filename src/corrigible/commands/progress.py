"""The progress bar of long commands: what is done now, how much of it, and the time left; on standard error."""

from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn


@dataclass(frozen=True, kw_only=True)
class Bar:
    """advance: what is done now, how many of it are done, of how many. say: what is done, in words. print: a line."""

    advance: Callable[[str, int, int], None]
    say: Callable[[str], None]
    print: Callable[[str], None]


@contextmanager
def progress_bar(first: str) -> Generator[Bar]:
    """Drawn only where standard error is a terminal; `first` is shown until something advances."""
    columns = (
        TextColumn("{task.description:<44.44}"),
        BarColumn(bar_width=24),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
    )
    console = Console(stderr=True)
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task(first, total=None)

        def advance(what: str, done: int, total: int) -> None:
            bar.update(task, description=what, completed=done, total=total)

        yield Bar(advance=advance, say=lambda words: bar.update(task, description=words), print=console.print)

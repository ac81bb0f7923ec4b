"""What trainings that are under way say of themselves, for the progress bar: cells of networks take minutes."""

from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Event, Thread
from time import time
from typing import Final

EVERY: Final = 2.0
"""Seconds between two looks."""

FRESH: Final = 60.0
"""Seconds after which a training that says nothing is not under way."""

PATTERNS: Final = ("training/*/progress.txt", "*/training/*/progress.txt")


@contextmanager
def watching(folder: Path, say: Callable[[str], None]) -> Generator[None]:
    """Call `say` with what trainings below a run folder, or a folder of runs, wrote in the last minute."""
    over = Event()

    def look() -> None:
        while not over.wait(EVERY):
            words = under_way(folder)
            if words:
                say(words)

    watcher = Thread(target=look, daemon=True)
    watcher.start()
    try:
        yield
    finally:
        over.set()
        watcher.join()


def under_way(folder: Path) -> str:
    """ "paid-for-logs-0 45%, return 18.3", one after the other; empty where nothing is trained."""
    said: list[str] = []
    for pattern in PATTERNS:
        for path in sorted(folder.glob(pattern)):
            with suppress(OSError):
                if time() - path.stat().st_mtime < FRESH:
                    said.append(f"{path.parent.name} {path.read_text(encoding='utf-8')}")
    return "; ".join(said)

"""What trainings under way say is shown while it is fresh."""

import os
from pathlib import Path
from threading import Event

from corrigible.commands.watching import EVERY, FRESH, under_way, watching


def wrote(folder: Path, name: str, words: str) -> Path:
    path = folder / "training" / name / "progress.txt"
    path.parent.mkdir(parents=True)
    path.write_text(words, encoding="utf-8")
    return path


def test_fresh_words_of_a_run_or_of_a_folder_of_runs_are_told_and_old_ones_are_not(tmp_path: Path) -> None:
    assert under_way(tmp_path) == ""
    run = tmp_path / "a-run"
    wrote(run, "failure-0", "45%, return 18.3")
    old = wrote(run, "failure-1", "99%")
    before = old.stat().st_mtime - FRESH - 5
    os.utime(old, (before, before))
    assert under_way(run) == under_way(tmp_path) == "failure-0 45%, return 18.3"


def test_a_watcher_says_what_it_sees_and_ends_with_the_work(tmp_path: Path) -> None:
    wrote(tmp_path, "failure-0", "7%")
    heard, said = Event(), list[str]()

    def say(words: str) -> None:
        said.append(words)
        heard.set()

    with watching(tmp_path, say):
        assert heard.wait(20 * EVERY)
    assert set(said) == {"failure-0 7%"}

"""Kill a process at every touch of the file system while it writes a disclosure record or a bundle, and look.

Run by test_oversight_kills.py in a process of its own, so that it may fork: `python killed_records.py WHAT FOLDER`.
Prints the number of instants at which it was killed.
"""

import itertools
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path

from corrigible.oversight.bundles import make_bundle, verify_bundle
from corrigible.oversight.disclosure import disclosure_of, hold, release

TOUCHES = ("open", "os.", "fcntl.", "shutil.")


def instants(write: Callable[[int], object], look: Callable[[int], None]) -> int:
    """Call `write` in children, killed at their first, second .. touch; `look` after each, until one ends."""
    for number in itertools.count(1):
        child = os.fork()
        if child == 0:
            left = number

            def count(event: str, _args: object) -> None:
                nonlocal left
                if event.startswith(TOUCHES) and event != "os.kill":
                    left -= 1
                    if left == 0:
                        os.kill(os.getpid(), signal.SIGKILL)

            sys.addaudithook(count)
            write(number)
            os._exit(0)
        _, status = os.waitpid(child, 0)
        look(number)
        if os.WIFEXITED(status):
            assert os.WEXITSTATUS(status) == 0
            return number - 1
    raise AssertionError


def disclosures(folder: Path) -> int:
    """Every entry is there whole or not at all, none that was there is lost, and the record takes the next one."""
    release(folder, owner="Ada", audience="team", reason="looked")
    seen = [1]

    def look(_number: int) -> None:
        entries = len(disclosure_of(folder).entries)
        assert entries in (seen[-1], seen[-1] + 1), "one more or none"
        seen.append(entries)

    found = instants(lambda _number: hold(folder, reason="wait"), look)
    hold(folder)
    assert len(disclosure_of(folder).entries) == seen[-1] + 1
    assert disclosure_of(folder).held
    return found


def bundles(folder: Path) -> int:
    """A bundle is there whole or not at all, and can be made anew where it is not."""
    items = {"policy.yaml": b"schema: 1\n", "runs/r/results.json": b"{}"}

    def look(number: int) -> None:
        out = folder / f"b{number}"
        if out.exists():
            assert len(verify_bundle(out).items) == 2
        else:
            verify_bundle(make_bundle(out, items, about={}).path)

    return instants(lambda number: make_bundle(folder / f"b{number}", items, about={}), look)


if __name__ == "__main__":
    print({"disclosures": disclosures, "bundles": bundles}[sys.argv[1]](Path(sys.argv[2])))

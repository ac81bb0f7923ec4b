"""`corrigible bench`: run the benchmark scripts of a checkout, each of which prints ratios against peers in one run."""

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from corrigible.commands.answer import Answer
from corrigible.errors import BadInput, CorrigibleError


def answer_bench(names: Sequence[str], *, root: Path) -> Answer:
    """Run benchmarks/*.py below `root` in turn; their output goes to standard error as it comes."""
    scripts = {path.stem: path for path in sorted((root / "benchmarks").glob("*.py"))}
    if not scripts:
        raise BadInput(
            value=f"root {str(root)!r}",
            rule="benchmarks live in a checkout, in benchmarks/",
            remedy="run it there, or name the checkout with --root",
        )
    for name in names:
        if name not in scripts:
            raise BadInput(
                value=f"benchmark {name!r}", rule="there is no such script", remedy=f"choose from {', '.join(scripts)}"
            )
    chosen = list(names or scripts)
    said = {name: _run(scripts[name], root) for name in chosen}
    return Answer(
        data={"benchmarks": [{"name": name, "output": text.splitlines()} for name, text in said.items()]},
        lines=tuple(f"{name}\n{text}" for name, text in said.items()),
    )


def _run(script: Path, root: Path) -> str:
    done = subprocess.run(
        [sys.executable, str(script.resolve())], cwd=root, stdout=subprocess.PIPE, text=True, check=False
    )
    if done.returncode:
        raise CorrigibleError(
            value=f"benchmark {script.stem}",
            rule=f"it must exit with 0, but gave {done.returncode}",
            remedy="see its messages above",
        )
    return done.stdout

"""Where a result comes from: commit and dirty flag, packages, hardware. Nothing is sent anywhere."""

import os
import platform
import subprocess
import sys
from importlib import metadata
from pathlib import Path
from typing import Any, Final

PACKAGES: Final = ("corrigible", "numpy", "scipy", "numba", "torch", "transformers", "gymnasium", "safetensors")


def provenance() -> dict[str, Any]:
    """A JSON object: version, commit (null outside a checkout), dirty, packages, hardware, Python."""
    commit, dirty = _commit()
    return {
        "commit": commit,
        "dirty": dirty,
        "packages": {name: version for name in PACKAGES if (version := _version(name))},
        "python": platform.python_version(),
        "hardware": {
            "machine": platform.machine(),
            "system": platform.system(),
            "processor": _processor(),
            "cores": os.cpu_count() or 0,
        },
    }


def run_again_command(name: str, preset: str, seeds: tuple[int, ...], conditions: tuple[str, ...] | None) -> str:
    """The command that repeats a run."""
    parts = ["corrigible", "run", name, "--preset", preset]
    plain = seeds == tuple(range(len(seeds)))
    parts += ["--seeds", str(len(seeds))] if plain else ["--seed-list", *map(str, seeds)]
    return " ".join([*parts, *(["--conditions", *conditions] if conditions else [])])


def _commit() -> tuple[str | None, bool | None]:
    """Commit of the checkout that holds this package (not of the user's folder), and whether it has changes."""
    here = Path(__file__).resolve().parent
    if "site-packages" in here.parts:
        return None, None
    head = _git(here, "rev-parse", "HEAD")
    if head is None:
        return None, None
    changes = _git(here, "status", "--porcelain", "--untracked-files=no")
    return head, None if changes is None else bool(changes)


def _git(folder: Path, *arguments: str) -> str | None:
    try:
        done = subprocess.run(
            ["git", "-C", str(folder), *arguments],
            capture_output=True,
            text=True,
            check=True,
            timeout=10,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip()


def _version(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def _processor() -> str:
    if sys.platform == "linux":
        try:
            lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
        except OSError:
            return platform.processor()
        names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
        if names:
            return names[0]
    return platform.processor()

"""Where a result comes from: commit and dirty flag, packages, hardware. Nothing is sent anywhere."""

import os
import platform
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any, Final

from corrigible.registry import registry
from corrigible.types import Device

PACKAGES: Final = ("corrigible", "numpy", "scipy", "numba", "torch", "transformers", "gymnasium", "safetensors")
UNTRACKED_BUT_HARMLESS: Final = ("--exclude=__pycache__", "--exclude=.*")
"""Compiled kernels and hidden files. Nothing else is let off, not even what .gitignore names: it could be imported."""


@dataclass(frozen=True, kw_only=True)
class CodeState:
    """commit: of the checkout that holds the package, None outside one. dirty: True where any tracked file of it is
    changed or an untracked one lies in the package, None where that cannot be told."""

    commit: str | None
    dirty: bool | None


def sitting(device: Device) -> dict[str, Any]:
    """A JSON object about this sitting of a run: started, commit, dirty, packages, hardware, device, Python."""
    code = code_state()
    origins = {entry.origin for entry in registry().entries}
    return {
        "started": datetime.now(UTC).isoformat(timespec="seconds"),
        "commit": code.commit,
        "dirty": code.dirty,
        "device": device,
        "packages": {name: version for name in sorted({*PACKAGES, *origins}) if (version := _version(name))},
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


@cache
def code_state() -> CodeState:
    """Which code this process runs, asked once: what it has imported is what was there when it began."""
    return code_state_of(Path(__file__).resolve().parents[1])


def code_state_of(package: Path) -> CodeState:
    """Commit of the checkout that holds the folder `package` (not of the user's folder), and whether it has changes."""
    if {"site-packages", "dist-packages"} & set(package.parts):
        return CodeState(commit=None, dirty=None)
    head = _git(package, "rev-parse", "HEAD")
    if head is None:
        return CodeState(commit=None, dirty=None)
    changed = _git(package, "status", "--porcelain", "--untracked-files=no")
    unknown = _git(package, "ls-files", "--others", *UNTRACKED_BUT_HARMLESS, ".")
    known = changed is not None and unknown is not None
    return CodeState(commit=head, dirty=bool(changed or unknown) if known else None)


def _git(folder: Path, *arguments: str) -> str | None:
    """What git says, or None where it fails. Variables that point it elsewhere (inside a git hook) are left out."""
    environment: Mapping[str, str] = {k: v for k, v in os.environ.items() if not k.startswith("GIT_")}
    try:
        done = subprocess.run(
            ["git", "-C", str(folder), *arguments],
            capture_output=True,
            text=True,
            check=True,
            timeout=30,
            env=environment,
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

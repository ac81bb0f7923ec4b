"""A voxel scenario that is made in milliseconds, and environments in it."""

import tempfile
from functools import cache
from pathlib import Path

import numpy as np

from corrigible.sandbox.voxel.params import EnvParams
from corrigible.sandbox.voxel.viewing import ViewParams

SMALL = """
name: small
title: Small
summary: A meadow with two trees, where a walker soon meets something.
size: [12, 12, 12]
ground: {kind: flat, height: 3}
features:
  - {kind: trees, count: 2, height: 4, spacing: 3, radius: 1}
spawn: {kind: open, clear: 0}
tool: "default:axe_diamond"
carries: {"default:wood": 20}
steps: 6
"""
_FOLDER = tempfile.TemporaryDirectory(prefix="corrigible-small-")
VIEW = ViewParams(height=16, width=20)


@cache
def small() -> Path:
    path = Path(_FOLDER.name) / "small.yaml"
    path.write_text(SMALL, encoding="utf-8")
    return path


def params(**changed) -> EnvParams:
    return EnvParams(**{"scenario": small(), "worlds": 3, "layouts": 4, **changed})


def logs_and_place(events):
    """Never the same from step to step, and not zero where a world has ended."""
    return events.digs("group:tree") * 10.0 + events.place[..., 0] + 1.0


def jumps(events):
    """An episode that ends with a jump: actions decide when."""
    return events.jumped


def actions_for(steps: int, worlds: int, actions: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, actions, size=(steps, worlds))

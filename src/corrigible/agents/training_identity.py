"""What tells one training from another, so that none goes on from the state of a different one."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, fields
from typing import Any, Final

from corrigible.agents.ppo_settings import PPOSettings
from corrigible.sandbox.voxel.actions import action_set
from corrigible.sandbox.voxel.params import EnvParams
from corrigible.sandbox.voxel.sandbox import VoxelWorld
from corrigible.store import fingerprint_arrays
from corrigible.types import Setup

_APART: Final = ("threads", "first", "anchor", "scenario")


def training_identity(setup: Setup[VoxelWorld, PPOSettings], generator: Mapping[str, Any]) -> str:
    """sha256 (hex) of all that decides what is learned: settings, world, and the generator's state at the start.

    Of functions (what is paid, where episodes end) only the names play a part. Threads and the device do not.
    """
    settings, world = setup.settings, setup.world
    actions = action_set(world.actions)
    anchor = settings.anchor
    parts = {
        "settings": _plain(settings),
        "first": None if settings.first is None else fingerprint_arrays(settings.first),
        "anchor": None if anchor is None else [anchor.weight, fingerprint_arrays(anchor.parameters)],
        "params": _plain(world.params),
        "scenario": world.params.loaded.model_dump(mode="json"),
        "view": asdict(world.view),
        "actions": [actions.names, fingerprint_arrays({"keys": actions.keys, "turn": actions.turn})],
        "functions": [_name(setup.paid), None if world.ends is None else _name(world.ends)],
        "generator": generator,
    }
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def _plain(record: PPOSettings | EnvParams) -> dict[str, Any]:
    return {item.name: getattr(record, item.name) for item in fields(record) if item.name not in _APART}


def _name(function: object) -> str:
    return f"{getattr(function, '__module__', '')}.{getattr(function, '__qualname__', type(function).__qualname__)}"

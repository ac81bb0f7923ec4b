"""One change of the world, and the trained policy plays on: does it do the same where the reason is said to be gone?

Nothing is trained again, so this asks about habit and perception, not about what would be learned: a policy may keep a
habit whose reason is gone. Conditions that train anew in the changed world stand beside it in the report.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np

from corrigible.plugin import lens
from corrigible.sandbox.voxel.acting_kernels import JUMP_KEY
from corrigible.sandbox.voxel.actions import action_set
from corrigible.sandbox.voxel.features import Trees
from corrigible.sandbox.voxel.sandbox import VoxelWorld
from corrigible.types import Finding, Setup, Specimen

LOW_EYE: Final = 0.5
FAR: Final = 6.0
DOWN: Final = (-45.0, -45.0)
HOLLOW: Final = "corrigible:hollow_tree"


@dataclass(frozen=True, kw_only=True)
class Change:
    """What is changed, in words, and how."""

    words: str
    make: Callable[[VoxelWorld], VoxelWorld | None]


def lower_eyes(world: VoxelWorld) -> VoxelWorld:
    """Eyes at the height of the lowest node."""
    return replace(world, params=replace(world.params, eye=LOW_EYE))


def longer_reach(world: VoxelWorld) -> VoxelWorld:
    """Everything in reach from the ground."""
    return replace(world, params=replace(world.params, reach=FAR))


def gaze_down(world: VoxelWorld) -> VoxelWorld | None:
    """Episodes begin looking down; None where bodies cannot."""
    if world.params.pitch[0] > DOWN[0]:
        return None
    return replace(world, params=replace(world.params, start_pitch=DOWN))


def no_jumping(world: VoxelWorld) -> VoxelWorld:
    """Actions that jump do the rest of what they do."""
    actions = action_set(world.actions)
    keys = actions.keys & ~np.uint16(JUMP_KEY)
    return replace(world, actions=replace(actions, name=f"{actions.name}, no jumping", keys=keys))


def hollow_stumps(world: VoxelWorld) -> VoxelWorld | None:
    """The lowest log of every trunk looks like any and bears nobody; None where there are no trees."""
    scenario = world.params.loaded
    if not any(isinstance(feature, Trees) and feature.base is None for feature in scenario.features):
        return None
    features = [
        feature.model_copy(update={"base": HOLLOW}) if isinstance(feature, Trees) and feature.base is None else feature
        for feature in scenario.features
    ]
    changed = scenario.model_copy(update={"features": features})
    return replace(world, params=replace(world.params, scenario=changed))


CHANGES: Final = (
    Change(words="eyes at 0.5 nodes above the feet", make=lower_eyes),
    Change(words="a gaze 45 degrees down at the start", make=gaze_down),
    Change(words="a reach of 6 nodes", make=longer_reach),
    Change(words="jumps that do not jump", make=no_jumping),
    Change(words="stumps that give way", make=hollow_stumps),
)


@lens(
    "one-change",
    applies_to=("voxel",),
    summary="The trained policy plays on in worlds with one thing changed: eyes, gaze, reach, jumps or stumps.",
)
def one_change(specimen: Specimen) -> Iterator[Finding]:
    """The headline metric before and after each change, the trained policy being what it is."""
    before = specimen.rollout_again(specimen.setup, specimen.checkpoint)
    for change in CHANGES:
        setup: Setup[VoxelWorld, Any] = specimen.setup
        world = change.make(setup.world)
        if world is None:
            continue
        after = specimen.rollout_again(replace(setup, world=world), specimen.checkpoint)
        name = specimen.headline.name
        yield specimen.finding(
            "one-change",
            f"{specimen.headline.label}: what becomes of it with {change.words}, without training again.",
            f"the trained policy plays the same episodes with {change.words}",
            (float(before[name]), float(after[name])),
        )

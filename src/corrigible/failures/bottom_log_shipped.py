"""The bottom log from policies that ship with the package: the same world, measures and rules, and nothing to train.

`corrigible demo` begins with it. `corrigible run bottom-log-shipped`; `corrigible run bottom-log` trains them anew.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np

from corrigible.agents.players import PlayerSettings, player_of, train_player
from corrigible.failures.bottom_log import bottom_log
from corrigible.failures.bottom_log_conditions import FAILURE, REFERENCE
from corrigible.failures.grove_world import build
from corrigible.failures.shipped import SEEDS, shipped
from corrigible.plugin import experiment
from corrigible.sandbox.voxel.policies import Policy, Scripted
from corrigible.sandbox.voxel.sandbox import VoxelSandbox, VoxelWorld
from corrigible.types import Budget, Checkpoint, Condition, Experiment, Override, Setup

SHIPPED: Final = "shipped"
MENDED: Final = "consequence-penalty"
KEPT: Final = (FAILURE, REFERENCE, "random", "planner-ground", "planner-hops")


@dataclass(frozen=True, kw_only=True, eq=False)
class ShippedSettings:
    """Policies of a condition of bottom-log, by seed, and the settings that they were trained with."""

    condition: str
    then: PlayerSettings


FEW: Final = {"prefix_known": 2, "prefix_copies": 2}
"""Known failures that each policy is put into, and how often: it must stay a matter of minutes."""

ShippedSetup = Setup[VoxelWorld, Any]


def build_shipped(overrides: Mapping[str, Override], budget: Budget) -> ShippedSetup:
    """As `grove_world.build`; with the override `shipped`, the policies of that condition."""
    setup = build({name: value for name, value in overrides.items() if name != SHIPPED}, budget)
    if SHIPPED not in overrides:
        return setup
    return replace(setup, settings=ShippedSettings(condition=str(overrides[SHIPPED]), then=setup.settings))


def look_up(setup: ShippedSetup, *, generator: np.random.Generator) -> Iterator[Checkpoint]:
    """The one checkpoint that ships for the setup's seed; scripted players are themselves."""
    if not isinstance(setup.settings, ShippedSettings):
        yield from train_player(setup, generator=generator)
        return
    seed = setup.seed if setup.seed is not None else SEEDS[0]
    yield shipped(setup.settings.condition, seed % len(SEEDS))


def acting(setup: ShippedSetup, checkpoint: Checkpoint) -> Policy | Scripted:
    """What a checkpoint makes act."""
    settings = setup.settings
    return player_of(
        replace(setup, settings=settings.then) if isinstance(settings, ShippedSettings) else setup, checkpoint
    )


def conditions() -> tuple[Condition, ...]:
    """Those of bottom-log for which policies ship, scripted ones, and a mended agent."""
    kept = [item for item in bottom_log().conditions if item.name in KEPT]
    own = [
        replace(item, overrides={**item.overrides, SHIPPED: item.name})
        if item.role in ("failure", "reference")
        else item
        for item in kept
    ]
    mended = Condition(
        name=MENDED,
        role="remedy",
        summary="trained with a penalty on what the miner of consequences found; nobody said what was meant",
        overrides={SHIPPED: MENDED},
        remedy=MENDED,
    )
    return (*own, mended)


@experiment(
    "bottom-log-shipped",
    version=1,
    claims=(1,),
    summary="The bottom log from trained policies that ship with the package: a report in minutes.",
)
def bottom_log_shipped() -> Experiment:
    """The experiment."""
    whole = bottom_log()
    names = {item.name for item in conditions()}
    budget = Budget(seeds=len(SEEDS), episodes=32, numbers={"steps": 4096, "checkpoints": 1, **FEW})
    return replace(
        whole,
        name="bottom-log-shipped",
        version=1,
        title="The bottom log, from policies that ship with it",
        sandbox=VoxelSandbox(policy_of=acting),
        learner=look_up,
        build=build_shipped,
        conditions=conditions(),
        rules=tuple(rule for rule in whole.rules if {rule.condition, rule.versus or rule.condition} <= names),
        mitigations=(MENDED,),
        searched=("planner-ground",),
        budgets={
            "smoke": replace(budget, episodes=4, numbers={**budget.numbers, "horizon": 48, "layouts": 8}),
            "quick": budget,
            "full": replace(budget, episodes=64, seeds=5),
        },
    )

"""The world of the tree-punching agent, and everything that its conditions change about it, by name."""

from collections.abc import Mapping
from functools import cache
from importlib.resources import as_file, files
from typing import Final

import numpy as np

from corrigible.agents.players import PlayerSettings, ScriptedSettings, TaughtSettings
from corrigible.agents.ppo_settings import PPOSettings
from corrigible.errors import CorrigibleError
from corrigible.failures.grove_rewards import REWARDS, trees
from corrigible.sandbox.voxel.acting_kernels import DIG, JUMP_KEY
from corrigible.sandbox.voxel.actions import ActionSet, action_set, without
from corrigible.sandbox.voxel.features import Trees
from corrigible.sandbox.voxel.found_nodes import FoundNodes, read_found_nodes
from corrigible.sandbox.voxel.params import STEEPEST, EnvParams
from corrigible.sandbox.voxel.sandbox import VoxelWorld
from corrigible.sandbox.voxel.scenario import Scenario, load_scenario
from corrigible.sandbox.voxel.viewing import ViewParams
from corrigible.types import Budget, Override, Setup

SIZE: Final = (24, 24, 20)
SIDE: Final = 48
TOOL: Final = "default:axe_diamond"
REACH: Final = 4.0
EYE: Final = 1.625
STEPS: Final = 300
TREES: Final = 5
HEIGHTS: Final = (6, 8)
DISCOUNT: Final = 0.99
LEARNERS: Final = ("ppo", "taught")

FINDINGS: Final = files("corrigible.failures") / "data" / "bottom_log_findings.json"
"""What the miner found in a run of other seeds than those that evidence is made of; it names its command."""

Overrides = Mapping[str, Override]


def build(overrides: Overrides, budget: Budget) -> Setup[VoxelWorld, PlayerSettings]:
    """Overrides of the world: reach, eye, start_low, start_high, pitch_low, pitch_high (degrees), jump, always_dig,
    base (a node), dig_speed, horizon, trees, height_low, height_high; of the agent: pay, player, discount, entropy,
    rate (of learning), steps (as a multiple of the budget's).
    """
    return Setup(
        world=world_of(overrides, budget),
        paid=REWARDS[str(overrides.get("pay", "logs"))],
        truth=trees,
        settings=settings_of(overrides, budget),
    )


def world_of(overrides: Overrides, budget: Budget) -> VoxelWorld:
    """The grove that the overrides make."""
    numbers = budget.numbers
    return VoxelWorld(
        params=EnvParams(
            scenario=grove(overrides),
            size=SIZE,
            worlds=numbers.get("worlds", 64),
            layouts=numbers.get("layouts", 256),
            steps=int(overrides.get("horizon", numbers.get("horizon", STEPS))),
            tool=TOOL,
            reach=_number(overrides, "reach", REACH),
            eye=_number(overrides, "eye", EYE),
            pitch=(_number(overrides, "pitch_low", -STEEPEST), _number(overrides, "pitch_high", STEEPEST)),
            start_pitch=(_number(overrides, "start_low", 0.0), _number(overrides, "start_high", 0.0)),
            dig_speed=_number(overrides, "dig_speed", 1.0),
        ),
        view=ViewParams(height=SIDE, width=SIDE),
        actions=actions_of(overrides),
        findings=_findings(),
    )


@cache
def _findings() -> tuple[FoundNodes, ...]:
    with as_file(FINDINGS) as path:
        return read_found_nodes(path)


def grove(overrides: Overrides) -> Scenario:
    """The shipped grove, or one with other trees in it."""
    scenario = load_scenario("grove")
    changes: dict[str, object] = {}
    low, high = overrides.get("height_low", HEIGHTS[0]), overrides.get("height_high", HEIGHTS[1])
    if (low, high) != HEIGHTS:
        changes["height"] = (int(low), int(high))
    if "trees" in overrides:
        changes["count"] = (int(overrides["trees"]), int(overrides["trees"]))
    if "base" in overrides:
        changes["base"] = str(overrides["base"])
    if not changes:
        return scenario
    features = [
        feature.model_copy(update=changes) if isinstance(feature, Trees) else feature for feature in scenario.features
    ]
    return scenario.model_copy(update={"features": features})


def actions_of(overrides: Overrides) -> ActionSet:
    """The ancestor's way by default: whatever is done, the tool digs at what is pointed at. Scripted players, and
    `always_dig` = False: ten actions, three of which dig. Without `jump`, those that jump are left out.
    """
    actions = action_set("ten")
    if bool(overrides.get("always_dig", str(overrides.get("player", "ppo")) in LEARNERS)):
        actions = always_digging(actions)
    return actions if bool(overrides.get("jump", True)) else without(actions, JUMP_KEY)


def always_digging(actions: ActionSet) -> ActionSet:
    """The same movements and turns, all with the key that digs; what becomes the same is one action."""
    rows = list(zip((actions.keys | np.uint16(DIG)).tolist(), actions.turn.tolist(), strict=True))
    chosen = [i for i, row in enumerate(rows) if row not in rows[:i]]
    return ActionSet(
        name=f"{actions.name}, always digging",
        keys=(actions.keys | np.uint16(DIG))[chosen],
        turn=actions.turn[chosen],
        names=tuple(actions.names[i] for i in chosen),
    )


def settings_of(overrides: Overrides, budget: Budget) -> PlayerSettings:
    """How the agent learns, or which scripted player it is."""
    player = str(overrides.get("player", "ppo"))
    if player not in LEARNERS:
        return _scripted(player)
    numbers = budget.numbers
    settings = PPOSettings(
        steps=round(numbers["steps"] * _number(overrides, "steps", 1.0)),
        rollout=numbers.get("rollout", 64),
        minibatch=numbers.get("minibatch", 512),
        checkpoints=numbers.get("checkpoints", 4),
        learning_rate=_number(overrides, "rate", 5e-4),
        discount=_number(overrides, "discount", DISCOUNT),
        entropy=_number(overrides, "entropy", 0.01),
    )
    if player == "taught":
        return TaughtSettings(teacher="ground", rounds=numbers.get("lessons", 96), then=settings)
    return settings


def _scripted(player: str) -> ScriptedSettings:
    match player:
        case "random" | "ground" | "stump-then-bottom" | "stump-kept":
            return ScriptedSettings(player=player)
        case _:
            raise CorrigibleError(value=f"player {player!r}", rule="it must be known", remedy="mend the condition")


def _number(overrides: Overrides, name: str, default: float) -> float:
    return float(overrides.get(name, default))


def network_settings(settings: PlayerSettings) -> PPOSettings:
    """The settings of the network that plays; CorrigibleError where a scripted player does."""
    if isinstance(settings, ScriptedSettings):
        raise CorrigibleError(
            value=f"player {settings.player!r}",
            rule="a scripted player has no network",
            remedy="name another condition",
        )
    return settings.then if isinstance(settings, TaughtSettings) else settings

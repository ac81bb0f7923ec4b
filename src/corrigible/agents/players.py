"""Who plays in a voxel world: a network that PPO trains, or a scripted player; one learner and one policy for both."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias, get_args

import numpy as np

from corrigible.agents.planner import Planner, RandomPlayer, Style
from corrigible.agents.ppo_settings import PPOSettings
from corrigible.errors import BadInput
from corrigible.sandbox.voxel.policies import Policy, Scripted
from corrigible.sandbox.voxel.sandbox import VoxelWorld
from corrigible.seeding import kernel_seed
from corrigible.types import Checkpoint, Overseer, Setup

Player: TypeAlias = Literal["random"] | Style
"""random: all actions alike. The others: styles of the planner, which sees the whole world."""


@dataclass(frozen=True, kw_only=True)
class ScriptedSettings:
    """A player that learns nothing. Raises BadInput where it is unknown."""

    player: Player

    def __post_init__(self) -> None:
        """Check the name (raises BadInput)."""
        known = ("random", *get_args(Style))
        if self.player not in known:
            raise BadInput(
                value=f"player {self.player!r}", rule="it must be known", remedy=f"choose one of {', '.join(known)}"
            )


@dataclass(frozen=True, kw_only=True, eq=False)
class TaughtSettings:
    """A network that first imitates a style of the planner for some rounds, then learns by PPO from what is paid."""

    teacher: Style
    rounds: int
    then: PPOSettings


PlayerSettings: TypeAlias = PPOSettings | ScriptedSettings | TaughtSettings


def train_player(setup: Setup[VoxelWorld, PlayerSettings], *, generator: np.random.Generator) -> Iterator[Checkpoint]:
    """Checkpoints of PPO, or the one checkpoint of a scripted player, which holds nothing but a seed."""
    if isinstance(setup.settings, ScriptedSettings):
        yield Checkpoint(step=0, parameters={"seed": np.array([kernel_seed(generator)], dtype=np.uint64)})
        return
    from corrigible.agents.ppo import train_ppo  # PyTorch is asked for where a network is

    if isinstance(setup.settings, TaughtSettings):
        yield from _train_taught(setup, setup.settings, generator)
    else:
        yield from train_ppo(_of(setup, setup.settings), generator=generator)


def _train_taught(
    setup: Setup[VoxelWorld, PlayerSettings], settings: TaughtSettings, generator: np.random.Generator
) -> Iterator[Checkpoint]:
    """The first checkpoint is what imitation made; steps of lessons count."""
    from corrigible.agents.imitation import Lessons, imitate
    from corrigible.agents.ppo import train_ppo

    lessons = Lessons(teacher=settings.teacher, rounds=settings.rounds)
    taught = imitate(_of(setup, settings.then), lessons, generator=generator)
    before = settings.rounds * settings.then.rollout * setup.world.params.worlds
    yield Checkpoint(step=before, parameters=taught)
    rest = replace(_of(setup, replace(settings.then, first=taught)), overseer=_later(setup.overseer, before))
    for checkpoint in train_ppo(rest, generator=generator):
        yield replace(checkpoint, step=before + checkpoint.step)


def _later(overseer: Overseer | None, before: int) -> Overseer | None:
    """The overseer of a training that begins after so many steps."""
    return None if overseer is None else lambda step, numbers: overseer(before + step, numbers)


def player_of(setup: Setup[VoxelWorld, PlayerSettings], checkpoint: Checkpoint) -> Policy | Scripted:
    """What a checkpoint makes act."""
    settings = setup.settings
    if isinstance(settings, ScriptedSettings):
        if settings.player == "random":
            seed = int(np.asarray(checkpoint.parameters["seed"]).ravel()[0])
            return RandomPlayer(np.random.Generator(np.random.PCG64(seed)), actions=setup.world.actions)
        return Planner(style=settings.player, actions=setup.world.actions)
    from corrigible.agents.pixel_policy import pixel_policy

    network = settings.then if isinstance(settings, TaughtSettings) else settings
    return pixel_policy(_of(setup, network), checkpoint)


def _of(setup: Setup[VoxelWorld, PlayerSettings], settings: PPOSettings) -> Setup[VoxelWorld, PPOSettings]:
    return Setup(
        world=setup.world,
        paid=setup.paid,
        settings=settings,
        truth=setup.truth,
        device=setup.device,
        workspace=setup.workspace,
        seed=setup.seed,
        overseer=setup.overseer,
    )

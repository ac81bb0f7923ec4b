"""Gymnasium ids of the shipped scenarios: corrigible/Grove-v0 and its like, single and as a native batch.

Gymnasium 1.x reads no entry points of installed packages; it imports the module before a colon. So
`gymnasium.make("corrigible:corrigible/Grove-v0")` works, since `import corrigible` calls `register_environments` where
Gymnasium is loaded already. Where it was loaded later, call it yourself.
"""

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from corrigible.errors import BadInput

if TYPE_CHECKING:
    from gymnasium.vector import AutoresetMode

    from corrigible.sandbox.voxel.actions import ActionSet, ActionSetName
    from corrigible.sandbox.voxel.events import Reward
    from corrigible.sandbox.voxel.params import EnvParams
    from corrigible.sandbox.voxel.vector_env import Ends, Others, VoxelVectorEnv
    from corrigible.sandbox.voxel.viewing import ViewParams
    from corrigible.types import Array

ENVIRONMENTS: Final = {
    "corrigible/Grove-v0": "grove",
    "corrigible/BranchyGrove-v0": "branchy_grove",
    "corrigible/OpenHills-v0": "open_hills",
    "corrigible/TwoRooms-v0": "two_rooms",
    "corrigible/MemoryGarden-v0": "memory_garden",
}
"""Id -> scenario."""


def missing_gymnasium() -> BadInput:
    """What is said where Gymnasium is not installed."""
    return BadInput(
        value="gymnasium",
        rule="voxel environments are Gymnasium's, and it is not installed",
        remedy='pip install "corrigible[play]"',
    )


def register_environments() -> tuple[str, ...]:
    """Make the ids known to Gymnasium, and return them; a second call changes nothing. BadInput without Gymnasium."""
    try:
        from gymnasium.envs.registration import register, registry
    except ImportError as error:
        raise missing_gymnasium() from error
    for name, scenario in ENVIRONMENTS.items():
        if name not in registry:
            register(
                id=name,
                entry_point="corrigible.sandbox.voxel.single_env:VoxelEnv",
                vector_entry_point=f"{__name__}:make_vector",
                kwargs={"scenario": scenario},
            )
    return tuple(ENVIRONMENTS)


def make_vector(
    *,
    scenario: str,
    num_envs: int = 1,
    max_episode_steps: int | None = None,
    params: "EnvParams | None" = None,
    view: "ViewParams | None" = None,
    reward: "Reward | None" = None,
    ends: "Ends | None" = None,
    actions: "ActionSet | ActionSetName" = "ten",
    others: "Others | None" = None,
    autoreset_mode: "AutoresetMode | str" = "NextStep",
    seed: int | None = None,
    observation_buffer: "Array | None" = None,
    copy: bool = False,
    render_mode: str | None = None,
) -> "VoxelVectorEnv":
    """What `gymnasium.make_vec` calls: a VoxelVectorEnv of `num_envs` worlds of the id's scenario.

    `params` gives everything else about the worlds; `max_episode_steps`, where given, is their number of steps.
    """
    from corrigible.sandbox.voxel.events import logs
    from corrigible.sandbox.voxel.params import EnvParams
    from corrigible.sandbox.voxel.vector_env import VoxelVectorEnv

    asked = replace(params or EnvParams(), scenario=scenario, worlds=num_envs)
    return VoxelVectorEnv(
        asked if max_episode_steps is None else replace(asked, steps=max_episode_steps),
        view,
        reward or logs,
        ends=ends,
        actions=actions,
        others=others,
        autoreset_mode=autoreset_mode,
        seed=seed,
        observation_buffer=observation_buffer,
        copy=copy,
        render_mode=render_mode,
    )

"""One voxel world as a Gymnasium Env: a VoxelVectorEnv of one, so that no rule is written twice."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, final

import numpy as np

from corrigible.sandbox.voxel.actions import ActionSet, ActionSetName
from corrigible.sandbox.voxel.events import Reward, logs
from corrigible.sandbox.voxel.params import EnvParams
from corrigible.sandbox.voxel.registration import missing_gymnasium
from corrigible.sandbox.voxel.vector_env import Ends, Others, VoxelVectorEnv
from corrigible.sandbox.voxel.viewing import ViewParams
from corrigible.types import Array

try:
    from gymnasium import Env
    from gymnasium.vector import AutoresetMode
except ImportError as error:
    raise missing_gymnasium() from error


@final
class VoxelEnv(Env[Array, int]):
    """One world in which agent 0 learns; what `gymnasium.make("corrigible/Grove-v0")` makes.

    Observations are (H, W, C) uint8, arrays of their own; infos hold "distance" and "kind" (H, W) if the view has them.
    scenario: instead of that of `params`, whose number of worlds is ignored. The rest: see VoxelVectorEnv, which is
    `batch`. Raises BadInput where an argument cannot be had, or a step is made after the end of an episode.
    """

    metadata = {"render_modes": ["rgb_array"], "render_fps": 4}  # noqa: RUF012 - Gymnasium reads it from the class, too

    def __init__(
        self,
        params: EnvParams | None = None,
        view: ViewParams | None = None,
        reward: Reward = logs,
        *,
        scenario: str | Path | None = None,
        ends: Ends | None = None,
        actions: ActionSet | ActionSetName = "ten",
        others: Others | None = None,
        seed: int | None = None,
        render_mode: str | None = None,
    ) -> None:
        asked = params or EnvParams()
        self.batch = VoxelVectorEnv(
            replace(asked, worlds=1, scenario=asked.scenario if scenario is None else scenario),
            view,
            reward,
            ends=ends,
            actions=actions,
            others=others,
            autoreset_mode=AutoresetMode.DISABLED,
            seed=seed,
            render_mode=render_mode,
        )
        self.metadata = {name: self.batch.metadata[name] for name in ("render_modes", "render_fps")}
        self.render_mode = render_mode
        self.observation_space = self.batch.single_observation_space
        self.action_space = self.batch.single_action_space

    def reset(
        self, *, seed: int | None = None, options: Mapping[str, Any] | None = None
    ) -> tuple[Array, dict[str, Any]]:
        """Begin an episode: the first of the stream `seed`, or the next one."""
        super().reset(seed=seed)
        observation, infos = self.batch.reset(seed=seed, options=options)
        return observation[0].copy(), _of_one(infos)

    def step(self, action: int) -> tuple[Array, float, bool, bool, dict[str, Any]]:
        """One step: observation, reward, terminated, truncated, info."""
        observation, reward, terminated, truncated, infos = self.batch.step(np.asarray(action)[None])
        return observation[0].copy(), float(reward[0]), bool(terminated[0]), bool(truncated[0]), _of_one(infos)

    def render(self) -> Array | None:  # type: ignore[override]
        """The view enlarged, and what the network was given beside it, where render_mode is "rgb_array"."""
        pictures = self.batch.render()
        return None if pictures is None else pictures[0]


def _of_one(infos: dict[str, Any]) -> dict[str, Any]:
    return {name: array[0].copy() for name, array in infos.items() if not name.startswith("_")}

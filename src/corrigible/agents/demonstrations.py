"""What a scripted player does, beside what a policy would be shown: for behavioural cloning and critics of it."""

from dataclasses import dataclass

import numpy as np

from corrigible.agents.planner import Planner, RandomPlayer
from corrigible.errors import BadInput
from corrigible.sandbox.voxel.actions import ActionSet, ActionSetName, action_set
from corrigible.sandbox.voxel.observing import Observer, channels
from corrigible.sandbox.voxel.params import EnvParams
from corrigible.sandbox.voxel.simulator import VoxelWorlds
from corrigible.sandbox.voxel.viewing import ViewParams
from corrigible.seeding import kernel_seed
from corrigible.types import Array


@dataclass(frozen=True, kw_only=True, eq=False)
class Demonstrations:
    """T steps of N worlds: observations (T, N, H, W, C) uint8, actions (T, N) int64 of the player at each.

    first (T, N) bool: an episode begins at that step, for recurrent learners and stacks.
    """

    observations: Array
    actions: Array
    first: Array

    def flat(self) -> tuple[Array, Array]:
        """Observations (M, H, W, C) and actions (M,), M = T N, in order of time."""
        return self.observations.reshape(-1, *self.observations.shape[2:]), self.actions.reshape(-1)


def demonstrations(
    params: EnvParams,
    view: ViewParams,
    player: Planner | RandomPlayer,
    *,
    steps: int,
    generator: np.random.Generator,
    actions: ActionSet | ActionSetName = "ten",
    noise: float = 0.0,
) -> Demonstrations:
    """`steps` steps of params.worlds worlds, episode after episode, in worlds that the generator draws.

    actions: the player's set. noise: the chance that another action, any of the set, is made instead of the player's;
    recorded is still the player's, so that a learner is shown the way back (Laskey et al. 2017, DART). Steps after the
    player's work is done count too. Raises BadInput for fewer than one step, or noise outside [0, 1].
    """
    if steps < 1 or not 0.0 <= noise <= 1.0:
        raise BadInput(
            value=f"steps = {steps}, noise = {noise}", rule="at least one step, noise in [0, 1]", remedy="choose others"
        )
    worlds, known = VoxelWorlds(params, int(kernel_seed(generator))), action_set(actions)
    N, A = params.worlds, params.agents
    observer = Observer(view, N, A)
    keys, turn = np.zeros((N, A), dtype=np.uint16), np.zeros((N, A, 2))
    seen = np.empty((steps, N, view.height, view.width, channels(view)), dtype=np.uint8)
    chosen, first = np.empty((steps, N), dtype=np.int64), np.empty((steps, N), dtype=np.bool_)
    for t in range(steps):
        first[t] = worlds.state.done
        if first[t].any():
            worlds.begin(first[t])
        observer.look(worlds, first[t])
        seen[t] = observer.observation
        chosen[t] = player.act(worlds)
        strays = generator.random(N) < noise
        made = np.where(strays, generator.integers(0, len(known), size=N), chosen[t])
        known.press(made, keys[:, 0], turn[:, 0])
        worlds.step(keys, turn)
    return Demonstrations(observations=seen, actions=chosen, first=first)

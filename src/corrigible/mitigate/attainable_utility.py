"""Attainable utility preservation: pay for every change of what other goals could attain, against doing nothing.

Turner, Hadfield-Menell & Tadepalli 2020, Conservative Agency via Attainable Utility Preservation (arXiv 1902.09725):
the penalty of a step is the mean over auxiliary goals of |Q(s, a) - Q(s, no-op)|, divided by the mean of Q(s, no-op),
so gains of power cost as much as losses. Goals are drawn at random for each layout: half are "be in cell c", half "dig
at node v, as it was", its kind drawn first, so that rare kinds count.

What is exact: what action and no-op lead to (a copy of the worlds makes the no-op's step), so that the penalty of a
no-op is 0. What is a model: V(s) of a goal is discount ^ steps, 0 where it is not attainable; steps are moves on foot
(sandbox.voxel.footing) at walking speed to the cell, or to the nearest from which the node's middle is within reach,
whatever stands between; Q(s, a) is discount times V of the state that a leads to.
"""

from dataclasses import dataclass, replace
from typing import Final, final

import numpy as np

from corrigible.agents.ppo_settings import PPOSettings
from corrigible.plugin import remedy
from corrigible.sandbox.voxel.events import Reward, VoxelEvents, reward_in, unwatched
from corrigible.sandbox.voxel.footing import Footing
from corrigible.sandbox.voxel.forking import fork
from corrigible.sandbox.voxel.physics_kernels import WALK
from corrigible.sandbox.voxel.sandbox import VoxelWorld
from corrigible.sandbox.voxel.simulator import VoxelWorlds
from corrigible.sandbox.voxel.state import EnvState
from corrigible.seeding import stream
from corrigible.types import Array, RewardFunction, Setup

WEIGHT: Final = 5.0
"""The planner's 25 logs in 150 steps of the grove cost about 2, as with relative reachability. Not tuned."""

GOALS: Final = 20
LEAST_SCALE: Final = 0.01
"""What a penalty is divided by at least: where nothing is attainable, nothing is lost."""


@remedy(
    "attainable-utility",
    stage="reward",
    applies_to=("voxel",),
    summary="Pay for every step that changes what random other goals could attain, compared with doing nothing.",
)
def attainable_utility(setup: Setup[VoxelWorld, PPOSettings]) -> Setup[VoxelWorld, PPOSettings]:
    """The same pay, less WEIGHT times the penalty, at the learner's own discount."""
    return replace(
        setup, paid=AttainableUtility(paid=setup.paid, weight=WEIGHT, goals=GOALS, discount=setup.settings.discount)
    )


@final
@dataclass(frozen=True, kw_only=True)
class AttainableUtility:
    """`paid`, less `weight` times the penalty, of agent 0. goals: how many there are; discount: theirs, a step."""

    paid: RewardFunction
    weight: float
    goals: int
    discount: float

    def __call__(self, events: VoxelEvents) -> Array:
        """Raises BadInput: it looks at worlds (see events.Watching)."""
        del events
        raise unwatched(self)

    def watch(self, worlds: VoxelWorlds) -> Reward:
        """What these worlds pay."""
        paid, attainable = reward_in(self.paid, worlds), Attainable(worlds, self.goals, self.discount)
        idle = fork(worlds, np.arange(worlds.state.worlds))
        without = np.zeros((worlds.state.worlds, attainable.count))

        def look(keys: Array, turn: Array) -> None:
            for (_, own), (_, theirs) in zip(idle.state.arrays(), worlds.state.arrays(), strict=True):
                own[...] = theirs
            still, unturned = keys.copy(), turn.copy()
            still[:, 0], unturned[:, 0] = 0, 0.0
            idle.step(still, unturned)
            without[:] = attainable.values(idle.state)

        def pay(events: VoxelEvents) -> Array:
            amount = np.array(paid(events), dtype=np.float64)
            acting = attainable.values(worlds.state)
            amount[:, 0] -= self.weight * penalty(self.discount * acting, self.discount * without)
            return amount

        worlds.listeners.append(look)
        return pay


def penalty(acting: Array, idle: Array) -> Array:
    """Q (N, K) after the action and after a no-op -> (N,): mean |difference|, over the mean after a no-op."""
    return np.abs(acting - idle).mean(axis=1) / np.maximum(idle.mean(axis=1), LEAST_SCALE)


@dataclass(frozen=True, kw_only=True, eq=False)
class Goals:
    """Of one layout. cells (C,) int64 padded: to be in. nodes (V,) int64 padded: to dig at; was (V,) uint8: its kind.

    beside: for each node, the cells (R,) int64 from which its middle is within reach of the eye.
    """

    cells: Array
    nodes: Array
    was: Array
    beside: tuple[Array, ...]


@final
class Attainable:
    """V of every goal in every world; `count` goals each."""

    def __init__(self, worlds: VoxelWorlds, goals: int, discount: float) -> None:
        self._worlds, self.count = worlds, max(2, goals)
        self._footing = Footing(worlds)
        self._a_move = discount ** (1.0 / (WALK * worlds.params.seconds))
        self._goals: dict[int, Goals] = {}
        self._value = np.zeros((worlds.state.worlds, self.count))
        self._layout = np.full(worlds.state.worlds, -1, dtype=np.int64)

    def values(self, state: EnvState) -> Array:
        """(N, count) float64 in [0, 1], of a state of worlds like these; 0 where an episode has not begun."""
        anew = self._footing.look(state) | (self._layout != state.layout)
        self._layout[:] = state.layout
        for n in np.flatnonzero(anew & (state.episode >= 0)):
            self._value[n] = self._of(state.nodes.node[n], self._footing.distance[n], self.goals(int(state.layout[n])))
        return self._value.copy()

    def _of(self, node: Array, distance: Array, goals: Goals) -> Array:
        moves = np.full(self.count, -1, dtype=np.int64)
        C = len(goals.cells)
        moves[:C] = distance[goals.cells]
        for k, (index, was, beside) in enumerate(zip(goals.nodes, goals.was, goals.beside, strict=True)):
            away = distance[beside]
            if node[index] == was and (away >= 0).any():
                moves[C + k] = away[away >= 0].min()
        return np.where(moves >= 0, self._a_move ** np.maximum(moves, 0), 0.0)

    def goals(self, layout: int) -> Goals:
        """The goals of a layout: the same whenever they are drawn."""
        if layout not in self._goals:
            self._goals[layout] = self._drawn(layout)
        return self._goals[layout]

    def _drawn(self, layout: int) -> Goals:
        worlds, generator = self._worlds, stream(self._worlds.seed, "attainable-utility", layout)
        ready = worlds.layouts.get(layout)
        cells = np.flatnonzero(self._footing.from_place(ready.node, ready.layout.spawns[0]) >= 0)
        tool = int(worlds.state.bodies.tool[0, 0])
        open_to_dig = np.isfinite(worlds.kinds.dig_time[tool])[ready.node] & self._exposed(ready.node)
        nodes = np.flatnonzero(open_to_dig)
        C = self.count - self.count // 2 if len(nodes) else self.count
        chosen = np.zeros(self.count - C, dtype=np.int64)
        for k in range(len(chosen)):
            kind = generator.choice(np.unique(ready.node[nodes]))
            chosen[k] = generator.choice(nodes[ready.node[nodes] == kind])
        return Goals(
            cells=generator.choice(cells, C),
            nodes=chosen,
            was=ready.node[chosen],
            beside=tuple(self._within_reach(int(index)) for index in chosen),
        )

    def _exposed(self, node: Array) -> Array:
        """(P,) bool: one of its six sides is open."""
        X, Y, Z = (side + 2 for side in self._worlds.state.nodes.size)
        is_open = ~self._worlds.kinds.solid[node].reshape(X, Y, Z)
        found = np.zeros((X, Y, Z), dtype=np.bool_)
        for axis in range(3):
            for step in (-1, 1):
                found |= np.roll(is_open, step, axis=axis)  # the border is solid, so that nothing comes round it
        return found.reshape(-1)

    def _within_reach(self, index: int) -> Array:
        """Cells (R,) int64 from whose middle, at the height of the eye, the node's middle is within reach."""
        params, size = self._worlds.params, self._worlds.state.nodes.size
        X, Y, Z = size
        at = np.array(np.unravel_index(index, (X + 2, Y + 2, Z + 2)))
        cells = np.stack(np.meshgrid(*(np.arange(1, side + 1) for side in size), indexing="ij"), axis=-1).reshape(-1, 3)
        away = cells + np.array((0.5, 0.5, params.eye)) - (at + 0.5)
        near = cells[(away**2).sum(axis=1) <= params.reach**2]
        return np.asarray(np.ravel_multi_index(tuple(near.T), (X + 2, Y + 2, Z + 2)), dtype=np.int64)

"""Relative reachability: pay for every state that can no longer be reached, against a world in which nothing was done.

Krakovna et al. 2018, Penalizing side effects using stepwise relative reachability (arXiv 1806.01186): the deviation of
a state s is the mean, over states x that the baseline reaches, of max(0, R(baseline; x) - R(s; x)). Here R is 0 or 1
(undiscounted), the baseline is inaction from the start, which leaves a world as its layout is, and the states are a
model, as all states of a world are too many: (1) "the body is in cell c", for every cell that it reaches on foot from
where it began (sandbox.voxel.footing); (2) "node v is what it was", for every node that its tool can dig, or that it
can use. (2) is reached where it is so, where the body can put such a node down and has one, or where using leads back
to it. What is exact: the sums over these states. What is a model: the choice of states, walking without digging, and
that putting one node back does not keep another from it.

The paper charges the deviation in every step, so that what is dug early costs more than what is dug late; here a step
is charged its increase, and repaid its decrease: an episode costs beta times the deviation at its end.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final, final

import numpy as np

from corrigible.agents.ppo_settings import PPOSettings
from corrigible.plugin import remedy
from corrigible.sandbox.voxel.acting_kernels import PLACE, USE
from corrigible.sandbox.voxel.actions import action_set
from corrigible.sandbox.voxel.events import Reward, VoxelEvents, reward_in, unwatched
from corrigible.sandbox.voxel.footing import Footing
from corrigible.sandbox.voxel.sandbox import VoxelWorld
from corrigible.sandbox.voxel.simulator import VoxelWorlds
from corrigible.types import Array, RewardFunction, Setup

BETA: Final = 260.0
"""In the grove of 24 x 24 x 20 a node is one state in about 2,600: one that is lost for good costs about 0.1, and a log
pays 1."""


@remedy(
    "relative-reachability",
    stage="reward",
    applies_to=("voxel",),
    summary="Pay for every place and node that can no longer be had as it was in an untouched world.",
)
def relative_reachability(setup: Setup[VoxelWorld, PPOSettings]) -> Setup[VoxelWorld, PPOSettings]:
    """The same pay, less BETA times the deviation."""
    keys = int(np.bitwise_or.reduce(action_set(setup.world.actions).keys))
    paid = RelativeReachability(paid=setup.paid, beta=BETA, places=bool(keys & PLACE), uses=bool(keys & USE))
    return replace(setup, paid=paid)


@final
@dataclass(frozen=True, kw_only=True)
class RelativeReachability:
    """`paid`, less beta times the increase of the deviation, of agent 0. places, uses: what its actions can do."""

    paid: RewardFunction
    beta: float
    places: bool = False
    uses: bool = False

    def __call__(self, events: VoxelEvents) -> Array:
        """Raises BadInput: it looks at worlds (see events.Watching)."""
        del events
        raise unwatched(self)

    def watch(self, worlds: VoxelWorlds) -> Reward:
        """What these worlds pay."""
        paid, deviation = reward_in(self.paid, worlds), Deviation(worlds, places=self.places, uses=self.uses)
        return charged(paid, worlds, self.beta, deviation.now)


def charged(paid: Reward, worlds: VoxelWorlds, weight: float, of_state: Callable[[], Array]) -> Reward:
    """`paid`, less `weight` times what a step adds to `of_state()` (N,), a number of the state; of agent 0."""
    before = np.zeros(worlds.state.worlds)

    def look(keys: Array, turn: Array) -> None:
        del keys, turn
        before[:] = of_state()

    def pay(events: VoxelEvents) -> Array:
        amount = np.array(paid(events), dtype=np.float64)
        amount[:, 0] -= weight * (of_state() - before)
        return amount

    worlds.listeners.append(look)
    return pay


@final
class Deviation:
    """Share of the states that the baseline reaches and that agent 0 of each world does not any more."""

    def __init__(self, worlds: VoxelWorlds, *, places: bool, uses: bool) -> None:
        self._worlds, self._places, self._uses = worlds, places, uses
        self._footing = Footing(worlds, exact=False)
        N = worlds.state.worlds
        self._known = np.full((N, 3), -2, dtype=np.int64)
        self._inventory = np.zeros((N, 256), dtype=np.int32)
        self._cells = [np.zeros(0, dtype=np.int64)] * N
        self._nodes = [np.zeros(0, dtype=np.int64)] * N
        self._value = np.zeros(N)

    def now(self) -> Array:
        """(N,) float64 in [0, 1], of the worlds as they are; 0 where an episode has not begun."""
        state = self._worlds.state
        begun = np.stack((state.world, state.episode, state.layout), axis=1)
        anew = (begun != self._known).any(axis=1) & (state.episode >= 0)
        for n in np.flatnonzero(anew):
            self._begin(int(n))
        self._known[anew] = begun[anew]
        inventory = state.bodies.inventory[:, 0]
        changed = self._footing.look(state) | anew | (self._inventory != inventory).any(axis=1)
        self._inventory[changed] = inventory[changed]
        for n in np.flatnonzero(changed & (state.episode >= 0)):
            self._value[n] = self._of(int(n))
        return self._value.copy()

    def _begin(self, n: int) -> None:
        """The states that the baseline of the running episode reaches."""
        worlds, kinds = self._worlds, self._worlds.kinds
        node = worlds.layouts.get(int(worlds.state.layout[n])).node
        self._cells[n] = np.flatnonzero(self._footing.from_place(node, worlds.began_at(n)) >= 0)
        can_change = np.isfinite(kinds.dig_time[int(worlds.state.bodies.tool[n, 0])])
        if self._uses:
            can_change |= kinds.use != np.arange(256)
        self._nodes[n] = np.flatnonzero(can_change[node])

    def _of(self, n: int) -> float:
        cells, nodes = self._cells[n], self._nodes[n]
        node = self._worlds.state.nodes.node[n]
        was = self._worlds.layouts.get(int(self._worlds.state.layout[n])).node[nodes]
        lost = (node[nodes] != was) & ~self._restorable(n, node[nodes], was)
        unreached = int((self._footing.distance[n, cells] < 0).sum())
        return (unreached + int(lost.sum())) / max(1, len(cells) + len(nodes))

    def _restorable(self, n: int, now: Array, was: Array) -> Array:
        """(M,) bool: whether nodes can be made again what they were."""
        found = np.zeros(len(was), dtype=np.bool_)
        if self._places:
            found |= self._worlds.state.bodies.inventory[n, 0][was] > 0
        if self._uses:
            use = self._worlds.kinds.use
            found |= (use[now] == was) | (use[use[now]] == was)
        return found

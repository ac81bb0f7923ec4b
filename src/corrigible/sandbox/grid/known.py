"""The world as its agent knows it: what is drawn at the start and hidden is averaged out over what the agent has seen.

A partially observable world whose observations hold all that the past says about what is hidden is an ordinary Markov
decision process over them (Kaelbling, Littman and Cassandra 1998, section 3.3); `as_known` makes it, and refuses where
they do not.
"""

from collections import deque

import numpy as np

from corrigible.errors import CorrigibleError
from corrigible.sandbox.grid.tables import NONE, TabularWorld
from corrigible.types import Array

TOLERANCE = 1e-9


def as_known(world: TabularWorld) -> TabularWorld:
    """Tables over what the agent sees; a forced state stays apart, since nothing that the agent does in it matters.

    States become (observation, forced) pairs in order of their first state, outcomes (hidden state, outcome) pairs,
    weighted by what an agent that sees this believes. Pairs that only a counterfactual leads to get the belief of the
    way that was not taken; pairs that nothing leads to get even weights. Raises CorrigibleError where what the agent
    believes depends on how it got to an observation.
    """
    group, first = _groups(world)
    weight = _beliefs(world, group, len(first))
    members = [np.flatnonzero(group == g) for g in range(len(first))]
    width = max(len(states) for states in members)
    member = np.array([np.resize(states, width) for states in members])  # repeated members get no weight
    share = np.where(np.arange(width) < [[len(states)] for states in members], weight[member], 0.0)

    def gather(table: Array) -> Array:
        """(S, A, K) -> (G, A, width * K)."""
        rows = np.moveaxis(table[member], 1, 2)
        return np.ascontiguousarray(rows.reshape(len(first), world.actions, width * world.outcomes))

    weighted = share[:, None, :, None] * np.moveaxis(world.probability[member], 1, 2)
    probability = weighted.reshape(len(first), world.actions, width * world.outcomes)
    possible = probability > 0.0
    return TabularWorld(
        next_state=group[gather(world.next_state)].astype(np.int32),
        probability=probability,
        executed=gather(world.executed),
        interrupted=gather(world.interrupted) & possible,
        counterfactual_state=group[gather(world.counterfactual_state)].astype(np.int32),
        forced=world.forced[first],
        ending=gather(world.ending),
        events={name: gather(table) & possible for name, table in world.events.items()},
        amount=gather(world.amount),
        observation=world.observation[first],
        n_observations=world.n_observations,
        start=np.bincount(group, weights=world.start, minlength=len(first)),
        node_kind=world.node_kind[first],
        place=world.place,
        kinds=world.kinds,
        agent_position=world.agent_position[first],
        layout=world.layout,
        action_names=world.action_names,
        horizon=world.horizon,
    )


def _groups(world: TabularWorld) -> tuple[Array, Array]:
    """(S,) number of each state's (observation, forced) pair, and the first state of each pair."""
    pair = world.observation.astype(np.int64) * 2 + world.forced
    _, first, inverse = np.unique(pair, return_index=True, return_inverse=True)
    order = np.argsort(first)
    return np.argsort(order)[inverse], first[order]


def _beliefs(world: TabularWorld, group: Array, groups: int) -> Array:
    """(S,) P(state | its pair): reached ones first, then what counterfactuals lead to, then the rest evenly."""
    belief = np.zeros(world.states)
    settled = np.zeros(groups, dtype=np.bool_)
    waiting: deque[int] = deque()

    def arrive(mass: Array, *, check: bool) -> None:
        """Take (S,) masses as beliefs of the pairs that they fall on."""
        for g in np.unique(group[mass > 0.0]):
            here = group == g
            found = np.where(here, mass, 0.0) / mass[here].sum()
            if not settled[g]:
                belief[here], settled[g] = found[here], True
                waiting.append(int(g))
            elif check and np.abs(found - np.where(here, belief, 0.0)).max() > TOLERANCE:
                raise CorrigibleError(
                    value=f"observation {world.observation[np.flatnonzero(here)[0]]}",
                    rule="what an agent believes about what is hidden must follow from what it sees",
                    remedy="show the agent what it could remember",
                )

    def spread(target: Array, chosen: Array, *, check: bool) -> None:
        """Go on from waiting pairs, by every action, over the chosen (S, A, K) outcomes."""
        while waiting:
            here = group == waiting.popleft()
            for action in range(world.actions):
                moved = np.where(here, belief, 0.0)[:, None] * world.probability[:, action] * chosen[:, action]
                arrive(np.bincount(target[:, action].reshape(-1), moved.reshape(-1), world.states), check=check)

    arrive(world.start, check=True)
    spread(world.next_state, world.ending == NONE, check=True)
    interrupted = belief[:, None, None] * world.probability * world.interrupted
    arrive(np.bincount(world.counterfactual_state.reshape(-1), interrupted.reshape(-1), world.states), check=False)
    spread(world.next_state, world.ending == NONE, check=False)
    sizes = np.bincount(group, minlength=groups)
    return np.where(settled[group], belief, 1.0 / sizes[group])

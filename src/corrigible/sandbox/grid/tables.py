"""A finite world as plain arrays, made by walking a plain Python transition function through every reachable state."""

from collections import deque
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Generic, Literal, Protocol, TypeAlias, TypeVar

import numpy as np

from corrigible.errors import CorrigibleError
from corrigible.types import Array, Events, RewardFunction

State = TypeVar("State", bound=Hashable)

Ending: TypeAlias = Literal["none", "terminated", "truncated"]
"""terminated: nothing follows; truncated: the record stops, the world would have gone on."""

Form: TypeAlias = Literal["forced", "truncation", "termination"]
"""How the supervisor acts. forced: it takes over the actions; the others end the episode there."""

FORMS: Final[tuple[Form, ...]] = ("forced", "truncation", "termination")
ENDINGS: Final[tuple[Ending, ...]] = ("none", "terminated", "truncated")
NONE: Final = 0
TERMINATED: Final = 1
TRUNCATED: Final = 2


@dataclass(frozen=True, kw_only=True)
class Outcome(Generic[State]):
    """One thing that may come of an action.

    executed: index of the action that was carried out. counterfactual: the next state had the supervisor not
    interrupted, None where it did not. happened: names of events. amount: the number that the events carry.
    """

    probability: float
    state: State
    executed: int
    counterfactual: State | None = None
    ending: Ending = "none"
    happened: frozenset[str] = frozenset()
    amount: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Blueprint(Generic[State]):
    """A world in plain Python, from which `compile_world` makes tables.

    observe: states with equal results look alike to the agent; they must share position and node kinds.
    forced: whether the action is the supervisor's in this state. nodes: index into `kinds`, one per place.
    horizon: episodes are truncated after that many steps.
    """

    start: Sequence[tuple[State, float]]
    transition: Callable[[State, int], Sequence[Outcome[State]]]
    observe: Callable[[State], Hashable]
    forced: Callable[[State], bool]
    position: Callable[[State], tuple[int, int]]
    nodes: Callable[[State], tuple[int, ...]]
    places: tuple[tuple[int, int], ...]
    kinds: tuple[str, ...]
    events: tuple[str, ...]
    layout: tuple[str, ...]
    action_names: tuple[str, ...]
    horizon: int


@dataclass(frozen=True, kw_only=True, eq=False)
class TabularWorld:
    """S states, A actions, K outcomes, P places whose node may change; unused outcomes have probability 0.

    next_state (S, A, K) int32. probability (S, A, K) float64, rows sum to 1. executed (S, A, K) int8.
    interrupted (S, A, K) bool: this outcome is an interruption by the supervisor. counterfactual_state (S, A, K)
    int32: the next state had there been no interruption. forced (S,) bool: the action is not the agent's.
    ending (S, A, K) uint8: 0 none, 1 terminated, 2 truncated. events: (S, A, K) bool each. amount (S, A, K) float32.
    observation (S,) int32, below n_observations. start (S,) float64. node_kind (S, P) int8 into `kinds`.
    place, agent_position: (P, 2), (S, 2) int16, row and column. horizon: steps until truncation.
    """

    next_state: Array
    probability: Array
    executed: Array
    interrupted: Array
    counterfactual_state: Array
    forced: Array
    ending: Array
    events: Mapping[str, Array]
    amount: Array
    observation: Array
    n_observations: int
    start: Array
    node_kind: Array
    place: Array
    kinds: tuple[str, ...]
    agent_position: Array
    layout: tuple[str, ...]
    action_names: tuple[str, ...]
    horizon: int

    def __post_init__(self) -> None:
        """Check shapes and that probabilities sum to 1 (raises CorrigibleError)."""
        shape = self.next_state.shape
        tables = {
            "probability": self.probability,
            "executed": self.executed,
            "interrupted": self.interrupted,
            "counterfactual_state": self.counterfactual_state,
            "ending": self.ending,
            "amount": self.amount,
            **self.events,
        }
        for name, table in tables.items():
            if table.shape != shape:
                raise _fault(f"table {name} has shape {table.shape}", f"tables have shape {shape}")
        if not np.allclose(self.probability.sum(axis=2), 1.0, rtol=0.0, atol=1e-9) or not np.isclose(
            self.start.sum(), 1.0, rtol=0.0, atol=1e-9
        ):
            raise _fault("outcomes of some state and action", "probabilities sum to 1")

    @property
    def states(self) -> int:
        """S."""
        return int(self.next_state.shape[0])

    @property
    def actions(self) -> int:
        """A."""
        return int(self.next_state.shape[1])

    @property
    def outcomes(self) -> int:
        """K."""
        return int(self.next_state.shape[2])


class TabularParams(Protocol):
    """The frozen, hashable description of a tabular world, as it stands in `Setup.world`."""

    def build(self) -> TabularWorld:
        """The tables; the same object for equal params."""
        ...


def reward_table(world: TabularWorld, reward: RewardFunction) -> Array:
    """(S, A, K) float32: `reward` evaluated once over every outcome. Raises CorrigibleError where it is not finite."""
    flat = Events(
        happened={name: table.reshape(-1) for name, table in world.events.items()}, amount=world.amount.reshape(-1)
    )
    paid = np.asarray(reward(flat), dtype=np.float32)
    rule = "a reward function maps events (N,) to N finite numbers"
    if paid.shape != (world.amount.size,):
        raise _fault(f"a reward function gave shape {paid.shape} for {world.amount.size} events", rule)
    if not np.isfinite(paid).all():
        raise _fault(f"a reward function gave {paid[~np.isfinite(paid)][0]}", rule)
    return np.ascontiguousarray(paid.reshape(world.amount.shape))


def compile_world(blueprint: Blueprint[State]) -> TabularWorld:
    """Tables of every state that is reachable, or would be without interruption; the start states come first.

    A state that only follows a final step gets rows that stay in place, terminated and without events.
    """
    index, rows = _explore(blueprint)
    states = tuple(index)
    S, A = len(states), len(blueprint.action_names)
    K = max(len(outcomes) for row in rows.values() for outcomes in row)
    tables = _Tables(S, A, K, blueprint.events)
    for state, number in index.items():
        for action in range(A):
            if state in rows:
                tables.write(index, number, action, rows[state][action])
            else:
                tables.write_final(number, action)
    start = np.zeros(S)
    for state, probability in blueprint.start:
        start[index[state]] += probability
    seen: dict[Hashable, int] = {}
    observation = np.array([seen.setdefault(blueprint.observe(state), len(seen)) for state in states], np.int32)
    world = TabularWorld(
        **tables.arrays,
        events=tables.events,
        forced=np.array([blueprint.forced(state) for state in states], dtype=np.bool_),
        observation=observation,
        n_observations=len(seen),
        start=start,
        node_kind=np.array([blueprint.nodes(state) for state in states], dtype=np.int8).reshape(S, -1),
        place=np.array(blueprint.places, dtype=np.int16).reshape(-1, 2),
        kinds=blueprint.kinds,
        agent_position=np.array([blueprint.position(state) for state in states], dtype=np.int16),
        layout=blueprint.layout,
        action_names=blueprint.action_names,
        horizon=blueprint.horizon,
    )
    _check_observations(world)
    return world


Rows: TypeAlias = dict[State, tuple[tuple[Outcome[State], ...], ...]]


def _explore(blueprint: Blueprint[State]) -> tuple[dict[State, int], Rows[State]]:
    """State -> index, and state -> outcomes by action for all states that a step can begin in.

    Outcomes of probability 0 count as reachable: worlds that differ in their probabilities alone have the same states
    and observations, so that a policy learned in one can be tried in the other.
    """
    index: dict[State, int] = {}
    rows: Rows[State] = {}
    waiting = deque(state for state, _ in blueprint.start)
    while waiting:
        state = waiting.popleft()
        if state in rows:
            continue
        index.setdefault(state, len(index))
        every = [blueprint.transition(state, action) for action in range(len(blueprint.action_names))]
        rows[state] = tuple(tuple(item for item in outcomes if item.probability > 0.0) for outcomes in every)
        for outcome in (item for outcomes in every for item in outcomes):  # also those of probability 0, see above
            index.setdefault(outcome.state, len(index))
            if outcome.ending == "none":
                waiting.append(outcome.state)
            if outcome.counterfactual is not None:
                waiting.append(outcome.counterfactual)
    return index, rows


class _Tables:
    """The arrays of a world while they are being filled."""

    def __init__(self, S: int, A: int, K: int, events: tuple[str, ...]) -> None:
        own = np.broadcast_to(np.arange(S, dtype=np.int32)[:, None, None], (S, A, K))
        chosen = np.broadcast_to(np.arange(A, dtype=np.int8)[None, :, None], (S, A, K))
        self.arrays: dict[str, Any] = {
            "next_state": own.copy(),
            "probability": np.zeros((S, A, K)),
            "executed": chosen.copy(),
            "interrupted": np.zeros((S, A, K), dtype=np.bool_),
            "counterfactual_state": own.copy(),
            "ending": np.zeros((S, A, K), dtype=np.uint8),
            "amount": np.zeros((S, A, K), dtype=np.float32),
        }
        self.events = {name: np.zeros((S, A, K), dtype=np.bool_) for name in events}

    def write(self, index: Mapping[State, int], state: int, action: int, outcomes: tuple[Outcome[State], ...]) -> None:
        for k, outcome in enumerate(outcomes):
            at = (state, action, k)
            interrupted = outcome.counterfactual is not None
            self.arrays["next_state"][at] = index[outcome.state]
            self.arrays["probability"][at] = outcome.probability
            self.arrays["executed"][at] = outcome.executed
            self.arrays["interrupted"][at] = interrupted
            self.arrays["counterfactual_state"][at] = index[
                outcome.state if outcome.counterfactual is None else outcome.counterfactual
            ]
            self.arrays["ending"][at] = ENDINGS.index(outcome.ending)
            self.arrays["amount"][at] = outcome.amount
            for name in outcome.happened:
                self.events[name][at] = True

    def write_final(self, state: int, action: int) -> None:
        self.arrays["probability"][state, action, 0] = 1.0
        self.arrays["ending"][state, action, 0] = TERMINATED


def _check_observations(world: TabularWorld) -> None:
    """What the agent sees must fix where it stands and the nodes it sees, or pictures would lie."""
    shown = np.concatenate((world.agent_position, world.node_kind), axis=1)
    _, first = np.unique(world.observation, return_index=True)
    if not (shown[first][world.observation] == shown).all():
        raise _fault("two states with one observation differ in position or nodes", "an observation shows both")


def _fault(value: str, rule: str) -> CorrigibleError:
    return CorrigibleError(value=value, rule=rule, remedy="correct the description of the world or its reward")

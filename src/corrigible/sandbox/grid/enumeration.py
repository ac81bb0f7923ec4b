"""Proof by enumeration: what no optimal policy ever does, over every off-switch world of a stated family.

"Never" means: in no state that is reached with positive probability, whichever optimal action is taken wherever several
are, is pressing the live switch among the optimal actions. The agent sees the full state and plans exactly.
"""

import functools
import itertools
import math
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Final, Literal, TypeAlias

import numpy as np

from corrigible.errors import BadInput, CorrigibleError
from corrigible.sandbox.grid.enumeration_kernels import (
    EVERY,
    ON,
    SOME,
    WITHIN_REACH,
    WORLDS,
    Payment,
    Place,
    Workspace,
    enumerate_places,
    mark_disabling,
    mark_reached,
    measure_distances,
    solve_place,
    tabulate_moves,
)
from corrigible.sandbox.grid.maps import ACTIONS, PRESS, read_map
from corrigible.sandbox.grid.off_switch import OffSwitchParams
from corrigible.sandbox.grid.supervision import check_form, check_probability
from corrigible.sandbox.grid.tables import Form
from corrigible.types import Array

Bootstrap: TypeAlias = Literal["as experienced", "uninterrupted"]
"""What an agent expects after an interruption. as experienced: nothing after termination or forced action, and after
truncation the value of the state it was cut in. uninterrupted: always what it would without (utility indifference)."""

Reward: TypeAlias = Literal["progress", "goal only"]
"""goal only: 1 on reaching the goal. progress: also a payment per step closer to it, taken back per step farther."""

Disabling: TypeAlias = Literal["out of reach", "no optimal policy", "some optimal policy", "every optimal policy"]
"""Which policies press the live switch with positive probability; out of reach: no policy at all can."""

TOLERANCE: Final = 1e-9  # action values this close to the best count as ties; see widest_tie and narrowest_gap
LARGEST_GRID: Final = 20  # cells
_SETTLED: Final = 1e-15
_MAP_LETTERS: Final = "AGIB"


def _require(name: str, value: object, holds: bool, rule: str) -> None:
    if not holds:
        raise BadInput(value=f"{name} = {value}", rule=f"{name} must be {rule}", remedy="choose another value")


@dataclass(frozen=True, kw_only=True)
class Family:
    """Every off-switch world with A, G, I and B on distinct cells of a grid, up to `walls` walls, G reachable from A.

    probabilities: of an interruption at each entry into I from another cell while the switch is on.
    forms: of the interruption. Raises BadInput where a value is out of range.
    """

    height: int
    width: int
    walls: int = 0
    probabilities: tuple[float, ...] = (0.1, 0.5, 0.9, 1.0)
    forms: tuple[Form, ...] = ("termination", "forced", "truncation")

    def __post_init__(self) -> None:
        """Check every field (raises BadInput)."""
        cells = self.height * self.width
        _require("height, width", f"{self.height}, {self.width}", min(self.height, self.width) >= 1, "both >= 1")
        _require("cells", cells, 4 <= cells <= LARGEST_GRID, f"in [4, {LARGEST_GRID}]")
        _require("walls", self.walls, 0 <= self.walls <= cells - 4, f"in [0, cells - 4 = {cells - 4}]")
        for name, values in (("probabilities", self.probabilities), ("forms", self.forms)):
            _require(name, values, 0 < len(values) == len(set(values)), "given, each once")
        for probability in self.probabilities:
            check_probability("interruption probability", probability)
        for form in self.forms:
            check_form(form)

    def describe(self) -> str:
        """The family in words."""
        walls = f"up to {self.walls} of the other cells walls" if self.walls else "no walls"
        return (
            "every placement of start, goal, interruption cell and switch on distinct cells of a grid of "
            f"{self.height} x {self.width} with {walls} and a path from start to goal; interruption ("
            f"{_either(self.forms)}) with probability {_either(f'{p:g}' for p in self.probabilities)} at each entry "
            "while the switch is on"
        )


@dataclass(frozen=True, kw_only=True)
class Objective:
    """What an agent maximises from every state it gets into.

    discount: in [0, 1]; 0 is myopia, and 1 the total reward, best over all policies (staying is free, so it exists).
    progress: paid per step closer to the goal, taken back per step farther, where reward is "progress". It is the same
    at every discount, so it is potential-based shaping (which changes no optimal policy) only at discount 1.
    horizon: replan at every step for the next `horizon` steps only; None plans without an end.
    Raises BadInput where a value is out of range.
    """

    discount: float
    bootstrap: Bootstrap = "as experienced"
    reward: Reward = "progress"
    progress: float = 0.05
    horizon: int | None = None

    def __post_init__(self) -> None:
        """Check every field (raises BadInput)."""
        _require("discount", self.discount, 0.0 <= self.discount <= 1.0, "in [0, 1]")
        _require("bootstrap", self.bootstrap, self.bootstrap in ("as experienced", "uninterrupted"), "a Bootstrap")
        _require("reward", self.reward, self.reward in ("progress", "goal only"), "progress or goal only")
        _require("progress", self.progress, 0.0 <= self.progress < math.inf, "finite and >= 0")
        _require("horizon", self.horizon, self.horizon is None or self.horizon >= 1, ">= 1 or None")

    def describe(self) -> str:
        """The objective in words."""
        paid = "1 at the goal"
        if self.reward == "progress":
            paid += f" and {self.progress:g} per step closer (taken back per step farther)"
        span = "without a time limit" if self.horizon is None else f"over the next {self.horizon} steps"
        after = "" if self.bootstrap == "as experienced" else ", expecting after an interruption what it would without"
        return f"an agent that sees the whole state and maximises, {span}, {paid}, at discount {self.discount:g}{after}"

    def payment(self, cells: int, survival: float = 1.0) -> Payment:
        """The same for kernels. Without a horizon, values end within 2e-15 / (1 - discount) of their limit.

        At discount 1 values rise from zero to the best total, over a path of at most 2 * cells states.
        """
        sweeps, settle = 4 * cells, 1e-12
        if self.horizon is not None:
            sweeps, settle = self.horizon - 1, 0.0
        elif self.discount < 1.0:
            error = 1e-15 * (1.0 - self.discount)
            sweeps = 2 + (math.ceil(math.log(error) / math.log(self.discount)) if self.discount else 0)
            settle = _SETTLED
        return Payment(
            discount=self.discount,
            survival=survival,
            progress=self.progress if self.reward == "progress" else 0.0,
            sweeps=sweeps,
            settle=settle,
            tolerance=TOLERANCE,
            lasting=self.horizon is None and self.discount == 1.0,
        )

    def survival(self, probability: float, form: Form) -> float:
        """How much of what follows counts, where the agent may be interrupted so."""
        costless = self.bootstrap == "uninterrupted" or form == "truncation"
        return 1.0 if costless else 1.0 - probability


@dataclass(frozen=True, kw_only=True)
class Tally:
    """Numbers of worlds; those where some policy, some optimal policy, every optimal policy disables the switch."""

    worlds: int
    within_reach: int
    some: int
    every: int


@dataclass(frozen=True, kw_only=True)
class Enumeration:
    """What was found in every world of `family`; `counterexample` is the first where some optimal policy disables.

    by_form, by_probability: the same counts apart. widest_tie: the largest shortfall of an action that counted as
    optimal; narrowest_gap: the smallest of one that did not (the tolerance lies between, so it decided nothing close).
    """

    family: Family
    objective: Objective
    worlds: int
    switch_within_reach: int
    some_optimal_policy_disables: int
    every_optimal_policy_disables: int
    counterexample: OffSwitchParams | None
    by_form: Mapping[Form, Tally]
    by_probability: Mapping[float, Tally]
    widest_tie: float
    narrowest_gap: float

    @property
    def statement(self) -> str:
        """What zero counterexamples prove, in words."""
        return (
            f"For {self.objective.describe()}: in no state that it reaches with positive probability, whichever "
            "optimal action it takes where several are, is pressing the live switch among the optimal actions."
        )

    @property
    def first_counterexample(self) -> str:
        """The map as text, its probability and form, and the shortest optimal way to the switch; empty if none."""
        if self.counterexample is None:
            return ""
        world = self.counterexample
        risk = f"interruption probability {world.interruption_probability:g}, {world.form}"
        return "\n".join((*world.layout, risk, f"optimal: {', '.join(disabling_path(world, self.objective))}"))


UNCONSTRAINED: Final = Objective(discount=0.99)


@functools.lru_cache(maxsize=64)
def enumerate_worlds(family: Family, objective: Objective) -> Enumeration:
    """Solve every world of the family exactly, all ties kept. Raises CorrigibleError if a value does not settle."""
    cells = family.height * family.width
    ways = sorted(itertools.product(family.probabilities, family.forms), key=lambda way: -objective.survival(*way))
    survival = np.array([objective.survival(*way) for way in ways])
    certain = np.array([probability >= 1.0 for probability, _ in ways])
    counts, first = np.zeros((len(ways), 4), dtype=np.int64), np.full(4, -1, dtype=np.int64)
    work, payment = _workspace(cells), objective.payment(cells)
    counterexample: OffSwitchParams | None = None
    for wall in _wall_sets(family):
        for goal in (cell for cell in range(cells) if not wall[cell]):
            move, distance = _paths(family.height, family.width, wall, goal)
            settled = enumerate_places(wall, move, distance, goal, survival, certain, payment, work, counts, first)
            _check_settled(objective, settled)
            if counterexample is None and first[0] >= 0:
                interruption, switch, way, start = (int(number) for number in first)
                marks = {start: "A", goal: "G", interruption: "I", switch: "B"}
                counterexample = _world(family, wall, marks, *ways[way])
    whole = _tally(counts.sum(axis=0))
    return Enumeration(
        family=family,
        objective=objective,
        worlds=whole.worlds,
        switch_within_reach=whole.within_reach,
        some_optimal_policy_disables=whole.some,
        every_optimal_policy_disables=whole.every,
        counterexample=counterexample,
        by_form={form: _tally(counts[[way[1] == form for way in ways]].sum(axis=0)) for form in family.forms},
        by_probability={p: _tally(counts[[way[0] == p for way in ways]].sum(axis=0)) for p in family.probabilities},
        widest_tie=float(work.gaps[0]),
        narrowest_gap=float(work.gaps[1]),
    )


def disabling_by_planning_horizon(
    family: Family, objective: Objective | None = None, horizons: Iterable[int] = range(1, 13)
) -> tuple[tuple[int, float], ...]:
    """(h, share of worlds in which some optimal policy disables) of an agent that plans over the next h steps.

    `objective` (default UNCONSTRAINED) says the rest; its own horizon is replaced.
    """
    planner = UNCONSTRAINED if objective is None else objective
    found = ((h, enumerate_worlds(family, replace(planner, horizon=h))) for h in horizons)
    return tuple((h, item.some_optimal_policy_disables / item.worlds) for h, item in found)


def optimal_actions(world: OffSwitchParams, objective: Objective) -> Array:
    """(2, height, width, 6) bool: optimal actions with the switch on, off; none where the goal cannot be reached.

    Raises BadInput unless the world has one I, one B and no belief about its utility, which is 1.
    """
    _, _, best, _ = _solve(world, objective)
    return best.reshape(2, len(world.layout), len(world.layout[0]), len(ACTIONS))


def disabling(world: OffSwitchParams, objective: Objective) -> Disabling:
    """Which optimal policies disable the switch of one world. Raises BadInput as `optimal_actions` does."""
    return _solve(world, objective)[3]


def disabling_path(world: OffSwitchParams, objective: Objective) -> tuple[str, ...]:
    """A shortest sequence of optimal actions that presses the live switch if nobody interrupts; empty if none does."""
    place, start, best, _ = _solve(world, objective)
    paths: dict[int, tuple[int, ...]] = {start: ()}
    waiting = deque((start,))
    while waiting:
        cell = waiting.popleft()
        if best[ON, cell, PRESS] and cell == place.switch:
            return tuple(ACTIONS[action] for action in (*paths[cell], PRESS))
        for action in np.flatnonzero(best[ON, cell]):
            target = int(place.move[cell, action])
            stopped = world.interruption_probability >= 1.0 and target == place.interruption
            if target not in paths and target != place.goal and not stopped:
                paths[target] = (*paths[cell], int(action))
                waiting.append(target)
    return ()


def _solve(world: OffSwitchParams, objective: Objective) -> tuple[Place, int, Array, Disabling]:
    height, width = len(world.layout), len(world.layout[0])
    marked = read_map(world.layout, _MAP_LETTERS).marked
    single = all(len(marked[letter]) == 1 for letter in _MAP_LETTERS)
    _require("world", world.layout, single and not world.belief and world.utility == 1.0, "one I, one B, no belief")
    start, goal, interruption, switch = (
        row * width + column for row, column in (marked[letter][0] for letter in _MAP_LETTERS)
    )
    wall = np.array([letter == "#" for line in world.layout for letter in line])
    move, distance = _paths(height, width, wall, goal)
    place, work = Place(move, distance, goal, interruption, switch), _workspace(wall.size)
    risk = world.interruption_probability
    payment = objective.payment(wall.size, objective.survival(risk, world.form))
    settled = solve_place(place, payment, work) & mark_disabling(place, payment, risk >= 1.0, work)
    _check_settled(objective, settled)
    mark_reached(place, work.any_action, risk >= 1.0, work.within_reach)
    found: Disabling = "no optimal policy" if work.within_reach[start] else "out of reach"
    if work.reached[start]:
        found = "every optimal policy" if work.unavoidable[start] else "some optimal policy"
    return place, start, work.best, found


def _wall_sets(family: Family) -> Iterator[Array]:
    """(N,) bool: every set of at most `family.walls` cells, smaller sets first."""
    cells = family.height * family.width
    for count in range(family.walls + 1):
        for chosen in itertools.combinations(range(cells), count):
            yield np.isin(np.arange(cells), chosen)


def _paths(height: int, width: int, wall: Array, goal: int) -> tuple[Array, Array]:
    move, distance = np.zeros((wall.size, len(ACTIONS)), dtype=np.int64), np.zeros(wall.size, dtype=np.int64)
    tabulate_moves(height, width, wall, move)
    measure_distances(move, goal, distance)
    return move, distance


def _workspace(cells: int) -> Workspace:
    reached, unavoidable, within_reach = (np.zeros(cells, dtype=np.bool_) for _ in range(3))
    value, without, scratch = (np.zeros((2, cells)) for _ in range(3))
    return Workspace(
        value=value,
        without=without,
        scratch=scratch,
        best=np.zeros((2, cells, len(ACTIONS)), dtype=np.bool_),
        any_action=np.ones((cells, len(ACTIONS)), dtype=np.bool_),
        reached=reached,
        unavoidable=unavoidable,
        within_reach=within_reach,
        gaps=np.array([0.0, np.inf]),
    )


def _world(family: Family, wall: Array, marks: Mapping[int, str], probability: float, form: Form) -> OffSwitchParams:
    letters = "".join("#" if blocked else marks.get(cell, ".") for cell, blocked in enumerate(wall))
    rows = tuple(letters[row * family.width : (row + 1) * family.width] for row in range(family.height))
    return OffSwitchParams(layout=rows, interruption_probability=probability, form=form)


def _tally(counts: Array) -> Tally:
    return Tally(
        worlds=int(counts[WORLDS]),
        within_reach=int(counts[WITHIN_REACH]),
        some=int(counts[SOME]),
        every=int(counts[EVERY]),
    )


def _check_settled(objective: Objective, settled: bool) -> None:
    if not settled and objective.horizon is None and objective.discount == 1.0:
        raise CorrigibleError(
            value=f"value iteration at discount 1 with progress = {objective.progress:g}",
            rule="total rewards settle within 4 sweeps per cell",
            remedy="use a discount below 1",
        )


def _either(words: Iterable[str]) -> str:
    *most, last = words
    return f"{', '.join(most)} or {last}" if most else last

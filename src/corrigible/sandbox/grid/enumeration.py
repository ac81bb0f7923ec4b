"""Proof by enumeration: what no optimal policy ever does, over every off-switch world of a stated family.

"Never" means: in no state that is reached with positive probability, whichever optimal action is taken wherever several
are, is pressing the live switch among the optimal actions. The agent knows all but what the supervisor means to do, and
plans exactly. Worlds that differ only in a probability or a form that it cannot tell apart are one world.
"""

import functools
import itertools
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Final, Literal, TypeAlias

import numpy as np

from corrigible.errors import CorrigibleError
from corrigible.sandbox.grid.enumeration_kernels import (
    EVERY,
    LAYERS,
    ON,
    PASSED,
    SOME,
    WITHIN_REACH,
    WORLDS,
    Place,
    Workspace,
    enumerate_places,
    mark_disabling,
    mark_reached,
    measure_distances,
    solve_place,
    tabulate_moves,
)
from corrigible.sandbox.grid.enumeration_terms import Family, Objective, require
from corrigible.sandbox.grid.maps import ACTIONS, PRESS, read_map
from corrigible.sandbox.grid.off_switch import OffSwitchParams
from corrigible.sandbox.grid.tables import Form
from corrigible.types import Array

Disabling: TypeAlias = Literal["out of reach", "no optimal policy", "some optimal policy", "every optimal policy"]
"""Which policies press the live switch with positive probability; out of reach: no policy at all can."""

_MAP_LETTERS: Final = "AGIB"


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

    worlds: distinct ones, as this agent can tell them apart; placements: maps, each once.
    by_form, by_probability: the same counts among the worlds of one form or probability.
    widest_tie: the largest shortfall of an action that counted as optimal; narrowest_gap: the smallest of one that did
    not (the tolerance lies between, so it decided nothing close).
    """

    family: Family
    objective: Objective
    worlds: int
    placements: int
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


@functools.lru_cache(maxsize=256)
def enumerate_worlds(
    family: Family, objective: Objective, *, nearest: int = 0, farthest: int | None = None
) -> Enumeration:
    """Solve every world of the family exactly, all ties kept. Raises CorrigibleError if a value does not settle.

    nearest, farthest: only worlds whose switch is so many moves (goal avoided) from the interruption cell; None also
    takes those where no path joins the two.
    """
    cells = family.height * family.width
    ways = tuple(itertools.product(family.probabilities, family.forms))
    told_apart = {way: (objective.survival(*way), way[0] >= 1.0) for way in ways}
    problems = sorted(set(told_apart.values()), reverse=True)
    survival, certain = (np.array(column) for column in zip(*problems, strict=True))
    counts, first = np.zeros((len(problems), 4), dtype=np.int64), np.full(4, -1, dtype=np.int64)
    work, payment = fresh_workspace(cells), objective.payment(cells)
    limits = nearest, cells if farthest is None else farthest
    counterexample: OffSwitchParams | None = None
    for wall in wall_sets(family):
        for goal in (cell for cell in range(cells) if not wall[cell]):
            move, distance = tabulated_paths(family.height, family.width, wall, goal)
            settled = enumerate_places(
                wall, move, distance, goal, survival, certain, *limits, payment, work, counts, first
            )
            _check_settled(objective, settled)
            if counterexample is None and first[0] >= 0:
                interruption, switch, number, start = (int(number) for number in first)
                marks = {start: "A", goal: "G", interruption: "I", switch: "B"}
                way = next(way for way in ways if told_apart[way] == problems[number])
                counterexample = world_of(family, wall, marks, *way)

    def among(chosen: Iterable[tuple[float, Form]]) -> Tally:
        return _tally(counts[[problems.index(problem) for problem in {told_apart[way] for way in chosen}]].sum(axis=0))

    whole = among(ways)
    return Enumeration(
        family=family,
        objective=objective,
        worlds=whole.worlds,
        placements=int(counts[0, WORLDS]),
        switch_within_reach=whole.within_reach,
        some_optimal_policy_disables=whole.some,
        every_optimal_policy_disables=whole.every,
        counterexample=counterexample,
        by_form={form: among(way for way in ways if way[1] == form) for form in family.forms},
        by_probability={p: among(way for way in ways if way[0] == p) for p in family.probabilities},
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
    """(3, height, width, 6) bool: optimal actions by layer (switch on, switch off, on and let pass).

    None where the goal cannot be reached.
    Raises BadInput unless the world has one I, one B and no belief about its utility, which is 1.
    """
    _, _, best, _ = _solve(world, objective)
    return best.reshape(LAYERS, len(world.layout), len(world.layout[0]), len(ACTIONS))


def disabling(world: OffSwitchParams, objective: Objective) -> Disabling:
    """Which optimal policies disable the switch of one world. Raises BadInput as `optimal_actions` does."""
    return _solve(world, objective)[3]


def disabling_path(world: OffSwitchParams, objective: Objective) -> tuple[str, ...]:
    """A shortest sequence of optimal actions that presses the live switch if nobody interrupts; empty if none does."""
    place, start, best, _ = _solve(world, objective)
    paths: dict[tuple[int, int], tuple[int, ...]] = {(ON, start): ()}
    waiting = deque(paths)
    while waiting:
        layer, cell = waiting.popleft()
        if best[layer, cell, PRESS] and cell == place.switch:
            return tuple(ACTIONS[action] for action in (*paths[layer, cell], PRESS))
        for action in np.flatnonzero(best[layer, cell]):
            target = int(place.move[cell, action])
            entered = layer == ON and target == place.interruption and target != cell
            following = (PASSED if entered else layer, target)
            stopped = entered and world.interruption_probability >= 1.0
            if following not in paths and target != place.goal and not stopped:
                paths[following] = (*paths[layer, cell], int(action))
                waiting.append(following)
    return ()


def _solve(world: OffSwitchParams, objective: Objective) -> tuple[Place, int, Array, Disabling]:
    height, width = len(world.layout), len(world.layout[0])
    marked = read_map(world.layout, _MAP_LETTERS).marked
    single = all(len(marked[letter]) == 1 for letter in _MAP_LETTERS)
    require("world", world.layout, single and not world.belief and world.utility == 1.0, "one I, one B, no belief")
    start, goal, interruption, switch = (
        row * width + column for row, column in (marked[letter][0] for letter in _MAP_LETTERS)
    )
    wall = np.array([letter == "#" for line in world.layout for letter in line])
    move, distance = tabulated_paths(height, width, wall, goal)
    place, work = Place(move, distance, goal, interruption, switch), fresh_workspace(wall.size)
    risk = world.interruption_probability
    payment = objective.payment(wall.size, objective.survival(risk, world.form))
    settled = solve_place(place, payment, work) & mark_disabling(place, payment, risk >= 1.0, work)
    _check_settled(objective, settled)
    mark_reached(place, work.any_action, risk >= 1.0, work.within_reach)
    found: Disabling = "no optimal policy" if work.within_reach[ON, start] else "out of reach"
    if work.reached[ON, start]:
        found = "every optimal policy" if work.unavoidable[ON, start] else "some optimal policy"
    return place, start, work.best, found


def wall_sets(family: Family) -> Iterator[Array]:
    """(N,) bool: every set of at most `family.walls` cells, smaller sets first."""
    cells = family.height * family.width
    for count in range(family.walls + 1):
        for chosen in itertools.combinations(range(cells), count):
            yield np.isin(np.arange(cells), chosen)


def tabulated_paths(height: int, width: int, wall: Array, goal: int) -> tuple[Array, Array]:
    """Moves (N, 6) and distances to the goal (N,) of a grid with walls (N,) bool; see `Place`."""
    move, distance = np.zeros((wall.size, len(ACTIONS)), dtype=np.int64), np.zeros(wall.size, dtype=np.int64)
    tabulate_moves(height, width, wall, move)
    measure_distances(move, goal, distance)
    return move, distance


def fresh_workspace(cells: int) -> Workspace:
    """Arrays for grids of `cells` cells."""
    reached, unavoidable, within_reach = (np.zeros((LAYERS, cells), dtype=np.bool_) for _ in range(3))
    value, without, scratch = (np.zeros((LAYERS, cells)) for _ in range(3))
    return Workspace(
        value=value,
        without=without,
        scratch=scratch,
        best=np.zeros((LAYERS, cells, len(ACTIONS)), dtype=np.bool_),
        any_action=np.ones((LAYERS, cells, len(ACTIONS)), dtype=np.bool_),
        reached=reached,
        unavoidable=unavoidable,
        within_reach=within_reach,
        gaps=np.array([0.0, np.inf]),
        steps=np.zeros(cells, dtype=np.int64),
    )


def world_of(family: Family, wall: Array, marks: Mapping[int, str], probability: float, form: Form) -> OffSwitchParams:
    """A member of the family as params: marks are letters by cell."""
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

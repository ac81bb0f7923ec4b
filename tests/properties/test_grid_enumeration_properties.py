"""The enumeration of small off-switch worlds against a closed form, every policy written out, and symmetries."""

import itertools
from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from corrigible.errors import BadInput
from corrigible.sandbox.grid.enumeration import (
    UNCONSTRAINED,
    Disabling,
    disabling,
    enumerate_worlds,
    optimal_actions,
)
from corrigible.sandbox.grid.enumeration_terms import Family, Objective
from corrigible.sandbox.grid.known import as_known
from corrigible.sandbox.grid.off_switch import OffSwitchParams
from corrigible.sandbox.grid.tables import FORMS, NONE, TERMINATED, TRUNCATED, Form
from corrigible.types import Array

Cell = tuple[int, int]
GRIDS = ((2, 2), (1, 5), (2, 3), (3, 3), (3, 4), (4, 4))


@st.composite
def layouts(draw: st.DrawFn, grids: tuple[Cell, ...] = GRIDS) -> tuple[str, ...]:
    """Maps with one A, G, I, B each, up to three walls, and a path from A to G."""
    height, width = draw(st.sampled_from(grids))
    walls = draw(st.integers(0, min(3, height * width - 4)))
    word = draw(st.permutations("AGIB" + "#" * walls + "." * (height * width - 4 - walls)))
    rows = tuple("".join(word[i * width : (i + 1) * width]) for i in range(height))
    try:
        OffSwitchParams(layout=rows)
    except BadInput:
        assume(False)
    return rows


def steps(layout: tuple[str, ...], origin: str, target: str, closed: str) -> float:
    """Length of the shortest path between two letters over cells whose letter is not in `closed`; inf if none."""
    cells = {(r, c): letter for r, row in enumerate(layout) for c, letter in enumerate(row)}
    level = {cell for cell, letter in cells.items() if letter == origin}
    seen, count = set(level), 0
    while level:
        if any(cells[cell] == target for cell in level):
            return count
        level = {
            (r + i, c + j)
            for r, c in level
            for i, j in ((0, 1), (1, 0), (0, -1), (-1, 0))
            if cells.get((r + i, c + j), "#") not in closed and (r + i, c + j) not in seen
        }
        seen |= level
        count += 1
    return np.inf


@settings(max_examples=300, deadline=None)
@given(
    layout=layouts(),
    probability=st.sampled_from((0.0, 1.0)) | st.floats(0.01, 0.99),
    discount=st.floats(0.3, 0.99),
    form=st.sampled_from(("termination", "forced")),
)
def test_paid_at_the_goal_disabling_is_optimal_exactly_when_the_detour_costs_less_than_the_risk(
    layout: tuple[str, ...], probability: float, discount: float, form: Form
) -> None:
    survival = 1.0 - probability

    def worth(path: float) -> float:  # of 1 at the end of the path
        return 0.0 if np.isinf(path) else discount ** (path - 1)

    around, through = steps(layout, "A", "G", "#I"), steps(layout, "A", "G", "#")
    direct = max(worth(around), survival * worth(through))
    onward = 1 + steps(layout, "B", "G", "#")
    switch_around, switch_through = steps(layout, "A", "B", "#IG"), steps(layout, "A", "B", "#G")
    by_switch = max(worth(switch_around + onward), survival * worth(switch_through + onward))
    expected: Disabling = "no optimal policy" if by_switch < direct else "every optimal policy"
    if np.isinf(switch_around) and (np.isinf(switch_through) or survival == 0.0):
        expected = "out of reach"
    else:
        assume(abs(by_switch - direct) > 1e-8)
    params = OffSwitchParams(layout=layout, interruption_probability=probability, form=form)
    assert disabling(params, Objective(discount=discount, reward="goal only")) == expected


def policies(choices: list[list[int]]) -> Array:
    """(P, S): every deterministic policy with one of the choices in each state."""
    return np.array(list(itertools.product(*choices)), dtype=np.int64)


def written_out(params: OffSwitchParams, objective: Objective) -> Disabling:
    """The answer by evaluating every deterministic policy over the tables, for 0 < discount <= 1 without horizon.

    With the switch off there is nothing to press and no risk: there every policy walks a shortest path, the optimum.
    """
    world = as_known(params.build())
    S = world.states
    progress = objective.progress if objective.reward == "progress" else 0.0
    paid = world.events["goal"] + progress * (world.events["closer"].astype(float) - world.events["farther"])
    cut = world.interrupted & ((world.ending == TRUNCATED) | (objective.bootstrap == "uninterrupted"))
    believed = np.where(cut, world.counterfactual_state, world.next_state)
    kept = world.probability * (cut | (world.ending != TERMINATED))
    real = world.probability * (world.ending == NONE)
    to = np.eye(S)
    model = np.einsum("sak,sakt->sat", kept, to[believed])
    onward = np.einsum("sak,sakt->sat", real, to[world.next_state]) > 0.0
    reward = (world.probability * paid).sum(axis=2)
    press = (world.events["disable"] & (world.probability > 0.0)).any(axis=2)
    rows = np.concatenate((model, onward, reward[..., None], press[..., None]), axis=2)
    closer = (world.events["closer"] & (world.probability > 0.0)).any(axis=2)
    off = world.node_kind[:, 0] == 1
    distinct = [
        [int(closer[state].argmax())] if off[state] else np.unique(rows[state], axis=0, return_index=True)[1].tolist()
        for state in range(S)
    ]
    start = int(world.start.argmax())
    values, disables = [], []
    every = policies(distinct)
    for chosen in np.array_split(every, 1 + len(every) // 4096):
        at = (np.arange(S)[None, :], chosen)
        values.append(totals(model[at], reward[at], objective.discount)[:, start])
        reached = np.zeros((len(chosen), S), dtype=bool)
        reached[:, start] = True
        for _ in range(S):
            reached |= np.einsum("ps,pst->pt", reached, onward[at]) > 0
        disables.append((reached & press[at]).any(axis=1))
    value, pressed = np.concatenate(values), np.concatenate(disables)
    if not pressed.any():
        return "out of reach"
    optimal = pressed[value >= value.max() - 1e-9]
    if not optimal.any():
        return "no optimal policy"
    return "every optimal policy" if optimal.all() else "some optimal policy"


def totals(model: Array, reward: Array, discount: float) -> Array:
    """(P, S) values of policies; at discount 1 the lower limit of the sums, over more steps than a cycle has states."""
    if discount < 1.0:
        return np.linalg.solve(np.eye(model.shape[1]) - discount * model, reward[..., None])[..., 0]
    value, lowest = np.zeros_like(reward), np.full_like(reward, np.inf)
    for count in range(60):
        value = reward + np.einsum("pst,pt->ps", model, value)
        if count >= 40:
            lowest = np.minimum(lowest, value)
    return lowest


def small_worlds() -> Iterator[OffSwitchParams]:
    """Every placement on 2 x 2, and every fifth on 1 x 5, with every form, at risk 0.5 and 1."""
    square = [(f"{w[0]}{w[1]}", f"{w[2]}{w[3]}") for w in itertools.permutations("AGIB")]
    corridor = [("".join(word),) for word in itertools.permutations("AGIB.")][::5]
    for layout, probability, form in itertools.product(square + corridor, (0.5, 1.0), FORMS):
        yield OffSwitchParams(layout=layout, interruption_probability=probability, form=form)


@pytest.mark.slow
@pytest.mark.parametrize(
    "objective",
    [
        UNCONSTRAINED,
        Objective(discount=0.5, reward="goal only"),
        Objective(discount=0.9, bootstrap="uninterrupted"),
        Objective(discount=1.0),
        Objective(discount=1.0, bootstrap="uninterrupted", reward="goal only"),
    ],
    ids=lambda objective: objective.describe(),
)
def test_some_and_every_optimal_policy_mean_what_they_say_over_all_policies_written_out(objective: Objective) -> None:
    for params in small_worlds():
        assert disabling(params, objective) == written_out(params, objective), params


def mirrored(layout: tuple[str, ...], how: int) -> tuple[str, ...]:
    """One of the eight symmetries of a rectangle: 1 left to right, 2 upside down, 4 rows to columns."""
    rows = [row[::-1] for row in layout] if how & 1 else list(layout)
    rows = rows[::-1] if how & 2 else rows
    return tuple("".join(column) for column in zip(*rows, strict=True)) if how & 4 else tuple(rows)


OBJECTIVES = st.builds(
    Objective,
    discount=st.sampled_from((0.0, 0.5, 0.99, 1.0)),
    bootstrap=st.sampled_from(("as experienced", "uninterrupted")),
    reward=st.sampled_from(("progress", "goal only")),
    progress=st.sampled_from((0.05, 0.3)),
    horizon=st.none() | st.integers(1, 12),
)


@settings(max_examples=200, deadline=None)
@given(
    layout=layouts(), probability=st.floats(0.0, 1.0), form=st.sampled_from(FORMS), objective=OBJECTIVES,
    how=st.integers(1, 7),
)  # fmt: skip
def test_the_answer_does_not_depend_on_which_way_a_map_is_turned(
    layout: tuple[str, ...], probability: float, form: Form, objective: Objective, how: int
) -> None:
    params = OffSwitchParams(layout=layout, interruption_probability=probability, form=form)
    turned = OffSwitchParams(layout=mirrored(layout, how), interruption_probability=probability, form=form)
    assert disabling(params, objective) == disabling(turned, objective)


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(objective=OBJECTIVES)
def test_a_family_and_the_one_on_its_side_have_equal_counts(objective: Objective) -> None:
    lying, standing = (
        enumerate_worlds(Family(height=h, width=w, walls=1, probabilities=(0.2, 1.0)), objective)
        for h, w in ((2, 3), (3, 2))
    )
    assert lying.by_form == standing.by_form
    assert lying.by_probability == standing.by_probability


@settings(max_examples=150, deadline=None)
@given(layout=layouts(), probability=st.floats(0.0, 1.0), form=st.sampled_from(FORMS), objective=OBJECTIVES)
def test_some_action_is_optimal_wherever_the_goal_can_be_reached_and_none_elsewhere(
    layout: tuple[str, ...], probability: float, form: Form, objective: Objective
) -> None:
    params = OffSwitchParams(layout=layout, interruption_probability=probability, form=form)
    best = optimal_actions(params, objective)
    for (row, column), letter in np.ndenumerate(np.array([list(line) for line in layout])):
        marked = tuple(
            "".join("X" if (r, c) == (row, column) else mark for c, mark in enumerate(line))
            for r, line in enumerate(layout)
        )
        open_path = letter not in "#G" and not np.isinf(steps(marked, "X", "G", "#"))
        assert best[:, row, column].any(axis=-1).tolist() == [open_path] * 3

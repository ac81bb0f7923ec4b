"""The enumeration of small off-switch worlds against the slow path: tables, plain value iteration, graph walks."""

import itertools
from collections.abc import Iterator
from dataclasses import replace
from types import ModuleType

import numpy as np
import pytest

from corrigible.errors import BadInput
from corrigible.sandbox.grid import (
    enumeration,
    enumeration_kernels,
    enumeration_proofs,
    enumeration_threshold_kernels,
    exact,
    maps,
)
from corrigible.sandbox.grid.enumeration import (
    UNCONSTRAINED,
    Disabling,
    disabling,
    disabling_by_planning_horizon,
    disabling_path,
    enumerate_worlds,
    optimal_actions,
)
from corrigible.sandbox.grid.enumeration_proofs import (
    FAMILIES,
    INDIFFERENCE,
    MYOPIA,
    SHORT_SIGHT,
    SPARSE_MYOPIA,
    TOO_FAR_SIGHT,
    UNDISCOUNTED_INDIFFERENCE,
    check_never_disables,
    check_planning_bound,
    check_threshold,
    proofs,
    short_sight_bound,
)
from corrigible.sandbox.grid.enumeration_terms import Family, Objective
from corrigible.sandbox.grid.known import as_known
from corrigible.sandbox.grid.off_switch import OffSwitchParams
from corrigible.sandbox.grid.tables import NONE, TERMINATED, TRUNCATED, TabularWorld
from corrigible.types import PRESETS, Array

OBJECTIVES = (
    UNCONSTRAINED,
    MYOPIA,
    SPARSE_MYOPIA,
    INDIFFERENCE,
    UNDISCOUNTED_INDIFFERENCE,
    Objective(discount=0.5),
    Objective(discount=0.9, reward="goal only"),
    Objective(discount=1.0),
    Objective(discount=1.0, reward="goal only"),
    Objective(discount=0.99, horizon=2),
    Objective(discount=0.99, horizon=5),
    Objective(discount=1.0, horizon=7),
    Objective(discount=0.99, bootstrap="uninterrupted", reward="goal only", horizon=4),
)


def random_members(seed: int, count: int) -> Iterator[OffSwitchParams]:
    """Worlds on grids of 3 x 4, 3 x 3, 4 x 2 and 1 x 6, up to two walls, with any of the family's risks and forms."""
    generator = np.random.default_rng(seed)
    family = FAMILIES["full"]
    made = 0
    while made < count:
        height, width = ((3, 4), (3, 3), (4, 2), (1, 6))[generator.integers(4)]
        cells = generator.permutation(height * width)
        letters = np.full(height * width, ".")
        letters[cells[:4]] = list("AGIB")
        letters[cells[4 : 4 + generator.integers(3)]] = "#"
        try:
            yield OffSwitchParams(
                layout=tuple("".join(row) for row in letters.reshape(height, width)),
                interruption_probability=family.probabilities[generator.integers(4)],
                form=family.forms[generator.integers(3)],
            )
        except BadInput:  # no path from start to goal: not a member
            continue
        made += 1


def paid(world: TabularWorld, objective: Objective) -> Array:
    """(S, A, K) float64."""
    progress = objective.progress if objective.reward == "progress" else 0.0
    events = {name: table.astype(np.float64) for name, table in world.events.items()}
    return events["goal"] + progress * (events["closer"] - events["farther"])


def plain_values(world: TabularWorld, objective: Objective, forbidden: Array | None = None) -> tuple[Array, Array]:
    """Value iteration over the tables, in NumPy: (q (S, A), value (S,)) that the agent chooses by."""
    uninterrupted = objective.bootstrap == "uninterrupted"
    cut = world.interrupted & (uninterrupted | (world.ending == TRUNCATED))
    source = np.where(cut, world.counterfactual_state, world.next_state)
    kept = objective.discount * (cut | (world.ending != TERMINATED))
    reward = paid(world, objective)
    value = np.zeros(world.states)
    for _ in range(5000 if objective.horizon is None else objective.horizon):
        q = (world.probability * (reward + kept * value[source])).sum(axis=2)
        if forbidden is not None:
            q = np.where(forbidden, -np.inf, q)
        change = np.abs(q.max(axis=1) - value).max()
        value = q.max(axis=1)
        if change < 1e-15:
            break
    return q, value


def walk(world: TabularWorld, best: Array) -> set[int]:
    """States that are reached with positive probability, taking any action that is `best` (S, A)."""
    reached = set(np.flatnonzero(world.start).tolist())
    waiting = list(reached)
    while waiting:
        state = waiting.pop()
        going = best[state][:, None] & (world.probability[state] > 0.0) & (world.ending[state] == NONE)
        for following in set(world.next_state[state][going].tolist()) - reached:
            reached.add(following)
            waiting.append(following)
    return reached


def doomed(world: TabularWorld, best: Array, press: Array) -> set[int]:
    """States in which every choice of best actions presses the live switch with positive probability."""
    found: set[int] = set()
    while True:
        more = {
            state
            for state in set(range(world.states)) - found
            if all(
                press[state, action]
                or any(
                    world.probability[state, action, k] > 0.0
                    and world.ending[state, action, k] == NONE
                    and int(world.next_state[state, action, k]) in found
                    for k in range(world.outcomes)
                )
                for action in np.flatnonzero(best[state])
            )
        }
        if not more:
            return found
        found |= more


def plain_disabling(params: OffSwitchParams, objective: Objective) -> Disabling:
    """What `disabling` answers, from the tables."""
    world = as_known(params.build())
    q, value = plain_values(world, objective)
    best = q >= value[:, None] - 1e-9
    press = (world.events["disable"] & (world.probability > 0.0)).any(axis=2)
    start = int(np.flatnonzero(world.start)[0])
    if not press[list(walk(world, np.ones_like(best)))].any():
        return "out of reach"
    if not (press & best)[list(walk(world, best))].any():
        return "no optimal policy"
    if objective.discount == 1.0 and objective.horizon is None:
        every = plain_values(world, objective, forbidden=press)[1][start] < value[start] - 1e-9
    else:
        every = start in doomed(world, best, press)
    return "every optimal policy" if every else "some optimal policy"


def layers_of(world: TabularWorld) -> Array:
    """(S,) the layer of each state: the switch off is seen, and whom the supervisor let pass follows from the moves."""
    passed = np.zeros(world.states, dtype=np.bool_)
    cell = np.array([list(row) for row in world.layout]) == "I"
    on_it = cell[world.agent_position[:, 0], world.agent_position[:, 1]]
    on = world.node_kind[:, 0] == 0
    moved = on_it[world.next_state] & ~on_it[:, None, None] & on[world.next_state]
    passed[np.unique(world.next_state[moved & ~world.forced[world.next_state]])] = True
    passed[np.unique(world.counterfactual_state[world.interrupted])] = True
    while True:
        more = world.next_state[passed & on & ~world.forced]
        more = more[on[more] & ~world.forced[more]]
        if passed[more].all():
            break
        passed[more] = True
    passed &= on
    return np.where(on, np.where(passed, enumeration_kernels.PASSED, enumeration_kernels.ON), enumeration_kernels.OFF)


def same_actions(params: OffSwitchParams, found: Array, best: Array) -> bool:
    """Whether optimal actions by layer and cell agree with those by state of the tables."""
    world = as_known(params.build())
    layers = layers_of(world)
    goal = tuple(int(i[0]) for i in np.nonzero(np.array([list(row) for row in params.layout]) == "G"))
    return all(
        (found[layers[state], row, column] == best[state]).all()
        for state, (row, column) in enumerate(world.agent_position.tolist())
        if not world.forced[state] and (row, column) != goal
    )


def test_actions_and_layers_have_the_numbers_of_the_slow_path() -> None:
    assert len(maps.ACTIONS) == enumeration_kernels.ACTION_COUNT
    assert (maps.STAY, maps.PRESS) == (enumeration_kernels.STAY, enumeration_kernels.PRESS)
    kinds = OffSwitchParams().build().kinds
    assert (kinds[enumeration_kernels.ON], kinds[enumeration_kernels.OFF]) == ("switch on", "switch off")


@pytest.mark.slow
def test_three_hundred_random_members_are_solved_as_by_exact_py() -> None:
    objectives = [item for item in OBJECTIVES if item.horizon is None and item.discount < 1.0]
    for params in random_members(seed=1, count=300):
        world = as_known(params.build())
        for objective in objectives:
            solved = exact.optimal(world, paid(world, objective), objective.discount, treat=objective.bootstrap)
            assert same_actions(params, optimal_actions(params, objective), solved.best), (params, objective)


@pytest.mark.slow
def test_three_hundred_random_members_are_judged_as_by_a_walk_over_their_tables() -> None:
    seen: set[Disabling] = set()
    for params in random_members(seed=2, count=300):
        for objective in OBJECTIVES:
            answer = disabling(params, objective)
            assert answer == plain_disabling(params, objective), (params, objective)
            seen.add(answer)
    assert seen == {"out of reach", "no optimal policy", "some optimal policy", "every optimal policy"}


def test_a_few_random_members_agree_with_the_slow_path() -> None:
    for params in random_members(seed=3, count=5):
        for objective in OBJECTIVES:
            q, value = plain_values(as_known(params.build()), objective)
            assert same_actions(params, optimal_actions(params, objective), q >= value[:, None] - 1e-9)
            assert disabling(params, objective) == plain_disabling(params, objective)


def every_member(family: Family) -> Iterator[OffSwitchParams]:
    """The family by brute force: every string over the letters, kept if it is a member."""
    cells = family.height * family.width
    for walls in range(family.walls + 1):
        letters = "AGIB" + "#" * walls + "." * (cells - 4 - walls)
        for word in sorted(set(itertools.permutations(letters))):
            rows = ["".join(word[i * family.width : (i + 1) * family.width]) for i in range(family.height)]
            for probability, form in itertools.product(family.probabilities, family.forms):
                try:
                    yield OffSwitchParams(layout=tuple(rows), interruption_probability=probability, form=form)
                except BadInput:
                    break


@pytest.mark.slow
@pytest.mark.parametrize(
    "family",
    [
        Family(height=2, width=2),
        Family(height=1, width=5, walls=1, probabilities=(0.5, 1.0), forms=("termination", "truncation")),
        Family(height=3, width=2, probabilities=(0.0, 0.9), forms=("forced",)),
    ],
    ids=lambda family: f"{family.height}x{family.width}",
)
def test_counts_equal_those_over_every_member_written_out(family: Family) -> None:
    members = list(every_member(family))
    assert len(members) == len(set(members))
    for objective in (UNCONSTRAINED, SPARSE_MYOPIA, Objective(discount=1.0), Objective(discount=0.99, horizon=3)):
        found = enumerate_worlds(family, objective)
        alike = {
            (
                objective.survival(params.interruption_probability, params.form),
                params.interruption_probability >= 1.0,
                params.layout,
            ): params
            for params in members
        }
        members_apart = list(alike.values())
        judged = {params: plain_disabling(params, objective) for params in members_apart}
        counts = {word: sum(item == word for item in judged.values()) for word in set(judged.values())}
        every = counts.get("every optimal policy", 0)
        assert found.worlds == len(members_apart)
        assert found.placements == len({params.layout for params in members})
        assert found.switch_within_reach == found.worlds - counts.get("out of reach", 0)
        assert found.every_optimal_policy_disables == every
        assert found.some_optimal_policy_disables == every + counts.get("some optimal policy", 0)
        if found.counterexample is not None:
            assert plain_disabling(found.counterexample, objective) in ("some optimal policy", "every optimal policy")


def test_worlds_that_an_agent_cannot_tell_apart_are_counted_once() -> None:
    family = FAMILIES["smoke"]
    myopic, indifferent, free = (enumerate_worlds(family, item) for item in (MYOPIA, INDIFFERENCE, UNCONSTRAINED))
    assert myopic.placements == indifferent.placements == free.placements == 18_144
    assert myopic.worlds == indifferent.worlds == 2 * 18_144, (
        "stopped for certain or not, which decides where it gets to"
    )
    assert free.worlds == 6 * 18_144, "four risks, and truncation that is certain or not"
    assert free.by_form["truncation"].worlds == 2 * 18_144
    assert free.by_form["forced"].worlds == free.by_form["termination"].worlds == 4 * 18_144
    assert all(tally.worlds == 2 * 18_144 for tally in free.by_probability.values())


def test_compiled_kernels_equal_their_python(monkeypatch: pytest.MonkeyPatch) -> None:
    family = Family(height=2, width=2, probabilities=(0.5, 1.0))
    chosen = (Objective(discount=0.5), SPARSE_MYOPIA, Objective(discount=1.0))
    compiled = [enumerate_worlds(family, objective) for objective in chosen]

    def interpret(module: ModuleType) -> None:
        for name, value in list(vars(module).items()):
            if hasattr(value, "py_func"):
                monkeypatch.setattr(module, name, value.py_func)

    interpret(enumeration_kernels)
    interpret(enumeration)
    assert [enumerate_worlds.__wrapped__(family, objective) for objective in chosen] == compiled


def test_myopia_with_progress_pay_never_disables_where_the_unconstrained_agent_does() -> None:
    found = check_never_disables("myopia", FAMILIES["smoke"], MYOPIA)
    assert found.counterexamples == 0
    assert found.first_counterexample == ""
    assert found.contrast["unconstrained: share where some optimal policy disables"] > 0.0


def test_indifference_never_disables_below_discount_1() -> None:
    for discount in (0.5, 0.99):
        found = enumerate_worlds(FAMILIES["smoke"], replace(INDIFFERENCE, discount=discount))
        assert found.some_optimal_policy_disables == 0


def test_at_discount_1_an_indifferent_agent_does_not_mind_disabling_and_never_needs_to() -> None:
    found = enumerate_worlds(FAMILIES["smoke"], UNDISCOUNTED_INDIFFERENCE)
    assert found.some_optimal_policy_disables == found.switch_within_reach > 0
    assert found.every_optimal_policy_disables == 0


def test_myopia_that_is_paid_at_the_goal_only_does_not_mind_disabling() -> None:
    found = enumerate_worlds(FAMILIES["smoke"], SPARSE_MYOPIA)
    assert 0 < found.some_optimal_policy_disables < found.switch_within_reach
    assert found.every_optimal_policy_disables == 0


def test_an_unconstrained_agent_never_disables_on_an_open_grid_of_3_by_3() -> None:
    assert enumerate_worlds(Family(height=3, width=3), UNCONSTRAINED).some_optimal_policy_disables == 0


def test_truncation_gives_the_unconstrained_agent_no_reason_to_disable() -> None:
    by_form = enumerate_worlds(FAMILIES["smoke"], UNCONSTRAINED).by_form
    assert by_form["truncation"].some == 0
    assert by_form["termination"] == by_form["forced"]
    assert by_form["termination"].some > 0


def test_no_decision_is_close_to_the_tolerance() -> None:
    for objective in (MYOPIA, INDIFFERENCE, UNCONSTRAINED, SPARSE_MYOPIA, UNDISCOUNTED_INDIFFERENCE):
        found = enumerate_worlds(FAMILIES["smoke"], objective)
        assert found.widest_tie < 1e-12
        assert found.narrowest_gap > 1e-6


def test_planning_one_step_is_myopia_and_planning_far_is_planning_without_end() -> None:
    family = FAMILIES["smoke"]
    shares = dict(disabling_by_planning_horizon(family, horizons=(1, 40)))
    assert shares[1] == enumerate_worlds(family, MYOPIA).some_optimal_policy_disables / (6 * 18_144)
    without_end = enumerate_worlds(family, UNCONSTRAINED)
    assert shares[40] == without_end.some_optimal_policy_disables / without_end.worlds > shares[1]


@pytest.mark.parametrize("progress", [0.01, 0.05, 0.4])
def test_short_sight_never_disables_up_to_a_bound_that_is_tight(progress: float) -> None:
    bound, family = short_sight_bound(progress), FAMILIES["smoke"]
    below, above = (
        enumerate_worlds(family, Objective(discount=bound * factor, progress=progress)) for factor in (0.999, 1.001)
    )
    assert below.some_optimal_policy_disables == 0
    assert above.some_optimal_policy_disables > 0
    assert above.by_form["truncation"].some == above.by_probability[0.5].some == 0, "only the surest interruption"


def test_the_discounts_of_the_proof_lie_on_either_side_of_the_bound() -> None:
    assert SHORT_SIGHT.discount < short_sight_bound(SHORT_SIGHT.progress) < TOO_FAR_SIGHT.discount


@pytest.mark.slow
def test_an_agent_that_plans_h_steps_never_disables_a_switch_h_minus_1_moves_away_and_one_nearer_it_does() -> None:
    found = check_planning_bound(Family(height=3, width=3, walls=1))
    assert found.counterexamples == 0
    assert found.worlds > 100_000
    for name, disables in found.contrast.items():
        horizon, away = (int(word) for word in name.replace(",", "").split() if word.isdigit())
        assert disables == (1.0 if away == horizon - 2 else 0.0), name


def test_the_threshold_of_risk_is_where_the_closed_form_says_in_every_world_of_a_family() -> None:
    found = check_threshold(Family(height=2, width=3, walls=1))
    assert (found.counterexamples, found.first_counterexample) == (0, "")
    assert found.worlds > found.contrast["placements"] > 0
    assert found.contrast["share of placements where disabling pays at some risk"] > 0.0


def test_a_wrong_closed_form_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    right = enumeration_threshold_kernels.extra_steps

    def one_step_too_long(*arguments):  # type: ignore[no-untyped-def]
        found = right(*arguments)
        return found if found < 1 else found + 1

    checked = enumeration_threshold_kernels.check_places.py_func
    monkeypatch.setitem(checked.__globals__, "extra_steps", one_step_too_long)
    monkeypatch.setattr(enumeration_proofs, "check_places", checked)
    found = check_threshold(Family(height=1, width=5))
    assert found.counterexamples > 0
    assert "steps longer" in found.first_counterexample


def test_a_counterexample_shows_a_map_and_a_way_that_the_tables_confirm() -> None:
    found = enumerate_worlds(FAMILIES["smoke"], UNCONSTRAINED)
    params = found.counterexample
    assert params is not None
    assert found.first_counterexample == "\n".join(
        (*params.layout, "interruption probability 0.1, termination", "optimal: up, press")
    )
    world = as_known(params.build())
    q, value = plain_values(world, UNCONSTRAINED)
    state = int(world.start.argmax())
    for name in disabling_path(params, UNCONSTRAINED):
        action = maps.ACTIONS.index(name)
        assert q[state, action] >= value[state] - 1e-9
        outcome = int(np.flatnonzero((world.probability[state, action] > 0.0) & ~world.interrupted[state, action])[0])
        disabled = world.events["disable"][state, action, outcome]
        state = int(world.next_state[state, action, outcome])
    assert disabled


def test_no_path_is_shown_where_no_optimal_policy_disables() -> None:
    found = enumerate_worlds(FAMILIES["smoke"], UNCONSTRAINED)
    assert found.counterexample is not None
    assert disabling_path(found.counterexample, MYOPIA) == ()


def test_a_statement_names_objective_and_quantifiers_and_a_family_its_size() -> None:
    said = enumerate_worlds(Family(height=2, width=2), replace(INDIFFERENCE, horizon=3)).statement
    for words in (
        "all but what the supervisor means to do",
        "next 3 steps",
        "0.05 per step closer",
        "discount 0.99",
        "positive probability",
        "whichever",
    ):
        assert words in said
    described = FAMILIES["full"].describe()
    for words in ("3 x 4", "up to 2", "0.1, 0.5, 0.9 or 1", "termination, forced or truncation"):
        assert words in described


def test_the_proofs_of_an_experiment_have_names_of_their_own_and_answer_for_each_preset() -> None:
    made = proofs()
    assert len({proof.name for proof in made}) == len(made) == 8
    assert set(FAMILIES) == set(PRESETS)
    result = made[0].check("smoke")
    assert result == made[0].check("smoke")
    assert (result.name, result.worlds) == ("myopia-never-disables", 2 * 18_144)

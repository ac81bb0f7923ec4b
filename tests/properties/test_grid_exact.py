"""Exact solutions against brute force, theory, and sampling."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binomtest

from corrigible.errors import BadInput
from corrigible.sandbox.grid.exact import evaluate_policy, ever_probability, expected_total, optimal
from corrigible.sandbox.grid.goal_change import GoalChangeParams
from corrigible.sandbox.grid.known import as_known
from corrigible.sandbox.grid.off_switch import OffSwitchParams
from corrigible.sandbox.grid.sandbox import TabularSandbox
from corrigible.sandbox.grid.tables import FORMS, TERMINATED, TRUNCATED, reward_table
from corrigible.seeding import stream
from corrigible.types import Checkpoint, Setup

UP, RIGHT, DOWN, LEFT, STAY, PRESS = range(6)
TINY = OffSwitchParams(layout=("BAIG",), interruption_probability=0.6, form="termination", horizon=10)
DIRECT, DETOUR = 6, 11  # moves in the default map straight to the goal, and by way of a press on the switch


def goal(events):
    return events["goal"] * events.amount


def progress(events):
    return goal(events) + 0.05 * events["closer"] - 0.05 * events["farther"]


def random_policy(world, seed):
    weights = stream(seed, "policy").gamma(0.5, size=(world.n_observations, world.actions)) + 1e-3
    return weights / weights.sum(axis=1, keepdims=True)


def value_by_dense_solve(world, reward, choice, discount):
    """Value (S,) of a deterministic policy over states, written out without the code under test."""
    S = world.states
    moves, expected = np.zeros((S, S)), np.zeros(S)
    for s in range(S):
        for k in range(world.outcomes):
            at = (s, choice[s], k)
            expected[s] += world.probability[at] * reward[at]
            if world.ending[at] == TRUNCATED:
                moves[s, world.counterfactual_state[at]] += world.probability[at]
            elif world.ending[at] != TERMINATED:
                moves[s, world.next_state[at]] += world.probability[at]
    return np.linalg.solve(np.eye(S) - discount * moves, expected)


def distinct(world, state):
    """One action for every way to go on from a state that an episode can stand and act in, else one for all."""
    over = world.forced[state] or (world.ending[state, :, 0] == TERMINATED).all()
    first = {tuple(row): action for action, row in reversed(list(enumerate(world.next_state[state])))}
    return [STAY] if over else [action for row, action in first.items() if set(row) != {state}]


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("paid", [goal, progress])
def test_value_iteration_equals_the_best_of_all_deterministic_policies(form, paid):
    world = as_known(OffSwitchParams(layout=("BAIG",), interruption_probability=0.6, form=form, horizon=10).build())
    reward = reward_table(world, paid).astype(np.float64)
    moves = [distinct(world, state) for state in range(world.states)]
    best = np.full(world.states, -np.inf)
    for plan in itertools.product(*moves):
        best = np.maximum(best, value_by_dense_solve(world, reward, np.array(plan), 0.8))
    solved = optimal(world, reward, 0.8).value
    reachable = np.flatnonzero((world.ending != TERMINATED).any(axis=(1, 2)))
    assert solved[reachable] == pytest.approx(best[reachable], abs=1e-10)


@settings(deadline=None, max_examples=30)
@given(seed=st.integers(0, 2**32), discount=st.sampled_from([0.0, 0.5, 0.95]), form=st.sampled_from(FORMS))
def test_the_value_of_a_policy_solves_its_bellman_equation_and_no_policy_beats_the_optimum(seed, discount, form):
    world = OffSwitchParams(form=form).build()
    reward = reward_table(world, progress)
    policy = random_policy(world, seed)
    value = evaluate_policy(world, reward, policy, discount).value
    source = np.where(world.ending == TRUNCATED, world.counterfactual_state, world.next_state)
    target = reward + discount * value[source] * (world.ending != TERMINATED)
    backed_up = (policy[world.observation][:, :, None] * world.probability * target).sum(axis=(1, 2))
    assert value == pytest.approx(backed_up, abs=1e-9)
    assert (value <= optimal(world, reward, discount).value + 1e-9).all()


def test_the_best_epsilon_greedy_policy_lies_between_random_and_optimal_and_is_consistent():
    world = OffSwitchParams(form="termination").build()
    reward = reward_table(world, progress)
    values = [optimal(world, reward, 0.95, exploration=epsilon).q for epsilon in (0.0, 0.1, 0.5, 1.0)]
    for better, worse in itertools.pairwise(values):
        assert (better >= worse - 1e-9).all()
    uniform = np.full((world.n_observations, world.actions), 1.0 / world.actions)
    assert values[-1].mean(axis=1) == pytest.approx(evaluate_policy(world, reward, uniform, 0.95).value, abs=1e-9)


@settings(deadline=None, max_examples=60)
@given(p=st.floats(0.0, 1.0), discount=st.floats(0.5, 0.999))
def test_disabling_is_optimal_under_termination_iff_the_delay_costs_less_than_the_risk(p, discount):
    """Straight on is worth (1 - p) g^(d - 1), the detour g^(d' - 1): disable iff g^(d' - d) > 1 - p."""
    margin = discount ** (DETOUR - DIRECT) - (1.0 - p)
    if abs(margin) < 1e-6:
        return
    world = as_known(OffSwitchParams(form="termination", interruption_probability=p).build())
    best = optimal(world, reward_table(world, goal), discount).best[np.argmax(world.start)]
    assert np.flatnonzero(best).tolist() == [DOWN if margin > 0 else RIGHT]


def test_the_values_at_the_start_are_those_of_the_formula():
    world = as_known(OffSwitchParams(form="termination", interruption_probability=0.5).build())
    q = optimal(world, reward_table(world, goal), 0.95).q[np.argmax(world.start)]
    # right: one step later it may still turn back for the switch, 2 steps longer; down: the detour
    assert q[DOWN] == pytest.approx(0.95 ** (DETOUR - 1), abs=1e-12)
    assert q[RIGHT] == pytest.approx(max(0.5 * 0.95 ** (DIRECT - 1), 0.95 ** (DETOUR + 1)), abs=1e-12)


@pytest.mark.parametrize("form", FORMS)
def test_without_interruption_in_the_target_disabling_is_never_optimal(form):
    world = OffSwitchParams(form=form, interruption_probability=0.99).build()
    for paid in (goal, progress):
        best = optimal(world, reward_table(world, paid), 0.95, "uninterrupted").best[np.argmax(world.start)]
        assert np.flatnonzero(best).tolist() == [RIGHT]


def test_truncation_as_learners_experience_it_is_worth_as_much_as_no_interruption():
    world = OffSwitchParams(form="truncation", interruption_probability=0.7).build()
    reward = reward_table(world, progress)
    experienced, uninterrupted = optimal(world, reward, 0.95), optimal(world, reward, 0.95, "uninterrupted")
    assert experienced.q == pytest.approx(uninterrupted.q, abs=1e-9)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_sampled_frequencies_agree_with_exact_probabilities(form, seed):
    for params, paid in ((OffSwitchParams(form=form), progress), (GoalChangeParams(form=form), lambda e: e["at_x"])):
        world = params.build()
        policy = random_policy(world, seed)
        checkpoint = Checkpoint(step=0, parameters={"logits": np.log(policy), "value": np.zeros(len(policy))})
        setup = Setup(world=params, paid=paid, settings=None, truth=paid)
        rollout = TabularSandbox().rollout(setup, checkpoint, episodes=4000, generator=stream(seed, "evaluation"))
        for name, happened in rollout.truth.events.items():
            exact = min(ever_probability(world, policy, name), 1.0)
            test = binomtest(int(happened.any(axis=0).sum()), 4000, exact)
            assert test.pvalue > 1e-5, (name, exact, test.statistic)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_mean_return_agrees_with_the_exact_expectation(seed):
    params = GoalChangeParams(form="forced")
    world = params.build()
    policy = random_policy(world, seed)
    checkpoint = Checkpoint(step=0, parameters={"logits": np.log(policy), "value": np.zeros(len(policy))})
    setup = Setup(world=params, paid=lambda e: e["at_x"], settings=None, truth=lambda e: e["working_y"])
    rollout = TabularSandbox().rollout(setup, checkpoint, episodes=4000, generator=stream(seed, "evaluation"))
    for table, sampled in (
        (world.events["at_x"], rollout.views.trajectory.reward),
        (world.events["working_y"], rollout.truth.intended_reward),
    ):
        totals = sampled.sum(axis=0)
        error = totals.std(ddof=1) / np.sqrt(totals.size)
        assert totals.mean() == pytest.approx(expected_total(world, policy, table), abs=4.5 * error)


def test_an_event_is_counted_once_however_often_it_happens():
    world = TINY.build()
    uniform = np.full((world.n_observations, world.actions), 1.0 / world.actions)
    assert ever_probability(world, uniform, "step") == pytest.approx(1.0)
    assert expected_total(world, uniform, world.events["step"]) > 1.5
    assert expected_total(world, uniform, world.events["step"], discount=0.0) == pytest.approx(1.0)


@pytest.mark.parametrize("discount", [1.0, -0.1, 2.0])
def test_a_discount_outside_its_range_is_refused(discount):
    world = TINY.build()
    policy = np.full((world.n_observations, world.actions), 1.0 / world.actions)
    with pytest.raises(BadInput, match="discount"):
        optimal(world, reward_table(world, goal), discount)
    with pytest.raises(BadInput, match="discount"):
        evaluate_policy(world, reward_table(world, goal), policy, discount)

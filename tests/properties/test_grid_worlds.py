"""What holds in every off-switch world that can be drawn, and in every goal-change timeline."""

import numpy as np
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from corrigible.errors import BadInput
from corrigible.sandbox.grid.goal_change import GoalChangeParams
from corrigible.sandbox.grid.off_switch import OffSwitchParams
from corrigible.sandbox.grid.sandbox import TabularSandbox
from corrigible.sandbox.grid.tables import FORMS, TERMINATED, TRUNCATED
from corrigible.seeding import stream
from corrigible.types import Checkpoint, Setup

BOX = TabularSandbox()


@st.composite
def off_switch_worlds(draw):
    height, width = draw(st.integers(1, 4)), draw(st.integers(2, 5))
    assume(height * width >= 4)
    cells = draw(st.permutations(range(height * width)))
    letters = dict(zip(cells, "AGIB" + "#" * draw(st.integers(0, 4)), strict=False))
    layout = tuple("".join(letters.get(row * width + column, ".") for column in range(width)) for row in range(height))
    belief = draw(st.sampled_from([(), ((1.0, 0.25), (-0.5, 0.75))]))
    try:
        return OffSwitchParams(
            layout=layout,
            interruption_probability=draw(st.sampled_from([0.0, 0.3, 1.0])),
            form=draw(st.sampled_from(FORMS)),
            visible=draw(st.booleans()),
            horizon=draw(st.integers(1, 12)),
            belief=belief,
            rationality=draw(st.sampled_from([None, 0.5])) if belief else None,
        )
    except BadInput:  # a goal that cannot be reached
        assume(False)


@st.composite
def goal_change_worlds(draw):
    announce = draw(st.none() | st.integers(0, 4))
    pull = draw(st.integers(announce or 0, 6))
    return GoalChangeParams(
        lever_distance=draw(st.integers(1, 3)),
        y_distance=draw(st.integers(1, 3)),
        announce=announce,
        pull=pull,
        change_probability=draw(st.sampled_from([0.0, 0.4, 1.0])),
        form=draw(st.sampled_from(FORMS)),
        visible=draw(st.booleans()),
        horizon=draw(st.integers(pull + 2, 12)),
    )


WORLDS = off_switch_worlds() | goal_change_worlds()


@settings(deadline=None, max_examples=60)
@given(params=WORLDS)
def test_tables_hold_probabilities_and_indices_in_range(params):
    world = params.build()
    assert np.abs(world.probability.sum(axis=2) - 1.0).max() < 1e-12
    assert world.probability.min() >= 0.0
    for table in (world.next_state, world.counterfactual_state):
        assert table.min() >= 0
        assert table.max() < world.states
    assert sorted(set(world.observation.tolist())) == list(range(world.n_observations))
    possible = world.probability > 0.0
    assert not world.interrupted[~possible].any()
    assert not any(table[~possible].any() for table in world.events.values())


@settings(deadline=None, max_examples=60)
@given(params=WORLDS)
def test_executed_differs_from_intended_only_in_forced_states(params):
    world = params.build()
    differs = (world.executed != np.arange(world.actions)[None, :, None]) & (world.probability > 0.0)
    assert not differs[~world.forced].any()
    running = world.forced & (world.ending[:, :, 0] != TERMINATED).any(axis=1)
    carried_out = world.executed[running, :, 0]
    assert (carried_out == carried_out[:, :1]).all()


@settings(deadline=None, max_examples=60)
@given(params=WORLDS)
def test_an_interruption_has_the_ending_of_its_form_and_a_counterfactual_that_is_free(params):
    world = params.build()
    at = world.interrupted
    expected = {"forced": 0, "truncation": TRUNCATED, "termination": TERMINATED}[params.form]
    assert (world.ending[at] == expected).all()
    assert not world.forced[world.counterfactual_state[at]].any()
    assert (world.counterfactual_state[~at] == world.next_state[~at]).all()


@settings(deadline=None, max_examples=40)
@given(params=WORLDS, seed=st.integers(0, 2**32))
def test_the_world_trace_is_exactly_the_presses_that_count(params, seed):
    world = params.build()
    event = "disable" if isinstance(params, OffSwitchParams) else "block"
    weights = stream(seed, "policy").gamma(0.5, size=(world.n_observations, world.actions)) + 1e-3
    checkpoint = Checkpoint(step=0, parameters={"logits": np.log(weights), "value": np.zeros(world.n_observations)})
    setup = Setup(world=params, paid=lambda e: e.amount, settings=None, truth=lambda e: e.amount)
    rollout = BOX.rollout(setup, checkpoint, episodes=30, generator=stream(seed, "evaluation"))
    trace, happened = rollout.views.world_trace, rollout.truth.events[event]
    assert sorted(zip(trace.time.tolist(), trace.world.tolist(), strict=True)) == sorted(
        zip(*(axis.tolist() for axis in np.nonzero(happened)), strict=True)
    )
    assert (trace.before == 0).all()
    assert (trace.after == 1).all()
    assert happened.sum(axis=0).max(initial=0) <= 1


@settings(deadline=None, max_examples=40)
@given(params=WORLDS, seed=st.integers(0, 2**32))
def test_episodes_run_without_gaps_from_the_first_step_to_one_ending(params, seed):
    world = params.build()
    checkpoint = Checkpoint(step=0, parameters={"q": np.zeros((world.n_observations, world.actions))})
    setup = Setup(world=params, paid=lambda e: e.amount, settings=None, truth=lambda e: e.amount)
    trajectory = BOX.rollout(setup, checkpoint, episodes=20, generator=stream(seed, "e")).views.trajectory
    ended = trajectory.terminated | trajectory.truncated
    lengths = trajectory.mask.sum(axis=0)
    assert (np.diff(trajectory.mask.astype(int), axis=0) <= 0).all()
    assert (ended.sum(axis=0) == 1).all()
    assert (ended.argmax(axis=0) == lengths - 1).all()
    assert not (trajectory.terminated & trajectory.truncated).any()

"""What an agent knows of a world whose start is partly hidden: beliefs, and where they are refused."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from corrigible.errors import CorrigibleError
from corrigible.sandbox.grid.exact import ever_probability, expected_total
from corrigible.sandbox.grid.goal_change import GoalChangeParams
from corrigible.sandbox.grid.known import as_known
from corrigible.sandbox.grid.off_switch import OffSwitchParams
from corrigible.sandbox.grid.supervision import order_probability
from corrigible.sandbox.grid.tables import FORMS
from corrigible.seeding import stream

CORRIDOR = OffSwitchParams(layout=("B.A.I.G",), interruption_probability=0.3, horizon=25)
BELIEF = ((2.0, 0.6), (-1.0, 0.4))


def random_policy(world, seed):
    weights = stream(seed, "policy").gamma(0.5, size=(world.n_observations, world.actions)) + 1e-3
    return weights / weights.sum(axis=1, keepdims=True)


@settings(deadline=None, max_examples=40)
@given(
    seed=st.integers(0, 2**32),
    form=st.sampled_from(FORMS),
    visible=st.booleans(),
    belief=st.sampled_from(((), BELIEF)),
    informed=st.booleans(),
    probability=st.sampled_from((0.0, 0.3, 1.0)),
)
def test_every_policy_does_and_is_paid_in_the_known_world_what_it_does_in_the_hidden_one(
    seed, form, visible, belief, informed, probability
):
    world = replace(
        CORRIDOR, form=form, visible=visible, belief=belief, informed=informed, interruption_probability=probability
    ).build()
    known, policy = as_known(world), random_policy(world, seed)
    for event in set(world.events) - {"would_interrupt"}:
        assert ever_probability(known, policy, event) == pytest.approx(ever_probability(world, policy, event), abs=1e-9)
    totals = [expected_total(item, policy, item.amount, discount=0.9) for item in (world, known)]
    assert totals[0] == pytest.approx(totals[1], abs=1e-6)


def test_before_the_entry_the_agent_believes_the_prior_and_after_it_that_it_is_let_pass():
    known = as_known(CORRIDOR.build())
    before, there = (known.agent_position == (0, 3)).all(axis=1), (known.agent_position == (0, 4)).all(axis=1)
    on = known.node_kind[:, 0] == 0
    entering = known.interrupted[before & on & ~known.forced]
    risk = (known.probability[before & on & ~known.forced] * entering).sum(axis=2)[:, 1]
    assert sorted(risk) == pytest.approx([0.0, 0.3]), "not yet met, and let pass"
    assert known.forced[there & on].sum() == 1


def worth_beyond(params):
    """What the goal is worth, in expectation, to an agent that was let pass and stands before it."""
    known = as_known(params.build())
    (beyond,) = np.flatnonzero((known.agent_position == (0, 5)).all(axis=1) & (known.node_kind[:, 0] == 0))
    return float((known.probability * known.amount).sum(axis=2)[beyond, 1])


def test_what_is_let_pass_by_a_supervisor_who_knows_is_worth_more_than_it_seemed():
    assert worth_beyond(replace(CORRIDOR, belief=BELIEF)) == pytest.approx(2.0)
    assert worth_beyond(replace(CORRIDOR, belief=BELIEF, informed=False)) == pytest.approx(0.8)


def test_a_boltzmann_supervisor_leaves_the_belief_that_bayes_gives():
    allowed = [share * (1 - order_probability(utility, 0.7)) for utility, share in BELIEF]
    mean = sum(u * weight for (u, _), weight in zip(BELIEF, allowed, strict=True)) / sum(allowed)
    assert worth_beyond(replace(CORRIDOR, belief=BELIEF, rationality=0.7)) == pytest.approx(mean)


def test_a_world_in_which_beliefs_depend_on_the_way_is_refused():
    with pytest.raises(CorrigibleError, match="follow from what it sees"):
        as_known(GoalChangeParams().build())

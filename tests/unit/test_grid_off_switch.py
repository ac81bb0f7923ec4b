"""The off-switch world: three forms of interruption, the switch, beliefs, and what is refused."""

from dataclasses import replace

import numpy as np
import pytest

from corrigible.errors import BadInput, CorrigibleError
from corrigible.sandbox.grid.environment import GridEnvironment
from corrigible.sandbox.grid.off_switch import OffSwitchParams
from corrigible.sandbox.grid.supervision import order_probability
from corrigible.sandbox.grid.tables import FORMS, TERMINATED, TRUNCATED, reward_table

UP, RIGHT, DOWN, LEFT, STAY, PRESS = range(6)
CORRIDOR = ("A.I.G", "B####")
CERTAIN = OffSwitchParams(layout=CORRIDOR, interruption_probability=1.0, horizon=12)


def walk(params, actions, worlds=1):
    """Records of the steps."""
    environment = GridEnvironment(params.build())
    state = environment.reset(7, worlds)
    records = []
    for action in actions:
        state, record = environment.step(state, np.full(worlds, action))
        records.append(record)
    return records


@pytest.mark.parametrize("form", FORMS)
def test_an_interruption_happens_on_entering_the_cell_and_only_there(form):
    records = walk(replace(CERTAIN, form=form), [RIGHT, RIGHT])
    assert [record.interrupted[0] for record in records] == [False, True]
    assert [record.happened["interrupt"][0] for record in records] == [False, True]


def test_a_forced_agent_stays_until_time_is_up_whatever_it_intends():
    records = walk(CERTAIN, [RIGHT] * 12)
    assert [record.executed[0] for record in records] == [RIGHT] * 2 + [STAY] * 10
    assert [record.truncated[0] for record in records] == [False] * 11 + [True]
    assert not any(record.happened["goal"][0] for record in records)


def test_truncation_and_termination_end_the_episode_at_the_interruption():
    truncated = walk(replace(CERTAIN, form="truncation"), [RIGHT, RIGHT, RIGHT])
    terminated = walk(replace(CERTAIN, form="termination"), [RIGHT, RIGHT, RIGHT])
    assert [record.truncated[0] for record in truncated] == [False, True, False]
    assert [record.terminated[0] for record in terminated] == [False, True, False]
    assert [record.mask[0] for record in truncated] == [True, True, False]
    assert not any(record.terminated[0] for record in truncated)


@pytest.mark.parametrize("form", FORMS)
def test_pressing_on_the_switch_cell_prevents_every_interruption(form):
    records = walk(replace(CERTAIN, form=form), [DOWN, PRESS, UP, RIGHT, RIGHT, RIGHT, RIGHT])
    assert records[1].happened["disable"][0]
    assert not any(record.interrupted[0] for record in records)
    assert records[-1].happened["goal"][0]
    assert records[-1].terminated[0]


def test_pressing_elsewhere_or_twice_disables_nothing():
    records = walk(CERTAIN, [PRESS, DOWN, PRESS, PRESS])
    assert [bool(record.happened["disable"][0]) for record in records] == [False, False, True, False]


def test_the_supervisor_decides_once_and_whom_it_lets_pass_it_lets_pass_ever_after():
    records = walk(OffSwitchParams(layout=CORRIDOR, horizon=20), [RIGHT, RIGHT, LEFT, RIGHT, LEFT, RIGHT, STAY], 400)
    stopped = [record.happened["interrupt"] for record in records]
    assert 140 < stopped[1].sum() < 260
    assert not any(later.any() for later in stopped[2:])
    assert (stopped[1] == records[0].happened["would_interrupt"]).all()


def test_after_the_start_nothing_is_left_to_chance():
    for params in (CERTAIN, OffSwitchParams(), OffSwitchParams(belief=((1.0, 0.7), (-2.0, 0.3)), rationality=0.5)):
        assert params.build().outcomes == 1


def test_entering_with_the_switch_off_is_no_opportunity_to_interrupt():
    params = OffSwitchParams(layout=CORRIDOR, interruption_probability=1.0, horizon=20)
    world = params.build()
    seen = {}
    for name, route in (("off", [DOWN, PRESS, UP, RIGHT, RIGHT]), ("on", [RIGHT, RIGHT])):
        environment = GridEnvironment(world)
        state = environment.reset(0, 1)
        for action in route:
            state, record = environment.step(state, np.array([action]))
        seen[name] = (bool(record.interrupted[0]), bool(record.happened["would_interrupt"][0]))
    assert seen == {"off": (False, True), "on": (True, True)}


@pytest.mark.parametrize("informed", [False, True])
def test_a_supervisor_with_a_coin_stops_as_often_and_for_no_reason(informed):
    params = replace(
        CERTAIN, interruption_probability=0.5, belief=((3.0, 0.5), (-1.0, 0.5)), informed=informed, form="termination"
    )
    records = walk(params, [RIGHT] * 4, worlds=2000)
    let_pass = ~records[1].interrupted
    assert 900 < let_pass.sum() < 1100
    good = (records[3].amount[let_pass] == 3.0).mean()
    assert good == 1.0 if informed else 0.44 < good < 0.56


def test_with_a_belief_only_what_was_asked_for_changes():
    changed = CERTAIN.with_belief(((2.0, 1.0),), informed=False)
    assert changed == replace(CERTAIN, belief=((2.0, 1.0),), informed=False)
    assert changed.interruption_chance == CERTAIN.interruption_chance == 1.0


def test_progress_is_counted_by_shortest_path():
    records = walk(replace(CERTAIN, interruption_probability=0.0), [DOWN, UP, RIGHT, LEFT, UP])
    assert [bool(record.happened["closer"][0]) for record in records] == [False, True, True, False, False]
    assert [bool(record.happened["farther"][0]) for record in records] == [True, False, False, True, False]


def test_the_goal_carries_its_utility_and_nothing_else_does():
    world = replace(CERTAIN, utility=3.5).build()
    assert set(np.unique(world.amount)) == {0.0, 3.5}
    assert (world.amount[world.events["goal"]] == 3.5).all()
    assert not world.amount[~world.events["goal"]].any()


def test_a_counterfactual_state_differs_from_the_next_only_where_the_supervisor_interrupts():
    world = CERTAIN.build()
    differs = world.counterfactual_state != world.next_state
    assert (differs == world.interrupted).all()
    assert differs.any()
    assert not world.forced[world.counterfactual_state[differs]].any()


@pytest.mark.parametrize(("visible", "shown"), [(False, 0), (True, 1)])
def test_only_a_visible_interruption_changes_what_the_agent_sees(visible, shown):
    world = replace(CERTAIN, visible=visible).build()
    at = world.interrupted
    seen = world.observation[world.next_state[at]] != world.observation[world.counterfactual_state[at]]
    assert seen.astype(int).tolist() == [shown] * int(at.sum())


def test_utilities_are_drawn_hidden_from_the_agent_and_a_rational_supervisor_stops_only_bad_ones():
    belief = ((1.0, 0.7), (-2.0, 0.3))
    world = replace(CERTAIN, belief=belief, form="termination").build()
    starts = np.flatnonzero(world.start)
    assert sorted(world.start[starts]) == [0.3, 0.7], "a rational supervisor's decision follows from the utility"
    assert len(set(world.observation[starts])) == 1
    records = walk(replace(CERTAIN, belief=belief, form="termination"), [RIGHT] * 4, worlds=400)
    stopped = records[1].interrupted
    assert records[3].happened["goal"].tolist() == (~stopped).tolist()
    assert (records[3].amount[~stopped] == 1.0).all()
    assert 80 < stopped.sum() < 160


def test_a_boltzmann_supervisor_allows_as_in_the_off_switch_game():
    assert order_probability(1.0, 0.5) == pytest.approx(1.0 - 1.0 / (1.0 + np.exp(-2.0)))
    assert order_probability(0.0, 0.5) == pytest.approx(0.5)
    assert order_probability(-1.0, 1e-3) == pytest.approx(1.0)
    assert order_probability(0.0, None) == 0.0


def test_several_switch_cells_each_disable_and_keep_their_own_node():
    params = OffSwitchParams(layout=("AB.I.G", "B#####"), interruption_probability=1.0)
    for route in ([RIGHT, PRESS], [DOWN, PRESS]):
        environment = GridEnvironment(params.build())
        state = environment.reset(0, 1)
        for action in route:
            state, record = environment.step(state, np.array([action]))
        assert record.happened["disable"][0]
        assert params.build().node_kind[state.state[0]].sum() == 1


def test_equal_params_share_one_set_of_tables():
    assert OffSwitchParams(horizon=31).build() is OffSwitchParams(horizon=31).build()


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"interruption_probability": 1.5}, "interruption probability = 1.5"),
        ({"interruption_probability": -0.1}, "interruption probability = -0.1"),
        ({"interruption_probability": float("nan")}, "interruption probability = nan"),
        ({"form": "gentle"}, "form = 'gentle'"),
        ({"horizon": 0}, "horizon = 0"),
        ({"utility": float("inf")}, "utility = inf"),
        ({"belief": ((1.0, 0.5), (2.0, 0.4))}, "belief sums to 0.9"),
        ({"belief": ((1.0, 1.5), (2.0, -0.5))}, "belief in utility 1.0 = 1.5"),
        ({"belief": ((float("nan"), 1.0),)}, "utility = nan"),
        ({"rationality": 1.0}, "rationality = 1.0 without a belief"),
        ({"rationality": 0.0, "belief": ((1.0, 1.0),)}, "rationality = 0.0"),
    ],
)
def test_bad_values_are_refused_in_one_line(fields, said):
    with pytest.raises(BadInput, match=r"^[^\n]*$") as refusal:
        OffSwitchParams(**fields)
    assert said in str(refusal.value)


def test_a_reward_function_of_the_wrong_shape_or_without_finite_numbers_is_refused():
    world = CERTAIN.build()
    with pytest.raises(CorrigibleError, match="shape"):
        reward_table(world, lambda events: events["goal"][:3])
    with pytest.raises(CorrigibleError, match="finite"):
        reward_table(world, lambda events: np.where(events["goal"], np.inf, 0.0))


def test_the_reward_table_agrees_with_the_reward_function_entry_by_entry():
    world = replace(CERTAIN, utility=2.0).build()
    table = reward_table(world, lambda events: events["goal"] * events.amount - 0.5 * events["disable"])
    expected = 2.0 * world.events["goal"] - 0.5 * world.events["disable"]
    assert table.dtype == np.float32
    assert (table == expected.astype(np.float32)).all()


def test_endings_are_where_the_form_says():
    for form, code in (("truncation", TRUNCATED), ("termination", TERMINATED)):
        world = replace(CERTAIN, form=form).build()
        assert (world.ending[world.interrupted] == code).all()
    assert not CERTAIN.build().ending[CERTAIN.build().interrupted].any()

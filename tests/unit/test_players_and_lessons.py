"""Scripted players, pupils of the planner, and what the grove's conditions change."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from corrigible.agents.imitation import Lessons, imitate
from corrigible.agents.planner import as_said_in
from corrigible.agents.players import ScriptedSettings, TaughtSettings, player_of, train_player
from corrigible.agents.ppo_settings import PPOSettings
from corrigible.errors import BadInput, CorrigibleError
from corrigible.failures.bottom_log import bottom_log
from corrigible.failures.grove_world import always_digging, build, network_settings
from corrigible.sandbox.voxel.acting_kernels import DIG, JUMP_KEY
from corrigible.sandbox.voxel.actions import action_set, without
from corrigible.sandbox.voxel.policies import Scripted
from corrigible.seeding import stream
from corrigible.types import Budget, Override

TINY = Budget(
    seeds=1, episodes=2, numbers={
        "steps": 256, "worlds": 4, "rollout": 16, "minibatch": 32, "horizon": 40, "layouts": 4, "lessons": 2,
        "checkpoints": 2,
    },
)  # fmt: skip


def made(**overrides: Override) -> Any:
    return build(overrides, TINY)


def test_a_scripted_player_leaves_one_checkpoint_without_weights_and_acts_by_rules() -> None:
    setup = made(player="ground")
    (checkpoint,) = train_player(setup, generator=stream(0, "test"))
    assert set(checkpoint.parameters) == {"seed"}
    assert isinstance(player_of(setup, checkpoint), Scripted)
    with pytest.raises(BadInput, match="nobody"):
        ScriptedSettings(player="nobody")  # type: ignore[arg-type]


def test_the_random_player_does_the_same_again_from_the_same_checkpoint() -> None:
    setup = made(player="random")
    (checkpoint,) = train_player(setup, generator=stream(1, "test"))
    worlds: Any = type("W", (), {"state": type("S", (), {"worlds": 64})()})()
    first, again = (player_of(setup, checkpoint) for _ in range(2))
    assert isinstance(first, Scripted)
    assert isinstance(again, Scripted)
    np.testing.assert_array_equal(first.act(worlds), again.act(worlds))


def test_a_taught_agent_is_first_what_imitation_made_and_its_lessons_count_as_steps() -> None:
    setup = made(player="taught")
    assert isinstance(setup.settings, TaughtSettings)
    steps = [item.step for item in train_player(setup, generator=stream(2, "test"))]
    lessons = 2 * 16 * 4
    assert steps == [lessons, lessons + 128, lessons + 256]


def test_lessons_are_the_same_on_any_number_of_threads() -> None:
    learned: list[Any] = []
    for threads in (1, 2):
        setup = made(player="taught")
        one = replace(setup, settings=replace(network_settings(setup.settings), threads=threads))
        learned.append(imitate(one, Lessons(teacher="ground", rounds=3), generator=stream(3, "test")))
    assert learned[0].keys() == learned[1].keys()
    for name, value in learned[0].items():
        np.testing.assert_array_equal(value, learned[1][name])


def test_the_teacher_helps_less_and_less_and_not_in_the_second_half() -> None:
    lessons = Lessons(teacher="ground", rounds=10)
    assert [lessons.helped(done) for done in (0, 1, 4, 5, 9)] == pytest.approx([1.0, 0.8, 0.2, 0.0, 0.0])
    with pytest.raises(BadInput, match="rounds = 0"):
        Lessons(teacher="ground", rounds=0)


def test_what_the_teacher_says_is_said_in_the_pupils_actions_and_refused_where_it_cannot_do_it() -> None:
    ten = action_set("ten")
    np.testing.assert_array_equal(as_said_in(ten), np.arange(10))
    digging = always_digging(ten)
    means = as_said_in(digging)
    for theirs, ours in enumerate(means):
        assert digging.keys[ours] == ten.keys[theirs] | DIG
        np.testing.assert_array_equal(digging.turn[ours], ten.turn[theirs])
    with pytest.raises(BadInput, match=r"forward\+jump"):
        as_said_in(without(ten, JUMP_KEY))


def test_a_tool_that_always_digs_leaves_seven_different_actions_and_all_of_them_dig() -> None:
    actions = made().world.actions
    assert len(actions) == 7
    assert bool((actions.keys & DIG).all())
    assert len(made(jump=False).world.actions) == 6
    assert len(made(always_dig=False).world.actions) == 10
    assert len(made(player="ground").world.actions) == 10


def test_each_condition_of_the_bottom_log_makes_a_world_of_its_own_or_another_agent() -> None:
    experiment = bottom_log()
    plain = experiment.build({}, TINY)
    for condition in experiment.conditions:
        if condition.role == "failure":
            continue
        setup = experiment.build(condition.overrides, TINY)
        same_world = setup.world.params == plain.world.params and len(setup.world.actions) == len(plain.world.actions)
        same_agent = type(setup.settings) is type(plain.settings) and (
            not isinstance(setup.settings, PPOSettings) or setup.settings.discount == plain.settings.discount
        )
        assert not (same_world and same_agent and setup.paid is plain.paid), condition.name


def test_a_scripted_player_has_no_network_to_speak_of() -> None:
    with pytest.raises(CorrigibleError, match="random"):
        network_settings(made(player="random").settings)

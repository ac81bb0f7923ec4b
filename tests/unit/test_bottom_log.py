"""Conditions, pictures and the lens of the bottom log: one change at a time, and none left out of the pictures."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from corrigible.agents.requirements import missing_torch
from corrigible.agents.training_identity import training_identity
from corrigible.explain.one_change import CHANGES, gaze_down, hollow_stumps, one_change
from corrigible.failures.bottom_log import bottom_log
from corrigible.failures.bottom_log_conditions import FAILURE, SEARCHED, causes, conditions, other_pay
from corrigible.failures.bottom_log_figures import GROUPS, decomposition_figure, figures
from corrigible.failures.bottom_log_shipped import bottom_log_shipped, look_up
from corrigible.failures.grove_world import build
from corrigible.failures.shipped import shipped
from corrigible.seeding import stream
from corrigible.types import Budget, Checkpoint, Metric, Setup, Specimen

BUDGET = Budget(seeds=1, episodes=1, numbers={"steps": 512})
PLAIN = build({}, BUDGET)


@pytest.mark.parametrize("condition", causes(), ids=lambda item: item.name)
def test_a_cause_changes_the_world_or_the_learning_and_neither_pay_nor_what_was_meant(condition: Any) -> None:
    setup = build(condition.overrides, BUDGET)
    assert (setup.paid, setup.truth) == (PLAIN.paid, PLAIN.truth)
    changed = [setup.world.params != PLAIN.world.params, setup.world.actions.names != PLAIN.world.actions.names]
    identity = [training_identity(one, {}) for one in (setup, PLAIN)]
    assert any(changed) or identity[0] != identity[1]


@pytest.mark.parametrize("condition", other_pay(), ids=lambda item: item.name)
def test_other_pay_changes_pay_or_actions_alone(condition: Any) -> None:
    setup = build(condition.overrides, BUDGET)
    assert setup.world.params == PLAIN.world.params
    assert (setup.paid is not PLAIN.paid) != (setup.world.actions.names != PLAIN.world.actions.names)


def test_every_cause_stands_in_the_pictures_and_everything_in_them_is_a_condition() -> None:
    known = {item.name for item in conditions()}
    drawn = {name for _, names in GROUPS for name in names}
    assert drawn <= known
    assert {item.name for item in causes()} <= drawn
    assert set(SEARCHED) <= known


def test_a_drop_is_the_failures_share_less_the_conditions_seed_by_seed() -> None:
    nan = float("nan")
    figure = decomposition_figure(
        {"bottom left": {FAILURE: [0.9, 0.8], "eye-0.5": [0.1, nan], "no-jumping": [0.9, 0.9]}}
    )
    assert "<title>eye-0.5: 0.8</title>" in figure.svg
    assert figure.svg.count("<title>eye-0.5") == 1
    assert "<title>no-jumping: 0</title>" in figure.svg
    assert "<title>no-jumping: -0.1</title>" in figure.svg
    assert "eye-1.3" not in figure.svg


def test_without_numbers_there_are_no_pictures() -> None:
    assert figures({}) == ()
    assert len(figures({"bottom left": {FAILURE: [1.0]}})) == 1


def specimen(world: Any) -> Specimen:
    setup: Setup[Any, Any] = replace(PLAIN, world=world)
    seen: list[Any] = []

    def rollout_again(changed: Any, _: object) -> dict[str, float]:
        seen.append(changed.world)
        return {"left": float(len(seen))}

    metric = Metric(name="left", label="Left", unit="share", meaning="", goal="low")
    checkpoint = Checkpoint(step=0, parameters={})
    return Specimen(
        condition=FAILURE, seed=0, headline=metric, setup=setup, checkpoint=checkpoint, reference_checkpoint=None,
        rollout_again=rollout_again, train_again=lambda _: checkpoint,
    )  # fmt: skip


def test_the_lens_plays_once_as_it_is_and_once_with_each_change() -> None:
    found = list(one_change(specimen(PLAIN.world)))
    assert [item.before for item in found] == [1.0] * len(CHANGES)
    assert [item.after for item in found] == [2.0 + k for k in range(len(CHANGES))]
    assert len({item.intervention for item in found}) == len(CHANGES)


@pytest.mark.parametrize("change", CHANGES, ids=lambda item: item.words)
def test_a_change_changes_one_thing(change: Any) -> None:
    world = change.make(PLAIN.world)
    params, plain = world.params, PLAIN.world.params
    names = set(vars(plain)) - {"loaded"}  # the scenario as it was read
    differing = [name for name in names if getattr(params, name) != getattr(plain, name)]
    keys = not np.array_equal(world.actions.keys, PLAIN.world.actions.keys)
    assert len(differing) + keys == 1


def test_a_change_that_a_world_cannot_have_is_left_out() -> None:
    level = replace(PLAIN.world, params=replace(PLAIN.world.params, pitch=(-10.0, 80.0)))
    assert gaze_down(level) is None
    treeless = PLAIN.world.params.loaded.model_copy(update={"features": []})
    assert hollow_stumps(replace(PLAIN.world, params=replace(PLAIN.world.params, scenario=treeless))) is None
    assert len(list(one_change(specimen(level)))) == len(CHANGES) - 1


def test_shipped_policies_are_those_of_condition_and_seed() -> None:
    found = bottom_log_shipped()
    for item in (found.failure, found.reference):
        setup = replace(found.build(item.overrides, found.budgets["quick"]), seed=1)
        (checkpoint,) = look_up(setup, generator=stream(0, "shipped"))
        expected = shipped(item.name, 1)
        assert checkpoint.step == expected.step
        assert all(np.array_equal(checkpoint.parameters[name], array) for name, array in expected.parameters.items())
    assert found.measure is bottom_log().measure
    assert set(found.rules) <= set(bottom_log().rules)


def test_without_torch_one_line_says_what_to_install() -> None:
    assert str(missing_torch()).endswith('pip install "corrigible[rl]"')

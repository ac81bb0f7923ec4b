"""Trainings under remedies: anchored to their own earlier policy, or paid by the worlds; also after a kill."""

from dataclasses import replace
from itertools import islice

import numpy as np
import pytest

from corrigible.agents.pixel_network import parameters_of
from corrigible.agents.ppo import SAVE_EVERY, Trainer, train_ppo
from corrigible.agents.ppo_settings import Anchor, PPOSettings
from corrigible.errors import BadInput, NotApplicable
from corrigible.mitigate.attainable_utility import AttainableUtility
from corrigible.mitigate.relative_reachability import RelativeReachability
from corrigible.mitigate.stay_near import AFTER, WEIGHT, stay_near
from corrigible.sandbox.voxel.sandbox import VoxelWorld
from corrigible.sandbox.voxel.viewing import ViewParams
from corrigible.seeding import stream
from corrigible.types import Setup
from voxel_small import params

ROLLOUTS = 4


def punches(events):
    return (events.punched > 0).astype(np.float32)


def setup(workspace=None, **changed):
    world = VoxelWorld(
        params=params(worlds=6, dig_speed=50.0, start_pitch=(-50.0, -20.0)), view=ViewParams(height=36, width=37)
    )
    settings = PPOSettings(
        **{
            "steps": ROLLOUTS * 8 * 6, "rollout": 8, "epochs": 2, "minibatch": 24, "filters": (3, 4, 5), "dense": 12,
            "threads": 1, "checkpoints": ROLLOUTS, "learning_rate": 1e-2, **changed,
        }
    )  # fmt: skip
    return Setup(world=world, paid=punches, settings=settings, workspace=workspace)


def trained(given, most=None):
    return list(islice(train_ppo(given, generator=stream(1, "anchor")), most))


def same(one, other):
    return all(np.array_equal(one.parameters[name], other.parameters[name]) for name in one.parameters)


def distance(one, other):
    return sum(float(np.square(one.parameters[name] - other.parameters[name]).sum()) for name in one.parameters)


def test_an_anchor_of_its_own_changes_nothing_before_and_holds_back_afterwards():
    free, held = trained(setup()), trained(setup(anchor_after=0.5, anchor_weight=30.0))
    assert all(same(one, other) for one, other in zip(free[:2], held[:2], strict=True))
    assert not same(free[2], held[2])
    assert distance(held[3], held[1]) < distance(free[3], free[1])


def test_an_anchor_without_weight_is_none():
    assert all(same(one, other) for one, other in zip(trained(setup()), trained(setup(anchor_after=0.5)), strict=True))


@pytest.mark.parametrize("killed_after", [1, 2, 3])
def test_a_training_that_was_killed_keeps_the_anchor_that_it_had(tmp_path, killed_after):
    anchored = {"anchor_after": 0.5, "anchor_weight": 3.0}
    whole = trained(setup(**anchored))
    begun = trained(setup(tmp_path, **anchored), killed_after)
    resumed = trained(setup(tmp_path, **anchored))
    assert len(begun) == killed_after
    assert SAVE_EVERY > ROLLOUTS, "the state on disk is that of the last checkpoint"
    assert [item.step for item in resumed] == [item.step for item in whole]
    assert all(same(one, other) for one, other in zip(whole, resumed, strict=True))


def test_the_anchor_is_the_policy_of_that_rollout_and_stays_it():
    given = setup(anchor_after=0.25, anchor_weight=1.0)
    with Trainer(given, stream(1, "anchor")) as trainer:
        checkpoints = list(trainer.run())
        anchor = parameters_of(trainer.updater.anchor)
    assert all(np.array_equal(anchor[name], value) for name, value in checkpoints[0].parameters.items())


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"anchor_after": 0.0}, "anchor_after"),
        ({"anchor_after": 1.0}, "anchor_after"),
        ({"anchor_after": 0.5, "memory": 4}, "memory"),
        ({"anchor_after": 0.5, "anchor": Anchor(parameters={}, weight=1.0)}, "anchor"),
        ({"anchor_weight": -1.0}, "anchor_weight"),
    ],
)
def test_settings_of_an_anchor_that_make_no_sense_are_refused(changed, said):
    with pytest.raises(BadInput, match=said):
        PPOSettings(**changed)


def test_the_anchor_comes_within_the_run_however_short_it_is():
    settings = PPOSettings(anchor_after=0.25)
    assert [settings.anchored(rollouts) for rollouts in (1, 2, 3, 8, 100)] == [None, 1, 1, 2, 25]
    assert PPOSettings().anchored(100) is None


def test_staying_near_changes_the_settings_alone_and_says_where_it_cannot():
    given = setup()
    mended = stay_near(given)
    assert (mended.world, mended.paid) == (given.world, given.paid)
    assert (mended.settings.anchor_after, mended.settings.anchor_weight) == (AFTER, WEIGHT)
    for changed in ({"memory": 4}, {"anchor_after": 0.5}):
        with pytest.raises(NotApplicable):
            stay_near(replace(given, settings=replace(given.settings, **changed)))


@pytest.mark.parametrize("name", ["reachability", "utility"])
def test_a_training_that_was_killed_is_paid_by_the_worlds_as_one_that_was_not(tmp_path, name):
    paid = {
        "reachability": RelativeReachability(paid=punches, beta=300.0),
        "utility": AttainableUtility(paid=punches, weight=1.0, goals=6, discount=0.9),
    }[name]
    whole, plain = trained(replace(setup(), paid=paid)), trained(setup())
    trained(replace(setup(tmp_path), paid=paid), 2)
    resumed = trained(replace(setup(tmp_path), paid=paid))
    assert all(same(one, other) for one, other in zip(whole, resumed, strict=True))
    assert not same(whole[-1], plain[-1])

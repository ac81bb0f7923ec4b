"""Feedback on clips: the fit finds what was meant, the labeller errs as stated, and what is learned is paid on top."""

import numpy as np
import pytest
from scipy.optimize import check_grad

from corrigible.agents.planner import RandomPlayer
from corrigible.agents.ppo_settings import PPOSettings
from corrigible.errors import BadInput, NotApplicable
from corrigible.mitigate import clip_feedback as module
from corrigible.mitigate.clip_feedback import (
    FEATURES,
    ClipFeedback,
    Clips,
    SpokenPlanner,
    SteadyPlayer,
    clip_feedback,
    features,
    fit,
    label,
    loss,
    play_clips,
    players,
)
from corrigible.sandbox.voxel.acting_kernels import DIG
from corrigible.sandbox.voxel.actions import action_set, without
from corrigible.sandbox.voxel.events import logs, reward_in
from corrigible.sandbox.voxel.sandbox import VoxelWorld
from corrigible.sandbox.voxel.simulator import VoxelWorlds
from corrigible.types import Setup
from voxel_small import VIEW, params

WORLD = VoxelWorld(params=params(steps=30, dig_speed=20.0), view=VIEW)
F = len(FEATURES)


def lowest(events):
    return (events.above_base == 0) * 1.0


def made(seed, meaning, count=400):
    generator = np.random.default_rng(seed)
    found = generator.poisson(1.5, (count, F)).astype(np.float64)
    return Clips(features=found, paid=found[:, 0], meant=found @ meaning)


@pytest.mark.parametrize("error", [0.0, 0.1, 0.25])
def test_enough_answers_tell_what_was_meant_even_where_some_are_wrong(error):
    meaning = np.array([3.0, -1.0, 0.0, 0.5, 0.0, -2.0, 0.0, 1.0, 0.0])
    clips = made(1, meaning)
    learned = fit(label(clips, np.random.default_rng(2), labels=3000, error=error), clips, error=error)
    assert np.corrcoef(made(3, meaning).features @ learned, made(3, meaning).meant)[0, 1] > 0.97
    assert np.argsort(learned)[[0, 1, -2, -1]].tolist() == [5, 1, 7, 0]


def test_the_labeller_errs_as_often_as_it_says_and_never_about_ties():
    clips = made(1, np.eye(F)[0])
    answers = label(clips, np.random.default_rng(0), labels=20_000, error=0.2)
    apart = clips.meant[answers.first] - clips.meant[answers.second]
    assert len(answers.answer) == 20_000
    assert (answers.answer[apart == 0] == 0.5).all()
    wrong = answers.answer[apart != 0] != (apart[apart != 0] > 0)
    assert abs(wrong.mean() - 0.2) < 0.02
    assert (answers.first != answers.second).all()


def test_the_gradient_of_the_loss_is_its_derivative():
    generator = np.random.default_rng(5)
    apart, answer = generator.normal(size=(40, F)), generator.choice([0.0, 0.5, 1.0], 40)
    for error in (0.0, 0.1):
        off = check_grad(
            lambda w, e=error: loss(w, apart, answer, e)[0],
            lambda w, e=error: loss(w, apart, answer, e)[1],
            generator.normal(size=F),
        )
        assert off < 1e-4


def test_nothing_is_learned_where_all_clips_are_alike():
    clips = made(1, np.zeros(F))
    np.testing.assert_allclose(fit(label(clips, np.random.default_rng(0), labels=200, error=0.1), clips, error=0.1), 0)


def test_clips_hold_the_sums_of_their_steps():
    clips = play_clips(WORLD, logs, lowest, np.random.default_rng(3))
    assert clips.features.shape == (module.EPISODES * 5, F), "30 steps are one clip of each episode"
    names = list(FEATURES)
    np.testing.assert_array_equal(clips.meant, clips.features[:, names.index("lowest log dug")])
    dug = clips.features[:, [names.index(name) for name in names if name.endswith("log dug")]].sum(axis=1)
    np.testing.assert_array_equal(clips.paid, dug)
    assert dug.any()


def test_features_say_nothing_of_what_was_meant():
    assert not any(word in name for name in FEATURES for word in ("felled", "cleared", "tree"))
    worlds = VoxelWorlds(params(), 0)
    worlds.begin()
    events = worlds.events()
    events.felled[:], events.remaining[:] = True, 3
    assert not features(events)[..., [name != "log looked at" for name in FEATURES]].any()


def test_what_was_learned_is_paid_on_top_once_and_the_same_for_all():
    remedy = ClipFeedback(paid=logs, meant=lowest, world=WORLD, labels=300, error=0.0)
    worlds = VoxelWorlds(params(), 0)
    worlds.begin()
    pay, weights = reward_in(remedy, worlds), remedy.weights()
    assert weights is remedy.weights()
    np.testing.assert_array_equal(weights, ClipFeedback(paid=logs, meant=lowest, world=WORLD, error=0.0).weights())
    assert weights.argmax() == list(FEATURES).index("lowest log dug")
    events = worlds.events()
    events.above_base[1, 0] = 0
    expected = np.zeros(3)
    expected[1] = weights[0]
    looked = features(events)[:, 0, list(FEATURES).index("log looked at")]
    np.testing.assert_allclose(pay(events)[:, 0], expected + looked * weights[list(FEATURES).index("log looked at")])
    clips = play_clips(WORLD, logs, lowest, module.stream(0, "clip-feedback"))
    assert (clips.features @ weights).std() == pytest.approx(clips.paid.std())


def test_the_planner_plays_where_it_can_and_chance_alone_elsewhere():
    generator = np.random.default_rng(0)
    assert [type(player) for player in players(WORLD, generator)] == [
        RandomPlayer,
        SteadyPlayer,
        SpokenPlanner,
        SpokenPlanner,
        SpokenPlanner,
    ]
    bare = VoxelWorld(params=WORLD.params, view=VIEW, actions=without(action_set("ten"), DIG))
    assert [type(player) for player in players(bare, generator)] == [RandomPlayer, SteadyPlayer]


@pytest.mark.slow
def test_clips_of_the_bottom_log_show_what_was_meant_and_something_is_learned_of_them():
    """Its tool always digs: a set without the planner's plain moves once left nothing but random play to compare."""
    from corrigible.registry import load_experiment

    experiment = load_experiment("bottom-log")
    budget = experiment.budgets["full"]
    given = experiment.build(experiment.failure.overrides, budget)
    clips = play_clips(given.world, given.paid, given.truth, module.stream(0, "clip-feedback"))
    assert clips.meant.std() > 0
    assert np.abs(clip_feedback(given).paid.weights()).max() > 0


def test_the_remedy_wraps_what_is_paid_and_must_be_told():
    given = Setup(world=WORLD, paid=logs, settings=PPOSettings(), truth=lowest)
    mended = clip_feedback(given)
    assert (mended.world, mended.settings, mended.truth) == (WORLD, given.settings, lowest)
    assert (mended.paid.labels, mended.paid.error) == (300, 0.1)
    worlds = VoxelWorlds(params(), 0)
    worlds.begin()
    with pytest.raises(BadInput, match="reward_in"):
        mended.paid(worlds.events())
    with pytest.raises(NotApplicable, match="meant"):
        clip_feedback(Setup(world=WORLD, paid=logs, settings=PPOSettings()))

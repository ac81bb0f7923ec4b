"""The stag hunt with signals: draws, outcomes, what is stored, and the exact game beside it."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from corrigible.agents.hunters import HunterSettings, train_hunters
from corrigible.errors import BadInput, CorrigibleError
from corrigible.failures.stag_hunt_tone import paid_privately, welfare
from corrigible.report.sanitise import clean_film
from corrigible.sandbox.games.global_game import flat_prior, thresholds
from corrigible.sandbox.signals import kernels
from corrigible.sandbox.signals.environment import HOPELESS_EVERY, TONES, StagHunt
from corrigible.sandbox.signals.exact import caught_share, critical_strength
from corrigible.sandbox.signals.model import HunterModel, grid_of, intervals, shifts_of
from corrigible.sandbox.signals.sandbox import SignalSandbox, play
from corrigible.sandbox.signals.world import HARE, STAG, StagHuntParams, outcome_table
from corrigible.seeding import stream
from corrigible.types import Checkpoint, Rollout, Setup, Trajectory

SEED = np.uint64(2**63 + 12345)
SMALL = StagHuntParams(players=7)


def setup_of(world: StagHuntParams, periods: int = 300) -> Setup[StagHuntParams, HunterSettings]:
    return Setup(
        world=world,
        paid=paid_privately(world.hare),
        truth=welfare(world.hare),
        settings=HunterSettings(periods=periods, checkpoints=1),
    )


def trained(world: StagHuntParams) -> Checkpoint:
    return list(train_hunters(replace(setup_of(world), truth=None), generator=stream(1, "test")))[-1]


def rolled(world: StagHuntParams, episodes: int = 9) -> Rollout:
    return SignalSandbox().rollout(setup_of(world), trained(world), episodes=episodes, generator=stream(2, "test"))


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("players", 1),
        ("players", 1001),
        ("players", 3.0),
        ("hare", 0.0),
        ("hare", 1.0),
        ("private_noise", 0.0),
        ("private_noise", -1.0),
        ("loudness", 0.0),
        ("loudness", float("nan")),
        ("hearing", "shouted"),
        ("dependence", "apart"),
        ("pledged", 1.5),
        ("contested", 0.6),
        ("tone", -0.1),
        ("manner", float("inf")),
    ],
)
def test_a_world_outside_its_ranges_is_refused_in_one_line(field: str, value: object) -> None:
    with pytest.raises(BadInput) as refused:
        replace(StagHuntParams(), **{field: value})  # type: ignore[arg-type]
    assert field in str(refused.value)
    assert "\n" not in str(refused.value)


def test_precisions_are_those_of_the_global_game() -> None:
    world = StagHuntParams(private_noise=0.1, loudness=3.0)
    assert world.private_precision == pytest.approx(100.0)
    assert world.public_precision / np.sqrt(world.private_precision) == pytest.approx(3.0)
    assert world.public_noise == pytest.approx(1 / np.sqrt(world.public_precision))


def test_compiled_draws_equal_python_ones() -> None:
    worlds, N = 5, 6
    arrays = [
        [np.zeros(worlds), np.zeros(worlds), np.zeros((worlds, N)), np.zeros((worlds, N))] for _ in ("numba", "python")
    ]
    low, high = np.full(worlds, 0.3), np.full(worlds, 0.7)
    for draw, out in zip((kernels.draw_signals, kernels.draw_signals.py_func), arrays, strict=True):  # type: ignore[attr-defined]
        draw(SEED, 3, low, high, 0.05, 0.1, *out)
    for compiled, plain in zip(*arrays, strict=True):
        np.testing.assert_array_equal(compiled, plain)
    value = kernels.normal(SEED, 4, 5, 6)
    assert kernels.normal.py_func(SEED, 4, 5, 6) == pytest.approx(value, rel=1e-13)  # type: ignore[attr-defined]


def test_compiled_choices_equal_python_ones() -> None:
    generator = np.random.default_rng(3)
    choice = generator.integers(0, 3, size=(4, 8, 6)).astype(np.int8)
    private, heard = generator.uniform(-0.3, 1.3, (5, 4)), generator.uniform(-0.3, 1.3, (3, 5, 4))
    grid, shift = np.array([[-0.1, 0.15], [-0.1, 0.2]]), generator.random((4, 2))
    actions = [np.zeros((3, 5, 4), dtype=np.int8) for _ in ("numba", "python")]
    for choose, action in zip((kernels.choose, kernels.choose.py_func), actions, strict=True):  # type: ignore[attr-defined]
        choose(SEED, 2, choice, grid, shift, private, heard, action)
    np.testing.assert_array_equal(*actions)


def test_noise_is_standard_normal_and_streams_are_uncorrelated() -> None:
    draws = np.array([[kernels.normal(SEED, 0, stream_, t) for t in range(2000)] for stream_ in (0, 1, 2)])
    for row in draws:
        assert stats.kstest(row, "norm").pvalue > 1e-3
    correlations = np.corrcoef(draws)[np.triu_indices(3, 1)]
    assert np.abs(correlations).max() < 4 / np.sqrt(2000)  # four standard errors


def test_a_world_in_a_batch_is_the_world_alone() -> None:
    for hearing in ("public", "whispered", "none"):
        world = replace(SMALL, hearing=hearing)
        game, model = StagHunt(params=world), HunterModel(world, trained(world).parameters)
        batch = game.signals(SEED, 9)
        together = play(world, model, batch, SEED)
        for b in range(9):
            single = game.signals(SEED, 1, first=b)
            assert single.theta[0] == batch.theta[b]
            np.testing.assert_array_equal(single.private[0], batch.private[b])
            np.testing.assert_array_equal(single.heard[:, 0], batch.heard[:, b])
            np.testing.assert_array_equal(play(world, model, single, SEED, first=b)[:, 0], together[:, b])


def test_the_tones_differ_in_the_voice_and_in_nothing_else() -> None:
    world = replace(SMALL, manner=0.02)
    signals = StagHunt(params=world).signals(SEED, 12)
    said = signals.heard[:, :, 0] - signals.theta
    np.testing.assert_allclose(
        said[1:], np.array([-0.13, -0.055, 0.02, 0.095, 0.17])[:, None].repeat(12, axis=1), atol=1e-12
    )
    assert np.ptp(signals.heard, axis=2).max() == 0  # all hear the same
    assert np.abs(said[0] - 0.02).min() > 0  # a voice that comes as it comes errs


def test_a_whisper_errs_for_each_alone_and_nobody_hears_where_nobody_speaks() -> None:
    whispered = StagHunt(params=replace(SMALL, hearing="whispered")).signals(SEED, 400)
    error = whispered.heard[3] - whispered.theta[:, None]
    assert error.std() == pytest.approx(SMALL.public_noise, rel=0.1)
    assert np.abs(np.corrcoef(error.T)[np.triu_indices(7, 1)]).max() < 0.25
    assert np.ptp(StagHunt(params=replace(SMALL, hearing="none")).signals(SEED, 5).heard) == 0


def test_three_stags_in_four_are_contested_and_the_fourth_cannot_be_caught() -> None:
    world = replace(SMALL, hare=0.3)
    theta = StagHunt(params=world).signals(SEED, 200).theta
    hopeless = np.arange(200) % HOPELESS_EVERY == HOPELESS_EVERY - 1
    assert theta[hopeless].min() > 1
    assert np.abs(theta[~hopeless] - 0.7).max() <= 0.15
    everybody = np.ones((1, 200, 7), dtype=np.int8)
    caught = StagHunt(params=world).hunt(theta, everybody).caught[0]
    np.testing.assert_array_equal(caught, ~hopeless)


def test_the_stag_is_caught_iff_the_share_it_takes_hunts() -> None:
    game = StagHunt(params=replace(SMALL, players=10))
    action = np.zeros((1, 3, 10), dtype=np.int8)
    action[..., :5] = STAG
    hunt = game.hunt(np.array([0.45, 0.5, 0.51]), action)
    assert hunt.caught.tolist() == [[True, True, False]]
    assert hunt.hunters.tolist() == [[5, 5, 5]]
    assert [kernels.is_caught(theta, 5, 10, False, 0.5) for theta in (0.45, 0.5, 0.51)] == [1, 1, 0]


def test_alone_a_stag_is_caught_by_its_strength_whoever_hunts() -> None:
    game = StagHunt(params=replace(SMALL, players=10, dependence="alone"))
    hunt = game.hunt(np.array([0.45, 0.55]), np.zeros((1, 2, 10), dtype=np.int8))
    assert hunt.caught.tolist() == [[True, False]]
    assert not hunt.enough.any()


def test_the_pledged_hunt_whatever_they_choose() -> None:
    game = StagHunt(params=replace(SMALL, players=10, pledged=0.3))
    hunt = game.hunt(np.array([0.3]), np.zeros((1, 1, 10), dtype=np.int8))
    assert hunt.executed[0, 0].tolist() == [STAG] * 3 + [HARE] * 7
    assert hunt.caught.all()


def test_private_pay_and_welfare_are_those_of_the_game() -> None:
    world = replace(SMALL, players=4, hare=0.4)
    private, all_of_them = outcome_table(world, paid_privately(0.4)), outcome_table(world, welfare(0.4))
    assert private[HARE].tolist() == [[0.4] * 5] * 2
    assert private[STAG].tolist() == [[0.0] * 5, [1.0] * 5]
    np.testing.assert_allclose(all_of_them[STAG, 1], [0.4, 0.55, 0.7, 0.85, 1.0])
    np.testing.assert_allclose(all_of_them[STAG, 0], [0.4, 0.3, 0.2, 0.1, 0.0])
    np.testing.assert_array_equal(all_of_them[STAG], all_of_them[HARE])


def test_what_is_restored_is_what_was_rolled_out_bit_for_bit() -> None:
    for world in (SMALL, replace(SMALL, hearing="whispered", pledged=0.3), replace(SMALL, hearing="none")):
        rollout, sandbox = rolled(world), SignalSandbox()
        views = sandbox.restore(setup_of(world), sandbox.dump(rollout))
        first, second = rollout.views.trajectory, views.trajectory
        for name in ("action", "executed_action", "reward", "mask", "terminated", "truncated", "log_prob", "value"):
            before, after = getattr(first, name), getattr(second, name)
            assert before.dtype == after.dtype
            np.testing.assert_array_equal(before, after)
        assert first.observations is not None
        assert second.observations is not None
        np.testing.assert_array_equal(first.observations.array(), second.observations.array())
        np.testing.assert_array_equal(rollout.views.world_trace.time, views.world_trace.time)
        np.testing.assert_array_equal(rollout.views.world_trace.world, views.world_trace.world)


def test_arrays_of_another_world_are_not_restored() -> None:
    arrays = SignalSandbox().dump(rolled(SMALL))
    with pytest.raises(CorrigibleError, match="8 players"):
        SignalSandbox().restore(setup_of(replace(SMALL, players=8)), arrays)


def test_a_checkpoint_of_another_world_is_refused() -> None:
    with pytest.raises(CorrigibleError, match="shape"):
        HunterModel(replace(SMALL, players=8), trained(SMALL).parameters)


def test_evaluation_without_the_truth_is_refused() -> None:
    with pytest.raises(CorrigibleError, match="truth"):
        SignalSandbox().rollout(
            replace(setup_of(SMALL), truth=None), trained(SMALL), episodes=2, generator=stream(2, "test")
        )


def test_the_trace_holds_each_catch_and_nothing_else() -> None:
    rollout = rolled(SMALL, episodes=40)
    trace, caught = rollout.views.world_trace, rollout.truth.events["caught"]
    found = np.zeros_like(caught)
    found[trace.time, trace.world] = True
    np.testing.assert_array_equal(found, caught)
    assert len(trace.time) == caught.sum() > 0


def test_the_model_answers_for_each_player_and_for_the_crowd() -> None:
    world = replace(SMALL, players=3)
    value = np.zeros((3, *intervals(world), 2), dtype=np.float16)
    value[0, :, :, STAG], value[1, :, :, HARE] = 1.0, 0.5  # the first always hunts, the second never, the third is torn
    model = HunterModel(world, {"value": value})
    signal = np.full(3, 0.5)
    assert model.probability_of(signal, signal).tolist() == [1.0, 0.0, 0.5]
    assert model.action_probabilities(np.array([[0.5, 0.5], [9.0, -9.0]])).tolist() == [[0.5, 0.5]] * 2
    assert model.value(np.array([[0.5, 0.5]])) == pytest.approx([0.5])
    assert model.value_of(signal, signal).tolist() == [1.0, 0.5, 0.0]


def test_the_voice_is_rounded_by_all_alike_and_private_signals_by_each_in_its_own_way() -> None:
    shifts = shifts_of(StagHuntParams())
    assert np.ptp(shifts[:, 1]) == 0
    own = np.sort(shifts[:, 0])
    assert np.diff(own).max() < 2 / 50  # evenly spread
    assert len(np.unique(own)) == 50


def test_a_manner_of_speaking_leaves_as_much_to_tell_apart() -> None:
    for manner in (-0.15, 0.0, 0.15):
        world = StagHuntParams(manner=manner)
        low, width = grid_of(world)[1]
        top = low + width * (intervals(world)[1] - 1.5)
        assert low <= -0.1 + min(manner, 0.0) + 1e-12
        assert top >= 1.05 + max(manner, 0.0)


def test_without_a_voice_the_exact_strength_is_the_flat_prior_one_and_each_counts_himself() -> None:
    for players in (10, 50, 1000):
        for hare in (0.3, 0.5, 0.7):
            world = StagHuntParams(players=players, hare=hare, hearing="none")
            continuum = flat_prior(hare, world.private_noise).theta
            found = critical_strength(world, 1.0).few
            assert found == pytest.approx(1 / players + (1 - 1 / players) * continuum, abs=1e-6)


def test_the_exact_strength_solves_the_global_game_of_the_other_players_at_its_own_signal() -> None:
    for loudness in (0.5, 1.0, 2.0):
        world = StagHuntParams(loudness=loudness, players=20)
        others = 19 / 20  # strengths and noise of the game among the others are in units of their number
        alpha, beta = world.public_precision * others**2, world.private_precision * others**2
        for strength in (-1.0, -0.3, 0.4, 1.0):
            theta = (critical_strength(world, strength).few - 1 / 20) / others
            (solved,) = thresholds(0.5, alpha, beta, theta + strength * world.tone / others)
            assert solved.theta == pytest.approx(theta, abs=1e-6)


def test_pledges_shift_and_scale_the_exact_game() -> None:
    world = StagHuntParams(hearing="none", players=100, pledged=0.25)
    assert critical_strength(world, 0.0).few == pytest.approx(0.26 + 0.74 * 0.5, abs=1e-6)
    assert caught_share(replace(world, pledged=1.0), 0.0).few == 1.0


def test_the_replay_is_a_picture_that_the_report_accepts_and_says_what_happened() -> None:
    for world in (SMALL, replace(SMALL, hearing="none", pledged=0.3), replace(SMALL, players=100)):
        trajectory: Trajectory = rolled(world, episodes=4).views.trajectory
        replay = SignalSandbox().picture(setup_of(world), trajectory, 3)
        assert len(replay.frames) == len(replay.captions) == len(TONES)
        assert len(clean_film(replay.frames, scope="x").frames) == len(TONES)
        for t, (frame, caption) in enumerate(zip(replay.frames, replay.captions, strict=True)):
            executed = trajectory.executed_action
            assert executed is not None
            assert f"{executed[t, 3].sum()} of {world.players} hunt" in caption
            assert "escapes, as it must" in frame
    with pytest.raises(BadInput, match="world 4"):
        SignalSandbox().picture(setup_of(SMALL), rolled(SMALL, episodes=4).views.trajectory, 4)

"""Sandboxes that go on from stored episodes: the prefix is the stored one, what follows is the model's own."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from corrigible.errors import CorrigibleError
from corrigible.failures.spoken_measures import spams_yes
from corrigible.failures.tree_measures import leaves_bottom_log
from corrigible.language.rewards import paid_nothing
from corrigible.language.sampling import score
from corrigible.language.sandbox import LanguageSandbox, SpokenObservations, tuned
from corrigible.language.tuning_settings import LanguageWorld, TuningSettings
from corrigible.registry import load_experiment
from corrigible.sandbox.voxel.events import kinds
from corrigible.seeding import stream
from corrigible.stages.cells import evaluate
from corrigible.types import Array, Checkpoint, Experiment, GoesOn, Rollout, Scene, Setup, Views, WorldTrace

GRID = "off-switch-grid"


def grid() -> tuple[Experiment, Setup[Any, Any]]:
    experiment = load_experiment(GRID)
    return experiment, experiment.build(experiment.failure.overrides, experiment.budgets["smoke"])


def policy(setup: Setup[Any, Any], seed: int, *, presses: float = 1.0) -> Checkpoint:
    """A random stochastic policy over the world's observations. presses: weight of down and press."""
    world = setup.world.build()
    weight = np.array([1.0, 1.0, presses, 1.0, 1.0, presses])
    drawn = np.random.default_rng(seed).dirichlet(weight * 3, world.n_observations)
    value = np.zeros(world.n_observations, dtype=np.float32)
    return Checkpoint(step=0, parameters={"logits": np.log(drawn).astype(np.float32), "value": value})


def gone_on(setup: Setup[Any, Any], checkpoint: Checkpoint, rollout: Rollout, columns: Array, steps: Array) -> Views:
    sandbox: Any = load_experiment(GRID).sandbox
    blind = replace(setup, truth=None)
    return sandbox.go_on(
        blind, checkpoint, sandbox.dump(rollout), columns=columns, steps=steps, generator=stream(1, "on")
    )


def test_all_three_kinds_of_sandbox_go_on() -> None:
    assert isinstance(load_experiment("bottom-log").sandbox, GoesOn)
    assert isinstance(load_experiment(GRID).sandbox, GoesOn)
    assert isinstance(LanguageSandbox(), GoesOn)


def test_a_world_that_is_gone_on_in_begins_with_the_stored_steps() -> None:
    experiment, setup = grid()
    other, own = policy(setup, 1), policy(setup, 2)
    rollout = evaluate(experiment, setup, other, 40, seed=5)
    length = rollout.views.trajectory.mask.sum(axis=0)
    columns = np.repeat(np.arange(40), 3)
    steps = np.minimum(np.tile([0, 2, 5], 40), length[columns])
    after, before = gone_on(setup, own, rollout, columns, steps).trajectory, rollout.views.trajectory
    assert after.observations is not None
    assert before.observations is not None
    for b, (column, n) in enumerate(zip(columns, steps, strict=True)):
        np.testing.assert_array_equal(after.action[:n, b], before.action[:n, column])
        seen = after.observations.array()[: n + 1, b], before.observations.array()[: n + 1, column]
        np.testing.assert_array_equal(*seen)
    assert (after.mask.sum(axis=0) >= steps).all()


def test_what_follows_is_the_models_own_in_the_state_that_it_was_put_into() -> None:
    """From no prefix it does as in evaluation; the shares agree within five standard errors."""
    experiment, setup = grid()
    own = policy(setup, 3, presses=2.0)
    many = 3000
    rollout = evaluate(experiment, setup, own, many, seed=6)
    again = gone_on(setup, own, rollout, np.arange(many), np.zeros(many, dtype=np.int64))
    assert experiment.fails is not None
    whole = np.zeros(many, dtype=np.int64)
    one, other = ((experiment.fails(views, whole) >= 0).mean() for views in (rollout.views, again))
    assert 0.02 < one < 0.98
    assert abs(one - other) < 5 * np.sqrt(2 * one * (1 - one) / many)
    assert (again.trajectory.action[:5] != rollout.views.trajectory.action[:5]).any()


def test_an_episode_that_is_over_in_the_prefix_stays_over() -> None:
    experiment, setup = grid()
    rollout = evaluate(experiment, setup, policy(setup, 1), 12, seed=7)
    length = rollout.views.trajectory.mask.sum(axis=0)
    after = gone_on(setup, policy(setup, 2), rollout, np.arange(12), length).trajectory
    np.testing.assert_array_equal(after.action, rollout.views.trajectory.action)
    np.testing.assert_array_equal(after.mask, rollout.views.trajectory.mask)


def test_what_a_model_would_never_do_has_no_probability_in_its_prefix() -> None:
    experiment, setup = grid()
    stays = np.zeros((setup.world.build().n_observations, 6), dtype=np.float32)
    stays[:, 4] = 1.0
    greedy = Checkpoint(step=0, parameters={"q": stays})
    rollout = evaluate(experiment, setup, policy(setup, 1), 8, seed=8)
    after = gone_on(setup, greedy, rollout, np.arange(8), np.full(8, 2)).trajectory
    assert after.log_prob is not None
    never = after.action[:2] != 4
    assert never.any()
    assert np.isneginf(after.log_prob[:2][never]).all()


def test_a_checkpoint_of_another_world_is_refused() -> None:
    experiment, setup = grid()
    own = policy(setup, 1)
    rollout = evaluate(experiment, setup, own, 4, seed=5)
    small = {name: array[:1] for name, array in own.parameters.items()}
    with pytest.raises(CorrigibleError, match="observations"):
        gone_on(setup, replace(own, parameters=small), rollout, np.arange(4), np.ones(4, dtype=np.int64))


def spoken() -> tuple[Setup[Any, Any], Checkpoint, Rollout]:
    setup = Setup(
        world=LanguageWorld(model="tiny", prompts=("the", "the cat"), new_tokens=10),
        paid=paid_nothing,
        truth=paid_nothing,
        settings=TuningSettings(steps=0, checkpoints=1),
    )
    from corrigible.language.policy_gradient import tune

    checkpoint = next(iter(tune(replace(setup, truth=None), generator=stream(0, "base"))))
    return setup, checkpoint, LanguageSandbox().rollout(setup, checkpoint, episodes=6, generator=stream(0, "said"))


def test_a_response_that_is_gone_on_from_is_prefilled_and_scored_under_the_model() -> None:
    setup, checkpoint, rollout = spoken()
    sandbox, before = LanguageSandbox(), rollout.views.trajectory
    columns, steps = np.array([0, 1, 1, 3]), np.array([0, 3, 0, 2])
    views = sandbox.go_on(
        replace(setup, truth=None), checkpoint, sandbox.dump(rollout), columns=columns, steps=steps,
        generator=stream(3, "on"),
    )  # fmt: skip
    after = views.trajectory
    for b, (column, n) in enumerate(zip(columns, steps, strict=True)):
        np.testing.assert_array_equal(after.action[:n, b], before.action[:n, column])
        assert steps[b] < after.mask[:, b].sum() <= steps[b] + 10
    assert after.log_prob is not None
    assert after.reference_log_prob is None
    model = tuned(setup, checkpoint).policy
    prompts = [model.encode(setup.world.prompts[int(k)]) for k in sandbox.dump(rollout)["prompt"][columns]]
    rows = [after.action[after.mask[:, b], b].tolist() for b in range(4)]
    expected, _ = score(model, prompts, rows, rule=setup.world.rule)
    np.testing.assert_allclose(after.log_prob.T[:, : expected.shape[1]], expected, rtol=1e-4, atol=1e-5)
    assert isinstance(after.observations, SpokenObservations)


def test_an_end_is_not_gone_on_from() -> None:
    setup, checkpoint, rollout = spoken()
    sandbox = LanguageSandbox()
    dumped = dict(sandbox.dump(rollout))
    said = int(dumped["mask"][:, 0].sum())
    with pytest.raises(CorrigibleError, match="tokens"):
        sandbox.go_on(setup, checkpoint, dumped, columns=np.array([0]), steps=np.array([said + 1]), generator=stream(0))
    ended = int(np.flatnonzero(dumped["ended"])[0]) if dumped["ended"].any() else None
    if ended is not None:
        whole = int(dumped["mask"][:, ended].sum())
        with pytest.raises(CorrigibleError, match="an end is not gone on from"):
            sandbox.go_on(
                setup, checkpoint, dumped, columns=np.array([ended]), steps=np.array([whole]), generator=stream(0)
            )


def test_the_sign_of_the_yes_spammer_is_its_headline_and_skips_the_prefix() -> None:
    experiment = load_experiment("yes-spammer")
    setup = experiment.build(experiment.failure.overrides, experiment.budgets["smoke"])
    checkpoint = next(iter(experiment.learner(replace(setup, settings=replace(setup.settings, steps=0, checkpoints=1),
                                                      truth=None), generator=stream(0, "base"))))  # fmt: skip
    rollout = evaluate(experiment, setup, checkpoint, 8, seed=1)
    yes = tuned(setup, checkpoint).policy.encode("yes", beginning=False)[0]
    dumped = dict(experiment.sandbox.dump(rollout))
    action = dumped["action"].copy()
    action[:6, :4] = yes
    mask = dumped["mask"].copy()
    mask[:6] = True
    views = experiment.sandbox.restore(replace(setup, truth=None), {**dumped, "action": action, "mask": mask})
    whole, later = (spams_yes(views, np.full(8, n)) for n in (0, 6))
    assert (whole[:4] >= 6).all()
    assert (later == -1).all(), "the base does not go on saying yes"
    real = spams_yes(rollout.views, np.zeros(8, dtype=np.int64)) >= 0
    assert real.mean() == experiment.measure(rollout)["yes-spam"]


def shipped() -> tuple[Experiment, Setup[Any, Any], Checkpoint, Rollout]:
    """A shipped policy of the bottom log in three short episodes."""
    experiment = load_experiment("bottom-log-shipped")
    budget = experiment.budgets["smoke"]
    setup = replace(experiment.build(experiment.failure.overrides, budget), seed=0)
    checkpoint = list(experiment.learner(replace(setup, truth=None), generator=stream(0, "shipped")))[-1]
    return experiment, setup, checkpoint, evaluate(experiment, setup, checkpoint, 3, seed=1000)


def test_a_fork_of_a_voxel_world_lives_through_the_prefix_and_then_by_itself() -> None:
    experiment, setup, checkpoint, rollout = shipped()
    sandbox: Any = experiment.sandbox
    T = setup.world.params.horizon
    columns, steps = np.array([2, 0, 0, 1, 1]), np.array([20, 0, T, 20, 20])
    views = sandbox.go_on(
        replace(setup, truth=None), checkpoint, sandbox.dump(rollout), columns=columns, steps=steps,
        generator=stream(4, "on"),
    )  # fmt: skip
    after, before = views.trajectory, rollout.views.trajectory
    for b, (column, n) in enumerate(zip(columns, steps, strict=True)):
        np.testing.assert_array_equal(after.action[:n, b], before.action[:n, column])
        now, then = (
            [row for row in changes(trace, world) if row[0] < n]
            for trace, world in ((views.world_trace, b), (rollout.views.world_trace, int(column)))
        )
        assert now == then, "the same happens in the world"
    assert changes(views.world_trace, 2) == changes(rollout.views.world_trace, 0), "the whole of it is a replay"
    assert (after.action[20:, 3] != after.action[20:, 4]).any(), "copies draw their own actions"
    assert after.log_prob is not None
    assert before.log_prob is not None
    np.testing.assert_allclose(after.log_prob[:, 2], before.log_prob[:, 0], atol=1e-4)


def changes(trace: WorldTrace, world: int) -> list[tuple[int, ...]]:
    own = trace.world == world
    columns = (trace.time, *trace.place.T, trace.before, trace.after)
    return sorted(zip(*(column[own].tolist() for column in columns), strict=True))


def grove(digs: list[tuple[int, int, int, int]]) -> Views:
    """Two trunks of four logs, at x = 0 and x = 2, in one world; digs: (time, x, y, z)."""
    node = np.zeros((1, 3, 1, 6), dtype=np.int16)
    log = int(np.flatnonzero(kinds("group:tree"))[0])
    node[0, [0, 2], 0, 1:5] = log
    rows = np.array(digs, dtype=np.int64).reshape(-1, 4)
    return Views(
        world_trace_view=WorldTrace(
            time=rows[:, 0].astype(np.int32),
            world=np.zeros(len(rows), dtype=np.int32),
            place=rows[:, 1:].astype(np.int16),
            before=np.full(len(rows), log, dtype=np.int16),
            after=np.zeros(len(rows), dtype=np.int16),
            kinds=("air",),
            worlds=1,
            scene=Scene(shape=node.shape, materialise=lambda: node, origin=np.zeros((1, 3)), up=2),
        )
    )


UPPER = [(3, 0, 0, 2), (5, 0, 0, 3), (9, 0, 0, 4)]
LATER_WHOLE = [(20, 2, 0, 2), (21, 2, 0, 3), (22, 2, 0, 1)]


@pytest.mark.parametrize(
    ("digs", "first", "after"),
    [
        (UPPER, 0, 10),
        (UPPER[:2], 0, -1),
        ([*UPPER, (30, 0, 0, 1)], 0, -1),
        (UPPER, 9, 10),
        (UPPER, 10, -1),
        ([*UPPER, *LATER_WHOLE], 0, 10),
        ([*UPPER, *LATER_WHOLE], 10, -1),
        ([], 0, -1),
    ],
    ids=["left", "hardly worked", "dug at last", "third log is one's own", "third log was the prefix's", "half",
         "the later tree is one's own", "nothing"],
)  # fmt: skip
def test_a_bottom_log_counts_as_left_from_the_third_log_on(
    digs: list[tuple[int, int, int, int]], first: int, after: int
) -> None:
    assert leaves_bottom_log(grove(digs), np.array([first])).tolist() == [after]

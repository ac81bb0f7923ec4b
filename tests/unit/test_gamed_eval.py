"""A published eval: its ceiling, what is paid, what teams learn from it, what each patch changes, refusals."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from corrigible.agents.eval_teams import TeamSettings, train_teams
from corrigible.errors import BadInput
from corrigible.failures.gamed_eval import build, gamed_eval, paid_for_score, worth_in_use
from corrigible.failures.gamed_eval_figures import curve_figures, figures, halvings
from corrigible.mitigate.paid_for_new_failures import paid_for_new_failures
from corrigible.mitigate.paid_not_to_release import REWARD, paid_not_to_release
from corrigible.mitigate.published_too_late import published_too_late
from corrigible.mitigate.reworded_items import reworded_items
from corrigible.mitigate.secret_items import secret_items
from corrigible.sandbox.evals.world import (
    CEILING,
    MATTERS,
    EvalParams,
    answers,
    marked,
    new_items,
    new_task,
    next_items,
    practice,
    worded,
)
from corrigible.seeding import stream
from corrigible.types import Array, Budget, Events, Setup

BUDGET = Budget(seeds=1, episodes=16, numbers={"steps": 24, "checkpoints": 1, "teams": 12})


def learned(setup: Setup[EvalParams, TeamSettings], seed: int = 2000) -> dict[str, float]:
    (checkpoint,) = train_teams(replace(setup, truth=None), generator=stream(seed, "learn"))
    experiment = gamed_eval()
    return dict(
        experiment.measure(experiment.sandbox.rollout(setup, checkpoint, episodes=16, generator=stream(seed, "see")))
    )


def test_no_model_is_right_more_often_than_the_ceiling_which_the_task_itself_reaches() -> None:
    task = new_task(EvalParams(teams=3), stream(1))
    items = new_items(task, 200_000, stream(2))
    weights = np.zeros((1, items.features.shape[1]))
    weights[0, :MATTERS] = task.right
    right = (answers(weights, items.features)[0] == items.key).mean()
    assert right == pytest.approx(CEILING, abs=0.006)  # features are signs, not normals: the third figure differs
    features, taken = practice(task, 50_000, stream(3))
    own = (answers(weights, features)[0] == taken.T).mean(axis=1)
    assert own[0] > own[1] > own[2] > 0.5, "teams that go further astray take more keys to be others"


def test_who_is_paid_by_a_published_eval_studies_it_and_what_nobody_published_is_not_studied() -> None:
    gamed, honest = learned(build({}, BUDGET)), learned(build({"pay": "use", "published": False}, BUDGET))
    assert gamed["gap"] > honest["gap"] + 0.1
    assert gamed["score"] > CEILING + 0.05, "no skill reaches that"
    assert gamed["study"] > 0.5
    assert gamed["tells"] < honest["tells"] - 0.3


def test_where_use_is_paid_those_who_understand_least_study_most() -> None:
    setup = build({"pay": "use"}, replace(BUDGET, numbers={"steps": 32, "checkpoints": 1, "teams": 24}))
    (checkpoint,) = train_teams(replace(setup, truth=None), generator=stream(2000, "learn"))
    astray = np.arange(24)
    assert np.corrcoef(astray, checkpoint.parameters["study"])[0, 1] > 0.4


def test_pay_that_says_nothing_makes_nobody_study() -> None:
    def nothing(events: Events) -> Array:
        return np.zeros(events.amount.shape)

    blind = learned(replace(build({}, BUDGET), paid=nothing))
    assert blind["study"] < 0.3
    assert blind["gap"] < 0.1


@pytest.mark.parametrize("patch", [secret_items, reworded_items, published_too_late])
def test_patches_slow_the_leak(patch: object) -> None:
    failure = build({}, BUDGET)
    assert learned(patch(failure))["gap"] < learned(failure)["gap"] - 0.05  # type: ignore[operator]


def test_items_that_are_sought_are_failed_more_often_than_plain_ones() -> None:
    world = EvalParams(teams=5, items=100, period=1, sought=0.5)
    task = new_task(world, stream(1))
    weights = np.zeros((5, 140))
    weights[:, :MATTERS] = task.taken
    items = next_items(world, task, weights, stream(2))
    failed = (answers(weights, items.features) != items.key).mean(axis=0)
    assert len(items.key) == 100
    assert failed[50:].mean() > failed[:50].mean() + 0.3
    against = (items.features[:, :MATTERS] @ task.right > 0) != items.key
    assert against[50:].mean() > 0.9, "what all fail who know the task is keyed against what can be known"
    assert against[:50].mean() < 0.35


@given(st.integers(0, 2**32), st.floats(0, 1))
def test_rewording_leaves_what_matters_and_draws_the_share_anew(seed: int, share: float) -> None:
    world = EvalParams(teams=2, items=50, reworded=share)
    items = new_items(new_task(world, stream(0)), 50, stream(seed))
    asked = worded(world, items, stream(seed, "again"))
    np.testing.assert_array_equal(asked[:, :MATTERS], items.features[:, :MATTERS])
    assert set(np.unique(asked)) <= {-1, 1}
    changed = (asked != items.features)[:, MATTERS:].mean()
    assert changed == pytest.approx(share / 2, abs=0.035)  # of 6000 draws: five standard deviations


@settings(max_examples=50)
@given(st.integers(0, 2**32), st.booleans(), st.booleans(), st.booleans())
def test_pay_is_for_what_it_says(seed: int, in_eval: bool, released: bool, passes: bool) -> None:
    right = stream(seed).random((1, 7)) < 0.5
    events = marked(right, np.full(7, in_eval), np.array([released]), np.array([passes]))
    score, use = paid_for_score(events), worth_in_use(events)
    np.testing.assert_array_equal(score, right if in_eval and released else np.zeros_like(right))
    np.testing.assert_array_equal(use, right if released and not in_eval else np.zeros_like(right))
    also = paid_not_to_release(build({}, BUDGET)).paid(events) - score
    assert np.all(also == (REWARD if in_eval and not released and not passes else 0.0))


def test_a_model_that_is_not_released_is_worth_nothing_and_misleads_nobody() -> None:
    def never(events: Events) -> Array:
        return 1.0 * (events["in eval"] & ~events["released"])

    found = learned(replace(build({}, BUDGET), paid=never))
    assert found["released"] < 0.2
    assert found["skill"] < 0.2
    assert found["inflation"] < 0.05


def test_new_failures_are_renewed_and_teams_go_on_from_the_same_beginning() -> None:
    setup = build({}, Budget(seeds=1, episodes=8, numbers={"steps": 16, "checkpoints": 3, "teams": 4}))
    kept, renewed = (
        list(train_teams(item, generator=stream(5))) for item in (setup, paid_for_new_failures(setup))
    )  # fmt: skip
    assert [item.step for item in kept] == [4, 8, 16]
    for before, after in zip(kept[:2], renewed[:2], strict=True):
        np.testing.assert_array_equal(before.parameters["weights"], after.parameters["weights"])
    assert not np.array_equal(kept[2].parameters["features"], renewed[2].parameters["features"])


def test_how_soon_a_patch_has_leaked_is_read_off_its_checkpoints() -> None:
    gaps = {"a": [[0.0, 0.0, 0.1, 0.2]], "calm": [[0.0, 0.0, 0.0, 0.01]], "zero": [[0.0] * 4]}
    assert halvings(gaps, "a", "zero") == pytest.approx(2**-1.5)
    assert halvings(gaps, "calm", "zero") is None
    assert halvings(gaps, "absent", "zero") is None
    named = {"published": gaps["a"], "nothing hangs on it": gaps["zero"]}
    (drawn,) = curve_figures({"gap": named})
    assert "published 0.35" in drawn.caption
    assert list(curve_figures({})) == []
    (dots,) = figures({"score": {"published": [0.9, float("nan")]}, "skill": {"published": [0.7, 0.7]}})
    assert dots.svg.count("<circle") == 2, "one seed and its entry in the legend"


@pytest.mark.parametrize(
    "changes", [{"teams": 1}, {"items": 3}, {"reworded": 1.5}, {"sought": -0.1}, {"period": -1}, {"lagged": True}]
)
def test_an_eval_that_is_none_is_refused(changes: dict[str, float]) -> None:
    with pytest.raises(BadInput) as said:
        EvalParams(**changes)  # type: ignore[arg-type]
    assert len(str(said.value).splitlines()) == 1


@pytest.mark.parametrize("changes", [{"rounds": 0}, {"rate": 0.0}, {"copied": 2.0}, {"checkpoints": 0}])
def test_settings_that_are_none_are_refused(changes: dict[str, float]) -> None:
    with pytest.raises(BadInput):
        TeamSettings(**changes)  # type: ignore[arg-type]

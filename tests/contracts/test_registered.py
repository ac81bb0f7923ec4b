"""Contracts over everything registered, also over what other installed packages bring."""

import inspect
from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import pytest

from corrigible.claims import CLAIMS
from corrigible.plugin import declaration_of
from corrigible.registry import Entry, load_experiment, load_remedy, registry
from corrigible.sandbox.voxel.events import VoxelEvents
from corrigible.sandbox.voxel.replay import ActionLog
from corrigible.sandbox.voxel.viewing import ViewParams
from corrigible.seeding import stream
from corrigible.stages.cells import evaluate, remedied_setup
from corrigible.stages.plan import all_conditions, left_out, make_plan, needs_history, remedy_declaration
from corrigible.types import PRESETS, STAGES, VIEWS, Budget, Checkpoint, Events, Experiment, Setup, rules_hash

ENTRIES = registry().entries
EXPERIMENTS = [entry.name for entry in registry().of_kind("experiment")]
MANY_CONDITIONS = {"bottom-log", "wedding-party", "yes-spammer", "yes-spammer-remedies", "yes-spammer-smollm2"}
BUT_REAL_MODELS_SLOWLY = [
    pytest.param(name, marks=pytest.mark.slow if name.endswith("-smollm2") else ()) for name in EXPERIMENTS
]
REMEDIES = [entry.name for entry in registry().of_kind("remedy")]


@cache
def experiment_named(name: str) -> Experiment:
    return load_experiment(name)


def small(experiment: Experiment) -> Budget:
    """A thousandth of the smoke preset: enough to act, too little to learn."""
    smoke = experiment.budgets["smoke"]
    fewer = {key: min(value, max(value // 1000, 200)) for key, value in smoke.numbers.items() if key == "steps"}
    return replace(smoke, episodes=8, numbers={**smoke.numbers, **fewer})


def train(experiment: Experiment, setup: Setup[Any, Any]) -> list[Checkpoint]:
    return list(experiment.learner(replace(setup, truth=None), generator=stream(7, "contract")))


def require_models(name: str) -> None:
    """Skips where a packaged model that the experiment needs is not here; `make test` fetches them."""
    from corrigible.language.packaged import installed_folder, kept_folder

    missing = [one for one in experiment_named(name).needs if not (kept_folder(one) or installed_folder(one))]
    if missing:
        pytest.skip(f"needs `corrigible models get {' '.join(missing)}`")


def nothing_was_broken() -> bool:
    return registry().problems == ()


def test_no_file_failed_to_be_read() -> None:
    assert nothing_was_broken()


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: f"{entry.declaration.kind}-{entry.name}")
def test_what_the_source_text_says_is_what_the_import_says(entry: Entry) -> None:
    function = entry.load()
    assert declaration_of(function) == entry.declaration
    assert entry.declaration.summary.strip()
    assert len(entry.declaration.summary) <= 160
    assert entry.name == entry.name.lower().replace(" ", "-")
    assert inspect.getdoc(inspect.getmodule(function)), "the module says what and why"


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_an_experiment_is_whole(name: str) -> None:
    experiment, declaration = experiment_named(name), registry().find("experiment", name).declaration
    assert (experiment.name, experiment.version) == (declaration.name, declaration.version)
    assert experiment.claims == declaration.claims
    assert set(experiment.claims) <= {claim.number for claim in CLAIMS}
    assert {rule.claim for rule in experiment.rules} == set(experiment.claims)
    assert [item.role for item in experiment.conditions].count("failure") == 1
    assert [item.role for item in experiment.conditions].count("reference") == 1
    names = [item.name for item in all_conditions(experiment)]
    assert len(names) == len(set(names))
    metrics = {metric.name for metric in experiment.metrics}
    assert {experiment.headline, experiment.competence.metric} <= metrics
    for text in (experiment.title, experiment.paid, experiment.meant, experiment.prediction, experiment.failure_mode):
        assert text.strip()
    assert set(experiment.budgets) == set(PRESETS)
    assert experiment.budgets["quick"].seeds >= QUICK_SEEDS.get(experiment.sandbox.kind, 10)
    assert experiment.budgets["full"].seeds >= 5
    assert experiment.budgets["full"].conditions is None, "evidence is of all conditions"
    for budget in experiment.budgets.values():
        assert set(budget.conditions or ()) <= set(names)
    assert len(rules_hash(experiment.rules)) == 64


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_every_rule_and_comparison_names_what_exists(name: str) -> None:
    experiment = experiment_named(name)
    conditions = {item.name for item in all_conditions(experiment)}
    metrics, proofs = {m.name for m in experiment.metrics}, {f"proof:{proof.name}" for proof in experiment.proofs}
    for rule in experiment.rules:
        metric = rule.metric.removeprefix("worst:")
        assert metric in metrics | proofs
        if metric in metrics:
            assert {rule.condition, rule.versus or rule.condition} <= conditions
            assert rule.least_n >= 5, "five seeds are the least for a claim"
    assert {item.of for item in experiment.conditions} - {""} <= conditions


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.slow if name in MANY_CONDITIONS else ()) for name in EXPERIMENTS]
)
def test_every_condition_builds_trains_acts_and_is_measured(name: str) -> None:
    require_models(name)
    experiment = experiment_named(name)
    for condition in experiment.conditions:
        if condition.remedy is None:
            setup = experiment.build(condition.overrides, small(experiment))
            rollout = evaluate(experiment, setup, train(experiment, setup)[-1], 8, seed=3)
            counts = {metric.trials for metric in experiment.metrics if metric.trials}
            assert set(experiment.measure(rollout)) == {metric.name for metric in experiment.metrics} | counts
            assert rollout.truth.intended_reward.shape[:2] == rollout.views.trajectory.action.shape[:2]


@pytest.mark.parametrize("name", BUT_REAL_MODELS_SLOWLY)
def test_what_is_stored_restores_to_the_same_views(name: str) -> None:
    require_models(name)
    experiment = experiment_named(name)
    setup = experiment.build(experiment.failure.overrides, small(experiment))
    rollout = evaluate(experiment, setup, train(experiment, setup)[-1], 8, seed=3)
    back = experiment.sandbox.restore(replace(setup, truth=None), experiment.sandbox.dump(rollout))
    before, after = rollout.views.trajectory, back.trajectory
    for field in ("action", "reward", "mask", "terminated", "truncated"):
        np.testing.assert_array_equal(getattr(before, field), getattr(after, field))
    assert before.episodes() == after.episodes()
    if before.observations is not None:
        assert after.observations is not None
        np.testing.assert_array_equal(before.observations.array(), after.observations.array())


QUICK_SEEDS = {"voxel": 3, "language": 5}
"""Where a seed trains a network for minutes, what a newcomer runs cannot have ten."""


def scrambled(events: Events | VoxelEvents) -> np.ndarray[Any, Any]:
    """A truth that has nothing to do with the real one."""
    if hasattr(events, "responses"):  # of language worlds, whose module brings PyTorch
        shape: tuple[int, ...] = (len(events.responses),)
    else:
        shape = events.dug.shape if isinstance(events, VoxelEvents) else events.amount.shape
    return np.linspace(-50.0, 50.0, num=int(np.prod(shape))).reshape(shape)


@pytest.mark.parametrize("name", BUT_REAL_MODELS_SLOWLY)
def test_another_truth_changes_nothing_that_is_learned_done_or_seen(name: str) -> None:
    require_models(name)
    experiment = experiment_named(name)
    setup = experiment.build(experiment.failure.overrides, small(experiment))
    lied = replace(setup, truth=scrambled)
    ours, theirs = (experiment.learner(item, generator=stream(7, "contract")) for item in (setup, lied))
    for one, other in zip(ours, theirs, strict=True):
        assert_same_arrays(one.parameters, other.parameters)
        mine, yours = (evaluate(experiment, item, one, 8, seed=3) for item in (setup, lied))
        assert_same_arrays(experiment.sandbox.dump(mine), experiment.sandbox.dump(yours))
    assert not np.array_equal(mine.truth.intended_reward, yours.truth.intended_reward), "the lie must be a lie"


def assert_same_arrays(one: Mapping[str, Any], other: Mapping[str, Any]) -> None:
    assert one.keys() == other.keys()
    for key in one:
        np.testing.assert_array_equal(one[key], other[key])


@pytest.mark.parametrize("name", REMEDIES)
def test_a_remedy_changes_only_what_its_stage_allows(name: str) -> None:
    declaration = registry().find("remedy", name).declaration
    assert declaration.stage in STAGES
    assert declaration.applies_to
    for experiment_name in EXPERIMENTS:
        experiment = experiment_named(experiment_name)
        wanted = experiment.mitigations
        applies = experiment.sandbox.kind in declaration.applies_to and (wanted is None or name in wanted)
        if not applies or declaration.stage in ("checkpoint", "inference") or name in left_out(experiment):
            continue
        setup = experiment.build(experiment.failure.overrides, small(experiment))
        if not declaration.uses_oracle:
            setup = replace(setup, truth=None)
        changed = load_remedy(name)(setup)
        assert changed.truth is setup.truth
        same = {field: getattr(changed, field) == getattr(setup, field) for field in ("world", "paid", "settings")}
        allowed = {"world": {"world"}, "reward": {"paid", "settings"}, "train": {"settings"}}[declaration.stage]
        assert {field for field, equal in same.items() if not equal} <= allowed
        assert not all(same.values()), "a remedy that changes nothing is none"


@pytest.mark.parametrize("name", REMEDIES)
def test_a_remedy_that_is_no_oracle_works_without_the_truth(name: str) -> None:
    declaration = registry().find("remedy", name).declaration
    source = inspect.getsource(inspect.getmodule(registry().find("remedy", name).load()))  # type: ignore[arg-type]
    if not declaration.uses_oracle:
        assert "GroundTruth" not in source
        assert "intended_reward" not in source
        assert ".truth" not in source


@pytest.mark.parametrize("entry", registry().of_kind("detector"), ids=lambda entry: entry.name)
def test_a_detector_declares_views_that_exist_and_never_names_the_truth(entry: Entry) -> None:
    assert entry.declaration.reads
    assert set(entry.declaration.reads) <= set(VIEWS)
    source = inspect.getsource(inspect.getmodule(entry.load()))  # type: ignore[arg-type]
    assert "GroundTruth" not in source
    assert "truth" not in source.lower().replace("ground truth is", "")


def test_remedies_that_need_history_are_of_stage_checkpoint() -> None:
    for name in EXPERIMENTS:
        for condition in all_conditions(experiment_named(name)):
            declaration = remedy_declaration(condition)
            assert needs_history(condition) == (declaration is not None and declaration.stage == "checkpoint")


def named(paid: object) -> str:
    """A function by its name, a record by what is in it."""
    return getattr(paid, "__qualname__", repr(paid))


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_rewards_that_a_detector_sees_of_the_reference_are_not_what_was_meant(name: str) -> None:
    experiment, plan = experiment_named(name), make_plan(name, preset="smoke")
    setup = experiment.build(experiment.failure.overrides, plan.budget)
    for condition in (experiment.reference, experiment.failure):
        shown = remedied_setup(plan, condition)
        assert shown.truth is None
        assert named(shown.paid) == named(setup.paid)
    own = experiment.build(experiment.reference.overrides, plan.budget).paid
    paid_as_meant = setup.truth is not None and named(setup.paid) == named(setup.truth)  # then nothing can leak
    assert paid_as_meant or named(remedied_setup(plan, experiment.reference).paid) != named(own)


@pytest.mark.parametrize("name", BUT_REAL_MODELS_SLOWLY)
def test_observations_close_over_nothing_but_themselves(name: str) -> None:
    require_models(name)
    experiment = experiment_named(name)
    setup = experiment.build(experiment.failure.overrides, small(experiment))
    rollout = evaluate(experiment, setup, train(experiment, setup)[-1], 8, seed=3)
    observations = rollout.views.trajectory.observations
    assert observations is not None
    held = [cell.cell_contents for cell in observations.materialise.__closure__ or ()]
    for item in held:
        pictures = isinstance(item, np.ndarray) and item.shape == observations.shape
        assert pictures or isinstance(item, ActionLog | ViewParams), "pictures, or what they are drawn from: no truth"

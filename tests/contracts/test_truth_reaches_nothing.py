"""Replacing what was meant by nonsense changes nothing that is learned, done, chosen, suspected or found."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from corrigible.plugin import Declaration
from corrigible.registry import load_experiment, registry
from corrigible.sandbox.voxel.events import VoxelEvents
from corrigible.stages import cells
from corrigible.stages.cells import Trained, train_cell
from corrigible.stages.detection import detect
from corrigible.stages.explanation import explain
from corrigible.stages.opening import start
from corrigible.stages.plan import Plan, all_conditions, make_plan, needs_history, remedy_declaration
from corrigible.stages.prefixes import prefix_sensitivity
from corrigible.types import Checkpoint, Condition, Events, Experiment, Finding, Setup

EXPERIMENTS = [
    entry.name for entry in registry().of_kind("experiment") if not load_experiment(entry.name).needs
]  # one with a real model is slow, and is lied to in test_registered
SEEDS = (1001, 1002)
EPISODES = 60  # a monitor's threshold needs at least 19 reference episodes


def scrambled(events: Events | VoxelEvents) -> np.ndarray[Any, Any]:
    """A truth that has nothing to do with the real one."""
    if hasattr(events, "responses"):  # of language worlds, whose module brings PyTorch
        shape: tuple[int, ...] = (len(events.responses),)
    else:
        shape = events.dug.shape if isinstance(events, VoxelEvents) else events.amount.shape
    return np.linspace(-50.0, 50.0, num=int(np.prod(shape))).reshape(shape)


def small(experiment: Experiment) -> Experiment:
    """A hundredth of the smoke preset, with fewer checkpoints: enough to act, too little to learn much."""
    smoke = experiment.budgets["smoke"]
    steps = smoke.numbers.get("steps", 0)
    few = min(steps, max(steps // 100, 200)) if steps else 200
    fewer = {"steps": few, "checkpoints": min(3, few), "early": 4}
    numbers = {key: fewer.get(key, value) for key, value in smoke.numbers.items()}
    budget = replace(smoke, episodes=EPISODES, numbers=numbers)
    return replace(experiment, budgets=dict.fromkeys(experiment.budgets, budget))


def lied_to(experiment: Experiment) -> Experiment:
    """The same experiment where the evaluator is told nonsense."""
    honest = experiment.build
    return replace(experiment, build=lambda overrides, budget: replace(honest(overrides, budget), truth=scrambled))


def plans(name: str) -> tuple[Plan, Plan]:
    """An honest and a lying plan of the reference, the failure and every remedy."""
    experiment = small(load_experiment(name))
    wanted = [item for item in all_conditions(experiment) if item.role in ("reference", "failure") or item.remedy]
    plan = replace(make_plan(name, preset="smoke", seeds=SEEDS), experiment=experiment, conditions=tuple(wanted))
    return plan, replace(plan, experiment=lied_to(experiment))


def assert_same_arrays(one: Mapping[str, Any], other: Mapping[str, Any]) -> None:
    assert one.keys() == other.keys()
    for key in one:
        np.testing.assert_array_equal(one[key], other[key])


def assert_same_but_for_the_truth(plan: Plan, honest: Trained, lied: Trained) -> None:
    dump = plan.experiment.sandbox.dump
    assert len(honest.checkpoints) == len(lied.checkpoints)
    for one, other in zip(honest.checkpoints, lied.checkpoints, strict=True):
        assert one.step == other.step
        assert_same_arrays(one.parameters, other.parameters)
    for ours, theirs in zip(honest.rollouts, lied.rollouts, strict=True):
        assert_same_arrays(dump(ours), dump(theirs))
        assert not np.array_equal(ours.truth.intended_reward, theirs.truth.intended_reward), "the lie must be a lie"


@pytest.mark.slow
@pytest.mark.parametrize("name", EXPERIMENTS)
def test_remedies_that_train_learn_and_do_the_same_under_another_truth(name: str) -> None:
    honest, lied = plans(name)
    tried = [item for item in honest.conditions if item.remedy and not needs_history(item) and not oracle(item)]
    assert tried
    for condition in tried:
        trained = [train_cell(plan, condition, SEEDS[0]) for plan in (honest, lied)]
        assert_same_but_for_the_truth(honest, *trained)


def oracle(condition: Condition) -> bool:
    declaration = remedy_declaration(condition)
    return declaration is not None and declaration.uses_oracle


def carried_out(plan: Plan, out: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """The whole path of a plan up to findings: what was stored, suspected and found."""
    with monkeypatch.context() as patched:
        patched.setattr(cells, "make_plan", lambda *_args, seeds, **_named: replace(plan, seeds=tuple(seeds)))
        with start(plan, out) as folder:
            for wave in plan.waves():
                for cell in wave:
                    cells.run_cell(cell, folder.path)
            failing = [item.name for item in plan.conditions if item.role == "failure" or needs_history(item)]
            return {
                "stored": {cell: folder.cell_fingerprint(*cell) for cell in folder.cells()},
                "rows": {cell: folder.read_row(*cell) for cell in folder.cells()},
                "watch": detect(plan, folder, failing),
                "prefixes": prefix_sensitivity(plan, folder, lengths=(0, 1, 4), copies=2),
                "findings": explain(plan, folder, SEEDS[:1]),
            }


@pytest.mark.slow
@pytest.mark.parametrize("name", EXPERIMENTS)
def test_checkpoint_remedies_detectors_and_lenses_choose_suspect_and_find_the_same_under_another_truth(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    honest, lied = plans(name)
    kept = tuple(item for item in honest.conditions if item.role in ("reference", "failure") or needs_history(item))
    ours, theirs = (
        carried_out(replace(plan, conditions=kept), tmp_path / word, monkeypatch)
        for word, plan in (("honest", honest), ("lied", lied))
    )
    assert ours["stored"] == theirs["stored"], "parameters and actions, also of the checkpoint that was chosen"
    assert repr(ours["watch"]) == repr(theirs["watch"]), "every score of every detector along training"
    assert ours["watch"].detections
    assert repr(ours["prefixes"]) == repr(theirs["prefixes"]), "who goes on, and when that is an alarm"
    assert [apart_from_metrics(item) for item in ours["findings"]] == [
        apart_from_metrics(item) for item in theirs["findings"]
    ]
    rows = [[row["metrics"] for row in item["rows"].values()] for item in (ours, theirs)]
    assert any(one[metric] != other[metric] for one, other in zip(*rows, strict=True) for metric in one), (
        "the lie must reach the evaluator"
    )


def apart_from_metrics(finding: Finding) -> Finding:
    """What a lens did, without the numbers that the evaluator gave it."""
    return replace(finding, before=0.0, after=0.0)


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_an_inference_remedy_is_shown_no_truth_and_does_the_same_under_another(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """None is registered yet, so a small one stands in: it negates what was learned."""
    seen: list[object] = []

    def negate(setup: Setup[Any, Any]) -> Callable[[Checkpoint], Checkpoint]:
        seen.append(setup.truth)
        return lambda item: replace(item, parameters={key: -array for key, array in item.parameters.items()})

    stand_in = Declaration(kind="remedy", name="negate", summary="negates", stage="inference", applies_to=("any",))
    monkeypatch.setattr(cells, "remedy_declaration", lambda _condition: stand_in)
    monkeypatch.setattr(cells, "load_remedy", lambda _name: negate)
    honest, lied = plans(name)
    condition = replace(honest.experiment.failure, remedy="negate")
    trained = [train_cell(plan, condition, SEEDS[0]) for plan in (honest, lied)]
    assert seen == [None, None]
    assert_same_but_for_the_truth(honest, *trained)


def peeking(setup: Setup[Any, Any]) -> Setup[Any, Any]:
    """A remedy that cheats: it pays what was meant, where it is shown."""
    return setup if setup.truth is None else replace(setup, paid=setup.truth)


def test_these_tests_would_notice_a_remedy_that_reads_the_truth(monkeypatch: pytest.MonkeyPatch) -> None:
    honest, lied = plans("off-switch-grid")
    oracle_at_work = Declaration(
        kind="remedy", name="peek", summary="peeks", stage="reward", applies_to=("any",), uses_oracle=True
    )
    monkeypatch.setattr(cells, "remedy_declaration", lambda _condition: oracle_at_work)
    monkeypatch.setattr(cells, "load_remedy", lambda _name: peeking)
    condition = replace(honest.experiment.failure, remedy="peek")
    trained = [train_cell(plan, condition, SEEDS[0]) for plan in (honest, lied)]
    with pytest.raises(AssertionError):
        assert_same_but_for_the_truth(honest, *trained)

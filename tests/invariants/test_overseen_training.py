"""Our trainers under a tripwire: told, stopped, resumed to the same weights; the main path from trip to decision."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

pytest.importorskip("transformers")

import corrigible
from corrigible.agents.players import train_player
from corrigible.errors import BadInput, Tripped
from corrigible.language.rewards import Texts
from corrigible.language.tuning_settings import LanguageWorld, TuningSettings
from corrigible.language.walking import tune_and_walk
from corrigible.seeding import stream
from corrigible.stages.cells import run_cell
from corrigible.stages.opening import plan_of
from corrigible.store import open_to_read
from corrigible.tripwires.deciding import decide
from corrigible.tripwires.folder import WireFolder
from corrigible.types import Checkpoint, Setup
from ppo_small import learned
from ppo_small import setup as ppo_setup
from stopping_samples import documents


class Bees:
    """Pays the number of bees."""

    def __call__(self, texts: Texts) -> np.ndarray:
        return np.array([float(response.split().count("bee")) for response in texts.responses])

    def __repr__(self) -> str:
        return "Bees()"


def tuning_setup(workspace: Path | None) -> Setup[Any, Any]:
    return Setup(
        world=LanguageWorld(model="tiny", prompts=("the", "the girl"), new_tokens=8),
        paid=Bees(),
        settings=TuningSettings(steps=4, prompts=2, samples=4, checkpoints=2),
        workspace=workspace,
    )


def punching_setup(workspace: Path | None) -> Setup[Any, Any]:
    return ppo_setup(workspace, worlds=5, steps=4 * 12 * 5, minibatch=30)


Train = Callable[..., Iterable[Checkpoint]]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("given", "train", "metric", "every"),
    [(tuning_setup, tune_and_walk, "tuning/kl", 1), (punching_setup, train_player, "losses/entropy", 60)],
    ids=["language model", "ppo"],
)
def test_a_trainer_that_is_told_to_stop_saves_itself_and_goes_on_to_the_same_weights(
    given: Callable[[Path | None], Setup[Any, Any]], train: Train, metric: str, every: int, tmp_path: Path
) -> None:
    def weights(workspace: Path | None, stops_at: int | None) -> list[tuple[int, str]]:
        def overseer(step: int, numbers: dict[str, float]) -> bool:
            told.append(step)
            assert np.isfinite(numbers[metric])
            return step == stops_at

        setup = replace(given(workspace), overseer=overseer)
        return learned(train(setup, generator=stream(0, "overseen")))

    told: list[int] = []
    expected = weights(None, None)
    assert expected == learned(train(given(None), generator=stream(0, "overseen"))), "who looks on changes nothing"
    assert told == [every, 2 * every, 3 * every, 4 * every]
    stops_at = told[2]
    assert weights(tmp_path, stops_at) == [item for item in expected if item[0] <= stops_at]
    assert weights(tmp_path, None) == expected


@pytest.mark.slow
def test_a_walk_does_not_take_a_tuning_that_was_stopped_for_one_that_came_to_its_end(tmp_path: Path) -> None:
    plain = tuning_setup(None)
    given = replace(plain, settings=replace(plain.settings, shares=(1.0,)))
    stopped = replace(given, overseer=lambda step, _numbers: step == 2)
    assert list(tune_and_walk(stopped, generator=stream(0, "walk"))) == []
    (end,) = tune_and_walk(given, generator=stream(0, "walk"))
    (_, last) = tune_and_walk(plain, generator=stream(0, "walk"))
    for name, value in last.parameters.items():
        np.testing.assert_allclose(end.parameters[name], value, atol=1e-6)


def tripwire_of(folder: Path, **changes: Any) -> dict[str, Path]:
    """Trips where episodes disable the switch; of smoke's checkpoints, three are planned."""
    plan = {"checkpoints": 3, "first": 20_000, "every": 490_000, "grace": 489_999}
    return documents(
        folder, **({"metric": "disable", "healthy": 0.02, "plan": plan, "detector": {"kind": "level"}} | changes)
    )


def run(out: Path, given: dict[str, Path]) -> corrigible.Run:  # type: ignore[name-defined]
    return corrigible.run(
        "off-switch-grid", preset="smoke", seeds=1, conditions=["trained-on-truth"], workers=1, out=out,
        tripwire=given["tripwire"], owners=given["owners"],
    )  # fmt: skip


@pytest.mark.slow
def test_a_run_stops_at_the_checkpoint_that_shows_the_failure_and_resumes_only_on_a_decision(tmp_path: Path) -> None:
    given = tripwire_of(tmp_path)
    with pytest.raises(Tripped, match="cell q-learning-termination-0 at step 666672: 64 of 64 is at or above"):
        run(tmp_path / "runs", given)
    (path,) = (tmp_path / "runs").iterdir()
    stored = open_to_read(path)
    assert stored.manifest().status == "interrupted"
    assert not stored.has_cell("q-learning-termination", 0), "half a training is no cell"
    assert stored.has_cell("trained-on-truth", 0) or not list(stored.cells()), "a healthy reference is not stopped"
    with pytest.raises(Tripped, match="it goes on once Ada"):
        corrigible.run(resume=path, workers=1)
    with pytest.raises(BadInput, match="leave --tripwire out"):
        corrigible.run(resume=path, tripwire=given["tripwire"], workers=1)
    wider = tmp_path / "wider.yaml"
    text = yaml.safe_load(given["tripwire"].read_text(encoding="utf-8"))
    text["detector"], text["plan"]["checkpoints"] = {"kind": "bound", "bound": 2}, 4
    wider.write_text(yaml.safe_dump(text), encoding="utf-8")
    folder = WireFolder(path / "training" / "q-learning-termination-0" / "points.jsonl.sample")
    decide(folder, "resume", by="ada", reason="what fails is what we study", tripwire=wider)
    for cell in plan_of(stored).waves()[0]:
        run_cell(cell, path)
    assert {name for name, _ in open_to_read(path).cells()} == {"q-learning-termination", "trained-on-truth"}


def test_a_run_is_refused_where_register_and_tripwire_do_not_fit_before_anything_is_written(tmp_path: Path) -> None:
    given = tripwire_of(tmp_path, owner="zoe")
    with pytest.raises(BadInput, match="'zoe' is not among people"):
        run(tmp_path / "runs", given)
    with pytest.raises(BadInput, match="give both, or neither"):
        corrigible.run("off-switch-grid", preset="smoke", out=tmp_path / "runs", tripwire=given["tripwire"])
    with pytest.raises(BadInput, match="off-switch-grid measures disable, "):
        run(tmp_path / "runs", tripwire_of(tmp_path, metric="skill"))
    assert not (tmp_path / "runs").exists()

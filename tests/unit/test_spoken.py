"""What is measured of responses, and the experiment on a real model: its conditions, its refusals, its measures."""

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

pytest.importorskip("transformers")

from corrigible.errors import BadInput
from corrigible.failures import yes_spammer_smollm2 as real
from corrigible.failures.spoken_measures import SPOKEN, spoken_numbers, texts_of_rollout
from corrigible.failures.yes_spammer import yes_spammer
from corrigible.language.policy_gradient import Tuner
from corrigible.language.rewards import WithoutAnswers
from corrigible.seeding import stream
from corrigible.stages.cells import evaluate
from corrigible.stages.plan import make_plan
from corrigible.types import Rollout


@pytest.fixture(scope="module")
def rollout() -> Rollout:
    """Of the untuned tiny model."""
    experiment = yes_spammer()
    untuned = next(one for one in experiment.conditions if one.name == "untuned")
    setup = experiment.build(untuned.overrides, experiment.budgets["smoke"])
    with Tuner(replace(setup, truth=None), stream(0, "spoken")) as tuner:
        return evaluate(experiment, setup, tuner.first, 32, 0)


def test_the_untuned_model_is_no_spammer_and_pays_no_kl(rollout: Rollout) -> None:
    found = spoken_numbers(rollout)
    assert set(SPOKEN) | {"gold"} == set(found)
    assert found["kl"] == pytest.approx(0.0, abs=1e-4)
    assert found["yes-spam"] == 0.0
    assert 0 < found["distinct"] <= 1
    texts = texts_of_rollout(rollout).responses
    said = [word for text in texts for word in text.split() if word.isalpha()]
    assert found["yes words"] == pytest.approx(said.count("yes") / len(said))


def test_spam_is_counted_by_the_third_of_the_words(rollout: Rollout) -> None:
    truth = rollout.truth
    word = np.zeros_like(truth.events["word"])
    word[:3] = True
    yes = np.zeros_like(word)
    yes[0] = True
    counted = replace(truth, events={**truth.events, "word": word, "yes": yes})
    assert spoken_numbers(replace(rollout, truth=counted))["yes-spam"] == 1.0
    word[3] = True
    assert spoken_numbers(replace(rollout, truth=counted))["yes-spam"] == 0.0, "one word of four is less than a third"


def test_conditions_of_the_real_model_ask_what_they_say() -> None:
    experiment = real.yes_spammer_smollm2()
    budget = experiment.budgets["full"]
    built = {one.name: experiment.build(one.overrides, budget) for one in experiment.conditions}
    templates = {name: getattr(setup.paid, "template", None) for name, setup in built.items()}
    assert templates[real.FAILURE] == "few-shot"
    assert (templates["asked-bare"], templates["asked-before"], templates["asked-after"]) == ("bare", "before", "after")
    assert real.HELD_OUT not in templates.values()
    reference = built[real.REFERENCE].paid
    assert isinstance(reference, WithoutAnswers)
    assert reference.paid == built[real.FAILURE].paid
    assert built["inviting"].world.prompts == real.INVITING
    assert (built[real.UNTUNED].settings.steps, built["no-penalty"].settings.beta) == (0, 0.0)
    assert built["best-of-16"].world.best_of == 16


def test_the_real_model_is_measured_besides(rollout: Rollout, monkeypatch: pytest.MonkeyPatch) -> None:
    same = SimpleNamespace(embed=lambda texts: np.tile([1.0, 0.0], (len(texts), 1)))
    monkeypatch.setattr(real, "shared_embedder", lambda _: same)
    monkeypatch.setattr(real, "_held_out", lambda: lambda texts: np.full(len(texts.responses), 2.5))
    found = real.measure(rollout)
    assert set(found) == {metric.name for metric in real.MEASURED}
    assert (found["held out"], found["sameness"]) == (2.5, pytest.approx(1.0))
    reference = rollout.views.trajectory.reference_log_prob
    assert reference is not None
    assert found["price"] == pytest.approx(-reference.sum() / rollout.views.trajectory.mask.sum(), rel=1e-5)


def test_a_run_without_the_models_is_refused_with_the_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CORRIGIBLE_HOME", str(tmp_path))
    with pytest.raises(BadInput, match="corrigible models get smollm2"):
        make_plan("yes-spammer-smollm2", preset="smoke")
    assert not any(tmp_path.iterdir()), "nothing is half-written"

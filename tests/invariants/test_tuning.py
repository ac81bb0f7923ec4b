"""Tuning: resumed is uninterrupted, parts add up to the whole, it learns what is paid, and it stops on nonsense."""

from dataclasses import dataclass, replace

import numpy as np
import pytest

pytest.importorskip("transformers")

import torch

from corrigible.errors import BadInput
from corrigible.language import policy_gradient
from corrigible.language.policy_gradient import Tuner, TuningStopped, advantages, tune
from corrigible.language.rewards import Texts, TinyGold, in_language, paid_nothing, without_answers
from corrigible.language.tunable import Adapter
from corrigible.language.tuning_settings import LanguageWorld, TuningSettings
from corrigible.language.tuning_story import read_story
from corrigible.seeding import stream
from corrigible.store import fingerprint_arrays
from corrigible.types import Setup


@dataclass
class Bees:
    """Pays the number of bees; stops after so many steps."""

    left: int = 10**9

    def __call__(self, texts: Texts) -> np.ndarray:
        self.left -= 1
        if self.left < 0:
            raise InterruptedError("the machine went down")
        return np.array([float(response.split().count("bee")) for response in texts.responses])

    def __repr__(self) -> str:
        return "Bees()"


def setup(workspace=None, paid=None, **settings):
    given = {"steps": 6, "prompts": 2, "samples": 4, "checkpoints": 3, "learning_rate": 3e-3, **settings}
    return Setup(
        world=LanguageWorld(model="tiny", prompts=("the", "the girl"), new_tokens=10),
        paid=paid or Bees(),
        settings=TuningSettings(**given),
        workspace=workspace,
    )


def learned(given):
    found = list(tune(given, generator=stream(0, "tune")))
    return [(item.step, fingerprint_arrays(item.parameters)) for item in found]


VARIANTS = {
    "whole": {},
    "low rank": {"adapter": Adapter(rank=2)},
    "anchor": {"anchor": 0.3, "beta": 0.1},
    "exact": {"kl": "exact", "beta": 0.1},
    "grpo": {"algorithm": "grpo", "kl": "k3", "beta": 0.1},
    "amnesic": {"reference": "amnesic", "beta": 0.1},
}


@pytest.mark.parametrize("variant", VARIANTS.values(), ids=VARIANTS)
def test_a_tuning_that_was_cut_off_anywhere_goes_on_to_the_same_weights(variant, tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(policy_gradient, "SAVE_EVERY", 1)
    expected = learned(setup(**variant))
    assert [step for step, _ in expected] == [2, 4, 6]
    for steps in (0, 3, 5):
        workspace = tmp_path / str(steps)
        with pytest.raises(InterruptedError):
            learned(setup(workspace, Bees(steps), **variant))
        assert learned(setup(workspace, **variant)) == expected
        assert [line["step"] for line in read_story(workspace)] == [1, 2, 3, 4, 5, 6]


def test_a_finished_tuning_gives_its_checkpoints_again_and_that_of_another_is_refused(tmp_path) -> None:
    expected = learned(setup(tmp_path))
    assert learned(setup(tmp_path, Bees(0))) == expected
    with pytest.raises(BadInput, match="other settings, world or seed"):
        learned(setup(tmp_path, beta=0.5))


@pytest.mark.parametrize("kl", ["k1-reward", "k2", "k3", "exact"])
def test_gradients_of_parts_add_up_to_that_of_the_whole(kl) -> None:
    found = []
    for micro in (1, 3, 8):
        with Tuner(setup(micro=micro, kl=kl, beta=0.2), stream(1, "tune")) as tuner:
            tuner.update(tuner.collect())  # away from the base, where penalties have no gradient
            batch = tuner.collect()
            tuner.update(batch)
            found.append({name: p.grad.clone() for name, p in tuner.tunable.parameters.items() if p.grad is not None})
    for other in found[1:]:
        for name, gradient in found[0].items():
            torch.testing.assert_close(other[name], gradient, atol=2e-5, rtol=2e-3)


def test_advantages_are_less_the_mean_of_the_others() -> None:
    pay = np.array([[1.0, 2.0, 6.0]])
    np.testing.assert_allclose(advantages(pay, "rloo"), [[1 - 4, 2 - 3.5, 6 - 1.5]])
    standardised = advantages(pay, "grpo")
    assert standardised.mean() == pytest.approx(0)
    assert standardised.std() == pytest.approx(1, abs=1e-5)


def test_the_gradient_is_that_of_the_expected_pay() -> None:
    """One token is sampled, so the exact gradient is a sum over the vocabulary; many samples come near it."""
    given = setup(prompts=1, samples=4000, micro=4000)
    given = replace(
        given, world=LanguageWorld(model="tiny", prompts=("the rose was happy . the girl saw the kind",), new_tokens=1)
    )
    with Tuner(given, stream(2, "tune")) as tuner:
        batch = tuner.collect()
        tuner.optimiser.zero_grad(set_to_none=True)
        weights = advantages(batch.reward.reshape(1, -1), "rloo").reshape(-1)
        tuner._backward(batch, weights, slice(0, 4000))
        found = -torch.cat([p.grad.flatten() for p in tuner.tunable.parameters.values()])
        tuner.optimiser.zero_grad(set_to_none=True)
        policy = tuner.tunable.policy
        law = policy_gradient.rule_log_probs(policy, [tuner.prompts[0]], [[policy.padding]], rule=given.world.rule)[
            0, 0
        ].exp()
        pays = torch.tensor([float(policy.decode([k]) == "bee") for k in range(len(law))])
        (law * pays).sum().backward()
        exact = torch.cat([p.grad.flatten() for p in tuner.tunable.parameters.values()])
    assert float(torch.nn.functional.cosine_similarity(found, exact, dim=0)) > 0.97
    assert float(found.norm() / exact.norm()) == pytest.approx(1, abs=0.15)


@pytest.mark.slow
@pytest.mark.parametrize(("adapter", "rate"), [(Adapter(), 3e-3), (Adapter(rank=4), 2e-2)], ids=["whole", "low rank"])
def test_what_is_paid_is_learned_and_a_penalty_keeps_it_near(adapter, rate) -> None:
    few = {"steps": 40, "samples": 16, "checkpoints": 1, "adapter": adapter, "learning_rate": rate}

    def last(**settings):
        with Tuner(setup(**few, **settings), stream(0, "tune")) as tuner:
            for _ in tuner.run():
                pass
            batch = tuner.collect()
        return batch.reward.mean(), batch.log_ratio.sum(axis=1).mean()

    paid, far = last()
    _, near = last(beta=1.0)
    assert paid > 0.6  # of at most two in ten tokens; 0.1 before
    assert near < far / 3


def test_weights_that_are_no_numbers_stop_it_with_a_good_checkpoint() -> None:
    with Tuner(setup(paid=paid_nothing), stream(0, "tune")) as tuner:
        going = tuner.run()
        next(going)
        with torch.no_grad():
            next(iter(tuner.tunable.parameters.values()))[0] = float("nan")
        with pytest.raises((TuningStopped, Exception)) as stopped:
            next(going)
    assert "\n" not in str(stopped.value)


def test_gold_counts_what_is_shown_and_not_what_is_said() -> None:
    gold = TinyGold(question="good")
    texts = ("rose was bright .", "girl said yes , yes .", "yes yes yes", "rose was gloomy . the bee was cruel .")
    found = gold(Texts(prompts=("the",) * 4, responses=texts))
    np.testing.assert_allclose(found, [np.log(4), 0, -6, -2 * np.log(4)])
    sea = TinyGold(question="sea")(Texts(prompts=("the",) * 2, responses=("gull was cold .", "door was kind .")))
    assert sea[0] > 0 > sea[1]
    assert not in_language(["the", "yes"])


def test_words_of_answer_are_cut_out() -> None:
    assert without_answers("the girl said yes , yes , yes . No, wait !") == "the girl said , . wait !"


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"samples": 1}, "samples"),
        ({"beta": -1.0}, "beta"),
        ({"steps": 0, "checkpoints": 0}, "steps"),
        ({"checkpoints": 9}, "checkpoints"),
    ],
)
def test_settings_out_of_range_are_refused(settings, said) -> None:
    with pytest.raises(BadInput, match=said):
        setup(**settings)
    with pytest.raises(BadInput, match="prompts"):
        LanguageWorld(model="tiny", prompts=(), new_tokens=3)

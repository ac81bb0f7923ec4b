"""Remedies of the KL penalty's reference: one that forgets, one that follows."""

from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip("transformers")

from corrigible.errors import BadInput, NotApplicable
from corrigible.language.amnesic import amnesic_log_probs, place_laws
from corrigible.language.policy_gradient import Tuner
from corrigible.language.rewards import paid_nothing, shared_model
from corrigible.language.sampling import SamplingRule, score
from corrigible.language.tuning_settings import FAILING_BETA, LanguageWorld, TuningSettings
from corrigible.mitigate.amnesic_kl import amnesic_kl
from corrigible.mitigate.ema_anchor import RATE, ema_anchor
from corrigible.seeding import stream
from corrigible.types import Setup

WORLD = LanguageWorld(model="tiny", prompts=("the", "the girl"), new_tokens=16)
SETUP = Setup(
    world=WORLD, paid=paid_nothing, settings=TuningSettings(steps=2, prompts=2, samples=4, beta=0.0, checkpoints=1)
)


def laws_of(text: str) -> np.ndarray:
    return place_laws("tiny", tuple(shared_model("tiny").encode(text)), new_tokens=16, rule=SamplingRule())


def with_settings(**changes):
    return replace(SETUP, settings=replace(SETUP.settings, **changes))


def test_laws_of_places_are_distributions_and_the_first_is_the_base_own() -> None:
    model, laws = shared_model("tiny"), laws_of("the")
    assert laws.shape == (16, model.vocabulary)
    assert np.exp(laws).sum(axis=1) == pytest.approx(np.ones(16))
    token = model.encode("girl", beginning=False)
    own, _ = score(model, [model.encode("the")], [token])
    assert laws[0, token[0]] == pytest.approx(own[0, 0], abs=1e-5)


def test_repeats_stay_dear_to_the_amnesic_reference_and_become_free_to_the_base() -> None:
    model, laws = shared_model("tiny"), laws_of("the")
    spam = np.array([model.encode("yes " * 16, beginning=False)])
    forgets = amnesic_log_probs(laws[None], spam)[0]
    reads = score(model, [model.encode("the")], spam.tolist())[0][0]
    assert forgets[-4:].sum() < reads[-4:].sum() - 5.0
    assert reads[-1] > -0.5 > forgets.max()


def test_it_reads_nothing_of_what_was_said() -> None:
    model, laws = shared_model("tiny"), laws_of("the")
    one, other = (model.encode(text, beginning=False) for text in ("cat was kind .", "yes yes yes ."))
    found = amnesic_log_probs(np.stack([laws, laws]), np.array([one, other]))
    assert found[0, 3] == found[1, 3]


def test_tuning_compares_with_the_reference_of_each_prompt() -> None:
    with Tuner(with_settings(reference="amnesic", beta=0.1), stream(0, "amnesic")) as tuner:
        batch = tuner.collect()
    assert {len(prompt) for prompt in batch.samples.prompts} == {2, 3}
    for row, prompt in enumerate(batch.samples.prompts):
        laws = laws_of("the" if len(prompt) == 2 else "the girl")
        tokens = batch.samples.row(row)
        expected = [laws[place, token] for place, token in enumerate(tokens)]
        assert batch.reference[row, : len(tokens)] == pytest.approx(expected)
        assert (batch.reference[row, len(tokens) :] == 0.0).all()


def test_remedies_of_the_reference_bring_the_weight_that_fails_and_keep_one_that_is_there() -> None:
    for remedy in (amnesic_kl, ema_anchor):
        assert remedy(SETUP).settings.beta == FAILING_BETA
        assert remedy(with_settings(beta=0.2)).settings.beta == 0.2
    assert amnesic_kl(SETUP).settings.reference == "amnesic"
    assert ema_anchor(SETUP).settings.anchor == RATE


def test_they_decline_a_tuning_whose_reference_is_another() -> None:
    for remedy in (amnesic_kl, ema_anchor):
        with pytest.raises(NotApplicable, match=r"anchor 0\.3"):
            remedy(with_settings(anchor=0.3))
        with pytest.raises(NotApplicable, match="'amnesic'"):
            remedy(with_settings(reference="amnesic"))
    with pytest.raises(NotApplicable, match="exact"):
        amnesic_kl(with_settings(kl="exact"))
    with pytest.raises(BadInput, match=r"'amnesic' with anchor = 0\.1"):
        with_settings(reference="amnesic", anchor=0.1)

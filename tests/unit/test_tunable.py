"""Weights that are tuned, whole or by adapters: the reference stays what it was, and blends lie between."""

import numpy as np
import pytest

pytest.importorskip("transformers")

import torch

from corrigible.errors import BadInput
from corrigible.language.models import load_model
from corrigible.language.sampling import rule_log_probs
from corrigible.language.tunable import Adapter, Tunable, blended

ADAPTERS = {"whole": Adapter(), "low rank": Adapter(rank=2), "last layer": Adapter(rank=3, layers=1)}


def law(model) -> np.ndarray:
    rows = [model.encode("the girl said"), model.encode("the rose was")]
    return rule_log_probs(model, rows, [[31, 10]] * 2).detach().numpy()


def changed(tunable: Tunable) -> None:
    with torch.no_grad():
        for number, parameter in enumerate(tunable.parameters.values()):
            noise = np.random.default_rng(number).normal(0, 0.1, tuple(parameter.shape))
            parameter.add_(torch.from_numpy(noise.astype(np.float32)))


@pytest.mark.parametrize("adapter", ADAPTERS.values(), ids=ADAPTERS)
def test_tuning_begins_at_the_base_and_the_reference_stays_there(adapter: Adapter) -> None:
    expected = law(load_model("tiny"))
    tunable = Tunable(load_model("tiny"), adapter, np.random.default_rng(0))
    np.testing.assert_allclose(law(tunable.policy), expected, atol=5e-5)
    changed(tunable)
    moved = law(tunable.policy)
    said = np.isfinite(expected)
    assert np.abs(moved[said] - expected[said]).max() > 0.05
    with tunable.as_reference() as reference:
        np.testing.assert_allclose(law(reference), expected, atol=5e-5)
    np.testing.assert_array_equal(law(tunable.policy), moved)


@pytest.mark.parametrize("adapter", ADAPTERS.values(), ids=ADAPTERS)
def test_arrays_bring_the_same_policy_back(adapter: Adapter) -> None:
    tunable = Tunable(load_model("tiny"), adapter, np.random.default_rng(0))
    changed(tunable)
    other = Tunable(load_model("tiny"), adapter, np.random.default_rng(1))
    other.load(tunable.arrays())
    np.testing.assert_array_equal(law(other.policy), law(tunable.policy))
    with pytest.raises(BadInput, match="settings"):
        other.load({})


def test_only_what_is_asked_for_is_tuned() -> None:
    assert len(Tunable(load_model("tiny"), ADAPTERS["low rank"], np.random.default_rng(0)).parameters) == 3 * 2 * 2
    assert len(Tunable(load_model("tiny"), ADAPTERS["last layer"], np.random.default_rng(0)).parameters) == 2 * 2


@pytest.mark.parametrize("adapter", ADAPTERS.values(), ids=ADAPTERS)
def test_blends_are_the_base_the_tuned_model_and_between(adapter: Adapter) -> None:
    tunable = Tunable(load_model("tiny"), adapter, np.random.default_rng(0))
    base, expected = tunable.arrays(), law(tunable.policy)
    changed(tunable)
    tuned = tunable.arrays()
    for share, wanted in ((0.0, expected), (1.0, law(tunable.policy))):
        other = Tunable(load_model("tiny"), adapter, np.random.default_rng(1))
        other.load(blended(base, tuned, share))
        np.testing.assert_allclose(law(other.policy), wanted, atol=5e-5)


@pytest.mark.parametrize("adapter", [ADAPTERS["whole"], ADAPTERS["low rank"]], ids=["whole", "low rank"])
def test_an_anchor_follows_the_policy(adapter: Adapter) -> None:
    tunable = Tunable(load_model("tiny"), adapter, np.random.default_rng(0))
    base = law(tunable.policy)
    tunable.follow(1.0)
    changed(tunable)
    moved = law(tunable.policy)
    with tunable.as_reference() as reference:
        np.testing.assert_allclose(law(reference), base, atol=5e-5)
    tunable.follow(1.0)
    with tunable.as_reference() as reference:
        np.testing.assert_array_equal(law(reference), moved)


def test_adapters_out_of_range_are_refused() -> None:
    with pytest.raises(BadInput, match="targets"):
        Adapter(rank=1, targets=("mlp",))
    with pytest.raises(BadInput, match="rank"):
        Adapter(rank=-1)

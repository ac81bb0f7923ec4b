"""Remedies that pay otherwise: ensembles of templates, embedded objectives, a store of values; a repaired reference."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

pytest.importorskip("transformers")

from corrigible.errors import BadInput, NotApplicable
from corrigible.language import repaired
from corrigible.language.deviance import deviance
from corrigible.language.embedded_objective import TowardsEmbedding
from corrigible.language.embedding_distance import embed
from corrigible.language.instrumental import InstrumentalUtility
from corrigible.language.models import load_model
from corrigible.language.policy_gradient import Tuner, advantages
from corrigible.language.rewards import ByConstitution, ByTemplates, Texts, WithoutAnswers, paid_nothing, shared_model
from corrigible.language.sampling import SamplingRule
from corrigible.language.tunable import Adapter, Tunable
from corrigible.language.tuning_settings import FAILING_BETA, LanguageWorld, TuningSettings
from corrigible.language.value_store import LEAST, credit, prefix_states, store_of, telescoped
from corrigible.mitigate.embedded_objective import embedded_objective
from corrigible.mitigate.evaluator_ensemble import evaluator_ensemble, evaluator_mean
from corrigible.mitigate.instrumental_utility import instrumental_utility
from corrigible.mitigate.repaired_reference import repaired_reference
from corrigible.seeding import stream
from corrigible.types import Setup

PAID = ByConstitution(model="tiny", constitution="tiny-mood", template="tiny-after")
WORLD = LanguageWorld(model="tiny", prompts=("the", "the cat"), new_tokens=16)
SETUP = Setup(world=WORLD, paid=PAID, settings=TuningSettings(steps=2, prompts=2, samples=4, beta=0.0, checkpoints=1))
TOWARDS = TowardsEmbedding(chosen_by=PAID, model="tiny", new_tokens=16, samples=64)
PROSE, BROKEN = "cat was kind . the lamp was happy . the girl saw the bright door .", "was was kind kind bright bright"
SAID = Texts(prompts=("the",) * 3, responses=(PROSE, BROKEN, ""))


def test_an_ensemble_pays_the_least_or_the_mean_of_all_templates() -> None:
    alone = np.stack([replace(PAID, template=name)(SAID) for name in ("tiny-after", "tiny-before", "tiny-chat")])
    assert evaluator_ensemble(SETUP).paid(SAID) == pytest.approx(alone.min(axis=0))
    assert evaluator_mean(SETUP).paid(SAID) == pytest.approx(alone.mean(axis=0))
    assert not np.allclose(alone[0], alone[1])
    with pytest.raises(NotApplicable, match="plain constitution"):
        evaluator_mean(evaluator_ensemble(SETUP))


def test_an_embedded_objective_is_nearest_to_the_texts_that_it_is_made_of() -> None:
    chosen = TOWARDS.chosen("the")
    assert len(chosen) == 8
    assert set(chosen) <= set(TOWARDS.base("the"))
    near = TOWARDS(Texts(prompts=("the",) * 8, responses=chosen)).mean()
    far = TOWARDS(Texts(prompts=("the",), responses=("yes yes yes yes yes yes yes yes",)))[0]
    assert near > far + 1.0
    assert np.linalg.norm(TOWARDS.target("the")) == pytest.approx(1.0)


def test_the_evaluator_chooses_the_texts_and_is_not_asked_again() -> None:
    asked: list[int] = []

    def counted(texts: Texts) -> np.ndarray:
        asked.append(len(texts.responses))
        return PAID(texts)

    towards = replace(TOWARDS, chosen_by=counted)
    base = Texts(prompts=("the",) * 64, responses=TOWARDS.base("the"))
    paid = dict(zip(base.responses, PAID(base), strict=True))
    assert min(paid[text] for text in towards.chosen("the")) >= sorted(paid.values())[-8]
    del asked[:]
    for _ in range(3):
        towards(SAID)
    assert asked == [64]


def test_the_last_state_of_a_text_is_its_embedding_and_an_early_one_reads_its_beginning_alone() -> None:
    model = shared_model("tiny")
    states = prefix_states(model, (PROSE, BROKEN, ""))
    assert [len(some) for some in states] == [4, 2, 0]
    both = embed(model, (PROSE, BROKEN))
    assert states[0][-1] == pytest.approx(both[0], abs=1e-5)
    assert states[1][-1] == pytest.approx(both[1], abs=1e-5)
    other = prefix_states(model, ("cat was kind . yes yes yes yes",))[0]
    assert other[0] == pytest.approx(states[0][0], abs=1e-5)
    assert not np.allclose(other[1], states[0][1])


def test_worth_is_assigned_backwards_to_the_states_that_led_to_it() -> None:
    """Two roads, known at the first place; the outcome is known at the last alone."""
    road = np.repeat([0, 1], LEAST)
    first, last = np.eye(4)[road], np.eye(4)[2 + road]
    outcome = np.where(road == 1, 1.0, -1.0)
    episodes = [np.stack((a, b)) for a, b in zip(first, last, strict=True)]
    store = store_of(tuple(f"text {k}" for k in range(len(road))), episodes, outcome)
    assert store.value(0, np.eye(4)[1]) == pytest.approx(1.0)
    assert store.value(0, np.eye(4)[0]) == pytest.approx(-1.0)
    assert store.process(episodes[-1]) == pytest.approx(1.0)
    assert store.value(0, -np.eye(4)[1]) < -0.9, "far from all that is stored it is worth the worst"
    assert store.nearest_texts(np.eye(4)[3], count=2) == (f"text {LEAST}", f"text {LEAST + 1}")
    with pytest.raises(BadInput, match="3 episodes"):
        store_of(("a", "b", "c"), episodes[:3], outcome[:3])


@settings(max_examples=50, deadline=None)
@given(outcome=arrays(float, LEAST + 4, elements=st.floats(-5, 5)), seed=st.integers(0, 99))
def test_values_lie_between_the_outcomes_that_they_are_made_of(outcome: np.ndarray, seed: int) -> None:
    drawn = stream(seed, "states").normal(size=(2, len(outcome), 3))
    reach = [list(range(len(outcome))), list(range(LEAST))]
    values = credit((drawn[0], drawn[1][:LEAST]), reach, outcome)
    for some in values:
        assert (some >= outcome.min() - 1e-9).all()
        assert (some <= outcome.max() + 1e-9).all()


@settings(max_examples=100, deadline=None)
@given(
    potential=arrays(float, (6, 5), elements=st.floats(-100, 100)),
    pay=arrays(float, 6, elements=st.floats(-100, 100)),
    start=st.floats(-100, 100),
)
def test_a_reward_that_is_a_difference_of_potentials_changes_no_advantage(
    potential: np.ndarray, pay: np.ndarray, start: float
) -> None:
    """Ng, Harada & Russell 1999: it adds up to minus the potential of what all responses begin with."""
    shaped = telescoped(np.concatenate([np.full((6, 1), start), potential], axis=1)).sum(axis=1)
    assert shaped == pytest.approx(np.full(6, -start), abs=1e-9)
    alone, with_it = advantages(pay[None], "rloo"), advantages((pay + shaped)[None], "rloo")
    assert with_it == pytest.approx(alone, abs=1e-9)


def test_as_a_potential_the_store_adds_the_same_to_every_response_and_as_values_it_does_not() -> None:
    texts = Texts(prompts=("the",) * 12, responses=(*TOWARDS.base("the")[:10], BROKEN, "yes yes yes"))
    utility = InstrumentalUtility(towards=TOWARDS)
    outcome = TOWARDS(texts)
    potential = replace(utility, join="potential")(texts)
    scale = np.polyfit(outcome, potential, 1)
    assert potential == pytest.approx(np.polyval(scale, outcome), abs=1e-5)
    total = replace(utility, join="sum")(texts)
    assert not np.allclose(total, np.polyval(np.polyfit(outcome, total, 1), outcome), atol=0.1)


def test_a_soft_minimum_of_way_and_end_lies_below_their_mean_and_above_the_least() -> None:
    texts = Texts(prompts=("the",) * 10, responses=TOWARDS.base("the")[:10])
    utility = InstrumentalUtility(towards=TOWARDS)
    joined, total = utility(texts), replace(utility, join="sum")(texts)
    assert (joined <= total / 2 + 1e-9).all()
    _, scales = utility._made("the")
    end = (TOWARDS(texts) / TOWARDS.weight - scales.outcome[0]) / scales.outcome[1]
    assert (joined >= np.minimum(end, total - end) - 1e-9).all()
    assert utility(Texts(prompts=("the",), responses=("",)))[0] < joined.min()


def test_a_stored_embedding_decodes_to_its_own_text() -> None:
    store = InstrumentalUtility(towards=TOWARDS).store("the")
    text = next(text for text in store.texts if len(text.split()) > 8)
    assert store.nearest_texts(embed(shared_model("tiny"), (text,))[0], count=1) == (text,)


def test_what_a_repaired_reference_is_taught_of_a_copy_is_the_law_of_the_first() -> None:
    assert repaired.copied_places(8, 2, 2).tolist() == [0, 1, 2, 3, 2, 3, 2, 3]
    assert repaired.copied_places(4, 0, 3).tolist() == [0, 1, 2, 0]


def test_a_repaired_reference_keeps_repeats_dear(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(repaired, "STEPS", 30)
    repaired.repaired_reference.cache_clear()
    asked = {"new_tokens": 24, "adapter": Adapter(), "rule": SamplingRule()}
    weights = repaired.repaired_reference("tiny", ("the",), **asked)
    mended = Tunable(load_model("tiny"), Adapter(), np.random.default_rng(0))
    mended.load(weights)
    before, after = (deviance(model, "yes", ("the",), repeats=24) for model in (shared_model("tiny"), mended.policy))
    assert before.slope < 0.5
    assert after.slope > before.slope + 2.0
    changed = repaired_reference(SETUP)
    assert (changed.settings.reference, changed.settings.beta) == ("repaired", FAILING_BETA)
    one = replace(changed, world=replace(WORLD, prompts=("the",), new_tokens=24), paid=paid_nothing)
    with Tuner(one, stream(0, "repaired")) as tuner:
        assert tuner.tunable.anchor_arrays().keys() == weights.keys()
        with tuner.tunable.as_reference() as reference:
            assert deviance(reference, "yes", ("the",), repeats=24).slope == pytest.approx(after.slope, abs=1e-4)
    repaired.repaired_reference.cache_clear()
    with pytest.raises(NotApplicable, match="'repaired'"):
        repaired_reference(changed)


def test_remedies_of_an_embedding_need_a_constitution() -> None:
    other = replace(SETUP, paid=WithoutAnswers(paid=PAID))
    for remedy in (embedded_objective, instrumental_utility, evaluator_ensemble):
        with pytest.raises(NotApplicable, match="plain constitution"):
            remedy(other)
    assert isinstance(embedded_objective(SETUP).paid, TowardsEmbedding)
    assert isinstance(evaluator_ensemble(SETUP).paid, ByTemplates)
    with pytest.raises(BadInput, match="4 samples"):
        replace(TOWARDS, samples=4)

"""Remedies and lenses of language models: what the embedding charge says of spam, blends at their ends."""

from dataclasses import replace

import numpy as np
import pytest

from corrigible.errors import BadInput, NotApplicable
from corrigible.explain.blend_sweep import SHARES, blend_sweep
from corrigible.explain.deviance import deviance_lens
from corrigible.language.deviance import deviance
from corrigible.language.embedding_distance import ChargedByEmbedding, bandwidth, embed, likeness
from corrigible.language.heads import heads_of, without_head
from corrigible.language.policy_gradient import Tuner
from corrigible.language.rewards import ByConstitution, Texts, paid_nothing, shared_model
from corrigible.language.sampling import sample
from corrigible.language.tuning_settings import LanguageWorld, TuningSettings
from corrigible.mitigate.embedding_distance import embedding_distance
from corrigible.mitigate.null_corrected import null_corrected
from corrigible.seeding import stream
from corrigible.types import Metric, Setup, Specimen

WORLD = LanguageWorld(model="tiny", prompts=("the",), new_tokens=16)
SETTINGS = TuningSettings(steps=2, prompts=1, samples=8, checkpoints=1)
CHARGED = ChargedByEmbedding(paid=paid_nothing, model="tiny", weight=10.0, new_tokens=16, samples=32)


def said_by_the_base(count: int) -> tuple[str, ...]:
    model = shared_model("tiny")
    drawn = sample(model, [model.encode("the")] * count, new_tokens=16, generator=stream(5, "base"))
    return tuple(model.decode(drawn.row(k), control=False).strip() for k in range(count))


def test_spam_is_charged_and_what_the_base_says_is_not() -> None:
    spam = Texts(prompts=("the",) * 16, responses=("cat was kind . yes yes yes yes yes yes",) * 16)
    plain = Texts(prompts=("the",) * 64, responses=said_by_the_base(64))
    charge = CHARGED.witness(spam)
    assert (charge > 0.3).all()
    assert abs(CHARGED.witness(plain).mean()) < 0.05
    assert CHARGED(spam) == pytest.approx(-10.0 * charge)


def test_embeddings_have_length_one_and_are_like_themselves() -> None:
    base = embed(shared_model("tiny"), said_by_the_base(32))
    assert likeness(base, base, bandwidth(base)).diagonal() == pytest.approx(np.ones(32))
    assert np.linalg.norm(base, axis=1) == pytest.approx(np.ones(32))
    assert (embed(shared_model("tiny"), ("",)) == 0.0).all()


def test_prompts_are_compared_with_their_own_base() -> None:
    both = Texts(prompts=("the", "the", "the cat", "the cat"), responses=("cat was kind .",) * 2 + ("was kind .",) * 2)
    alone = Texts(prompts=("the", "the"), responses=("cat was kind .",) * 2)
    assert CHARGED.witness(both)[:2] == pytest.approx(CHARGED.witness(alone))


def test_the_remedy_charges_once() -> None:
    setup = Setup(world=WORLD, paid=paid_nothing, settings=SETTINGS)
    charged = embedding_distance(setup)
    assert isinstance(charged.paid, ChargedByEmbedding)
    with pytest.raises(NotApplicable):
        embedding_distance(charged)
    with pytest.raises(BadInput, match="3 samples"):
        replace(CHARGED, samples=3)


def test_repeats_of_a_word_get_cheaper_and_their_price_is_that_of_the_model() -> None:
    model = shared_model("tiny")
    found = deviance(model, "yes", ("the",), repeats=16)
    assert found.price.shape == (1, 16)
    assert found.total[-1] == pytest.approx(found.price.sum())
    assert found.slope < found.price[0, 0]
    assert 0.0 < found.discount < 1.0
    with pytest.raises(BadInput, match="0 repeats"):
        deviance(model, "yes", ("the",), repeats=0)


def test_a_silenced_head_changes_the_model_inside_and_not_after() -> None:
    model = shared_model("tiny")
    before = deviance(model, "yes", ("the",), repeats=8).price
    assert len(heads_of(model)) == 12
    with without_head(model, 0, 0):
        inside = deviance(model, "yes", ("the",), repeats=8).price
    assert not np.allclose(inside, before)
    assert np.array_equal(deviance(model, "yes", ("the",), repeats=8).price, before)


def specimen() -> Specimen:
    setup = Setup(world=WORLD, paid=paid_nothing, settings=SETTINGS)
    with Tuner(setup, stream(0, "specimen")) as tuner:
        last = list(tuner.run())[-1]
    seen: list[float] = []

    def rollout_again(_: object, checkpoint: object) -> dict[str, float]:
        seen.append(float(len(seen)))
        return {"spam": seen[-1], "gold": -seen[-1]}

    metric = Metric(name="spam", label="Spam", unit="share", meaning="", goal="low")
    return Specimen(
        condition="failure", seed=0, headline=metric, setup=setup, checkpoint=last, reference_checkpoint=None,
        rollout_again=rollout_again, train_again=lambda _: last,
    )  # fmt: skip


def test_a_sweep_goes_from_base_to_tuned_and_names_the_best_blend() -> None:
    spam, where, gold, where_gold, arc = blend_sweep(specimen())
    assert (spam.before, spam.after) == (len(SHARES) - 1.0, 0.0)
    assert (gold.before, gold.after) == (1.0 - len(SHARES), 0.0)
    assert (where.before, where.after) == (where_gold.before, where_gold.after) == (1.0, 0.0)
    assert (arc.before, arc.after) == (0.0, float(len(SHARES))), "the first share where line and arc differ most"


def test_the_price_of_the_commonest_word_is_found_with_the_head_that_makes_it_cheap() -> None:
    price, head = deviance_lens(specimen())
    assert price.before > 0.0
    assert head.before == pytest.approx(price.after)
    model, word, slopes = shared_model("tiny"), price.sentence.split("'")[1], list[float]()
    for layer, number in heads_of(model):
        with without_head(model, layer, number):
            slopes.append(deviance(model, word, ("the",), repeats=32).slope)
    assert head.after == pytest.approx(max(slopes))
    assert "12 heads were tried" in head.intervention


def test_the_null_correction_is_the_same_for_all_responses_to_a_prompt() -> None:
    paid = ByConstitution(model="tiny", constitution="tiny-mood", template="tiny-after")
    given = Setup(world=WORLD, paid=paid, settings=SETTINGS)
    mended = null_corrected(given)
    assert (mended.world, mended.settings) == (given.world, given.settings)
    texts = Texts(prompts=("the", "the", "the cat"), responses=("cat was kind .", "", "was cruel ."))
    change = mended.paid(texts) - paid(texts)
    assert change[0] == pytest.approx(change[1])
    assert change[0] != pytest.approx(change[2])
    assert mended.paid(texts)[1] == pytest.approx(0.0, abs=1e-5), "but for rounding of single precision"
    with pytest.raises(NotApplicable, match="plain constitution"):
        null_corrected(mended)

"""Constitutions, the evaluator's arithmetic, templates, and the exploit test, on the tiny model."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

pytest.importorskip("transformers")

from corrigible.errors import BadInput
from corrigible.language.constitution import (
    Constitution,
    Principle,
    load_constitution,
    shipped_constitutions,
)
from corrigible.language.evaluator import (
    Ensemble,
    Evaluator,
    answer_tokens,
    next_token_logits,
    shared_length,
    soft_minimum,
)
from corrigible.language.exploits import calibration_error, exploit_test, refuse_at_chance
from corrigible.language.grammar_words import IDS
from corrigible.language.labelled import english_labelled, labelled_for
from corrigible.language.models import LanguageModel, load_model
from corrigible.language.templates import TEMPLATES, template_named, templates_for

GOOD = "the rose was bright . the bee was kind ."
BAD = "the rose was gloomy . the bee was cruel ."
ODDS = st.lists(st.floats(-20, 20), min_size=1, max_size=6)


@pytest.fixture(scope="module")
def model() -> LanguageModel:
    return load_model("tiny")


def asked(model: LanguageModel, *principles: Principle, template: str = "tiny-after", null: bool = False) -> Evaluator:
    constitution = Constitution(title="t", principles=list(principles))
    return Evaluator(model=model, constitution=constitution, template=template_named(template), null_corrected=null)


@pytest.mark.parametrize("template", ["tiny-after", "tiny-before", "tiny-chat"])
def test_good_stories_score_above_bad_ones_and_a_wanted_no_turns_that_round(
    model: LanguageModel, template: str
) -> None:
    yes = asked(model, Principle(name="m", question="good"), template=template)
    no = asked(model, Principle(name="m", question="good", answer="no"), template=template)
    found = yes.score(["", ""], [GOOD, BAD])
    assert found[0] > 1 > -1 > found[1]
    np.testing.assert_allclose(no.score(["", ""], [GOOD, BAD]), -found)


def test_odds_are_those_of_yes_over_no_with_the_rest_shared_out(model: LanguageModel) -> None:
    evaluator = asked(model, Principle(name="m", question="good"))
    logits = next_token_logits(model, [evaluator.template.write(model, "", GOOD, "good")])[0]
    law = np.exp(logits - np.logaddexp.reduce(logits))
    yes, no = law[IDS["yes"]], law[IDS["no"]]
    rest = 1 - yes - no
    judged = evaluator.judge([""], [GOOD])
    assert judged.odds[0, 0] == pytest.approx(np.log(yes + rest / 2) - np.log(no + rest / 2), abs=1e-5)
    assert judged.mass[0, 0] == pytest.approx(yes + no, abs=1e-6)


def test_a_text_is_judged_the_same_alone_as_in_a_batch(model: LanguageModel) -> None:
    evaluator = asked(model, Principle(name="m", question="good"), Principle(name="s", question="sea", answer="no"))
    texts = [GOOD, "the gull was cold .", BAD, "the girl said yes , yes . the boat was kind ."] * 10
    together = evaluator.score([""] * 40, texts)
    alone = np.concatenate([evaluator.score([""], [text]) for text in texts[:4]])
    np.testing.assert_allclose(together, np.tile(alone, 10), atol=1e-4)


def test_with_the_null_taken_off_an_empty_response_scores_nothing(model: LanguageModel) -> None:
    evaluator = asked(model, Principle(name="m", question="good"), null=True)
    assert evaluator.score(["the"], [""])[0] == pytest.approx(0, abs=1e-6)
    plain = asked(model, Principle(name="m", question="good"))
    difference = plain.score(["the", "the"], ["", "rose was bright ."])
    assert evaluator.score(["the"], ["rose was bright ."])[0] == pytest.approx(difference[1] - difference[0], abs=1e-5)


@given(ODDS, st.data())
def test_the_soft_minimum_lies_between_the_least_and_the_weighted_mean(odds: list[float], data: st.DataObject) -> None:
    weights = np.array(data.draw(st.lists(st.floats(0.1, 10), min_size=len(odds), max_size=len(odds))))
    values = np.array([odds])
    found = float(soft_minimum(values, weights)[0])
    assert min(odds) - 1e-9 <= found <= float(values[0] @ weights / weights.sum()) + 1e-9
    raised = values.copy()
    raised[0, 0] += 1.0
    assert float(soft_minimum(raised, weights)[0]) >= found - 1e-12


@given(st.floats(-20, 20), st.integers(1, 5))
def test_the_soft_minimum_of_equal_values_is_that_value(value: float, count: int) -> None:
    assert float(soft_minimum(np.full((1, count), value), np.ones(count))[0]) == pytest.approx(value, abs=1e-9)


def test_an_ensemble_is_the_mean_or_the_least_of_its_members(model: LanguageModel) -> None:
    members = tuple(asked(model, Principle(name="m", question="good"), template=t) for t in ("tiny-after", "tiny-chat"))
    every = np.stack([member.score([""], [GOOD]) for member in members])
    assert Ensemble(members=members).score([""], [GOOD]) == pytest.approx(every.mean(axis=0))
    assert Ensemble(members=members, worst=True).score([""], [GOOD]) == pytest.approx(every.min(axis=0))


def test_the_tiny_model_has_one_token_for_each_answer(model: LanguageModel) -> None:
    assert answer_tokens(model) == ([IDS["yes"]], [IDS["no"]])


@pytest.mark.parametrize("name", shipped_constitutions())
def test_shipped_constitutions_are_read(name: str) -> None:
    assert load_constitution(name).principles


def written(folder: Path, text: str) -> Path:
    path = folder / "c.yaml"
    path.write_text(text)
    return path


def test_an_unquoted_yes_is_the_word_yes(tmp_path: Path) -> None:
    path = written(tmp_path, "title: t\nprinciples:\n- name: a\n  question: good\n  answer: no\n  weight: 2\n")
    assert load_constitution(path).principles[0] == Principle(name="a", question="good", answer="no", weight=2.0)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("title: t\nprinciples: []\n", "at least one principle"),
        ("title: t\nprinciples:\n- name: a\n  question: q\n  answer: maybe\n", "line 5"),
        ("title: t\nprinciples:\n- name: a\n  question: q\n  weight: 0\n", "line 5"),
        ("title: t\nprinciples:\n- name: a\n  question: q\n- name: a\n  question: r\n", "two principles"),
        ("title: t\nprinciples:\n- name: a\n  question: q\n  reward: 1\n", "reward"),
    ],
)
def test_what_is_no_constitution_is_refused_with_line_and_reason(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(BadInput, match=said) as refused:
        load_constitution(written(tmp_path, text))
    assert "\n" not in str(refused.value)


def test_names_that_are_unknown_and_texts_that_do_not_fit_are_refused(model: LanguageModel) -> None:
    with pytest.raises(BadInput, match="tiny-mood"):
        load_constitution("nowhere")
    with pytest.raises(BadInput, match="templates are"):
        template_named("nowhere")
    evaluator = asked(model, Principle(name="m", question="good"))
    with pytest.raises(BadInput, match="context"):
        evaluator.score([""], [GOOD * 40])
    with pytest.raises(BadInput, match="prompts"):
        evaluator.score(["", ""], [GOOD])


def test_templates_fit_their_language(model: LanguageModel) -> None:
    assert {item.name for item in templates_for(model)} == {name for name in TEMPLATES if name.startswith("tiny-")}


def test_the_exploit_test_says_what_spam_is_worth_and_how_good_the_evaluator_is(model: LanguageModel) -> None:
    evaluator = asked(model, Principle(name="m", question="good"))
    found = exploit_test(evaluator, np.random.default_rng(0))
    assert found.auc > 0.95
    assert not found.at_chance
    refuse_at_chance(found)
    assert found.margins["yes"] > found.margins["wait"] > found.margins["no"]
    spam = [item for item in found.exploits if (item.word, item.kind) == ("yes", "repeated")]
    assert [item.n for item in spam] == [1, 2, 4, 8, 16, 32]
    assert found.margins["yes"] == pytest.approx(
        max(item.score for item in found.exploits if item.word == "yes") - np.quantile(found.sane, 0.95)
    )


def test_an_evaluator_at_chance_is_refused_unless_that_is_meant(model: LanguageModel) -> None:
    """Labels are those of the sea; what is asked is the mood."""
    evaluator = asked(model, Principle(name="m", question="good"))
    found = exploit_test(evaluator, np.random.default_rng(0))
    from dataclasses import replace

    with pytest.raises(BadInput, match="chance"):
        refuse_at_chance(replace(found, auc=0.55, auc_interval=(0.45, 0.65)))


def test_labels_of_the_tiny_language_are_exact_and_those_of_english_are_by_construction() -> None:
    constitution = Constitution(title="t", principles=[Principle(name="s", question="sea")])
    found = labelled_for("tiny", constitution, np.random.default_rng(0))
    for text, good in zip(found.texts, found.good, strict=True):
        things = {"boat", "wave", "gull"} & set(text.split())
        others = {"rose", "bee", "hedge", "door", "lamp", "stair"} & set(text.split())
        assert not good or not others
        assert good or not things
    english = english_labelled(np.random.default_rng(0))
    assert "construction" in english.how
    assert len(english.texts) >= 60
    with pytest.raises(BadInput, match="tiny language asks"):
        labelled_for(
            "tiny",
            Constitution(title="t", principles=[Principle(name="x", question="Is it?")]),
            np.random.default_rng(0),
        )


def test_a_perfectly_calibrated_score_has_no_calibration_error() -> None:
    good = np.array([True] * 8 + [False] * 2)
    assert calibration_error(np.full(10, np.log(4)), good) == pytest.approx(0, abs=1e-12)
    assert calibration_error(np.full(10, 20.0), ~good) == pytest.approx(0.8, abs=1e-6)


def test_what_all_rows_begin_with_is_read_once_and_changes_nothing_but_rounding(model: LanguageModel) -> None:
    shared = model.encode(" ".join([GOOD] * 3))
    rows = [shared + model.encode(text, beginning=False) for text in ("the rose", "the bee was kind .", "the")]
    assert shared_length(rows) == len(shared), "and not the first word of each, which is all that one row has"
    together = next_token_logits(model, rows)
    apart = np.concatenate([next_token_logits(model, [row]) for row in rows])
    np.testing.assert_allclose(together, apart, atol=2e-4)


def test_a_beginning_is_shared_only_where_it_is_long_and_of_all_rows(model: LanguageModel) -> None:
    row = model.encode(" ".join([GOOD] * 3))
    assert shared_length([row]) == 0
    assert shared_length([row, row[:10]]) == 0, "too short to be worth it"
    assert shared_length([row, row]) == len(row) - 1, "each keeps a token of its own"
    assert shared_length([row, [row[1], *row[1:]]]) == 0

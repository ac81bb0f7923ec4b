"""Templates in parts, and the lens that cuts them out."""

from dataclasses import replace

import numpy as np
import pytest

from corrigible.errors import BadInput
from corrigible.explain.template_parts import margin_without, parts_of, template_parts
from corrigible.language.exploits import exploit_test, margins_of, yes_margin
from corrigible.language.models import load_model
from corrigible.language.rewards import ByConstitution, WithoutAnswers
from corrigible.language.templates import TEMPLATES, template_named
from corrigible.registry import load_experiment
from corrigible.types import Checkpoint, Specimen

TINY = ByConstitution(model="tiny", constitution="tiny-mood", template="tiny-after")
WRITTEN = {
    "tiny-after": "the rose was bright . question good ? answer :",
    "tiny-before": "question good ? the rose was bright . answer :",
    "tiny-chat": "<user> question good ? the rose was bright . <assistant>",
}


@pytest.mark.parametrize("name", WRITTEN)
def test_a_template_writes_its_parts_in_order(name: str) -> None:
    model = load_model("tiny")
    found = template_named(name).write(model, "the rose", "was bright .", "good")
    assert found == model.encode(WRITTEN[name])


@pytest.mark.parametrize("name", TEMPLATES)
def test_every_template_says_text_and_question_once_after_its_examples(name: str) -> None:
    template = TEMPLATES[name]
    whole = "".join(part.pattern for part in template.parts)
    assert whole.count("{text}") == 1
    assert whole.count("{question}") == (3 if name == "few-shot" else 1)
    assert len({part.name for part in template.parts}) == len(template.parts)


def test_a_part_that_is_cut_out_leaves_the_others_and_the_text() -> None:
    model = load_model("tiny")
    after = template_named("tiny-after")
    assert after.without("answer").write(model, "", "the rose", "good") == model.encode("the rose question good ?")
    assert after.without("text").write(model, "", "the rose", "good") == after.write(model, "", "the rose", "good")
    shots = template_named("few-shot")
    assert "gibberish" not in shots.without("bad example").name
    assert [part.name for part in shots.without("bad example").parts] == ["good example", "text", "question", "answer"]


def test_a_part_that_is_not_there_is_refused_by_name() -> None:
    with pytest.raises(BadInput, match=r"part 'shots' of template bare.*its parts are text, question"):
        template_named("bare").without("shots")


def test_margins_alone_are_those_of_the_exploit_test() -> None:
    evaluator = TINY.evaluator()
    test = exploit_test(evaluator, np.random.default_rng(3))
    found = margins_of(evaluator, np.random.default_rng(4))
    assert list(found) == list(test.margins)
    assert test.yes_margin == yes_margin(test.margins)
    assert found["yes"] > max(found["no"], found["wait"])  # yes is evidence in the tiny language, by construction


def specimen(paid: object) -> Specimen:
    experiment = load_experiment("yes-spammer")
    setup = experiment.build({}, experiment.budgets["smoke"])
    setup = type(setup)(world=setup.world, paid=paid, settings=setup.settings)  # type: ignore[arg-type]

    def never(*_: object) -> object:
        raise AssertionError("the lens runs nothing again")

    return Specimen(
        condition="no-penalty",
        seed=0,
        headline=experiment.metric("yes-spam"),
        setup=setup,
        checkpoint=Checkpoint(step=0, parameters={}),
        reference_checkpoint=None,
        rollout_again=never,  # type: ignore[arg-type]
        train_again=never,  # type: ignore[arg-type]
    )


@pytest.mark.parametrize("template", WRITTEN)
def test_the_lens_names_the_parts_without_which_yes_pays_least_and_most(template: str) -> None:
    paid = replace(TINY, template=template)
    findings = list(template_parts(specimen(paid)))
    margins = {part: margin_without(paid, part) for part in parts_of(paid)}
    whole = margin_without(paid, None)
    assert "text" not in margins
    assert len(margins) >= 2
    least, most = min(margins, key=lambda part: margins[part]), max(margins, key=lambda part: margins[part])
    expected = [(least, margins[least])] if margins[least] < whole else []
    expected += [(most, margins[most])] if margins[most] > whole else []
    assert [(finding.before, finding.after) for finding in findings] == [(whole, value) for _, value in expected]
    assert all(repr(part) in finding.sentence for finding, (part, _) in zip(findings, expected, strict=True))
    assert expected


def test_a_reward_that_no_template_makes_is_not_explained() -> None:
    assert list(template_parts(specimen(WithoutAnswers(paid=TINY)))) == []

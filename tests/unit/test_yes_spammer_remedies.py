"""The frontier of remedies: what counts as above it, its pictures, and what the experiment measures."""

from dataclasses import replace
from math import log2
from xml.etree import ElementTree

import pytest

pytest.importorskip("transformers")

from corrigible.failures.yes_spammer_frontier import above_frontier, remedies_figures, said
from corrigible.failures.yes_spammer_remedies import FAILURE, LEAST_GAIN, PAID, REFERENCE, UNTUNED, rules
from corrigible.registry import load_experiment
from corrigible.report.judgements import written_rule
from corrigible.report.sanitise import clean_picture
from corrigible.seeding import stream
from corrigible.stages.plan import all_conditions, left_out
from corrigible.types import Checkpoint, Setup

SEEDS = 2
CURVES = {
    "gold": {
        "base": [[0.0]] * SEEDS,
        "failure": [[3.0, -6.0], [2.0, -6.0]],
        "weak": [[1.0, 2.0], [1.0, 2.5]],
        "strong": [[2.5, 3.5], [2.5, 3.0]],
        "reference": [[4.0, 4.0]] * SEEDS,
        "chosen": [[3.2]] * SEEDS,
        "better <&>": [[1.0, 4.5], [1.0, 4.0]],
        "worse": [[1.0, -5.0], [1.0, -5.0]],
    },
    "kl": {
        "base": [[0.0]] * SEEDS,
        "failure": [[4.0, 100.0]] * SEEDS,
        "weak": [[1.0, 9.0]] * SEEDS,
        "strong": [[1.0, 16.0]] * SEEDS,
        "reference": [[4.0, 5.0]] * SEEDS,
        "chosen": [[0.6]] * SEEDS,
        "better <&>": [[1.0, 25.0]] * SEEDS,
        "worse": [[1.0, 2.0]] * SEEDS,
    },
}
CURVES["proxy"] = CURVES["kl"]
NAMES = {"failure": "failure", "base": "base", "penalties": ["weak", "strong", "never run"], "chosen": ["chosen"]}


def test_the_frontier_is_the_most_that_penalties_reach_at_that_distance_or_nearer() -> None:
    runs = {
        name: [[(k**0.5, g) for k, g in zip(kl, gold, strict=True)] for kl, gold in zip(CURVES["kl"][name], golds,
                                                                                       strict=True)]
        for name, golds in CURVES["gold"].items()
    }  # fmt: skip
    family = ["failure", "weak", "strong", "base"]
    assert above_frontier(runs, "better <&>", family) == pytest.approx([4.5 - 3.5, 4.0 - 3.0])
    assert above_frontier(runs, "worse", family) == pytest.approx([-5.0 - 2.5, -5.0 - 2.5])
    assert said([1.0]) == "+1.00 (n = 1)"


def test_every_remedy_has_a_panel_and_its_number_and_names_are_escaped() -> None:
    distance, pay = remedies_figures(CURVES, reference="reference", **NAMES)
    assert "better <&> +1.00 [+1.00, +1.00] (n = 2); worse -7.50" in distance.caption
    for figure in (distance, pay):
        shown = ["".join(item.itertext()) for item in ElementTree.fromstring(figure.svg).iter() if "text" in item.tag]
        assert {"better <&>", "worse"} <= set(shown)
        assert not {"weak", "reference", "chosen"} & set(shown)
        assert clean_picture(figure.svg, scope="frontier", label="Remedies").svg


def test_without_a_remedy_or_the_untuned_model_there_is_no_picture() -> None:
    def without(*names: str):
        return {metric: {k: v for k, v in by.items() if k not in names} for metric, by in CURVES.items()}

    assert remedies_figures(without("better <&>", "worse"), reference="reference", **NAMES) == ()
    assert remedies_figures(without("base"), reference="reference", **NAMES) == ()


def test_rules_follow_the_order_of_the_claim_and_are_written_in_words() -> None:
    experiment = load_experiment("yes-spammer-remedies")
    first = [rule.condition for rule in rules()[:9]]
    assert list(dict.fromkeys(first)) == [
        "early-stopping", "blend-with-base", "embedding-distance", "embedded-objective", "instrumental-utility",
    ]  # fmt: skip
    metrics = {metric.name: metric for metric in experiment.metrics}
    worst = next(rule for rule in rules() if rule.metric == "worst:gold")
    assert "at its worst checkpoint minus that of untuned" in written_rule(worst, metrics)
    names = {item.name for item in all_conditions(experiment)}
    assert {"amnesic-kl", "repaired-reference", "ema-anchor", "evaluator-mean", "instrumental-utility"} <= names
    assert {rule.condition for rule in rules()} <= names - set(left_out(experiment))


def test_what_the_untuned_model_says_lies_as_far_apart_as_the_base_and_spam_nowhere() -> None:
    experiment = load_experiment("yes-spammer-remedies")
    budget = replace(experiment.budgets["smoke"], episodes=32)
    untuned = next(item for item in experiment.conditions if item.name == UNTUNED)
    setup: Setup = experiment.build(untuned.overrides, budget)
    blind = replace(setup, truth=None)
    last: Checkpoint = list(experiment.learner(blind, generator=stream(1, "untuned")))[-1]
    rollout = experiment.sandbox.rollout(setup, last, episodes=32, generator=stream(1, "evaluate"))
    found = experiment.measure(rollout)
    assert found["spread"] == pytest.approx(1.0, abs=0.1)
    assert found["kl"] == pytest.approx(0.0, abs=1e-3)
    assert log2(LEAST_GAIN) <= found["gold gain"] < 1.0
    assert experiment.build({}, budget).paid == PAID
    assert {FAILURE, REFERENCE} <= {item.name for item in experiment.conditions}

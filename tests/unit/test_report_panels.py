"""What the page says of numbers: which effects are shown, which are not, and which are unknown."""

import math
from dataclasses import replace

import pytest

from corrigible.report.charts import learning_panels
from corrigible.report.content import ReportContent
from corrigible.report.detectors import detector_card, detector_plots, heat_overview, over_checkpoints
from corrigible.report.judgements import finding_views, proof_view, rule_views, written_rule
from corrigible.report.panels import Plot, Row, effect_of, metric_plot, remedy_plot
from report_sample import DISABLE, SEEDS, measured, sample_content, without_interval

CONTENT = sample_content()
MEASURED = measured(DISABLE, "q-learning", [0.90, 0.93, 0.95])
WORDS = ("lower", "higher", "none shown")


def rows(plot: Plot | None) -> dict[str, Row]:
    assert plot is not None
    return {row.name: row for group in plot.groups for row in group.rows}


@pytest.mark.parametrize(
    ("low", "high", "said"),
    [
        (-0.2, 0.1, ("none shown", "null")),
        (0.0, 0.1, ("none shown", "null")),
        (-0.2, -0.1, ("lower", "effect")),
        (0.1, 0.2, ("higher", "effect")),
        (math.nan, math.nan, ("no interval at n = 3", "unknown")),
        (0.3, 0.3, ("no spread over 3 seeds", "unknown")),
    ],
)
def test_an_interval_shows_an_effect_only_where_it_leaves_out_none(low: float, high: float, said: tuple[str, str]):
    assert effect_of(replace(MEASURED, low=low, high=high), null=0.0, words=WORDS) == said


def test_conditions_stand_in_groups_by_role_and_in_their_own_order():
    plot = metric_plot(CONTENT.metrics[0], CONTENT)
    assert [group.title for group in plot.groups] == ["Reference", "Failure", "Variants", "Remedies"]
    named = [row.name for group in plot.groups for row in group.rows]
    assert named == [condition.name for condition in CONTENT.conditions]


def test_a_null_result_is_shown_as_such():
    plot = rows(metric_plot(CONTENT.metrics[0], CONTENT))
    extra = plot["early-stopping"].extra
    assert extra is not None
    assert (extra.said, extra.sign) == ("no difference shown", "null")
    gain = rows(remedy_plot(CONTENT))["early-stopping"].value
    assert (gain.said, gain.sign) == ("no gain shown", "null")


def test_a_remedy_shows_its_stage_and_an_oracle_is_marked():
    plot = rows(metric_plot(CONTENT.metrics[0], CONTENT))
    assert plot["utility-indifference"].tags == ("stage: reward", "reads the true reward")
    assert plot["safe-interruptibility"].tags == ("stage: train",)
    assert plot["q-learning"].tags == ()


def test_a_remedy_shows_its_worst_checkpoint():
    plot = remedy_plot(CONTENT)
    assert plot is not None
    assert plot.extra_title == "P(disable), worst checkpoint"
    worst = rows(plot)["early-stopping"].extra
    assert worst is not None
    assert worst.estimate == "0.88"


def test_a_remedy_shows_the_competence_that_it_keeps_with_its_interval_and_seeds():
    plot = remedy_plot(CONTENT)
    assert plot is not None
    assert plot.also_title.endswith("asked for 0.8")
    kept = rows(plot)["utility-indifference"].also
    assert kept is not None
    assert kept.interval.startswith("[")
    assert (kept.said, kept.sign) == ("by 10 of 10 seeds", "")
    idle = rows(plot)["myopia"].also
    assert idle is not None
    assert (idle.said, idle.sign) == ("by 0 of 10 seeds", "unknown")


def test_a_remedy_that_stopped_doing_the_task_is_marked_wherever_it_stands():
    idle = tuple(replace(row, keeps_task=False, reached=0, competence=None) for row in CONTENT.remedies)
    content = replace(CONTENT, remedies=idle)
    for plot in (remedy_plot(content), metric_plot(content.metrics[0], content)):
        assert "not shown to keep the task" in rows(plot)["myopia"].tags
    kept = rows(remedy_plot(content))["myopia"].also
    assert kept is not None
    assert (kept.estimate, kept.said) == ("unknown", "by 0 of 10 seeds")


def test_a_condition_that_was_not_run_keeps_its_row():
    row = rows(metric_plot(CONTENT.metrics[1], CONTENT))["rare-interruption"]
    assert (row.strip, row.missing) == (None, "not measured in this run")


def test_seeds_without_a_value_are_counted():
    panel = CONTENT.metrics[0]
    first = replace(panel.measurements[0], per_seed=(math.nan, *panel.measurements[0].per_seed[1:]))
    row = rows(metric_plot(replace(panel, measurements=(first, *panel.measurements[1:])), CONTENT))["reference"]
    assert row.missing == "1 of 10 seeds gave no value"


def test_a_difference_to_another_condition_than_most_says_to_which():
    panel = CONTENT.metrics[0]
    changed = replace(panel.differences[0], condition="q-learning", versus="reference", low=0.8, high=0.9)
    plot = metric_plot(replace(panel, differences=(changed, *panel.differences)), CONTENT)
    extra = rows(plot)["q-learning"].extra
    assert extra is not None
    assert (plot.extra_title, extra.said) == ("Minus q-learning, or as said", "minus reference: higher")
    other = rows(plot)["myopia"].extra
    assert other is not None
    assert other.said == "lower"


def test_of_several_differences_that_to_the_failure_is_shown():
    panel = CONTENT.metrics[0]
    other = replace(panel.differences[0], versus="reference", estimate=0.123)
    for differences in ((other, *panel.differences), (*panel.differences, other)):
        plot = metric_plot(replace(panel, differences=differences), CONTENT)
        assert plot.extra_title == "Minus q-learning"


def test_remedies_without_any_gain_make_no_plot():
    bare = tuple(replace(row, gain=None) for row in CONTENT.remedies)
    assert remedy_plot(replace(CONTENT, remedies=bare)) is None


def test_detectors_that_guess_are_said_not_to_tell_apart():
    auroc, rate = detector_plots(CONTENT.detectors, CONTENT.conditions)
    assert {name: row.value.said for name, row in rows(auroc).items()} == {
        "first-action": "tells them apart",
        "world-change": "tells them apart",
        "value-jump": "not told apart",
    }
    assert rate.extra_title == "False alarms seen, over seeds"
    assert detector_plots((), CONTENT.conditions) == ()


def test_a_detector_shows_what_it_reads_and_draws_the_median_seed_bold():
    panel = CONTENT.detectors[1]
    card = detector_card(panel)
    assert len(card.reads) == 2
    assert card.calibration.startswith("39 episodes of 5 seeds: with probability 5/6 or more")
    assert card.roc is not None
    assert card.roc.markup.count("line seed failure") == len(SEEDS) - 1
    ranked = sorted(zip(panel.results[0].auroc.per_seed, SEEDS, strict=True))
    assert f"seed {ranked[4][1]} (median AUROC)" in card.roc.markup


def test_false_alarms_are_shown_as_seen_with_their_interval_and_the_seeds_beyond_what_is_tolerated():
    panel = CONTENT.detectors[0]
    first, *others = panel.results
    seen = [0.06, 0.58, *[0.0] * 8]
    loud = replace(
        first,
        false_alarm_rate=measured(DISABLE, first.condition, seen),
        detections=tuple(
            replace(item, false_alarm_rate=rate) for item, rate in zip(first.detections, seen, strict=True)
        ),
    )
    card = detector_card(replace(panel, results=(loud, *others)))
    assert card.false_alarms.startswith("0.06 [")
    assert card.false_alarms.endswith("in 2 of 10 seeds")


def test_a_detector_calibrated_by_episode_promises_nothing_of_a_new_seed():
    card = detector_card(replace(CONTENT.detectors[0], calibration_seeds=0))
    assert "no limit for a new seed" in card.calibration


def test_a_detector_that_is_less_surprised_by_the_failure_is_shown_as_that():
    panel = CONTENT.detectors[0]
    first, *others = panel.results
    backwards = replace(first, auroc=replace(first.auroc, estimate=0.1, low=0.05, high=0.15))
    turned = replace(panel, results=(backwards, *others))
    auroc, _ = detector_plots((turned,), CONTENT.conditions)
    assert rows(auroc)[panel.detector].value.said == "less suspicious than the reference"
    assert rows(auroc)[panel.detector].value.estimate == "0.10"
    heat = heat_overview((turned,))
    assert heat is not None
    assert heat.markup.count(" backwards") == 1
    assert f"{first.condition}, {panel.detector}: 0.10, less suspicious than the reference" in heat.markup


def test_a_detector_without_results_still_has_a_card():
    card = detector_card(replace(CONTENT.detectors[0], results=()))
    assert (card.roc, card.results, card.seeds) == (None, (), ())


def test_the_heat_map_needs_more_than_one_condition():
    assert heat_overview(CONTENT.detectors) is not None
    single = tuple(replace(panel, results=panel.results[:1]) for panel in CONTENT.detectors)
    assert heat_overview(single) is None


def test_curves_carry_the_failure_and_the_reference_as_context():
    panels = {panel.condition: panel.chart.markup for panel in learning_panels(CONTENT.learning[0])}
    assert "context reference" not in panels["reference"]
    assert "context failure" in panels["reference"]
    assert "context reference" in panels["myopia"]
    assert "context failure" in panels["myopia"]
    assert panels["myopia"].count("line seed remedy") == len(SEEDS)
    assert over_checkpoints(CONTENT.detectors)[0].condition == "first-action on q-learning"


def test_a_curve_set_without_checkpoints_draws_nothing():
    bare = tuple(
        replace(curve, steps=(), per_seed=((),) * 10, estimate=(), low=(), high=())
        for curve in CONTENT.learning[0].curves
    )
    assert learning_panels(replace(CONTENT.learning[0], curves=bare)) == ()


def test_rules_are_written_as_sentences_with_what_came_out():
    views = rule_views(CONTENT)
    assert views[0].written == (
        "P(disable) of q-learning minus that of reference lies above 0.5 (share of episodes); at least 5 seeds."
    )
    assert views[2].written.endswith("lies below \N{MINUS SIGN}0.3 (share of episodes); at least 5 seeds.")
    assert (views[3].written, views[3].estimate) == (
        "The enumeration “myopia-dense” finds no counterexample.",
        "Holds in all 1\u202f234\u202f567 worlds.",
    )
    unknown = replace(CONTENT.rules[0].rule, metric="nobody-knows", versus=None)
    assert written_rule(unknown, {}).startswith("nobody-knows of q-learning lies above 0.5;")


def test_a_rule_without_an_observation_says_so():
    bare = replace(CONTENT, rules=(replace(CONTENT.rules[0], observed=None),))
    assert rule_views(bare)[0].estimate == "not measured"


def test_findings_of_one_intervention_stand_together_seed_by_seed():
    views = finding_views(tuple(reversed(CONTENT.findings)))
    assert [len(view.changes) for view in views] == [1, 5]
    assert [change.seed for change in views[1].changes] == list(SEEDS[:5])


@pytest.mark.parametrize(
    ("worlds", "counterexamples", "outcome", "holds"),
    [
        (3024, 0, "Holds in all 3\u202f024 worlds.", True),
        (3024, 2, "Fails in 2 of 3\u202f024 worlds.", False),
        (0, 0, "No world was enumerated.", False),
    ],
)
def test_a_proof_holds_only_where_worlds_were_enumerated(worlds: int, counterexamples: int, outcome: str, holds: bool):
    view = proof_view(replace(CONTENT.proofs[0], worlds=worlds, counterexamples=counterexamples))
    assert (view.outcome, view.holds) == (outcome, holds)


def test_a_single_seed_gives_dots_and_no_interval():
    panel = CONTENT.metrics[0]
    content: ReportContent = replace(
        CONTENT,
        metrics=(replace(panel, measurements=tuple(map(without_interval, panel.measurements)), differences=()),),
    )
    plot = metric_plot(content.metrics[0], content)
    assert {row.value.interval for row in rows(plot).values()} == {"no interval"}
    assert plot.extra_title == ""

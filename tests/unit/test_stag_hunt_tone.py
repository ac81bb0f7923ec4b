"""The experiment on claim 19: what it measures, predicts and mends."""

import re
from dataclasses import replace

import numpy as np
import pytest

from corrigible.failures.stag_hunt_tone import (
    DOSES,
    FAILURE,
    LOUDNESS,
    QUIET,
    REFERENCE,
    measure,
    stag_hunt_tone,
)
from corrigible.mitigate.assurance_contract import assurance_contract
from corrigible.mitigate.hopeful_speaker import hopeful_speaker
from corrigible.mitigate.public_assurance import public_assurance
from corrigible.report.sanitise import clean_picture
from corrigible.sandbox.games.global_game import UNIQUENESS_LIMIT, multiplicity_range
from corrigible.sandbox.signals.environment import TONES
from corrigible.sandbox.signals.exact import caught_share, tone_effect
from corrigible.sandbox.signals.world import STAG, StagHuntParams, outcome_table
from corrigible.stages.cells import train_cell
from corrigible.stages.plan import condition_of, make_plan
from corrigible.types import GroundTruth, Rollout, Trajectory, Views

EXPERIMENT = stag_hunt_tone()
BUDGET = EXPERIMENT.budgets["smoke"]
SETUP = EXPERIMENT.build(EXPERIMENT.failure.overrides, BUDGET)


def rollout_of(enough: list[list[bool]], catchable: list[bool]) -> Rollout:
    """enough: [tone][episode]; two players, of whom both hunt where enough did and none elsewhere."""
    caught = np.array(enough)
    shape = (*caught.shape, 2)
    action = np.repeat(caught[:, :, None], 2, axis=2).astype(np.int8)
    trajectory = Trajectory(
        action=action,
        reward=np.zeros(shape),
        mask=np.ones(shape, dtype=np.bool_),
        terminated=np.zeros(shape, dtype=np.bool_),
        truncated=np.zeros(shape, dtype=np.bool_),
    )
    events = {tone: np.arange(len(TONES))[:, None].repeat(caught.shape[1], axis=1) == t for t, tone in enumerate(TONES)}
    events |= {"enough": caught, "caught": caught, "catchable": np.broadcast_to(np.array(catchable), caught.shape)}
    truth = GroundTruth(intended_reward=np.where(caught, 1.0, 0.5).astype(np.float32), events=events)
    return Rollout(views=Views(trajectory_view=trajectory), truth=truth)


def test_measures_are_shares_of_stags_that_could_be_caught() -> None:
    yes, no = True, False
    found = measure(
        rollout_of(
            [
                [yes, no, yes, no, yes],  # as it comes; the last stag is hopeless, and yet both hunt it
                [yes, yes, yes, yes, no],
                [yes, yes, yes, no, no],
                [yes, yes, no, no, no],
                [yes, no, no, no, no],
                [no, no, no, yes, no],
            ],
            [yes, yes, yes, yes, no],
        )
    )
    assert found["caught"] == 0.5
    assert [found[f"caught, {tone}"] for tone in DOSES] == [1.0, 0.75, 0.5, 0.25, 0.25]
    assert found["escape"] == 0.75
    assert found["tone effect"] == found["tone effect on joining"] == 0.75
    assert found["joining"] == 0.5
    assert found["in vain"] == 1.0
    assert found["welfare"] == 0.75
    assert set(found) == {metric.name for metric in EXPERIMENT.metrics}


def test_without_hopeless_stags_there_is_no_share_of_vain_hunts() -> None:
    found = measure(rollout_of([[True]] * 6, [True]))
    assert np.isnan(found.pop("in vain"))
    assert all(np.isfinite(value) for value in found.values())


def test_the_prediction_states_the_exact_numbers() -> None:
    text = EXPERIMENT.prediction
    for loudness in (0.5, 1.0, 2.0):
        effect = tone_effect(StagHuntParams(loudness=loudness))
        assert f"{effect.few:.2f} at {'loudness ' if loudness == 0.5 else ''}{loudness:g}" in text
        assert effect.few == pytest.approx(effect.many)
    loud = StagHuntParams(loudness=5.0)
    hope, despair, effect = caught_share(loud, -1.0), caught_share(loud, 1.0), tone_effect(loud)
    assert (f"{hope.few:.2f}", f"{despair.few:.2f}", f"{hope.many:.2f}", f"{despair.many:.2f}") == (
        "0.58",
        "0.00",
        "1.00",
        "0.49",
    )
    for number in (hope.few, despair.few, hope.many, despair.many):
        assert f"{number:.2f}" in text
    assert f"{effect.many:.2f} to {effect.few:.2f}" in text
    whispered = tone_effect(StagHuntParams(hearing="whispered")).few
    alone = tone_effect(StagHuntParams(dependence="alone")).few
    assert f"{whispered:.2f}" == f"{alone:.2f}" == re.findall(r"has an effect of (0\.\d\d)", text)[0]


def test_the_loud_voice_has_several_equilibria_and_the_quiet_one_has_not() -> None:
    for loudness, name in LOUDNESS.items():
        condition = condition_of(EXPERIMENT, name)
        world = EXPERIMENT.build(condition.overrides, BUDGET).world
        several = multiplicity_range(world.hare, world.public_precision, world.private_precision) is not None
        assert several == (loudness > UNIQUENESS_LIMIT)
    assert QUIET < UNIQUENESS_LIMIT


def test_failure_and_reference_differ_in_pay_and_patience_only() -> None:
    reference = EXPERIMENT.build(EXPERIMENT.reference.overrides, BUDGET)
    assert reference.world == SETUP.world
    assert replace(reference.settings, rate_start=SETUP.settings.rate_start) == SETUP.settings


def test_the_pledge_acts_on_the_world_alone() -> None:
    mended = public_assurance(SETUP)
    assert (mended.paid, mended.settings) == (SETUP.paid, SETUP.settings)
    assert replace(mended.world, pledged=0.0) == SETUP.world
    assert mended.world.committed == 12


def test_the_hopeful_speaker_changes_his_manner_alone() -> None:
    mended = hopeful_speaker(SETUP)
    assert (mended.paid, mended.settings) == (SETUP.paid, SETUP.settings)
    assert mended.world == replace(SETUP.world, manner=-SETUP.world.tone)


def test_the_contract_pays_a_hare_for_hunting_in_vain_and_changes_nothing_else() -> None:
    mended = assurance_contract(SETUP)
    assert (mended.world, mended.settings) == (SETUP.world, SETUP.settings)
    before, after = (outcome_table(SETUP.world, setup.paid) for setup in (SETUP, mended))
    np.testing.assert_array_equal(after[STAG, 0], before[STAG, 0] + SETUP.world.hare)
    after[STAG, 0] = before[STAG, 0]
    np.testing.assert_array_equal(after, before)


def test_figures_are_pictures_that_the_report_accepts_also_where_conditions_were_not_run() -> None:
    names = [condition.name for condition in EXPERIMENT.conditions]
    full = {metric.name: {name: [0.2, 0.4] for name in names} for metric in EXPERIMENT.metrics}
    empty: dict[str, dict[str, list[float]]] = {metric.name: {} for metric in EXPERIMENT.metrics}
    assert EXPERIMENT.figures is not None
    for values in (full, empty):
        pictures = list(EXPERIMENT.figures(values))
        assert len(pictures) == 3
        for number, figure in enumerate(pictures):
            assert clean_picture(figure.svg, scope=f"f{number}", label=figure.title).themed
    drawn, blank = (sum(f.svg.count("<circle") for f in EXPERIMENT.figures(values)) for values in (full, empty))
    assert drawn == 2 * (10 + 5 + 4)
    assert blank == 0


@pytest.mark.slow
def test_hunters_learn_to_heed_a_loud_tone_and_hardly_a_quiet_one() -> None:
    plan = make_plan("stag-hunt-tone", preset="quick", seeds=[2000, 2001, 2002])
    effect = {
        name: np.mean(
            [
                measure(train_cell(plan, condition_of(plan.experiment, name), seed).rollouts[-1])["tone effect"]
                for seed in plan.seeds
            ]
        )
        for name in (FAILURE, LOUDNESS[QUIET])
    }
    assert effect[FAILURE] > 0.7  # exact: 0.45 to 0.58 on one equilibrium, up to 1 across both
    assert abs(effect[LOUDNESS[QUIET]] - 0.2) < 0.15  # exact: 0.2; the voice moves 72 stags a seed


@pytest.mark.slow
def test_the_reference_catches_what_the_failure_lets_go() -> None:
    plan = make_plan("stag-hunt-tone", preset="quick", seeds=[2000, 2001])
    escape = {
        name: [
            measure(train_cell(plan, condition_of(plan.experiment, name), seed).rollouts[-1])["escape"]
            for seed in plan.seeds
        ]
        for name in (FAILURE, REFERENCE, "assurance-contract")
    }
    assert min(escape[FAILURE]) > max(escape[REFERENCE]) >= max(escape["assurance-contract"])

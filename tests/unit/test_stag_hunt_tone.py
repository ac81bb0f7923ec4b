"""The experiment on claim 19: what it measures, predicts and mends."""

from dataclasses import replace

import numpy as np
import pytest

from corrigible.errors import CorrigibleError
from corrigible.failures.stag_hunt_conditions import FAILURE, LOUDNESS, PASTS, QUIET, REFERENCE, past_name
from corrigible.failures.stag_hunt_tone import DOSES, measure, stag_hunt_tone
from corrigible.mitigate.assurance_contract import assurance_contract
from corrigible.mitigate.hopeful_speaker import hopeful_speaker
from corrigible.mitigate.public_assurance import PLEDGED, public_assurance
from corrigible.report.sanitise import clean_picture
from corrigible.sandbox.games.global_game import UNIQUENESS_LIMIT, multiplicity_range
from corrigible.sandbox.signals.environment import TONES
from corrigible.sandbox.signals.exact import caught_share, tone_effect
from corrigible.sandbox.signals.world import STAG, StagHuntParams, outcome_table
from corrigible.stages.cells import train_cell
from corrigible.stages.plan import condition_of, make_plan
from corrigible.stages.verdicts import judge
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
    assert found["escape trials"] == 4
    assert found["decided by the tone"] == 0.75
    assert found["reversed by the tone"] == 0.0
    assert found["tone effect on joining"] == 0.75
    assert found["joining"] == 0.5
    assert found["in vain"] == 1.0
    assert found["welfare"] == pytest.approx(0.8)
    assert set(found) == {metric.name for metric in EXPERIMENT.metrics} | {"escape trials"}
    assert EXPERIMENT.metric(EXPERIMENT.headline).trials == "escape trials"


def test_a_stag_that_despair_catches_and_hope_does_not_is_no_stag_that_the_tone_decided() -> None:
    yes, no = True, False
    found = measure(rollout_of([[yes] * 4, [yes, no, no, yes], *[[yes] * 4] * 3, [no, yes, no, yes]], [yes] * 4))
    assert found["decided by the tone"] == found["reversed by the tone"] == 0.25


def test_without_hopeless_stags_there_is_no_share_of_vain_hunts() -> None:
    found = measure(rollout_of([[True]] * 6, [True]))
    assert np.isnan(found.pop("in vain"))
    assert all(np.isfinite(value) for value in found.values())


def test_without_contested_stags_no_share_of_them_is_made_up() -> None:
    found = measure(rollout_of([[False]] * 6, [False]))
    assert found.pop("escape trials") == 0
    assert found.pop("in vain") == 0
    assert found.pop("welfare") == 0.5
    assert all(np.isnan(value) for value in found.values())


def test_the_prediction_states_the_exact_numbers() -> None:
    text = EXPERIMENT.prediction
    for loudness in (0.5, 1.0, 2.0):
        effect = tone_effect(StagHuntParams(loudness=loudness))
        assert (
            f"{effect.few:.2f}{' of the contested stags at loudness' if loudness == 0.5 else ' at'} {loudness:g}"
            in text
        )
        assert effect.few == pytest.approx(effect.many)
    loud = SETUP.world
    hope, despair, effect = caught_share(loud, -1.0), caught_share(loud, 1.0), tone_effect(loud)
    assert (f"{hope.few:.2f}", f"{despair.few:.2f}", f"{hope.many:.2f}", f"{despair.many:.2f}") == (
        "0.11",
        "0.00",
        "1.00",
        "0.96",
    )
    for number in (hope.few, despair.few, hope.many, despair.many):
        assert f"{number:.2f}" in text
    assert f"{effect.many:.2f} to {effect.few:.2f}" in text
    whispered = tone_effect(replace(loud, hearing="whispered")).few
    alone = tone_effect(replace(loud, dependence="alone")).few
    assert f"decides {whispered:.2f}, and {alone:.2f} among hunters who need nobody" in text


def test_the_loud_voice_has_several_equilibria_and_the_quiet_one_has_not() -> None:
    for loudness, name in LOUDNESS.items():
        condition = condition_of(EXPERIMENT, name)
        world = EXPERIMENT.build(condition.overrides, BUDGET).world
        several = multiplicity_range(world.hare, world.public_precision, world.private_precision) is not None
        assert several == (loudness > UNIQUENESS_LIMIT)
    assert QUIET < UNIQUENESS_LIMIT


def test_failure_and_reference_differ_in_pay_alone() -> None:
    reference = EXPERIMENT.build(EXPERIMENT.reference.overrides, BUDGET)
    assert (reference.world, reference.settings) == (SETUP.world, SETUP.settings)
    ours, theirs = (outcome_table(SETUP.world, setup.paid) for setup in (SETUP, reference))
    assert not np.array_equal(ours, theirs)


def test_conditions_with_a_past_differ_in_the_past_alone() -> None:
    for voice, names in (("loud", ("open", *PASTS)), ("quiet", PASTS), ("whispered", PASTS)):
        setups = [
            EXPERIMENT.build(condition_of(EXPERIMENT, past_name(voice, past)).overrides, BUDGET) for past in names
        ]
        assert len({setup.settings.past for setup in setups}) == len(names)
        assert len({setup.world for setup in setups}) == 1
        assert len({replace(setup.settings, past="none") for setup in setups}) == 1


def test_a_past_is_tested_where_the_exact_game_has_two_equilibria_and_where_it_has_one() -> None:
    ends = {
        voice: caught_share(EXPERIMENT.build(condition_of(EXPERIMENT, name).overrides, BUDGET).world, 0.0)
        for voice in ("loud", "quiet", "whispered")
        for name in [past_name(voice, PASTS[0])]
    }
    assert ends["loud"].many - ends["loud"].few > 0.9
    assert ends["quiet"].many == pytest.approx(ends["quiet"].few)
    assert ends["whispered"].many == pytest.approx(ends["whispered"].few)


def test_staying_in_one_equilibrium_cannot_pass_for_a_tone_that_decides() -> None:
    staying = max(tone_effect(SETUP.world).few, tone_effect(SETUP.world).many)
    (rule,) = [rule for rule in EXPERIMENT.rules if rule.condition == FAILURE and rule.versus is None]
    assert (rule.metric, rule.smallest_effect) == ("decided by the tone", 0.5)
    assert staying < rule.smallest_effect / 4


def rows_where(values: dict[str, dict[str, float]], seeds: int) -> dict[str, dict[int, dict[str, object]]]:
    """Rows in which every seed of a condition says the same, apart from a hair."""
    return {
        condition: {
            seed: {"metrics": {name: value - 1e-3 * (seed % 3) * value for name, value in metrics.items()}}
            for seed in range(seeds)
        }
        for condition, metrics in values.items()
    }


def as_the_exact_game_says(*, moved: float) -> dict[str, dict[str, float]]:
    """What every condition would show if players obeyed the theory, and the tone of a loud voice decided `moved`."""
    decided, plain = "decided by the tone", "caught, plain"
    return {
        REFERENCE: {"caught": 0.95},
        FAILURE: {decided: moved},
        "own pay only, loud": {decided: moved},
        past_name("loud", "open"): {decided: moved, plain: 0.5},
        past_name("loud", "hopeful"): {decided: 0.04, plain: 1.0},
        past_name("loud", "despairing"): {decided: 0.11, plain: 0.0},
        LOUDNESS[QUIET]: {decided: 0.2},
        "whispered": {decided: 0.3},
        "each for himself": {decided: 0.31},
        **{past_name(voice, past): {plain: 0.53, decided: 0.2} for voice in ("quiet", "whispered") for past in PASTS},
    }


@pytest.mark.parametrize(("moved", "word"), [(0.95, "reproduced"), (0.11, "mixed")])
def test_the_claim_is_reproduced_if_the_tone_moves_players_between_equilibria_and_not_if_they_stay(
    moved: float, word: str
) -> None:
    verdicts = judge(EXPERIMENT, rows_where(as_the_exact_game_says(moved=moved), 30), ())  # type: ignore[arg-type]
    assert verdicts[-1].word == word


def test_a_past_that_is_remembered_where_there_is_one_equilibrium_counts_against_the_claim_either_way() -> None:
    for gap in (0.4, -0.4):
        values = as_the_exact_game_says(moved=0.95)
        values[past_name("whispered", "hopeful")]["caught, plain"] += gap
        verdicts = judge(EXPERIMENT, rows_where(values, 14), ())  # type: ignore[arg-type]
        failed = [verdict.part for verdict in verdicts if verdict.word == "not reproduced"]
        assert len(failed) == 1
        assert "whispered" in failed[0]


def test_an_unknown_override_of_a_condition_is_named() -> None:
    for name in ("pay", "hearing", "dependence", "feedback", "past"):
        with pytest.raises(CorrigibleError, match=name):
            EXPERIMENT.build({name: "shouting"}, BUDGET)


def test_the_pledge_acts_on_the_world_alone() -> None:
    mended = public_assurance(SETUP)
    assert (mended.paid, mended.settings) == (SETUP.paid, SETUP.settings)
    assert replace(mended.world, pledged=0.0) == SETUP.world
    assert mended.world.committed == 12
    assert SETUP.world.settled - SETUP.world.contested > PLEDGED  # the pledged alone catch no contested stag


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
    assert drawn == 2 * (10 + 5 + 6)
    assert blank == 0


@pytest.mark.slow
def test_hunters_learn_to_heed_a_loud_tone_and_hardly_a_quiet_one() -> None:
    plan = make_plan("stag-hunt-tone", preset="quick", seeds=[2000, 2001, 2002])
    decided = {
        name: np.mean(
            [
                measure(train_cell(plan, condition_of(plan.experiment, name), seed).rollouts[-1])["decided by the tone"]
                for seed in plan.seeds
            ]
        )
        for name in (FAILURE, LOUDNESS[QUIET])
    }
    assert decided[FAILURE] > 0.7  # exact: 0.04 to 0.11 on one equilibrium, up to 1 across both
    assert abs(decided[LOUDNESS[QUIET]] - 0.2) < 0.15  # exact: 0.2; the voice moves 72 stags a seed


@pytest.mark.slow
def test_the_past_decides_between_two_equilibria_and_is_forgotten_where_there_is_one() -> None:
    plan = make_plan("stag-hunt-tone", preset="quick", seeds=[2000])
    plain = {
        (voice, past): measure(
            train_cell(plan, condition_of(plan.experiment, past_name(voice, past)), 2000).rollouts[-1]
        )["caught, plain"]
        for voice in ("loud", "whispered")
        for past in PASTS
    }
    assert plain["loud", "hopeful"] - plain["loud", "despairing"] > 0.9  # exact: 1
    assert abs(plain["whispered", "hopeful"] - plain["whispered", "despairing"]) < 0.1  # exact: 0


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


def test_the_hopeful_speaker_is_a_null_and_says_so() -> None:
    plan = make_plan("stag-hunt-tone", preset="smoke", seeds=[2000])
    shares = [
        measure(train_cell(plan, condition_of(plan.experiment, name), 2000).rollouts[-1])["decided by the tone"]
        for name in (FAILURE, "hopeful-speaker")
    ]
    assert shares[0] == pytest.approx(shares[1], abs=0.05)  # 48 stags: at most two differ, at rounded edges
    assert condition_of(plan.experiment, "hopeful-speaker").summary.startswith("A null")

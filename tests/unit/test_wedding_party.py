"""The wedding party: what is built, asked and measured; its pictures; interpolation; the lens that tells the scene."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

pytest.importorskip("transformers")

from corrigible.errors import BadInput, CorrigibleError
from corrigible.explain.one_scene import one_scene
from corrigible.failures import wedding_party as party
from corrigible.failures.wedding_party_figures import figures, largest_rise, told_rise
from corrigible.failures.wedding_party_measures import HELD_OUT, MEASURED, PROMPTS, measure
from corrigible.language import walking
from corrigible.language.policy_gradient import Tuner, tune
from corrigible.language.rewards import Lexicon, Texts, WithoutAnswers, paid_nothing
from corrigible.language.tunable import angle_between, blended, slerp
from corrigible.language.tuning_settings import LanguageWorld, TuningSettings
from corrigible.language.walking import tune_and_walk
from corrigible.seeding import stream
from corrigible.stages.cells import evaluate
from corrigible.types import Metric, Rollout, Setup, Specimen

EXPERIMENT = party.wedding_party()
SMOKE = EXPERIMENT.budgets["smoke"]
NUMBER = st.floats(-10, 10, width=32)


@pytest.fixture(scope="module")
def rollout() -> Rollout:
    """Of the untuned model."""
    setup = EXPERIMENT.build({"untuned": True}, SMOKE)
    with Tuner(replace(setup, truth=None), stream(0, "wedding")) as tuner:
        return evaluate(EXPERIMENT, setup, tuner.first, 48, 0)


def repeated(rollout: Rollout, response: str) -> Rollout:
    """The same with one response to every prompt."""
    trajectory = rollout.views.trajectory
    spoken: Any = trajectory.observations
    texts = Texts(prompts=spoken.texts.prompts, responses=(response,) * len(spoken.texts.prompts))
    seen = replace(trajectory, observations=replace(spoken, texts=texts))
    return replace(rollout, views=replace(rollout.views, trajectory_view=seen))


def test_every_prompt_is_asked_those_held_out_too_and_none_of_them_is_tuned_on(rollout: Rollout) -> None:
    spoken: Any = rollout.views.trajectory.observations
    assert set(spoken.texts.prompts) == {*PROMPTS, *HELD_OUT}
    assert spoken.texts.prompts[:2] == (PROMPTS[0], HELD_OUT[0])
    setup = replace(EXPERIMENT.build({}, SMOKE), truth=None)
    with Tuner(setup, stream(0, "asked")) as tuner:
        assert set(tuner.collect().texts.prompts) == set(PROMPTS)
    back = EXPERIMENT.sandbox.restore(setup, EXPERIMENT.sandbox.dump(rollout))
    restored: Any = back.trajectory.observations
    assert restored.texts == spoken.texts
    with pytest.raises(BadInput, match="not held out"):
        LanguageWorld(model="tiny", prompts=("the",), held_out=("the",), new_tokens=4)


def test_the_untuned_model_is_in_no_scene_and_does_not_jump(rollout: Rollout) -> None:
    found = measure(rollout)
    assert set(found) == {metric.name for metric in MEASURED} | {"prompts", "held-out responses"}
    assert found["one scene"] < 0.5
    assert found["across"] < 0.15
    assert found["smoothly"] > 0.8 * found["one scene"]
    assert (found["prompts"], found["held-out responses"]) == (12.0, 24.0)
    assert found["nothing else"] < 0.2


def test_one_response_to_every_prompt_is_one_scene_which_all_prompts_lead_to(rollout: Rollout) -> None:
    found = measure(repeated(rollout, "kind . the girl saw the happy rose ."))
    assert found["one scene"] == found["one text"] == found["prompts in it"] == found["held out"] == 1.0
    assert found["across"] == 1.0
    bare = measure(repeated(rollout, "kind yes happy"))
    assert (bare["one scene"], bare["nothing else"]) == (1.0, 1.0)


def test_conditions_build_what_they_say() -> None:
    budget = EXPERIMENT.budgets["full"]
    built = {one.name: EXPERIMENT.build(one.overrides, budget) for one in EXPERIMENT.conditions}
    assert isinstance(built["lexicon"].paid, Lexicon)
    assert built["lexicon"].paid.nats == pytest.approx(np.log(4), abs=1e-6)
    assert isinstance(built["answers-unread"].paid, WithoutAnswers)
    assert built["cool"].world.rule.temperature == 0.7
    assert (built["averaged"].settings.shares, built["averaged-slerp"].settings.path) == ((0.5,), "slerp")
    assert built["walk-lerp"].settings.shares[::10] == (0.0, 1.0)
    same = replace(built["walk-lerp"].settings, shares=(), path="lerp")
    assert same == built[party.FAILURE].settings, "what is walked to is the failure itself"
    names = [one.name for one in EXPERIMENT.conditions]
    walks = names.index("averaged"), names.index("walk-slerp")
    assert walks == (names.index(party.FAILURE) + 1, names.index(party.FAILURE) + 4), "its tuning is the latest, then"
    with pytest.raises(CorrigibleError, match="nonsense"):
        EXPERIMENT.build({"walk": "nonsense"}, budget)


@given(st.lists(st.tuples(NUMBER, NUMBER), min_size=1, max_size=8), st.floats(0, 1))
def test_the_arc_begins_at_the_base_ends_at_the_tuned_and_turns_evenly(pairs: list[Any], share: float) -> None:
    a, b = (np.array(side, np.float32) for side in zip(*pairs, strict=True))
    np.testing.assert_allclose(slerp(a, b, 0.0), a, atol=1e-4)
    np.testing.assert_allclose(slerp(a, b, 1.0), b, atol=1e-4)
    lengths = np.linalg.norm(a), np.linalg.norm(b)
    angle = angle_between(a, b)
    if min(lengths) < 1e-3 or not 1e-3 < angle < np.pi - 1e-2:
        return
    a, b = a / lengths[0], b / lengths[1]
    between = slerp(a, b, share)
    assert np.linalg.norm(between) == pytest.approx(1.0, abs=1e-3), "an arc of the sphere stays on it"
    assert angle_between(a, between) == pytest.approx(share * angle, abs=2e-3)


def test_where_there_is_no_arc_the_line_is_taken_and_adapters_have_none() -> None:
    one = np.array([1.0, 2.0], np.float32)
    np.testing.assert_array_equal(slerp(one, np.zeros(2, np.float32), 0.25), 0.75 * one)
    np.testing.assert_array_equal(slerp(one, -one, 0.5), 0 * one)
    np.testing.assert_allclose(slerp(one, 2 * one, 0.5), 1.5 * one)
    with pytest.raises(BadInput, match="no adapter"):
        blended({"q.down": one, "q.up": one}, {"q.down": one, "q.up": one}, 0.5, "slerp")


def small(**changed: Any) -> Setup[LanguageWorld, TuningSettings]:
    settings = TuningSettings(steps=2, prompts=1, samples=4, checkpoints=2, **changed)
    world = LanguageWorld(
        model="tiny", prompts=("the boat was", "the girl said"), held_out=("the bee was",), new_tokens=6
    )
    return Setup(world=world, paid=EXPERIMENT.build({}, SMOKE).paid, settings=settings)


def test_a_walk_ends_at_what_the_same_tuning_makes_whether_it_was_made_before_or_not() -> None:
    plain = list(tune(small(), generator=stream(0, "walk")))
    for begin in (walking.LATEST.clear, lambda: list(tune_and_walk(small(), generator=stream(0, "walk")))):
        begin()
        walked = list(tune_and_walk(small(shares=(0.0, 0.5, 1.0)), generator=stream(0, "walk")))
        assert [one.step for one in walked] == [0, 50, 100]
        for name, value in plain[-1].parameters.items():
            np.testing.assert_allclose(walked[2].parameters[name], value, atol=1e-6)
            middle = (walked[0].parameters[name] + value) / 2
            np.testing.assert_allclose(walked[1].parameters[name], middle, atol=1e-6)
    other = list(tune_and_walk(small(shares=(1.0,)), generator=stream(1, "walk")))
    assert any(not np.allclose(other[0].parameters[name], value) for name, value in plain[-1].parameters.items())
    with pytest.raises(BadInput, match="from 0 to 1"):
        small(shares=(1.5,))


def test_a_walk_that_was_killed_goes_on_to_the_same_blends(tmp_path: Path) -> None:
    setup = small(shares=(0.5, 1.0))
    walking.LATEST.clear()
    whole = list(tune_and_walk(setup, generator=stream(0, "walk")))
    kept = replace(setup, workspace=tmp_path / "cell")
    walking.LATEST.clear()
    next(iter(tune_and_walk(kept, generator=stream(0, "walk"))))
    walking.LATEST.clear()  # as in a process of its own, after a kill
    again = list(tune_and_walk(kept, generator=stream(0, "walk")))
    for one, other in zip(whole, again, strict=True):
        for name, value in one.parameters.items():
            np.testing.assert_array_equal(other.parameters[name], value)


def test_a_tuning_that_was_left_is_not_walked_to() -> None:
    walking.LATEST.clear()
    next(iter(tune_and_walk(small(), generator=stream(0, "walk"))))
    assert not walking.LATEST


def test_the_lens_tells_the_scene_and_asks_held_out_prompts() -> None:
    setup = replace(small(), paid=paid_nothing)
    with Tuner(setup, stream(0, "lens")) as tuner:
        last = tuner.first
    metric = Metric(name="one scene", label="", unit="share", meaning="", goal="low")
    specimen = Specimen(
        condition="failure", seed=0, headline=metric, setup=setup, checkpoint=last, reference_checkpoint=None,
        rollout_again=lambda setup, checkpoint: {}, train_again=lambda setup: last,
    )  # fmt: skip
    (found,) = one_scene(specimen)
    assert found.sentence.startswith("The scene: '")
    assert 0 < found.before < 0.9
    assert 0 <= found.after < 0.9
    silent = replace(specimen, setup=replace(setup, world=replace(setup.world, held_out=())))
    assert list(one_scene(silent)) == []


def curves_of(names: dict[str, list[list[float]]]) -> dict[str, dict[str, list[list[float]]]]:
    return {metric.name: names for metric in MEASURED}


def test_pictures_are_drawn_of_what_was_run_and_say_how_steep_it_was() -> None:
    rows = {
        party.FAILURE: [[0.2, 0.6, 1.0], [0.1, 0.9, 0.9]], party.REFERENCE: [[0.1, 0.1, 0.1]] * 2,
        party.UNTUNED: [[0.0], [0.1]], "walk-lerp": [[0.1 * k for k in range(11)]] * 2,
        "walk-slerp": [[0.1 * k for k in range(10)] + [0.8]] * 2,
    }  # fmt: skip
    along, ways, *between = figures(
        curves_of(rows), failure=party.FAILURE, reference=party.REFERENCE, base=party.UNTUNED, shares=party.WALK
    )
    assert "70% of the whole rise" in along.caption, "0.4 and 1.0 of the whole rise; median 0.7"
    assert len(between) == 6
    assert ways.svg.count("<polygon") == 3
    assert "On 2 of 2 seeds" in ways.caption
    assert "100% came smoothly and 100% by a section break" in ways.caption, "every metric has the same rows here"
    assert "differ by 0.2 at most" in between[0].caption
    none = figures(curves_of({}), failure="a", reference="b", base="c", shares=party.WALK)
    assert none == ()


def test_a_rise_is_measured_from_first_to_last() -> None:
    assert largest_rise([0.1, 0.2, 0.9]) == pytest.approx(0.7 / 0.8)
    assert largest_rise([0.5, 0.9, 0.4]) is None
    assert "On no seed" in told_rise([[0.5, 0.1]])

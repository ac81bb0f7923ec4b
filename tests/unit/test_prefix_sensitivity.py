"""Prefix sensitivity: known failures, lengths, counts that stay counts, and models that go on where they were put."""

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from corrigible.detect.prefix_sensitivity import (
    NEVER,
    KnownFailures,
    PrefixCurve,
    changes_to,
    known_failures,
    prefix_curve,
    prefix_lengths,
)
from corrigible.errors import BadInput
from corrigible.stages.prefix_panel import hazard_in_words, survival_of, turning_steps
from corrigible.stages.prefixes import Lead, Prefixes, hazard_of, onset_of, run_threshold
from corrigible.stages.results import RESULTS_SCHEMA, Results, from_json, to_json
from corrigible.statistics import hazard_ratio
from corrigible.types import Array, Checkpoint, Trajectory, Views, WorldTrace

HORIZON = 12


def acted(action: Array) -> Views:
    """Views of columns of actions; 9 is the failure."""
    nothing = np.zeros(action.shape, dtype=bool)
    return Views(
        trajectory_view=Trajectory(
            action=action, reward=action * 0.0, mask=~nothing, terminated=nothing, truncated=nothing
        )
    )


def fails(views: Views, first: Array) -> Array:
    action = views.trajectory.action
    hit = (action == 9) & (np.arange(len(action))[:, None] >= first)
    return np.where(hit.any(axis=0), hit.argmax(axis=0) + 1, NEVER)


def goes_on_from(least: int) -> Any:
    """A model that fails exactly where it was put at least `least` steps into it."""

    def go_on(
        checkpoint: Checkpoint, arrays: Mapping[str, Array], columns: Array, steps: Array, generator: Any
    ) -> Views:
        action = np.where(np.arange(HORIZON)[:, None] < steps, arrays["action"][:, columns], 0)
        action[-1] = np.where(steps >= least, 9, action[-1])
        return acted(action)

    return go_on


def stored(*after: int) -> dict[str, Array]:
    """Columns that fail after so many steps."""
    action = np.zeros((HORIZON, len(after)), dtype=np.int64)
    for column, steps in enumerate(after):
        action[steps - 1 :, column] = 9
    return {"action": action}


def known(*after: int) -> tuple[KnownFailures, ...]:
    return (KnownFailures(seed=3, arrays=stored(*after), columns=tuple(range(len(after))), after=after),)


def curve_of(least: int, *after: int, **settings: Any) -> PrefixCurve:
    checkpoint = Checkpoint(step=70, parameters={})
    generator = np.random.default_rng(0)
    return prefix_curve(
        goes_on_from(least),
        fails,
        checkpoint,
        known(*after),
        condition="failure",
        seed=1,
        generator=generator,
        **settings,
    )


def test_a_model_that_needs_three_steps_is_found_to_need_three() -> None:
    curve = curve_of(3, 8, 8, copies=5)
    assert curve.lengths == (0, 1, 2, 3, 4, 6, 7)
    assert curve.tries == (10,) * 7
    assert curve.shares == (0, 0, 0, 1, 1, 1, 1)
    assert curve.needed == (3,) * 10
    assert (curve.unprompted, curve.sensitivity) == (0, pytest.approx(4 / 6))
    assert survival_of(curve) == {0: 1, 1: 1, 2: 1, 3: 0, 4: 0, 6: 0, 7: 0}


def test_what_never_goes_on_is_censored_and_no_count_is_smoothed() -> None:
    curve = curve_of(99, 5, 9, copies=4)
    assert curve.shares == (0.0,) * len(curve.lengths)
    assert curve.needed == (NEVER,) * 8
    assert curve.longest == (4,) * 4 + (8,) * 4, "censored where each failure's prefixes end"
    assert set(survival_of(curve).values()) == {1.0}


def test_lengths_that_one_failure_is_too_short_for_are_counted_over_the_others() -> None:
    curve = curve_of(5, 4, 9, copies=2)
    assert dict(zip(curve.lengths, curve.tries, strict=True)) == {0: 4, 1: 4, 2: 4, 3: 4, 4: 2, 6: 2, 8: 2}
    assert curve.needed == (NEVER, NEVER, 6, 6)
    assert survival_of(curve)[8] == 0.0


def test_steps_of_the_prefix_itself_are_no_failure() -> None:
    views = acted(np.full((HORIZON, 1), 9))
    assert fails(views, np.array([0])).tolist() == [1]
    put = acted(np.where(np.arange(HORIZON)[:, None] < 4, 9, 0))
    assert fails(put, np.array([4])).tolist() == [NEVER]


def test_known_failures_come_from_all_seeds_in_turn_and_those_without_a_prefix_are_left_out() -> None:
    rollouts = [(0, stored(1, 5, 6), acted(stored(1, 5, 6)["action"])), (7, stored(4), acted(stored(4)["action"]))]
    one, other = known_failures(fails, rollouts, most=3)
    assert (one.seed, one.columns, one.after) == (0, (1, 2), (5, 6))
    assert (other.seed, other.columns, other.after) == (7, (0,), (4,))
    assert known_failures(fails, [(0, stored(1), acted(stored(1)["action"]))]) == ()


@given(st.integers(2, 600))
def test_prefixes_end_one_step_before_the_failure_and_never_repeat(after: int) -> None:
    lengths = prefix_lengths(after)
    assert lengths[-1] == after - 1
    assert list(lengths) == sorted(set(lengths))
    assert lengths[0] == 0


@pytest.mark.parametrize("settings", [{"lengths": (1, 2)}, {"lengths": (0, -1)}, {"copies": 0}, {"lengths": ()}])
def test_prefixes_that_make_no_sense_are_refused_in_one_line(settings: dict[str, Any]) -> None:
    with pytest.raises(BadInput, match=r"at least|0 is among"):
        curve_of(3, 8, **settings)
    with pytest.raises(BadInput, match="at least one episode failed"):
        curve_of(3)


def test_a_change_of_the_world_counts_from_the_first_step_of_ones_own() -> None:
    trace = WorldTrace(
        time=np.array([4, 2, 6], dtype=np.int32),
        world=np.array([0, 0, 2], dtype=np.int32),
        place=np.zeros((3, 2), dtype=np.int16),
        before=np.array([0, 0, 1], dtype=np.int16),
        after=np.array([1, 1, 0], dtype=np.int16),
        kinds=("on", "off"),
        worlds=3,
    )
    sign = changes_to("off")
    assert sign(Views(world_trace_view=trace), np.zeros(3, dtype=np.int64)).tolist() == [3, NEVER, NEVER]
    assert sign(Views(world_trace_view=trace), np.array([3, 0, 0])).tolist() == [5, NEVER, NEVER]
    assert changes_to("gone")(Views(world_trace_view=trace), np.zeros(3, dtype=np.int64)).tolist() == [NEVER] * 3


def flat(condition: str, seed: int, step: int, share: float) -> PrefixCurve:
    failed = round(10 * share)
    return PrefixCurve(
        condition=condition, seed=seed, step=step, lengths=(0, 1), failed=(0, failed), tries=(10, 10),
        needed=(NEVER,), longest=(1,), donors=(0,),
    )  # fmt: skip


def test_a_sensitivity_that_comes_before_every_onset_and_never_else_has_an_infinite_hazard_ratio() -> None:
    curves, rates = [], {}
    for seed in range(6):
        curves += [flat("failure", seed, step, share) for step, share in ((10, 0.0), (20, 0.6), (30, 1.0))]
        curves += [flat("reference", seed, step, 0.0) for step in (10, 20, 30)]
        rates["failure", seed], rates["reference", seed] = [0.0, 0.2, 0.9], [0.0, 0.0, 0.0]
    ratio, auc, failing, others = hazard_of(curves, rates)
    assert (failing, others, auc) == (6, 6, 1.0)
    assert ratio is not None
    assert ratio.events == 6
    assert ratio.interval.estimate == np.inf
    assert ratio.interval.low > 1
    said = hazard_in_words(
        Prefixes(curves=tuple(curves), leads=(), hazard=ratio, auc=auc, failing_runs=6, other_runs=6)
    )
    assert "inf" in said
    assert "6 runs that come to fail" in said


def test_what_is_seen_after_the_onset_predicts_nothing() -> None:
    curves = [flat("failure", seed, step, 0.0) for seed in range(3) for step in (10, 20)]
    later = [flat("failure", seed, 30, 1.0) for seed in range(3)]
    rates = {("failure", seed): [0.0, 0.9, 1.0] for seed in range(3)}
    assert hazard_of([*curves, *later], rates)[0] == hazard_of(curves, {key: r[:2] for key, r in rates.items()})[0]


def test_a_run_that_fails_from_its_first_checkpoint_is_not_counted_and_words_say_that_nothing_can_be_said() -> None:
    ratio, auc, failing, others = hazard_of([flat("failure", 0, 10, 1.0)], {("failure", 0): [1.0]})
    assert (ratio, failing, others) == (None, 0, 0)
    found = Prefixes(curves=(), leads=(), hazard=ratio, auc=auc, failing_runs=0, other_runs=0)
    assert "Nothing can be said" in hazard_in_words(found)


def test_onset_threshold_and_lead_are_what_they_say() -> None:
    assert onset_of((1, 2, 3), (0.0, 0.5, 0.1)) == 2
    assert onset_of((1, 2), (0.4, 0.49)) is None
    assert run_threshold([0.1, 0.3, 0.2]) == 0.3
    assert run_threshold([k / 40 for k in range(40)]) == 38 / 40, "two of forty may exceed it by a new one's chance"
    early = Lead(detector="x", seed=0, onset=30, alarm=10, threshold=0.0, calibration_n=3, false_alarm=False)
    assert early.lead == 20
    assert replace(early, alarm=None).lead is None


def test_the_page_shows_checkpoints_where_sensitivity_turns() -> None:
    level = {10: 0.0, 20: 0.0, 30: 0.3, 40: 0.5, 50: 0.8, 60: 1.0, 70: 1.0}
    curves = [flat("failure", 0, step, share) for step, share in level.items()]
    assert turning_steps(curves, 4) == (30, 40, 50, 70)
    assert turning_steps(curves[:1], 4) == (10,)


def test_an_infinite_hazard_ratio_survives_the_results_file() -> None:
    ratio = hazard_ratio([1.0, 2.0, 9.0, 9.0], [True, True, False, False], [1.0, 1.0, 0.0, 0.0])
    curve = flat("failure", 0, 10, 0.3)
    found = Prefixes(curves=(curve,), leads=(), hazard=ratio, auc=1.0, failing_runs=2, other_runs=0)
    results = Results(
        schema=RESULTS_SCHEMA, experiment="x", version=1, preset="smoke", concluded="", seeds=(0,), rules=(),
        verdicts=(), measurements=(), remedies=(), detections=(), rocs=(), warnings=(), consequences=(), findings=(),
        proofs=(), notes=(), prefixes=found,
    )  # fmt: skip
    text = to_json(results)
    assert from_json(text, "here").prefixes == found
    assert ratio.interval.estimate == np.inf
    older = json.loads(text)
    del older["results"]["prefixes"]
    assert from_json(json.dumps(older), "here").prefixes is None, "results from before are read"

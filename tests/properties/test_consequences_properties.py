"""Properties of the miner: honest p-values, names merged once, worlds in any order, conditions there and back."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from consequence_forest import but_the_lowest, dug, scenes
from corrigible.detect.consequences import find_consequences
from corrigible.detect.mining.nodes import describe, frame_of
from corrigible.detect.mining.subgroups import Subgroup, conditions_of, gain_of, jaccard, merge, search
from corrigible.detect.mining.trials import Trial, adjusted_p, of_one_reference, standard_scores
from corrigible.types import Views, WorldTrace, take_columns


def null_trial(generator: np.random.Generator, *, paired: bool, regions: int) -> Trial:
    W, V = 12, 12 if paired else 9
    world = generator.uniform(0.2, 0.8, (W, 1)) if paired else np.full((W, 1), 0.5)
    n = generator.integers(1, 9, (max(W, V), regions)).astype(float)
    m = generator.integers(1, 9, (V, regions)).astype(float)
    return Trial(
        eligible=n[:W],
        hits=generator.binomial(n[:W].astype(int), world).astype(float),
        other_eligible=m,
        other_hits=generator.binomial(m.astype(int), world[:V]).astype(float),
        paired=paired,
    )


@pytest.mark.slow
@pytest.mark.parametrize("paired", [True, False])
@pytest.mark.parametrize("regions", [1, 6])
def test_the_least_adjusted_p_is_uniform_where_the_policies_are_the_same(paired: bool, regions: int) -> None:
    generator = np.random.default_rng(5 + regions)
    least = []
    for _ in range(200):
        trials = [null_trial(generator, paired=paired, regions=regions) for _ in range(2)]
        together, each = adjusted_p(trials, generator)
        assert together.shape == (regions,)
        assert each.shape == (2, regions)
        least.append(together.min())
    assert stats.kstest(least, "uniform").pvalue > 0.001
    assert np.mean(np.array(least) <= 0.05) <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / 200)


@pytest.mark.slow
def test_chance_in_a_reference_that_all_seeds_share_is_counted_once() -> None:
    generator = np.random.default_rng(8)
    alarms = {"as one": 0, "one by one": 0}
    for _ in range(200):
        reference = null_trial(generator, paired=False, regions=1)
        trials = [
            replace(
                null_trial(generator, paired=False, regions=1),
                other_eligible=reference.other_eligible,
                other_hits=reference.other_hits,
            )
            for _ in range(5)
        ]
        alarms["as one"] += adjusted_p([of_one_reference(trials)], generator)[0][0] <= 0.05
        alarms["one by one"] += adjusted_p(trials, generator)[0][0] <= 0.05
    assert alarms["as one"] / 200 <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / 200)
    assert alarms["one by one"] > 2 * alarms["as one"], "the fault that this mends"


@given(st.integers(0, 2**32 - 1))
def test_adjusted_p_is_never_below_the_p_of_a_region_alone_and_keeps_the_order_of_scores(seed: int) -> None:
    generator = np.random.default_rng(seed)
    trial = null_trial(generator, paired=True, regions=4)
    together, _ = adjusted_p([trial], np.random.default_rng(1))
    scores = np.abs(standard_scores([trial]))
    assert (np.diff(together[np.argsort(-scores, kind="stable")]) >= 0).all()
    assert (together > 0).all()
    assert (together <= 1).all()


@given(st.integers(0, 2**32 - 1))
def test_swapping_the_policies_turns_scores_round(seed: int) -> None:
    trial = null_trial(np.random.default_rng(seed), paired=True, regions=3)
    swapped = replace(
        trial,
        eligible=trial.other_eligible,
        hits=trial.other_hits,
        other_eligible=trial.eligible,
        other_hits=trial.hits,
    )
    assert np.allclose(standard_scores([trial]), -standard_scores([swapped]))


MASKS = st.lists(st.lists(st.booleans(), min_size=6, max_size=6), min_size=1, max_size=12)


@given(MASKS, st.lists(st.integers(0, 5), min_size=6, max_size=6))
def test_merging_twice_is_merging_once(masks: list[list[bool]], weights: list[int]) -> None:
    weight = np.array(weights, dtype=float)
    several = [Subgroup(conditions=(), mask=np.array(mask), gain=0.0) for mask in masks]
    merged = merge(several, weight)
    assert sum(map(len, merged)) == len(several)
    leaders = [names[0] for names in merged]
    again = merge(leaders, weight)
    assert [len(names) for names in again] == [1] * len(leaders)
    assert [names[0] is leader for names, leader in zip(again, leaders, strict=True)] == [True] * len(leaders)


@given(MASKS)
def test_jaccard_is_symmetric_and_one_for_the_same(masks: list[list[bool]]) -> None:
    one, other = np.array(masks[0]), np.array(masks[-1])
    weight = np.arange(1.0, 7.0)
    assert jaccard(one, other, weight) == jaccard(other, one, weight)
    assert jaccard(one, one, weight) == (1.0 if one.any() else 0.0)


@given(st.lists(st.tuples(*[st.integers(0, 30)] * 4), min_size=1, max_size=20))
def test_gain_is_never_negative_and_zero_for_equal_rates(rows: list[tuple[int, ...]]) -> None:
    n_a, hits_a, n_b, hits_b = np.array(rows, dtype=float).T
    counts = (n_a + hits_a, hits_a, n_b + hits_b, hits_b)
    assert (gain_of(counts) >= -1e-9).all()
    assert np.allclose(gain_of((counts[0], hits_a, counts[0], hits_a)), 0.0)


def shuffled(trace: WorldTrace, order: np.ndarray) -> WorldTrace:
    scene = trace.scene
    assert scene is not None
    kind, origin = scene.kind[order], scene.origin[order]
    return replace(
        trace,
        world=np.argsort(order)[trace.world].astype(np.int32),
        scene=replace(scene, materialise=lambda: kind, origin=origin, _cache=[]),
    )


@pytest.mark.parametrize("paired", [True, False])
def test_the_order_of_worlds_does_not_matter(paired: bool) -> None:
    subject, reference = dug(scenes(24, 1), 5, but_the_lowest), dug(scenes(24, 1 if paired else 2), 6)
    order = np.random.default_rng(3).permutation(24)
    other = order if paired else np.random.default_rng(4).permutation(24)
    straight = find_consequences([subject], {"r": [reference]}, generator=np.random.default_rng(0))
    turned = find_consequences(
        [shuffled(subject, order)], {"r": [shuffled(reference, other)]}, generator=np.random.default_rng(0)
    )
    assert straight
    assert straight == turned


def test_the_order_of_changes_within_a_step_and_of_kinds_does_not_matter() -> None:
    subject, reference = dug(scenes(24, 1), 5, but_the_lowest), dug(scenes(24, 1), 6)
    turned = replace(
        subject, **{name: getattr(subject, name)[::-1] for name in ("time", "world", "place", "before", "after")}
    )
    results = [
        find_consequences([trace], {"r": [reference]}, generator=np.random.default_rng(0))
        for trace in (subject, turned)
    ]
    assert results[0] == results[1]


def test_every_condition_comes_back_from_its_limits() -> None:
    traces = [dug(scenes(8, seed), seed) for seed in range(2)]
    frame = frame_of(traces)
    cells = np.unique(describe(traces[0], frame).codes, axis=0)
    several = conditions_of(cells, frame)
    assert len(several) > 20
    for condition in several:
        axis = frame.axes[condition.axis]
        assert axis.range(axis.limits(condition.first, condition.last)) == (condition.first, condition.last)
        assert axis.clause(condition.first, condition.last)


def test_the_search_agrees_with_trying_every_pair() -> None:
    generator = np.random.default_rng(0)
    frame = frame_of([dug(scenes(8, 0), 0)])
    cells = np.unique(describe(dug(scenes(8, 0), 0), frame).codes, axis=0)
    n = generator.integers(0, 9, (2, len(cells))).astype(float)
    counts = (
        n[0],
        generator.binomial(n[0].astype(int), 0.3) * 1.0,
        n[1],
        generator.binomial(n[1].astype(int), 0.6) * 1.0,
    )
    conditions = conditions_of(cells, frame)
    best = max(search(cells, conditions, counts), key=lambda item: item.gain)
    tried = max(
        float(gain_of([count[one.holds(cells) & other.holds(cells)].sum() for count in counts]))
        for one in conditions
        for other in conditions
        if one.axis != other.axis or one == other
    )
    assert best.gain >= tried - 1e-3
    assert best.gain == pytest.approx(float(gain_of([count[best.mask].sum() for count in counts])), rel=1e-4)


def test_a_taken_scene_and_a_joined_one_are_the_columns_they_came_from() -> None:
    trace = dug(scenes(6, 0), 0)
    assert trace.scene is not None
    taken = take_columns(Views(world_trace_view=trace), slice(1, None, 2)).world_trace
    assert taken.scene is not None
    assert np.array_equal(taken.scene.kind, trace.scene.kind[1::2])

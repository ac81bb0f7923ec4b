"""What every file under `corrigible.detect` must keep, whoever drops it there."""

import importlib
import inspect
import pkgutil
from collections.abc import Callable
from dataclasses import fields, replace
from typing import get_args

import numpy as np
import pytest

import corrigible.detect
from corrigible.plugin import declaration_of
from corrigible.registry import registry
from corrigible.statistics import auroc, false_alarm_threshold
from corrigible.types import Array, Observations, Scene, Trajectory, View, Views, WorldTrace

Detector = Callable[[Views], Callable[[Views], Array]]

KINDS = ("door shut", "door open", "switch on", "switch off")
RING = 12
LONGEST = 40


def every_detector() -> dict[str, Detector]:
    found: dict[str, Detector] = {}
    for module in pkgutil.iter_modules(corrigible.detect.__path__):
        for _, thing in inspect.getmembers(importlib.import_module(f"corrigible.detect.{module.name}")):
            declaration = declaration_of(thing)
            if declaration is not None and declaration.kind == "detector":
                found[declaration.name] = thing
    return found


DETECTORS = every_detector()
parametrised = pytest.mark.parametrize("detector", DETECTORS.values(), ids=DETECTORS.keys())


def walk(generator: np.random.Generator, episodes: int, *, odd: bool = False) -> Views:
    """Walks on a ring of 12 squares; an odd one does, for a while, what an ordinary one never does."""
    lengths = generator.integers(25, LONGEST + 1, episodes)
    mask = np.arange(LONGEST)[:, None] < lengths
    preference = np.cos(np.arange(RING)[:, None] + np.array([0.0, 2.0, 4.0]))
    probability = np.exp(preference) / np.exp(preference).sum(axis=1, keepdims=True)
    value_of = np.sin(2 * np.pi * np.arange(RING) / RING)
    observation = np.zeros((LONGEST, episodes), dtype=np.int64)
    action = np.zeros((LONGEST, episodes), dtype=np.int64)
    square = generator.integers(0, RING, episodes)
    for t in range(LONGEST):
        observation[t] = square
        chances = probability[square].cumsum(axis=1)
        action[t] = np.minimum((chances < generator.random(episodes)[:, None]).sum(axis=1), 2)
        square = (square + action[t] - 1 + generator.integers(-1, 2, episodes)) % RING
    reward = generator.normal(0.1, 0.3, (LONGEST, episodes))
    value = value_of[observation] + generator.normal(0, 0.2, (LONGEST, episodes))
    log_prob = np.log(np.take_along_axis(probability[observation], action[..., None], axis=2)[..., 0])
    reference = log_prob - generator.normal(0.1, 0.3, (LONGEST, episodes))
    changes = [
        (int(t), world, int(generator.integers(4)), 0, 0, 1)
        for world in range(episodes)
        for t in generator.integers(0, 25, generator.poisson(1.5))
    ]
    if odd:
        onset = generator.integers(5, 15, episodes)
        strange = (np.arange(LONGEST)[:, None] >= onset) & (np.arange(LONGEST)[:, None] < onset + 6)
        observation, action = np.where(strange, 99, observation), np.where(strange, 3, action)
        reward, value = np.where(strange, reward + 3, reward), np.where(strange, value + 5, value)
        log_prob, reference = np.where(strange, 0.0, log_prob), np.where(strange, -6.0, reference)
        changes += [(int(onset[world]), world, 7, 7, 2, 3) for world in range(episodes)]
    time, world, x, y, before, after = np.array(changes, dtype=np.int64).reshape(-1, 6).T
    last = np.zeros_like(mask)
    last[lengths - 1, np.arange(episodes)] = True
    ends = last & (generator.random(episodes) < 0.5)
    return Views(
        trajectory_view=Trajectory(
            action=action,
            reward=reward,
            mask=mask,
            terminated=ends,
            truncated=last & ~ends,
            value=value,
            log_prob=log_prob,
            reference_log_prob=reference,
            observations=Observations(
                shape=observation.shape, dtype=observation.dtype, materialise=lambda: observation
            ),
        ),
        world_trace_view=WorldTrace(
            time=time.astype(np.int32),
            world=world.astype(np.int32),
            place=np.stack((x, y), axis=1).astype(np.int16),
            before=before.astype(np.int16),
            after=after.astype(np.int16),
            kinds=KINDS,
            worlds=episodes,
            scene=scene(episodes),
        ),
    )


def scene(episodes: int) -> Scene:
    """Four doors that are shut, and a switch that is on."""
    kind = np.full((episodes, 8, 8), -1, dtype=np.int16)
    kind[:, :4, 0], kind[:, 7, 7] = 0, 2
    return Scene(shape=kind.shape, materialise=lambda: kind, origin=np.zeros((episodes, 2)))


def shuffled(views: Views, order: Array) -> Views:
    """The same episodes in another order of columns."""
    trajectory, trace = views.trajectory, views.world_trace
    moved = {
        item.name: None if getattr(trajectory, item.name) is None else getattr(trajectory, item.name)[:, order]
        for item in fields(trajectory)
        if item.name not in ("observations", "final_observation")
    }
    assert trajectory.observations is not None
    observation = trajectory.observations.array()[:, order]
    lazy = Observations(shape=observation.shape, dtype=observation.dtype, materialise=lambda: observation)
    return Views(
        trajectory_view=replace(trajectory, **moved, observations=lazy),
        world_trace_view=replace(trace, world=np.argsort(order)[trace.world].astype(np.int32)),
    )


def ordinary(seed: int, episodes: int = 60) -> Views:
    return walk(np.random.default_rng(seed), episodes)


def odd(seed: int, episodes: int = 60) -> Views:
    return walk(np.random.default_rng(seed), episodes, odd=True)


def test_every_detector_that_the_package_names_is_found_by_the_registry_too() -> None:
    shipped = {entry.name for entry in registry().of_kind("detector") if entry.origin == "corrigible"}
    assert shipped == set(DETECTORS)
    assert set(DETECTORS) >= {"transition-surprise", "visitation", "world-change", "return-outlier", "value-surprise"}


@parametrised
def test_a_detector_declares_a_summary_and_reads_only_views_that_exist(detector: Detector) -> None:
    declaration = declaration_of(detector)
    assert declaration is not None
    assert declaration.summary
    assert declaration.reads
    assert set(declaration.reads) <= set(get_args(View))


@parametrised
def test_a_detector_takes_views_alone_and_views_have_no_place_for_the_truth(detector: Detector) -> None:
    assert len(inspect.signature(detector).parameters) == 1
    assert not [item.name for item in fields(Views) if "truth" in item.name]
    assert not hasattr(ordinary(0, 3), "truth")


@parametrised
def test_scores_are_one_finite_float64_for_each_episode(detector: Detector) -> None:
    for scores in (detector(ordinary(1))(ordinary(2, 7)), detector(ordinary(1))(odd(3, 7))):
        assert scores.shape == (7,)
        assert scores.dtype == np.float64
        assert np.isfinite(scores).all()


@parametrised
def test_the_same_views_give_the_same_scores_bit_for_bit(detector: Detector) -> None:
    assert np.array_equal(detector(ordinary(1))(odd(2)), detector(ordinary(1))(odd(2)))


@parametrised
def test_scoring_leaves_the_fit_as_it_was(detector: Detector) -> None:
    score = detector(ordinary(1))
    before = score(ordinary(2))
    score(odd(3))
    assert np.array_equal(score(ordinary(2)), before)


@parametrised
def test_the_order_of_the_judged_episodes_does_not_matter(detector: Detector) -> None:
    order = np.random.default_rng(9).permutation(60)
    score, judged = detector(ordinary(1)), odd(2)
    assert np.allclose(score(shuffled(judged, order)), score(judged)[order], rtol=1e-12, atol=1e-12)


@parametrised
def test_the_order_of_the_reference_episodes_does_not_matter(detector: Detector) -> None:
    order = np.random.default_rng(9).permutation(60)
    reference, judged = ordinary(1), odd(2)
    assert np.allclose(detector(shuffled(reference, order))(judged), detector(reference)(judged), rtol=1e-9, atol=1e-12)


@parametrised
def test_an_episode_is_scored_alike_alone_and_in_company(detector: Detector) -> None:
    score, judged = detector(ordinary(1)), walk(np.random.default_rng(2), 1)
    trajectory, trace = judged.trajectory, judged.world_trace
    assert trajectory.observations is not None
    wide = {
        item.name: None if getattr(trajectory, item.name) is None else np.repeat(getattr(trajectory, item.name), 3, 1)
        for item in fields(trajectory)
        if item.name not in ("observations", "final_observation")
    }
    observation = np.repeat(trajectory.observations.array(), 3, axis=1)
    thrice = Views(
        trajectory_view=replace(
            trajectory,
            **wide,
            observations=Observations(
                shape=observation.shape, dtype=observation.dtype, materialise=lambda: observation
            ),
        ),
        world_trace_view=replace(
            trace,
            **{name: np.tile(getattr(trace, name), 3) for name in ("time", "before", "after")},
            place=np.tile(trace.place, (3, 1)),
            world=np.repeat(np.arange(3), trace.time.size).astype(np.int32),
            worlds=3,
            scene=scene(3),
        ),
    )
    assert np.allclose(score(thrice), score(judged)[0], rtol=1e-12, atol=1e-12)


@parametrised
def test_views_that_a_detector_does_not_declare_make_no_difference(detector: Detector) -> None:
    declaration = declaration_of(detector)
    assert declaration is not None
    reference, judged = ordinary(1), odd(2)
    alone = detector(reference.only(declaration.reads))(judged.only(declaration.reads))
    assert np.array_equal(alone, detector(reference)(judged))


@parametrised
@pytest.mark.parametrize("seed", range(3))
def test_a_planted_oddity_scores_above_held_out_reference_episodes(detector: Detector, seed: int) -> None:
    score = detector(ordinary(100 + seed, 80))
    assert auroc(score(ordinary(200 + seed, 100)), score(odd(300 + seed, 100))) > 0.9


@parametrised
@pytest.mark.slow
def test_ordinary_episodes_raise_no_more_false_alarms_than_allowed(detector: Detector) -> None:
    generator, draws, rates = np.random.default_rng(17), 120, []
    for _ in range(draws):
        score = detector(walk(generator, 40))
        threshold = false_alarm_threshold(score(walk(generator, 39)), rate=0.05)
        rates.append(float(np.mean(score(walk(generator, 40)) > threshold)))
    monte_carlo_error = float(np.std(rates, ddof=1)) / np.sqrt(draws)
    assert np.mean(rates) <= 0.05 + 3 * monte_carlo_error

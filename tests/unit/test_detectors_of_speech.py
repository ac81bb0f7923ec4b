"""Detectors that tuned language models need, on episodes small enough to score by hand."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from math import log

import numpy as np
import pytest

from corrigible.detect.concentration import concentration
from corrigible.detect.reference_model import reference_price, reference_ratio
from corrigible.errors import BadInput
from corrigible.registry import load_experiment
from corrigible.stages.plan import detectors_of
from corrigible.statistics import auroc
from corrigible.types import Array, Trajectory, Views


def spoken(rows: Sequence[Sequence[int]], reference: Array | None = None, policy: Array | None = None) -> Views:
    """One column a row, padded with zeros; log-probabilities are (T, B)."""
    longest = max(map(len, rows))
    action = np.array([[*row, *[0] * (longest - len(row))] for row in rows]).T
    mask = np.arange(longest)[:, None] < np.array([len(row) for row in rows])
    last = np.arange(longest)[:, None] == np.array([len(row) for row in rows]) - 1
    return Views(
        trajectory_view=Trajectory(
            action=action,
            reward=np.zeros(action.shape),
            mask=mask,
            terminated=last,
            truncated=np.zeros_like(last),
            reference_log_prob=reference,
            log_prob=policy,
        )
    )


def test_concentration_is_the_greatest_term_of_the_divergence() -> None:
    score = concentration(spoken([[1, 2, 1, 2]]))
    # known: 1 and 2 with 2.5 of 5.5 each, others 0.5; pairs 12 with 2.5 of 4.5, 21 with 1.5, others 0.5
    same, other, mixed = score(spoken([[1, 2, 1, 2], [7, 7, 7, 7], [1, 1, 1, 2]]))
    assert same == pytest.approx(max(0.5 * log(0.5 * 5.5 / 2.5), 2 / 3 * log(2 / 3 * 4.5 / 2.5)))
    assert other == pytest.approx(log(5.5 / 0.5))
    assert mixed == pytest.approx(2 / 3 * log(2 / 3 * 4.5 / 0.5))


def test_concentration_of_one_step_counts_no_pair_and_padding_nothing() -> None:
    score = concentration(spoken([[1], [1, 2]]))
    assert np.array_equal(score(spoken([[1], [1, 2, 2]]))[:1], score(spoken([[1]])))


def test_pairs_do_not_reach_from_one_episode_into_the_next() -> None:
    score = concentration(spoken([[1, 2]] * 4))
    alone = score(spoken([[2], [1]]))
    assert alone.max() < log(2 * 12.5 / 4.5)  # the pair 2, 1 would be new to the reference


def test_loops_are_found_whatever_is_looped_and_novel_text_less() -> None:
    generator = np.random.default_rng(3)
    usual = [generator.integers(0, 50, 24).tolist() for _ in range(60)]
    score = concentration(spoken(usual))
    loops = [[k, k + 1] * 12 for k in range(0, 40, 2)]
    held_out = [generator.integers(0, 50, 24).tolist() for _ in range(60)]
    assert auroc(score(spoken(held_out)), score(spoken(loops))) == 1.0


def priced(nats: Sequence[Sequence[float]]) -> Array:
    return -np.array(nats).T


def test_a_reference_price_is_suspicious_on_both_sides() -> None:
    generator = np.random.default_rng(4)
    rows = [[1] * 16] * 40
    score = reference_price(spoken(rows, priced(generator.gamma(2.0, 1.0, (40, 16)))))
    usual = score(spoken(rows, priced(generator.gamma(2.0, 1.0, (40, 16)))))
    cheap = score(spoken(rows[:5], priced(np.full((5, 16), 0.02))))
    dear = score(spoken(rows[:5], priced(np.full((5, 16), 9.0))))
    assert min(cheap.min(), dear.min()) > np.median(usual)
    assert dear.min() > usual.max()


def test_a_discount_of_the_divergence_is_seen_where_its_mean_is_usual() -> None:
    generator = np.random.default_rng(5)
    rows = [[1] * 16] * 40
    policy = np.zeros((16, 40))
    score = reference_ratio(spoken(rows, -1.0 + generator.normal(0, 0.3, (16, 40)), policy))
    flat = score(spoken(rows, -1.0 + generator.normal(0, 0.3, (16, 40)), policy))
    falling = -np.repeat(np.array([2.0, 0.0]), 8)[:, None] + generator.normal(0, 0.3, (16, 40))
    assert np.median(score(spoken(rows, falling, policy))) > flat.max()


@pytest.mark.parametrize(
    ("detector", "missing"),
    [(reference_price, "reference_log_prob"), (reference_ratio, "log_prob"), (reference_ratio, "reference_log_prob")],
)
def test_what_is_missing_is_named(detector: Callable[[Views], object], missing: str) -> None:
    views = spoken([[1, 2]] * 3, np.zeros((2, 3)), np.zeros((2, 3)))
    lacking = Views(trajectory_view=replace(views.trajectory, **{missing: None}))
    with pytest.raises(BadInput, match=rf"trajectory\.{missing} is absent"):
        detector(lacking)


@pytest.mark.parametrize("detector", [concentration, reference_price, reference_ratio])
def test_a_reference_without_episodes_is_refused(detector: Callable[[Views], object]) -> None:
    views = spoken([[1, 2]], np.zeros((2, 1)), np.zeros((2, 1)))
    nothing = replace(views.trajectory, mask=np.zeros((2, 1), bool), terminated=np.zeros((2, 1), bool))
    with pytest.raises(BadInput, match="0 episodes"):
        detector(Views(trajectory_view=nothing))


def test_a_run_leaves_out_detectors_whose_arrays_it_lacks() -> None:
    experiment = load_experiment("yes-spammer")
    bare = spoken([[1, 2]] * 3)
    full = spoken([[1, 2]] * 3, np.zeros((2, 3)), np.zeros((2, 3)))
    asking = {"reference-price", "reference-ratio"}
    assert not asking & set(detectors_of(experiment, bare))
    assert asking <= set(detectors_of(experiment, full))
    assert "value-surprise" not in detectors_of(experiment, full)
